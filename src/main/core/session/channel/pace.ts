/** Messages a second below which the pace never falls; the relays' own default lets five through. */
const SLOWEST = 1
/** Above it there is no limit any more. */
const FASTEST = 500
/** A relay warns once a message it drops; one warning counts for this long, ms. */
const DEAF_MS = 5_000
const MINUTE = 60_000

/** How fast messages may leave. Without limit until a relay says that they come too quickly. */
export interface Pace {
  /** Takes leave for one message; false: not now. */
  take(now: number): boolean
  /** Monotonic ms from which on `take` would say yes. */
  nextAt(now: number): number
  /** A relay has warned: half of what was sent, at least 1/s, then 10 % more each minute. */
  slowDown(now: number): void
}

/** A token bucket (docs/channel.md, "Sending"). All times: monotonic ms. */
export const createPace = (): Pace => {
  let rate = Infinity
  let tokens = 0
  let filledAt = 0
  let raisedAt = 0
  let warnedAt = -Infinity
  /** Messages of the last second or so, to know what half of the present rate is. */
  let countFrom = 0
  let count = 0

  const fill = (now: number): void => {
    if (rate === Infinity) return
    while (now - raisedAt >= MINUTE) {
      rate *= 1.1
      raisedAt += MINUTE
      if (rate > FASTEST) {
        rate = Infinity
        return
      }
    }
    tokens = Math.min(Math.max(1, rate), tokens + ((now - filledAt) / 1000) * rate)
    filledAt = now
  }

  return {
    take: (now) => {
      fill(now)
      if (rate !== Infinity) {
        // Sums of fractions end just short of one.
        if (tokens < 1 - 1e-6) return false
        tokens = Math.max(0, tokens - 1)
      }
      if (now - countFrom > 1000) [countFrom, count] = [now, 0]
      count += 1
      return true
    },
    nextAt: (now) => {
      fill(now)
      return rate === Infinity || tokens >= 1 - 1e-6 ? now : now + Math.ceil(((1 - tokens) / rate) * 1000)
    },
    slowDown: (now) => {
      if (now - warnedAt < DEAF_MS) return
      warnedAt = now
      fill(now)
      rate = Math.max(SLOWEST, Math.min(rate, Math.max(count, 2 * SLOWEST), FASTEST) / 2)
      tokens = 0
      filledAt = now
      raisedAt = now
    },
  }
}
