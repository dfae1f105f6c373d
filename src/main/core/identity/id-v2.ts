import type { ProfileName } from '../brand.ts'
import { concat, u32be } from '../crypto/bytes.ts'
import { SecretBytes, wiping } from '../crypto/secret.ts'
import { AppFault } from '../fault.ts'
import type { Kdf, Ports } from '../ports.ts'
import { type EnvelopeKind, openEnvelope, parseEnvelope, sealEnvelope } from './envelope.ts'
import {
  fromPublicPart,
  type IdentityPublic,
  type IdentitySecret,
  PublicPart,
  publicOf,
  requireSamePublic,
  toPublicPart,
  type WholeIdentity,
  wipeSecret,
} from './identity.ts'

/**
 * The identity's own format (docs/sealed-files.md). Two boxes under one passphrase and one derivation:
 * `daily` (the keys in use) is opened by unlocking; `recovery` (the seed of later keys) only for a backup or a rotation, since unlocking
 * derives the first 32 bytes and the second box has the second 32 as its key. One file, so that a change of passphrase is one rename.
 *
 * Plaintexts are bytes, not JSON: no string, which could not be wiped, ever holds a key.
 *   daily     01 ‖ Ed25519 seed[32] ‖ X25519 private key[32] ‖ u32be generation
 *   recovery  01 ‖ recovery seed[32] ‖ u32be generation
 */
const KIND: EnvelopeKind<PublicPart> = {
  version: 'id.v2',
  family: /^id\.v\d{1,6}$/,
  what: 'identity',
  publicPart: PublicPart,
  boxes: ['daily', 'recovery'],
  limit: 65_536,
}
const INNER_VERSION = 1
const DAILY_BYTES = 69
const RECOVERY_BYTES = 37

const innerOf = (plain: Uint8Array | undefined, length: number): Uint8Array => {
  if (plain?.[0] !== undefined && plain[0] > INNER_VERSION) throw new AppFault('VERSION', 'The identity was sealed by a newer version of Countersign.')
  if (plain === undefined || plain[0] !== INNER_VERSION || plain.length !== length)
    throw new AppFault('FORMAT', 'What is sealed in the identity is not an identity.')
  return plain
}

const u32At = (bytes: Uint8Array, at: number): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at)

/** Seals an identity under a passphrase (UTF-8 as typed). The secret stays the caller's. @returns the bytes of the file */
export const sealIdentity = async (
  ports: Pick<Ports, 'kdf' | 'random'>,
  name: ProfileName,
  secret: WholeIdentity,
  passphrase: Uint8Array,
  onProgress?: (fraction: number) => void,
): Promise<Uint8Array> => {
  const generation = u32be(secret.generation)
  const version = Uint8Array.of(INNER_VERSION)
  const daily = secret.signPriv.use((sign) => secret.kxPriv.use((kx) => concat(version, sign, kx, generation)))
  const recovery = secret.recoverySeed.use((seed) => concat(version, seed, generation))
  try {
    return await sealEnvelope(ports, KIND, toPublicPart(publicOf(name, secret)), { daily, recovery }, passphrase, onProgress)
  } finally {
    daily.fill(0)
    recovery.fill(0)
  }
}

/** The public part, without the passphrase. @throws AppFault TRUNCATED, FORMAT, VERSION, KDF_BOUNDS */
export const readPublicPart = (bytes: Uint8Array): IdentityPublic => fromPublicPart(parseEnvelope(KIND, bytes).publicPart)

/**
 * Opens an identity. With `recovery` the second box too.
 * @throws AppFault WRONG_PASSPHRASE, and those of `readPublicPart`, which come before any key is derived
 */
export const openIdentity = async (
  kdf: Kdf,
  bytes: Uint8Array,
  passphrase: Uint8Array,
  options: { readonly recovery: boolean; readonly onProgress?: ((fraction: number) => void) | undefined },
): Promise<IdentitySecret> => {
  const envelope = parseEnvelope(KIND, bytes)
  const claimed = fromPublicPart(envelope.publicPart)
  return openEnvelope(kdf, KIND, envelope, passphrase, options.recovery ? 2 : 1, options.onProgress, (plain) =>
    wiping(innerOf(plain[0], DAILY_BYTES), (daily) => {
      const recovery = options.recovery ? innerOf(plain[1], RECOVERY_BYTES) : null
      const generation = u32At(daily, 65)
      if (recovery !== null && u32At(recovery, 33) !== generation) throw new AppFault('FORMAT', 'The two parts of the identity are of different generations.')
      const secret: IdentitySecret = {
        myId: claimed.myId,
        createdAt: claimed.createdAt,
        signPriv: SecretBytes.copy(daily.subarray(1, 33)),
        kxPriv: SecretBytes.copy(daily.subarray(33, 65)),
        recoverySeed: recovery === null ? null : SecretBytes.copy(recovery.subarray(1, 33)),
        generation,
      }
      try {
        requireSamePublic(secret, claimed)
      } catch (error) {
        wipeSecret(secret)
        throw error
      }
      return secret
    }),
  )
}
