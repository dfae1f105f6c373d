/** How long to wait before the next attempt to connect. */
export interface BackoffOptions {
  /** Wait after the first failure, ms; doubled with each further one up to `maxMs`. */
  readonly minMs: number
  readonly maxMs: number
  /** A connection that held so long, ms, counts as success: the next failure is a first one again. */
  readonly stableMs: number
}

export const defaultBackoff: BackoffOptions = { minMs: 500, maxMs: 15_000, stableMs: 5_000 }

/**
 * Milliseconds to wait after `attempt` failures in a row (1 and up): half of the exponential figure for certain, the
 * other half at random, so that a hundred clients of a relay that restarted do not all come back at once.
 * @param fraction random, 0 to below 1.
 */
export const backoffDelay = (options: BackoffOptions, attempt: number, fraction: number): number => {
  const full = Math.min(options.maxMs, options.minMs * 2 ** Math.min(attempt - 1, 30))
  return Math.round(full / 2 + (full / 2) * fraction)
}
