import { timingSafeEqual } from 'node:crypto'
import { FormatError } from './errors.ts'

/** Bytes that own their memory; what every function here returns, so that callers may hand it to node:crypto, WebCrypto or a worker. */
export type Bytes = Uint8Array<ArrayBuffer>

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8 bytes of a string. A lone surrogate becomes U+FFFD, as in every web API; where that matters the caller checks `isWellFormed()`. */
export const utf8 = (text: string): Bytes => encoder.encode(text)

/** Text of UTF-8 bytes. @throws FormatError on anything that is not well-formed UTF-8. A byte order mark is kept as U+FEFF. */
export const fromUtf8 = (bytes: Uint8Array): string => {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new FormatError('not valid UTF-8')
  }
}

/** Lower-case hex. */
export const toHex = (bytes: Uint8Array): string => view(bytes).toString('hex')

/**
 * Bytes of lower-case hex. @throws FormatError for an odd length, upper case or any other character.
 * Strict because `Buffer.from(text, 'hex')` silently stops at the first bad digit, so two spellings would give one value.
 */
export const fromHex = (text: string): Bytes => {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text) || text.endsWith('\n')) throw new FormatError('not lower-case hex')
  return new Uint8Array(Buffer.from(text, 'hex'))
}

/** Standard base64 with padding (RFC 4648 section 4). */
export const toBase64 = (bytes: Uint8Array): string => view(bytes).toString('base64')

/** Node's decoder forgives nearly everything; the one spelling it writes itself is the one accepted. */
const strictly = (text: string, alphabet: 'base64' | 'base64url', why: string): Bytes => {
  const bytes = Buffer.from(text, alphabet)
  if (bytes.toString(alphabet) !== text) throw new FormatError(why)
  return new Uint8Array(bytes)
}

/** Bytes of standard padded base64. @throws FormatError for missing padding, url-safe letters, white space, or unused bits that are not zero. */
export const fromBase64 = (text: string): Bytes => strictly(text, 'base64', 'not standard base64')

/** Base64url without padding (RFC 4648 section 5): bulk bytes inside JSON, where it needs no escaping. */
export const toBase64Url = (bytes: Uint8Array): string => view(bytes).toString('base64url')

/**
 * Bytes of base64url in its one spelling. @throws FormatError for padding, the letters of standard base64, white space, any other
 * character, or unused bits that are not zero: two spellings of one message would be two messages to whoever compares texts.
 */
export const fromBase64Url = (text: string): Bytes => strictly(text, 'base64url', 'not base64url without padding')

/**
 * Python's `base64.b64decode(text)` (validate=False), for what an original HSAgent accepts: characters outside the
 * alphabet are dropped, the padding must be right, data after the padding is ignored.
 * @throws FormatError where Python raises binascii.Error ("Incorrect padding", one character left over).
 */
export const fromBase64Lenient = (text: string): Bytes => {
  // Python refuses a string that is not ASCII before it decodes ("string argument should contain only ASCII characters").
  if (!/^[\x00-\x7f]*$/.test(text)) throw new FormatError('not base64: not ASCII')
  let letters = ''
  let padding = 0
  for (const c of text) {
    if (c === '=') {
      // binascii.a2b_base64: padding counts only where a quantum has two or three letters; elsewhere "=" is skipped.
      padding += 1
      if (letters.length % 4 >= 2 && (letters.length % 4) + padding >= 4) return new Uint8Array(Buffer.from(letters, 'base64'))
      continue
    }
    if (!/[A-Za-z0-9+/]/.test(c)) continue
    padding = 0
    letters += c
  }
  if (letters.length % 4 !== 0) throw new FormatError('not base64: incorrect padding')
  return new Uint8Array(Buffer.from(letters, 'base64'))
}

/** All parts, one after the other, in new memory. */
export const concat = (...parts: readonly Uint8Array[]): Bytes => {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** Equality in time that depends on the lengths only. Different lengths are unequal. */
export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b)

/** Unsigned 32-bit big-endian. */
export const u32be = (value: number): Bytes => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

const view = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
