import { basename } from 'node:path'
import { type FileDto, type HandshakeDto, type MatchWords, matchChips, type SessionDto } from '../../contract/index.ts'
import type { ThreadSummary } from './m2m/engine-types.ts'
import { movedOf } from './session/channel/transfer.ts'
import type { FileRow } from './store/files.ts'
import type { Fork } from './store/ledger-records.ts'

// The m2m profile as people see it: plain data of threads and files, and the sentences about them.

export const wordsOf = (words: { readonly words: readonly string[]; readonly chip: number } | null): MatchWords | null =>
  words === null ? null : { words: [...words.words], chip: matchChips[words.chip] ?? matchChips[0] }

export const fileDto = (row: FileRow): FileDto => ({
  id: row.id,
  session: row.session,
  peer: row.peer,
  direction: row.direction,
  name: row.name,
  size: row.size,
  moved: movedOf(row),
  state: row.state === 'checking' ? 'moving' : row.state,
  reason: row.reason,
  at: row.at,
  savedAs: row.direction === 'theirs' && row.state === 'done' && row.path !== null ? basename(row.path) : null,
})

const stepNames: Readonly<Record<string, string>> = { propose: 'Propose', accept: 'Accept', key: 'Key', activate: 'Activate', seal: 'Seal' }

/** What a handshake waits for, one sentence. */
export const statusText = (t: ThreadSummary): string => {
  if (t.frozen !== null) return `Frozen: ${t.frozen}.`
  if (t.end !== null) return `Ended: ${t.end.text}.`
  if (t.asking.length > 0) return 'Waits for your decision'
  switch (t.state) {
    case 'i.sent':
      return 'Proposed; waiting for the peer to accept'
    case 'i.acc':
      return 'Accepted; waiting for the peer’s key'
    case 'r.keyed':
      return 'Waiting for the peer’s key'
    case 'i.act':
    case 'r.act':
      return 'Activated; waiting for the peer'
    case 'r.ask1':
      return 'Waiting for the words to compare'
    default:
      return 'Under way'
  }
}

export const handshakeDto = (t: ThreadSummary): HandshakeDto => ({
  id: t.nonce,
  peer: t.peerId,
  role: t.role,
  status: statusText(t),
  match: wordsOf(t.words),
  startedAt: t.startedAt,
  expiresAt: t.expiresAt === null ? null : Math.round(t.expiresAt),
  steps: t.steps.filter((s) => s.name !== 'seal').map(({ name, by, at, seq }) => ({ name: stepNames[name] ?? name, by, at, seq })),
  ended: t.end !== null ? { at: t.since, reason: t.end.text } : t.frozen !== null ? { at: t.since, reason: `frozen: ${t.frozen}` } : null,
  may: { abort: t.may.abort },
})

export const sessionStep = (t: ThreadSummary): SessionDto['steps'] =>
  t.steps.map(({ name, by, at, seq }) => ({ name: stepNames[name] ?? name, by, at, detail: seq === null ? null : `row ${seq}` }))

export const sessionChecks = [
  { text: 'Every step signed by its party', holds: true },
  { text: 'Both ledgers have every step, each answered by the other', holds: true },
  { text: 'Both hold the same key', holds: true },
  { text: 'Fresh keys for this session', holds: true },
  { text: 'Safe against a later quantum computer', holds: false },
]

export const isSession = (t: ThreadSummary): boolean => t.state === 'open' || t.state === 'closing' || t.state === 'closed'

/** Told apart: what the owner provably did, a ledger that was cut, and one that was changed by who knows whom. */
export const forkNotice = ({ code, why, proof }: Fork): string => {
  const end = proof === null ? 'Its sessions are frozen, and the rows are kept.' : 'Its sessions are frozen, and the proof is kept.'
  if (proof !== null) return `This peer signed two histories of its ledger: ${why}. ${end}`
  if (code === 'ROLLBACK') return `This peer’s ledger was cut: ${why}. It may have been restored from an old backup. ${end}`
  return `This peer’s ledger contradicts itself: ${why}. ${end}`
}
