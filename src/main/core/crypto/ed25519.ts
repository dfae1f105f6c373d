import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { type Bytes, concat, fromHex, toHex } from './bytes.ts'
import type { SecretBytes } from './secret.ts'

/**
 * Ed25519 by one rule everywhere (docs/protocol.md, "Ed25519, one rule"), because three verifiers give three answers:
 * OpenSSL refuses a small-order R, BoringSSL (Electron) accepts it, noble accepts torsion in R or in the key.
 * A forger could otherwise make two honest parties disagree. (1) the key is admitted: canonical, on the curve, in the
 * prime-order subgroup, not the identity; (2) 64 bytes, S < L, R canonical and not of small order; (3) encode([S]B − [k]A)
 * equals R byte for byte.
 */
export interface Ed25519Suite {
  publicKey(seed: Uint8Array): Bytes
  sign(seed: Uint8Array, message: Uint8Array): Bytes
  /** Rules (2) and (3); the key is already admitted and the signature has 64 bytes and an acceptable R. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}

const PKCS8 = fromHex('302e020100300506032b657004220420')

/** Peers choose keys: what is remembered about them is bounded. */
const REMEMBERED_KEYS = 4096

// Making the key object takes several times as long as verifying with it.
const publicKeys = new Map<string, KeyObject>()
const publicKeyObject = (publicKey: Uint8Array): KeyObject => {
  const x = Buffer.from(publicKey).toString('base64url')
  let key = publicKeys.get(x)
  if (key === undefined) {
    key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
    if (publicKeys.size >= REMEMBERED_KEYS) publicKeys.clear()
    publicKeys.set(x, key)
  }
  return key
}

const checkSeed = (seed: Uint8Array): void => {
  if (seed.length !== 32) throw new RangeError('an Ed25519 seed has 32 bytes')
}

const privateKeyOf = (seed: Uint8Array): KeyObject => {
  checkSeed(seed)
  const der = concat(PKCS8, seed)
  try {
    return createPrivateKey({ key: Buffer.from(der.buffer), format: 'der', type: 'pkcs8' })
  } finally {
    der.fill(0)
  }
}
const signWith = (key: KeyObject, message: Uint8Array): Bytes => new Uint8Array(sign(null, message, key))

/** The platform's implementation, which checks S < L and compares R's bytes. */
export const nativeEd25519: Ed25519Suite = {
  publicKey: (seed) => {
    const der = createPublicKey(privateKeyOf(seed)).export({ format: 'der', type: 'spki' })
    return new Uint8Array(der.subarray(der.length - 32))
  },
  sign: (seed, message) => signWith(privateKeyOf(seed), message),
  verify: (publicKey, message, signature) => verify(null, message, publicKeyObject(publicKey), signature),
}

/** noble with the checks it leaves out: its strict mode still accepts an R with an order-8 part. */
export const referenceEd25519: Ed25519Suite = {
  publicKey: (seed) => new Uint8Array(ed25519.getPublicKey(seed)),
  sign: (seed, message) => new Uint8Array(ed25519.sign(message, seed)),
  verify: (publicKey, message, signature) => {
    try {
      return ed25519.Point.fromBytes(signature.subarray(0, 32)).isTorsionFree() && ed25519.verify(signature, message, publicKey, { zip215: false })
    } catch {
      return false
    }
  },
}

// y of the points whose order divides 8, without the sign bit: of order 4, 1, 2 and the two of order 8.
const SMALL_ORDER_Y: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
])

const withoutSign = (point: Uint8Array): Bytes => {
  const y = new Uint8Array(point)
  y[31] = (y[31] ?? 0) & 0x7f
  return y
}

// y >= p = 2^255 − 19 needs 31 high bytes at their maximum and a low byte of at least 0xed.
const isCanonicalY = (y: Uint8Array): boolean => !(y[31] === 0x7f && y.subarray(1, 31).every((b) => b === 0xff) && (y[0] ?? 0) >= 0xed)

/** True when the 32 bytes are a canonical encoding whose order does not divide 8; whether it is on the curve is not asked. */
const isPlausiblePoint = (bytes: Uint8Array): boolean => {
  const y = withoutSign(bytes)
  return isCanonicalY(y) && !SMALL_ORDER_Y.has(toHex(y))
}

const admitted = new Set<string>()

/**
 * Rule (1): may these 32 bytes be used as an Ed25519 public key? Canonical, on the curve, torsion-free, not the identity.
 * Costs about a millisecond; keys that passed are remembered.
 */
export const admitEd25519 = (publicKey: Uint8Array): boolean => {
  if (publicKey.length !== 32) return false
  const hex = toHex(publicKey)
  if (admitted.has(hex)) return true
  if (!isPlausiblePoint(publicKey)) return false
  try {
    // fromBytes refuses y >= p and what is not on the curve.
    if (!ed25519.Point.fromBytes(publicKey).isTorsionFree()) return false
  } catch {
    return false
  }
  if (admitted.size >= REMEMBERED_KEYS) admitted.clear()
  admitted.add(hex)
  return true
}

/** Verification by the rule above on top of either implementation. */
export const verifyWith = (suite: Ed25519Suite, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
  signature.length === 64 && isPlausiblePoint(signature.subarray(0, 32)) && admitEd25519(publicKey) && suite.verify(publicKey, message, signature)

/** The 32-byte public key of a 32-byte seed (RFC 8032). */
export const ed25519PublicKey = (seed: Uint8Array): Bytes => {
  checkSeed(seed)
  return nativeEd25519.publicKey(seed)
}

/** Deterministic signature, 64 bytes, by the 32-byte seed. */
export const ed25519Sign = (seed: Uint8Array, message: Uint8Array): Bytes => {
  checkSeed(seed)
  return nativeEd25519.sign(seed, message)
}

/** As `ed25519Sign`; the native key is made once for each holder. @throws AppFault LOCKED when it was wiped. */
export const ed25519SignBy = (seed: SecretBytes, message: Uint8Array): Bytes => seed.lendKey(privateKeyOf, (key) => signWith(key, message))

/** True only by the rule above; false for wrong lengths. Never throws. Same answer in Node and in Electron. */
export const ed25519Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
  verifyWith(nativeEd25519, publicKey, message, signature)
