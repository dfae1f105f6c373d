import type { Genesis, PeerId, Zeqond } from '../brand.ts'
import { DAY, TICK_MS, ticks } from '../ledger/zeqond.ts'
import type { MatchWords } from './match-words.ts'
import type { EndReason, Role, Suite } from './statement.ts'

export type InitiatorState = 'i.ask1' | 'i.sent' | 'i.acc' | 'i.ask2' | 'i.keyed' | 'i.act'
export type ResponderState = 'r.ask1' | 'r.acc' | 'r.keyed' | 'r.ask3' | 'r.act'
export type SharedState = 'none' | 'open' | 'closing' | 'closed' | 'ended' | 'frozen'
export type StateName = InitiatorState | ResponderState | SharedState

/** Rows of a session: A1–A4 on the initiator's chain, B1–B4 on the responder's, and each party's abort or close. */
export type OwnRow = 'A1' | 'A2' | 'A3' | 'B1' | 'B2' | 'B3'
export type RowName = OwnRow | 'A4' | 'B4' | 'ownEnd' | 'peerEnd'

/** What a person, or a policy for one, decides. */
export type AskStep = 'propose' | 'accept' | 'key' | 'activate' | 'close' | 'abort'

/** Where a row of the session is. `at`: Unix ms when it was written or came. */
export interface RowMark {
  readonly seq: number
  readonly hash: string
  readonly zeqond: Zeqond
  readonly at: number
}

/**
 * One handshake and its session: one instance of the contract on the own chain. Plain data; the reducers read nothing else,
 * and an event of one thread changes no other (docs/handshake.md).
 */
export interface Thread {
  /** 16 random bytes, hex. */
  readonly id: string
  readonly role: Role
  readonly peerId: PeerId
  readonly peerGenesis: Genesis
  readonly state: StateName
  /** The initiator's `session_nonce`: names the session on both chains. */
  readonly nonce: string
  /** The own contract, named before there is a row of it. */
  readonly contractId: string
  /** Of B1; null for an initiator that has not seen it. */
  readonly responderNonce: string | null
  /** Own suites, best first. */
  readonly suites: readonly Suite[]
  /** Of B1. */
  readonly suite: Suite | null
  /** Ticks that the own proposal stays open: 111,196 by hand, 386 by policy. */
  readonly lifetime: number
  /** `expires_zeqond` of A1, once there is one. */
  readonly expires: Zeqond | null
  /** The initiator's half of the match words (16 bytes, hex): own, or shown by the peer. */
  readonly x: string | null
  /** The responder's half. */
  readonly y: string | null
  /** `words_commit` of A1. */
  readonly wordsCommit: string
  readonly words: MatchWords | null
  /** Questions that wait. */
  readonly asking: readonly AskStep[]
  /** The person approved key and activate of this session together with an earlier step. */
  readonly rest: boolean
  /** The own ephemeral public key, hex. Set once in the life of a thread: a second one under one contract would give a second set of keys. */
  readonly eph: string | null
  readonly sessionId: string | null
  readonly rows: Readonly<Partial<Record<RowName, RowMark>>>
  /** Seq of an activate row that came before the own one was written. */
  readonly kept: number | null
  readonly end: { readonly reason: EndReason; readonly by: 'us' | 'them' } | null
  /**
   * It ended while the own ledger took no rows: its abort or close row has still to be written, with this decision. `tell`: the peer hears of it then.
   */
  readonly owed: { readonly decision: string | null; readonly tell: boolean } | null
  /** Why it is frozen, for the person. */
  readonly frozen: string | null
  readonly createdAt: number
  /** Unix ms of the last change of state. */
  readonly since: number
}

/** Everything a reducer may not make itself. */
export interface Env {
  /** Unix ms. */
  readonly now: number
  /** The own tick. */
  readonly tick: Zeqond
  /** The least tick that an own row would be stamped with now. */
  readonly stamp: Zeqond
  /** Guard F: why nothing may be agreed with this peer now; null = it may. */
  readonly barred: string | null
  /** Why the own ledger takes no row of this thread now (it recovers, the clock is doubted, it is revoked); null = it does. */
  readonly mute: string | null
}

/** Guards V, W, C and MAC of a row of the peer's, judged over both chains. */
export type Check =
  | { readonly ok: true }
  /**
   * `late`: stamped or seen after its time; `ahead`: of the own clock; `hidden`: it may be right, but rows before it are not shown yet; `own`: it shows
   * that our chain is an old copy. None is a contradiction of the peer.
   */
  | { readonly ok: false; readonly kind: 'late' | 'ahead' | 'hidden' | 'own' | 'contradiction'; readonly why: string }

export type PeerRowName = OwnRow | 'A4' | 'B4' | 'peerEnd'

