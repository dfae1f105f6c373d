import * as fc from 'fast-check'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AppFault } from '../fault.ts'
import { hashDecision } from './decisions.ts'
import { eventLimit } from './events.ts'
import { lockedLineLimits } from './locked-lines.ts'
import { openStore, type Store } from './store.ts'
import {
  columnKey,
  decision,
  hexKey,
  myId,
  peer,
  peerRow,
  removeTempFolders,
  requestRow,
  sessionRow,
  type TestPorts,
  tempFolder,
  testPorts,
  threadRow,
} from './testing.fixture.ts'

afterAll(removeTempFolders)

// Some tests here open hundreds of databases; on a busy machine that outlasts the usual limit.
vi.setConfig({ testTimeout: 120_000 })

let ports: TestPorts
let store: Store
beforeEach(() => {
  ports = testPorts()
  store = openStore(ports, { folder: tempFolder(), myId })
  store.unlock(columnKey())
})
afterEach(() => store.close())

const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return error instanceof AppFault ? error.code : String(error)
  }
  return 'nothing thrown'
}
const bob = peer('3b88be33-0896-48fe-a80b-da23f8a75c1a')
const eve = peer('eve')

describe('threads', () => {
  it('gives back what was put, for each role and peer by itself', () => {
    const mine = threadRow()
    const theirs = threadRow({ role: 'responder', state: 'resp_finalize', peerSignPub: null, peerKxPub: null, peerAddress: null, extra: {} })
    store.threads.put(mine)
    store.threads.put(theirs)
    expect(store.threads.get('initiator', bob)).toEqual(mine)
    expect(store.threads.get('responder', bob)).toEqual(theirs)
    expect(store.threads.get('initiator', eve)).toBeUndefined()
    const changed = threadRow({ state: 'init_ready', exchangeCount: 0, peerReference: null, updatedAt: mine.updatedAt + 1 })
    store.threads.put(changed)
    expect(store.threads.all()).toEqual([changed, theirs])
    store.threads.remove('initiator', bob)
    expect(store.threads.all()).toEqual([theirs])
  })

  it('keeps opaque peer ids apart, also where UTF-8 would make them one', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 5 }), fc.boolean(), (ids, surrogates) => {
        const all = [...new Set([...ids, ...(surrogates ? ['\ud800', '\udfff', '\ufffd'] : [])])]
        store.transaction(() => {
          for (const [i, id] of all.entries()) store.threads.put(threadRow({ peerId: peer(id), exchangeCount: i }))
        })
        for (const [i, id] of all.entries()) {
          const row = store.threads.get('initiator', peer(id))
          expect([row?.peerId, row?.exchangeCount]).toEqual([id, i])
        }
        store.transaction(() => {
          for (const id of all) store.threads.remove('initiator', peer(id))
        })
        expect(store.threads.all()).toEqual([])
      }),
      { numRuns: 40 },
    )
  })

  it('refuses to write what it could not read back', () => {
    for (const bad of [
      { localNonce: 'x'.repeat(129) },
      { peerReference: '\ud800' },
      { exchangeCount: -1 },
      { exchangeCount: 1.5 },
      { peerSignPub: 'AB' },
      { state: '' },
      { peerId: peer('') },
    ]) {
      expect(() => store.threads.put(threadRow(bad))).toThrow()
    }
    expect(store.threads.all()).toEqual([])
  })
})

describe('nonces', () => {
  it('records once a thread and direction, and clears one thread only', () => {
    expect(store.nonces.add('initiator', bob, 'received', 'n1')).toBe(true)
    expect(store.nonces.add('initiator', bob, 'received', 'n1')).toBe(false)
    expect(store.nonces.add('initiator', bob, 'sent', 'n2')).toBe(true)
    expect(store.nonces.add('responder', bob, 'received', 'n1')).toBe(true)
    expect(store.nonces.received('initiator', bob, 'n1')).toBe(true)
    expect(store.nonces.received('initiator', bob, 'n2')).toBe(false)
    expect(store.nonces.received('initiator', eve, 'n1')).toBe(false)
    store.nonces.clear('initiator', bob)
    expect(store.nonces.received('initiator', bob, 'n1')).toBe(false)
    expect(store.nonces.received('responder', bob, 'n1')).toBe(true)
  })
})

