import type { Genesis, PeerId, Zeqond } from '../brand.ts'
import type { SecretBytes } from '../crypto/secret.ts'
import type { CheckedRow } from '../ledger/chain.ts'
import type { EquivocationProof } from '../ledger/equivocation.ts'
import type { FindingCode } from '../ledger/findings.ts'
import type { Followed, HeadVerdict, Ledger } from '../ledger/ledger-types.ts'
import type { TallyToken } from '../ledger/tally.ts'
import type { Ports } from '../ports.ts'
import type { Store } from '../store/store.ts'
import type { Work } from '../work.ts'
import type { BoxPayload } from './box.ts'
import type { Card, CheckedCard } from './card.ts'
import type { CardNews, KnownPeer } from './card-book.ts'
import type { Body, ErrCode, Outgoing } from './message.ts'
import type { Suite } from './statement.ts'

/** What of the ledger the delivery needs. */
export type LedgerPort = Pick<
  Ledger,
  | 'own'
  | 'machine'
  | 'head'
  | 'row'
  | 'rows'
  | 'rotations'
  | 'transitions'
  | 'followed'
  | 'followedCount'
  | 'follow'
  | 'offer'
  | 'keepHead'
  | 'keptHeads'
  | 'ownHead'
  | 'keepToken'
>

/** A message as its handler gets it: signature, form, addresses, time and rows are verified, and it is the first of its id. */
export type Inbound = InboundCommon & Fields<Body>
interface InboundCommon {
  readonly from: PeerId
  /** The sender's machine. */
  readonly genesis: Genesis
  readonly peer: Followed
  /** Keys in force, suites, name. */
  readonly card: CheckedCard
  readonly id: string
  readonly re: string | null
  /** The sender's clock. */
  readonly at: Zeqond
  /** Rows of the message that show their payload, in order; stored, and contiguous with all before them. Skeletons that only fill gaps are left out. */
  readonly rows: readonly CheckedRow[]
  /** Each fits its row. */
  readonly tokens: readonly TallyToken[]
  /** With a page of the own chain that a peer kept: its rows as they came, for `adoptRows`. */
  readonly page?: readonly unknown[] | undefined
}
type Fields<B> = B extends unknown ? Omit<B, 'v' | 'id' | 're' | 'sg' | 'tg' | 'at' | 'rows' | 'tokens' | 'card'> : never

/** What a handler may answer without an own thread; it is kept as the answer to repeats. */
export type Answer = Outgoing

/** Proof or suspicion that a peer's chain is not one history. */
export interface Fork {
  readonly code: FindingCode
  readonly why: string
  readonly proof: EquivocationProof | null
}

/** What a card means for the peer, beside what the book says of it. */
export interface CardReport {
  readonly news: CardNews
  /** What its head says of the copy of the chain; null when there is no copy, or no head. */
  readonly head: HeadVerdict | null
}

export interface DeliveryDeps {
  readonly ports: Pick<Ports, 'clock' | 'random' | 'log'>
  readonly store: Pick<Store, 'm2mCards' | 'm2mOutbox' | 'm2mInbox' | 'transaction'>
  readonly work: Pick<Work, 'run' | 'after' | 'onRollback'>
  readonly ledger: LedgerPort
  /** Read at each use: a rotation changes the keys. */
  readonly self: { readonly id: PeerId; readonly name: string; readonly signPriv: SecretBytes; readonly kxPriv: SecretBytes }
  /** Best first. */
  readonly suites: readonly Suite[]
  /** When off, nobody is shown the own card who was not written to. */
  readonly discoverable: () => boolean
  /** Changed or blocked: nothing is sent to it, and nothing of it but its card and acks is acted on. */
  readonly frozen: (peerId: PeerId) => boolean
  /** Is there a handshake or session with it? Then it may fetch the rows of a private machine. */
  readonly hasThread: (genesis: Genesis) => boolean
  /** Hands a payload to the relay; false when it does not take it now. */
  readonly transmit: (payload: BoxPayload) => boolean
  /** Runs inside the transaction that takes the message; throwing rolls all of it back, and the peer tries again. `later`: not yet, the peer shall repeat it. */
  readonly onMessage: (message: Inbound) => Answer | 'later' | null
  /** Inside a transaction: nobody answered in time. */
  readonly onGaveUp: (thread: string, peerId: PeerId, message: { readonly id: string; readonly t: Outgoing['t'] }) => void
  /** Inside a transaction: the peer answered `err`, and the message is not repeated. No state of a handshake changes by that alone. */
  readonly onRefused?: (thread: string, peerId: PeerId, message: { readonly id: string; readonly t: Outgoing['t']; readonly code: ErrCode }) => void
  /** Inside a transaction: a card that verified. Not called for one that is known already. */
  readonly onCard: (from: PeerId, card: Card, report: CardReport) => void
  /** Inside a transaction: the peer's chain contradicts itself or a head that it signed. */
  readonly onFork: (from: PeerId, genesis: Genesis, fork: Fork) => void
  readonly note: (peer: PeerId | null, level: 'info' | 'caution' | 'danger', text: string) => void
  readonly dropped: (why: string) => void
}

export interface SendOptions {
  /** Told by `onGaveUp`; `cancel` takes back all of a thread. */
  readonly thread: string | null
  /** The message that this one answers. */
  readonly re?: string | undefined
  /** Unix ms; 24 h from now where it is left out. */
  readonly giveUpAt?: number | undefined
}

export interface Delivery {
  /** The own card, with the present head. Made again only when something in it changed. */
  card(): Card
  /** Value of the key `m2m` of a register. */
  registerKey(): { readonly v: 'zeq-m2m/1'; readonly card: Card }
  /** The key `m2m` of a peer's register, unchecked. */
  fromRegister(from: PeerId, m2m: unknown): void
  /** A card from a file, a QR code or a link, unchecked. Null: refused, and why was noted. */
  importCard(value: unknown): CardReport | null
  /** A register without `m2m`, or any other sign that the peer is there. */
  heard(from: PeerId): void
  /** Has this id shown a card? Then it never becomes a peer of another profile by itself. */
  hasCard(peerId: PeerId): boolean
  peerOf(ref: PeerId | Genesis): KnownPeer | undefined
  /** A payload with intent `m2m` and `b`. Never throws for what is in it. */
  receive(from: PeerId, payload: Readonly<Record<string, unknown>>): void
  /**
   * Puts a message into the outbox, in the caller's transaction; it leaves after the commit. @returns its id. For `ack` and `err`, which are
   * sent once, `re` says what they answer.
   * @throws AppFault NOT_FOUND for a peer without a card, BAD_ARGUMENT for a message that is too large.
   */
  send(to: PeerId | Genesis, message: Outgoing, options: SendOptions): string
  /** Takes back what waits for an answer of this thread. */
  cancel(thread: string): void
  /** Asks a peer for rows; its page comes to `onMessage` unless `genesis` is the peer's own chain. Repeated calls ask once. */
  sync(to: PeerId | Genesis, genesis: Genesis, from: number): void
  /** After a decision of the person: the presented card is the peer's from now on. */
  adopt(presented: CheckedCard): KnownPeer
  forget(peerId: PeerId): void
  /** After the own keys were rotated: what waits is signed anew, under new ids. */
  resign(): void
  /** The relay says that lines come too quickly. */
  slowDown(): void
  /** Once, when everything is wired: goes on with what was parked. */
  start(): void
  pump(): void
  /** Unix ms at which `tick` has something to do; null for never. */
  nextDue(): number | null
  tick(): void
}
