import { describe, expect, it } from 'vitest'
import { toHex } from '../crypto/bytes.ts'
import { SecretBytes } from '../crypto/secret.ts'
import { nextCommitment } from './genesis.ts'
import { commitmentTo, firstCommitment, recoveryKeys } from './recovery-keys.ts'

const seed = (fill: number) => SecretBytes.take(new Uint8Array(32).fill(fill))

describe('recovery keys', () => {
  it('follow from the seed alone, each generation its own', () => {
    const [one, again, two] = [recoveryKeys(seed(1), 1), recoveryKeys(seed(1), 1), recoveryKeys(seed(1), 2)]
    expect(again.signPriv.use(toHex)).toBe(one.signPriv.use(toHex))
    expect(new Set([one.signPub, one.kxPub, two.signPub, two.kxPub, recoveryKeys(seed(2), 1).signPub]).size).toBe(5)
    expect(firstCommitment(seed(1))).toBe(nextCommitment({ sign_pub: one.signPub, kx_pub: one.kxPub }))
    expect(commitmentTo(seed(1), 2)).toBe(nextCommitment({ sign_pub: two.signPub, kx_pub: two.kxPub }))
  })

  it('are the ones of HKDF as it is written down', () => {
    // Computed with Python's hmac and hashlib: info b'zeq.recovery.v1\x00{"n":1}', no salt.
    const { signPriv, kxPriv } = recoveryKeys(seed(1), 1)
    expect(signPriv.use(toHex) + kxPriv.use(toHex)).toBe(
      'f1f3879c166ee149c9dc2af09a2cfb4aa6250baf024c513fda016931769ee1772d4eaab6735807be928532022dee8294f98d9e9ad1f533d19f6647004122d42c',
    )
  })

  it('are counted from 1 and want a whole seed', () => {
    for (const n of [0, -1, 1.5, Number.NaN]) expect(() => recoveryKeys(seed(1), n)).toThrow(RangeError)
    expect(() => recoveryKeys(SecretBytes.take(new Uint8Array(31)), 1)).toThrow(RangeError)
  })
})
