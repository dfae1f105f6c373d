import { bip39English } from './bip39-english.ts'
import { concat, utf8 } from './bytes.ts'
import { sha256 } from './hash.ts'

const TAG = concat(utf8('countersign.words.v1'), new Uint8Array(1))

/** 11-bit numbers from the front of a byte string, most significant bit first. */
export const elevenBits = (bytes: Uint8Array, count: number): number[] => {
  if (bytes.length * 8 < count * 11) throw new RangeError('not enough bits')
  return Array.from({ length: count }, (_, i) => {
    let value = 0
    for (let bit = i * 11; bit < i * 11 + 11; bit += 1) value = (value << 1) | (((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1)
    return value
  })
}

/** The words for 11-bit indices into the BIP-39 English list. */
export const wordsAt = (indices: readonly number[]): string[] =>
  indices.map((index) => {
    const word = bip39English[index]
    if (word === undefined) throw new RangeError('a word index has 11 bits')
    return word
  })

/**
 * Six words of a public signing key: bits 0 to 65 of SHA-256("countersign.words.v1" ‖ 0 ‖ sign_pub). Lists show the first two or four.
 * They help a person to notice a different key; they verify nothing.
 */
export const keyWords = (signPub: Uint8Array): string[] => {
  if (signPub.length !== 32) throw new RangeError('a public key has 32 bytes')
  return wordsAt(elevenBits(sha256(concat(TAG, signPub)), 6))
}
