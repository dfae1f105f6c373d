import type { RowPreview } from '../../../contract/index.ts'
import type { Genesis, PeerId } from '../brand.ts'
import type { SecretBytes } from '../crypto/secret.ts'
import type { ChainHeader } from '../ledger/genesis.ts'
import type { Ledger } from '../ledger/ledger-types.ts'
import type { Ports } from '../ports.ts'
import type { PeerRow } from '../store/rows.ts'
import type { Store } from '../store/store.ts'
import type { Work } from '../work.ts'
import type { Answer, Delivery, Inbound } from './delivery-types.ts'
import type { MatchWords } from './match-words.ts'
import type { EndReason, Role, Suite } from './statement.ts'
import type { AskStep, RowName, StateName, Thread } from './thread.ts'

export type LedgerPort = Pick<
  Ledger,
  | 'own'
  | 'keyInForce'
  | 'state'
  | 'row'
  | 'rows'
  | 'sessionRows'
  | 'checked'
  | 'followed'
  | 'follow'
  | 'createContract'
  | 'transition'
  | 'append'
  | 'mint'
  | 'keepHead'
  | 'ownHead'
  | 'recovering'
  | 'clockDoubt'
>

/** What the engine asks of the channel; all inside the caller's transaction. */
export interface ChannelsPort {
  open(session: {
    readonly sessionId: string
    readonly role: Role
    readonly peerId: PeerId
    readonly a2b: SecretBytes
    readonly b2a: SecretBytes
    readonly root: SecretBytes
  }): void
  has(sessionId: string): boolean
  /** No message leaves any more; what comes may still be opened. */
  close(sessionId: string, reason: EndReason): void
  wipe(sessionId: string): void
}

export interface Decision {
  /** H("zeq.decision.v1", entry), hex. */
  readonly decisionHash: string
  readonly by: 'person' | 'policy' | 'person-earlier'
}

export interface M2mDeps {
  readonly ports: Pick<Ports, 'clock' | 'random' | 'log'>
  /** Unlocked. */
  readonly store: Pick<Store, 'm2mThreads' | 'm2mSecrets'>
  readonly work: Pick<Work, 'run' | 'emit' | 'touch' | 'after' | 'onRollback'>
  readonly ledger: LedgerPort
  readonly delivery: Pick<Delivery, 'send' | 'cancel'>
  readonly channels: ChannelsPort
  /** Read at each use: a rotation changes them. */
  readonly self: { readonly signPriv: SecretBytes; readonly kxPriv: SecretBytes }
  readonly peers: {
    readonly get: (id: PeerId) => Pick<PeerRow, 'trust' | 'pinnedAt'>
    /** Changed or blocked. */
    readonly frozen: (id: PeerId) => boolean
    /** The machine behind a relay id, by its card; null for a peer without one. */
    readonly machineOf: (id: PeerId) => { readonly genesis: Genesis; readonly header: ChainHeader } | null
  }
  readonly approvals: () => {
    /** Inside the transaction. Asking twice is asking once. */
    ask(thread: string, peerId: PeerId, step: AskStep, expiresAt: number | null): void
    unask(thread: string): void
    /** Does this question wait? */
    asked(thread: string, step: AskStep): boolean
  }
  /**
   * Asks whoever decides without a person, inside the transaction: a policy, or the person's earlier "approve the rest" (`rest`).
   * The decision is then written to the log already. Null: a person is asked.
   */
  readonly auto: (thread: ThreadSummary, step: AskStep) => (Decision & { readonly scope: 'step' | 'handshake' }) | null
  /** What a preview or a page of this thread shows has changed; inside the transaction. */
  readonly changed: (threadId: string) => void
  /** The thread went from one state to another; inside the transaction, after the rows and keys of the new one are there. */
  readonly moved: (thread: ThreadSummary, from: StateName) => void
  readonly notice: (peer: PeerId | null, level: 'info' | 'caution' | 'danger', text: string) => void
  readonly dropped: (why: string) => void
}

/** How far both ledgers have a session, as an audit would say. */
export type Evidence = 'NONE' | 'PROPOSED' | 'ACCEPTED' | 'KEYED_ONE' | 'KEYED_BOTH' | 'ACTIVE_ONE' | 'ACTIVE_BOTH' | 'SEALED'

