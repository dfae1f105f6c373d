import { afterAll, describe, expect, it } from 'vitest'
import { openStore, type Store } from './store.ts'
import {
  columnKey,
  decision,
  faultOf,
  hexKey,
  myId,
  peer,
  peerRow,
  removeTempFolders,
  requestRow,
  sessionRow,
  tempFolder,
  testPorts,
  threadRow,
} from './testing.fixture.ts'

afterAll(removeTempFolders)

const fresh = (fill = 7, id = myId): Store => {
  const store = openStore(testPorts(), { folder: tempFolder(), myId: id })
  store.unlock(columnKey(fill))
  return store
}

const used = (): Store => {
  const store = fresh()
  store.threads.put(threadRow())
  store.threads.put(threadRow({ role: 'responder', state: 'resp_finalize', peerId: peer('odd \ud800 id') }))
  store.nonces.add('initiator', threadRow().peerId, 'received', 'n1')
  store.nonces.add('initiator', threadRow().peerId, 'sent', 'n2')
  store.replay.add(hexKey(1), 'n1', 10)
  store.peers.put(peerRow())
  store.sessions.put(sessionRow())
  for (let i = 0; i < 3; i += 1)
    store.messages.add({ session: 'session-1', peer: threadRow().peerId, direction: 'ours', seq: i, at: i, text: `text ${i}`, state: 'done' })
  store.messages.addSec('session-1', 'sec nonce', 9_000_000_000_000, 0)
  for (let i = 0; i < 3; i += 1) store.decisions.append(decision({ at: i }))
  store.settings.set('discoverable', true)
  store.publicSettings.set('theme', 'dark')
  store.requests.put(requestRow())
  store.outbox.put({ peerId: null, slot: 's', payload: 1, dueAt: 1 })
  store.events.append('e', 1)
  return store
}

describe('dump and load', () => {
  it('carries everything a backup holds through JSON into a profile with another column key', () => {
    const from = used()
    const dump = from.dump({ messages: true })
    const to = fresh(9)
    to.load(JSON.parse(JSON.stringify(dump)))
    expect(to.dump({ messages: true })).toEqual(dump)
    expect(to.decisions.verifyChain()).toEqual(from.decisions.verifyChain())
    expect(to.nonces.received('initiator', threadRow().peerId, 'n1')).toBe(true)
    expect([to.replay.seen(hexKey(1), 'n1'), to.messages.secSeen('session-1', 'sec nonce')]).toEqual([true, true])
    expect(to.messages.page(threadRow().peerId, null, 10).messages.map((row) => row.text)).toEqual(['text 0', 'text 1', 'text 2'])
    // What belongs to the running profile stays behind: a restored one must not send what the other sends.
    expect([to.requests.count(), to.outbox.count(), to.events.last()]).toEqual([0, 0, 0])
    expect(to.decisions.append(decision()).seq).toBe(4)
    from.close()
    to.close()
  })

  it('leaves messages out unless asked', () => {
    const from = used()
    expect(from.dump().messages).toBeNull()
    const to = fresh()
    to.load(from.dump())
    expect(to.messages.page(threadRow().peerId, null, 10).messages).toEqual([])
    expect(to.sessions.all()).toEqual(from.sessions.all())
    from.close()
    to.close()
  })

  it('loads nothing at all from contents that do not fit, or into a profile that has something', () => {
    const from = used()
    const good = JSON.parse(JSON.stringify(from.dump({ messages: true }))) as Record<string, unknown[]>
    const [d1, d2, d3] = good.decisions as Record<string, unknown>[]
    const bad: [string, unknown][] = [
      ['null', null],
      ['an unknown version', { ...good, v: 3 }],
      ['version 1 with a ledger', { ...good, v: 1 }],
      ['version 2 without one', { ...good, ledger: undefined }],
      ['one key too many', { ...good, more: [] }],
      ['a table missing', { ...good, peers: undefined }],
      ['a thread of no role', { ...good, threads: [{ ...threadRow(), role: 'both' }] }],
      ['a peer with a key too short', { ...good, peers: [peerRow({ signPub: 'ab' })] }],
      ['another identity', { ...good, myId: 'someone' }],
      ['a decision missing', { ...good, decisions: [d1, d3] }],
      ['a decision changed', { ...good, decisions: [d1, { ...d2, decision: 'reject' }, d3] }],
      ['decisions in another order', { ...good, decisions: [d2, d1, d3] }],
      ['too many', { ...good, settings: Array.from({ length: 10_001 }, (_, i) => ({ key: String(i), value: 0 })) }],
    ]
    const to = fresh()
    for (const [label, dump] of bad) {
      expect([label, faultOf(() => to.load(dump)).code]).toEqual([label, 'FORMAT'])
      expect([label, to.peers.count(), to.threads.all().length, to.decisions.count(), to.settings.all().length]).toEqual([label, 0, 0, 0, 0])
    }
    to.load(good)
    expect(faultOf(() => to.load(good)).code).toBe('STATE')
    from.close()
    to.close()
  })

  it('wants the profile unlocked', () => {
    const store = used()
    store.lock()
    expect(faultOf(() => store.dump()).code).toBe('LOCKED')
    store.close()
  })
})
