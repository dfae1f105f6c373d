import * as fs from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { AppFault } from '../fault.ts'
import { openStore, type Store } from './store.ts'
import { columnKey, faultOf, hexKey, myId, peer, removeTempFolders, tempFolder, testPorts, threadRow } from './testing.fixture.ts'

afterAll(removeTempFolders)

// Some tests here open hundreds of databases; on a busy machine that outlasts the usual limit.
vi.setConfig({ testTimeout: 120_000 })

const fresh = (fill = 7, id = myId): Store => {
  const store = openStore(testPorts(), { folder: tempFolder(), myId: id })
  store.unlock(columnKey(fill))
  return store
}

const originalSql = `
  CREATE TABLE role_state (id INTEGER PRIMARY KEY, self_id TEXT NOT NULL, role TEXT NOT NULL CHECK(role IN ('initiator','responder')), peer_id TEXT NOT NULL, state TEXT, local_nonce TEXT, peer_nonce TEXT, local_reference TEXT, peer_reference TEXT, exchange_count INTEGER NOT NULL DEFAULT 0, finalize_retry_count INTEGER NOT NULL DEFAULT 0, peer_address TEXT, peer_sign_pub TEXT, peer_kx_pub TEXT, hs_derived_at DATETIME, last_secure_at DATETIME, created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP);
  CREATE TABLE nonce_event (id INTEGER PRIMARY KEY, self_id TEXT NOT NULL, role TEXT NOT NULL CHECK(role IN ('initiator','responder')), peer_id TEXT NOT NULL, flow TEXT NOT NULL CHECK(flow IN ('sent','received')), nonce TEXT NOT NULL, created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP);
  CREATE UNIQUE INDEX uq_role_peer ON role_state(self_id, role, peer_id);
  CREATE INDEX ix_role_scan ON role_state(self_id, role);
  CREATE INDEX ix_nonce_triplet ON nonce_event(self_id, role, peer_id);
  CREATE INDEX ix_nonce_exists ON nonce_event(self_id, role, peer_id, flow, nonce);`
const key = (fill: number): string => Buffer.alloc(32, fill).toString('base64')

const originalFile = (sql: string): string => {
  const path = join(tempFolder(), `HSAgent-${myId}.db`)
  const database = new Database(path)
  database.exec(sql)
  database.close()
  return path
}

const states = {
  initiator: ['init_ready', 'init_exchange', 'init_finalize_propose', 'init_finalize_close'],
  responder: ['resp_ready', 'resp_confirm', 'resp_exchange', 'resp_finalize'],
}

