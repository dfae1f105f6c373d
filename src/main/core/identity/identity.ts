import { z } from 'zod'
import type { KxPub, PeerId, ProfileName, SignPub } from '../brand.ts'
import { toHex } from '../crypto/bytes.ts'
import { ed25519PublicKey } from '../crypto/ed25519.ts'
import { SecretBytes } from '../crypto/secret.ts'
import { x25519PublicKey } from '../crypto/x25519.ts'
import { AppFault } from '../fault.ts'
import type { Ports } from '../ports.ts'
import { checkName } from './name.ts'

/** An unlocked identity. Who holds it wipes it on lock (`wipeSecret`). */
export interface IdentitySecret {
  /** UUID of an identity of ours; for an imported one whatever the original had. */
  readonly myId: PeerId
  /** RFC 3339, UTC, whole seconds, offset written +00:00. */
  readonly createdAt: string
  /** X25519 private key, 32 bytes. */
  readonly kxPriv: SecretBytes
  /** Ed25519 seed, 32 bytes. */
  readonly signPriv: SecretBytes
  /**
   * 32 bytes from which the keys of later generations come. Null after an ordinary unlock, which never opens the box it is sealed in:
   * a thief of the running wallet's memory must not be able to rotate its keys. `Vault.unlockWithRecovery` opens it, for a backup or a rotation.
   */
  readonly recoverySeed: SecretBytes | null
  /** How often the keys were rotated; 0 at first. */
  readonly generation: number
}

/** The same with its recovery seed open. */
export interface WholeIdentity extends IdentitySecret {
  readonly recoverySeed: SecretBytes
}

/** What everybody may see of an identity, readable without the passphrase. */
export interface IdentityPublic {
  readonly name: ProfileName
  readonly myId: PeerId
  readonly signPub: SignPub
  readonly kxPub: KxPub
  readonly createdAt: string
}

/** RFC 3339, UTC, whole seconds, as the original writes it. `at` in Unix ms. */
export const timestampOf = (at: number): string => new Date(at).toISOString().replace(/\.\d{3}Z$/, '+00:00')

const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\+00:00$/
export const isTimestamp = (text: string): boolean => TIMESTAMP.test(text) && !Number.isNaN(Date.parse(text))

/** Opaque to everyone; no control characters, since ids are shown and logged. */
export const isPeerId = (text: string): text is PeerId => text.length >= 1 && text.length <= 256 && !/[\p{Cc}\p{Cs}]/u.test(text)

/** The public part as it stands in sealed files. */
export const PublicPart = z.strictObject({
  name: z.string().refine((name) => {
    try {
      return checkName(name) === name
    } catch {
      return false
    }
  }),
  id: z.string().refine(isPeerId),
  created_at: z.string().refine(isTimestamp),
  sign_pub: z.string().regex(/^[0-9a-f]{64}$/),
  kx_pub: z.string().regex(/^[0-9a-f]{64}$/),
})
export type PublicPart = z.infer<typeof PublicPart>

export const fromPublicPart = (part: PublicPart): IdentityPublic => ({
  name: part.name as ProfileName,
  myId: part.id as PeerId,
  signPub: part.sign_pub as SignPub,
  kxPub: part.kx_pub as KxPub,
  createdAt: part.created_at,
})

export const toPublicPart = (identity: IdentityPublic): PublicPart => ({
  name: identity.name,
  id: identity.myId,
  created_at: identity.createdAt,
  sign_pub: identity.signPub,
  kx_pub: identity.kxPub,
})

/** The public part that belongs to a secret, its keys computed, never copied. */
export const publicOf = (name: ProfileName, secret: IdentitySecret): IdentityPublic => ({
  name,
  myId: secret.myId,
  signPub: toHex(secret.signPriv.use(ed25519PublicKey)) as SignPub,
  kxPub: toHex(secret.kxPriv.use(x25519PublicKey)) as KxPub,
  createdAt: secret.createdAt,
})

/** A UUID (version 4), lower case, from 16 random bytes. */
export const uuidOf = (bytes: Uint8Array): string => {
  const b = Uint8Array.from(bytes)
  b[6] = ((b[6] ?? 0) & 0x0f) | 0x40
  b[8] = ((b[8] ?? 0) & 0x3f) | 0x80
  const hex = toHex(b)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** A new identity: random keys, id (UUID version 4) and recovery seed, generation 0. */
export const newIdentity = ({ random, clock }: Pick<Ports, 'random' | 'clock'>): WholeIdentity => ({
  myId: uuidOf(random.bytes(16)) as PeerId,
  createdAt: timestampOf(clock.now()),
  kxPriv: new SecretBytes(random.bytes(32)),
  signPriv: new SecretBytes(random.bytes(32)),
  recoverySeed: new SecretBytes(random.bytes(32)),
  generation: 0,
})

/** An imported identity of the original has no recovery seed: it gets one here. The other secrets are shared with `secret`, not copied. */
export const withRecoverySeed = (secret: IdentitySecret, { random }: Pick<Ports, 'random'>): WholeIdentity => ({
  ...secret,
  recoverySeed: secret.recoverySeed ?? new SecretBytes(random.bytes(32)),
})

/** Overwrites all secret bytes. May be called again. */
export const wipeSecret = (secret: IdentitySecret): void => {
  secret.kxPriv.wipe()
  secret.signPriv.wipe()
  secret.recoverySeed?.wipe()
}

/** @throws AppFault FORMAT when the public part is not that of the secret: a file pieced together, or a bug. */
export const requireSamePublic = (secret: IdentitySecret, claimed: IdentityPublic): void => {
  const actual = publicOf(claimed.name, secret)
  if (actual.signPub !== claimed.signPub || actual.kxPub !== claimed.kxPub || actual.myId !== claimed.myId) {
    throw new AppFault('FORMAT', 'The keys in this file do not belong together.')
  }
}
