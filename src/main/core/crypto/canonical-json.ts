import { utf8 } from './bytes.ts'
import { FormatError } from './errors.ts'
import { sha256Hex } from './hash.ts'

/** What canonical JSON can hold: decimals travel as strings. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** Containers inside containers; the outermost counts as 1. */
const MAX_DEPTH = 16

const refuse = (why: string): never => {
  throw new FormatError(`not canonical JSON: ${why}`)
}

const isWellFormed = (text: string): boolean => !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text)

const writeString = (text: string): string => {
  const quoted = JSON.stringify(text)
  // JSON.stringify would escape a lone surrogate, another implementation might replace it: two hashes for one value. Where nothing was escaped, there is none.
  if (quoted.length !== text.length + 2 && !isWellFormed(text)) refuse('lone surrogate')
  return quoted
}

const write = (value: unknown, depth: number): string => {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return writeString(value)
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) refuse('number that is not a safe integer')
    if (Object.is(value, -0)) refuse('minus zero')
    return String(value)
  }
  if (typeof value !== 'object') return refuse(`a value of type ${typeof value}`)
  if (depth > MAX_DEPTH) refuse(`deeper than ${MAX_DEPTH}`)
  if (Array.isArray(value)) {
    // Array.from visits holes as undefined, which is refused above.
    return `[${Array.from(value, (item: unknown) => write(item, depth + 1)).join(',')}]`
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) refuse('an object that is not plain')
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${members
    .map(([key, member]) => {
      if (key === '__proto__') refuse('key __proto__')
      return `${writeString(key)}:${write(member, depth + 1)}`
    })
    .join(',')}}`
}

/**
 * RFC 8785 (JCS) limited to strings, safe integers, booleans, null, arrays and plain objects; keys sorted by UTF-16 units.
 * @throws FormatError for floats, −0, lone surrogates (also in keys), undefined, `__proto__`, other prototypes, depth over 16.
 */
export const canonicalJson = (value: Json): string => write(value, 1)

/** UTF-8 bytes of `canonicalJson`. */
export const canonicalBytes = (value: Json): Uint8Array<ArrayBuffer> => utf8(canonicalJson(value))

const NUMBER = /-?(?:0|[1-9][0-9]*)(?![0-9.eE+-])/y
/** The text of one string token; JSON.parse checks the escapes and refuses control characters and an open end. */
const unquote = (token: string): string => {
  try {
    return JSON.parse(token) as string
  } catch {
    return refuse('malformed string')
  }
}

const SPACE = /[ \t\n\r]*/y

/**
 * JSON text within the same limits, in any spelling (white space, key order, escapes); own parser because JSON.parse keeps the
 * last of two equal keys, rounds big numbers and knows no depth. Objects have no prototype.
 * @throws FormatError for everything `canonicalJson` refuses, duplicate keys, number tokens other than `-?(0|[1-9][0-9]*)`.
 */
export const parseRestrictedJson = (text: string): Json => {
  let at = 0
  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found === null) return null
    at += found[0].length
    return found[0]
  }
  const accept = (token: string): boolean => {
    if (!text.startsWith(token, at)) return false
    at += token.length
    return true
  }
  const string = (): string => {
    if (text[at] !== '"') return refuse('string expected')
    let end = at + 1
    while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1
    const token = text.slice(at, end + 1)
    at = end + 1
    const value = unquote(token)
    if (!isWellFormed(value)) refuse('lone surrogate')
    return value
  }
  const value = (depth: number): Json => {
    match(SPACE)
    const c = text[at]
    if (c === '"') return string()
    if (c === '{' || c === '[') {
      if (depth > MAX_DEPTH) refuse(`deeper than ${MAX_DEPTH}`)
      at += 1
      return c === '{' ? object(depth) : array(depth)
    }
    if (accept('true')) return true
    if (accept('false')) return false
    if (accept('null')) return null
    const token = match(NUMBER)
    if (token === null) return refuse('value expected')
    const number = Number(token)
    if (!Number.isSafeInteger(number) || Object.is(number, -0)) refuse('number that is not a safe integer')
    return number
  }
  const array = (depth: number): Json => {
    const items: Json[] = []
    match(SPACE)
    if (accept(']')) return items
    for (;;) {
      items.push(value(depth + 1))
      match(SPACE)
      if (accept(']')) return items
      if (!accept(',')) refuse('comma expected')
    }
  }
  const object = (depth: number): Json => {
    const members: Record<string, Json> = Object.create(null) as Record<string, Json>
    match(SPACE)
    if (accept('}')) return members
    for (;;) {
      match(SPACE)
      const key = string()
      if (key === '__proto__') refuse('key __proto__')
      if (Object.hasOwn(members, key)) refuse('duplicate key')
      match(SPACE)
      if (!accept(':')) refuse('colon expected')
      members[key] = value(depth + 1)
      match(SPACE)
      if (accept('}')) return members
      if (!accept(',')) refuse('comma expected')
    }
  }
  const result = value(1)
  match(SPACE)
  if (at !== text.length) refuse('text after the value')
  return result
}

/** As `parseRestrictedJson`, and the text is the canonical spelling itself, so that text and value are one to one. @throws FormatError */
export const parseCanonical = (text: string): Json => {
  const value = parseRestrictedJson(text)
  if (canonicalJson(value) !== text) refuse('not the canonical spelling')
  return value
}

/** UTF8(tag) ‖ 0 ‖ canonical JSON: what is signed or hashed under a domain tag. */
export const taggedBytes = (tag: string, value: Json): Uint8Array<ArrayBuffer> => utf8(`${tag}\0${canonicalJson(value)}`)

/** H(tag, value) = SHA-256(UTF8(tag) ‖ 0 ‖ canonical JSON), 64 lower-case hex digits. */
export const hashTagged = (tag: string, value: Json): string => sha256Hex(taggedBytes(tag, value))
