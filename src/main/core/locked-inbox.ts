import { z } from 'zod'
import { aesGcmOpen, aesGcmSeal } from './crypto/aead.ts'
import { concat, fromHex, fromUtf8, utf8 } from './crypto/bytes.ts'
import { hkdfSha256 } from './crypto/hash.ts'
import type { SecretBytes } from './crypto/secret.ts'
import { wiping } from './crypto/secret.ts'
import { x25519PublicKey, x25519Shared } from './crypto/x25519.ts'
import type { Random } from './ports.ts'
import { decodeRelayLine } from './relay/envelope.ts'
import { checkInbound } from './relay/inbound.ts'

const INFO = 'countersign.locked.v1'
/** One key seals one line, so the nonce may be constant. */
const NONCE = new Uint8Array(12)

/** What an idle original sends every second for ever; one of a kind is enough. */
const repeating: ReadonlySet<string> = new Set(['reconnect', 'finish', 'close', 'knock'])
const MOST_KINDS = 2_000

const Sealed = z.strictObject({ at: z.number(), line: z.string() })

/**
 * A line that comes while the wallet is locked, sealed to the own exchange key: ephemeral X25519, HKDF-SHA256, AES-256-GCM
 * (`ephemeral public key (32) ‖ ciphertext`). Its time is kept, because an hs is judged by when it came. Null for lines that
 * need no keys, are not for us, or repeat what is kept already (`kinds`); those are of no use later.
 */
export const sealLockedLine = (
  raw: string,
  at: number,
  own: { readonly id: string; readonly kxPub: string },
  random: Random,
  kinds: Set<string> = new Set(),
): Uint8Array | null => {
  const decoded = decodeRelayLine(raw)
  if (decoded.kind !== 'message') return null
  const inbound = checkInbound(decoded.payload, own.id)
  if (!inbound.ok || (inbound.to === null && (inbound.intent !== 'knock' || inbound.payload['peer'] !== own.id))) return null
  if (repeating.has(inbound.intent)) {
    const kind = JSON.stringify([inbound.from, inbound.intent, inbound.payload['your_ref'] ?? null, inbound.payload['my_ref'] ?? null])
    if (kinds.has(kind)) return null
    if (kinds.size < MOST_KINDS) kinds.add(kind)
  }
  const kxPub = fromHex(own.kxPub)
  return wiping(random.bytes(32), (ephemeral) => {
    const key = hkdfSha256(x25519Shared(ephemeral, kxPub), null, INFO, 32)
    const publicKey = x25519PublicKey(ephemeral)
    return wiping(key, (k) => concat(publicKey, aesGcmSeal(k, NONCE, utf8(JSON.stringify({ at, line: raw })), concat(publicKey, kxPub))))
  })
}

/** The line and when it came (Unix ms), or null when it does not open: then it was not sealed to this identity. */
export const openLockedLine = (sealed: Uint8Array, kxPriv: SecretBytes): { readonly at: number; readonly line: string } | null => {
  if (sealed.length <= 48) return null
  try {
    const publicKey = sealed.slice(0, 32)
    const plain = kxPriv.use((priv) =>
      wiping(hkdfSha256(x25519Shared(priv, publicKey), null, INFO, 32), (key) =>
        aesGcmOpen(key, NONCE, sealed.slice(32), concat(publicKey, x25519PublicKey(priv))),
      ),
    )
    return Sealed.parse(JSON.parse(fromUtf8(plain)))
  } catch {
    return null
  }
}
