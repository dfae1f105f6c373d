import type { HsStep } from '../../../contract/index.ts'
import type { KxPub, PeerId, SignPub } from '../brand.ts'
import type { HsProof } from './handshake.ts'
import type { HsDraft, HsObject } from './messages.ts'

export type Role = 'initiator' | 'responder'
export type InitiatorStateName = 'init_ready' | 'init_exchange' | 'init_finalize_propose' | 'init_finalize_close'
export type ResponderStateName = 'resp_ready' | 'resp_confirm' | 'resp_exchange' | 'resp_finalize'

/** A confirm that was valid when it came and has not been acted on; the original sends one only once, so it is kept. */
export interface Offer {
  readonly nonce: string
  readonly signPub: SignPub
  readonly kxPub: KxPub
  /** The signed object, for the own ledger. */
  readonly hs?: HsObject | undefined
}

/**
 * One role's state with one peer: the original's row, and what we add to it. A thread is plain data; the reducers
 * never read anything else, and an event of one thread changes no other (docs/protocol.md, "Threads").
 */
export interface Thread<State extends string = InitiatorStateName | ResponderStateName> {
  readonly role: Role
  readonly peerId: PeerId
  readonly state: State
  readonly localNonce: string | null
  readonly peerNonce: string | null
  readonly localReference: string | null
  readonly peerReference: string | null
  readonly exchangeCount: number
  readonly finalizeRetryCount: number
  /** Keys of the handshake or session in progress. */
  readonly signPub: SignPub | null
  readonly kxPub: KxPub | null

  /** The person (or a policy) chose this peer: its confirm becomes a prompt. */
  readonly wanted: boolean
  readonly offer: Offer | null
  /** The step that waits for a decision. */
  readonly asking: HsStep | null
  /** Conclude was approved while a request was unanswered; it goes out with the next answer. */
  readonly concluding: boolean
  /** Last line sent, repeated until answered. */
  readonly line: HsDraft | null
  readonly tries: number
  /** Unix ms of the next tick this thread needs, or null. The only timer a thread has, so a restart loses none. */
  readonly dueAt: number | null
  /** Unix ms since when the peer has owed an answer. */
  readonly since: number
  /** A message without proof of the peer's keys came. Anybody can send one, so it ends nothing; it is the reason given if nothing better comes. */
  readonly unproved: boolean
  /** Open session, or null. */
  readonly session: string | null
  /** Nonce of an answer whose body was refused: good for nothing but concluding with a peer that lost the key. */
  readonly drainNonce: string | null
}

export type InitiatorThread = Thread<InitiatorStateName>
export type ResponderThread = Thread<ResponderStateName>

/** What a message's `sec` or `message` turned out to be, once opened with the thread's key. */
export type Opened =
  /** The text may be empty: a round without words. */
  | { readonly kind: 'opened'; readonly text: string; readonly secNonce: string }
  | { readonly kind: 'refused'; readonly why: 'plaintext' | 'replayed' | 'stale' | 'malformed' | 'signature' | 'decrypt' | 'hash' | 'json' }

/** Everything a reducer may not make itself: time and chance. One nonce and one reference serve one event. */
export interface Env {
  readonly now: number
  readonly nonce: string
  readonly reference: string
  /** 0 to 1. */
  readonly jitter: number
  /** Unix ms since when we have been on the relay without a break; a peer's silence counts only from then. */
  readonly onlineSince?: number
}

export type Proof = HsProof | { readonly ok: false; readonly why: 'absent' | 'malformed' }

export type CommonEvent =
  /** The time in `dueAt` has come, or there is text to send; `text` is the id of the oldest queued message. */
  | { readonly type: 'tick'; readonly text: number | null }
  | { readonly type: 'approved'; readonly step: HsStep }
  | { readonly type: 'declined'; readonly step: HsStep; readonly reason: string }
  /** Ends whatever runs, without a word on the wire. */
  | { readonly type: 'stop'; readonly reason: string }

