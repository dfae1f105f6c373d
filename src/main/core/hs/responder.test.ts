import { describe, expect, it } from 'vitest'
import { bob, env, keys, kxPub, NOW, noProof, proof, refused, said, signPub, told } from './reducer.fixture.ts'
import { type ResponderEvent, responder } from './responder.ts'
import { ANSWER_IDLE_MS, ENDING_PATIENCE_MS, type Env, newResponder, PATIENCE_MS, type ResponderThread } from './thread.ts'

const confirmLine = { intent: 'confirm', my_nonce: 'c1', hs: 'response' } as const
const respondLine = { intent: 'respond', your_nonce: 'r1', my_nonce: 'a1', body: null } as const
const finishLine = { intent: 'finish', your_ref: 'theirs', my_ref: 'ours' } as const

const ready = newResponder(bob)
/** After a proper close: the peer may reconnect. */
const rested: ResponderThread = { ...ready, ...keys, localReference: 'ours', peerReference: 'theirs' }
const asked: ResponderThread = { ...ready, wanted: true, asking: 'confirm' }
const confirmed: ResponderThread = { ...ready, state: 'resp_confirm', wanted: true, localNonce: 'c1', line: confirmLine, since: NOW - 10_000, dueAt: NOW }
/** Their request has come: it is our turn. */
const turn: ResponderThread = {
  ...ready,
  ...keys,
  state: 'resp_exchange',
  wanted: true,
  session: 's',
  peerNonce: 'r1',
  localNonce: null,
  exchangeCount: 1,
  since: NOW - 100,
  dueAt: NOW + 900,
}
/** We have answered. */
const waiting: ResponderThread = { ...turn, localNonce: 'a1', line: respondLine, dueAt: NOW }
const finishing: ResponderThread = { ...waiting, state: 'resp_finalize', localReference: 'ours', peerReference: 'theirs', line: finishLine }

interface Row {
  readonly name: string
  readonly from: ResponderThread
  readonly event: ResponderEvent
  readonly env?: Partial<Env>
  readonly to: Partial<ResponderThread>
  readonly effects: readonly string[]
}

const request = (yourNonce: string, myNonce: string, over: Partial<Extract<ResponderEvent, { type: 'request' }>> = {}): ResponderEvent => ({
  type: 'request',
  yourNonce,
  myNonce,
  seen: false,
  proof,
  opened: said('hi'),
  ...over,
})
const conclude = (yourNonce: string, myRef: string): ResponderEvent => ({ type: 'conclude', yourNonce, myRef })
const close = (yourRef: string, myRef: string): ResponderEvent => ({ type: 'close', yourRef, myRef })
const reconnect = (yourRef: string): ResponderEvent => ({ type: 'reconnect', yourRef })
const register = (directed: boolean): ResponderEvent => ({ type: 'register', directed })
const tick = (text: number | null = null): ResponderEvent => ({ type: 'tick', text })
const approved = (step: 'confirm' | 'close' | 'request'): ResponderEvent => ({ type: 'approved', step })
const nothing = {}

