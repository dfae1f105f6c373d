import { z } from 'zod'
import { aesGcmOpen, aesGcmSeal } from '../crypto/aead.ts'
import { fromBase64, fromUtf8, toBase64, utf8 } from '../crypto/bytes.ts'
import { canonicalBytes, type Json, parseRestrictedJson, taggedBytes } from '../crypto/canonical-json.ts'
import { AuthenticationError } from '../crypto/errors.ts'
import { sha256Hex } from '../crypto/hash.ts'
import { wiping } from '../crypto/secret.ts'
import { AppFault } from '../fault.ts'
import type { Kdf, Ports, ScryptParams } from '../ports.ts'
import { normalisePassphrase } from './passphrase.ts'

/** Written today. About 0.8 s and 128 MiB on an ordinary machine. */
export const WRITTEN_PARAMS: ScryptParams = { n: 2 ** 17, r: 8, p: 1 }
/** Bounds on what is read, each parameter by itself: below, a file made weak on purpose; above, a file that asks for gigabytes or hours. */
const WEAKEST: ScryptParams = { n: 2 ** 15, r: 8, p: 1 }
const COSTLIEST: ScryptParams = { n: 2 ** 20, r: 8, p: 4 }

const SALT_BYTES = 32
const NONCE_BYTES = 12
const KEY_BYTES = 32

/** A kind of sealed file. All share one shape: public part and parameters in clear, one or more boxes sealed with keys of one derivation. */
export interface EnvelopeKind<P extends { readonly [key: string]: string }> {
  /** The value of `v`; a number after the last letter group is the version. */
  readonly version: string
  /** Matches the `v` of other versions of this kind. */
  readonly family: RegExp
  /** "identity" or "backup", for the texts. */
  readonly what: string
  readonly publicPart: z.ZodType<P>
  /** Names of the boxes; box i has bytes 32·i to 32·i + 31 of the derivation as its key, so opening box 0 never derives the key of box 1. */
  readonly boxes: readonly string[]
  /** Bytes of the whole file. */
  readonly limit: number
}

interface Box {
  readonly nonce: string
  readonly sealed: string
}
type KdfPart = { readonly name: 'scrypt'; readonly n: number; readonly r: number; readonly p: number; readonly salt: string }

/** A file that has been read and checked as far as it can be without the passphrase. */
export interface Envelope<P> {
  readonly publicPart: P
  readonly kdf: KdfPart
  readonly boxes: Readonly<Record<string, Box>>
}

const base64Of = (min: number, max: number): z.ZodType<string> =>
  z.string().refine((text) => {
    try {
      const { length } = fromBase64(text)
      return length >= min && length <= max
    } catch {
      return false
    }
  })

const KdfSchema = z.strictObject({ name: z.literal('scrypt'), n: z.int(), r: z.int(), p: z.int(), salt: base64Of(SALT_BYTES, SALT_BYTES) })

const schemaOf = <P extends { readonly [key: string]: string }>(kind: EnvelopeKind<P>) =>
  z.strictObject({
    v: z.literal(kind.version),
    public: kind.publicPart,
    kdf: KdfSchema,
    boxes: z.strictObject(
      Object.fromEntries(kind.boxes.map((name) => [name, z.strictObject({ nonce: base64Of(NONCE_BYTES, NONCE_BYTES), sealed: base64Of(16, kind.limit) })])),
    ),
    check: z.string().regex(/^[0-9a-f]{64}$/),
  })

/** Everything that is not sealed is authenticated: version, box, public part, derivation with its salt, and the nonce. */
const aadOf = (kind: { readonly version: string }, box: string, publicPart: Json, kdf: KdfPart, nonce: string): Uint8Array =>
  taggedBytes('countersign.envelope.v1', { v: kind.version, box, public: publicPart, kdf, nonce })

const inBounds = ({ n, r, p }: ScryptParams): boolean =>
  Number.isInteger(Math.log2(n)) && n >= WEAKEST.n && n <= COSTLIEST.n && r >= WEAKEST.r && r <= COSTLIEST.r && p >= WEAKEST.p && p <= COSTLIEST.p

/** Derives `count` keys of 32 bytes and wipes all that it made. The passphrase is the caller's. */
const withKeys = async <T>(
  kdf: Kdf,
  part: KdfPart,
  passphrase: Uint8Array,
  count: number,
  onProgress: ((fraction: number) => void) | undefined,
  use: (keys: readonly Uint8Array[]) => T,
): Promise<T> => {
  const normal = normalisePassphrase(passphrase)
  try {
    const okm = await kdf.scrypt(normal, fromBase64(part.salt), { n: part.n, r: part.r, p: part.p }, onProgress, KEY_BYTES * count)
    return wiping(okm, () => use(Array.from({ length: count }, (_, i) => okm.subarray(KEY_BYTES * i, KEY_BYTES * (i + 1)))))
  } finally {
    normal.fill(0)
  }
}

/**
 * Seals the boxes into a file. `contents` has one entry a box; its bytes stay the caller's to wipe.
 * @returns UTF-8 JSON, two spaces, ending with a newline
 */
