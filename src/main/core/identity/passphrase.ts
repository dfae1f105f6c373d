import { fromUtf8, utf8 } from '../crypto/bytes.ts'
import { AppFault } from '../fault.ts'

/** As typed, in UTF-8; the same bound as the contract's. */
const LONGEST_PASSPHRASE = 1024
const ENOUGH_CHARACTERS = 12
const ENOUGH_SCORE = 3

const asText = (passphrase: Uint8Array): string => {
  if (passphrase.length === 0) throw new AppFault('BAD_ARGUMENT', 'Type a passphrase.')
  if (passphrase.length > LONGEST_PASSPHRASE) throw new AppFault('BAD_ARGUMENT', `A passphrase has at most ${LONGEST_PASSPHRASE} bytes.`)
  try {
    return fromUtf8(passphrase).normalize('NFKC')
  } catch {
    throw new AppFault('BAD_ARGUMENT', 'The passphrase is not valid UTF-8 text.')
  }
}

/**
 * The bytes that go into key derivation: NFKC, UTF-8, in new memory that the caller wipes. So "é" typed as one or as two
 * code points, or a full-width letter of another keyboard, is the same passphrase. ASCII, which NFKC leaves alone, never becomes a
 * string, since strings cannot be wiped.
 * @throws AppFault BAD_ARGUMENT when empty, longer than 1024 bytes or not UTF-8
 */
export const normalisePassphrase = (passphrase: Uint8Array): Uint8Array => {
  const ascii = passphrase.every((b) => b < 0x80)
  return ascii && passphrase.length > 0 && passphrase.length <= LONGEST_PASSPHRASE ? Uint8Array.from(passphrase) : utf8(asText(passphrase))
}

export interface Strength {
  /** zxcvbn's: 0 (too guessable) to 4. */
  readonly score: number
  readonly acceptable: boolean
  /** Time to guess it by someone who has the file, in words. */
  readonly crackTime: string
  /** One sentence on what is weak, or null. */
  readonly hint: string | null
}

/**
 * How good a passphrase is. Acceptable: at least 12 characters (code points after NFKC) or zxcvbn score 3.
 * `hints` are words an attacker would try first (the profile's name). The estimate works on strings, which stay in memory until collected.
 * The word lists are loaded on the first call.
 * @throws AppFault BAD_ARGUMENT when longer than 1024 bytes or not UTF-8
 */
export const strength = async (passphrase: Uint8Array, hints: readonly string[] = []): Promise<Strength> => {
  if (passphrase.length === 0) return { score: 0, acceptable: false, crackTime: '', hint: null }
  const text = asText(passphrase)
  // The matchers are superlinear; what follows 128 characters changes no verdict.
  const { guessEstimator } = await import('./guess-estimator.ts')
  const result = guessEstimator.check(text.slice(0, 128), ['countersign', ...hints])
  const acceptable = [...text].length >= ENOUGH_CHARACTERS || result.score >= ENOUGH_SCORE
  return {
    score: result.score,
    acceptable,
    crackTime: result.crackTimes.offlineSlowHashingXPerSecond.display,
    hint: result.feedback.warning ?? result.feedback.suggestions[0] ?? (acceptable ? null : `Use at least ${ENOUGH_CHARACTERS} characters.`),
  }
}

/** @throws AppFault WEAK_PASSPHRASE */
export const requireStrong = async (passphrase: Uint8Array, hints: readonly string[]): Promise<void> => {
  // Twelve characters are enough whatever the estimate: then the word lists are not needed.
  if ([...asText(passphrase)].length >= ENOUGH_CHARACTERS) return
  if (!(await strength(passphrase, hints)).acceptable) {
    throw new AppFault('WEAK_PASSPHRASE', `This passphrase is too easy to guess: use at least ${ENOUGH_CHARACTERS} characters, or a less common one.`)
  }
}
