import { z } from 'zod'
import type { Genesis, PeerId } from '../brand.ts'
import { aesGcmOpen, aesGcmSeal } from '../crypto/aead.ts'
import { type Bytes, concat, fromBase64Url, fromHex, toBase64Url, utf8 } from '../crypto/bytes.ts'
import { taggedBytes } from '../crypto/canonical-json.ts'
import { ed25519SignBy, ed25519Verify } from '../crypto/ed25519.ts'
import { AuthenticationError, FormatError } from '../crypto/errors.ts'
import { hkdfSha256 } from '../crypto/hash.ts'
import { type SecretBytes, wiping } from '../crypto/secret.ts'
import { x25519SharedBy } from '../crypto/x25519.ts'
import { MAX_BODY_BYTES } from './message.ts'

const IV = 12
const TAG = 16
/** Characters of base64url for so many bytes. */
const lettersOf = (bytes: number): number => Math.ceil((bytes * 4) / 3)

/** The payload of a line with intent `m2m` that is no frame; exactly these fields. */
export const BoxPayload = z.strictObject({
  to: z.string(),
  intent: z.literal('m2m'),
  /** The body, or with `x` iv ‖ ciphertext ‖ tag. */
  b: z.string().min(1).max(lettersOf(MAX_BODY_BYTES)),
  /** Ed25519 over the bytes of `b`. */
  s: z.string().length(86),
  x: z.literal(1).exactOptional(),
  from: z.string(),
})
export type BoxPayload = z.infer<typeof BoxPayload>

/** What travels, without sender and receiver; stored, so that a repeat is the same bytes. */
export const Wire = z.strictObject({ b: z.string(), s: z.string(), x: z.literal(1).exactOptional() })
export type Wire = z.infer<typeof Wire>

/** The two sides of a box; both derive the same key, and the direction is bound by the associated data. */
export interface BoxSides {
  readonly sg: Genesis
  readonly tg: Genesis
}

const signed = (bytes: Uint8Array): Bytes => concat(utf8('zeq.m2m.msg.v1'), new Uint8Array(1), bytes)

const withKey = <T>(kxPriv: SecretBytes, peerKxPub: string, { sg, tg }: BoxSides, use: (key: Uint8Array) => T): T => {
  const [a, b] = sg < tg ? [sg, tg] : [tg, sg]
  return wiping(x25519SharedBy(kxPriv, fromHex(peerKxPub)), (shared) => wiping(hkdfSha256(shared, null, taggedBytes('zeq.m2m.box.v1', { a, b }), 32), use))
}

const associated = ({ sg, tg }: BoxSides): Bytes => taggedBytes('zeq.m2m.box.v1', { sg, tg })

/** iv ‖ AES-256-GCM of a body, for `tg` and nobody else on the relay. `iv`: 12 random bytes. @throws KeyRefusedError for a peer's key that is not admitted. */
export const sealBody = (body: Uint8Array, iv: Uint8Array, own: { readonly kxPriv: SecretBytes }, peerKxPub: string, sides: BoxSides): Bytes =>
  withKey(own.kxPriv, peerKxPub, sides, (key) => concat(iv, aesGcmSeal(key, iv, body, associated(sides))))

/** The body inside, or null when it does not open. */
export const openBody = (sealed: Uint8Array, own: { readonly kxPriv: SecretBytes }, peerKxPub: string, sides: BoxSides): Bytes | null => {
  if (sealed.length <= IV + TAG) return null
  try {
    return withKey(own.kxPriv, peerKxPub, sides, (key) => aesGcmOpen(key, sealed.slice(0, IV), sealed.slice(IV), associated(sides)))
  } catch (error) {
    if (error instanceof AuthenticationError) return null
    throw error
  }
}

/** Signs what travels: "zeq.m2m.msg.v1" ‖ 0 ‖ bytes, by the key in force. */
export const wireOf = (bytes: Uint8Array, sealed: boolean, signPriv: SecretBytes): Wire => {
  const s = toBase64Url(ed25519SignBy(signPriv, signed(bytes)))
  return sealed ? { b: toBase64Url(bytes), s, x: 1 } : { b: toBase64Url(bytes), s }
}

/** What is sent to the relay. `from` last, as in every message of ours. */
export const boxPayload = (to: PeerId, wire: Wire, from: PeerId): BoxPayload => ({ to, intent: 'm2m', ...wire, from })

/** A payload decoded and not yet believed. */
export interface OpenedBox {
  readonly bytes: Bytes
  readonly signature: Bytes
  readonly sealed: boolean
}

/** Decodes the two fields strictly. Null for another shape, another spelling of base64url, or too many bytes. */
export const readBox = (payload: unknown): OpenedBox | null => {
  const parsed = BoxPayload.safeParse(payload)
  if (!parsed.success) return null
  try {
    return { bytes: fromBase64Url(parsed.data.b), signature: fromBase64Url(parsed.data.s), sealed: parsed.data.x === 1 }
  } catch (error) {
    if (error instanceof FormatError) return null
    throw error
  }
}

/** Is the box signed by this key (hex)? Asked before anything in it is parsed. */
export const boxSignedBy = (box: OpenedBox, signPub: string): boolean => ed25519Verify(fromHex(signPub), signed(box.bytes), box.signature)
