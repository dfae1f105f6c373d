import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'
import { x25519 } from '@noble/curves/ed25519.js'
import { type Bytes, concat, fromHex, toHex } from './bytes.ts'
import { KeyRefusedError } from './errors.ts'
import type { SecretBytes } from './secret.ts'

export interface X25519Suite {
  publicKey(privateKey: Uint8Array): Bytes
  /** The public key is already admitted. */
  shared(privateKey: Uint8Array, publicKey: Uint8Array): Bytes
}

const checkLength = (privateKey: Uint8Array): void => {
  if (privateKey.length !== 32) throw new RangeError('an X25519 private key has 32 bytes')
}

const PKCS8 = fromHex('302e020100300506032b656e04220420')
const SPKI = fromHex('302a300506032b656e032100')

const privateKeyOf = (privateKey: Uint8Array): KeyObject => {
  checkLength(privateKey)
  const der = concat(PKCS8, privateKey)
  try {
    return createPrivateKey({ key: Buffer.from(der.buffer), format: 'der', type: 'pkcs8' })
  } finally {
    der.fill(0)
  }
}

const sharedBy = (key: KeyObject, publicKey: Uint8Array): Bytes => {
  const peer = createPublicKey({ key: Buffer.from(concat(SPKI, publicKey)), format: 'der', type: 'spki' })
  const secret = diffieHellman({ privateKey: key, publicKey: peer })
  const copy = new Uint8Array(secret)
  secret.fill(0)
  return copy
}

/** The platform's implementation (OpenSSL in Node, BoringSSL in Electron). */
export const nativeX25519: X25519Suite = {
  publicKey: (privateKey) => {
    const der = createPublicKey(privateKeyOf(privateKey)).export({ format: 'der', type: 'spki' })
    return new Uint8Array(der.subarray(der.length - 32))
  },
  shared: (privateKey, publicKey) => sharedBy(privateKeyOf(privateKey), publicKey),
}

/** noble: the reference the tests compare with. */
export const referenceX25519: X25519Suite = {
  publicKey: (privateKey) => new Uint8Array(x25519.getPublicKey(privateKey)),
  shared: (privateKey, publicKey) => new Uint8Array(x25519.getSharedSecret(privateKey, publicKey)),
}

// u = 0 (order 4), 1 (order 4 or 1 on the twist), p − 1, and the two of order 8.
const LOW_ORDER_U: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
])

/** May these 32 bytes be used as an X25519 public key? Canonical (u < p, top bit 0) and not of low order (docs/protocol.md). */
export const admitX25519 = (publicKey: Uint8Array): boolean => {
  if (publicKey.length !== 32 || (publicKey[31] ?? 0x80) > 0x7f) return false
  const overP = publicKey[31] === 0x7f && publicKey.subarray(1, 31).every((b) => b === 0xff) && (publicKey[0] ?? 0) >= 0xed
  return !overP && !LOW_ORDER_U.has(toHex(publicKey))
}

/** Diffie-Hellman by the rule on top of either implementation. */
export const sharedWith = (suite: X25519Suite, privateKey: Uint8Array, publicKey: Uint8Array): Bytes => {
  checkLength(privateKey)
  return checkedShared(publicKey, () => suite.shared(privateKey, publicKey))
}

const checkedShared = (publicKey: Uint8Array, agree: () => Bytes): Bytes => {
  if (!admitX25519(publicKey)) throw new KeyRefusedError('this X25519 public key is not acceptable')
  const secret = agree()
  // Cannot happen with an admitted key; RFC 7748 section 6.1 asks for the check all the same.
  if (secret.every((b) => b === 0)) throw new KeyRefusedError('the X25519 shared secret is zero')
  return secret
}

/** The 32-byte public key of a 32-byte private key (RFC 7748; clamped inside). */
export const x25519PublicKey = (privateKey: Uint8Array): Bytes => {
  checkLength(privateKey)
  return nativeX25519.publicKey(privateKey)
}

/** The 32-byte shared secret; the caller wipes it. @throws KeyRefusedError for a public key that is not admitted or an all-zero result. */
export const x25519Shared = (privateKey: Uint8Array, publicKey: Uint8Array): Bytes => sharedWith(nativeX25519, privateKey, publicKey)

/** As `x25519Shared`; the native key is made once for each holder. @throws AppFault LOCKED when it was wiped. */
export const x25519SharedBy = (priv: SecretBytes, publicKey: Uint8Array): Bytes =>
  checkedShared(publicKey, () => priv.lendKey(privateKeyOf, (key) => sharedBy(key, publicKey)))
