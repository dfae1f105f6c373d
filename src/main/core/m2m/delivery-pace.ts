import type { Clock } from '../ports.ts'

/** Lines a second that leave at most, and how many at once. */
const MOST = 40
const LEAST = 1
/** A relay that complains does so about each line: one step back is enough for what is already under way. */
const SETTLE_MS = 5_000
const MINUTE_MS = 60_000

/** How fast messages leave: a bucket of tokens whose rate halves when the relay complains and grows back by a tenth a minute. */
export interface Pace {
  /** Takes one; false when there is none now. */
  take(): boolean
  /** Milliseconds until there is one. */
  wait(): number
  slowDown(): void
  /** Lines a second at present. */
  readonly rate: number
}

export const createPace = (clock: Pick<Clock, 'monotonic'>): Pace => {
  let rate = MOST
  let rateAt = clock.monotonic()
  let tokens = MOST
  let filledAt = rateAt
  let slowedAt = Number.NEGATIVE_INFINITY

  const refresh = (): void => {
    const now = clock.monotonic()
    const minutes = Math.floor((now - rateAt) / MINUTE_MS)
    if (minutes > 0) {
      rate = Math.min(MOST, rate * 1.1 ** Math.min(minutes, 1_000))
      rateAt += minutes * MINUTE_MS
    }
    tokens = Math.min(Math.max(rate, 1), tokens + ((now - filledAt) * rate) / 1_000)
    filledAt = now
  }

  return {
    get rate() {
      refresh()
      return rate
    },
    take: () => {
      refresh()
      if (tokens < 1) return false
      tokens -= 1
      return true
    },
    wait: () => {
      refresh()
      return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) * 1_000) / rate)
    },
    slowDown: () => {
      refresh()
      const now = clock.monotonic()
      if (now - slowedAt < SETTLE_MS) return
      slowedAt = now
      rate = Math.max(LEAST, rate / 2)
      rateAt = now
      tokens = Math.min(tokens, rate)
    },
  }
}

/** How often something may be done in a minute, for each name and in all. */
export interface Quota {
  take(name: string): boolean
}

/** Names that are remembered at once. */
const MOST_NAMES = 2_000

export const createQuota = (clock: Pick<Clock, 'monotonic'>, each: number, all: number): Quota => {
  let startedAt = clock.monotonic()
  let total = 0
  const used = new Map<string, number>()
  return {
    take: (name) => {
      if (clock.monotonic() - startedAt >= MINUTE_MS) {
        startedAt = clock.monotonic()
        total = 0
        used.clear()
      }
      const count = used.get(name) ?? 0
      if (total >= all || count >= each || (count === 0 && used.size >= MOST_NAMES)) return false
      total += 1
      used.set(name, count + 1)
      return true
    },
  }
}

/** At most once in `ms` for each name. */
export const createPause = (now: () => number, ms: number) => {
  const last = new Map<string, number>()
  return (name: string): boolean => {
    const at = now()
    const before = last.get(name)
    if (before !== undefined && at - before < ms) return false
    if (last.size >= MOST_NAMES) {
      for (const [old, when] of last) if (at - when >= ms) last.delete(old)
      if (last.size >= MOST_NAMES) return false
    }
    last.set(name, at)
    return true
  }
}
