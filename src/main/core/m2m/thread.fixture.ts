import type { Genesis, PeerId, Zeqond } from '../brand.ts'
import { plusTicks } from '../ledger/zeqond.ts'
import { initiator } from './initiator.ts'
import { responder } from './responder.ts'
import {
  type Effect,
  type Env,
  type Event,
  newInitiator,
  newResponder,
  type PeerRowName,
  type RowEvent,
  type RowMark,
  type RowName,
  type Step,
  type Thread,
} from './thread.ts'

// For the reducers' table tests: threads in each state, events and effects in a few words.

export const TICK = '2310560600' as Zeqond
export const NOW = 2_310_560_600 * 777
export const env = (over: Partial<Env> & { readonly later?: bigint } = {}): Env => {
  const { later = 0n, ...rest } = over
  const tick = plusTicks(TICK, later)
  return { now: NOW + Number(later) * 777, tick, stamp: tick, barred: null, mute: null, ...rest }
}

export const mark = (seq: number, zeqond: Zeqond = TICK): RowMark => ({ seq, hash: seq.toString(16).padStart(2, '0').repeat(32), zeqond, at: NOW })
const marks = (...names: RowName[]): Thread['rows'] => Object.fromEntries(names.map((name, i) => [name, mark(i)]))

const made = {
  id: '01'.repeat(16),
  peerId: 'bob' as PeerId,
  peerGenesis: 'bb'.repeat(32) as Genesis,
  nonce: '02'.repeat(32),
  contractId: '00000000-0000-4000-8000-000000000001',
  suites: ['x25519'],
  wordsCommit: '03'.repeat(32),
  now: NOW,
} as const

const expires = plusTicks(TICK, 111_196n)
const A = newInitiator({ ...made, x: '04'.repeat(16), lifetime: 111_196 })
const B = newResponder({ ...made, y: '05'.repeat(16), responderNonce: '06'.repeat(32), expires })
const eph = 'ee'.repeat(32)
const sessionId = 'dd'.repeat(32)

/** A thread in each state, as the reducers and the engine leave it. */
export const threads = {
  'i.none': A,
  'i.ask1': { ...A, state: 'i.ask1', asking: ['propose'] },
  'i.sent': { ...A, state: 'i.sent', expires, rows: marks('A1') },
  'i.acc': { ...A, state: 'i.acc', expires, rows: marks('A1', 'B1') },
  'i.ask2': { ...A, state: 'i.ask2', expires, eph, asking: ['key'], rows: marks('A1', 'B1', 'B2') },
  'i.keyed': { ...A, state: 'i.keyed', expires, eph, sessionId, asking: ['activate'], rows: marks('A1', 'B1', 'B2', 'A2') },
  'i.act': { ...A, state: 'i.act', expires, eph, sessionId, rows: marks('A1', 'B1', 'B2', 'A2', 'A3') },
  'i.open': { ...A, state: 'open', expires, eph, sessionId, rows: marks('A1', 'B1', 'B2', 'A2', 'A3', 'B3', 'A4') },
  'r.none': B,
  'r.ask1': { ...B, state: 'r.ask1', rows: marks('A1') },
  'r.acc': { ...B, state: 'r.acc', eph, asking: ['key'], rows: marks('A1', 'B1') },
  'r.keyed': { ...B, state: 'r.keyed', eph, rows: marks('A1', 'B1', 'B2') },
  'r.ask3': { ...B, state: 'r.ask3', eph, sessionId, asking: ['activate'], rows: marks('A1', 'B1', 'B2', 'A2') },
  'r.act': { ...B, state: 'r.act', eph, sessionId, rows: marks('A1', 'B1', 'B2', 'A2', 'B3') },
  'r.open': { ...B, state: 'open', eph, sessionId, rows: marks('A1', 'B1', 'B2', 'A2', 'B3', 'A3', 'B4') },
  'i.closing': { ...A, state: 'closing', eph, sessionId, end: { reason: 'user', by: 'us' }, rows: marks('A1', 'B1', 'B2', 'A2', 'A3', 'B3', 'A4', 'ownEnd') },
  'i.ended': { ...A, state: 'ended', x: null, end: { reason: 'user', by: 'us' }, rows: marks('A1', 'ownEnd') },
  'i.closed': { ...A, state: 'closed', x: null, sessionId, end: { reason: 'user', by: 'us' }, rows: marks('A1', 'B1', 'B2', 'A2', 'A3', 'ownEnd') },
  'i.frozen': { ...A, state: 'frozen', frozen: 'because', rows: marks('A1') },
} as const satisfies Record<string, Thread>
export type ThreadName = keyof typeof threads

export const row = (name: PeerRowName, over: Partial<RowEvent> = {}): RowEvent => ({ type: 'row', name, mark: mark(40), check: { ok: true }, ...over })
export const contradiction = { ok: false, kind: 'contradiction', why: 'SESSION_ID: wrong' } as const
export const approved = (step: Extract<Event, { type: 'approved' }>['step'], rest = false): Event => ({
  type: 'approved',
  step,
  decision: 'da'.repeat(32),
  rest,
})
export const rejected = (step: Extract<Event, { type: 'approved' }>['step'], silent = false): Event => ({ type: 'rejected', step, reason: 'rejected', silent })

export const reduce = (from: ThreadName | Thread, event: Event, at: Env = env()): Step => {
  const thread: Thread = typeof from === 'string' ? threads[from] : from
  return thread.role === 'initiator' ? initiator(thread, event, at) : responder(thread, event, at)
}

const word = (e: Effect): string => {
  switch (e.do) {
    case 'append':
      return `append ${e.row}${e.decision === null ? '' : ' decided'}`
    case 'end':
      return `append ${e.kind} ${e.reason}${e.decision === null ? '' : ' decided'}`
    case 'send':
      return `send ${e.t}`
    case 'ask':
      return `ask ${e.step}${e.auto ? ' if automatic' : ''}`
    case 'wipe':
      return `wipe ${e.what}`
    case 'drop':
      return `drop: ${e.why}`
    case 'closeChannel':
      return `close channel`
    default:
      return e.do
  }
}

/** The effects in order, without notes. */
export const told = (step: Step): string[] => step.effects.filter((e) => e.do !== 'note').map(word)
