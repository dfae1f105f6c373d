import * as fs from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { AppFault } from '../fault.ts'
import type { Store } from './store.ts'
import {
  columnKey,
  copyBeforeNext,
  decision,
  edit,
  faultOf,
  fill,
  filled,
  hexKey,
  myId,
  open,
  peer,
  peerRow,
  readAll,
  removeTempFolders,
  tempFolder,
  threadRow,
  withSecond,
} from './testing.fixture.ts'

afterAll(removeTempFolders)

// Some tests here open hundreds of databases; on a busy machine that outlasts the usual limit.
vi.setConfig({ testTimeout: 120_000 })

describe('what lies on the disk', () => {
  const texts = [
    'Bob Quillfeather',
    'Quillfeather',
    '3b88be33-0896-48fe-a80b-da23f8a75c1a',
    '3b88be33',
    'second peer',
    'The heron lands at dawn',
    'heron',
    '127.0.0.1:49522',
    hexKey(1),
    'Answer Bob?',
    'discoverable',
  ]
  const needles = texts.flatMap((text) => [
    [text, Buffer.from(text, 'utf8')] as const,
    [`${text} (utf-16)`, Buffer.from(text, 'utf16le')] as const,
    [`${text} (hex)`, Buffer.from(Buffer.from(text).toString('hex'))] as const,
    [
      `${text} (base64)`,
      Buffer.from(
        Buffer.from(text)
          .toString('base64')
          .slice(0, 4 * Math.floor(text.length / 3)),
      ),
    ] as const,
  ])
  const found = (folder: string): string[] =>
    fs.readdirSync(folder).flatMap((name) => {
      const bytes = fs.readFileSync(join(folder, name))
      return needles.filter(([, needle]) => bytes.includes(needle)).map(([label]) => `${name}: ${label}`)
    })

  it('holds no peer name, id, address, key or message: database, journal and the copy before a migration', () => {
    const folder = tempFolder()
    const migrationsDir = withSecond(folder, 'ALTER TABLE peer ADD COLUMN note TEXT;')
    const store = open(folder)
    fill(store)
    const before = Object.fromEntries(fs.readdirSync(folder).map((name) => [name, fs.statSync(join(folder, name)).size]))
    expect(before['countersign.db-wal']).toBeGreaterThan(100_000)
    expect(found(folder)).toEqual([])
    store.threads.remove('initiator', threadRow().peerId)
    store.peers.remove(threadRow().peerId)
    expect(found(folder)).toEqual([])
    store.close()
    const later = open(folder, { migrationsDir })
    expect(found(folder)).toEqual([])
    later.close()
    const names = fs.readdirSync(folder)
    expect(names.filter((name) => name.includes('before'))).toEqual([copyBeforeNext])
    expect(found(folder)).toEqual([])
    // The search itself works: our own id is public and in the clear.
    expect(fs.readFileSync(join(folder, 'countersign.db')).includes(myId)).toBe(true)
  })

  it.skipIf(process.platform === 'win32')('is readable by its owner only', () => {
    const folder = tempFolder()
    const migrationsDir = withSecond(folder, 'ALTER TABLE peer ADD COLUMN note TEXT;')
    open(folder).close()
    const store = open(folder, { migrationsDir })
    const modes = fs.readdirSync(folder).map((name) => [name, (fs.statSync(join(folder, name)).mode & 0o777).toString(8)])
    store.close()
    expect(modes.map(([name]) => name).sort()).toEqual(['countersign.db', 'countersign.db-shm', 'countersign.db-wal', copyBeforeNext, 'profile.lock'])
    expect([...new Set(modes.map(([, mode]) => mode))]).toEqual(['600'])
  })

  it('has the original’s tables and indexes, with a blind value where the peer’s id was', () => {
    edit(filled(), (database) => {
      const names = (table: string): unknown[] => database.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table)
      expect(names('role_state').join(' ')).toBe(
        'id self_id role peer_id state local_nonce peer_nonce local_reference peer_reference exchange_count finalize_retry_count peer_address peer_sign_pub peer_kx_pub hs_derived_at last_secure_at created_at updated_at',
      )
      expect(names('nonce_event').join(' ')).toBe('id self_id role peer_id flow nonce created_at')
      expect(
        database.prepare("SELECT name, sql FROM sqlite_schema WHERE tbl_name IN ('role_state', 'nonce_event') AND type = 'index' ORDER BY name").all(),
      ).toEqual([
        { name: 'ix_nonce_exists', sql: 'CREATE INDEX ix_nonce_exists ON nonce_event(self_id, role, peer_id, flow, nonce)' },
        { name: 'ix_nonce_triplet', sql: 'CREATE INDEX ix_nonce_triplet ON nonce_event(self_id, role, peer_id)' },
        { name: 'ix_role_scan', sql: 'CREATE INDEX ix_role_scan ON role_state(self_id, role)' },
        { name: 'uq_role_peer', sql: 'CREATE UNIQUE INDEX uq_role_peer ON role_state(self_id, role, peer_id)' },
      ])
      const [row] = database.prepare('SELECT * FROM role_state').all() as Record<string, unknown>[]
      expect(row).toMatchObject({
        self_id: myId,
        role: 'initiator',
        state: 'init_exchange',
        peer_reference: '4635934483',
        exchange_count: 3,
        updated_at: '2026-11-22 07:00:00',
      })
      expect(row?.peer_id).toMatch(/^[0-9a-f]{32}$/)
      expect(row?.peer_sign_pub).toMatch(/^s1:/)
      expect(database.prepare('SELECT peer_id FROM nonce_event').pluck().get()).toBe(row?.peer_id)
    })
  })
})

