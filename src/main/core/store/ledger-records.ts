import { z } from 'zod'
import type { ChainState } from '../ledger/chain.ts'
import { EquivocationProof } from '../ledger/equivocation.ts'
import { Genesis, Hex32, JsonObject, KxPub, OriginId, Seq, SignPub, Uuid, Zeqond } from '../ledger/fields.ts'
import { findingCodes } from '../ledger/findings.ts'
import { ChainHeader } from '../ledger/genesis.ts'
import { Head } from '../ledger/head.ts'
import { Row } from '../ledger/row.ts'
import { PeerIdText } from './rows.ts'

/** The ledger's rows as the store keeps them; checked when written and when read. Times are Unix milliseconds. */

const At = z.int().min(0)

const Gaps = z.array(z.tuple([Seq, Seq])).max(1000)

const KeyEpoch = z.strictObject({ sign_pub: SignPub, kx_pub: KxPub, next: Hex32.nullable(), generation: z.int().min(0), from: Seq })

/** "Verified up to here": what the next row is held against. */
export const StoredState: z.ZodType<ChainState> = z.strictObject({
  genesis: Genesis,
  originId: OriginId,
  nextSeq: Seq,
  links: z.array(Hex32).max(2),
  zeqond: Zeqond,
  epochs: z.array(KeyEpoch).min(1).max(1001),
  revokedAt: Seq.nullable(),
})

/**
 * Why a machine appends nothing. `restored`: from a backup, the peers have not been asked yet. `foreign_head`: somebody holds a head
 * signed by our key that is not on our chain, so this profile is an old copy. `damaged`: the end of the chain does not verify.
 * `keys`: the chain's keys in force are not the identity's.
 */
export const RecoveryReason = z.enum(['restored', 'foreign_head', 'damaged', 'keys'])
export type RecoveryReason = z.infer<typeof RecoveryReason>
export const Recovering = z.strictObject({ reason: RecoveryReason, at: At, head: Head.nullable() })
export type Recovering = z.infer<typeof Recovering>

export const MachineInfo = z.strictObject({
  header: ChainHeader,
  isPublic: z.boolean(),
  displayName: z.string().max(255).nullable(),
  purpose: z.string().max(4000).nullable(),
  /** Private keys of a hosted machine, hex: Ed25519 seed and X25519 key. Null: the identity's own keys sign. */
  keys: z.strictObject({ sign: Hex32, kx: Hex32 }).nullable(),
  recovering: Recovering.nullable(),
  /** Rows that were lost for good: first and last seq of each hole. */
  gaps: Gaps,
  /** When the clock was last seen to be sound; null = not known. */
  clockAt: At.nullable(),
  createdAt: At,
  updatedAt: At,
})
export type MachineInfo = z.infer<typeof MachineInfo>

export const Fork = z.strictObject({ code: z.enum(findingCodes), why: z.string().max(500), proof: EquivocationProof.nullable(), at: At })
export type Fork = z.infer<typeof Fork>

export const FollowedInfo = z.strictObject({
  header: ChainHeader,
  peerId: PeerIdText,
  firstSeen: At,
  /** The first contradiction that was seen in this chain. */
  fork: Fork.nullable(),
  /** Rows its owner lost: first and last seq of each hole. */
  gaps: Gaps,
})
export type FollowedInfo = z.infer<typeof FollowedInfo>

export interface MachineRecord {
  readonly id: number
  readonly kind: 'own' | 'host'
  readonly info: MachineInfo
  readonly state: ChainState
}
export interface FollowedRecord {
  readonly id: number
  readonly kind: 'followed'
  readonly info: FollowedInfo
  readonly state: ChainState
}
export type ChainRecord = MachineRecord | FollowedRecord

/** What is kept beside a row and is in no hash: what its operator computed, who asked for it. */
export const RowExtra = z.strictObject({ result: JsonObject.optional(), triggeredBy: z.string().max(256).optional() })
export type RowExtra = z.infer<typeof RowExtra>
export const RowBody = z.strictObject({ row: Row, createdAt: At, extra: RowExtra })
export type RowBody = z.infer<typeof RowBody>

/** A row with what its host adds. `id` grows over all chains of the wallet and is never used again. */
export interface StoredRow extends RowBody {
  readonly id: number
}

export const ContractRecord = z.strictObject({
  id: Uuid,
  genesis: Genesis,
  definition: JsonObject,
  currentState: z.string().min(1).max(64),
  createdBy: z.string().max(256),
  createdAt: At,
  updatedAt: At,
})
export type ContractRecord = z.infer<typeof ContractRecord>

/** A transition that was refused. */
export const FailedTransition = z.strictObject({
  contractId: Uuid,
  fromState: z.string().max(64),
  toState: z.string().max(256),
  operator: z.string().max(64).nullable(),
  input: JsonObject.nullable(),
  zeqond: Zeqond,
  error: z.string().max(500),
  triggeredBy: z.string().max(256).nullable(),
  createdAt: At,
})
export type FailedTransition = z.infer<typeof FailedTransition>