describe('import of an original’s database', () => {
  it('takes threads in every state, keys as hex, and their nonces', () => {
    const rows = Object.entries(states).flatMap(([role, names]) =>
      names.map(
        (state, i) =>
          `INSERT INTO role_state (self_id, role, peer_id, state, local_nonce, peer_nonce, local_reference, peer_reference, exchange_count, peer_address, peer_sign_pub, peer_kx_pub, hs_derived_at, last_secure_at, updated_at) VALUES ('${myId}', '${role}', 'peer ${i}', '${state}', NULL, 'e3ae2ffb50cadbcaba6ba43540fc3196', NULL, 4635934483, ${i}, '127.0.0.1:49522', '${key(1)}', '${key(2)}', '2026-11-22T06:49:20.673593+00:00', NULL, '2026-11-22 06:49:26');
           INSERT INTO nonce_event (self_id, role, peer_id, flow, nonce) VALUES ('${myId}', '${role}', 'peer ${i}', 'received', 'r${i}');
           INSERT INTO nonce_event (self_id, role, peer_id, flow, nonce) VALUES ('${myId}', '${role}', 'peer ${i}', 'sent', 's'), ('${myId}', '${role}', 'peer ${i}', 'sent', 's');`,
      ),
    )
    const store = fresh()
    expect(store.importHsAgent(originalFile(originalSql + rows.join('\n')))).toEqual({ threads: 8, nonces: 16, kept: 0, skipped: [], skippedCount: 0 })
    expect(store.threads.all().map((row) => row.state)).toEqual(Object.values(states).flat())
    expect(store.threads.get('responder', peer('peer 2'))).toEqual({
      role: 'responder',
      peerId: 'peer 2',
      state: 'resp_exchange',
      localNonce: null,
      peerNonce: 'e3ae2ffb50cadbcaba6ba43540fc3196',
      localReference: null,
      peerReference: '4635934483',
      exchangeCount: 2,
      finalizeRetryCount: 0,
      peerAddress: '127.0.0.1:49522',
      peerSignPub: hexKey(1),
      peerKxPub: hexKey(2),
      hsDerivedAt: '2026-11-22T06:49:20.673593+00:00',
      lastSecureAt: null,
      extra: {},
      updatedAt: Date.UTC(2026, 10, 22, 6, 49, 26),
    })
    expect([store.nonces.received('responder', peer('peer 2'), 'r2'), store.nonces.received('responder', peer('peer 2'), 's')]).toEqual([true, false])
    store.close()
  })

  it('takes HSAgent_0’s, which has no columns for keys, and ignores columns and tables it does not know', () => {
    const plain = originalSql
      .replace('peer_sign_pub TEXT, peer_kx_pub TEXT, hs_derived_at DATETIME, last_secure_at DATETIME, ', 'colour TEXT, ')
      .replace(/CREATE INDEX ix_nonce_exists.*/, '')
    const store = fresh()
    const path = originalFile(
      `${plain} CREATE TABLE diary (text); INSERT INTO role_state (self_id, role, peer_id, state, colour) VALUES ('${myId}', 'initiator', 'p', NULL, 'red');`,
    )
    expect(store.importHsAgent(path)).toMatchObject({ threads: 1, skippedCount: 0 })
    expect(store.threads.get('initiator', peer('p'))).toMatchObject({ state: 'init_ready', peerSignPub: null, hsDerivedAt: null })
    store.close()
  })

  it('leaves out rows that do not fit, names them, and takes the rest', () => {
    const insert = (columns: string, values: string): string => `INSERT INTO role_state (self_id, role, peer_id, state, ${columns}) VALUES (${values});`
    const bad: [string, string, string][] = [
      ['exchange_count', `'${myId}', 'initiator', 'a', 'init_ready', 'many'`, 'its exchangeCount does not fit'],
      ['exchange_count', `'${myId}', 'initiator', 'b', 'init_ready', -4`, 'its exchangeCount does not fit'],
      ['exchange_count', `'${myId}', 'initiator', 'c', 'init_ready', 9223372036854775807`, 'its exchangeCount does not fit'],
      ['local_nonce', `'${myId}', 'initiator', 'd', 'init_ready', '${'n'.repeat(5000)}'`, 'its localNonce does not fit'],
      ['local_nonce', `'${myId}', 'initiator', 'e', 'init_ready', x'00ff'`, 'its localNonce does not fit'],
      ['local_nonce', `'${myId}', 'initiator', '${'p'.repeat(257)}', 'init_ready', NULL`, 'its peerId does not fit'],
      ['local_nonce', `'${myId}', 'initiator', '', 'init_ready', NULL`, 'its peerId does not fit'],
      ['peer_sign_pub', `'${myId}', 'initiator', 'f', 'init_ready', 'AAAA'`, 'a key in it is not a key'],
      ['peer_kx_pub', `'${myId}', 'initiator', 'g', 'init_ready', x'41'`, 'a key in it is not a key'],
      ['peer_kx_pub', `'${myId}', 'initiator', 'h', 'resp_ready', NULL`, 'it is in no state of the original'],
      ['peer_kx_pub', `'somebody', 'initiator', 'i', 'init_ready', NULL`, 'it belongs to another agent'],
      ['peer_kx_pub', `'${myId}', 'initiator', '${myId}', 'init_ready', NULL`, 'it is a thread with itself'],
    ]
    const good = `INSERT INTO role_state (self_id, role, peer_id, state, updated_at) VALUES ('${myId}', 'initiator', 'good', 'init_ready', 'yesterday');
      INSERT INTO nonce_event (self_id, role, peer_id, flow, nonce) VALUES ('${myId}', 'initiator', 'good', 'received', '${'n'.repeat(200)}'), ('${myId}', 'initiator', 'unknown', 'received', 'n');`
    const store = fresh()
    const report = store.importHsAgent(originalFile(originalSql + bad.map(([columns, values]) => insert(columns, values)).join('') + good))
    expect(report).toEqual({
      threads: 1,
      nonces: 0,
      kept: 0,
      skipped: [
        ...bad.map(([, , reason], i) => ({ table: 'role_state', row: i + 1, reason })),
        { table: 'nonce_event', row: 1, reason: 'its nonce does not fit' },
      ],
      skippedCount: bad.length + 1,
    })
    expect(store.threads.all().map((row) => row.peerId)).toEqual(['good'])
    store.close()
  })

  it('keeps the profile’s own thread where both have one', () => {
    const store = fresh()
    store.threads.put(threadRow({ peerId: peer('p'), exchangeCount: 3 }))
    const path = originalFile(
      `${originalSql} INSERT INTO role_state (self_id, role, peer_id, state, exchange_count) VALUES ('${myId}', 'initiator', 'p', 'init_ready', 9), ('${myId}', 'responder', 'p', 'resp_ready', 9); INSERT INTO nonce_event (self_id, role, peer_id, flow, nonce) VALUES ('${myId}', 'initiator', 'p', 'received', 'n');`,
    )
    expect(store.importHsAgent(path)).toMatchObject({ threads: 1, kept: 1, nonces: 0 })
    expect(store.threads.get('initiator', peer('p'))?.exchangeCount).toBe(3)
    store.close()
  })

  const hostile: readonly [string, (path: string) => void, RegExp][] = [
    ['no SQLite', (path) => fs.writeFileSync(path, 'hello '.repeat(2000)), /SQLite cannot read it/],
    ['empty', (path) => fs.writeFileSync(path, ''), /no table role_state/],
    ['cut short', (path) => fs.truncateSync(path, 6000), /SQLite cannot read it|damaged/],
    ['bytes changed', (path) => corruptPages(path), /SQLite cannot read it|damaged/],
    ['without nonces', (path) => change(path, 'DROP TABLE nonce_event'), /no table nonce_event/],
    ['a column missing', (path) => change(path, 'ALTER TABLE role_state DROP COLUMN peer_reference'), /no plain column peer_reference/],
    [
      'a view that never ends in place of the table',
      (path) =>
        change(
          path,
          'DROP TABLE nonce_event; CREATE VIEW nonce_event AS WITH RECURSIVE n(self_id, role, peer_id, flow, nonce) AS (SELECT 1,1,1,1,1 UNION ALL SELECT self_id + 1,1,1,1,1 FROM n) SELECT 1 AS id, n.* FROM n',
        ),
      /no table nonce_event/,
    ],
    [
      'a generated column',
      (path) =>
        change(
          path,
          'DROP TABLE nonce_event; CREATE TABLE nonce_event (id INTEGER PRIMARY KEY, self_id TEXT, role TEXT, peer_id TEXT, flow TEXT, nonce TEXT AS (hex(zeroblob(100000000))))',
        ),
      /no plain column nonce/,
    ],
    [
      'without row numbers',
      (path) => change(path, 'DROP TABLE nonce_event; CREATE TABLE nonce_event (self_id, role, peer_id, flow, nonce PRIMARY KEY) WITHOUT ROWID'),
      /SQLite cannot read it/,
    ],
    [
      'too many rows',
      (path) =>
        change(
          path,
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20001) INSERT INTO role_state (self_id, role, peer_id, state) SELECT 'x', 'initiator', i, 'init_ready' FROM n",
        ),
      /more than 20000 rows/,
    ],
    ['too large', (path) => change(path, 'CREATE TABLE big (b); INSERT INTO big VALUES (zeroblob(70000000))'), /larger than 64 MB/],
  ]
  const change = (path: string, sql: string): void => {
    const database = new Database(path)
    database.exec(sql)
    database.close()
  }
  const corruptPages = (path: string): void => {
    const bytes = fs.readFileSync(path)
    bytes.fill(0xee, 4096, 4096 * 3)
    fs.writeFileSync(path, bytes)
  }

  it.each(hostile)('refuses a file that is hostile: %s', (_, harm, reason) => {
    const path = originalFile(originalSql)
    harm(path)
    const bytes = fs.readFileSync(path)
    const store = fresh()
    const fault = faultOf(() => store.importHsAgent(path))
    expect([fault.code, fault.message]).toEqual(['FORMAT', expect.stringMatching(reason) as string])
    expect(store.threads.all()).toEqual([])
    expect(fs.readFileSync(path).equals(bytes)).toBe(true)
    store.close()
  })

  it('never throws anything but a fault, whatever byte is changed', () => {
    const path = originalFile(
      `${originalSql} INSERT INTO role_state (self_id, role, peer_id, state, peer_sign_pub) VALUES ('${myId}', 'initiator', 'p', 'init_ready', '${key(1)}'); INSERT INTO nonce_event (self_id, role, peer_id, flow, nonce) VALUES ('${myId}', 'initiator', 'p', 'received', 'n');`,
    )
    const good = fs.readFileSync(path)
    const store = fresh()
    const codes = new Set<string>()
    // Every third byte that is in use, by a value that depends on its place.
    for (let at = 0; at < good.length; at += 1) {
      if (at % 3 !== 0 || (good[at] === 0 && at % 97 !== 0)) continue
      const bytes = Buffer.from(good)
      bytes[at] = (bytes[at] ?? 0) ^ (1 + (at % 255))
      fs.writeFileSync(path, bytes)
      try {
        store.transaction(() => {
          store.importHsAgent(path)
          throw new AppFault('CANCELLED', 'only tried')
        })
      } catch (error) {
        if (!(error instanceof AppFault)) throw error
        codes.add(error.code)
      }
    }
    expect([...codes].sort()).toEqual(['CANCELLED', 'FORMAT'])
    expect(store.threads.all()).toEqual([])
    store.close()
  })

  it('says so when there is no such file', () => {
    const store = fresh()
    expect(faultOf(() => store.importHsAgent('/nowhere/HSAgent.db')).code).toBe('UNREADABLE')
    expect(faultOf(() => store.importHsAgent(join(tempFolder(), 'HSAgent.db'))).code).toBe('UNREADABLE')
    expect(faultOf(() => store.importHsAgent(tempFolder())).code).toBe('UNREADABLE')
    store.close()
  })
})