describe('a value changed or moved on the disk', () => {
  const sealed: readonly [table: string, column: string][] = [
    ['role_state', 'peer_address'],
    ['role_state', 'peer_sign_pub'],
    ['role_state', 'peer_kx_pub'],
    ['thread_private', 'sealed'],
    ['hs_replay', 'sealed'],
    ['peer', 'sealed'],
    ['session', 'sealed'],
    ['message', 'sealed'],
    ['sec_nonce', 'sealed'],
    ['request', 'sealed'],
    ['decision', 'sealed'],
    ['outbox', 'sealed'],
    ['event', 'sealed'],
    ['setting', 'sealed'],
  ]
  const keyColumns: Record<string, string> = {
    role_state: 'role',
    thread_private: 'role',
    hs_replay: 'nonce',
    sec_nonce: 'nonce',
    setting: 'key',
    decision: 'seq',
    event: 'seq',
    request: 'position',
  }

  const readFault = (folder: string): AppFault => {
    const store = open(folder)
    try {
      return faultOf(() => {
        store.unlock(columnKey())
        readAll(store)
      })
    } finally {
      store.close()
    }
  }

  it('is read back whole when nothing was touched', () => {
    const store = open(filled())
    store.unlock(columnKey())
    expect(readAll(store).map((part) => (Array.isArray(part) ? part.length : 'page'))).toEqual([2, 2, 2, 2, 'page', 2, 2, 2, 4, 2, 2, 2])
    store.close()
  })

  it.each(sealed)('%s.%s does not open with one bit flipped', (table, column) => {
    const folder = filled()
    edit(folder, (database) => {
      const key = keyColumns[table] ?? 'id'
      const row = database.prepare(`SELECT ${key} AS key, ${column} AS value FROM ${table} LIMIT 1`).get() as { key: string | number; value: Buffer | string }
      const value = typeof row.value === 'string' ? row.value.slice(0, 20) + (row.value[20] === 'A' ? 'B' : 'A') + row.value.slice(21) : Buffer.from(row.value)
      if (typeof value !== 'string') value[20] = (value[20] ?? 0) ^ 1
      database.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${key} = ?`).run(value, row.key)
    })
    const fault = readFault(folder)
    // The key columns of role_state are bound to the private part as well, so that is where it shows first.
    expect([fault.code, fault.message]).toEqual([
      'CORRUPT',
      expect.stringMatching(`table ${table === 'role_state' ? 'thread_private' : table}|decision log`) as string,
    ])
  })

  it.each(sealed)('%s.%s does not open in another row', (table, column) => {
    const folder = filled()
    edit(folder, (database) => {
      const key = keyColumns[table] ?? 'id'
      const [a, b] = database.prepare(`SELECT ${key} AS key, ${column} AS value FROM ${table} ORDER BY ${key} LIMIT 2`).all() as {
        key: string | number
        value: Buffer | string
      }[]
      const update = database.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${key} = ?`)
      update.run(b?.value ?? null, a?.key)
      update.run(a?.value ?? null, b?.key)
    })
    expect(readFault(folder).code).toBe('CORRUPT')
  })

  it.each([
    ['the signing key under the exchange key', 'UPDATE role_state SET peer_kx_pub = peer_sign_pub'],
    ['a key taken away', 'UPDATE role_state SET peer_sign_pub = NULL'],
    ['an older state', "UPDATE role_state SET state = 'init_ready'"],
    ['another reference', "UPDATE role_state SET peer_reference = '1111111111'"],
    ['another type', "UPDATE role_state SET exchange_count = 'many'"],
    ['a thread’s private part removed', 'DELETE FROM thread_private'],
    ['a thread removed, its private part left', 'DELETE FROM role_state'],
    ['a message given to another peer', 'UPDATE message SET peer_id = (SELECT peer_id FROM peer WHERE id = 2)'],
    ['a message sent again', "UPDATE message SET direction = 'theirs'"],
    ['a message’s state', "UPDATE message SET state = 'done'"],
    ['a replay entry that ages early', 'UPDATE hs_replay SET not_after = 0'],
    ['a message to be sent earlier', 'UPDATE outbox SET due_at = 0'],
    ['an event renumbered', 'UPDATE event SET seq = seq + 10'],
    ['a session given to another peer', 'UPDATE session SET peer_id = (SELECT peer_id FROM peer WHERE id = 2)'],
    ['not a sealed value at all', "UPDATE setting SET sealed = x'00'"],
    ['an empty sealed value', "UPDATE event SET sealed = x''"],
    ['a table gone', 'DROP TABLE session'],
  ])('is CORRUPT: %s', (_, sql) => {
    const folder = filled()
    edit(folder, (database) => database.exec(sql))
    expect(readFault(folder).code).toBe('CORRUPT')
  })

  it('leaves the rest readable', () => {
    const folder = filled()
    edit(folder, (database) => database.exec("UPDATE peer SET sealed = x'01' WHERE id = 1"))
    const store = open(folder)
    store.unlock(columnKey())
    expect(faultOf(() => store.peers.get(threadRow().peerId)).message).toMatch(/table peer, row [0-9a-f]{32}/)
    expect(store.peers.get(peer('second peer'))).toEqual(peerRow({ id: peer('second peer') }))
    expect(store.threads.all()).toHaveLength(2)
    store.close()
  })
})

