import { fromHex, toHex } from '../crypto/bytes.ts'
import { type Json, taggedBytes } from '../crypto/canonical-json.ts'
import { ed25519SignBy, ed25519Verify } from '../crypto/ed25519.ts'
import type { SecretBytes } from '../crypto/secret.ts'

/** Everything the machine key signs begins with one of these and a zero byte, so no signature can pass for another kind. */
export type SignatureTag =
  | 'zeq.head.v1'
  | 'zeq.m2m.step.v1'
  | 'zeq.m2m.end.v1'
  | 'zeq.m2m.rotate.v1'
  | 'zeq.m2m.msg.v1'
  | 'zeq.card.v1'
  | 'zeq.tally.sig.v1'
  | 'zeq.bundle.v1'

/** Ed25519 over UTF8(tag) ‖ 0 ‖ JCS(value), hex, by a 32-byte seed. */
export const signTagged = (seed: SecretBytes, tag: SignatureTag, value: Json): string => toHex(ed25519SignBy(seed, taggedBytes(tag, value)))

/** Is `sig` (hex) the key's (hex) signature over the value under the tag? False for malformed hex; never throws for JSON within the limits. */
export const verifyTagged = (signPub: string, tag: SignatureTag, value: Json, sig: string): boolean =>
  /^[0-9a-f]{64}$/.test(signPub) && /^[0-9a-f]{128}$/.test(sig) && ed25519Verify(fromHex(signPub), taggedBytes(tag, value), fromHex(sig))

/** As `verifyTagged` for a statement that carries its own `sig`: the signature is over all other fields. */
export const verifyOwnSig = (signPub: string, tag: SignatureTag, statement: Readonly<Record<string, Json>> & { readonly sig: string }): boolean => {
  const { sig, ...unsigned } = statement
  return verifyTagged(signPub, tag, unsigned, sig)
}
