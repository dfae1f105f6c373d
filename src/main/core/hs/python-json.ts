/**
 * Python's `json.dumps(value, separators=(",", ":"), sort_keys=True)` with its default `ensure_ascii`: the bytes the
 * original signs and hashes. Everything outside 0x20..0x7e is escaped, DEL (0x7f) included, astral characters as
 * surrogate pairs. Numbers follow Python's `repr` as far as a JavaScript number can know (1.0 is written 1).
 * @throws TypeError for values JSON does not have.
 */
export const pythonJson = (value: unknown): string => {
  if (value === null) return 'null'
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (typeof value === 'number') return pythonNumber(value)
  if (typeof value === 'string') return pythonString(value)
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(',')}]`
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => compareCodePoints(a, b))
    return `{${entries.map(([key, item]) => `${pythonString(key)}:${pythonJson(item)}`).join(',')}}`
  }
  throw new TypeError(`${typeof value} has no JSON`)
}

/** Python sorts strings by code point, JavaScript by UTF-16 unit; they differ above the BMP. */
const compareCodePoints = (a: string, b: string): number => {
  const left = Array.from(a, (c) => c.codePointAt(0) ?? 0)
  const right = Array.from(b, (c) => c.codePointAt(0) ?? 0)
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

const pythonString = (text: string): string =>
  JSON.stringify(text).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

const pythonNumber = (value: number): string => {
  if (!Number.isFinite(value)) throw new TypeError('not a JSON number')
  if (Object.is(value, -0)) return '-0.0'
  const text = Math.abs(value) < 1e-4 && value !== 0 ? value.toExponential() : String(value)
  return text.replace(/e([+-])(\d)$/, 'e$10$2')
}
