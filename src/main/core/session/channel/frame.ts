import { z } from 'zod'
import { aesGcmOpen, aesGcmSeal } from '../../crypto/aead.ts'
import { concat, fromBase64Url, fromHex, fromUtf8, toBase64Url, u32be } from '../../crypto/bytes.ts'
import { canonicalBytes, type Json, parseCanonical, taggedBytes } from '../../crypto/canonical-json.ts'
import { hkdfSha256 } from '../../crypto/hash.ts'
import { SecretBytes } from '../../crypto/secret.ts'

/** Bytes of the longest plaintext, headers and padding in it; a frame's line stays below half of what the relay takes. */
export const LONGEST_PLAIN = 22_784
const BLOCK = 256
const LENGTHS = 6
/** Characters of base64url of LONGEST_PLAIN bytes and the tag. */
const LONGEST_SEALED = Math.ceil(((LONGEST_PLAIN + 16) * 4) / 3)

/** Which way a frame goes; `a` is the initiator. */
export type Direction = 'a2b' | 'b2a'

/** A frame as it stands on the relay under `d`, nothing of it checked but its form. */
export const Frame = z.strictObject({
  /** First 16 hex digits of the session id. */
  k: z.string().regex(/^[0-9a-f]{16}$/),
  e: z
    .int()
    .min(0)
    .max(2 ** 32),
  s: z.string().regex(/^[0-9a-f]{32}$/),
  n: z
    .int()
    .min(0)
    .max(2 ** 48),
  c: z
    .string()
    .max(LONGEST_SEALED)
    .regex(/^[A-Za-z0-9_-]+$/),
})
export type Frame = z.infer<typeof Frame>

/** What a frame says, header and bytes. `m` −1: not numbered. `a`: every message with a smaller number has been received. */
export interface Said {
  readonly header: { readonly t: string; readonly m: number; readonly a: number; readonly [key: string]: Json }
  readonly body: Uint8Array
}

export interface StreamId {
  readonly sessionId: string
  readonly dir: Direction
  readonly e: number
  /** 16 bytes, hex. */
  readonly s: string
}

/** HKDF(direction's key of the epoch, salt = s, info "zeq.m2m.stream.v1", 32): each stream its own key, so its counter may begin at 0. */
export const streamKey = (directionKey: SecretBytes, s: string): SecretBytes =>
  SecretBytes.take(directionKey.use((key) => hkdfSha256(key, fromHex(s), 'zeq.m2m.stream.v1', 32)))

const ivOf = (n: number): Uint8Array => concat(new Uint8Array(4), u32be(Math.floor(n / 2 ** 32)), u32be(n % 2 ** 32))

export const aadOf = ({ sessionId, dir, e, s }: StreamId, n: number): Uint8Array => taggedBytes('zeq.m2m.frame.v1', { session_id: sessionId, dir, e, s, n })

/**
 * u16be(header length) ‖ u32be(body length) ‖ canonical header ‖ body ‖ zeros to a multiple of 256.
 * @throws RangeError over 22,784 bytes.
 */
export const pack = ({ header, body }: Said): Uint8Array => {
  const head = canonicalBytes(header)
  const used = LENGTHS + head.length + body.length
  const plain = new Uint8Array(Math.ceil(used / BLOCK) * BLOCK)
  if (plain.length > LONGEST_PLAIN) throw new RangeError(`a frame holds at most ${LONGEST_PLAIN} bytes`)
  const view = new DataView(plain.buffer)
  view.setUint16(0, head.length)
  view.setUint32(2, body.length)
  plain.set(head, LENGTHS)
  plain.set(body, LENGTHS + head.length)
  return plain
}

const Base = z.looseObject({ t: z.string().min(1).max(32), m: z.int().min(-1), a: z.int().min(0) })

/** The reverse of `pack`; null for lengths, padding or a header that `pack` would not have written. */
export const unpack = (plain: Uint8Array): Said | null => {
  if (plain.length === 0 || plain.length % BLOCK !== 0 || plain.length > LONGEST_PLAIN) return null
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength)
  const bodyAt = LENGTHS + view.getUint16(0)
  const end = bodyAt + view.getUint32(2)
  if (end > plain.length || plain.length - end >= BLOCK || plain.subarray(end).some((b) => b !== 0)) return null
  try {
    const header = parseCanonical(fromUtf8(plain.subarray(LENGTHS, bodyAt)))
    return Base.safeParse(header).success ? { header: header as Said['header'], body: plain.slice(bodyAt, end) } : null
  } catch {
    return null
  }
}

/** AES-256-GCM under the stream's key; iv = 00000000 ‖ u64be(n). The caller never gives the same `n` of a stream twice. */
export const seal = (key: SecretBytes, stream: StreamId, n: number, said: Said): Frame => {
  const plain = pack(said)
  const sealed = key.use((bytes) => aesGcmSeal(bytes, ivOf(n), plain, aadOf(stream, n)))
  plain.fill(0)
  return { k: stream.sessionId.slice(0, 16), e: stream.e, s: stream.s, n, c: toBase64Url(sealed) }
}

/** What the frame says, or null when it does not open, for whatever reason: the sender of a bad frame learns nothing from it. */
export const openFrame = (key: SecretBytes, stream: StreamId, frame: Frame): Said | null => {
  let plain: Uint8Array
  try {
    const sealed = fromBase64Url(frame.c)
    plain = key.use((bytes) => aesGcmOpen(bytes, ivOf(frame.n), sealed, aadOf(stream, frame.n)))
  } catch {
    return null
  }
  const said = unpack(plain)
  plain.fill(0)
  return said
}