/** A verified row of the peer's in this session. */
export interface RowEvent {
  readonly type: 'row'
  readonly name: PeerRowName
  readonly mark: RowMark
  readonly check: Check
  /** With `peerEnd`. */
  readonly reason?: EndReason
  /** With B1. */
  readonly responderNonce?: string
  readonly suite?: Suite
}

export type Event =
  | { readonly type: 'propose' }
  | { readonly type: 'approved'; readonly step: AskStep; readonly decision: string | null; readonly rest: boolean }
  /** `silent`: the peer was blocked with it, it hears nothing. */
  | { readonly type: 'rejected'; readonly step: AskStep; readonly reason: EndReason; readonly silent: boolean }
  /** Asks for the decision to end. */
  | { readonly type: 'wantEnd' }
  | { readonly type: 'ring'; readonly y: string }
  | { readonly type: 'show'; readonly x: string; readonly opens: boolean; readonly words: MatchWords }
  | RowEvent
  /** An abort of a peer that has no row of the session. */
  | { readonly type: 'peerAbort'; readonly reason: EndReason }
  | { readonly type: 'timer' }
  | { readonly type: 'gaveUp' }
  | { readonly type: 'glare' }
  | { readonly type: 'channelClosed'; readonly reason: EndReason }
  /** The own ephemeral or the keys cannot be read any more. */
  | { readonly type: 'lost' }
  /** Ends it without a question: keys changed, peer forgotten. */
  | { readonly type: 'stop'; readonly reason: EndReason }
  /** The peer is proved to have two histories, or to have gone back. */
  | { readonly type: 'fork'; readonly why: string }
  /**
   * An end that is owed may be written. `rows`: what the own chain has of the session by now (a peer may have given some back), `reachable`: the peer's
   * card is at hand.
   */
  | { readonly type: 'pay'; readonly rows: Thread['rows']; readonly sessionId: string | null; readonly reachable: boolean }

export type MessageType = 'propose' | 'ring' | 'show' | 'accept' | 'key' | 'activate' | 'seal' | 'close' | 'abort'

export type Effect =
  /** A step row, with its token. Before A1 and B1 goes the row that creates the contract. */
  | { readonly do: 'append'; readonly row: OwnRow; readonly decision: string | null }
  | { readonly do: 'seal' }
  | { readonly do: 'end'; readonly kind: 'abort' | 'close'; readonly reason: EndReason; readonly decision: string | null }
  | { readonly do: 'send'; readonly t: MessageType }
  /** `auto`: only if no person need be asked; the question itself comes later. */
  | { readonly do: 'ask'; readonly step: AskStep; readonly auto: boolean }
  | { readonly do: 'unask' }
  | { readonly do: 'makeEph' }
  | { readonly do: 'derive' }
  | { readonly do: 'wipe'; readonly what: 'eph' | 'all' }
  | { readonly do: 'pinHead'; readonly seq: number }
  | { readonly do: 'open' }
  | { readonly do: 'closeChannel'; readonly reason: EndReason }
  /** What a preview or a page of this thread shows has changed. */
  | { readonly do: 'changed' }
  | { readonly do: 'silence' }
  | { readonly do: 'note'; readonly level: 'info' | 'caution' | 'danger'; readonly text: string }
  /** An event that changed nothing; counted, not shown. */
  | { readonly do: 'drop'; readonly why: string }

export interface Step {
  readonly thread: Thread
  readonly effects: readonly Effect[]
}

export const step = (thread: Thread, changes: Partial<Thread>, ...effects: Effect[]): Step => ({ thread: { ...thread, ...changes }, effects })
export const drop = (thread: Thread, why: string): Step => ({ thread, effects: [{ do: 'drop', why }] })
export const note = (text: string, level: 'info' | 'caution' | 'danger' = 'info'): Effect => ({ do: 'note', level, text })

/** Handshakes that may be open with one peer at a time. */
export const MOST_OPEN = 4
/** Proposals between policies stay open for 5 min. */
export const POLICY_LIFETIME = 386
export const HAND_LIFETIME = Number(DAY)
/** A row so many ticks ahead of the own clock is not acted on; and a peer's clock may be so far behind. */
export const CLOCK_TOLERANCE = 77n
/** Without the initiator's half of the words the question comes after this, ms: it may be offline. */
export const WORDS_WAIT_MS = 2_000
/** How long a closed session waits for the peer's close row, ms. */
export const CLOSING_MS = 60_000
/** How long the end of a session is told to a peer that does not answer, ms. */
export const TELL_MS = 7 * 24 * 3_600_000

