import { z } from 'zod'
import type * as brand from '../brand.ts'
import type { Json } from '../crypto/canonical-json.ts'

/**
 * The atoms every row, head and statement is made of (docs/ledger.md, "Rows"). One spelling each: lower-case hex of exact
 * length, ticks without leading zeros. A lenient decoder would let two texts with different hashes mean the same.
 */
const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `${bytes} bytes of lower-case hex expected`)

/** 16 bytes, 32 lower-case hex digits. */
export const Hex16 = hex(16)
/** 32 bytes, 64 lower-case hex digits. */
export const Hex32 = hex(32)
/** An Ed25519 signature: 64 bytes, 128 lower-case hex digits. */
export const Signature = hex(64)
/** `bytes` bytes in lower-case hex. */
export const hexOf = hex

export const Zeqond = z
  .string()
  .regex(/^(?:0|[1-9][0-9]{0,17})$/, 'a tick is digits without leading zeros, at most 18')
  .transform((text) => text as brand.Zeqond)
export const RowHash = Hex32.transform((text) => text as brand.RowHash)
export const Genesis = Hex32.transform((text) => text as brand.Genesis)
export const SignPub = Hex32.transform((text) => text as brand.SignPub)
export const KxPub = Hex32.transform((text) => text as brand.KxPub)

/** Position in a chain: 0, 1, 2, … */
export const Seq = z.int().min(0)
/** A lower-case UUID of any version: contracts and transitions. */
export const Uuid = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'a lower-case UUID expected')
export const Slug = z.string().regex(/^[a-z0-9-]{1,64}$/, '1 to 64 of a-z, 0-9 and "-" expected')
/** `<parent_origin>:<slug>`, printable ASCII. */
export const OriginId = z.string().regex(/^[\x21-\x7e]{1,200}:[a-z0-9-]{1,64}$/, '<parent>:<slug> expected')

/** Is this a JSON object (not an array, not null)? */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Any JSON object; what it may contain is the canonical form's to refuse. */
export const JsonObject = z.custom<{ readonly [key: string]: Json }>(isObject, 'an object expected')

/** The first thing a schema objects to, as "path: what is expected". */
export const firstIssue = (error: z.ZodError): string => {
  const issue = error.issues[0]
  if (issue === undefined) return 'not of the expected form'
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, ...issue.keys.slice(0, 1)] : issue.path
  const text = issue.code === 'unrecognized_keys' ? 'no such field is defined' : issue.message
  // A key is the peer's text: bounded, so that a report stays readable.
  return `${path.map(String).join('.').slice(0, 120) || 'value'}: ${text.slice(0, 200)}`
}
