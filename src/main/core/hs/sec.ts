import { aesGcmOpen, aesGcmSeal } from '../crypto/aead.ts'
import { equalBytes, fromBase64Lenient, fromUtf8, toBase64, utf8 } from '../crypto/bytes.ts'
import { ed25519Sign, ed25519Verify } from '../crypto/ed25519.ts'
import { sha256 } from '../crypto/hash.ts'
import { formatLocal } from './local-time.ts'
import type { SecObject } from './messages.ts'
import { pythonJson } from './python-json.ts'

export interface SecSeal {
  readonly key: Uint8Array
  readonly signSeed: Uint8Array
  /** 12 random bytes, never used twice under one key; the key is the same in all sessions of two identities. */
  readonly nonce: Uint8Array
  readonly localMs: number
}

/**
 * Seals a value as the original's `sec`: AES-256-GCM with the plaintext's SHA-256 as associated data, and an Ed25519
 * signature over the envelope. The hash travels in clear (the receiver checks it), so short messages can be guessed.
 */
export const sealSec = (value: unknown, seal: SecSeal): SecObject => {
  const plaintext = utf8(pythonJson(value))
  const hash = sha256(plaintext)
  const envelope = {
    ciphertext: toBase64(aesGcmSeal(seal.key, seal.nonce, plaintext, hash)),
    hash: toBase64(hash),
    nonce: toBase64(seal.nonce),
    ts: formatLocal(seal.localMs),
  }
  return { envelope, sig: toBase64(ed25519Sign(seal.signSeed, utf8(pythonJson(envelope)))) }
}

export type SecOpened = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly why: 'signature' | 'decrypt' | 'hash' | 'json' }

/** Opens a `sec`: signature with the peer's key, decryption, hash, JSON, in this order. Never throws. */
export const openSec = (sec: SecObject, key: Uint8Array, peerSignPub: Uint8Array): SecOpened => {
  try {
    if (!ed25519Verify(peerSignPub, utf8(pythonJson(sec.envelope)), fromBase64Lenient(sec.sig))) return { ok: false, why: 'signature' }
  } catch {
    return { ok: false, why: 'signature' }
  }
  let plaintext: Uint8Array
  try {
    const hash = fromBase64Lenient(sec.envelope.hash)
    plaintext = aesGcmOpen(key, fromBase64Lenient(sec.envelope.nonce), fromBase64Lenient(sec.envelope.ciphertext), hash)
    if (!equalBytes(sha256(plaintext), hash)) return { ok: false, why: 'hash' }
  } catch {
    return { ok: false, why: 'decrypt' }
  }
  try {
    return { ok: true, value: JSON.parse(fromUtf8(plaintext)) }
  } catch {
    return { ok: false, why: 'json' }
  }
}
