import { z } from 'zod'
import { Zeqond } from '../../ledger/fields.ts'
import type { Said } from './frame.ts'

/** Bytes of text in one frame; a longer text goes in parts. */
export const TEXT_PART = 22_000
/** Bytes of a whole text. */
export const LONGEST_TEXT = 256 * 1024
const MOST_PARTS = Math.ceil(LONGEST_TEXT / (TEXT_PART - 3))
/** Bytes of a chunk of a file; the last one is shorter. */
export const CHUNK = 22_528
/** Past this number no message comes: the peer is asked to open a new session long before. */
export const LARGEST_M = 2 ** 48
/** Bytes of a file, 1 TiB. */
const LARGEST_FILE = 2 ** 40

const numbered = { m: z.int().min(0), a: z.int().min(0) }
const unnumbered = { m: z.literal(-1), a: z.int().min(0) }
const f = z.string().regex(/^[0-9a-f]{32}$/)
const hex32 = z.string().regex(/^[0-9a-f]{64}$/)
const part = {
  part: z.int().min(0).max(MOST_PARTS),
  of: z
    .int()
    .min(2)
    .max(MOST_PARTS + 1),
}

const Headers = {
  text: z.union([
    z.strictObject({ t: z.literal('text'), ...numbered, at: Zeqond.optional() }),
    z.strictObject({ t: z.literal('text'), ...numbered, at: Zeqond.optional(), ...part }).refine((h) => h.part < h.of),
  ]),
  app: z.strictObject({ t: z.literal('app'), ...numbered, name: z.string().min(1).max(64) }),
  file: z.strictObject({
    t: z.literal('file'),
    ...numbered,
    f,
    name: z.string().min(1).max(255),
    size: z.int().min(0).max(LARGEST_FILE),
    hash: hex32,
    chunk: z.literal(CHUNK),
  }),
  have: z.strictObject({ t: z.literal('have'), ...numbered, f, next: z.int().min(0), ok: z.boolean() }),
  chunk: z.strictObject({ t: z.literal('chunk'), ...unnumbered, f, i: z.int().min(0) }),
  done: z.strictObject({ t: z.literal('done'), ...numbered, f, ok: z.boolean() }),
  rekey: z.strictObject({ t: z.literal('rekey'), ...numbered, e: z.int().min(1), eph: hex32 }),
  close: z.strictObject({ t: z.literal('close'), ...numbered, reason: z.string().regex(/^[a-z_]{1,32}$/) }),
  ack: z.strictObject({ t: z.literal('ack'), ...unnumbered }),
}
type Headers = typeof Headers
export type Header = { [T in keyof Headers]: z.infer<Headers[T]> }[keyof Headers]
export type FileOffer = z.infer<Headers['file']>

const isKnown = (t: string): t is keyof Headers => Object.hasOwn(Headers, t)

/** The header by its type; `unknown`: a type of a later version; `malformed`: fields that do not fit a known one. Only text, app and chunks have a body. */
export const readHeader = ({ header, body }: Said): Header | 'unknown' | 'malformed' => {
  if (!isKnown(header.t)) return 'unknown'
  const parsed = Headers[header.t].safeParse(header)
  if (!parsed.success) return 'malformed'
  const longest = header.t === 'text' || header.t === 'app' ? TEXT_PART : header.t === 'chunk' ? CHUNK : 0
  return body.length > longest ? 'malformed' : parsed.data
}

/**
 * A text as bodies of at most 22,000 bytes, cut between characters.
 * @param bytes well-formed UTF-8
 */
export const partsOf = (bytes: Uint8Array): Uint8Array[] => {
  const parts: Uint8Array[] = []
  for (let from = 0; from < bytes.length; ) {
    let to = Math.min(from + TEXT_PART, bytes.length)
    // 10xxxxxx goes on a character.
    while (to < bytes.length && ((bytes[to] ?? 0) & 0xc0) === 0x80) to -= 1
    parts.push(bytes.subarray(from, to))
    from = to
  }
  return parts
}
