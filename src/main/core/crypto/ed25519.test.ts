import { ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toBase64, toHex, utf8 } from './bytes.ts'
import { admitEd25519, type Ed25519Suite, ed25519PublicKey, ed25519Sign, ed25519Verify, nativeEd25519, referenceEd25519, verifyWith } from './ed25519.ts'
import hs from './fixtures/hs-crypto.json' with { type: 'json' }
import m2m from './fixtures/m2m-crypto.json' with { type: 'json' }

const suites: readonly (readonly [string, Ed25519Suite])[] = [
  ['native', nativeEd25519],
  ['noble', referenceEd25519],
]
const msg = utf8('x')

describe.each(suites)('%s', (_, suite) => {
  it.each(m2m.ed25519)('$name', (v) => {
    const verdict = (): boolean => {
      try {
        return verifyWith(suite, fromHex(v.pub), fromHex(v.msg), fromHex(v.sig))
      } catch {
        return false // not hex of the required form
      }
    }
    expect(verdict()).toBe(v.valid)
  })
  it('signs and verifies as the original does', () => {
    for (const [who, signed] of [
      [hs.keys.A, hs.hs_sign.init_from_A],
      [hs.keys.B, hs.hs_sign.response_from_B],
    ] as const) {
      const pub = suite.publicKey(fromHex(who.sign_seed_hex))
      expect(toBase64(pub)).toBe(who.sign_pub_b64)
      const sig = suite.sign(fromHex(who.sign_seed_hex), utf8(signed.signed_string_utf8))
      expect(toBase64(sig)).toBe(signed.hs.sig)
      expect(verifyWith(suite, pub, utf8(signed.signed_string_utf8), sig)).toBe(true)
    }
  })
  it('refuses every small-order R, also where [S]B − [k]A would equal it', () => {
    // With A = [a]B and S = k·a the equation gives R = identity: the forgery OpenSSL refuses and BoringSSL accepts.
    const order = ed25519.Point.Fn.ORDER
    const seed = new Uint8Array(32).fill(1)
    const { scalar } = ed25519.utils.getExtendedPublicKey(seed)
    const pub = suite.publicKey(seed)
    const identity = ed25519.Point.ZERO.toBytes()
    const k = numberLE(nodeSha512(identity, pub, msg)) % order
    const sig = new Uint8Array(64)
    sig.set(identity)
    sig.set(bytesLE((k * scalar) % order), 32)
    expect(verifyWith(suite, pub, msg, sig)).toBe(false)
  })
})

const numberLE = (b: Uint8Array): bigint => b.reduceRight((n, x) => (n << 8n) | BigInt(x), 0n)
const bytesLE = (n: bigint): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => Number((n >> BigInt(8 * i)) & 0xffn))
const nodeSha512 = (...parts: Uint8Array[]): Uint8Array => {
  const { createHash } = process.getBuiltinModule('node:crypto')
  const h = createHash('sha512')
  for (const p of parts) h.update(p)
  return h.digest()
}

describe('the rule', () => {
  it('admits exactly the canonical points of the prime-order subgroup', () => {
    const seedPub = ed25519PublicKey(new Uint8Array(32).fill(1))
    expect(toHex(seedPub)).toBe('8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c')
    expect(admitEd25519(seedPub)).toBe(true)
    expect(admitEd25519(seedPub)).toBe(true) // remembered
    const point = ed25519.Point.fromBytes(seedPub)
    const torsion = ed25519.Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')
    let t = torsion
    for (let i = 1; i < 8; i += 1, t = t.add(torsion)) {
      expect(admitEd25519(t.toBytes()), `small order ${i}`).toBe(false)
      expect(admitEd25519(point.add(t).toBytes()), `mixed order ${i}`).toBe(false)
    }
    expect(admitEd25519(ed25519.Point.ZERO.toBytes())).toBe(false)
    expect(admitEd25519(new Uint8Array(32).fill(0xff))).toBe(false)
    expect(admitEd25519(fromHex(`02${'00'.repeat(31)}`)), 'not on the curve').toBe(false)
    for (const length of [0, 31, 33, 64]) expect(admitEd25519(new Uint8Array(length).fill(1))).toBe(false)
    // Every non-canonical y (p to 2^255 − 1), with both signs.
    for (let low = 0xed; low <= 0xff; low += 1)
      for (const top of [0x7f, 0xff]) expect(admitEd25519(Uint8Array.from([low, ...new Array<number>(30).fill(0xff), top]))).toBe(false)
  })
  it('both libraries sign alike and agree on altered signatures', () => {
    const key32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(key32, fc.uint8Array({ maxLength: 64 }), fc.nat({ max: 64 * 8 - 1 }), (seed, message, bit) => {
        const pub = ed25519PublicKey(seed)
        const sig = ed25519Sign(seed, message)
        expect(pub).toEqual(referenceEd25519.publicKey(seed))
        expect(sig).toEqual(referenceEd25519.sign(seed, message))
        expect(ed25519Verify(pub, message, sig)).toBe(true)
        const altered = Uint8Array.from(sig)
        altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(ed25519Verify(pub, message, altered)).toBe(false)
        expect(verifyWith(referenceEd25519, pub, message, altered)).toBe(false)
      }),
      { numRuns: 40 },
    )
  })
  it('never throws on rubbish', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), fc.uint8Array({ maxLength: 70 }), (pub, sig) => {
        expect(ed25519Verify(pub, msg, sig)).toBe(false)
        expect(verifyWith(referenceEd25519, pub, msg, sig)).toBe(false)
      }),
      { numRuns: 200 },
    )
  })
  it('wants seeds of 32 bytes', () => {
    expect(() => ed25519PublicKey(new Uint8Array(31))).toThrow(RangeError)
    expect(() => ed25519Sign(new Uint8Array(64), msg)).toThrow(RangeError)
  })
})
