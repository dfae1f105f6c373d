import type { KeyPicture } from '../../../contract/index.ts'
import { concat, utf8 } from './bytes.ts'
import { sha256 } from './hash.ts'

const TAG = concat(utf8('countersign.picture.v1'), new Uint8Array(1))

/**
 * The picture of a public signing key ("knot", version 1): two colours (0 to 9) and the track (0 to 2) of each strand in the twelve sectors.
 * `a` colours disc and strand A, `b` strand B and the centre. From SHA-256("countersign.picture.v1" ‖ 0 ‖ sign_pub) alone; it proves nothing.
 */
export const keyPicture = (signPub: Uint8Array): KeyPicture => {
  if (signPub.length !== 32) throw new RangeError('a public key has 32 bytes')
  const d = sha256(concat(TAG, signPub))
  const byte = (i: number): number => d[i] ?? 0
  const a = byte(0) % 10
  const b = (a + 2 + (byte(1) % 7)) % 10
  const v = Array.from({ length: 12 }, (_, i) => byte(2 + i) % 6)
  const A = v.map((x) => x >> 1)
  // Strand B is never on A's track: it lies one or two tracks further.
  const B = v.map((x) => ((x >> 1) + 1 + (x & 1)) % 3)
  return { a, b, A, B }
}
