/** JSON values as they are parsed; numbers are JavaScript's. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject
export interface JsonObject {
  readonly [key: string]: JsonValue
}

export type GuardFailure =
  /** Not JSON. */
  | 'json'
  /** Arrays and objects within each other beyond the limit: a recursive reader's stack would overflow (W4). */
  | 'depth'
  /** A key `__proto__`, which becomes a prototype as soon as the object is copied carelessly. */
  | 'proto'

export type Guarded = { readonly ok: true; readonly value: JsonValue } | { readonly ok: false; readonly why: GuardFailure }

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Deepest nesting of brackets outside strings; correct for valid JSON, and at least as deep for anything else. */
const nesting = (text: string): number => {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (inString) {
      if (code === BACKSLASH) i += 1
      else if (code === QUOTE) inString = false
    } else if (code === QUOTE) inString = true
    else if (code === 0x5b || code === 0x7b) {
      depth += 1
      if (depth > deepest) deepest = depth
    } else if (code === 0x5d || code === 0x7d) depth -= 1
  }
  return deepest
}

const hasProtoKey = (value: JsonValue): boolean => {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some(hasProtoKey)
  return Object.entries(value).some(([key, item]) => key === '__proto__' || hasProtoKey(item))
}

/** JSON.parse of a text from outside: bounded depth, no `__proto__`. Never throws. The caller bounds the length. */
export const parseGuarded = (text: string, maxDepth: number): Guarded => {
  if (nesting(text) > maxDepth) return { ok: false, why: 'depth' }
  let value: JsonValue
  try {
    value = JSON.parse(text) as JsonValue
  } catch {
    return { ok: false, why: 'json' }
  }
  return hasProtoKey(value) ? { ok: false, why: 'proto' } : { ok: true, value }
}

export const isJsonObject = (value: JsonValue | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)
