import { afterAll, describe, expect, it } from 'vitest'
import type { Genesis } from '../brand.ts'
import { AppFault } from '../fault.ts'
import { createConnection } from './connection.ts'
import { createM2mInbox, type M2mInboxEntry } from './m2m-inbox.ts'
import type { M2mOutboxEntry } from './m2m-outbox.ts'
import { bundledMigrations } from './migrations.ts'
import { openDatabase } from './open-database.ts'
import { createSealing } from './sealing.ts'
import { columnKey, edit, faultOf, myId, open, peer, removeTempFolders, tempFolder, testPorts } from './testing.fixture.ts'

afterAll(removeTempFolders)

const genesis = 'ab'.repeat(32) as Genesis
const id = (n: number): string => n.toString(16).padStart(32, '0')
const entry = (n: number, over: Partial<M2mOutboxEntry> = {}): M2mOutboxEntry => ({
  messageId: id(n),
  genesis,
  peerId: peer('bob the peer'),
  thread: 'thread one',
  t: 'ring',
  body: '{"secret":"words"}',
  wire: { b: 'AAAA', s: 'AAAA' },
  shows: null,
  giveUpAt: 1_000_000,
  ...over,
})
const came = (n: number, over: Partial<M2mInboxEntry> = {}): M2mInboxEntry => ({
  genesis,
  messageId: id(n),
  at: n,
  from: peer('bob the peer'),
  parked: null,
  answer: null,
  ...over,
})
const opened = (folder = tempFolder()) => {
  const store = open(folder)
  store.unlock(columnKey())
  return { folder, store }
}

describe('the outbox of messages', () => {
  it('gives back what was put, in order, and forgets what is done', () => {
    const { store } = opened()
    for (const n of [3, 1, 2]) store.m2mOutbox.put(entry(n), n)
    expect(store.m2mOutbox.all().map((one) => one.messageId)).toEqual([id(3), id(1), id(2)])
    expect(store.m2mOutbox.window(2).map((row) => row.dueAt)).toEqual([3, 1])
    expect([store.m2mOutbox.done(id(3)), store.m2mOutbox.done(id(3))]).toEqual([true, false])
    expect(store.m2mOutbox.drop('thread one')).toBe(2)
    store.close()
  })

  it('keeps no word of it in the clear', () => {
    const { folder, store } = opened()
    store.m2mOutbox.put(entry(1), 1)
    store.m2mInbox.put(came(1, { parked: '{"secret":"words"}' }))
    store.close()
    const dump = edit(folder, (database) => JSON.stringify(['m2m_outbox', 'm2m_inbox'].map((table) => database.prepare(`SELECT * FROM ${table}`).all())))
    const bytes = edit(folder, (database) => Buffer.concat(database.prepare('SELECT sealed FROM m2m_outbox').pluck().all() as Buffer[]).toString('latin1'))
    for (const word of ['secret', 'bob the peer', 'thread one', genesis]) {
      expect(dump).not.toContain(word)
      expect(bytes).not.toContain(word)
    }
  })

  it.each([
    ['another message', "UPDATE m2m_outbox SET message_id = '00000000000000000000000000000009'"],
    ['another peer', "UPDATE m2m_outbox SET peer = 'x'"],
    ['another thread', "UPDATE m2m_outbox SET thread = 'x'"],
    ['another end', 'UPDATE m2m_outbox SET give_up_at = 5'],
    ['another order', 'UPDATE m2m_outbox SET ordered = 1'],
    ['other bytes', "UPDATE m2m_outbox SET sealed = x'0102'"],
  ])('notices a row that was given %s', (_what, sql) => {
    const { folder, store } = opened()
    store.m2mOutbox.put(entry(1), 1)
    store.close()
    edit(folder, (database) => database.exec(sql))
    const again = opened(folder).store
    expect(faultOf(() => again.m2mOutbox.all()).code).toBe('CORRUPT')
    again.close()
  })

  it('is closed while locked', () => {
    const { store } = opened()
    store.m2mOutbox.put(entry(1), 1)
    store.lock()
    expect(() => store.m2mOutbox.open(1)).toThrow(AppFault)
    expect(() => store.m2mCards.all()).toThrow(AppFault)
    expect(() => store.m2mInbox.get(genesis, id(1))).toThrow(AppFault)
    store.close()
  })
})

describe('the inbox of messages', () => {
  it.each([
    ['another sender', "UPDATE m2m_inbox SET sender = 'x'"],
    ['another message', "UPDATE m2m_inbox SET message_id = 'x'"],
    ['another time', 'UPDATE m2m_inbox SET at = 5'],
    ['another state', 'UPDATE m2m_inbox SET parked = 0'],
  ])('notices a row that was given %s', (_what, sql) => {
    const { folder, store } = opened()
    store.m2mInbox.put(came(1, { parked: '{}' }))
    store.close()
    edit(folder, (database) => database.exec(sql))
    const again = opened(folder).store
    const found = (): unknown => [again.m2mInbox.get(genesis, id(1)), again.m2mInbox.parked(genesis)]
    let code = 'nothing'
    try {
      if (JSON.stringify(found()) === '[null,[]]') code = 'gone'
    } catch (error) {
      code = error instanceof AppFault ? error.code : 'other'
    }
    expect(['CORRUPT', 'gone']).toContain(code)
    again.close()
  })

  it('keeps so many of a sender and so many in all, the newest, and never forgets what is parked for a sender’s sake', () => {
    const ports = testPorts()
    const db = createConnection(openDatabase(ports, tempFolder(), myId, bundledMigrations))
    const sealing = createSealing(ports.random)
    sealing.unlock(columnKey())
    const inbox = createM2mInbox(db, sealing, { perSender: 3, all: 6 })
    inbox.put(came(0, { parked: '{}' }))
    for (let n = 1; n <= 5; n += 1) inbox.put(came(n))
    expect([0, 1, 2, 3, 4, 5].filter((n) => inbox.get(genesis, id(n)) !== undefined)).toEqual([0, 3, 4, 5])
    const other = 'cd'.repeat(32) as Genesis
    for (let n = 1; n <= 3; n += 1) inbox.put(came(n, { genesis: other }))
    expect(inbox.count()).toBe(6)
    expect(inbox.get(genesis, id(5))).toBeDefined()
    inbox.prune(5)
    expect([inbox.get(genesis, id(4)), inbox.get(genesis, id(5))?.messageId]).toEqual([undefined, id(5)])
    db.close()
  })
})
