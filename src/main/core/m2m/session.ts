import { concat, fromHex, toHex } from '../crypto/bytes.ts'
import { hashTagged, taggedBytes } from '../crypto/canonical-json.ts'
import { hkdfSha256, hmacSha256, sha256Hex } from '../crypto/hash.ts'
import { SecretBytes, wiping } from '../crypto/secret.ts'
import { x25519Shared } from '../crypto/x25519.ts'
import type { Role, Suite } from './statement.ts'

/** One party's part of the transcript; hex. `kem` as in its key row: the bytes themselves, not their hash. */
export interface TranscriptParty {
  readonly genesis: string
  readonly sign_pub: string
  readonly kx_pub: string
  readonly nonce: string
  readonly eph: string
  readonly kem: string | null
}

/** stateHash of the four rows before the session id, hex. */
export interface TranscriptRows {
  readonly A1: string
  readonly B1: string
  readonly B2: string
  readonly A2: string
}

export interface Transcript {
  readonly suite: Suite
  /** The initiator. */
  readonly a: TranscriptParty
  readonly b: TranscriptParty
}

const inTranscript = (party: TranscriptParty) => ({
  genesis: party.genesis,
  sign_pub: party.sign_pub,
  kx_pub: party.kx_pub,
  nonce: party.nonce,
  eph: party.eph,
  kem: party.kem === null ? null : sha256Hex(fromHex(party.kem)),
})

/** What goes into the session id: identities, nonces, ephemerals, suite; the KEM's bytes as their SHA-256. */
export const transcriptOf = ({ suite, a, b }: Transcript) => ({ suite, a: inTranscript(a), b: inTranscript(b) })

/** H("zeq.m2m.session.v1", {transcript, rows: [A1, B1, B2, A2]}), hex. Anyone with the rows can recompute it. */
export const sessionId = (transcript: Transcript, rows: TranscriptRows): string =>
  hashTagged('zeq.m2m.session.v1', { transcript: transcriptOf(transcript), rows: [rows.A1, rows.B1, rows.B2, rows.A2] })

/** Own secrets of the key agreement; X25519 private keys, 32 bytes each. */
export interface OwnSecrets {
  readonly eph: SecretBytes
  readonly kx: SecretBytes
}

/** The peer's public keys, hex. */
export interface PeerKeys {
  readonly eph: string
  readonly kx: string
}

/** 32 bytes each. `a2b` and `b2a` start the channel's streams, `root` later epochs; `confirm` may be shown to an auditor, it opens no traffic. */
export interface SessionKeys {
  readonly a2b: SecretBytes
  readonly b2a: SecretBytes
  readonly confirm: SecretBytes
  readonly root: SecretBytes
}

/**
 * The three Diffie-Hellman results in the order of the key derivation: (e,e), (e_A,s_B), (s_A,e_B); 96 bytes, the caller wipes.
 * The static keys are in it, so that a stolen signing key alone does not give the session key.
 * @throws KeyRefusedError for a key that is not acceptable or a result of zeros.
 */
export const sharedSecrets = (role: Role, own: OwnSecrets, peer: PeerKeys): Uint8Array => {
  const dh = (secret: SecretBytes, pub: string) => secret.use((bytes) => x25519Shared(bytes, fromHex(pub)))
  const ee = dh(own.eph, peer.eph)
  const es = role === 'initiator' ? dh(own.eph, peer.kx) : dh(own.kx, peer.eph)
  const se = role === 'initiator' ? dh(own.kx, peer.eph) : dh(own.eph, peer.kx)
  const all = concat(ee, es, se)
  for (const part of [ee, es, se]) part.fill(0)
  return all
}

/**
 * HKDF-SHA256(ikm = DHs ‖ [kem_ss], salt = session id, info "zeq.m2m.key.v1", 128) = a2b ‖ b2a ‖ confirm ‖ root. Wipes `ikm`.
 * Under the hybrid suite `kemSecret` (32 bytes) is appended: the keys stand while either of the two exchanges stands.
 */
export const deriveKeys = (dh: Uint8Array, id: string, kemSecret: Uint8Array | null = null): SessionKeys =>
  wiping(kemSecret === null ? dh : concat(dh, kemSecret), (ikm) =>
    wiping(hkdfSha256(ikm, fromHex(id), 'zeq.m2m.key.v1', 128), (okm) => {
      dh.fill(0)
      const part = (i: number) => SecretBytes.copy(okm.subarray(i * 32, i * 32 + 32))
      return { a2b: part(0), b2a: part(1), confirm: part(2), root: part(3) }
    }),
  )

/** HMAC(confirm, "zeq.m2m.confirm.v1" ‖ 0 ‖ JCS({role, session_id})), hex: shows that the role's party holds the keys. */
export const keyConfirm = (confirm: SecretBytes, role: Role, id: string): string =>
  toHex(confirm.use((key) => hmacSha256(key, taggedBytes('zeq.m2m.confirm.v1', { role, session_id: id }))))
