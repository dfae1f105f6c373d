import { z } from 'zod'
import type { Genesis, KxPub, SignPub } from '../brand.ts'
import { fromHex } from '../crypto/bytes.ts'
import type { Json } from '../crypto/canonical-json.ts'
import { admitEd25519 } from '../crypto/ed25519.ts'
import type { SecretBytes } from '../crypto/secret.ts'
import { admitX25519 } from '../crypto/x25519.ts'
import { firstIssue, Genesis as GenesisField, Hex32, KxPub as KxPubField, Signature, SignPub as SignPubField } from './fields.ts'
import type { FindingCode } from './findings.ts'
import { nextCommitment } from './genesis.ts'
import { signTagged, verifyOwnSig } from './signing.ts'

/** The keys of one generation. `next` commits to the following one, null when there can be none. */
export interface MachineKeys {
  readonly sign_pub: SignPub
  readonly kx_pub: KxPub
  readonly next: string | null
}

/** Input of an `m2m.rotate` row: shows the keys the generation before committed to; signed by the new key. */
export const Rotate = z.strictObject({
  v: z.literal('zeq-m2m/1'),
  kind: z.literal('rotate'),
  self_genesis: GenesisField,
  n: z.int().min(1),
  sign_pub: SignPubField,
  kx_pub: KxPubField,
  next: Hex32.nullable(),
  reason: z.enum(['planned', 'compromised', 'lost']),
  sig: Signature,
})
export type Rotate = z.infer<typeof Rotate>

/** Input of an `m2m.revoke` row: nothing after it counts; signed by the key in force. */
export const Revoke = z.strictObject({
  v: z.literal('zeq-m2m/1'),
  kind: z.literal('revoke'),
  self_genesis: GenesisField,
  reason: z.enum(['retired', 'compromised', 'lost']),
  sig: Signature,
})
export type Revoke = z.infer<typeof Revoke>

/** Signs a rotate or revoke statement under "zeq.m2m.rotate.v1". */
export const signKeyStatement = <S extends Readonly<Record<string, Json>>>(seed: SecretBytes, statement: S): S & { readonly sig: string } => ({
  ...statement,
  sig: signTagged(seed, 'zeq.m2m.rotate.v1', statement),
})

/** May these keys be used at all? Null, or which one may not. */
export const weakKey = (keys: { readonly sign_pub: string; readonly kx_pub: string }): string | null => {
  if (!admitEd25519(fromHex(keys.sign_pub))) return 'sign_pub is not an acceptable Ed25519 key'
  return admitX25519(fromHex(keys.kx_pub)) ? null : 'kx_pub is not an acceptable X25519 key'
}

type KeyChange<T> = { readonly ok: true; readonly statement: T } | { readonly ok: false; readonly code: FindingCode; readonly why: string }
const wrong = (code: FindingCode, why: string) => ({ ok: false, code, why }) as const

/** Does this input replace the keys in force of generation `n − 1`? The commitment stands in the genesis, so a thief of the daily key cannot rotate. */
export const checkRotate = (genesis: Genesis, inForce: MachineKeys, generation: number, input: unknown): KeyChange<Rotate> => {
  const parsed = Rotate.safeParse(input)
  if (!parsed.success) return wrong('FORMAT', `rotation, ${firstIssue(parsed.error)}`)
  const rotate = parsed.data
  if (rotate.self_genesis !== genesis) return wrong('ROTATION', 'the rotation names another machine')
  if (rotate.n !== generation + 1) return wrong('ROTATION', `the rotation is number ${rotate.n}, expected ${generation + 1}`)
  if (inForce.next === null) return wrong('ROTATION', 'the keys in force can never be replaced')
  if (nextCommitment(rotate) !== inForce.next) return wrong('ROTATION', 'the new keys are not those committed to before')
  const weak = weakKey(rotate)
  if (weak !== null) return wrong('WEAK_KEY', `the new ${weak}`)
  return verifyOwnSig(rotate.sign_pub, 'zeq.m2m.rotate.v1', rotate)
    ? { ok: true, statement: rotate }
    : wrong('ROTATION', 'the rotation is not signed by the new key')
}

/** Is this input the last word of the key in force? */
export const checkRevoke = (genesis: Genesis, inForce: MachineKeys, input: unknown): KeyChange<Revoke> => {
  const parsed = Revoke.safeParse(input)
  if (!parsed.success) return wrong('FORMAT', `revocation, ${firstIssue(parsed.error)}`)
  if (parsed.data.self_genesis !== genesis) return wrong('ROTATION', 'the revocation names another machine')
  return verifyOwnSig(inForce.sign_pub, 'zeq.m2m.rotate.v1', parsed.data)
    ? { ok: true, statement: parsed.data }
    : wrong('ROTATION', 'the revocation is not signed by the key in force')
}
