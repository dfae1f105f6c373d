import type { Clock } from '../ports.ts'

/** Calls a minute. */
export interface Limits {
  readonly spin_up: number
  readonly write: number
  readonly read: number
}

/** The documented numbers: spin-up a client address; writes and reads a machine. */
export const documentedLimits: Limits = { spin_up: 10, write: 600, read: 120 }

const WINDOW_MS = 60_000
/** Budgets remembered at once; beyond it the oldest window goes, which at worst gives its owner a fresh one. */
const MAX_KEYS = 10_000

export interface Spent {
  readonly allowed: boolean
  readonly limit: number
  readonly remaining: number
  /** Unix seconds at which the budget is whole again. */
  readonly reset: number
  /** Whole seconds until then, 1 or more. */
  readonly retryAfter: number
}

export interface RateLimiter {
  /** Counts one call; a refused one is not counted. */
  spend(budget: keyof Limits, who: string): Spent
}

/** Fixed windows of a minute from the first call on. */
export const createRateLimiter = (clock: Clock, limits: Limits = documentedLimits): RateLimiter => {
  const windows = new Map<string, { since: number; count: number }>()
  return {
    spend: (budget, who) => {
      const key = `${budget}|${who}`
      const now = clock.monotonic()
      const limit = limits[budget]
      let window = windows.get(key)
      if (window === undefined || now - window.since >= WINDOW_MS) {
        windows.delete(key)
        const oldest = windows.size >= MAX_KEYS ? windows.keys().next() : undefined
        if (oldest !== undefined && oldest.done !== true) windows.delete(oldest.value)
        window = { since: now, count: 0 }
        windows.set(key, window)
      }
      const allowed = window.count < limit
      if (allowed) window.count += 1
      const left = WINDOW_MS - (now - window.since)
      return {
        allowed,
        limit,
        remaining: limit - window.count,
        reset: Math.ceil((clock.now() + left) / 1000),
        retryAfter: Math.max(1, Math.ceil(left / 1000)),
      }
    },
  }
}
