import type { Genesis, KxPub, RowHash, SignPub, Zeqond } from '../brand.ts'
import type { Json } from '../crypto/canonical-json.ts'
import type { SecretBytes } from '../crypto/secret.ts'
import type { Ports } from '../ports.ts'
import type { Fork, Recovering, RecoveryReason, StoredRow } from '../store/ledger-records.ts'
import type { RowQuery } from '../store/ledger-rows.ts'
import type { Store } from '../store/store.ts'
import type { Work } from '../work.ts'
import type { Bundle, BundleChain } from './bundle.ts'
import type { ChainState, CheckedChain, CheckedRow, RawChain } from './chain.ts'
import type { Definition } from './contract.ts'
import type { EquivocationProof } from './equivocation.ts'
import type { ExportOptions } from './export.ts'
import type { ChainFinding, FindingCode } from './findings.ts'
import type { ChainHeader } from './genesis.ts'
import type { Head } from './head.ts'
import type { Ko42Result } from './ko42.ts'
import type { TransitionType } from './payload.ts'
import type { Rotate } from './rotation.ts'
import type { Row } from './row.ts'
import type { TallyToken, TokenVerdict } from './tally.ts'

/** What the ledger is made from. */
export interface LedgerDeps {
  readonly ports: Pick<Ports, 'clock' | 'random' | 'log'>
  /** Unlocked. */
  readonly store: Pick<Store, 'chains' | 'ledgerRows' | 'keptHeads' | 'contracts' | 'tokens'>
  readonly work: Pick<Work, 'run' | 'after'>
  readonly self: {
    /** The profile's name; the own machine's slug is made from it once. */
    readonly name: string
    /** Hex. */
    readonly signPub: string
    readonly kxPub: string
    /** Seed of the key in force. */
    readonly signPriv: SecretBytes
  }
  /** Commitment to generation 1 of the recovery seed (`firstCommitment`), hex; used when the machine is made. Null: its keys can never be replaced. */
  readonly next: string | null
  readonly onRow?: (machine: Machine, row: StoredRow) => void
  /** Inside the transaction: a contradiction in a peer's chain was recorded, wherever what shows it came from. */
  readonly onFork?: (genesis: Genesis) => void
}

/** A machine whose rows are signed here. */
export interface Machine {
  /** The chain's number, as text. */
  readonly id: string
  readonly genesis: Genesis
  readonly slug: string
  /** `<parent>:<slug>`. */
  readonly originId: string
  readonly header: ChainHeader
  /** `own`: the identity itself. `host`: its keys were made here, which its first row says. */
  readonly custody: 'own' | 'host'
  readonly isPublic: boolean
  readonly displayName: string | null
  readonly purpose: string | null
  readonly status: 'active' | 'recovering'
  /** Unix ms. */
  readonly createdAt: number
  readonly updatedAt: number
}

export interface NewMachine {
  /** Left out: made from the own name, with -2, -3 … where it is taken. */
  readonly slug?: string | undefined
  /** Default "countersign". */
  readonly parentOrigin?: string | undefined
  /** Default false. */
  readonly isPublic?: boolean | undefined
  readonly displayName?: string | null | undefined
  readonly purpose?: string | null | undefined
}

type JsonObject = { readonly [key: string]: Json }

export interface AppendDraft {
  readonly type: TransitionType
  /** Exactly the fields of its type. On a private machine a salt is added where none is. */
  readonly payload: Json | ((stamp: Zeqond) => Json)
  /** Ticks of the rows it acknowledges. */
  readonly acked?: readonly Zeqond[] | undefined
}

export interface Contract {
  /** Lower-case UUID. */
  readonly id: string
  readonly genesis: Genesis
  readonly definition: Definition
  readonly definitionHash: string
  readonly currentState: string
  readonly createdBy: string
  readonly createdAt: number
  readonly updatedAt: number
}

export interface TransitionRequest {
  readonly to: string
  /** At most 16 KiB and 8 deep. */
  readonly input?: JsonObject | ((at: { readonly stamp: Zeqond; readonly from: string }) => JsonObject) | undefined
  /** The state the caller saw. */
  readonly expected?: string | undefined
  readonly acked?: readonly Zeqond[] | undefined
  readonly triggeredBy?: string | undefined
}

/** One attempt to move a contract, made or refused. */
export interface TransitionRecord {
  readonly id: string
  readonly contractId: string
  readonly fromState: string
  readonly toState: string
  readonly operator: string | null
  readonly input: JsonObject | null
  readonly result: JsonObject | null
  readonly proofDigest: string | null
  readonly zeqondNumber: Zeqond
  readonly success: boolean
  readonly error: string | null
  readonly triggeredBy: string | null
  readonly createdAt: number
  /** The row on the chain; null for a refused one. */
  readonly stateHash: RowHash | null
}

