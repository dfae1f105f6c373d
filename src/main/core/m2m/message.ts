import { z } from 'zod'
import { fromUtf8, utf8 } from '../crypto/bytes.ts'
import { canonicalJson, type Json, parseRestrictedJson } from '../crypto/canonical-json.ts'
import { FormatError } from '../crypto/errors.ts'
import { firstIssue, Genesis, Hex16, Hex32, isObject, RowHash, Seq, Zeqond } from '../ledger/fields.ts'
import { Head } from '../ledger/head.ts'
import { Row } from '../ledger/row.ts'
import { TallyToken } from '../ledger/tally.ts'
import { Card } from './card.ts'
import { EndReason } from './statement.ts'

/** Longest body, bytes of UTF-8; its relayed line is then half of what ends an original agent. */
export const MAX_BODY_BYTES = 24_000
/** Longest body that is sealed: initialisation vector and tag take 28 bytes. */
export const MAX_SEALED_BODY_BYTES = 23_900

export const ErrCode = z.enum(['busy', 'too_large', 'not_found', 'forbidden', 'rate', 'clock', 'format', 'bad_row', 'need_sync', 'unknown_session', 'frozen'])
export type ErrCode = z.infer<typeof ErrCode>

const common = {
  v: z.literal(1),
  /** 16 random bytes; a repeat is the same bytes with the same id. */
  id: Hex16,
  /** The message this one answers. */
  re: Hex16.nullable(),
  /** The sender's machine. */
  sg: Genesis,
  /** The receiver's; null only where a stranger is asked who it is. */
  tg: Genesis,
  at: Zeqond,
}
/** Rows of the smallest kind that a body has room for, and some more: a bound on work before the size has one. */
const Rows = z.array(Row).max(64)
const SomeRows = Rows.min(1)
const Tokens = z.array(TallyToken).max(16)

const vfy = { ...common, t: z.literal('vfy'), c: Hex32 }

/** Every message there is; strict, since an unknown field would be signed without being understood. */
export const Body = z.union([
  z.discriminatedUnion('t', [
    z.strictObject({ ...common, t: z.literal('card'), tg: Genesis.nullable(), card: Card, want: z.boolean() }),
    z.strictObject({ ...common, t: z.literal('propose'), card: Card, rows: SomeRows, tokens: Tokens }),
    z.strictObject({ ...common, t: z.literal('ring'), a1: RowHash, y: Hex16 }),
    z.strictObject({ ...common, t: z.literal('show'), a1: RowHash, x: Hex16 }),
    z.strictObject({ ...common, t: z.literal('accept'), rows: SomeRows, tokens: Tokens }),
    z.strictObject({ ...common, t: z.literal('key'), rows: SomeRows, tokens: Tokens }),
    z.strictObject({ ...common, t: z.literal('activate'), rows: SomeRows, tokens: Tokens }),
    z.strictObject({ ...common, t: z.literal('seal'), rows: SomeRows }),
    z.strictObject({ ...common, t: z.literal('close'), rows: SomeRows }),
    z.strictObject({ ...common, t: z.literal('abort'), nonce: Hex32, reason: EndReason, rows: Rows }),
    z.strictObject({ ...common, t: z.literal('rotate'), card: Card, rows: SomeRows }),
    z.strictObject({ ...common, t: z.literal('sync'), genesis: Genesis, from: Seq, to: Seq.nullable() }),
    z.strictObject({ ...common, t: z.literal('rows'), genesis: Genesis, rows: Rows, head: Head.nullable(), next: Seq.nullable() }),
    z.strictObject({ ...common, t: z.literal('ack') }),
    z.strictObject({ ...common, t: z.literal('err'), code: ErrCode, seq: Seq.nullable() }),
  ]),
  z.discriminatedUnion('n', [
    z.strictObject({ ...vfy, n: z.literal(1), commit: Hex32 }),
    z.strictObject({ ...vfy, n: z.literal(2), y: Hex32 }),
    z.strictObject({ ...vfy, n: z.literal(3), x: Hex32 }),
    z.strictObject({ ...vfy, n: z.literal(4), ok: z.boolean() }),
  ]),
])
export type Body = z.infer<typeof Body>
export type MessageType = Body['t']

type Common = 'v' | 'id' | 're' | 'sg' | 'tg' | 'at'
type Without<B, K extends string> = B extends unknown ? Omit<B, Extract<keyof B, K>> : never
/** What a sender says; the delivery adds the common fields, and the card where one belongs. */
export type Outgoing = Without<Body, Common | 'card'>

/** Types that carry a card and may therefore come from a key that is not yet known. */
export const introduces = (t: MessageType): t is 'card' | 'propose' | 'rotate' => t === 'card' || t === 'propose' || t === 'rotate'
/** Never answered, and so never repeated. */
export const isFinal = (t: MessageType): t is 'ack' | 'err' => t === 'ack' || t === 'err'

const FIRST = ['v', 't', 'id', 're', 'sg', 'tg', 'at']

/** The one spelling of a body: the common fields in their order, then the others in canonical order, all values canonical. */
const spelled = (body: { readonly [key: string]: Json }): string => {
  const rest = Object.keys(body)
    .filter((key) => !FIRST.includes(key))
    .sort()
  return `{${[...FIRST, ...rest].map((key) => `${canonicalJson(key)}:${canonicalJson(body[key] ?? null)}`).join(',')}}`
}

/** UTF-8 of a body. @throws FormatError for what canonical JSON refuses, too deep rows among it. Its length is the caller's to limit. */
export const encodeBody = (body: Body): Uint8Array<ArrayBuffer> => {
  const text = spelled(body as unknown as { readonly [key: string]: Json })
  // A row may be as deep as a whole body may; the reader counts from the outside.
  parseRestrictedJson(text)
  return utf8(text)
}

export type ParsedBody = { readonly ok: true; readonly body: Body } | { readonly ok: false; readonly why: string }

const schemaOf = (value: unknown): ParsedBody => {
  const parsed = Body.safeParse(value)
  if (parsed.success) return { ok: true, body: parsed.data }
  const [issue] = parsed.error.issues
  // Of a union only the members' own complaints say what is wrong.
  const inner = issue?.code === 'invalid_union' ? issue.errors.flat().find((one) => one.path.length > 0 || one.code === 'unrecognized_keys') : undefined
  return {
    ok: false,
    why: inner === undefined ? firstIssue(parsed.error) : `${inner.path.map(String).join('.').slice(0, 120)}: ${inner.message.slice(0, 200)}`,
  }
}

/** Reads a body whose signature is verified already, or one that may introduce its own key: bounded in size and depth, one spelling only. Never throws. */
export const parseBody = (bytes: Uint8Array): ParsedBody => {
  if (bytes.length > MAX_BODY_BYTES) return { ok: false, why: `a body has at most ${MAX_BODY_BYTES} bytes` }
  try {
    const text = fromUtf8(bytes)
    const value = parseRestrictedJson(text)
    if (!isObject(value)) return { ok: false, why: 'an object expected' }
    // JSON.parse inside zod is none of ours: the objects have no prototype, so no key can be an inherited one.
    if (spelled(value as { readonly [key: string]: Json }) !== text) return { ok: false, why: 'not the spelling of a body' }
    return schemaOf(value)
  } catch (error) {
    if (error instanceof FormatError) return { ok: false, why: error.message }
    throw error
  }
}
