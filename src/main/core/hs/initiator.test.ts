import { describe, expect, it } from 'vitest'
import type { SignPub } from '../brand.ts'
import { type InitiatorEvent, initiator } from './initiator.ts'
import { bob, env, keys, kxPub, NOW, noProof, offer, proof, refused, said, signPub, told } from './reducer.fixture.ts'
import { CLOSE_INTERVAL_MS, CLOSES, ENDING_PATIENCE_MS, type Env, type InitiatorThread, newInitiator, PATIENCE_MS, ROUND_IDLE_MS } from './thread.ts'

const knockLine = { intent: 'knock', peer: 'bob' } as const
const requestLine = { intent: 'request', your_nonce: 'p1', my_nonce: 'n1', body: null, hs: null } as const
const concludeLine = { intent: 'conclude', your_nonce: 'p1', my_ref: 'ours' } as const
const closeLine = { intent: 'close', your_ref: 'theirs', my_ref: 'ours' } as const

const ready = newInitiator(bob)
const wanting: InitiatorThread = { ...ready, wanted: true, line: knockLine, since: NOW - 10_000, dueAt: NOW }
const asked: InitiatorThread = { ...ready, wanted: true, offer, asking: 'request' }
/** Our request is out. */
const waiting: InitiatorThread = {
  ...ready,
  ...keys,
  state: 'init_exchange',
  wanted: true,
  session: 's',
  peerNonce: 'p1',
  localNonce: 'n1',
  exchangeCount: 2,
  line: requestLine,
  since: NOW - 10_000,
  dueAt: NOW,
}
/** Theirs has come: it is our turn. */
const turn: InitiatorThread = { ...waiting, localNonce: null, line: null, dueAt: NOW + 4_000 }
const proposing: InitiatorThread = { ...waiting, state: 'init_finalize_propose', localReference: 'ours', line: concludeLine, finalizeRetryCount: 1 }
const closing: InitiatorThread = { ...proposing, state: 'init_finalize_close', session: null, peerReference: 'theirs', line: closeLine }
/** After a proper close. */
const rested: InitiatorThread = { ...ready, ...keys, localReference: 'ours', peerReference: 'theirs' }

interface Row {
  readonly name: string
  readonly from: InitiatorThread
  readonly event: InitiatorEvent
  readonly env?: Partial<Env>
  readonly to: Partial<InitiatorThread>
  readonly effects: readonly string[]
}

const confirm = (nonce: string, over: Partial<Extract<InitiatorEvent, { type: 'confirm' }>> = {}): InitiatorEvent => ({
  type: 'confirm',
  nonce,
  seen: false,
  proof,
  ...over,
})
const respond = (yourNonce: string, myNonce: string, over: Partial<Extract<InitiatorEvent, { type: 'respond' }>> = {}): InitiatorEvent => ({
  type: 'respond',
  yourNonce,
  myNonce,
  seen: false,
  opened: said('hi'),
  ...over,
})
const finish = (yourRef: string, myRef: string): InitiatorEvent => ({ type: 'finish', yourRef, myRef })
const tick = (text: number | null = null): InitiatorEvent => ({ type: 'tick', text })
const approved = (step: 'request' | 'conclude' | 'confirm'): InitiatorEvent => ({ type: 'approved', step })
const nothing = {}