/** A window of a chain, verified again from the stored rows. */
export interface VerifyReport {
  readonly valid: boolean
  /** Rows looked at. */
  readonly count: number
  readonly broken_seq: number | null
  /** Tick of that row. */
  readonly broken_at: Zeqond | null
  readonly reason: string | null
  /** Rows that are known to be lost: first and last seq of each hole. They do not make the chain invalid. */
  readonly missing: readonly (readonly [number, number])[]
  readonly head: Head | null
}

/** A peer's chain, verified up to its last stored row and never signed here. */
export interface Followed {
  readonly genesis: Genesis
  readonly header: ChainHeader
  readonly peerId: string
  readonly state: ChainState
  /** The last row's; null before the first. */
  readonly head: Head | null
  /** Seq of the next row that is due. */
  readonly nextSeq: number
  /** The first contradiction that was seen in it. */
  readonly fork: Fork | null
  readonly gaps: readonly (readonly [number, number])[]
  /** Unix ms. */
  readonly firstSeen: number
}

/**
 * What became of rows that a peer showed. `extended`, `known`: all of them are verified, without a gap, and stored; `rows` are all that were
 * offered, in order, `added` those that are new. `gap`: rows before them are missing; what came before the gap is stored. `bad`, `fork`: nothing of it is stored.
 */
export type Offered =
  | { readonly kind: 'extended'; readonly rows: readonly CheckedRow[]; readonly added: readonly CheckedRow[] }
  | { readonly kind: 'known'; readonly rows: readonly CheckedRow[] }
  | { readonly kind: 'gap'; readonly from: number; readonly rows: readonly CheckedRow[]; readonly added: readonly CheckedRow[] }
  | { readonly kind: 'bad'; readonly finding: ChainFinding }
  | { readonly kind: 'fork'; readonly code: FindingCode; readonly why: string; readonly proof: EquivocationProof | null }

/** What a signed head says of the copy at hand. */
export type HeadVerdict =
  /** The copy has this very row, or the head lies in a hole of it. */
  | { readonly kind: 'ok' }
  /** Behind the end of the copy, properly signed: kept, and every row that comes is held against it. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'contradiction'; readonly code: FindingCode; readonly why: string; readonly proof: EquivocationProof | null }

export interface HeadOptions {
  /** Rotation statements shown with it, oldest first (a card's): keys of rows that the copy has not reached. */
  readonly rotations?: readonly Rotate[] | undefined
  /** The owner shows it as the present end of its chain: a higher one kept before means ROLLBACK. */
  readonly newest?: boolean | undefined
}

export interface NewKeys {
  readonly generation: number
  /** Ed25519 seed and X25519 key of that generation; taken over. */
  readonly sign: SecretBytes
  readonly kxPub: KxPub
  /** Commitment to the generation after it. */
  readonly next: string | null
  readonly reason: 'planned' | 'compromised' | 'lost'
}

/** Doubt about the computer's clock: nothing is appended before a person has confirmed it. */
export interface ClockDoubt {
  /** `behind`: the own last row is later. `jump`: more than 30 days since the clock was last sound. */
  readonly kind: 'behind' | 'jump'
  /** Unix ms of what it is compared with. */
  readonly last: number
  readonly now: number
}

/**
 * The chains of this wallet, own, hosted and followed, over the store. Every write joins the transaction of its caller (`work.run`); nothing is
 * held in memory that a rollback would have to forget. Faults: NOT_FOUND for an unknown machine or contract, STATE where nothing may be appended
 * (recovering, revoked, clock), BAD_ARGUMENT for what cannot be written, LOCKED, and those of the store.
 */
export interface Ledger {
  /** The identity's machine, made when the profile is first opened: `countersign:<slug>`, public. */
  own(): Machine
  machine(ref: { readonly slug: string } | { readonly genesis: string }): Machine | undefined
  /** Own first. */
  machines(): Machine[]
  /** A hosted machine: keys minted here; row 0 says so. @throws AppFault EXISTS for a slug that is taken, BAD_ARGUMENT. */
  create(input: NewMachine): Machine
  update(
    genesis: string,
    change: { readonly isPublic?: boolean | undefined; readonly displayName?: string | null | undefined; readonly purpose?: string | null | undefined },
  ): Machine
  /** Public key in force of a machine or a followed chain. */
  keyInForce(genesis: string): { readonly signPub: SignPub; readonly kxPub: KxPub; readonly generation: number; readonly next: string | null }
  /** Rotation statements on the chain, oldest first: what a card shows. */
  rotations(genesis: string): Rotate[]

  /** Stamps, signs, verifies, stores. Listeners hear of it after the commit. */
  append(genesis: string, draft: AppendDraft): Row
  /** `id`: a contract whose statement had to be signed before. @throws AppFault BAD_ARGUMENT with the lint's words. */
  createContract(
    genesis: string,
    definition: unknown,
    createdBy: string,
    options?: { readonly id?: string | undefined; readonly acked?: readonly Zeqond[] | undefined },
  ): { readonly contract: Contract; readonly row: Row }
  /** @throws AppFault NOT_FOUND "contract_not_found", STATE "No transition: X → Y", STALE "conflict", BAD_ARGUMENT "payload_too_large". */
  transition(
    genesis: string,
    contractId: string,
    request: TransitionRequest,
  ): { readonly contract: Contract; readonly row: Row; readonly ko42: Ko42Result; readonly previous: string }
  contract(genesis: string, id: string): Contract | undefined
  /** Oldest first. */
  contracts(genesis: string): Contract[]
  /** Newest first, made and refused. */
  transitions(genesis: string, contractId: string, limit: number): TransitionRecord[]