describe('replay', () => {
  it('remembers until told that the time is over, over both roles', () => {
    expect(store.replay.add(hexKey(1), 'n', 1000)).toBe(true)
    expect(store.replay.add(hexKey(1), 'n', 500)).toBe(false)
    expect(store.replay.seen(hexKey(2), 'n')).toBe(false)
    expect(store.replay.prune(1000)).toBe(0)
    expect(store.replay.seen(hexKey(1), 'n')).toBe(true)
    expect(store.replay.add(hexKey(1), 'n', 2000)).toBe(false)
    expect(store.replay.prune(1500)).toBe(0)
    expect(store.replay.prune(2001)).toBe(1)
    expect(store.replay.seen(hexKey(1), 'n')).toBe(false)
  })
})

describe('peers, sessions, requests', () => {
  it('puts, reads, counts and removes peers', () => {
    store.peers.put(peerRow())
    store.peers.put(peerRow({ id: eve, name: null, trust: 'seen' }))
    store.peers.put(peerRow({ name: 'Bobby' }))
    expect(store.peers.all().map((row) => row.name)).toEqual(['Bobby', null])
    expect(store.peers.get(eve)).toEqual(peerRow({ id: eve, name: null, trust: 'seen' }))
    store.peers.remove(eve)
    expect([store.peers.count(), store.peers.get(eve)]).toEqual([1, undefined])
  })

  it('lists sessions by peer, oldest first', () => {
    store.sessions.put(sessionRow())
    store.sessions.put(sessionRow({ id: 'other', peerId: eve }))
    store.sessions.put(sessionRow({ id: 'session-2' }))
    store.sessions.put(sessionRow({ state: 'closed', endedAt: 9 }))
    expect(store.sessions.byPeer(bob).map((row) => [row.id, row.state])).toEqual([
      ['session-1', 'closed'],
      ['session-2', 'open'],
    ])
    expect(store.sessions.all()).toHaveLength(3)
    expect(store.sessions.get('other')?.peerId).toBe(eve)
  })

  it('never moves a waiting request when it or another changes', () => {
    for (const id of ['a', 'b', 'c']) store.requests.put(requestRow({ id }))
    store.requests.put(requestRow({ id: 'a', count: 2 }))
    store.requests.remove('b')
    store.requests.put(requestRow({ id: 'b' }))
    expect(store.requests.all().map((row) => `${row.id}${row.count}`)).toEqual(['a2', 'c1', 'b1'])
    expect(store.requests.get('a')?.view).toEqual({ v: 1, sentence: 'Answer Bob?' })
    store.lock()
    expect(store.requests.count()).toBe(3)
    expect(codeOf(() => store.requests.all())).toBe('LOCKED')
  })
})

describe('messages', () => {
  const add = (text: string, over: object = {}): number =>
    store.messages.add({ session: 's1', peer: bob, direction: 'ours', seq: 0, at: 1, text, state: 'queued', ...over })

  it('pages backwards through all sessions with a peer', () => {
    for (let i = 1; i <= 7; i += 1) add(`m${i}`, { session: i < 4 ? 's1' : 's2' })
    add('other', { peer: eve })
    const last = store.messages.page(bob, null, 3)
    expect([last.messages.map((row) => row.text), last.more]).toEqual([['m5', 'm6', 'm7'], true])
    const before = store.messages.page(bob, last.messages[0]?.id ?? 0, 4)
    expect([before.messages.map((row) => row.text), before.more]).toEqual([['m1', 'm2', 'm3', 'm4'], false])
  })

  it('queues ours in order until they are sent', () => {
    const [first, second] = [add('one'), add('two')]
    add('theirs', { direction: 'theirs', state: 'done' })
    add('elsewhere', { session: 's2' })
    expect(store.messages.queued('s1').map((row) => row.text)).toEqual(['one', 'two'])
    store.messages.setState(first, 'sent')
    expect(store.messages.queued('s1').map((row) => row.id)).toEqual([second])
    expect(store.messages.get(first)?.state).toBe('sent')
    expect(codeOf(() => store.messages.setState(999, 'done'))).toBe('NOT_FOUND')
  })

  it('never gives an id twice, also after a step that failed', () => {
    const first = add('kept')
    expect(() =>
      store.transaction(() => {
        add('lost')
        throw new Error('no')
      }),
    ).toThrow('no')
    expect(add('next')).toBe(first + 1)
    expect(store.messages.page(bob, null, 10).messages.map((row) => row.text)).toEqual(['kept', 'next'])
  })

  it('knows the sealed nonces of a session', () => {
    expect(store.messages.addSec('s1', 'bm9uY2U=', 9_000_000_000_000, 0)).toBe(true)
    expect(store.messages.addSec('s1', 'bm9uY2U=', 9_000_000_000_000, 0)).toBe(false)
    expect([store.messages.secSeen('s1', 'bm9uY2U='), store.messages.secSeen('s2', 'bm9uY2U=')]).toEqual([true, false])
  })
})

