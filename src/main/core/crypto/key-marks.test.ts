import { describe, expect, it } from 'vitest'
import { bip39English } from './bip39-english.ts'
import { fromHex, utf8 } from './bytes.ts'
import { hashTagged } from './canonical-json.ts'
import { ed25519PublicKey } from './ed25519.ts'
import m2m from './fixtures/m2m-crypto.json' with { type: 'json' }
import { sha256, sha256Hex } from './hash.ts'
import { keyPicture } from './key-picture.ts'
import { elevenBits, keyWords, wordsAt } from './key-words.ts'

const alice = ed25519PublicKey(new Uint8Array(32).fill(1))
const bob = ed25519PublicKey(new Uint8Array(32).fill(3))

describe('words', () => {
  it('the list is that of BIP-39, byte for byte', () => {
    expect(bip39English).toHaveLength(2048)
    expect(sha256Hex(utf8(bip39English.map((w) => `${w}\n`).join('')))).toBe('2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda')
    expect(new Set(bip39English.map((w) => w.slice(0, 4))).size).toBe(2048)
  })
  it('takes eleven bits at a time as the match words and the ceremony do', () => {
    const d = fromHex(hashTagged('zeq.m2m.words.v1', { a1: m2m.words.a1, x: m2m.words.x, y: m2m.words.y }))
    expect(elevenBits(d, 2)).toEqual(m2m.words.words)
    expect(wordsAt(elevenBits(d, 2))).toEqual(m2m.words.text)
    const s = fromHex(hashTagged('zeq.m2m.sas.v1', m2m.sas.in))
    expect(elevenBits(s, 6)).toEqual(m2m.sas.words)
    expect(wordsAt(elevenBits(s, 6))).toEqual(m2m.sas.text)
  })
  it('six words of a key, from the tagged hash', () => {
    const expected = wordsAt(elevenBits(sha256(Buffer.concat([Buffer.from('countersign.words.v1\0'), alice])), 6))
    expect(keyWords(alice)).toEqual(expected)
    expect(keyWords(alice)).toHaveLength(6)
    expect(keyWords(bob)).not.toEqual(keyWords(alice))
    expect(() => keyWords(new Uint8Array(31))).toThrow(RangeError)
    expect(() => elevenBits(new Uint8Array(1), 1)).toThrow(RangeError)
    expect(() => wordsAt([2048])).toThrow(RangeError)
  })
})

describe('picture', () => {
  const digits = (text: string): number[] => text.split(' ').map(Number)
  it('gives the published check values', () => {
    expect(keyPicture(alice)).toEqual({ a: 1, b: 3, A: digits('0 0 1 1 2 1 1 0 0 0 2 2'), B: digits('1 2 2 2 0 2 2 2 1 1 1 0') })
    expect(keyPicture(bob)).toEqual({ a: 0, b: 8, A: digits('2 2 2 0 2 0 2 1 2 1 1 1'), B: digits('0 0 1 1 1 2 0 0 0 0 0 2') })
  })
  it('never puts both strands on one track or in one colour', () => {
    for (let n = 0; n < 300; n += 1) {
      const p = keyPicture(sha256(utf8(String(n))))
      expect(p.a).not.toBe(p.b)
      for (let i = 0; i < 12; i += 1) expect(p.A[i]).not.toBe(p.B[i])
    }
  })
  it('wants a key of 32 bytes', () => expect(() => keyPicture(new Uint8Array(33))).toThrow(RangeError))
})