  /** The following work on machines and followed chains alike. */
  head(genesis: string): Head | null
  state(genesis: string): ChainState
  row(genesis: string, seq: number): Row | undefined
  rowByHash(genesis: string, stateHash: string): Row | undefined
  /** By seq; at most 1000. */
  rows(genesis: string, query: RowQuery): Row[]
  /** As `rows`, with id and time of storing. */
  stored(genesis: string, query: RowQuery): StoredRow[]
  count(genesis: string, query?: Omit<RowQuery, 'limit'>): number
  /** Rows of all followed chains that were stored after the row with this id, in the order in which they came. */
  followedRows(afterId: number, limit: number): StoredRow[]
  /** Rows that name the session, and those of their contracts; by seq. */
  sessionRows(genesis: string, nonce: string): Row[]
  /** The session's rows (or, without a nonce, the last row only) as a checked chain: what `checkSession`, `judgeHead` and `verifyTokenOnChain` take. */
  checked(genesis: string, nonce?: string | null, seqs?: readonly number[]): CheckedChain
  /** Whole, for audit and export. */
  chain(genesis: string): RawChain
  /** As a bundle holds it. */
  chainOf(genesis: string): BundleChain
  /** A bundle signed by the own key. Rows about other sessions, and of other kinds, go without their payload. @throws AppFault NOT_FOUND, STATE. */
  exportBundle(options: ExportOptions): Bundle
  /** Verifies again from the stored rows; bounds are ticks. Without bounds: everything, in pages. */
  verify(genesis: string, window?: { readonly from?: string | undefined; readonly to?: string | undefined }): VerifyReport
  /** As `verify`, a page at each step (the number of rows so far): a long chain must not hold up everything else. */
  verifying(genesis: string, window?: { readonly from?: string | undefined; readonly to?: string | undefined }): Generator<number, VerifyReport, void>
  /** After each commit: a row of an own or hosted machine. @returns how to stop. */
  on(listener: (machine: Machine, row: StoredRow) => void): () => void

  /** Mints and keeps the token of a step's row; twice gives the same. */
  mint(genesis: string, row: Row): TallyToken
  /** Keeps a peer's token when it fits its row in the copy at hand. */
  keepToken(token: unknown): TokenVerdict
  token(tokenId: string): TallyToken | undefined
  tokenOfRow(stateHash: string): TallyToken | undefined
  tokens(): TallyToken[]
  verifyToken(token: unknown): TokenVerdict

  followed(genesis: string): Followed | undefined
  followedByPeer(peerId: string): Followed[]
  followedCount(): number
  /** First contact: checks slug and keys. Known already: notes the peer's id. @throws AppFault FORMAT, BAD_ARGUMENT (our own keys). */
  follow(header: ChainHeader, peerId: string): Followed
  /** `acceptGap`: the rows answer a request for the missing ones, so whatever is still missing is lost. */
  offer(genesis: string, rows: readonly unknown[], options?: { readonly acceptGap?: boolean }): Offered
  keepHead(head: Head, options?: HeadOptions): HeadVerdict
  /** Heads kept of a followed chain that no row stands for. */
  keptHeads(genesis: string): Head[]

  /** A head of an own machine that a peer shows. `foreign`: signed by our key and not on our chain; the machine is recovering from now on. `unsigned` proves nothing. */
  ownHead(head: Head, rotations?: readonly Rotate[]): 'known' | 'foreign' | 'unsigned'
  /** Of the own machine unless another is named. */
  recovering(genesis?: string): Recovering | null
  setRecovering(reason: RecoveryReason, options?: { readonly genesis?: string; readonly head?: Head }): void
  clearRecovering(genesis?: string): void
  /** Own rows fetched back from a peer: verified and stored, contracts with them. Only while recovering. */
  adoptRows(rows: readonly unknown[], genesis?: string): Offered
  /** The next row goes to floor.seq + 1 after floor.stateHash: a gap, not a fork. Only while recovering. @throws AppFault STATE, FORMAT. */
  skipTo(floor: Head, genesis?: string): void
  /** Why nothing is appended until a person has looked at the clock; null = it is sound. */
  clockDoubt(): ClockDoubt | null
  confirmClock(): void
  /** Appends the rotation to keys that were committed to before; from then on they sign. */
  rotate(keys: NewKeys): Row
  /** The last row of the own machine. */
  revoke(reason: 'retired' | 'compromised' | 'lost'): Row
}