export const sealEnvelope = <P extends { readonly [key: string]: string }>(
  ports: Pick<Ports, 'kdf' | 'random'>,
  kind: EnvelopeKind<P>,
  publicPart: P,
  contents: Readonly<Record<string, Uint8Array>>,
  passphrase: Uint8Array,
  onProgress?: (fraction: number) => void,
): Promise<Uint8Array> => {
  // A new salt each time: new keys, so nonces cannot repeat under one key.
  const kdf: KdfPart = { name: 'scrypt', ...WRITTEN_PARAMS, salt: toBase64(ports.random.bytes(SALT_BYTES)) }
  return withKeys(ports.kdf, kdf, passphrase, kind.boxes.length, onProgress, (keys) => {
    const boxes = Object.fromEntries(
      kind.boxes.map((name, i) => {
        const nonce = ports.random.bytes(NONCE_BYTES)
        const [key, plain] = [keys[i], contents[name]]
        if (key === undefined || plain === undefined) throw new AppFault('INTERNAL', `the box ${name} has no content`)
        const aad = aadOf(kind, name, publicPart, kdf, toBase64(nonce))
        return [name, { nonce: toBase64(nonce), sealed: toBase64(aesGcmSeal(key, nonce, plain, aad)) }]
      }),
    )
    const body = { v: kind.version, public: publicPart, kdf, boxes }
    return utf8(`${JSON.stringify({ ...body, check: sha256Hex(canonicalBytes(body)) }, null, 2)}\n`)
  })
}

const damaged = (what: string): AppFault => new AppFault('FORMAT', `The ${what} is damaged, or is not a Countersign ${what}.`)

const parseJson = (bytes: Uint8Array, what: string): Json => {
  if (bytes.length === 0) throw new AppFault('TRUNCATED', `The ${what} is empty.`)
  let text: string
  try {
    text = fromUtf8(bytes)
  } catch {
    throw damaged(what)
  }
  try {
    return parseRestrictedJson(text)
  } catch {
    // Every inner brace is indented, so only a whole file ends with a brace at the start of a line.
    if (text.startsWith('{') && !/\n\}\n?$/.test(text)) throw new AppFault('TRUNCATED', `The ${what} is cut off: its end is missing.`)
    throw damaged(what)
  }
}

/**
 * Reads and checks a file without the passphrase: form, version, bounds of the derivation, and a checksum that tells damage from a wrong passphrase
 * (it is no protection: whoever alters a file on purpose can compute it; the sealing is).
 * @throws AppFault TRUNCATED, FORMAT, VERSION, KDF_BOUNDS
 */
export const parseEnvelope = <P extends { readonly [key: string]: string }>(kind: EnvelopeKind<P>, bytes: Uint8Array): Envelope<P> => {
  if (bytes.length > kind.limit) throw new AppFault('FORMAT', `The ${kind.what} is larger than any that Countersign writes.`)
  const value = parseJson(bytes, kind.what)
  const version = typeof value === 'object' && value !== null && 'v' in value ? value.v : undefined
  if (typeof version === 'string' && version !== kind.version && kind.family.test(version)) {
    throw new AppFault('VERSION', `This ${kind.what} has the format ${version}, which this version of Countersign does not read.`)
  }
  const parsed = schemaOf(kind).safeParse(value)
  if (!parsed.success) throw damaged(kind.what)
  const { check, ...body } = parsed.data
  if (!inBounds(body.kdf)) {
    throw new AppFault('KDF_BOUNDS', `The ${kind.what} asks for a key derivation that is weaker or costlier than allowed; it was not tried.`)
  }
  if (sha256Hex(canonicalBytes(body as Json)) !== check) throw damaged(kind.what)
  return { publicPart: body.public as P, kdf: body.kdf, boxes: body.boxes as Record<string, Box> }
}

/**
 * Opens the first `count` boxes and hands their plaintexts to `use`; plaintexts and keys are wiped before it returns.
 * @throws AppFault WRONG_PASSPHRASE for a wrong passphrase or a file altered on purpose, which cannot be told apart
 */
export const openEnvelope = async <P extends { readonly [key: string]: string }, T>(
  kdf: Kdf,
  kind: EnvelopeKind<P>,
  envelope: Envelope<P>,
  passphrase: Uint8Array,
  count: number,
  onProgress: ((fraction: number) => void) | undefined,
  use: (plain: readonly Uint8Array[]) => T,
): Promise<T> =>
  withKeys(kdf, envelope.kdf, passphrase, count, onProgress, (keys) => {
    const plain: Uint8Array[] = []
    try {
      for (const [i, key] of keys.entries()) {
        const name = kind.boxes[i]
        const box = name === undefined ? undefined : envelope.boxes[name]
        if (name === undefined || box === undefined) throw new AppFault('INTERNAL', 'there is no such box')
        plain.push(aesGcmOpen(key, fromBase64(box.nonce), fromBase64(box.sealed), aadOf(kind, name, envelope.publicPart, envelope.kdf, box.nonce)))
      }
      return use(plain)
    } catch (error) {
      if (error instanceof AuthenticationError) throw new AppFault('WRONG_PASSPHRASE', `The passphrase is wrong, or the ${kind.what} was altered.`)
      throw error
    } finally {
      for (const bytes of plain) bytes.fill(0)
    }
  })
