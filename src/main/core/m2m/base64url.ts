import type { Bytes } from '../crypto/bytes.ts'
import { FormatError } from '../crypto/errors.ts'

/** Base64url without padding (RFC 4648 section 5): bulk bytes inside JSON, where it needs no escaping. */
export const toBase64Url = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')

/**
 * Bytes of base64url in its one spelling. @throws FormatError for padding, the letters of standard base64, white space, any other
 * character, or unused bits that are not zero: two spellings of one message would be two messages to whoever compares texts.
 */
export const fromBase64Url = (text: string): Bytes => {
  const bytes = Buffer.from(text, 'base64url')
  // Node's decoder forgives nearly everything; the one spelling it writes itself is the one accepted.
  if (bytes.toString('base64url') !== text) throw new FormatError('not base64url without padding')
  return new Uint8Array(bytes)
}
