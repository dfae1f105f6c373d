import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, describe, expect, it } from 'vitest'
import { createConnection } from './connection.ts'
import { createEvents } from './events.ts'
import { bundledMigrations } from './migrations.ts'
import { openDatabase } from './open-database.ts'
import { createSealing } from './sealing.ts'
import type { Store } from './store.ts'
import { columnKey, faultOf, myId, open, removeTempFolders, tempFolder, testPorts, threadRow } from './testing.fixture.ts'

afterAll(removeTempFolders)

import { createThreads } from './threads.ts'

describe('a database that does not take a write', () => {
  const parts = () => {
    const ports = testPorts()
    const folder = tempFolder()
    const database = openDatabase(ports, folder, myId, bundledMigrations)
    const db = createConnection(database)
    const sealing = createSealing(ports.random)
    sealing.unlock(columnKey())
    return { folder, database, db, threads: createThreads(db, sealing, myId), events: createEvents(db, sealing, ports.clock) }
  }

  it('full disk: DISK_FULL, the whole step undone, usable when there is room', () => {
    const { database, db, threads, events } = parts()
    threads.put(threadRow())
    database.pragma(`max_page_count = ${Number(database.pragma('page_count', { simple: true })) + 3}`)
    const step = (): void =>
      db.transaction(() => {
        threads.put(threadRow({ exchangeCount: 99 }))
        for (let i = 0; i < 50; i += 1) events.append('big', 'x'.repeat(4000))
      })
    const fault = faultOf(step)
    expect([fault.code, fault.message]).toEqual(['DISK_FULL', expect.stringContaining('Nothing of this step was saved') as string])
    expect([threads.get('initiator', threadRow().peerId)?.exchangeCount, events.last(), database.inTransaction]).toEqual([3, 0, false])
    database.pragma('max_page_count = 1000000')
    step()
    expect([threads.get('initiator', threadRow().peerId)?.exchangeCount, events.last()]).toEqual([99, 50])
    db.close()
  })

  it('held by another program: UNREADABLE, usable when it lets go', () => {
    const { folder, database, db, threads } = parts()
    database.pragma('busy_timeout = 0')
    const other = new Database(join(folder, 'countersign.db'))
    other.exec('BEGIN IMMEDIATE')
    expect(faultOf(() => threads.put(threadRow())).code).toBe('UNREADABLE')
    expect(threads.all()).toEqual([])
    other.exec('ROLLBACK')
    threads.put(threadRow())
    expect(threads.all()).toHaveLength(1)
    other.close()
    db.close()
  })

  it('goes on when another program only reads', () => {
    const { folder, db, threads } = parts()
    const other = new Database(join(folder, 'countersign.db'), { readonly: true })
    other.exec('BEGIN')
    expect(other.prepare('SELECT count(*) FROM role_state').pluck().get()).toBe(0)
    threads.put(threadRow())
    expect(other.prepare('SELECT count(*) FROM role_state').pluck().get()).toBe(0)
    other.close()
    db.close()
  })
})

describe('transaction', () => {
  const one = (): { store: Store; put: (n: number) => void; n: () => number | undefined } => {
    const store = open(tempFolder())
    store.unlock(columnKey())
    const put = (n: number): void => store.threads.put(threadRow({ exchangeCount: n }))
    put(1)
    return { store, put, n: () => store.threads.get('initiator', threadRow().peerId)?.exchangeCount }
  }

  it('gives its value, joins a nested call, and undoes both on a throw', () => {
    const { store, put, n } = one()
    expect(store.transaction(() => store.transaction(() => (put(2), 'value')))).toBe('value')
    expect(n()).toBe(2)
    expect(() =>
      store.transaction(() => {
        store.transaction(() => put(3))
        throw new RangeError('outer')
      }),
    ).toThrow(RangeError)
    expect(n()).toBe(2)
    store.close()
  })

  it('does not commit half a step when an inner failure was swallowed', () => {
    const { store, put, n } = one()
    expect(() =>
      store.transaction(() => {
        try {
          store.transaction(() => {
            put(4)
            throw new RangeError('inner')
          })
        } catch {
          // A caller that forgot why this matters.
        }
        put(5)
      }),
    ).toThrow('inner')
    expect(n()).toBe(1)
    put(6)
    expect(n()).toBe(6)
    store.close()
  })

  it('refuses an async step', () => {
    const { store, put, n } = one()
    expect(() =>
      store.transaction(async () => {
        put(7)
        await Promise.resolve()
      }),
    ).toThrow('cannot wait for a promise')
    expect(n()).toBe(1)
    store.close()
  })
})