describe('export to an original’s database', () => {
  const readBack = (path: string, sql: string): unknown[] => {
    const database = new Database(path, { readonly: true })
    const rows = database.prepare(sql).all()
    database.close()
    return rows
  }

  it('has the original’s schema, and comes back by import as it was', () => {
    const store = fresh()
    const rows = Object.entries(states).flatMap(([role, names]) =>
      names.map((state, i) => threadRow({ role: role as 'initiator', state, peerId: peer(`peer ${i}`), extra: {}, updatedAt: 1_700_000_000_000 })),
    )
    for (const row of rows) store.threads.put(row)
    store.nonces.add('responder', peer('peer 1'), 'received', 'n1')
    const path = join(tempFolder(), `HSAgent-${myId}.db`)
    store.exportHsAgent(path)
    const wanted = originalFile(originalSql)
    const schema = 'SELECT type, name, sql FROM sqlite_schema ORDER BY name'
    expect(readBack(path, schema)).toEqual(readBack(wanted, schema))
    expect(readBack(path, 'PRAGMA journal_mode')).toEqual([{ journal_mode: 'delete' }])
    expect(readBack(path, "SELECT peer_id, peer_sign_pub, updated_at FROM role_state WHERE role = 'initiator' AND state = 'init_ready'")).toEqual([
      { peer_id: 'peer 0', peer_sign_pub: key(1), updated_at: '2023-11-14 22:13:20' },
    ])
    if (process.platform !== 'win32') expect(fs.statSync(path).mode & 0o777).toBe(0o600)
    const other = fresh()
    expect(other.importHsAgent(path)).toMatchObject({ threads: 8, nonces: 1, skippedCount: 0 })
    expect(other.threads.all()).toEqual(rows)
    store.close()
    other.close()
  })

  it('begins a thread anew that is in a state of our own, and keeps its references', () => {
    const store = fresh()
    store.threads.put(threadRow({ state: 'ended_here', localReference: '1234567890', localNonce: 'n' }))
    const path = join(tempFolder(), 'out.db')
    store.exportHsAgent(path, { crypto: false })
    const [row] = readBack(path, 'SELECT * FROM role_state') as Record<string, unknown>[]
    expect(row).toMatchObject({
      state: 'init_ready',
      local_nonce: null,
      peer_nonce: null,
      local_reference: '1234567890',
      peer_reference: '4635934483',
      exchange_count: 0,
    })
    expect(Object.keys(row ?? {})).not.toContain('peer_sign_pub')
    store.close()
  })

  it('never overwrites, and leaves nothing behind when it fails', () => {
    const store = fresh()
    const folder = tempFolder()
    const path = join(folder, 'out.db')
    fs.writeFileSync(path, 'mine')
    expect(faultOf(() => store.exportHsAgent(path)).code).toBe('EXISTS')
    expect(fs.readFileSync(path, 'utf8')).toBe('mine')
    expect(faultOf(() => store.exportHsAgent(join(folder, 'no', 'folder.db'))).code).toBe('UNREADABLE')
    store.lock()
    expect(faultOf(() => store.exportHsAgent(join(folder, 'other.db'))).code).toBe('LOCKED')
    expect(fs.readdirSync(folder)).toEqual(['out.db'])
    store.close()
  })
})
