/**
 * From the bytes of a client's line straight to the bytes of the relayed line, without strings in between: checks that
 * it is UTF-8 and escapes it as Python's `json.dumps` does (ensure_ascii). This is the relay's inner loop.
 */

/** The line is not UTF-8 as Python's strict decoder understands it (no overlong forms, no surrogates, up to U+10FFFF). */
export const NOT_UTF8 = -1

const COPY = 0
const SHORT = 1
const CONTROL = 2
const MULTIBYTE = 3

const BACKSLASH = 0x5c
const LETTER_U = 0x75
const DIGIT_0 = 0x30
const HEX = Uint8Array.from('0123456789abcdef', (c) => c.charCodeAt(0))

const kinds = new Uint8Array(256)
const shortForms = new Uint8Array(256)
kinds.fill(CONTROL, 0, 0x20)
kinds[0x7f] = CONTROL
kinds.fill(MULTIBYTE, 0x80)
for (const [char, letter] of [
  ['"', '"'],
  ['\\', '\\'],
  ['\n', 'n'],
  ['\r', 'r'],
  ['\t', 't'],
  ['\b', 'b'],
  ['\f', 'f'],
] as const) {
  kinds[char.charCodeAt(0)] = SHORT
  shortForms[char.charCodeAt(0)] = letter.charCodeAt(0)
}

const hexDigit = (value: number): number => HEX[value & 15] ?? DIGIT_0

const putUnit = (out: Uint8Array, at: number, unit: number): number => {
  out[at] = BACKSLASH
  out[at + 1] = LETTER_U
  out[at + 2] = hexDigit(unit >> 12)
  out[at + 3] = hexDigit(unit >> 8)
  out[at + 4] = hexDigit(unit >> 4)
  out[at + 5] = hexDigit(unit)
  return at + 6
}

/** Code point of the sequence at `i` and its length, packed as `point * 8 + length`; NOT_UTF8 where there is none. */
const decodeSequence = (src: Uint8Array, i: number): number => {
  const first = src[i] ?? 0
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
  if (first < 0xc2 || first > 0xf4 || i + length > src.length) return NOT_UTF8
  let point = first & (0xff >> (length + 1))
  for (let k = 1; k < length; k++) {
    const next = src[i + k] ?? 0
    if ((next & 0xc0) !== 0x80) return NOT_UTF8
    point = (point << 6) | (next & 0x3f)
  }
  const smallest = length === 2 ? 0x80 : length === 3 ? 0x800 : 0x10000
  if (point < smallest || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return NOT_UTF8
  return point * 8 + length
}

/**
 * Writes the inside of a JSON string for the UTF-8 text `src` into `out` from `at` on.
 * @returns the position after the last byte, or NOT_UTF8. A position beyond `out.length` means that it did not fit
 *   (nothing is written outside `out`); an input of n bytes takes at most 6n.
 */
export const escapeInto = (src: Uint8Array, out: Uint8Array, at: number): number => {
  const end = src.length
  let to = at
  for (let i = 0; i < end; i++) {
    const byte = src[i] ?? 0
    const kind = kinds[byte]
    if (kind === COPY) {
      out[to++] = byte
    } else if (kind === SHORT) {
      out[to] = BACKSLASH
      out[to + 1] = shortForms[byte] ?? 0
      to += 2
    } else if (kind === CONTROL) {
      to = putUnit(out, to, byte)
    } else {
      const sequence = decodeSequence(src, i)
      if (sequence === NOT_UTF8) return NOT_UTF8
      const point = sequence >> 3
      i += (sequence & 7) - 1
      if (point < 0x10000) {
        to = putUnit(out, to, point)
      } else {
        to = putUnit(out, to, 0xd800 + ((point - 0x10000) >> 10))
        to = putUnit(out, to, 0xdc00 + ((point - 0x10000) & 0x3ff))
      }
    }
  }
  return to
}
