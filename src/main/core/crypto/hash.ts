import { createHash, createHmac, hkdfSync } from 'node:crypto'
import { hkdf as nobleHkdf } from '@noble/hashes/hkdf.js'
import { hmac as nobleHmac } from '@noble/hashes/hmac.js'
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import { type Bytes, utf8 } from './bytes.ts'

export interface HashSuite {
  sha256(bytes: Uint8Array): Bytes
  hmacSha256(key: Uint8Array, bytes: Uint8Array): Bytes
  hkdfSha256(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Bytes
}

/** The platform's implementation (OpenSSL in Node, BoringSSL in Electron). */
export const nativeHash: HashSuite = {
  sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  hmacSha256: (key, bytes) => new Uint8Array(createHmac('sha256', key).update(bytes).digest()),
  // node refuses an info of more than 1024 bytes, RFC 5869 does not.
  hkdfSha256: (ikm, salt, info, length) =>
    info.length > 1024 ? referenceHash.hkdfSha256(ikm, salt, info, length) : new Uint8Array(hkdfSync('sha256', ikm, salt, info, length)),
}

/** noble: the reference the tests compare with. */
export const referenceHash: HashSuite = {
  sha256: (bytes) => new Uint8Array(nobleSha256(bytes)),
  hmacSha256: (key, bytes) => new Uint8Array(nobleHmac(nobleSha256, key, bytes)),
  hkdfSha256: (ikm, salt, info, length) => new Uint8Array(nobleHkdf(nobleSha256, ikm, salt, info, length)),
}

/** SHA-256, 32 bytes. */
export const sha256 = (bytes: Uint8Array): Bytes => nativeHash.sha256(bytes)

/** SHA-256 as 64 lower-case hex digits. */
export const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** SHA-256 of what comes piece by piece. */
export interface Sha256 {
  update(bytes: Uint8Array): void
  /** 64 lower-case hex digits; once. */
  hex(): string
}

export const createSha256 = (): Sha256 => {
  const hash = createHash('sha256')
  return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') }
}

/** HMAC-SHA256 (RFC 2104), 32 bytes. */
export const hmacSha256 = (key: Uint8Array, bytes: Uint8Array): Bytes => nativeHash.hmacSha256(key, bytes)

/**
 * HKDF with SHA-256 (RFC 5869), `length` bytes (1 to 8160). `salt: null` is the RFC's default, 32 zero bytes.
 * A string as `info` is taken as UTF-8.
 */
export const hkdfSha256 = (ikm: Uint8Array, salt: Uint8Array | null, info: string | Uint8Array, length: number): Bytes => {
  if (!Number.isInteger(length) || length < 1 || length > 8160) throw new RangeError('HKDF-SHA256 gives 1 to 8160 bytes')
  return nativeHash.hkdfSha256(ikm, salt ?? new Uint8Array(32), typeof info === 'string' ? utf8(info) : info, length)
}
