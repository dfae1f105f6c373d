import type { KxPub, SignPub } from '../brand.ts'
import { fromBase64Lenient, toBase64, toHex, utf8 } from '../crypto/bytes.ts'
import { admitEd25519, ed25519Sign, ed25519Verify } from '../crypto/ed25519.ts'
import { hkdfSha256 } from '../crypto/hash.ts'
import { admitX25519, x25519Shared } from '../crypto/x25519.ts'
import { formatLocal, parseLocal } from './local-time.ts'
import type { HsObject } from './messages.ts'

/** How old a signed hs may be, ms; the original's replay window. */
export const HS_TTL_MS = 60_000
/** How far ahead of our clock an hs may be, ms; the original has no bound, so a peer could sign one for the year 2099. */
export const HS_SKEW_MS = 60_000

export interface HsSigner {
  readonly signSeed: Uint8Array
  readonly signPub: Uint8Array
  readonly kxPub: Uint8Array
}

/**
 * Makes the signed hs object: Ed25519 over `nonce|kx_pub|timestamp`. Neither the type nor the parties are signed;
 * that is the original's format. The nonce must begin with a hex digit, so that these bytes can never be those of
 * another signature of the same key (every other one begins with its domain tag).
 */
export const signHs = (type: 'init' | 'response', nonce: string, localMs: number, signer: HsSigner): HsObject => {
  if (!/^[0-9a-f]/.test(nonce)) throw new TypeError('an hs nonce begins with a hex digit')
  const kxPub = toBase64(signer.kxPub)
  const timestamp = formatLocal(localMs)
  const sig = ed25519Sign(signer.signSeed, utf8(`${nonce}|${kxPub}|${timestamp}`))
  return { type, nonce, kx_pub: kxPub, sign_pub: toBase64(signer.signPub), timestamp, sig: toBase64(sig) }
}

export type HsRefusal = 'type' | 'timestamp' | 'nonce' | 'replayed' | 'stale' | 'future' | 'zone' | 'signature' | 'key' | 'own'

export type HsProof =
  | {
      readonly ok: true
      readonly signPub: SignPub
      readonly kxPub: KxPub
      readonly localMs: number
      /** The object itself, kept as evidence by whoever received it. */
      readonly hs?: HsObject
    }
  | {
      readonly ok: false
      readonly why: HsRefusal /** With `zone`: the difference, and the key that signed so. */
      readonly zone?: { readonly minutes: number; readonly signPub: SignPub }
    }

export interface HsCheck {
  readonly hs: HsObject
  readonly type: 'init' | 'response'
  /** The outer message's `my_nonce`. */
  readonly nonce: string
  readonly localNow: number
  readonly ownSignPub: SignPub
  /** `signature`: lower-case hex. */
  readonly replayed: (signPub: SignPub, nonce: string, signature: string) => boolean
  /** A time-zone difference in minutes that the person accepted for this peer. */
  readonly acceptedZone: number | null
}

const decodeKey = (text: string): Uint8Array | null => {
  try {
    const key = fromBase64Lenient(text)
    return key.length === 32 ? key : null
  } catch {
    return null
  }
}

/** A skew within a minute of a whole multiple of 15 minutes is a time zone, not an attack; the person is told its name. */
const zoneMinutes = (aheadMs: number): number | null => {
  const quarters = Math.round(aheadMs / 900_000)
  return quarters !== 0 && Math.abs(quarters) <= 26 * 4 && Math.abs(aheadMs - quarters * 900_000) <= HS_SKEW_MS ? quarters * 15 : null
}

/**
 * Checks an hs object in the original's order, and what the original forgives: its own reflection, timestamps ahead of
 * the clock, keys that are not admitted, and repeats across cycles, roles and types (docs/protocol.md, "What is refused").
 */
export const checkHs = (check: HsCheck): HsProof => {
  const { hs } = check
  if (hs.type !== check.type) return { ok: false, why: 'type' }
  const at = parseLocal(hs.timestamp)
  if (at === null) return { ok: false, why: 'timestamp' }
  if (hs.nonce !== check.nonce) return { ok: false, why: 'nonce' }
  const signKey = decodeKey(hs.sign_pub)
  const kxKey = decodeKey(hs.kx_pub)
  if (!signKey || !kxKey || !admitEd25519(signKey) || !admitX25519(kxKey)) return { ok: false, why: 'key' }
  const signPub = toHex(signKey) as SignPub
  if (signPub === check.ownSignPub) return { ok: false, why: 'own' }
  if (!verifies(signKey, hs)) return { ok: false, why: 'signature' }
  if (check.replayed(signPub, hs.nonce, signatureOf(hs))) return { ok: false, why: 'replayed' }
  const ahead = at - check.localNow - (check.acceptedZone ?? 0) * 60_000
  if (ahead < -HS_TTL_MS || ahead > HS_SKEW_MS) {
    const minutes = zoneMinutes(at - check.localNow)
    if (minutes !== null) return { ok: false, why: 'zone', zone: { minutes, signPub } }
    return { ok: false, why: ahead > 0 ? 'future' : 'stale' }
  }
  return { ok: true, signPub, kxPub: toHex(kxKey) as KxPub, localMs: at }
}

const verifies = (signKey: Uint8Array, hs: HsObject): boolean => {
  try {
    return ed25519Verify(signKey, utf8(`${hs.nonce}|${hs.kx_pub}|${hs.timestamp}`), fromBase64Lenient(hs.sig))
  } catch {
    return false
  }
}

/**
 * Key and signature of an hs addressed to somebody else: remembered, so that nobody can turn it on us (type and parties are
 * unsigned). By signature, not by nonce: the peer's own repeat is signed anew, and must not be kept out by a copy of the first.
 */
export const overheardHs = (hs: HsObject): string | null => {
  const signKey = decodeKey(hs.sign_pub)
  return signKey && admitEd25519(signKey) && verifies(signKey, hs) ? signatureOf(hs) : null
}

/** One name for a signature, whatever its base64 looks like. */
export const signatureOf = (hs: HsObject): string => toHex(fromBase64Lenient(hs.sig))

/**
 * The session key: HKDF-SHA256 of the static X25519 secret, no salt, info `handshake`, 32 bytes. Static on both sides,
 * so it is the same in every session of two identities: no forward secrecy, which the screen says.
 * @throws TypeError for a public key X25519 must refuse.
 */
export const deriveSessionKey = (kxPriv: Uint8Array, peerKxPub: Uint8Array): Uint8Array => hkdfSha256(x25519Shared(kxPriv, peerKxPub), null, 'handshake', 32)
