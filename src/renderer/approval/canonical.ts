/**
 * Restricted canonical JSON (docs/protocol.md, "Canonical bytes"): RFC 8785 limited to strings, safe integers,
 * booleans, null, arrays and objects. A second implementation on purpose: this document shares no code with the
 * process whose claims it checks. A property test holds it equal, byte for byte, to the core's.
 */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

const maxDepth = 16

const wellFormed = (text: string): string => {
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text)) throw new TypeError('lone surrogate')
  return JSON.stringify(text)
}

const write = (value: Json, depth: number): string => {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return wellFormed(value)
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new TypeError('not a safe integer')
    return String(value)
  }
  if (typeof value !== 'object') throw new TypeError('not a JSON value')
  if (depth > maxDepth) throw new TypeError('nested too deeply')
  if (isList(value)) return `[${Array.from(value, (item) => write(item, depth + 1)).join(',')}]`
  const keys = Object.keys(value).sort(byUnits)
  return `{${keys.map((key) => `${wellFormed(key)}:${write(member(value, key), depth + 1)}`).join(',')}}`
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

const member = (value: { readonly [key: string]: Json }, key: string): Json => {
  const found = value[key]
  if (found === undefined || key === '__proto__') throw new TypeError(`no JSON value under ${key}`)
  return found
}

/** Order of UTF-16 code units, which is what `<` compares. */
const byUnits = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)

/** The one canonical text of a value. Throws TypeError for anything that has none. */
export const canonical = (value: Json): string => write(value, 1)