describe('outbox', () => {
  it('sends in order of time, and a later one of the same slot replaces the unsent one', () => {
    const late = store.outbox.put({ peerId: bob, slot: 'initiator:request', payload: { n: 1 }, dueAt: 30 })
    const early = store.outbox.put({ peerId: bob, slot: 'responder:finish', payload: { n: 2 }, dueAt: 20 })
    store.outbox.put({ peerId: null, slot: 'initiator:request', payload: { n: 3 }, dueAt: 10 })
    const again = store.outbox.put({ peerId: bob, slot: 'initiator:request', payload: { n: 4 }, dueAt: 5 })
    expect(store.outbox.due(20).map((row) => row.payload)).toEqual([{ n: 4 }, { n: 3 }, { n: 2 }])
    expect(store.outbox.nextDue()).toBe(5)
    expect(store.outbox.done(late)).toBe(false)
    expect(store.outbox.done(again)).toBe(true)
    expect(store.outbox.done(early)).toBe(true)
    expect(store.outbox.due(100)).toEqual([{ id: expect.any(Number) as number, peerId: null, slot: 'initiator:request', payload: { n: 3 }, dueAt: 10 }])
  })

  it('drops what a peer’s thread has waiting', () => {
    for (const slot of ['initiator:request', 'initiator:close', 'responder:finish']) store.outbox.put({ peerId: bob, slot, payload: null, dueAt: 1 })
    store.outbox.put({ peerId: eve, slot: 'initiator:close', payload: null, dueAt: 1 })
    expect(store.outbox.drop(bob, 'initiator:')).toBe(2)
    expect(store.outbox.due(1).map((row) => [row.peerId, row.slot])).toEqual([
      [bob, 'responder:finish'],
      [eve, 'initiator:close'],
    ])
    expect(store.outbox.drop(bob, '')).toBe(1)
    expect(store.outbox.count()).toBe(1)
  })
})

describe('events', () => {
  it('keeps the newest, numbered without a gap', () => {
    store.transaction(() => {
      for (let i = 1; i <= eventLimit + 5; i += 1) store.events.append('tick', { i })
    })
    expect(store.events.last()).toBe(eventLimit + 5)
    const all = store.events.since(0)
    expect([all.length, all[0]?.seq, all.at(-1)?.data]).toEqual([eventLimit, 6, { i: eventLimit + 5 }])
    expect(store.events.since(eventLimit + 4)).toEqual([{ seq: eventLimit + 5, at: ports.now, name: 'tick', data: { i: eventLimit + 5 } }])
  })
})

describe('settings', () => {
  it('keeps any JSON', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 30 }), fc.jsonValue(), (key, value) => {
        const json = JSON.parse(JSON.stringify(value)) as never
        store.settings.set(key, json)
        store.publicSettings.set(key, json)
        expect(store.settings.get(key)).toEqual(json)
        expect(store.publicSettings.get(key)).toEqual(json)
      }),
      { numRuns: 60 },
    )
    store.settings.set('k', 1)
    store.settings.remove('k')
    expect(store.settings.get('k')).toBeUndefined()
  })

  it('gives the public ones while locked, the sealed ones not', () => {
    store.settings.set('discoverable', true)
    store.publicSettings.set('theme', 'dark')
    store.lock()
    expect(store.publicSettings.all()).toEqual([{ key: 'theme', value: 'dark' }])
    expect(codeOf(() => store.settings.get('discoverable'))).toBe('LOCKED')
    expect(codeOf(() => store.settings.set('discoverable', false))).toBe('LOCKED')
  })
})