/** A thread for whoever draws it. Times: Unix ms. */
export interface ThreadSummary {
  readonly id: string
  readonly peerId: PeerId
  readonly peerGenesis: Genesis
  readonly role: Role
  readonly state: StateName
  readonly nonce: string
  readonly contractId: string
  readonly sessionId: string | null
  readonly suite: Suite | null
  readonly evidence: Evidence
  readonly startedAt: number
  readonly since: number
  readonly expiresAt: number | null
  readonly words: MatchWords | null
  readonly asking: readonly AskStep[]
  /** The person approved the rest of this handshake. */
  readonly rest: boolean
  /** In the order of the handshake. `by` us or them; null where it has not happened. */
  readonly steps: readonly {
    readonly row: RowName
    readonly name: 'propose' | 'accept' | 'key' | 'activate' | 'seal'
    readonly by: 'us' | 'them'
    readonly at: number | null
    readonly seq: number | null
    readonly zeqond: string | null
  }[]
  readonly end: { readonly reason: EndReason; readonly by: 'us' | 'them'; readonly text: string } | null
  readonly frozen: string | null
  readonly may: { readonly abort: boolean; readonly close: boolean }
}

/** Everything a prompt of this step shows that only the engine knows. */
export interface Preview {
  readonly rows: readonly RowPreview[]
  readonly words: { readonly words: readonly string[]; readonly chip: number; readonly state: 'shown' } | { readonly state: 'waiting' | 'offline' | 'none' }
  readonly suites: { readonly own: readonly Suite[]; readonly peer: readonly Suite[] | null; readonly chosen: Suite | null }
  readonly sessionId: string | null
  readonly nonce: string
  /** The row of the peer's that the step answers. */
  readonly ack: { readonly row: RowName; readonly seq: number; readonly hash: string; readonly zeqond: string } | null
  /** "Approve the rest of this handshake" makes sense. */
  readonly rest: boolean
  /** Unix ms when the step cannot be taken any more. */
  readonly expiresAt: number | null
}

export type Outcome =
  | ({ readonly approved: true; readonly scope: 'step' | 'handshake' } & Decision)
  | { readonly rejected: true; readonly reason: 'rejected' | 'expired' | 'user' /** The peer was blocked with it. */; readonly silent?: boolean }

/** The m2m handshakes of a profile. Every call is one transaction, or joins the one at hand. */
export interface M2m {
  /**
   * Begins a handshake; the question is asked before anything is written. @returns the thread's id.
   * @throws AppFault NOT_FOUND without a card of the peer, STATE where nothing may be agreed with it now or too much is open.
   */
  propose(peerId: PeerId, options: { readonly byPolicy: boolean }): string
  /** Carries a decision out. @throws AppFault NOT_FOUND; STATE when the step is not possible any more: nothing was done then. */
  execute(threadId: string, step: AskStep, outcome: Outcome): void
  /** Asks whether to close, by session nonce or thread id. @throws AppFault NOT_FOUND, STATE. */
  close(ref: string): void
  /** Gives a handshake up: asked about where the own chain has a row of it (true), else done at once (false). */
  abort(ref: string): boolean
  /** A message of the handshake, for Delivery's `onMessage`. */
  /** 'later': nothing came of it now, its repeat is judged anew. */
  message(message: Inbound): Answer | 'later' | null
  gaveUp(threadId: string): void
  channelClosed(sessionId: string, reason: EndReason): void
  /** The peer's chain was proved to be two. */
  forked(genesis: Genesis, why: string): void
  threads(): ThreadSummary[]
  /** With this peer, those that are not over. */
  live(peerId: PeerId): ThreadSummary[]
  thread(ref: string): ThreadSummary | undefined
  ofSession(sessionId: string): ThreadSummary | undefined
  preview(threadId: string, step: AskStep): Preview
  /** The session's `confirm` key, hex: what an auditor may be shown. */
  confirmKey(sessionId: string): string | null
  /** Unix ms of the next `tick`, or null. */
  nextDue(): number | null
  tick(): void
  /** The own ledger takes rows again: writes the ends that are owed, and looks again at what waited for it. */
  goOn(): void
  /** After unlocking: asks again what waits, ends what cannot be gone on with. */
  resume(): void
  /**
   * Takes over a session of which only rows are left (`lostSessions`), and ends it: `lost_state`. Its peer is told. False: the peer's rows are
   * needed first, since the end has to name a session id that follows from them.
   */
  lost(thread: Thread): boolean
  /** Ends everything with a peer, without asking. */
  stop(peerId: PeerId, reason: EndReason): void
  /** What a guard held back (the peer was changed, the machine recovering) is looked at again. */
  reconsider(peerId: PeerId): void
  /** Is there, or was there, a handshake with this machine? It may then fetch the rows it needs. */
  hasThread(genesis: Genesis): boolean
}
