import type { Zeqond } from '../brand.ts'
import type { CheckedChain, CheckedRow } from '../ledger/chain.ts'
import { isObject } from '../ledger/fields.ts'
import type { Row } from '../ledger/row.ts'
import type { LedgerPort } from './engine-types.ts'
import { type Judged, judge } from './guard.ts'
import { Abort, Accept, Close, PROFILE, Propose, Step } from './statement.ts'
import type { PeerRowName, RowMark } from './thread.ts'

const objectAt = (value: unknown, key: string): unknown => (isObject(value) ? value[key] : undefined)

/** The session a row names, or null. */
export const nonceOf = (row: Row): string | null => {
  const nonce = objectAt(objectAt(row.payload, 'input'), 'session_nonce')
  return typeof nonce === 'string' ? nonce : null
}

/** The place a row of that party takes in the session; `null` for the contract's creation and what is no step at all, `odd` for what has no place. */
export const placeOf = (row: Row, party: 'A' | 'B'): PeerRowName | 'odd' | null => {
  if (row.transitionType === 'contract_created') return null
  const input = objectAt(row.payload, 'input')
  if (row.transitionType === 'event') {
    const type = objectAt(row.payload, 'type')
    if (type === 'm2m.abort' || type === 'm2m.close') return 'peerEnd'
    return type === 'm2m.seal' ? `${party}4` : 'odd'
  }
  // A contract of the owner's own that only borrows the words of a step says nothing of the session.
  if (objectAt(input, 'v') !== PROFILE) return null
  const kind = objectAt(input, 'kind')
  const side = objectAt(input, 'role') === 'initiator' ? 'A' : 'B'
  if (kind === 'propose') return 'A1'
  if (kind === 'accept') return 'B1'
  if (kind === 'key') return `${side}2`
  return kind === 'activate' ? `${side}3` : 'odd'
}

export const markOf = (row: Row, at: number): RowMark => ({ seq: row.seq, hash: row.stateHash, zeqond: row.zeqondNumber, at })

const inputOf = (row: Row): unknown => objectAt(row.payload, 'input')
export const proposeOf = (row: Row): Propose | null => Propose.safeParse(inputOf(row)).data ?? null
export const acceptOf = (row: Row): Accept | null => Accept.safeParse(inputOf(row)).data ?? null
export const stepOf = (row: Row): Step | null => Step.safeParse(inputOf(row)).data ?? null
export const endReasonOf = (row: Row) => (Abort.safeParse(inputOf(row)).data ?? Close.safeParse(inputOf(row)).data)?.reason

/** A chain with only the rows of one session, as the auditor's checks take it. */
export const sessionChain = (ledger: LedgerPort, genesis: string, nonce: string): CheckedChain => {
  const seqs = new Set(ledger.sessionRows(genesis, nonce).map((row) => row.seq))
  const chain = ledger.checked(genesis, nonce)
  return { ...chain, rows: chain.rows.filter((row: CheckedRow) => seqs.has(row.at)) }
}

export interface Judging {
  readonly ledger: LedgerPort
  readonly own: string
  readonly peer: string
  readonly nonce: string
  readonly upTo: number
  /** Tick of the proposal; null = nothing of the session can be hidden. */
  readonly since: Zeqond | null
  readonly confirm: { readonly sessionId: string; readonly key: string } | null
  readonly tick: Zeqond
}

/** Guard W over the two chains in the ledger. */
export const judgeRow = ({ ledger, own, peer, nonce, upTo, since, confirm, tick }: Judging): Judged => {
  const judged = judge({
    nonce,
    own: sessionChain(ledger, own, nonce),
    peer: sessionChain(ledger, peer, nonce),
    upTo,
    at: (side, seqs) => ledger.checked(side === 'own' ? own : peer, null, seqs),
    confirm,
    tick,
  })
  const { check } = judged
  if (check.ok || check.kind !== 'contradiction' || since === null) return judged
  // A message that was overtaken by the next: its rows are there, what they say comes with it.
  const hidden = ledger.rows(peer, { fromZeqond: since, toSeq: upTo, limit: 1000 }).some((row) => row.payload === null)
  return hidden ? { ...judged, check: { ok: false, kind: 'hidden', why: `rows before it are not shown yet (${check.why})` } } : judged
}
