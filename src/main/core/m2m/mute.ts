import type { Genesis, Zeqond } from '../brand.ts'
import { ticks } from '../ledger/zeqond.ts'
import type { LedgerPort } from './engine-types.ts'
import { markOf, placeOf } from './rows-of.ts'
import { CLOCK_TOLERANCE, type RowMark, type RowName, type Thread } from './thread.ts'

/** Why the own ledger takes no rows now, for the person; null = it does. */
export const ownMute = (ledger: LedgerPort): string | null => {
  if (ledger.recovering() !== null) return 'Your ledger is being restored. Nothing is added to it before that is done.'
  if (ledger.clockDoubt() !== null) return 'Nothing is added to your ledger before you have confirmed the computer’s clock.'
  return ledger.state(ledger.own().genesis).revokedAt === null ? null : 'Your ledger is revoked. Nothing is added to it any more.'
}

/** As `ownMute`. An end also names the peer's last row, and one that is ahead of the clock is not acknowledged. */
export const muteOf = (ledger: LedgerPort, peer: Genesis, tick: Zeqond): string | null => {
  const head = ledger.followed(peer)?.head ?? null
  const ahead = head !== null && ticks(head.zeqondNumber) > ticks(tick) + CLOCK_TOLERANCE
  return ownMute(ledger) ?? (ahead ? 'The last row of this peer is ahead of your clock.' : null)
}

/** What the own chain has of the session: after a recovery perhaps more than the thread knows of. `at`: Unix ms of the marks. */
export const ownRowsOf = (ledger: LedgerPort, t: Thread, at: number): Thread['rows'] => {
  const rows: Partial<Record<RowName, RowMark>> = {}
  for (const row of ledger.sessionRows(ledger.own().genesis, t.nonce)) {
    const place = placeOf(row, t.role === 'initiator' ? 'A' : 'B')
    if (place !== null && place !== 'odd') rows[place === 'peerEnd' ? 'ownEnd' : place] ??= markOf(row, at)
  }
  return rows
}
