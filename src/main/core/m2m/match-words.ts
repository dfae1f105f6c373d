import { fromHex } from '../crypto/bytes.ts'
import { hashTagged } from '../crypto/canonical-json.ts'
import { elevenBits, wordsAt } from '../crypto/key-words.ts'

/** Two words and a colour that both screens show for one proposal. */
export interface MatchWords {
  readonly words: readonly string[]
  /** 0 to 7: place in `matchChips` of the contract; never shown without its name. */
  readonly chip: number
}

/**
 * The initiator's commitment to its half `x` (16 random bytes, hex), published in the proposal:
 * H("zeq.m2m.words.commit.v1", {x, self_genesis, peer_genesis, session_nonce}), hex. Without it whoever sees the other half
 * first could search for a proposal with the same words: 22 bits are seconds of work.
 */
export const wordsCommit = (from: {
  readonly x: string
  readonly self_genesis: string
  readonly peer_genesis: string
  readonly session_nonce: string
}): string =>
  hashTagged('zeq.m2m.words.commit.v1', { x: from.x, self_genesis: from.self_genesis, peer_genesis: from.peer_genesis, session_nonce: from.session_nonce })

/** d = H("zeq.m2m.words.v1", {a1, x, y}); bits 0–10 and 11–21 are words, bits 22–24 the chip. `a1` is the proposal row's stateHash; all hex. */
export const matchWords = (from: { readonly a1: string; readonly x: string; readonly y: string }): MatchWords => {
  const d = fromHex(hashTagged('zeq.m2m.words.v1', { a1: from.a1, x: from.x, y: from.y }))
  // Bits 22 to 24: the last two of byte 2 and the first of byte 3.
  const chip = (((d[2] ?? 0) & 3) << 1) | ((d[3] ?? 0) >> 7)
  return { words: wordsAt(elevenBits(d, 2)), chip }
}
