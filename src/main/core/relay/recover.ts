/**
 * What an original peer makes of a line: `recover_with_types` of the Summoner SDK 1.3.0 (docs/protocol.md, type
 * recovery). It tries to parse every string anywhere as JSON before it casts by the type tree, so that some texts do
 * not arrive as they were sent.
 */
import { isPyDict, isPyList, type PyDict, PyFloat, type PyValue, pyParse, pyStr } from './python-value.ts'

/** Exceptions that leave the original function; each ends the process of the agent that received the line. */
export type RecoverError = 'RecursionError' | 'OverflowError' | 'TypeError'
export type Recovered = { readonly ok: true; readonly value: PyValue } | { readonly ok: false; readonly error: RecoverError }

class Raised extends Error {
  readonly error: RecoverError | 'ValueError'
  constructor(error: RecoverError | 'ValueError') {
    super(error)
    this.error = error
  }
}

/** `fully_recover_json` takes two Python frames a level; 495 levels fail from an empty stack, fewer in an agent. */
const MAX_VALUE_DEPTH = 470

const recoverJson = (data: PyValue, depth: number): PyValue => {
  if (depth > MAX_VALUE_DEPTH) throw new Raised('RecursionError')
  if (typeof data === 'string') {
    const parsed = pyParse(data)
    if (parsed.ok) return recoverJson(parsed.value, depth + 1)
    if (parsed.error === 'decode') return data
    throw new Raised(parsed.error === 'digits' ? 'ValueError' : 'RecursionError')
  }
  if (isPyList(data)) return data.map((item) => recoverJson(item, depth + 1))
  if (isPyDict(data)) return new Map([...data].map(([key, item]) => [key, recoverJson(item, depth + 1)]))
  return data
}

/** Python's whitespace for `int()` and `float()` of a string. */
const PY_SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]*'
const PY_INT = new RegExp(`^${PY_SPACE}([-+]?\\d+(?:_\\d+)*)${PY_SPACE}$`)
const PY_FLOAT = new RegExp(`^${PY_SPACE}([-+]?(?:(?:\\d+(?:_\\d+)*)(?:\\.(?:\\d+(?:_\\d+)*)?)?|\\.\\d+(?:_\\d+)*)(?:e[-+]?\\d+(?:_\\d+)*)?)${PY_SPACE}$`, 'i')
const PY_SPECIAL_FLOAT = new RegExp(`^${PY_SPACE}([-+]?)(inf(?:inity)?|nan)${PY_SPACE}$`, 'i')

/** `int(value)`, or the value itself where the original catches the error. */
const toInt = (value: PyValue): PyValue => {
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (value instanceof PyFloat) {
    if (Number.isNaN(value.value)) return value
    if (!Number.isFinite(value.value)) throw new Raised('OverflowError')
    return BigInt(Math.trunc(value.value))
  }
  if (typeof value !== 'string') return value
  const digits = PY_INT.exec(value)?.[1]?.replaceAll('_', '')
  if (digits === undefined || digits.replace(/^[-+]/, '').length > 4300) return value
  const size = BigInt(digits.replace(/^[-+]/, ''))
  return digits.startsWith('-') ? -size : size
}

/** `float(value)`, or the value itself where the original catches the error. */
const toFloat = (value: PyValue): PyValue => {
  if (typeof value === 'boolean') return new PyFloat(value ? 1 : 0)
  if (typeof value === 'bigint') {
    const size = Number(value)
    if (!Number.isFinite(size)) throw new Raised('OverflowError')
    return new PyFloat(size)
  }
  if (typeof value !== 'string') return value
  const digits = PY_FLOAT.exec(value)?.[1]
  if (digits !== undefined) return new PyFloat(Number(digits.replaceAll('_', '')))
  const special = PY_SPECIAL_FLOAT.exec(value)
  if (special === null) return value
  if ((special[2] ?? '').toLowerCase() === 'nan') return new PyFloat(Number.NaN)
  return new PyFloat(special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY)
}

const truth = (value: PyValue): boolean => {
  if (value === null) return false
  if (typeof value === 'boolean') return value
  if (typeof value === 'bigint') return value !== 0n
  if (value instanceof PyFloat) return value.value !== 0
  if (typeof value === 'string' || isPyList(value)) return value.length > 0
  return value.size > 0
}

/** `cast_v0_0_1`. */
const cast = (value: PyValue, expected: PyValue): PyValue => {
  if (expected === 'str') return pyStr(value)
  if (expected === 'bool') return truth(value)
  if (expected === 'int') return toInt(value)
  if (expected === 'float') return toFloat(value)
  if (isPyList(expected) && isPyList(value)) {
    return value.map((item, i) => (i < expected.length ? cast(item, expected[i] ?? null) : item))
  }
  if (isPyDict(expected) && isPyDict(value)) return castDict(value, expected)
  return value
}

const castDict = (value: PyDict, expected: PyDict): PyDict => {
  const out = new Map<string, PyValue>()
  for (const [key, type] of expected) {
    const item = value.get(key)
    if (item !== undefined) out.set(key, cast(item, type))
  }
  for (const [key, item] of value) if (!expected.has(key)) out.set(key, item)
  return out
}

const withoutLastNewline = (text: string): string => (text.endsWith('\n') ? text.slice(0, -1) : text)

const recoverLine = (line: string): PyValue => {
  let outer: PyValue
  try {
    outer = recoverJson(line, 0)
  } catch (error) {
    // A ValueError that is no JSONDecodeError (an integer over 4300 digits) makes the original give up on the whole line.
    if (error instanceof Raised && error.error === 'ValueError') return withoutLastNewline(line)
    throw error
  }
  if (typeof outer === 'string') return withoutLastNewline(outer)
  if (!isPyDict(outer)) return outer
  const address = outer.get('remote_addr')
  const content = outer.get('content')
  if (address === undefined || content === undefined || !isPyDict(content)) return outer
  const version = content.get('_version')
  const payload = content.get('_payload')
  const type = content.get('_type')
  if (version === undefined || payload === undefined || type === undefined) return outer
  if (isPyList(version) || isPyDict(version)) throw new Raised('TypeError') // looked up in a dict, and not hashable
  return new Map([
    ['remote_addr', address],
    ['content', cast(payload, type)],
  ])
}

/**
 * `recover_with_types(line)` with Python's values. `line` is a relayed line, with or without its newline. Where the
 * original would raise (and its process end), `ok` is false. Never throws.
 */
export const recoverWithTypes = (line: string): Recovered => {
  try {
    return { ok: true, value: recoverLine(line) }
  } catch (error) {
    if (error instanceof Raised && error.error !== 'ValueError') return { ok: false, error: error.error }
    throw error
  }
}

/**
 * True when an original peer gets this text, sent as a typed string in an envelope, exactly as it is. False for `true`,
 * ` 5 `, `{"a": 1}`, `1e5`, for a hex nonce such as `1234567e9012…` (it arrives as `inf`), and for nesting that would
 * end the peer's process.
 */
export const survivesRecovery = (text: string): boolean => {
  try {
    return pyStr(recoverJson(text, 0)) === text
  } catch (error) {
    if (error instanceof Raised) return false
    throw error
  }
}
