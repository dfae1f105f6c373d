import type { Zeqond } from '../brand.ts'

/**
 * The clock of the ledger. Three public formulas exist and disagree by half an hour; this is the walkthrough's. A chain that
 * states another rule is refused.
 */
export const ZEQOND_RULE = 'floor(unix_ms/777)'

/** Milliseconds of a tick. */
export const TICK_MS = 777

/** 24 h: how long a proposal by hand stays open, and how long after the row it answers a key or activate row may come. */
export const DAY = 111_196n

/** The tick of a Unix time in milliseconds. @throws RangeError for a negative or unsafe time. */
export const zeqondAt = (unixMs: number): Zeqond => {
  if (!Number.isSafeInteger(unixMs) || unixMs < 0) throw new RangeError('Unix time in whole milliseconds expected')
  return String((unixMs - (unixMs % TICK_MS)) / TICK_MS) as Zeqond
}

/** Milliseconds of Unix time; the last one a date can show. */
const LATEST = 8_640_000_000_000_000

/** Unix time at which a tick begins, in milliseconds. A tick has up to 18 digits, so a stranger's may lie beyond every date. */
export const unixOf = (zeqond: string): number => Math.min(Number(zeqond) * TICK_MS, LATEST)

/** A tick as a number to compare and to add to; 18 digits do not fit a double. */
export const ticks = (zeqond: Zeqond): bigint => BigInt(zeqond)

/** `count` ticks later. @throws RangeError past 18 digits. */
export const plusTicks = (zeqond: Zeqond, count: bigint): Zeqond => {
  const text = String(ticks(zeqond) + count)
  if (text.length > 18 || text.startsWith('-')) throw new RangeError('a tick has at most 18 digits')
  return text as Zeqond
}

/** The latest of the given ticks: rows are stamped max(own clock, own last row, acked row), so that acks order time exactly. */
export const latest = (first: Zeqond, ...rest: readonly Zeqond[]): Zeqond => rest.reduce((a, b) => (ticks(b) > ticks(a) ? b : a), first)
