import { otherSide, type RowRef, type Side } from './audit-report.ts'
import type { CheckedRow } from './chain.ts'
import { headOf, sameHead } from './head.ts'
import type { EndRow } from './replay.ts'
import type { NoteRows, SessionContext } from './session-check.ts'
import type { Session } from './session-steps.ts'
import { ticks } from './zeqond.ts'

const ref = (chain: Side, row: CheckedRow): RowRef => ({ chain, at: row.at })

const activeOf = (session: Session, side: Side) => session.slots[side === session.initiator ? 'A3' : 'B3']
const keyedOf = (session: Session, side: Side) => session.slots[side === session.initiator ? 'A2' : 'B2']

const checkSeals = (session: Session, context: SessionContext, side: Side, note: NoteRows): void => {
  const seals = session.ends[side].filter(({ end }) => end.kind === 'seal')
  const [peerActive, peer] = [activeOf(session, otherSide(side)), context.chains[otherSide(side)]]
  for (const [i, { row, end }] of seals.entries()) {
    if (end.kind !== 'seal') continue
    const wrong = (why: string): void => note('SEAL', why, [ref(side, row), ...(peerActive === undefined ? [] : [ref(otherSide(side), peerActive.row)])])
    if (i > 0) wrong('a second seal')
    const own = activeOf(session, side)
    if (own === undefined ? !context.gap[side] : own.row.at > row.at) wrong('a seal before the own activate step')
    if (peer === undefined) continue
    if (peerActive === undefined) {
      const sealed = context.rowByHash(otherSide(side), end.peer_active_hash)
      if (sealed === undefined || sealed.shown) wrong('the row it seals is not the activate step of the other chain')
      continue
    }
    if (end.peer_active_hash !== peerActive.row.row.stateHash) wrong('it seals another row')
    if (!sameHead(end.peer_head, headOf(peer.state.genesis, peerActive.row.row))) wrong('peer_head is not the head at the row it seals')
    if (ticks(row.row.zeqondNumber) + context.skew < ticks(peerActive.row.row.zeqondNumber))
      note('CAUSALITY', 'the seal is stamped before the row it seals', [ref(side, row)])
  }
}

const checkEnd = (session: Session, side: Side, { row, end }: EndRow, gap: boolean, note: NoteRows): void => {
  const wrong = (why: string): void => note('END', why, [ref(side, row)])
  const before = session.steps[side].filter((step) => step.row.at < row.at)
  const active = activeOf(session, side)
  const isActive = active !== undefined && active.row.at < row.at
  if (before.length === 0 && !gap) wrong(`${end.kind} of a session this chain has no step of`)
  else if (end.kind === 'abort' && isActive) wrong('an abort after the own activate step; that is a close')
  else if (end.kind === 'close' && !isActive && !gap) wrong('a close before the own activate step; that is an abort')
  // Whoever wrote a row that follows from the session id knows it.
  const keyed = keyedOf(session, side)
  const knows = side === session.initiator && keyed !== undefined && keyed.row.at < row.at
  if (end.kind === 'abort' && end.session_id === null && knows) wrong('an abort without the session id, which its party knew')
}

/** Seals, aborts and closes of a session: in order, fitting, and nothing after one's own end. */
export const checkEnds = (session: Session, context: SessionContext, note: NoteRows): void => {
  for (const side of ['a', 'b'] as const) {
    checkSeals(session, context, side, note)
    const ends = session.ends[side].filter(({ end }) => end.kind !== 'seal')
    for (const end of ends) checkEnd(session, side, end, context.gap[side], note)
    const [final] = ends
    if (final === undefined) continue
    for (const { row } of [...session.steps[side], ...session.ends[side]]) {
      if (row.at > final.row.at) note('END', 'a row of the session after its own end', [ref(side, row)])
    }
  }
}
