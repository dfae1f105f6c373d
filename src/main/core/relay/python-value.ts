/**
 * JSON as Python's json module sees it: integers of any size apart from floats, `NaN` and `Infinity`, dicts that keep
 * their order. Needed to know what an original peer makes of a text (docs/protocol.md, type recovery).
 */

/** A Python float; the class keeps 1.0 apart from 1. */
export class PyFloat {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}
export type PyDict = ReadonlyMap<string, PyValue>
export type PyValue = null | boolean | bigint | PyFloat | string | readonly PyValue[] | PyDict

/** Why `json.loads` fails. Only `decode` is caught by the original everywhere; see recover.ts for what the others do. */
export type PyParseFailure = 'decode' | 'recursion' | 'digits'
export type PyParsed = { readonly ok: true; readonly value: PyValue } | { readonly ok: false; readonly error: PyParseFailure }

/**
 * Depth at which CPython 3.11's scanner raises RecursionError when called from an agent's receive loop: its limit of
 * 1000 less the frames already on the stack (985 from an empty stack). A lower figure errs on the side of "lost".
 */
const MAX_PARSE_DEPTH = 950
/** CPython refuses to convert longer integers with a plain ValueError (sys.int_info.default_max_str_digits). */
const MAX_INT_DIGITS = 4300

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y
const PLAIN = /[^"\\\u0000-\u001f]*/y
const HEX4 = /[0-9a-fA-F]{4}/y
const SPACE = /[ \t\n\r]*/y
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])

class Failure extends Error {
  readonly failure: PyParseFailure
  constructor(failure: PyParseFailure) {
    super(failure)
    this.failure = failure
  }
}

/** `json.loads(text)`. Never throws. */
export const pyParse = (text: string): PyParsed => {
  let at = 0
  const decodeError = (): never => {
    throw new Failure('decode')
  }
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found !== null) at += found[0].length
    return found
  }
  const expect = (char: string): void => {
    if (text[at] !== char) decodeError()
    at += 1
  }
  const string = (): string => {
    expect('"')
    let out = ''
    for (;;) {
      out += match(PLAIN)?.[0] ?? ''
      const char = text[at]
      if (char === '"') break
      if (char !== '\\') return decodeError() // end of text, or a raw control character (strict mode)
      const kind = text[at + 1]
      at += 2
      if (kind === 'u') {
        const hex = match(HEX4) ?? decodeError()
        out += String.fromCharCode(Number.parseInt(hex[0], 16))
      } else {
        out += ESCAPES.get(kind ?? '') ?? decodeError()
      }
    }
    at += 1
    return out
  }
  const number = (): PyValue => {
    const found = match(NUMBER)
    if (found === null) return decodeError()
    if (found[1] !== undefined || found[2] !== undefined) return new PyFloat(Number(found[0]))
    if (found[0].replace('-', '').length > MAX_INT_DIGITS) throw new Failure('digits')
    return BigInt(found[0])
  }
  const words: readonly (readonly [string, PyValue])[] = [
    ['null', null],
    ['true', true],
    ['false', false],
    ['NaN', new PyFloat(Number.NaN)],
    ['Infinity', new PyFloat(Number.POSITIVE_INFINITY)],
    ['-Infinity', new PyFloat(Number.NEGATIVE_INFINITY)],
  ]
  const array = (depth: number): PyValue => {
    const items: PyValue[] = []
    at += 1
    match(SPACE)
    if (text[at] === ']') {
      at += 1
      return items
    }
    for (;;) {
      items.push(value(depth))
      match(SPACE)
      if (text[at] === ']') break
      expect(',')
      match(SPACE)
    }
    at += 1
    return items
  }
  const object = (depth: number): PyValue => {
    const entries = new Map<string, PyValue>()
    at += 1
    match(SPACE)
    if (text[at] === '}') {
      at += 1
      return entries
    }
    for (;;) {
      const key = string()
      match(SPACE)
      expect(':')
      match(SPACE)
      entries.set(key, value(depth))
      match(SPACE)
      if (text[at] === '}') break
      expect(',')
      match(SPACE)
    }
    at += 1
    return entries
  }
  const value = (depth: number): PyValue => {
    const char = text[at]
    if (char === '"') return string()
    if (char === '[' || char === '{') {
      if (depth >= MAX_PARSE_DEPTH) throw new Failure('recursion')
      return char === '[' ? array(depth + 1) : object(depth + 1)
    }
    const word = words.find(([name]) => text.startsWith(name, at))
    if (word === undefined) return number()
    at += word[0].length
    return word[1]
  }

  try {
    if (text.startsWith('\ufeff')) decodeError()
    match(SPACE)
    const parsed = value(0)
    match(SPACE)
    if (at !== text.length) decodeError()
    return { ok: true, value: parsed }
  } catch (error) {
    if (error instanceof Failure) return { ok: false, error: error.failure }
    throw error
  }
}

/** `repr(float)`: shortest digits that give the number back, exponent form from 1e16 up and below 1e-4. */
export const pyFloatRepr = (value: number): string => {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (Object.is(value, -0)) return '-0.0'
  const [digits = '', exponentText = '0'] = value.toExponential().split('e')
  const exponent = Number(exponentText)
  if (exponent < -4 || exponent >= 16) {
    const size = String(Math.abs(exponent)).padStart(2, '0')
    return `${digits}e${exponent < 0 ? '-' : '+'}${size}`
  }
  const fixed = String(value) // JavaScript writes no exponent within these bounds
  return fixed.includes('.') ? fixed : `${fixed}.0`
}

const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}\p{Zs}]/u

/** `repr(str)`. Which characters count as printable follows this runtime's Unicode tables, nearly those of Python 3.11. */
const pyStringRepr = (text: string): string => {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  let out = ''
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0
    if (char === quote || char === '\\') out += `\\${char}`
    else if (char === '\n') out += '\\n'
    else if (char === '\r') out += '\\r'
    else if (char === '\t') out += '\\t'
    else if (char === ' ' || !UNPRINTABLE.test(char)) out += char
    else if (code <= 0xff) out += `\\x${code.toString(16).padStart(2, '0')}`
    else if (code <= 0xffff) out += `\\u${code.toString(16).padStart(4, '0')}`
    else out += `\\U${code.toString(16).padStart(8, '0')}`
  }
  return quote + out + quote
}

/** `repr(value)`. */
export const pyRepr = (value: PyValue): string => {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof PyFloat) return pyFloatRepr(value.value)
  if (typeof value === 'string') return pyStringRepr(value)
  if (isPyList(value)) return `[${value.map(pyRepr).join(', ')}]`
  return `{${[...value].map(([key, item]) => `${pyStringRepr(key)}: ${pyRepr(item)}`).join(', ')}}`
}

/** `str(value)`. */
export const pyStr = (value: PyValue): string => (typeof value === 'string' ? value : pyRepr(value))

export const isPyList = (value: PyValue): value is readonly PyValue[] => Array.isArray(value)
export const isPyDict = (value: PyValue): value is PyDict => value instanceof Map
