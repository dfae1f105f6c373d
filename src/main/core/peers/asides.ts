import type { PeerRow } from '../store/rows.ts'
import { keepPinned } from './trust.ts'

/** Ledgers put aside for one peer. */
const MOST_ASIDE = 20

/** Geneses that a person did not take for this peer's. */
export const asideOf = (row: PeerRow | undefined): readonly string[] => {
  const asides = row?.extra['asides']
  return Array.isArray(asides) ? asides.filter((one) => typeof one === 'string') : []
}
/** The pinned keys and ledger hold; what was presented is put aside, and not asked about again. */
export const keepKnown = (row: PeerRow): PeerRow => {
  const { presentedLedger, ...extra } = row.extra
  const asides = typeof presentedLedger === 'string' ? [...asideOf(row), presentedLedger].slice(-MOST_ASIDE) : asideOf(row)
  return { ...keepPinned(row), extra: asides.length === 0 ? extra : { ...extra, asides: [...asides] } }
}
