import { describe, expect, it } from 'vitest'
import { ago, countdown, dayAndTime, dayAndTimeInside } from './time.tsx'

const now = new Date(2026, 10, 22, 14, 30, 0).getTime()

describe('times', () => {
  it('counts down and never below zero', () => {
    expect(countdown(66_000)).toBe('1:06')
    expect(countdown(65_100)).toBe('1:06')
    expect(countdown(0)).toBe('0:00')
    expect(countdown(-5)).toBe('0:00')
    expect(countdown(22 * 3_600_000 + 5 * 60_000)).toBe('22 h 05 min')
  })

  it('says how long ago, and calls the future now', () => {
    expect(ago(now - 10_000, now)).toBe('now')
    expect(ago(now + 10_000, now)).toBe('now')
    expect(ago(now - 4 * 60_000, now)).toBe('4 min')
    expect(ago(now - 3 * 3_600_000, now)).toBe('3 h')
    expect(ago(now - 9 * 86_400_000, now)).toBe('9 d')
  })

  it('names today, this year and other years differently', () => {
    expect(dayAndTime(new Date(2026, 10, 22, 9, 12).getTime(), now)).toBe('Today 09:12')
    expect(dayAndTimeInside(new Date(2026, 10, 22, 9, 12).getTime(), now)).toBe('today 09:12')
    expect(dayAndTime(new Date(2026, 9, 31, 9, 12).getTime(), now)).toBe('31 Oct 09:12')
    expect(dayAndTime(new Date(2025, 8, 3, 9, 12).getTime(), now)).toBe('3 Sept 2025')
  })
})
