import type { RowPreview } from '../../../contract/index.ts'
import type { Genesis, Zeqond } from '../brand.ts'
import { canonicalJson, type Json } from '../crypto/canonical-json.ts'
import type { SecretBytes } from '../crypto/secret.ts'
import { isObject } from '../ledger/fields.ts'
import { HANDSHAKE, HANDSHAKE_HASH } from '../ledger/handshake-contract.ts'
import type { Head } from '../ledger/head.ts'
import { type Row, statementHash } from '../ledger/row.ts'
import { signTagged } from '../ledger/signing.ts'
import { plusTicks } from '../ledger/zeqond.ts'
import { chooseSuite, End, type EndReason, moveOf, PROFILE, Step, type StepKind, type Suite } from './statement.ts'
import type { OwnRow, Thread } from './thread.ts'

type Fields = { readonly [key: string]: Json }

/** Who states it, about whom. */
export interface Parties {
  readonly self: { readonly genesis: Genesis; readonly signPub: string; readonly kxPub: string }
  readonly peer: { readonly genesis: Genesis; readonly signPub: string; readonly slug: string }
}

/** What the statement of a step takes from elsewhere. */
export interface StepParts extends Parties {
  readonly thread: Thread
  /** The row of the peer's that it answers; null for A1. */
  readonly acked: Row | null
  /** Suites of A1, with B1. */
  readonly peerSuites: readonly Suite[]
  /** With an activate row. */
  readonly keyConfirm: string | null
}

/** The rows each step answers. */
export const ANSWERS: Readonly<Record<OwnRow, 'A1' | 'B2' | 'A2' | null>> = { A1: null, B1: 'A1', B2: 'A1', A2: 'B2', A3: 'B2', B3: 'A2' }
const KINDS: Readonly<Record<OwnRow, StepKind>> = { A1: 'propose', B1: 'accept', B2: 'key', A2: 'key', A3: 'activate', B3: 'activate' }

/** Filled in when the row is made: a prompt shows them as stamped. */
const STAMPED = new Set(['peer_head', 'decision_hash', 'expires_zeqond', 'sig'])

const missing = (what: string): never => {
  throw new RangeError(`a statement without ${what}`)
}

export const inputOf = (row: Row): Fields => {
  const input = isObject(row.payload) ? row.payload['input'] : undefined
  return isObject(input) ? (input as Fields) : missing('input')
}

const ackOf = (row: Row): { readonly hash: string; readonly stmt: string } => ({ hash: row.stateHash, stmt: statementHash(inputOf(row)) })

const ofKind = (row: OwnRow, parts: StepParts): Fields => {
  const { thread, self, acked } = parts
  const ack = acked === null ? null : ackOf(acked)
  if (row === 'A1') return { self_kx_pub: self.kxPub, suites: thread.suites, expires_zeqond: null, words_commit: thread.wordsCommit }
  if (ack === null) return missing('the row it answers')
  if (row === 'B1') {
    const suite = chooseSuite(parts.peerSuites, thread.suites) ?? missing('a common suite')
    return {
      self_kx_pub: self.kxPub,
      responder_nonce: thread.responderNonce ?? missing('a nonce'),
      suites: thread.suites,
      suite,
      ack_hash: ack.hash,
      ack_stmt_hash: ack.stmt,
    }
  }
  if (row === 'B2' || row === 'A2') return { ecdh_pub: thread.eph ?? missing('an ephemeral'), kem: null, ack_hash: ack.hash, ack_stmt_hash: ack.stmt }
  return {
    peer_keyed_hash: ack.hash,
    peer_keyed_stmt_hash: ack.stmt,
    session_id: thread.sessionId ?? missing('a session id'),
    key_confirm: parts.keyConfirm ?? missing('the key confirmation'),
  }
}

