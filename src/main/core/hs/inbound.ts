import { fromBase64Lenient, toHex } from '../crypto/bytes.ts'
import { checkHs, HS_SKEW_MS, type HsProof } from './handshake.ts'
import { parseLocal } from './local-time.ts'
import type { HsObject, SecObject } from './messages.ts'
import { openFrom, type Self } from './self.ts'
import type { Opened, Proof } from './thread.ts'

export interface ProofContext {
  readonly self: Self
  readonly localNow: number
  readonly replayed: (signPub: string, nonce: string, signature: string) => boolean
  readonly acceptedZone: number | null
}

/** The proof in a confirm (`response`) or first request (`init`). */
export const proofOf = (hs: HsObject | 'malformed' | undefined, type: 'init' | 'response', nonce: string, c: ProofContext): Proof => {
  if (hs === undefined) return { ok: false, why: 'absent' }
  if (hs === 'malformed') return { ok: false, why: 'malformed' }
  const proof: HsProof = checkHs({ hs, type, nonce, localNow: c.localNow, ownSignPub: c.self.signPub, replayed: c.replayed, acceptedZone: c.acceptedZone })
  return proof
}

export interface OpenContext {
  readonly self: Self
  /** The thread's keys: those of the session, or those just proved with a first request. */
  readonly keys: { readonly signPub: string; readonly kxPub: string } | null
  /** Local milliseconds when the message came, by the peer's clock where its zone is accepted. */
  readonly localNow: number
  /** True for a sec nonce that this peer sent before; the static key would open it again in any session. */
  readonly repeated: (secNonce: string) => boolean
}

/** How old a sealed body may be, ms. The original never looks; an hour lets a line wait out a sleep, and bounds how long a nonce must be remembered. */
const SEC_AGE_MS = 60 * 60_000
/** How long an opened nonce is remembered, ms: longer than the body could pass for new. */
export const SEC_KEEP_MS = 2 * 60 * 60_000

const longestText = 16_000

/** What a round said. A plaintext where a key exists is never taken: the original falls back to it silently. */
export const openBody = (body: { readonly sec: SecObject | 'malformed' | undefined; readonly message: string | undefined }, c: OpenContext): Opened => {
  if (body.sec === 'malformed') return { kind: 'refused', why: 'malformed' }
  if (body.sec === undefined || !c.keys) return { kind: 'refused', why: 'plaintext' }
  const at = parseLocal(body.sec.envelope.ts)
  if (at === null || at < c.localNow - SEC_AGE_MS || at > c.localNow + HS_SKEW_MS) return { kind: 'refused', why: 'stale' }
  const opened = openFrom(c.self, c.keys.kxPub, c.keys.signPub, body.sec)
  if (!opened.ok) return { kind: 'refused', why: opened.why }
  // Base64 has many spellings of the same bytes, so the bytes are what is remembered.
  const secNonce = toHex(fromBase64Lenient(body.sec.envelope.nonce))
  if (c.repeated(secNonce)) return { kind: 'refused', why: 'replayed' }
  const value = opened.value
  const message = typeof value === 'object' && value !== null && 'message' in value ? value.message : undefined
  if (message === undefined) return { kind: 'refused', why: 'malformed' }
  const text = typeof message === 'string' ? message : JSON.stringify(message)
  return { kind: 'opened', text: text.toWellFormed().slice(0, longestText), secNonce }
}
