import { z } from 'zod'
import type { RowHash, Zeqond as Tick } from '../brand.ts'
import { hashTagged, type Json } from '../crypto/canonical-json.ts'
import { Hex32, isObject, RowHash as RowHashField, Seq, Signature, Uuid, Zeqond } from './fields.ts'
import { ContractPayload, TransitionType } from './payload.ts'

/**
 * A row as it travels: exactly these fields. `payload: null` = withheld (a skeleton): it still counts for the chain. A host's
 * `id`, `createdAt` and `zspEnvelope` are outside the hash and are stripped before anything is checked.
 */
export const Row = z.strictObject({
  originId: z.string().max(300),
  seq: Seq,
  zeqondNumber: Zeqond,
  prevHash: Hex32,
  transitionType: TransitionType,
  transitionId: Uuid,
  payloadHash: Hex32,
  proofDigest: Hex32.nullable(),
  payload: z.custom<Json>((value) => value === null || isObject(value), 'an object or null expected'),
  stateHash: RowHashField,
  headSig: Signature,
})
export type Row = z.infer<typeof Row>

const UNHASHED = ['id', 'createdAt', 'zspEnvelope']

/** The row without what a host adds outside the hash. Nothing in those fields is a fact. */
export const stripRow = (row: unknown): unknown => (isObject(row) ? Object.fromEntries(Object.entries(row).filter(([key]) => !UNHASHED.includes(key))) : row)

/** H("zeq.payload.v1", payload), hex. @throws FormatError for what canonical JSON refuses. */
export const payloadHash = (payload: Json): string => hashTagged('zeq.payload.v1', payload)

export type RowContent = Omit<Row, 'payload' | 'stateHash' | 'headSig'>

/** What `stateHash` is the hash of. `prevHash` is inside, so the newest head commits to every row before it. */
export const rowPreimage = (row: RowContent): { readonly [key: string]: Json } => ({
  v: 1,
  originId: row.originId,
  seq: row.seq,
  zeqondNumber: row.zeqondNumber,
  prevHash: row.prevHash,
  transitionType: row.transitionType,
  transitionId: row.transitionId,
  payloadHash: row.payloadHash,
  proofDigest: row.proofDigest,
})

/** H("zeq.row.v1", rowPreimage), hex. */
export const stateHash = (row: RowContent): RowHash => hashTagged('zeq.row.v1', rowPreimage(row)) as RowHash

/**
 * The digest of a contract step's operator: H("zeq.ko42.v1", {operators, zeqond, input_digest}), the input without its `sig`.
 * Null for rows that are no contract step. KO42's own number is left out: a sine is not the same to the last bit everywhere.
 */
export const proofDigest = (type: TransitionType, zeqond: Tick, payload: Json): string | null => {
  if (type !== 'contract') return null
  const { operator, input } = ContractPayload.parse(payload)
  const { sig: _, ...unsigned } = input
  return hashTagged('zeq.ko42.v1', { operators: [operator], zeqond, input_digest: hashTagged('zeq.input.v1', unsigned) })
}

/** H("zeq.m2m.stmt.v1", input with its `sig`), hex: acknowledges what was said even where a host's row hash cannot be recomputed. */
export const statementHash = (input: { readonly [key: string]: Json }): string => hashTagged('zeq.m2m.stmt.v1', input)
