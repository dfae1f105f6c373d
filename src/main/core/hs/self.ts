import type { KxPub, PeerId, SignPub } from '../brand.ts'
import { fromHex, utf8 } from '../crypto/bytes.ts'
import { hashTagged } from '../crypto/canonical-json.ts'
import { sha256Hex } from '../crypto/hash.ts'
import type { SecretBytes } from '../crypto/secret.ts'
import { wiping } from '../crypto/secret.ts'
import { deriveSessionKey, signHs } from './handshake.ts'
import type { HsObject, SecObject } from './messages.ts'
import { openSec, type SecOpened, sealSec } from './sec.ts'

/** The unlocked identity, as the hs profile uses it. The private keys stay in their holders. */
export interface Self {
  readonly id: PeerId
  readonly name: string
  readonly signPub: SignPub
  readonly kxPub: KxPub
  readonly signPriv: SecretBytes
  readonly kxPriv: SecretBytes
}

/** Derived anew for each use and wiped after it: static keys on both sides give the same key every time. */
const withSessionKey = <T>(self: Self, peerKxPub: string, use: (key: Uint8Array) => T): T =>
  self.kxPriv.use((priv) => wiping(deriveSessionKey(priv, fromHex(peerKxPub)), use))

/** First 8 hex digits of SHA-256 of the session key; never the key. */
export const keyFingerprint = (self: Self, peerKxPub: string): string => withSessionKey(self, peerKxPub, (key) => sha256Hex(key).slice(0, 8))

export const sealText = (self: Self, peerKxPub: string, text: string, nonce: Uint8Array, localMs: number): SecObject =>
  withSessionKey(self, peerKxPub, (key) => self.signPriv.use((signSeed) => sealSec({ message: text }, { key, signSeed, nonce, localMs })))

export const openFrom = (self: Self, peerKxPub: string, peerSignPub: string, sec: SecObject): SecOpened =>
  withSessionKey(self, peerKxPub, (key) => openSec(sec, key, fromHex(peerSignPub)))

export const signOwnHs = (self: Self, type: 'init' | 'response', nonce: string, localMs: number): HsObject =>
  self.signPriv.use((signSeed) => signHs(type, nonce, localMs, { signSeed, signPub: fromHex(self.signPub), kxPub: fromHex(self.kxPub) }))

/** Name of an hs session, the same on both sides: both signing keys, the confirm's and the first request's nonce. 64 hex digits. */
export const hsSessionId = (initiatorSignPub: string, responderSignPub: string, confirmNonce: string, requestNonce: string): string =>
  hashTagged('countersign.hs.session.v1', {
    initiator: initiatorSignPub,
    responder: responderSignPub,
    confirm: sha256Hex(utf8(confirmNonce)),
    request: sha256Hex(utf8(requestNonce)),
  })
