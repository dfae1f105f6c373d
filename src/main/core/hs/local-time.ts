import type { Clock } from '../ports.ts'

/**
 * The original's timestamps are naive local time of the sending host (`YYYY-MM-DDTHH:MM:SS`, no zone), so two hosts
 * agree only when their wall clocks do. These functions work in "local milliseconds": Unix ms shifted by the zone.
 */
export const localAt = (clock: Clock, at: number): number => at + clock.zoneOffsetMinutes(at) * 60_000
export const localNow = (clock: Clock): number => localAt(clock, clock.now())

/** Seconds are cut, not rounded, as the original does. */
export const formatLocal = (localMs: number): string => new Date(Math.floor(localMs / 1000) * 1000).toISOString().slice(0, 19)

const naive = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}:\d{2})(\.\d{1,9})?)?$/

/** Local milliseconds, or null for anything that is not naive ISO time; a zone suffix makes the original refuse too. */
export const parseLocal = (text: string): number | null => {
  const match = naive.exec(text)
  if (!match) return null
  const at = Date.parse(`${match[1]}T${match[2] ?? '00:00:00'}Z`)
  if (Number.isNaN(at)) return null
  return at + (match[3] ? Math.floor(Number(`0${match[3]}`) * 1000) : 0)
}