/** Ended for good: nothing of it is left to happen. */
export const isOver = (state: StateName): boolean => state === 'closed' || state === 'ended' || state === 'frozen'
/** Between proposal and open. */
export const isHandshake = (state: StateName): boolean => state.startsWith('i.') || state.startsWith('r.')
/** Has the own activate row been written? From then on an end is a close. */
export const isActive = (t: Thread): boolean => (t.role === 'initiator' ? t.rows.A3 : t.rows.B3) !== undefined
/** Has the own chain a step of this session? */
export const hasRow = (t: Thread): boolean => (t.role === 'initiator' ? t.rows.A1 : t.rows.B1) !== undefined

const BEFORE: Readonly<Record<OwnRow, 'A1' | 'B1' | 'B2' | 'A2' | null>> = { A1: null, B1: 'A1', B2: 'B1', A2: 'B2', A3: 'A2', B3: 'A2' }

/** The last tick a step row may be stamped with (guard T); null where the row it counts from is not there. */
export const limitOf = (t: Thread, row: OwnRow): bigint | null => {
  if (row === 'B1') return t.expires === null ? null : ticks(t.expires)
  const before = BEFORE[row]
  const mark = before === null ? undefined : t.rows[before]
  return mark === undefined ? null : ticks(mark.zeqond) + DAY
}

/** Unix ms from which on the tick is over. */
const afterTick = (tick: bigint): number => Number(tick + 1n) * TICK_MS

/** The row whose time runs in a state, and whose it is to write. */
const RUNNING: Readonly<Partial<Record<StateName, readonly [OwnRow, 'own' | 'peer']>>> = {
  'i.sent': ['B1', 'peer'],
  'i.acc': ['B2', 'peer'],
  'i.ask2': ['A2', 'own'],
  'i.keyed': ['A3', 'own'],
  'i.act': ['B3', 'peer'],
  'r.ask1': ['B1', 'own'],
  'r.acc': ['B2', 'own'],
  'r.keyed': ['A2', 'peer'],
  'r.ask3': ['B3', 'own'],
  'r.act': ['A3', 'peer'],
}

/** Unix ms when the state has run out, or null. A peer's row may come the clock's tolerance later. */
export const expiryOf = (t: Thread): number | null => {
  if (t.state === 'i.ask1') return t.createdAt + HAND_LIFETIME * TICK_MS
  const running = RUNNING[t.state]
  const limit = running === undefined ? null : limitOf(t, running[0])
  if (running === undefined || limit === null) return null
  return afterTick(running[1] === 'own' ? limit : limit + CLOCK_TOLERANCE)
}

/** Unix ms of the next `timer` event this thread needs, or null. It follows from the thread, so a restart loses none. */
export const dueOf = (t: Thread): number | null => {
  if (t.state === 'closing') return t.since + CLOSING_MS
  const expiry = expiryOf(t)
  if (t.state !== 'r.ask1' || t.asking.includes('accept')) return expiry
  return Math.min(t.since + WORDS_WAIT_MS, expiry ?? Number.POSITIVE_INFINITY)
}

/** Guard T for a row of one's own: would it be stamped in time? */
export const inTime = (t: Thread, row: OwnRow, env: Env): boolean => {
  const limit = limitOf(t, row)
  return limit !== null && ticks(env.stamp) <= limit
}

export interface NewThread {
  readonly id: string
  readonly peerId: PeerId
  readonly peerGenesis: Genesis
  readonly nonce: string
  readonly contractId: string
  readonly suites: readonly Suite[]
  readonly wordsCommit: string
  readonly now: number
}

const fresh = (made: NewThread) => ({
  id: made.id,
  peerId: made.peerId,
  peerGenesis: made.peerGenesis,
  nonce: made.nonce,
  contractId: made.contractId,
  suites: made.suites,
  wordsCommit: made.wordsCommit,
  createdAt: made.now,
  since: made.now,
  state: 'none' as const,
  suite: null,
  words: null,
  asking: [],
  rest: false,
  eph: null,
  sessionId: null,
  rows: {},
  kept: null,
  end: null,
  owed: null,
  frozen: null,
})

/** All chance of a proposal is made here, before the question: the statement that is shown is then the one that is signed. */
export const newInitiator = (made: NewThread & { readonly x: string; readonly lifetime: number }): Thread => ({
  ...fresh(made),
  role: 'initiator',
  responderNonce: null,
  lifetime: made.lifetime,
  expires: null,
  x: made.x,
  y: null,
})

export const newResponder = (made: NewThread & { readonly y: string; readonly responderNonce: string; readonly expires: Zeqond }): Thread => ({
  ...fresh(made),
  role: 'responder',
  responderNonce: made.responderNonce,
  lifetime: 0,
  expires: made.expires,
  x: null,
  y: made.y,
})