export type Effect =
  /** Replaces this thread's line in the outbox. */
  | { readonly do: 'send'; readonly draft: HsDraft }
  | { readonly do: 'unsend' }
  | { readonly do: 'record'; readonly flow: 'sent' | 'received'; readonly nonce: string }
  /** Keeps an hs from being accepted again, beyond this cycle and this process. */
  | { readonly do: 'remember'; readonly signPub: SignPub; readonly nonce: string; readonly localMs: number }
  /** Deletes the thread's nonce rows, exactly where the original does. */
  | { readonly do: 'forget' }
  | { readonly do: 'ask'; readonly step: HsStep }
  | { readonly do: 'unask' }
  | {
      readonly do: 'open'
      readonly confirmNonce: string
      readonly requestNonce: string /** The peer's, of this exchange. */
      readonly hs?: HsObject | undefined
    }
  | { readonly do: 'deliver'; readonly opened: Opened }
  | { readonly do: 'carried'; readonly message: number }
  /** Everything carried so far has been answered. */
  | { readonly do: 'answered' }
  | { readonly do: 'end'; readonly how: 'closed' | 'ended'; readonly reason: string }
  /** `present`: a broadcast register, which only a policy answers. The others are entries in the list. */
  | { readonly do: 'knock'; readonly kind: 'present' | 'meet' | 'confirm' | 'reconnect' }
  /** A sentence for the person. */
  | { readonly do: 'note'; readonly text: string }
  /** A message that changed nothing, and why; counted, not shown. */
  | { readonly do: 'drop'; readonly why: string }
  /** A step the original logs, in its words. */
  | { readonly do: 'log'; readonly text: string }

export interface Step<T extends Thread> {
  readonly thread: T
  readonly effects: readonly Effect[]
}

export const step = <T extends Thread>(thread: T, changes: Partial<T>, ...effects: Effect[]): Step<T> => ({ thread: { ...thread, ...changes }, effects })

export const note = (text: string): Effect => ({ do: 'note', text })
export const drop = (why: string): Effect => ({ do: 'drop', why })
export const log = (text: string): Effect => ({ do: 'log', text })

/** How long an idle open thread waits before the next empty round, ms: the peer may hold text. */
export const ROUND_IDLE_MS = 5_000
/** How long a responder waits for text of its own before it answers without, ms. */
export const ANSWER_IDLE_MS = 1_000
/** A peer whose person has to decide may take this long, ms. */
export const PATIENCE_MS = 24 * 3_600_000
/** A peer that has to answer by itself to end a session may take this long, ms. */
export const ENDING_PATIENCE_MS = 15 * 60_000
/** The original sends close four times, a second apart, and then cuts. */
export const CLOSES = 4
export const CLOSE_INTERVAL_MS = 1_000

/** How long the peer has owed an answer, ms, as far as it could have given one. */
export const waited = (t: Thread, env: Env): number => env.now - Math.max(t.since, env.onlineSince ?? 0)

/** Delay before repeat number `tries` + 1, ms: doubling, ±20 %. Never under 5 s at first: a hop of the original takes two. */
export const backoff = (tries: number, jitter: number, first = 5_000, most = 60_000): number =>
  Math.round(Math.min(first * 2 ** Math.min(tries, 10), most) * (0.8 + 0.4 * jitter))

const idle = {
  localNonce: null,
  peerNonce: null,
  localReference: null,
  peerReference: null,
  exchangeCount: 0,
  finalizeRetryCount: 0,
  signPub: null,
  kxPub: null,
  wanted: false,
  offer: null,
  asking: null,
  concluding: false,
  line: null,
  tries: 0,
  dueAt: null,
  since: 0,
  unproved: false,
  session: null,
  drainNonce: null,
} as const

export const newInitiator = (peerId: PeerId): InitiatorThread => ({ ...idle, role: 'initiator', peerId, state: 'init_ready' })
export const newResponder = (peerId: PeerId): ResponderThread => ({ ...idle, role: 'responder', peerId, state: 'resp_ready' })

/** What an ended thread keeps: nothing that could be mistaken for a handshake in progress. References are set apart by the caller. */
export const atRest = {
  localNonce: null,
  peerNonce: null,
  exchangeCount: 0,
  finalizeRetryCount: 0,
  asking: null,
  concluding: false,
  line: null,
  tries: 0,
  dueAt: null,
  unproved: false,
  session: null,
  drainNonce: null,
} as const
