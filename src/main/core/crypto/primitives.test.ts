import { createSecretKey } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppFault } from '../fault.ts'
import { aesGcmOpen, aesGcmSeal, nativeAead, referenceAead } from './aead.ts'
import { concat, fromBase64, fromHex, toBase64, toHex, utf8 } from './bytes.ts'
import { ed25519Sign, ed25519SignBy } from './ed25519.ts'
import { AuthenticationError, KeyRefusedError } from './errors.ts'
import hs from './fixtures/hs-crypto.json' with { type: 'json' }
import m2m from './fixtures/m2m-crypto.json' with { type: 'json' }
import { hkdfSha256, nativeHash, referenceHash, sha256Hex } from './hash.ts'
import { SecretBytes, wiping } from './secret.ts'
import { admitX25519, nativeX25519, referenceX25519, sharedWith, x25519PublicKey, x25519Shared, x25519SharedBy } from './x25519.ts'

const key32 = fc.uint8Array({ minLength: 32, maxLength: 32 })

describe('hash', () => {
  it('gives the published values', () => {
    expect(sha256Hex(utf8('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    // RFC 5869, test case 3 (no salt, no info).
    expect(toHex(hkdfSha256(new Uint8Array(22).fill(0x0b), null, '', 42))).toBe(
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    )
    // RFC 4231, test case 2.
    expect(toHex(nativeHash.hmacSha256(utf8('Jefe'), utf8('what do ya want for nothing?')))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
  })
  it('is the same in both libraries, with a long info too', () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.uint8Array(),
        fc.uint8Array({ maxLength: 1500, size: 'max' }),
        fc.integer({ min: 1, max: 300 }),
        (ikm, salt, info, length) => {
          expect(nativeHash.sha256(ikm)).toEqual(referenceHash.sha256(ikm))
          expect(nativeHash.hmacSha256(salt, ikm)).toEqual(referenceHash.hmacSha256(salt, ikm))
          expect(nativeHash.hkdfSha256(ikm, salt, info, length)).toEqual(referenceHash.hkdfSha256(ikm, salt, info, length))
        },
      ),
      { numRuns: 50 },
    )
  })
  it('bounds the length', () => {
    for (const length of [0, -1, 8161, 1.5]) expect(() => hkdfSha256(new Uint8Array(1), null, '', length)).toThrow(RangeError)
  })
})

describe('x25519', () => {
  const suites = [
    ['native', nativeX25519],
    ['noble', referenceX25519],
  ] as const
  it.each(suites)('%s: keys and shared secret of the original, key derivation', (_, suite) => {
    const { A, B } = hs.keys
    expect(toBase64(suite.publicKey(fromHex(A.kx_priv_hex)))).toBe(A.kx_pub_b64)
    expect(toBase64(suite.publicKey(fromHex(B.kx_priv_hex)))).toBe(B.kx_pub_b64)
    const shared = sharedWith(suite, fromHex(A.kx_priv_hex), fromBase64(B.kx_pub_b64))
    expect(toHex(shared)).toBe(hs.derived_key.x25519_shared_hex)
    expect(toHex(sharedWith(suite, fromHex(B.kx_priv_hex), fromBase64(A.kx_pub_b64)))).toBe(hs.derived_key.x25519_shared_hex)
    expect(toHex(hkdfSha256(shared, null, hs.derived_key.hkdf.info_utf8, 32))).toBe(hs.derived_key.sym_key_hex)
  })
  it.each(suites)('%s: the three exchanges of a session', (_, suite) => {
    const seed = (n: number): Uint8Array => new Uint8Array(32).fill(n)
    const [ee, es, se] = m2m.dh
    expect(toHex(suite.publicKey(seed(5)))).toBe(m2m.transcript.a.eph)
    expect(toHex(sharedWith(suite, seed(5), fromHex(m2m.transcript.b.eph)))).toBe(ee)
    expect(toHex(sharedWith(suite, seed(5), fromHex(m2m.transcript.b.kx_pub)))).toBe(es)
    expect(toHex(sharedWith(suite, seed(2), fromHex(m2m.transcript.b.eph)))).toBe(se)
  })
  it.each(m2m.x25519_refused)('refuses %s in both', (hex) => {
    expect(admitX25519(fromHex(hex))).toBe(false)
    for (const [, suite] of suites) expect(() => sharedWith(suite, new Uint8Array(32).fill(9), fromHex(hex))).toThrow(KeyRefusedError)
  })
  it('refuses lengths, admits real keys, agrees in both libraries', () => {
    for (const length of [0, 31, 33]) expect(admitX25519(new Uint8Array(length).fill(9))).toBe(false)
    expect(() => x25519PublicKey(new Uint8Array(31))).toThrow(RangeError)
    expect(() => x25519Shared(new Uint8Array(33), new Uint8Array(32).fill(9))).toThrow(RangeError)
    fc.assert(
      fc.property(key32, key32, (a, b) => {
        const pub = x25519PublicKey(b)
        expect(pub).toEqual(referenceX25519.publicKey(b))
        expect(admitX25519(pub)).toBe(true)
        expect(x25519Shared(a, pub)).toEqual(sharedWith(referenceX25519, a, pub))
        expect(x25519Shared(a, pub)).toEqual(x25519Shared(b, x25519PublicKey(a)))
      }),
      { numRuns: 25 },
    )
  })
})

describe('aead', () => {
  const frame = m2m.channel
  it('makes the frame of the session channel', () => {
    const sealed = aesGcmSeal(fromHex(frame.stream_key), new Uint8Array(12), fromHex(frame.plaintext), utf8(frame.aad_utf8))
    expect(Buffer.from(sealed).toString('base64url')).toBe(frame.frame.c)
  })
  it.each(hs.sec_seal)('makes and opens the ciphertext of the original: $plaintext_json', (v) => {
    const [key, nonce, aad] = [fromHex(v.sym_key_hex), fromHex(v.gcm_nonce_hex), fromHex(v.plaintext_sha256_hex)]
    expect(toBase64(aesGcmSeal(key, nonce, utf8(v.plaintext_json), aad))).toBe(v.sec.envelope.ciphertext)
    expect(aesGcmOpen(key, nonce, fromBase64(v.sec.envelope.ciphertext), aad)).toEqual(utf8(v.plaintext_json))
  })
  it('is the same in both libraries and opens nothing altered', () => {
    const nonce12 = fc.uint8Array({ minLength: 12, maxLength: 12 })
    fc.assert(
      fc.property(key32, nonce12, fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 40 }), fc.nat(), (key, nonce, plain, aad, where) => {
        const sealed = aesGcmSeal(key, nonce, plain, aad)
        expect(sealed).toEqual(referenceAead.seal(key, nonce, plain, aad))
        expect(aesGcmOpen(key, nonce, sealed, aad)).toEqual(new Uint8Array(plain))
        expect(referenceAead.open(key, nonce, sealed, aad)).toEqual(new Uint8Array(plain))
        const altered = Uint8Array.from(sealed)
        const i = where % altered.length
        altered[i] = (altered[i] ?? 0) ^ (1 << (where % 8))
        expect(() => aesGcmOpen(key, nonce, altered, aad)).toThrow(AuthenticationError)
        expect(() => referenceAead.open(key, nonce, altered, aad)).toThrow()
        expect(() => aesGcmOpen(key, nonce, sealed, concat(aad, Uint8Array.of(0)))).toThrow(AuthenticationError)
        expect(() => aesGcmOpen(key, nonce, sealed.subarray(0, sealed.length - 1), aad)).toThrow(AuthenticationError)
      }),
      { numRuns: 100 },
    )
  })
  it('refuses short input, keys and nonces', () => {
    expect(() => aesGcmOpen(new Uint8Array(32), new Uint8Array(12), new Uint8Array(15), new Uint8Array(0))).toThrow(AuthenticationError)
    expect(() => aesGcmSeal(new Uint8Array(16), new Uint8Array(12), new Uint8Array(0), new Uint8Array(0))).toThrow(RangeError)
    expect(() => aesGcmSeal(new Uint8Array(32), new Uint8Array(16), new Uint8Array(0), new Uint8Array(0))).toThrow(RangeError)
    // node accepts shorter tags when told to; the length is fixed here.
    expect(() => nativeAead.open(new Uint8Array(32), new Uint8Array(12), new Uint8Array(4), new Uint8Array(0))).toThrow()
  })
})

