import { fromHex } from '../../crypto/bytes.ts'
import { taggedBytes } from '../../crypto/canonical-json.ts'
import { hkdfSha256 } from '../../crypto/hash.ts'
import { SecretBytes, wiping } from '../../crypto/secret.ts'
import { x25519Shared } from '../../crypto/x25519.ts'

/** Frames of both directions, and ms, after which an epoch asks for the next. */
export const REKEY_AFTER = { frames: 2 ** 20, ms: 24 * 3600 * 1000 } as const
/** Past these without a next epoch the session ends, reason `age`. */
export const AGE_LIMIT = { frames: 2 ** 21, ms: 72 * 3600 * 1000 } as const
/** How long the keys of an epoch open frames after the first frame of the next one opened, ms. */
export const OLD_EPOCH_MS = 60_000

/** Keys of an epoch, 32 bytes each. `root`: what the next epoch is made with; null once it has been. */
export interface EpochKeys {
  readonly e: number
  readonly a2b: SecretBytes
  readonly b2a: SecretBytes
  readonly root: SecretBytes | null
}

export interface RekeyInput {
  readonly sessionId: string
  /** The new epoch. */
  readonly e: number
  /** X25519, hex; `a` is the initiator. */
  readonly a: string
  readonly b: string
}

/**
 * HKDF(DH(eph, eph), salt = root of the epoch before, info "zeq.m2m.rekey.v1" ‖ 0 ‖ JCS({session_id, e, a_eph, b_eph}), 96) = a2b ‖ b2a ‖ root.
 * Both ephemerals are in it whoever asked first, so two that ask at once get the same keys. The caller wipes root and ephemeral.
 * @throws KeyRefusedError for a public key that is not acceptable.
 */
export const nextEpoch = (root: SecretBytes, ownEph: SecretBytes, peerEph: string, input: RekeyInput): EpochKeys => {
  const info = taggedBytes('zeq.m2m.rekey.v1', { session_id: input.sessionId, e: input.e, a_eph: input.a, b_eph: input.b })
  return wiping(
    ownEph.use((key) => x25519Shared(key, fromHex(peerEph))),
    (dh) =>
      wiping(
        root.use((salt) => hkdfSha256(dh, salt, info, 96)),
        (okm) => {
          const part = (i: number) => SecretBytes.copy(okm.subarray(i * 32, i * 32 + 32))
          return { e: input.e, a2b: part(0), b2a: part(1), root: part(2) }
        },
      ),
  )
}

/** Overwrites the keys of an epoch. */
export const wipeEpoch = (keys: EpochKeys): void => {
  keys.a2b.wipe()
  keys.b2a.wipe()
  keys.root?.wipe()
}