// biome-ignore format: a table, one transition a line
const rows: Row[] = [
  // init_ready
  { name: 'want, first contact: a knock', from: ready, event: { type: 'want' }, to: { wanted: true, line: knockLine }, effects: ['send knock bob'] },
  { name: 'want with the reference of a closed session: reconnect', from: rested, event: { type: 'want' }, to: { wanted: true }, effects: ['send reconnect theirs'] },
  { name: 'want where an offer waits: asks at once', from: { ...ready, offer }, event: { type: 'want' }, to: { wanted: true, asking: 'request', line: null, dueAt: null }, effects: ['send knock bob', 'ask request'] },
  { name: 'want while asking', from: asked, event: { type: 'want' }, to: { wanted: true, asking: 'request' }, effects: [] },
  { name: 'confirm that was wanted', from: wanting, event: confirm('c1'), to: { offer, asking: 'request', line: null, dueAt: null }, effects: ['unsend', 'remember c1', 'ask request'] },
  { name: 'confirm nobody asked for: kept, not asked', from: ready, event: confirm('c1'), to: { offer, asking: null, state: 'init_ready' }, effects: ['remember c1', 'knock confirm'] },
  { name: 'confirm seen before', from: wanting, event: confirm('c1', { seen: true }), to: { offer: null, asking: null }, effects: ['drop: repeated confirm'] },
  { name: 'confirm that is the offer at hand', from: { ...ready, offer }, event: confirm('c1'), to: { offer }, effects: ['drop: repeated confirm'] },
  { name: 'another key’s confirm while one is decided on', from: asked, event: confirm('c2', { proof: { ok: true, signPub: 'cc'.repeat(32) as SignPub, kxPub, localMs: NOW } }), to: nothing, effects: ['drop: another confirm while one waits for a decision'] },
  { name: 'the same key’s confirm under a new nonce meanwhile: the offer is that, the question the same', from: asked, event: confirm('c2'), to: { offer: { ...offer, nonce: 'c2' }, asking: 'request' }, effects: ['remember c2'] },
  { name: 'confirm without proof, wanted: said, and nothing else', from: wanting, event: confirm('c1', { proof: noProof }), to: { offer: null, asking: null, wanted: true, unproved: true, dueAt: NOW, line: knockLine }, effects: ['note: This peer sent no proof of its keys.'] },
  { name: 'one whose proof is refused', from: wanting, event: confirm('c2', { proof: { ok: false, why: 'signature' } }), to: { unproved: true, offer: null }, effects: ['note: The proof of this peer\'s keys was refused: signature.'] },
  { name: 'confirm without proof, not wanted', from: ready, event: confirm('c1', { proof: noProof }), to: { offer: null, unproved: false }, effects: ['note: This peer sent no proof of its keys.'] },
  { name: 'nothing better came for a day', from: { ...wanting, unproved: true, since: NOW - PATIENCE_MS }, event: tick(), to: { wanted: false, line: null, dueAt: null, unproved: false }, effects: ['unask', 'unsend', 'note: This peer cannot prove its keys.'] },
  { name: 'proof after all', from: { ...wanting, unproved: true }, event: confirm('c1'), to: { unproved: false, asking: 'request' }, effects: ['unsend', 'remember c1', 'ask request'] },
  {
    name: 'approved: the first request, a session',
    from: asked,
    event: approved('request'),
    to: { state: 'init_exchange', peerNonce: 'c1', localNonce: 'fresh-nonce', exchangeCount: 1, signPub, kxPub, asking: null, offer: null, localReference: null, peerReference: null },
    effects: ['send request c1 fresh-nonce init', 'record received c1', 'record sent fresh-nonce', 'open c1 fresh-nonce'],
  },
  { name: 'approved drops the references of the session before', from: { ...rested, ...asked, localReference: 'ours', peerReference: 'theirs' }, event: approved('request'), to: { localReference: null, peerReference: null }, effects: ['send request c1 fresh-nonce init', 'record received c1', 'record sent fresh-nonce', 'open c1 fresh-nonce'] },
  { name: 'approved without an offer', from: wanting, event: approved('request'), to: nothing, effects: ['drop: nothing to approve'] },
  { name: 'another step approved', from: asked, event: approved('conclude'), to: { asking: 'request' }, effects: ['drop: nothing to approve'] },
  { name: 'declined: the offer is kept', from: asked, event: { type: 'declined', step: 'request', reason: 'no' }, to: { asking: null, wanted: false, offer }, effects: ['unsend', 'note: no'] },
  { name: 'tick repeats what is wanted', from: wanting, event: tick(), to: { tries: 1 }, effects: ['send knock bob'] },
  { name: 'a day counts only while we are on the relay', from: { ...wanting, since: NOW - PATIENCE_MS }, event: tick(), env: { onlineSince: NOW - 60_000 }, to: { wanted: true, tries: 1 }, effects: ['send knock bob'] },
  { name: 'tick, not wanted', from: { ...rested, dueAt: NOW }, event: tick(), to: { dueAt: null }, effects: [] },
  { name: 'wanted for a day', from: { ...wanting, since: NOW - PATIENCE_MS }, event: tick(), to: { wanted: false, line: null }, effects: ['unask', 'unsend', 'note: The peer did not answer for a day.'] },
  { name: 'late finish of the session closed last: closed once more', from: rested, event: finish('ours', 'theirs'), to: nothing, effects: ['send close theirs ours'] },
  { name: 'finish with another reference of ours', from: rested, event: finish('x', 'theirs'), to: nothing, effects: ['drop: finish of no session'] },
  { name: 'finish with another reference of theirs', from: rested, event: finish('ours', 'x'), to: nothing, effects: ['drop: finish of no session'] },
  { name: 'finish before there ever was a session', from: ready, event: finish('ours', 'theirs'), to: nothing, effects: ['drop: finish of no session'] },
  { name: 'finish of a session we gave up on while concluding: its reference is learned, and closed', from: { ...rested, peerReference: null }, event: finish('ours', 'late'), to: { peerReference: 'late', state: 'init_ready' }, effects: ['send close late ours'] },
  { name: 'respond of no session', from: rested, event: respond('n1', 'p2'), to: nothing, effects: ['drop: respond in init_ready'] },
  { name: 'stop, nothing going on: the references stay', from: rested, event: { type: 'stop', reason: 'r' }, to: nothing, effects: [] },
  { name: 'stop of a proposal', from: wanting, event: { type: 'stop', reason: 'r' }, to: { wanted: false, line: null, dueAt: null }, effects: ['unask', 'unsend', 'note: r'] },

  // init_exchange
  { name: 'respond that echoes us', from: waiting, event: respond('n1', 'p2'), to: { peerNonce: 'p2', localNonce: null, line: null, tries: 0, dueAt: NOW + ROUND_IDLE_MS }, effects: ['record received p2', 'answered', 'deliver hi'] },
  { name: 'respond that echoes something else', from: waiting, event: respond('n0', 'p2'), to: nothing, effects: ['drop: respond that echoes no request of ours'] },
  { name: 'respond in our turn, whatever it echoes', from: turn, event: respond('n1', 'p2'), to: nothing, effects: ['drop: respond that echoes no request of ours'] },
  { name: 'respond that echoes the empty string in our turn', from: turn, event: respond('', 'p2'), to: nothing, effects: ['drop: respond that echoes no request of ours'] },
  { name: 'right echo with a nonce it used before: answered, nothing shown again', from: waiting, event: respond('n1', 'p0', { seen: true }), to: { peerNonce: 'p0', localNonce: null, line: null }, effects: ['answered'] },
  { name: 'a body that is refused: nothing moves but the way out', from: waiting, event: respond('n1', 'p2', { opened: refused }), to: { peerNonce: 'p1', localNonce: 'n1', drainNonce: 'p2' }, effects: ['deliver refused plaintext'] },
  { name: 'a good answer after it closes the way out again', from: { ...waiting, drainNonce: 'px' }, event: respond('n1', 'p2'), to: { drainNonce: null, peerNonce: 'p2' }, effects: ['record received p2', 'answered', 'deliver hi'] },
  { name: 'conclude with a peer that lost the key: a real answer still has its time', from: { ...waiting, drainNonce: 'p2', asking: 'conclude' }, event: approved('conclude'), to: { state: 'init_exchange', asking: null, concluding: true, drainNonce: 'p2', since: NOW }, effects: [] },
  { name: 'concluding, and the answer is refused: its nonce may be anybody’s', from: { ...waiting, concluding: true }, event: respond('n1', 'p2', { opened: refused }), to: { state: 'init_exchange', concluding: true, drainNonce: 'p2' }, effects: ['deliver refused plaintext'] },
  { name: 'concluding, a real answer is not overdue: again', from: { ...waiting, concluding: true, drainNonce: 'p2', since: NOW - 9_000 }, event: tick(), to: { state: 'init_exchange', tries: 1 }, effects: ['send request p1 n1'] },
  { name: 'concluding, a real answer is overdue: concluded with the other', from: { ...waiting, concluding: true, drainNonce: 'p2', since: NOW - 10_000 }, event: tick(), to: { state: 'init_finalize_propose', concluding: false, localReference: 'fresh-ref' }, effects: ['send conclude p2 fresh-ref'] },
  { name: 'tick in their turn: again', from: waiting, event: tick(), to: { tries: 1, localNonce: 'n1' }, effects: ['send request p1 n1'] },
  { name: 'tick in their turn, text or not: the line as it was', from: waiting, event: tick(7), to: { tries: 1, localNonce: 'n1', exchangeCount: 2 }, effects: ['send request p1 n1'] },
  { name: 'they were silent for a day', from: { ...waiting, since: NOW - PATIENCE_MS }, event: tick(), to: { state: 'init_ready', session: null, localReference: null, peerReference: null }, effects: ['unask', 'unsend', 'end ended', 'note: The peer did not answer for a day.'] },
  { name: 'our turn, nothing to say yet', from: turn, event: tick(), to: { dueAt: NOW + 4_000 }, effects: [] },
  { name: 'our turn, text', from: turn, event: tick(7), to: { localNonce: 'fresh-nonce', exchangeCount: 3 }, effects: ['send request p1 fresh-nonce 7', 'record sent fresh-nonce', 'carried 7'] },
  { name: 'our turn, idle long enough', from: { ...turn, dueAt: NOW }, event: tick(), to: { localNonce: 'fresh-nonce', exchangeCount: 3 }, effects: ['send request p1 fresh-nonce', 'record sent fresh-nonce'] },
  { name: 'asked to conclude', from: turn, event: { type: 'askConclude' }, to: { asking: 'conclude' }, effects: ['ask conclude'] },
  { name: 'asked twice', from: { ...turn, asking: 'conclude' }, event: { type: 'askConclude' }, to: nothing, effects: [] },
  { name: 'conclude approved in our turn', from: { ...turn, asking: 'conclude' }, event: approved('conclude'), to: { state: 'init_finalize_propose', localReference: 'fresh-ref', asking: null, session: 's' }, effects: ['send conclude p1 fresh-ref'] },
  { name: 'conclude approved in their turn: with the next answer', from: { ...waiting, asking: 'conclude' }, event: approved('conclude'), to: { state: 'init_exchange', concluding: true, asking: null }, effects: [] },
  { name: 'that answer comes', from: { ...waiting, concluding: true }, event: respond('n1', 'p2'), to: { state: 'init_finalize_propose', concluding: false, peerNonce: 'p2' }, effects: ['record received p2', 'answered', 'deliver hi', 'send conclude p2 fresh-ref'] },
  { name: 'that answer does not come for two minutes', from: { ...waiting, concluding: true, since: NOW - 120_000 }, event: tick(), to: { state: 'init_ready', session: null }, effects: ['unask', 'unsend', 'end ended', 'note: The peer did not answer. Ended on our side.'] },
  { name: 'conclude approved that nobody asked for', from: turn, event: approved('conclude'), to: nothing, effects: ['drop: nothing to approve'] },
  { name: 'conclude declined', from: { ...turn, asking: 'conclude' }, event: { type: 'declined', step: 'conclude', reason: 'no' }, to: { asking: null, state: 'init_exchange', session: 's' }, effects: ['note: no'] },
  { name: 'confirm in a session: the first one counts', from: waiting, event: confirm('c2'), to: nothing, effects: ['drop: confirm in init_exchange'] },
  { name: 'finish before we concluded', from: waiting, event: finish('ours', 'theirs'), to: nothing, effects: ['drop: finish in init_exchange'] },
  { name: 'stop ends the session', from: waiting, event: { type: 'stop', reason: 'r' }, to: { state: 'init_ready', session: null, localNonce: null, offer: null }, effects: ['unask', 'unsend', 'end ended', 'note: r'] },
  { name: 'stop before the first answer: the confirm may not be used up', from: { ...waiting, exchangeCount: 1 }, event: { type: 'stop', reason: 'r' }, to: { state: 'init_ready', session: null, offer: { ...offer, nonce: 'p1' } }, effects: ['unask', 'unsend', 'end ended', 'note: r'] },

  // init_finalize_propose
  { name: 'finish with our reference: close', from: proposing, event: finish('ours', 'theirs'), to: { state: 'init_finalize_close', peerReference: 'theirs', session: null, finalizeRetryCount: 1, dueAt: NOW + CLOSE_INTERVAL_MS }, effects: ['send close theirs ours', 'forget', 'end closed'] },
  { name: 'finish with another reference', from: proposing, event: finish('x', 'theirs'), to: nothing, effects: ['drop: finish with a reference that is not ours'] },
  { name: 'finish before a reference was made', from: { ...proposing, localReference: null }, event: finish('', 'theirs'), to: nothing, effects: ['drop: finish with a reference that is not ours'] },
  { name: 'tick: conclude again, the same reference', from: proposing, event: tick(), to: { tries: 1, finalizeRetryCount: 2, localReference: 'ours' }, effects: ['send conclude p1 ours'] },
  { name: 'no finish for a quarter of an hour', from: { ...proposing, since: NOW - ENDING_PATIENCE_MS }, event: tick(), to: { state: 'init_ready', session: null, localReference: 'ours', peerReference: null }, effects: ['unask', 'unsend', 'end ended', 'note: The peer did not confirm the end. Ended on our side.'] },
  { name: 'the quarter of an hour counts only while we are on the relay', from: { ...proposing, since: NOW - ENDING_PATIENCE_MS }, event: tick(), env: { onlineSince: NOW - 1 }, to: { state: 'init_finalize_propose', tries: 1 }, effects: ['send conclude p1 ours'] },
  { name: 'late respond', from: proposing, event: respond('n1', 'p2'), to: nothing, effects: ['drop: respond in init_finalize_propose'] },
  { name: 'declined, too late', from: proposing, event: { type: 'declined', step: 'conclude', reason: 'no' }, to: nothing, effects: ['drop: declined in init_finalize_propose'] },

  // init_finalize_close
  { name: 'finish again: no close has arrived', from: closing, event: finish('ours', 'theirs'), to: nothing, effects: ['send close theirs ours'] },
  { name: 'finish with another reference of theirs: the first one counts', from: closing, event: finish('ours', 'x'), to: { peerReference: 'theirs' }, effects: ['drop: finish in init_finalize_close'] },
  { name: 'confirm of the next session, too early', from: closing, event: confirm('c2'), to: nothing, effects: ['drop: confirm in init_finalize_close'] },
  { name: 'tick: another close', from: closing, event: tick(), to: { finalizeRetryCount: 2, dueAt: NOW + CLOSE_INTERVAL_MS }, effects: ['send close theirs ours'] },
  { name: 'after four: cut, the references stay', from: { ...closing, finalizeRetryCount: CLOSES }, event: tick(), to: { state: 'init_ready', localReference: 'ours', peerReference: 'theirs', localNonce: null, peerNonce: null, line: null, dueAt: null, wanted: false, finalizeRetryCount: 0 }, effects: [] },
]

