/**
 * The two lines of the relay protocol (docs/protocol.md): what a client sends, and what the relay makes of it for
 * everybody else. The writers produce the bytes of Python's `json.dumps` with its defaults.
 */
import { AppFault } from '../fault.ts'
import { type GuardFailure, isJsonObject, type JsonObject, parseGuarded } from './json-guard.ts'
import { PyFloat, pyFloatRepr } from './python-value.ts'

export { PyFloat } from './python-value.ts'
export { recoverWithTypes, survivesRecovery } from './recover.ts'

/** Longest line, in bytes with its newline, that an original client survives (its reader's limit, W3). */
export const MAX_LINE_BYTES = 65_536
/** Version the original clients announce; readers of other versions treat it alike. */
export const ENVELOPE_VERSION = '1.3.0'
/** Nesting allowed in what we decode. The deepest message of ours has a third of it. */
const MAX_DEPTH = 32
const MAX_ADDRESS = 256
const MAX_NOTICE = 200
/** Longest remote_addr a relay can write: `[` IPv6 of 45 `%` scope of 10 `]:` port of 5. */
const LONGEST_ADDRESS = 64

/** What can be sent. A safe integer or bigint is an `int`, any other number a `float`; PyFloat makes 1 a `float`. */
export type Sendable = null | boolean | number | bigint | string | PyFloat | readonly Sendable[] | SendableObject
export interface SendableObject {
  readonly [key: string]: Sendable
}

const hex4 = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

/** A JSON string with Python's ensure_ascii: everything outside 0x20..0x7e escaped, in lower-case hex. */
const asciiString = (text: string): string => JSON.stringify(text).replace(/[\u007f-\uffff]/g, hex4)

const isList = (value: Sendable): value is readonly Sendable[] => Array.isArray(value)

const floatText = (value: number): string => {
  if (!Number.isFinite(value)) throw new AppFault('BAD_ARGUMENT', 'A message cannot hold NaN or an infinity.')
  return pyFloatRepr(value)
}

const isInt = (value: number): boolean => Number.isSafeInteger(value) && !Object.is(value, -0)

const payloadJson = (value: Sendable): string => {
  if (value === null) return 'null'
  if (typeof value === 'string') return asciiString(value)
  if (typeof value === 'boolean' || typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return isInt(value) ? value.toString() : floatText(value)
  if (value instanceof PyFloat) return floatText(value.value)
  if (isList(value)) return `[${value.map(payloadJson).join(', ')}]`
  return `{${Object.entries(value)
    .map(([key, item]) => `${asciiString(key)}: ${payloadJson(item)}`)
    .join(', ')}}`
}

const typeJson = (value: Sendable): string => {
  if (value === null) return '"null"'
  if (typeof value === 'string') return '"str"'
  if (typeof value === 'boolean') return '"bool"'
  if (typeof value === 'bigint') return '"int"'
  if (typeof value === 'number') return isInt(value) ? '"int"' : '"float"'
  if (value instanceof PyFloat) return '"float"'
  if (isList(value)) return `[${value.map(typeJson).join(', ')}]`
  return `{${Object.entries(value)
    .map(([key, item]) => `${asciiString(key)}: ${typeJson(item)}`)
    .join(', ')}}`
}

/**
 * The line of a client, newline included: `{"_version": …, "_payload": …, "_type": …}`, ASCII only. Keys keep their
 * order, except that JavaScript puts keys that are whole numbers first.
 * @throws AppFault BAD_ARGUMENT for NaN and infinities, which JSON does not have.
 */
export const encodeClientLine = (payload: Sendable): string =>
  `{"_version": "${ENVELOPE_VERSION}", "_payload": ${payloadJson(payload)}, "_type": ${typeJson(payload)}}\n`

/** The line a relay sends on for a client's line (one trailing newline of it is not content), newline included. */
export const encodeRelayLine = (remoteAddr: string, clientLine: string): string => {
  const content = clientLine.endsWith('\n') ? clientLine.slice(0, -1) : clientLine
  return `{"remote_addr": ${asciiString(remoteAddr)}, "content": ${asciiString(content)}}\n`
}

/** True when the line stays within what every receiver accepts, whatever the sender's address is. A longer one must not be sent: it would end the process of each original agent on the relay. */
export const fitsRelay = (clientLine: string): boolean =>
  clientLine.length <= MAX_LINE_BYTES && encodeRelayLine('', clientLine).length + LONGEST_ADDRESS <= MAX_LINE_BYTES

export type LineDrop =
  | GuardFailure
  /** Nothing in the line. */
  | 'empty'
  /** Over MAX_LINE_BYTES. */
  | 'size'
  /** JSON, but no object with the strings `remote_addr` and `content`. */
  | 'wrapper'
  /** The content is no JSON object (W1), or its payload is none. */
  | 'content'

export type Decoded =
  | { readonly kind: 'message'; readonly remoteAddr: string; readonly payload: JsonObject }
  /** Text of the relay itself, for people; control characters taken out, cut at 200 characters. */
  | { readonly kind: 'notice'; readonly text: string }
  | { readonly kind: 'drop'; readonly why: LineDrop }

const drop = (why: LineDrop): Decoded => ({ kind: 'drop', why })

/** A UTF-16 unit is at most three bytes of UTF-8, and only one that is not ASCII is more than one. */
const overLimit = (line: string): boolean =>
  line.length >= MAX_LINE_BYTES || (line.length * 3 >= MAX_LINE_BYTES && new TextEncoder().encode(line).length >= MAX_LINE_BYTES)

/**
 * Reads a line as it came from a relay, with or without its newline. Takes `_payload` of a typed envelope as it is,
 * without the original's attempt to parse every string; a bare JSON object counts as its own payload, as it does for
 * the original. Any relay's JSON style is read (the Python relay escapes, the Rust relay writes UTF-8 and sorts keys).
 * Never throws; hostile lines are dropped with the reason.
 */
export const decodeRelayLine = (line: string): Decoded => {
  const text = line.endsWith('\n') ? line.slice(0, -1) : line
  if (text === '') return drop('empty')
  if (text.startsWith('Warning:')) {
    return {
      kind: 'notice',
      text: text
        .slice(0, MAX_NOTICE)
        .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ')
        .trimEnd(),
    }
  }
  if (overLimit(text)) return drop('size')
  const outer = parseGuarded(text, MAX_DEPTH)
  if (!outer.ok) return drop(outer.why)
  if (!isJsonObject(outer.value)) return drop('wrapper')
  const { remote_addr: remoteAddr, content } = outer.value
  if (typeof remoteAddr !== 'string' || remoteAddr.length > MAX_ADDRESS || typeof content !== 'string') return drop('wrapper')
  return decodeContent(remoteAddr, content)
}

const decodeContent = (remoteAddr: string, content: string): Decoded => {
  const inner = parseGuarded(content, MAX_DEPTH)
  if (!inner.ok) return drop(inner.why === 'json' ? 'content' : inner.why)
  const body = inner.value
  if (!isJsonObject(body)) return drop('content')
  const typed = '_version' in body && '_payload' in body && '_type' in body
  const payload = typed ? body['_payload'] : body
  return isJsonObject(payload) ? { kind: 'message', remoteAddr, payload } : drop('content')
}