it('gives either what was written or a fault, whatever byte of the database is changed', () => {
  const folder = filled()
  const path = join(folder, 'countersign.db')
  const good = fs.readFileSync(path)
  const whole = open(folder)
  whole.unlock(columnKey())
  const wanted = JSON.stringify(readAll(whole))
  whole.close()
  const used = [...good.keys()].filter((at) => good[at] !== 0)
  const outcomes = { same: 0, fault: 0 }
  fc.assert(
    fc.property(fc.nat(used.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
      const at = used[index] ?? 0
      const bytes = Buffer.from(good)
      bytes[at] = (bytes[at] ?? 0) ^ flip
      fs.writeFileSync(path, bytes)
      for (const side of ['-wal', '-shm']) fs.rmSync(path + side, { force: true })
      let store: Store | undefined
      try {
        store = open(folder)
        store.unlock(columnKey())
        expect(JSON.stringify(readAll(store)) === wanted, `byte ${at} of the file, xor ${flip}`).toBe(true)
        outcomes.same += 1
      } catch (error) {
        if (!(error instanceof AppFault)) throw error
        expect(['CORRUPT', 'FUTURE']).toContain(error.code)
        outcomes.fault += 1
      } finally {
        store?.close()
      }
    }),
    { numRuns: 200 },
  )
  // Both happen: bytes that carry data are noticed, bytes that carry none change nothing.
  expect([outcomes.same > 0, outcomes.fault > 0]).toEqual([true, true])
})

describe('the decision log on the disk', () => {
  const report = (sql: string): unknown => {
    const folder = filled()
    edit(folder, (database) => database.exec(sql))
    const store = open(folder)
    store.unlock(columnKey())
    const result = store.decisions.verifyChain()
    store.close()
    return result
  }

  it.each([
    ['an entry removed', 'DELETE FROM decision WHERE seq = 2', 2, 'entry 2 is missing'],
    ['the first removed', 'DELETE FROM decision WHERE seq = 1', 1, 'entry 1 is missing'],
    ['the end cut off', 'DELETE FROM decision WHERE seq = 4', 4, 'the log ends at entry 3, but 4 were written'],
    ['everything removed', 'DELETE FROM decision', 1, 'the log ends at entry 0, but 4 were written'],
    [
      'two changed places',
      'UPDATE decision SET seq = 100 WHERE seq = 2; UPDATE decision SET seq = 2 WHERE seq = 3; UPDATE decision SET seq = 3 WHERE seq = 100',
      2,
      'entry 2 was changed or moved',
    ],
    ['an entry changed', "UPDATE decision SET sealed = x'0102' WHERE seq = 3", 3, 'entry 3 was changed or moved'],
    ['the note of its length removed', 'DELETE FROM decision_head', 5, 'the log ends at entry 4, but 0 were written'],
    ['the note of its length changed', "UPDATE decision_head SET sealed = x'01'", 4, 'the note of the log’s length was changed'],
  ])('does not hold with %s', (_, sql, seq, reason) => {
    expect(report(sql)).toEqual({ holds: false, seq, reason })
  })

  it('holds untouched, and is not added to when its end is gone', () => {
    expect(report('SELECT 1')).toMatchObject({ holds: true, count: 4 })
    const folder = filled()
    edit(folder, (database) => database.exec('DELETE FROM decision WHERE seq = 4'))
    const store = open(folder)
    store.unlock(columnKey())
    expect(faultOf(() => store.decisions.append(decision())).code).toBe('CORRUPT')
    store.close()
  })
})
