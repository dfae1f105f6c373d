import type { KxPub, SignPub } from '../brand.ts'
import { toHex } from '../crypto/bytes.ts'
import { taggedBytes } from '../crypto/canonical-json.ts'
import { ed25519PublicKey } from '../crypto/ed25519.ts'
import { hkdfSha256 } from '../crypto/hash.ts'
import { SecretBytes, wiping } from '../crypto/secret.ts'
import { x25519PublicKey } from '../crypto/x25519.ts'
import { nextCommitment } from './genesis.ts'

/** The keys of a later generation; who holds them wipes them. */
export interface RecoveryKeys {
  /** Ed25519 seed, 32 bytes. */
  readonly signPriv: SecretBytes
  /** X25519 private key, 32 bytes. */
  readonly kxPriv: SecretBytes
  /** Hex. */
  readonly signPub: SignPub
  readonly kxPub: KxPub
}

/**
 * Generation `n` ≥ 1 of the keys: HKDF-SHA256(seed, no salt, "zeq.recovery.v1" ‖ 0 ‖ JCS({n}), 64) = sign seed ‖ kx private key
 * (docs/ledger.md, "Keys that are committed to before"). @throws RangeError for another n or a seed that is not 32 bytes.
 */
export const recoveryKeys = (seed: SecretBytes, n: number): RecoveryKeys => {
  if (!Number.isSafeInteger(n) || n < 1) throw new RangeError('generations are counted from 1')
  if (seed.length !== 32) throw new RangeError('a recovery seed has 32 bytes')
  const derived = seed.use((bytes) => hkdfSha256(bytes, null, taggedBytes('zeq.recovery.v1', { n }), 64))
  return wiping(derived, (bytes) => ({
    signPriv: SecretBytes.copy(bytes.subarray(0, 32)),
    kxPriv: SecretBytes.copy(bytes.subarray(32)),
    signPub: toHex(ed25519PublicKey(bytes.subarray(0, 32))) as SignPub,
    kxPub: toHex(x25519PublicKey(bytes.subarray(32))) as KxPub,
  }))
}

/** `next` of generation n − 1: commits to the keys of generation `n`, hex. */
export const commitmentTo = (seed: SecretBytes, n: number): string => {
  const keys = recoveryKeys(seed, n)
  keys.signPriv.wipe()
  keys.kxPriv.wipe()
  return nextCommitment({ sign_pub: keys.signPub, kx_pub: keys.kxPub })
}

/** The commitment that stands in the genesis. */
export const firstCommitment = (seed: SecretBytes): string => commitmentTo(seed, 1)
