import { z } from 'zod'
import type { Json } from '../crypto/canonical-json.ts'
import type { SecretBytes } from '../crypto/secret.ts'
import { Genesis, Hex32, hexOf, KxPub, RowHash, Signature, SignPub, Slug, Uuid, Zeqond } from '../ledger/fields.ts'
import { Head } from '../ledger/head.ts'
import { signTagged, verifyOwnSig } from '../ledger/signing.ts'

/**
 * What a party says in a session, signed by itself inside the row, so that who and what survive even a hostile host of the
 * chain. Exactly these fields; an unknown one is an error, since it would be signed without being understood.
 */
export const PROFILE = 'zeq-m2m/1'

export const Suite = z.enum(['x25519mlkem768', 'x25519'])
export type Suite = z.infer<typeof Suite>
/** What this wallet offers and takes, best first. */
export const SUITES: readonly Suite[] = ['x25519']
/** Best first. */
export const Suites = z
  .array(Suite)
  .min(1)
  .refine((suites) => new Set(suites).size === suites.length, 'each suite once')

/** Becomes public, therefore an enum and no text. */
export const EndReason = z.enum(['user', 'rejected', 'expired', 'glare', 'suite', 'clock', 'key_changed', 'bad_peer', 'lost_state', 'done', 'age', 'revoked'])
export type EndReason = z.infer<typeof EndReason>

export const StepKind = z.enum(['propose', 'accept', 'key', 'activate'])
export type StepKind = z.infer<typeof StepKind>
export const Role = z.enum(['initiator', 'responder'])
export type Role = z.infer<typeof Role>

const State = z.enum(['proposed', 'accepted_pending', 'keyed', 'active'])

const common = {
  v: z.literal(PROFILE),
  role: Role,
  session_nonce: Hex32,
  self_genesis: Genesis,
  self_pubkey: SignPub,
  peer_genesis: Genesis,
  peer_pubkey: SignPub,
  peer_slug: Slug,
  contract_id: Uuid,
  definition_hash: Hex32,
  from: State,
  to: State,
  decision_hash: Hex32.nullable(),
  sig: Signature,
}
/** ML-KEM-768: an encapsulation key in B2 (1,184 bytes), a ciphertext in A2 (1,088). Which one fits is the suite's to say. */
const Kem = z.union([hexOf(1184), hexOf(1088)]).nullable()

export const Propose = z.strictObject({
  ...common,
  kind: z.literal('propose'),
  self_kx_pub: KxPub,
  suites: Suites,
  expires_zeqond: Zeqond,
  words_commit: Hex32,
  peer_head: Head.nullable(),
})
export const Accept = z.strictObject({
  ...common,
  kind: z.literal('accept'),
  self_kx_pub: KxPub,
  responder_nonce: Hex32,
  suites: Suites,
  suite: Suite,
  ack_hash: RowHash,
  ack_stmt_hash: Hex32,
  peer_head: Head,
})
export const Key = z.strictObject({
  ...common,
  kind: z.literal('key'),
  ecdh_pub: KxPub,
  kem: Kem,
  ack_hash: RowHash,
  ack_stmt_hash: Hex32,
  peer_head: Head,
})
export const Activate = z.strictObject({
  ...common,
  kind: z.literal('activate'),
  peer_keyed_hash: RowHash,
  peer_keyed_stmt_hash: Hex32,
  session_id: Hex32,
  key_confirm: Hex32,
  peer_head: Head,
})
export const Step = z.discriminatedUnion('kind', [Propose, Accept, Key, Activate])
export type Propose = z.infer<typeof Propose>
export type Accept = z.infer<typeof Accept>
export type Key = z.infer<typeof Key>
export type Activate = z.infer<typeof Activate>
export type Step = z.infer<typeof Step>

const end = { v: z.literal(PROFILE), session_nonce: Hex32, self_genesis: Genesis, peer_genesis: Genesis, decision_hash: Hex32.nullable(), sig: Signature }

export const Seal = z.strictObject({ ...end, kind: z.literal('seal'), session_id: Hex32, peer_active_hash: RowHash, peer_head: Head })
/** `session_id` is null in an abort before it is known. */
export const Abort = z.strictObject({ ...end, kind: z.literal('abort'), session_id: Hex32.nullable(), reason: EndReason, peer_head: Head.nullable() })
export const Close = z.strictObject({ ...end, kind: z.literal('close'), session_id: Hex32, reason: EndReason, peer_head: Head.nullable() })
export const End = z.discriminatedUnion('kind', [Seal, Abort, Close])
export type Seal = z.infer<typeof Seal>
export type Abort = z.infer<typeof Abort>
export type Close = z.infer<typeof Close>
export type End = z.infer<typeof End>

/** Event types of the ends, in rows. */
export const END_TYPES: ReadonlySet<string> = new Set(['m2m.seal', 'm2m.abort', 'm2m.close'])

type Unsigned<S> = S extends { readonly sig: string } ? Omit<S, 'sig'> : never

/** The only moves there are: role and kind decide which transition of the handshake contract a step is. */
export const moveOf = (role: Role, kind: StepKind): { readonly from: string; readonly to: string } | null => {
  if (kind === 'key') return { from: 'accepted_pending', to: 'keyed' }
  if (kind === 'activate') return { from: 'keyed', to: 'active' }
  return (kind === 'propose') === (role === 'initiator') ? { from: 'proposed', to: 'accepted_pending' } : null
}

/** Signs a step: Ed25519 over "zeq.m2m.step.v1" ‖ 0 ‖ JCS(input − sig), hex. */
export const signStep = <S extends Step>(seed: SecretBytes, step: Unsigned<S>): S =>
  ({ ...step, sig: signTagged(seed, 'zeq.m2m.step.v1', step as unknown as Json) }) as unknown as S

/** Signs a seal, abort or close, under "zeq.m2m.end.v1". */
export const signEnd = <E extends End>(seed: SecretBytes, statement: Unsigned<E>): E =>
  ({ ...statement, sig: signTagged(seed, 'zeq.m2m.end.v1', statement as unknown as Json) }) as unknown as E

/** Is the step signed by this key (hex)? */
export const verifyStep = (signPub: string, step: Step): boolean => verifyOwnSig(signPub, 'zeq.m2m.step.v1', step)

/** Is the seal, abort or close signed by this key (hex)? */
export const verifyEnd = (signPub: string, statement: End): boolean => verifyOwnSig(signPub, 'zeq.m2m.end.v1', statement)

/** The suite both must use: the first of the initiator's that the responder has; null when there is none. */
export const chooseSuite = (initiator: readonly Suite[], responder: readonly Suite[]): Suite | null =>
  initiator.find((suite) => responder.includes(suite)) ?? null

/** Has `kem` the form that the suite asks of this role? */
export const kemFits = (suite: Suite, role: Role, kem: string | null): boolean =>
  suite === 'x25519' ? kem === null : kem !== null && kem.length === (role === 'responder' ? 2368 : 2176)