describe('the initiator', () => {
  it.each(rows.map((row) => [`${row.from.state}: ${row.name}`, row] as const))('%s', (_name, row) => {
    const before = structuredClone(row.from)
    const { thread, effects } = initiator(row.from, row.event, env(row.env))
    expect(told(effects)).toEqual(row.effects)
    expect(thread).toMatchObject(row.to)
    // What the row does not speak of is as it was, or belongs to the timer.
    if (row.to === nothing) expect(thread).toEqual(before)
    expect(row.from, 'pure').toEqual(before)
  })

  it('sends close exactly four times, a second apart, and then rests', () => {
    let t = initiator(proposing, finish('ours', 'theirs'), env()).thread
    let now = NOW
    const closes: number[] = [now]
    while (t.dueAt !== null) {
      now = t.dueAt
      const next = initiator(t, tick(), env({ now }))
      if (told(next.effects).includes('send close theirs ours')) closes.push(now)
      t = next.thread
    }
    expect(closes).toEqual([NOW, NOW + 1_000, NOW + 2_000, NOW + 3_000])
    expect(t.state).toBe('init_ready')
  })

  it('repeats with growing gaps, never under four seconds, and gives up', () => {
    let t = initiator(turn, tick(7), env()).thread
    const gaps: number[] = []
    let now = NOW
    while (t.dueAt !== null && t.state === 'init_exchange') {
      gaps.push(t.dueAt - now)
      now = t.dueAt
      t = initiator(t, tick(), env({ now })).thread
    }
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(4_000)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(72_000)
    expect(now - NOW).toBeGreaterThanOrEqual(PATIENCE_MS)
    expect(now - NOW).toBeLessThan(PATIENCE_MS + 72_000)
    expect(t).toMatchObject({ state: 'init_ready', session: null })
  })
})
