import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { PeerId, SignPub } from '../brand.ts'
import { decodeRelayLine } from '../relay/envelope.ts'
import { checkInbound } from '../relay/inbound.ts'
import { checkHs } from './handshake.ts'
import { type InitiatorEvent, initiator } from './initiator.ts'
import { parseLocal } from './local-time.ts'
import { type HsDraft, type HsObject, parseHsMessage } from './messages.ts'
import { type ResponderEvent, responder } from './responder.ts'
import { type Effect, type Env, newInitiator, newResponder, type Opened, type Proof } from './thread.ts'

/** Every line two real HSAgent_1 exchanged through the real relay, and what they logged; see fixtures/README.md. */
interface Entry {
  wall: string
  kind: 'connect' | 'client_line' | 'relay_line' | 'agent_log' | 'closed'
  who?: string
  from?: string
  received_by?: string
  raw_client_line?: string
  raw_relay_line?: string
  log?: string
}
const entries: Entry[] = readFileSync(new URL('./fixtures/hs-transcript.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line))

type Sent = { intent: string; to: string | null; your_nonce?: string; my_nonce?: string; your_ref?: string; my_ref?: string }
const sentLine = (entry: Entry): Sent => JSON.parse(entry.raw_client_line ?? '{}')._payload

/** Plays one agent with our reducers: what it received is fed in, the nonces it chose are used, what it sent is compared. */
const play = (name: 'alice' | 'bob') => {
  const other = name === 'alice' ? 'bob' : 'alice'
  const idOf = (who: string): string => {
    const line = entries.find((e) => e.kind === 'client_line' && e.from === who)
    return JSON.parse(line?.raw_client_line ?? '{}')._payload.from
  }
  const ownId = idOf(name)
  const peerId = idOf(other) as PeerId
  let init = newInitiator(peerId)
  let resp = newResponder(peerId)
  const received = { initiator: new Set<string>(), responder: new Set<string>() }
  const remembered = new Set<string>()
  const drafts: HsDraft[] = []
  const checked: string[] = []

  const upcoming = (from: number, intents: readonly string[], field: 'my_nonce' | 'my_ref'): string => {
    for (const entry of entries.slice(from)) {
      if (entry.kind !== 'client_line' || entry.from !== name) continue
      const sent = sentLine(entry)
      const value = sent[field]
      if (intents.includes(sent.intent) && value !== undefined) return value
    }
    return 'end-of-recording'
  }

  let index = 0
  let now = 0
  const env = (role: 'initiator' | 'responder', event: { type: string; step?: string }): Env => ({
    now,
    nonce: role === 'initiator' ? upcoming(index, ['request'], 'my_nonce') : upcoming(index, event.step === 'confirm' ? ['confirm'] : ['respond'], 'my_nonce'),
    reference: upcoming(index, role === 'initiator' ? ['conclude'] : ['finish'], 'my_ref'),
    jitter: 0.5,
  })
  const effects = (role: 'initiator' | 'responder', all: readonly Effect[]): void => {
    for (const effect of all) {
      if (effect.do === 'send') drafts.push(effect.draft)
      if (effect.do === 'record' && effect.flow === 'received') {
        expect(received[role].has(effect.nonce), 'a nonce is accepted once').toBe(false)
        received[role].add(effect.nonce)
      }
      if (effect.do === 'forget') received[role].clear()
      if (effect.do === 'remember') remembered.add(`${effect.signPub}:${effect.nonce}`)
      // Whoever plays the original wants everything: it answers and approves at once.
      if (effect.do === 'knock' && effect.kind !== 'confirm') toResponder({ type: 'answer' })
      if (effect.do === 'ask' && role === 'initiator') toInitiator({ type: 'approved', step: effect.step })
      if (effect.do === 'ask' && role === 'responder') toResponder({ type: 'approved', step: effect.step })
    }
  }
  const toInitiator = (event: InitiatorEvent): void => {
    const next = initiator(init, event, env('initiator', event))
    init = next.thread
    effects('initiator', next.effects)
  }
  const toResponder = (event: ResponderEvent): void => {
    const next = responder(resp, event, env('responder', event))
    resp = next.thread
    effects('responder', next.effects)
  }

  const prove = (hs: HsObject | 'malformed' | undefined, type: 'init' | 'response', nonce: string): Proof =>
    hs === undefined || hs === 'malformed'
      ? { ok: false, why: 'absent' }
      : checkHs({ hs, type, nonce, localNow: now, ownSignPub: '' as SignPub, replayed: (key, n) => remembered.has(`${key}:${n}`), acceptedZone: null })
  /** The agents' private keys are not in the recording, so bodies cannot be opened here; vectors.test.ts does that. */
  const opened: Opened = { kind: 'opened', text: '', secNonce: '00' }

  const receive = (raw: string): void => {
    const decoded = decodeRelayLine(raw)
    if (decoded.kind !== 'message') throw new Error(`the recording has a line that is dropped: ${decoded.kind}`)
    const inbound = checkInbound(decoded.payload, ownId)
    if (!inbound.ok) return expect(inbound.why).toBe('elsewhere')
    const parsed = parseHsMessage(inbound.payload)
    if (!parsed.ok) throw new Error(parsed.why)
    const m = parsed.message
    switch (m.intent) {
      case 'register':
        return toResponder({ type: 'register', directed: false })
      case 'reconnect':
        return toResponder({ type: 'reconnect', yourRef: m.your_ref })
      case 'confirm': {
        if (!init.wanted && init.state === 'init_ready') init = { ...init, wanted: true }
        const seen = received.initiator.has(m.my_nonce)
        return toInitiator({ type: 'confirm', nonce: m.my_nonce, seen, proof: seen ? { ok: false, why: 'absent' } : prove(m.hs, 'response', m.my_nonce) })
      }
      case 'request': {
        const seen = received.responder.has(m.my_nonce)
        const first = resp.state === 'resp_confirm' && !seen
        return toResponder({
          type: 'request',
          yourNonce: m.your_nonce,
          myNonce: m.my_nonce,
          seen,
          proof: first ? prove(m.hs, 'init', m.my_nonce) : { ok: false, why: 'absent' },
          opened,
        })
      }
      case 'respond':
        return toInitiator({ type: 'respond', yourNonce: m.your_nonce, myNonce: m.my_nonce, seen: received.initiator.has(m.my_nonce), opened })
      case 'conclude':
        return toResponder({ type: 'conclude', yourNonce: m.your_nonce, myRef: m.my_ref })
      case 'finish':
        return toInitiator({ type: 'finish', yourRef: m.your_ref, myRef: m.my_ref })
      case 'close':
        return toResponder({ type: 'close', yourRef: m.your_ref, myRef: m.my_ref })
      default:
        throw new Error(`the recording has a ${m.intent}`)
    }
  }

  const nextRound = (sent: Sent): void => {
    // The original repeats a line that crossed its answer; that is no new round.
    if (drafts.some((d) => d.intent === sent.intent && 'my_nonce' in d && d.my_nonce === sent.my_nonce)) return
    if (sent.intent === 'request' && init.localNonce === null && init.state === 'init_exchange') {
      now = Math.max(now, init.dueAt ?? 0)
      toInitiator({ type: 'tick', text: null })
    }
    if (sent.intent === 'respond' && resp.localNonce === null && resp.state === 'resp_exchange') {
      now = Math.max(now, resp.dueAt ?? 0)
      toResponder({ type: 'tick', text: null })
    }
    if (sent.intent === 'reconnect' && init.state === 'init_ready' && !init.wanted) toInitiator({ type: 'want' })
    if (sent.intent === 'close' && init.state === 'init_finalize_close' && init.finalizeRetryCount < 4) {
      now = Math.max(now, init.dueAt ?? 0)
    }
  }

  for (index = 0; index < entries.length; index += 1) {
    const entry = entries[index] as Entry
    now = Math.max(now, parseLocal(entry.wall) ?? now)
    if (entry.kind === 'relay_line' && entry.received_by === name) receive(entry.raw_relay_line ?? '')
    if (entry.kind === 'client_line' && entry.from === name) {
      const sent = sentLine(entry)
      nextRound(sent)
      if (sent.intent === 'register') continue
      const { intent, your_nonce, my_nonce, your_ref, my_ref } = sent
      expect(drafts, `line ${index}: ${intent}`).toContainEqual(
        expect.objectContaining(JSON.parse(JSON.stringify({ intent, your_nonce, my_nonce, your_ref, my_ref }))),
      )
      checked.push(sent.intent)
    }
    const states = entry.kind === 'agent_log' && entry.who === name ? /^\[(\w+) -> (\w+)\] (.*)$/.exec(entry.log ?? '') : null
    if (states) {
      if (states[3]?.startsWith('EXCHANGE CUT')) toInitiator({ type: 'askConclude' })
      if (states[3]?.startsWith('CUT')) {
        // Four closes and the cut are on a timer of a second each.
        for (let i = 0; i < 4; i += 1) {
          now = Math.max(now, init.dueAt ?? now)
          toInitiator({ type: 'tick', text: null })
        }
      }
      const role = states[2]?.startsWith('init') ? init : resp
      expect(role.state, `line ${index}: ${entry.log}`).toBe(states[2])
      checked.push(`-> ${states[2]}`)
    }
  }
  return { init, resp, checked, drafts }
}

describe.each(['alice', 'bob'] as const)('the recording, played as %s', (name) => {
  it('leads our reducers to the states the original logged, and to the lines it sent', () => {
    const { checked } = play(name)
    const count = (what: string) => checked.filter((c) => c === what).length
    // Three cycles; entering an exchange is logged twice, with the key and with the message.
    expect(count('-> resp_ready')).toBe(3)
    expect(count('-> init_finalize_close')).toBe(3)
    expect(count('-> resp_exchange')).toBe(6)
    for (const intent of ['confirm', 'request', 'respond', 'conclude', 'finish', 'close', 'reconnect']) expect(count(intent), intent).toBeGreaterThanOrEqual(3)
  })
})