describe('locked lines', () => {
  it('queues while locked, bounded in number and bytes, and is emptied once', () => {
    store.lock()
    expect(store.lockedLines.put(new Uint8Array(lockedLineLimits.bytes + 1))).toBe(false)
    expect(store.lockedLines.put(Uint8Array.of(1, 2))).toBe(true)
    store.transaction(() => {
      for (let i = 1; i < lockedLineLimits.lines; i += 1) store.lockedLines.put(Uint8Array.of(3))
    })
    expect(store.lockedLines.put(Uint8Array.of(4))).toBe(false)
    const lines = store.lockedLines.takeAll()
    expect([lines.length, lines[0]]).toEqual([lockedLineLimits.lines, Uint8Array.of(1, 2)])
    expect([store.lockedLines.takeAll(), store.lockedLines.count()]).toEqual([[], 0])
  })
})

describe('decisions', () => {
  it('chains: seq from 1, prev the hash of the one before, a salt each', () => {
    const first = store.decisions.append(decision())
    const second = store.decisions.append(decision({ decision: 'auto', by: 'policy', policy_id: 'p1', reason: 'first-contact' }))
    expect([first.seq, first.prev]).toEqual([1, '0'.repeat(64)])
    expect([second.seq, second.prev]).toEqual([2, hashDecision(first)])
    expect(first.salt).toMatch(/^[0-9a-f]{32}$/)
    expect(first.salt).not.toBe(second.salt)
    expect(store.decisions.page(null, 10)).toEqual([second, first])
    expect(store.decisions.page(2, 10)).toEqual([first])
    expect(store.decisions.verifyChain()).toEqual({ holds: true, count: 2, head: hashDecision(second) })
  })

  it('hashes as docs/approvals.md says', () => {
    const entry = { ...decision(), seq: 1, prev: '0'.repeat(64), salt: '00'.repeat(16) }
    // H(tag, value) = SHA-256(tag ‖ 0 ‖ canonical JSON), computed with Python's hashlib over keys sorted by hand.
    expect(hashDecision(entry)).toBe('87ef1056fb197d7cff9d70fb107c07f9a5da794df71ca16b149d4b9421d7d1ee')
    expect(hashDecision({ ...entry, reason: undefined })).toBe(hashDecision(entry))
    expect(hashDecision({ ...entry, reason: '' })).not.toBe(hashDecision(entry))
  })
})

describe('locked', () => {
  it('says LOCKED where there is nothing yet, and not "empty"', () => {
    store.lock()
    const reads: (() => unknown)[] = [
      () => store.threads.all(),
      () => store.threads.get('initiator', bob),
      () => store.nonces.received('initiator', bob, 'n'),
      () => store.replay.seen(hexKey(1), 'n'),
      () => store.replay.all(),
      () => store.peers.all(),
      () => store.sessions.all(),
      () => store.sessions.byPeer(bob),
      () => store.messages.page(bob, null, 1),
      () => store.messages.queued('s'),
      () => store.messages.secSeen('s', 'n'),
      () => store.requests.all(),
      () => store.decisions.page(null, 1),
      () => store.decisions.verifyChain(),
      () => store.outbox.due(1),
      () => store.events.since(0),
      () => store.settings.all(),
      () => store.dump(),
    ]
    expect(reads.map(codeOf)).toEqual(reads.map(() => 'LOCKED'))
  })

  it('wants the same key again', () => {
    store.threads.put(threadRow())
    store.lock()
    expect(store.locked).toBe(true)
    expect(codeOf(() => store.unlock(columnKey(8)))).toBe('CORRUPT')
    expect(store.locked).toBe(true)
    expect(codeOf(() => store.threads.get('initiator', bob))).toBe('LOCKED')
    expect(codeOf(() => store.threads.put(threadRow()))).toBe('LOCKED')
    store.unlock(columnKey())
    expect(store.threads.get('initiator', bob)).toEqual(threadRow())
  })

  it('says STATE after closing, and closes twice in peace', () => {
    store.close()
    store.close()
    expect(codeOf(() => store.publicSettings.all())).toBe('STATE')
  })
})