/** A step's statement as far as it is settled before the question; stamped fields are null. */
export const draftStep = (row: OwnRow, parts: StepParts): Fields => {
  const { thread, self, peer } = parts
  const kind = KINDS[row]
  const move = moveOf(thread.role, kind) ?? missing('a move')
  return {
    v: PROFILE,
    kind,
    role: thread.role,
    session_nonce: thread.nonce,
    self_genesis: self.genesis,
    self_pubkey: self.signPub,
    peer_genesis: peer.genesis,
    peer_pubkey: peer.signPub,
    peer_slug: peer.slug,
    contract_id: thread.contractId,
    definition_hash: HANDSHAKE_HASH,
    from: move.from,
    to: move.to,
    decision_hash: null,
    peer_head: null,
    ...ofKind(row, parts),
  }
}

export interface Stamped {
  readonly stamp: Zeqond
  readonly decision: string | null
  readonly head: Head | null
}

/** The statement whole and signed: only stamped fields are filled in. @throws ZodError when it is no step. */
export const signedStep = (draft: Fields, lifetime: number, at: Stamped, seed: SecretBytes): Fields => {
  const unsigned = {
    ...draft,
    decision_hash: at.decision,
    peer_head: at.head,
    ...(draft['kind'] === 'propose' ? { expires_zeqond: plusTicks(at.stamp, BigInt(lifetime)) } : {}),
  }
  return Step.parse({ ...unsigned, sig: signTagged(seed, 'zeq.m2m.step.v1', unsigned) })
}

/** A seal, abort or close, likewise. */
export const draftEnd = (
  kind: 'seal' | 'abort' | 'close',
  parts: Parties & { readonly thread: Thread },
  more: { readonly reason: EndReason } | { readonly peerActive: string },
): Fields => ({
  v: PROFILE,
  kind,
  session_nonce: parts.thread.nonce,
  self_genesis: parts.self.genesis,
  peer_genesis: parts.peer.genesis,
  decision_hash: null,
  session_id: parts.thread.sessionId,
  peer_head: null,
  ...('reason' in more ? { reason: more.reason } : { peer_active_hash: more.peerActive }),
})

export const signedEnd = (draft: Fields, at: Omit<Stamped, 'stamp'>, seed: SecretBytes): Fields => {
  const unsigned = { ...draft, decision_hash: at.decision, peer_head: at.head }
  return End.parse({ ...unsigned, sig: signTagged(seed, 'zeq.m2m.end.v1', unsigned) })
}

const text = (value: Json): string => (typeof value === 'string' ? value : canonicalJson(value))
const place = ['seq', 'prevHash', 'zeqondNumber'].map((name) => ({ name, value: null }))

interface Machine {
  readonly originId: string
  readonly isPublic: boolean
}

const preview = (machine: Machine, type: string, fields: RowPreview['fields']): RowPreview => ({
  machine: machine.originId,
  public: machine.isPublic,
  type,
  fields: [...place, ...fields],
})

/** `expires_zeqond` is shown as how many ticks later it will be. */
const statementFields = (draft: Fields, lifetime: number): RowPreview['fields'] =>
  [...Object.keys(draft), 'sig'].sort().map((name) => {
    if (name === 'expires_zeqond') return { name, value: `+${lifetime}` }
    return { name, value: STAMPED.has(name) ? null : text(draft[name] ?? null) }
  })

export const previewContract = (machine: Machine, contractId: string): RowPreview =>
  preview(machine, 'contract_created', [
    { name: 'contract_id', value: contractId },
    { name: 'definition', value: canonicalJson(HANDSHAKE as unknown as Json) },
  ])

export const previewStep = (machine: Machine, draft: Fields, lifetime: number): RowPreview =>
  preview(machine, `contract ${text(draft['from'] ?? null)} → ${text(draft['to'] ?? null)}`, statementFields(draft, lifetime))

export const previewEnd = (machine: Machine, draft: Fields): RowPreview =>
  preview(machine, `event m2m.${text(draft['kind'] ?? null)}`, [
    ...statementFields(draft, 0),
    // So that the public hash of what few words can say cannot be guessed.
    ...(machine.isPublic ? [] : [{ name: 'salt', value: null }]),
  ])
