import { useEffect, useState } from 'react'

/** Formatting through Intl, in the language of the window. Times are local; the absolute one is shown on hover. */
const locale = 'en-GB'
const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const clockShort = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' })
const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' })
const dayYear = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric' })
const full = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'medium' })
const number = new Intl.NumberFormat(locale)

export const formatNumber = (n: number): string => number.format(n)
/** `48.0 MiB`; below ten kibibytes `8,823 bytes`. */
export function formatBytes(bytes: number): string {
  if (bytes < 10_240) return bytes === 1 ? '1 byte' : `${number.format(bytes)} bytes`
  const units = ['KiB', 'MiB', 'GiB', 'TiB'] as const
  const power = Math.min(units.length, Math.floor(Math.log(bytes) / Math.log(1024)))
  const value = bytes / 1024 ** power
  return `${value.toFixed(value < 100 ? 1 : 0)} ${units[power - 1] ?? 'TiB'}`
}
/** `31 October 2026 at 08:58:07`. */
export const absolute = (at: number): string => full.format(at)
/** `14:02:11`. */
export const timeOfDay = (at: number): string => clock.format(at)
/** `18:00`. */
export const hourMinute = (at: number): string => clockShort.format(at)

const sameDay = (a: number, b: number): boolean => new Date(a).toDateString() === new Date(b).toDateString()

export const isToday = (at: number, now: number): boolean => sameDay(at, now)

/** `Today 14:02`, `21 Nov 18:20`, `3 Sep 2025`. */
export function dayAndTime(at: number, now: number): string {
  if (sameDay(at, now)) return `Today ${clockShort.format(at)}`
  if (new Date(at).getFullYear() === new Date(now).getFullYear()) return `${day.format(at)} ${clockShort.format(at)}`
  return dayYear.format(at)
}

/** The same inside a sentence: `today 14:02`. */
export const dayAndTimeInside = (at: number, now: number): string => dayAndTime(at, now).replace(/^T/, 't')

/** How long ago, short, for lists: `now`, `4 min`, `3 h`, `2 d`. */
export function ago(at: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - at) / 1000))
  if (seconds < 45) return 'now'
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min`
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h`
  return `${number.format(Math.round(seconds / 86_400))} d`
}

/** Time left: `1:06`, `4:12:00`, `23 h`. Never below zero. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, '0')} min`
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** The clock for what is drawn (countdowns, "4 min"). Nothing is decided by it: what has expired, the core says. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}

export function Time({ at, form, now }: { at: number; form: 'clock' | 'day' | 'inside' | 'ago'; now: number }) {
  const text = form === 'clock' ? timeOfDay(at) : form === 'day' ? dayAndTime(at, now) : form === 'inside' ? dayAndTimeInside(at, now) : ago(at, now)
  return (
    <time dateTime={new Date(at).toISOString()} title={absolute(at)}>
      {text}
    </time>
  )
}
