import { reasonText } from './ending.ts'
import type { Evidence, ThreadSummary } from './engine-types.ts'
import { expiryOf, isActive, isHandshake, type RowName, type Thread } from './thread.ts'

const STEPS: readonly (readonly [RowName, ThreadSummary['steps'][number]['name']])[] = [
  ['A1', 'propose'],
  ['B1', 'accept'],
  ['B2', 'key'],
  ['A2', 'key'],
  ['A3', 'activate'],
  ['B3', 'activate'],
  ['A4', 'seal'],
  ['B4', 'seal'],
]

const evidenceOf = ({ rows }: Thread): Evidence => {
  if (!rows.A1) return 'NONE'
  if (!rows.B1) return 'PROPOSED'
  if (!rows.B2) return 'ACCEPTED'
  if (!rows.A2) return 'KEYED_ONE'
  if (!rows.A3 && !rows.B3) return 'KEYED_BOTH'
  if (!rows.A3 || !rows.B3) return 'ACTIVE_ONE'
  return rows.A4 && rows.B4 ? 'SEALED' : 'ACTIVE_BOTH'
}

/** A thread for whoever draws it. */
export const summaryOf = (t: Thread): ThreadSummary => {
  const own = t.role === 'initiator' ? 'A' : 'B'
  return {
    id: t.id,
    peerId: t.peerId,
    peerGenesis: t.peerGenesis,
    role: t.role,
    state: t.state,
    nonce: t.nonce,
    contractId: t.contractId,
    sessionId: t.sessionId,
    suite: t.suite,
    evidence: evidenceOf(t),
    startedAt: t.createdAt,
    since: t.since,
    expiresAt: expiryOf(t),
    words: t.words,
    asking: t.asking,
    rest: t.rest,
    steps: STEPS.map(([row, name]) => {
      const mark = t.rows[row]
      return { row, name, by: row.startsWith(own) ? 'us' : 'them', at: mark?.at ?? null, seq: mark?.seq ?? null, zeqond: mark?.zeqond ?? null }
    }),
    end: t.end === null ? null : { ...t.end, text: reasonText(t.end.reason) },
    frozen: t.frozen,
    may: {
      abort: isHandshake(t.state) && !isActive(t) && !t.asking.includes('abort'),
      close: (t.state === 'open' || (isHandshake(t.state) && isActive(t))) && !t.asking.includes('close'),
    },
  }
}

/** Seq of the step or end that the own chain got with this move; a seal follows by itself and is none. */
export const writtenIn = (before: Thread, after: Thread): number | null => {
  const own = after.role === 'initiator' ? (['A1', 'A2', 'A3', 'ownEnd'] as const) : (['B1', 'B2', 'B3', 'ownEnd'] as const)
  const name = own.find((one) => before.rows[one] === undefined && after.rows[one] !== undefined)
  return name === undefined ? null : (after.rows[name]?.seq ?? null)
}