describe('SecretBytes', () => {
  it('shows its bytes to `use` only', () => {
    const secret = SecretBytes.copy(Uint8Array.of(0xde, 0xad))
    for (const text of [
      String(secret),
      `${secret}`,
      JSON.stringify({ secret }),
      inspect(secret, { showHidden: true, depth: 9 }),
      inspect({ a: [secret] }),
      Object.keys(secret).join(),
    ]) {
      expect(text).not.toMatch(/222|173|dead/i)
    }
    expect(secret.use((b) => [...b])).toEqual([0xde, 0xad])
    expect(structuredClone(secret)).toEqual({})
  })
  it('overwrites what it owns, more than once without harm', () => {
    const bytes = Uint8Array.of(1, 2, 3)
    const secret = new SecretBytes(bytes)
    expect(secret.wiped).toBe(false)
    secret.wipe()
    secret.wipe()
    expect([...bytes, secret.wiped, secret.length]).toEqual([0, 0, 0, true, 3])
    expect(() => secret.use((b) => b)).toThrow(AppFault)
    expect(() => secret.use((b) => b)).toThrow(expect.objectContaining({ code: 'LOCKED' }))
  })
  it('makes its native key once, another for another maker, and none once it was overwritten', () => {
    const secret = SecretBytes.copy(new Uint8Array(32).fill(5))
    const made: string[] = []
    const maker = (name: string) => (bytes: Uint8Array) => {
      made.push(name)
      return createSecretKey(bytes)
    }
    const [one, two] = [maker('one'), maker('two')]
    for (const make of [one, one, two, two]) expect(secret.lendKey(make, (key) => key.symmetricKeySize)).toBe(32)
    expect(made).toEqual(['one', 'two'])
    secret.wipe()
    expect(() => secret.lendKey(two, () => 0)).toThrow(expect.objectContaining({ code: 'LOCKED' }))
    expect(made).toEqual(['one', 'two'])
  })
  it('signs and agrees as its bytes do', () => {
    const bytes = new Uint8Array(32).fill(9)
    const [signs, agrees] = [SecretBytes.copy(bytes), SecretBytes.copy(bytes)]
    for (const message of [utf8('a'), utf8('b')]) expect(ed25519SignBy(signs, message)).toEqual(ed25519Sign(bytes, message))
    const peer = x25519PublicKey(new Uint8Array(32).fill(3))
    for (let i = 0; i < 2; i += 1) expect(x25519SharedBy(agrees, peer)).toEqual(x25519Shared(bytes, peer))
    expect(() => x25519SharedBy(agrees, new Uint8Array(32))).toThrow(KeyRefusedError)
    expect(() => ed25519SignBy(SecretBytes.copy(bytes.subarray(1)), utf8('a'))).toThrow(RangeError)
  })
  it('a copy leaves the original alone', () => {
    const bytes = Uint8Array.of(1)
    SecretBytes.copy(bytes).wipe()
    expect(bytes[0]).toBe(1)
  })
  it('wiping() overwrites also when the reader throws', () => {
    const bytes = Uint8Array.of(7)
    expect(() =>
      wiping(bytes, () => {
        throw new Error('x')
      }),
    ).toThrow('x')
    expect(bytes[0]).toBe(0)
  })
})