// biome-ignore format: a table, one transition a line
const rows: Row[] = [
  // resp_ready
  { name: 'register of a stranger', from: ready, event: register(false), to: nothing, effects: ['knock present'] },
  { name: 'register of one who may reconnect: silence, as the original', from: rested, event: register(false), to: nothing, effects: [] },
  { name: 'a knock', from: ready, event: register(true), to: nothing, effects: ['knock meet'] },
  { name: 'a knock of one who lost its reference', from: rested, event: register(true), to: nothing, effects: ['knock meet'] },
  { name: 'reconnect with our reference', from: rested, event: reconnect('ours'), to: nothing, effects: ['knock reconnect'] },
  { name: 'reconnect with another', from: rested, event: reconnect('x'), to: nothing, effects: ['drop: reconnect with a reference that is not ours'] },
  { name: 'reconnect where we hold none', from: ready, event: reconnect('x'), to: nothing, effects: ['knock reconnect'] },
  { name: 'answer: asks', from: ready, event: { type: 'answer' }, to: { asking: 'confirm', wanted: true }, effects: ['ask confirm'] },
  { name: 'answer twice', from: asked, event: { type: 'answer' }, to: nothing, effects: [] },
  { name: 'approved: confirm', from: asked, event: approved('confirm'), to: { state: 'resp_confirm', asking: null, localNonce: 'fresh-nonce', signPub: null, kxPub: null }, effects: ['send confirm fresh-nonce response', 'record sent fresh-nonce'] },
  { name: 'approved on a reconnect: the references are used up', from: { ...rested, asking: 'confirm' }, event: approved('confirm'), to: { state: 'resp_confirm', localReference: null, peerReference: null }, effects: ['send confirm fresh-nonce response', 'record sent fresh-nonce'] },
  { name: 'approved that nobody asked for', from: ready, event: approved('confirm'), to: nothing, effects: ['drop: nothing to approve'] },
  { name: 'another step approved', from: asked, event: approved('close'), to: nothing, effects: ['drop: approved in resp_ready'] },
  { name: 'declined', from: asked, event: { type: 'declined', step: 'confirm', reason: 'no' }, to: { asking: null, wanted: false }, effects: ['note: no'] },
  { name: 'request of no confirm', from: rested, event: request('c1', 'r1'), to: nothing, effects: ['drop: request in resp_ready'] },
  { name: 'close again, after the first', from: rested, event: close('ours', 'theirs'), to: nothing, effects: ['drop: close in resp_ready'] },
  { name: 'conclude of a session that is over', from: rested, event: conclude('a1', 'theirs'), to: nothing, effects: ['drop: conclude in resp_ready'] },
  { name: 'tick', from: { ...ready, dueAt: NOW }, event: tick(), to: { dueAt: null }, effects: [] },
  { name: 'stop, nothing going on: the references stay', from: rested, event: { type: 'stop', reason: 'r' }, to: nothing, effects: [] },
  { name: 'stop while asking', from: asked, event: { type: 'stop', reason: 'r' }, to: { asking: null, wanted: false }, effects: ['unask', 'unsend', 'note: r'] },

  // resp_confirm
  {
    name: 'the first request, proved: a session',
    from: confirmed,
    event: request('c1', 'r1'),
    to: { state: 'resp_exchange', peerNonce: 'r1', localNonce: null, exchangeCount: 1, signPub, kxPub, line: null, dueAt: NOW + ANSWER_IDLE_MS },
    effects: ['unsend', 'record received r1', 'remember r1', 'open c1 r1', 'deliver hi'],
  },
  { name: 'request that echoes another confirm', from: confirmed, event: request('c0', 'r1'), to: nothing, effects: ['drop: request that echoes no confirm of ours'] },
  { name: 'request where no nonce of ours is out', from: { ...confirmed, localNonce: null }, event: request('', 'r1'), to: nothing, effects: ['drop: request that echoes no confirm of ours'] },
  { name: 'request seen before', from: confirmed, event: request('c1', 'r1', { seen: true }), to: nothing, effects: ['drop: request with a nonce that came before'] },
  { name: 'request without proof: said, and nothing else', from: confirmed, event: request('c1', 'r1', { proof: noProof }), to: { state: 'resp_confirm', unproved: true, localNonce: 'c1', dueAt: NOW, line: confirmLine }, effects: ['note: This peer sent no proof of its keys.'] },
  { name: 'request whose proof is refused', from: confirmed, event: request('c1', 'r2', { proof: { ok: false, why: 'stale' } }), to: { unproved: true, localNonce: 'c1' }, effects: ['note: The proof of this peer\'s keys was refused: stale.'] },
  { name: 'nothing better came for a day', from: { ...confirmed, unproved: true, since: NOW - PATIENCE_MS }, event: tick(), to: { state: 'resp_ready', wanted: false, localNonce: null, unproved: false }, effects: ['unask', 'unsend', 'note: This peer cannot prove its keys.'] },
  { name: 'proof after all', from: { ...confirmed, unproved: true }, event: request('c1', 'r1'), to: { state: 'resp_exchange' }, effects: ['unsend', 'record received r1', 'remember r1', 'open c1 r1', 'deliver hi'] },
  { name: 'proved, the body refused: a session, and the refusal in it', from: confirmed, event: request('c1', 'r1', { opened: refused }), to: { state: 'resp_exchange' }, effects: ['unsend', 'record received r1', 'remember r1', 'open c1 r1', 'deliver refused plaintext'] },
  { name: 'tick: confirm again, the same nonce', from: confirmed, event: tick(), to: { tries: 1, localNonce: 'c1' }, effects: ['send confirm c1 response'] },
  { name: 'a day counts only while we are on the relay', from: { ...confirmed, since: NOW - PATIENCE_MS }, event: tick(), env: { onlineSince: NOW - 60_000 }, to: { state: 'resp_confirm', tries: 1 }, effects: ['send confirm c1 response'] },
  { name: 'no request for a day', from: { ...confirmed, since: NOW - PATIENCE_MS }, event: tick(), to: { state: 'resp_ready', localNonce: null }, effects: ['unask', 'unsend', 'note: The peer did not answer for a day.'] },
  { name: 'register repeated', from: confirmed, event: register(false), to: nothing, effects: [] },
  { name: 'a knock: the confirm again, the same nonce', from: confirmed, event: register(true), to: nothing, effects: ['send confirm c1 response'] },
  { name: 'reconnect repeated', from: confirmed, event: reconnect('ours'), to: nothing, effects: [] },
  { name: 'answer: it is on its way', from: confirmed, event: { type: 'answer' }, to: nothing, effects: ['drop: a confirm is already on its way'] },
  { name: 'conclude before any round', from: confirmed, event: conclude('c1', 'theirs'), to: nothing, effects: ['drop: conclude in resp_confirm'] },
  { name: 'stop', from: confirmed, event: { type: 'stop', reason: 'r' }, to: { state: 'resp_ready', localNonce: null, line: null }, effects: ['unask', 'unsend', 'note: r'] },

  // resp_exchange
  { name: 'the next request', from: waiting, event: request('a1', 'r2'), to: { peerNonce: 'r2', localNonce: null, line: null, exchangeCount: 2, dueAt: NOW + ANSWER_IDLE_MS }, effects: ['unsend', 'record received r2', 'answered', 'deliver hi'] },
  { name: 'the same request again: the answer again', from: waiting, event: request('c1', 'r1', { seen: true }), to: nothing, effects: ['send respond r1 a1'] },
  { name: 'the same request again, body refused as replayed', from: waiting, event: request('c1', 'r1', { seen: true, opened: { kind: 'refused', why: 'replayed' } }), to: nothing, effects: ['send respond r1 a1'] },
  // The original wrote its old nonce back over its row (seen live): it took our answer, and will not take it again.
  { name: 'our newest echo with the nonce it used last: a fresh answer, nothing shown again', from: waiting, event: request('a1', 'r1', { seen: true }), to: { peerNonce: 'r1', localNonce: null, line: null, exchangeCount: 1, dueAt: NOW + ANSWER_IDLE_MS }, effects: ['unsend', 'answered'] },
  { name: 'our newest echo with one it used earlier: the same', from: waiting, event: request('a1', 'r0', { seen: true }), to: { peerNonce: 'r0', localNonce: null, line: null, exchangeCount: 1 }, effects: ['unsend', 'answered'] },
  { name: 'request that echoes an old answer', from: waiting, event: request('a0', 'r2'), to: nothing, effects: ['drop: request that echoes no answer of ours'] },
  { name: 'request again before we answered', from: turn, event: request('c1', 'r1', { seen: true }), to: nothing, effects: ['drop: request that echoes no answer of ours'] },
  { name: 'request in our turn, echoing the empty string', from: turn, event: request('', 'r2'), to: nothing, effects: ['drop: request that echoes no answer of ours'] },
  { name: 'a body that is refused: nothing moves', from: waiting, event: request('a1', 'r2', { opened: refused }), to: nothing, effects: ['deliver refused plaintext'] },
  { name: 'conclude', from: waiting, event: conclude('a1', 'theirs'), to: { state: 'resp_finalize', peerReference: 'theirs', localReference: 'fresh-ref', exchangeCount: 0, session: 's' }, effects: ['send finish theirs fresh-ref', 'unask', 'answered'] },
  { name: 'conclude takes back what was asked', from: { ...waiting, asking: 'close' }, event: conclude('a1', 'theirs'), to: { state: 'resp_finalize', asking: null }, effects: ['send finish theirs fresh-ref', 'unask', 'answered'] },
  { name: 'conclude that echoes something else', from: waiting, event: conclude('a0', 'theirs'), to: nothing, effects: ['drop: conclude that echoes no answer of ours'] },
  { name: 'conclude in our turn', from: turn, event: conclude('a1', 'theirs'), to: nothing, effects: ['drop: conclude that echoes no answer of ours'] },
  { name: 'our turn, nothing to say yet', from: turn, event: tick(), to: nothing, effects: [] },
  { name: 'our turn, text', from: turn, event: tick(7), to: { localNonce: 'fresh-nonce' }, effects: ['send respond r1 fresh-nonce 7', 'record sent fresh-nonce', 'carried 7'] },
  { name: 'our turn, a second without text', from: { ...turn, dueAt: NOW }, event: tick(), to: { localNonce: 'fresh-nonce' }, effects: ['send respond r1 fresh-nonce', 'record sent fresh-nonce'] },
  { name: 'tick in their turn: the answer again', from: waiting, event: tick(7), to: { tries: 1, localNonce: 'a1' }, effects: ['send respond r1 a1'] },
  { name: 'they were silent for a day', from: { ...waiting, since: NOW - PATIENCE_MS }, event: tick(), to: { state: 'resp_ready', session: null }, effects: ['unask', 'unsend', 'end ended', 'note: The peer did not speak for a day.'] },
  { name: 'a knock: the peer lost the session', from: waiting, event: register(true), to: nothing, effects: ['knock meet'] },
  { name: 'register', from: waiting, event: register(false), to: nothing, effects: [] },
  { name: 'reconnect', from: waiting, event: reconnect('ours'), to: nothing, effects: ['drop: reconnect in resp_exchange'] },
  { name: 'answer to the knock: asks, the session lives on', from: waiting, event: { type: 'answer' }, to: { asking: 'confirm', session: 's', state: 'resp_exchange' }, effects: ['ask confirm'] },
  { name: 'approved: the session ends, a new one is offered', from: { ...waiting, asking: 'confirm' }, event: approved('confirm'), to: { state: 'resp_confirm', session: null, localNonce: 'fresh-nonce', peerNonce: null, signPub: null }, effects: ['send confirm fresh-nonce response', 'end ended', 'record sent fresh-nonce'] },
  { name: 'declined: the session lives on', from: { ...waiting, asking: 'confirm' }, event: { type: 'declined', step: 'confirm', reason: 'no' }, to: { asking: null, session: 's', wanted: true }, effects: ['note: no'] },
  { name: 'asked to end it', from: waiting, event: { type: 'askClose' }, to: { asking: 'close' }, effects: ['ask close'] },
  { name: 'asked twice', from: { ...waiting, asking: 'close' }, event: { type: 'askClose' }, to: nothing, effects: [] },
  { name: 'end approved: without a word on the wire', from: { ...waiting, asking: 'close' }, event: approved('close'), to: { state: 'resp_ready', session: null, localReference: null, line: null }, effects: ['unask', 'unsend', 'end ended', 'note: Ended on our side.'] },
  { name: 'end approved that nobody asked for', from: waiting, event: approved('close'), to: nothing, effects: ['drop: nothing to approve'] },
  { name: 'close before finish', from: waiting, event: close('ours', 'theirs'), to: nothing, effects: ['drop: close in resp_exchange'] },

  // resp_finalize
  { name: 'close with both references', from: finishing, event: close('ours', 'theirs'), to: { state: 'resp_ready', session: null, localReference: 'ours', peerReference: 'theirs', localNonce: null, peerNonce: null, line: null, dueAt: null }, effects: ['unsend', 'forget', 'end closed'] },
  { name: 'close with another reference of ours', from: finishing, event: close('x', 'theirs'), to: nothing, effects: ['drop: close with references that are not those concluded'] },
  { name: 'close with another reference of theirs', from: finishing, event: close('ours', 'x'), to: nothing, effects: ['drop: close with references that are not those concluded'] },
  { name: 'conclude again: finish again', from: finishing, event: conclude('a1', 'theirs'), to: nothing, effects: ['send finish theirs ours'] },
  { name: 'conclude with another reference', from: finishing, event: conclude('a1', 'x'), to: nothing, effects: ['drop: another conclude'] },
  { name: 'reconnect with the reference of our finish: its closes were lost', from: finishing, event: reconnect('ours'), to: { state: 'resp_ready', session: null, localReference: 'ours' }, effects: ['unsend', 'forget', 'end closed', 'knock reconnect'] },
  { name: 'reconnect with another', from: finishing, event: reconnect('x'), to: nothing, effects: ['drop: reconnect with a reference that is not ours'] },
  { name: 'tick: finish again, the same reference', from: finishing, event: tick(), to: { tries: 1, localReference: 'ours' }, effects: ['send finish theirs ours'] },
  { name: 'no close for a quarter of an hour', from: { ...finishing, since: NOW - ENDING_PATIENCE_MS }, event: tick(), to: { state: 'resp_ready', session: null, localReference: 'ours' }, effects: ['unask', 'unsend', 'end ended', 'note: The peer did not close. Ended on our side.'] },
  { name: 'a sealed request that echoes us: the conclude was somebody else’s', from: finishing, event: request('a1', 'r2'), to: { state: 'resp_exchange', session: 's', peerNonce: 'r2', localNonce: null, localReference: null, peerReference: null }, effects: ['unsend', 'record received r2', 'answered', 'deliver hi'] },
  { name: 'a request with a body that is refused proves nothing', from: finishing, event: request('a1', 'r2', { opened: refused }), to: nothing, effects: ['drop: request in resp_finalize'] },
  { name: 'a knock', from: finishing, event: register(true), to: nothing, effects: ['knock meet'] },
  { name: 'register', from: finishing, event: register(false), to: nothing, effects: [] },
  { name: 'stop', from: finishing, event: { type: 'stop', reason: 'r' }, to: { state: 'resp_ready', session: null, localReference: 'ours' }, effects: ['unask', 'unsend', 'end ended', 'note: r'] },
]

describe('the responder', () => {
  it.each(rows.map((row) => [`${row.from.state}: ${row.name}`, row] as const))('%s', (_name, row) => {
    const before = structuredClone(row.from)
    const { thread, effects } = responder(row.from, row.event, env(row.env))
    expect(told(effects)).toEqual(row.effects)
    expect(thread).toMatchObject(row.to)
    if (row.to === nothing) expect(thread).toEqual(before)
    expect(row.from, 'pure').toEqual(before)
  })

  it('repeats finish until it is closed, and gives up after a quarter of an hour', () => {
    let t = responder(waiting, conclude('a1', 'theirs'), env()).thread
    let now = NOW
    let finishes = 1
    while (t.dueAt !== null && t.state === 'resp_finalize') {
      now = t.dueAt
      const next = responder(t, tick(), env({ now }))
      if (told(next.effects).includes('send finish theirs fresh-ref')) finishes += 1
      t = next.thread
    }
    expect(finishes).toBeGreaterThan(10)
    expect(now - NOW).toBeGreaterThanOrEqual(ENDING_PATIENCE_MS)
    expect(now - NOW).toBeLessThan(ENDING_PATIENCE_MS + 72_000)
    expect(t).toMatchObject({ state: 'resp_ready', session: null })
  })
})
