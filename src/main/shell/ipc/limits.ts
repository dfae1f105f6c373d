/** How much and how often a renderer may ask. Limits are for a renderer gone wrong; no person reaches them. */

export interface Limits {
  /** Approximate bytes of the arguments. */
  readonly bytes: number
  /** Calls at once, and calls a second after that. */
  readonly burst: number
  readonly perSecond: number
}

export const usualLimits: Limits = { bytes: 16_384, burst: 60, perSecond: 30 }

const MAX_DEPTH = 8

/**
 * Whether a value that came by structured clone stays within so many bytes (two for each UTF-16 unit, eight for
 * anything else, byte arrays as long as they are) and is no deeper than any schema of ours. Stops reading as soon as
 * it knows; deep and wide values cost no more than small ones.
 */
export const fits = (value: unknown, bytes: number): boolean => {
  let left = bytes
  const take = (part: unknown, depth: number): boolean => {
    left -= 8
    if (left < 0 || depth > MAX_DEPTH) return false
    if (typeof part === 'string') {
      left -= 2 * part.length
      return left >= 0
    }
    if (typeof part === 'bigint') return false
    if (typeof part !== 'object' || part === null) return true
    if (part instanceof Uint8Array) {
      left -= part.byteLength
      return left >= 0
    }
    if (Array.isArray(part)) return part.length * 8 <= left && part.every((item) => take(item, depth + 1))
    // Maps, sets, dates, buffers and whatever else can be cloned are in no schema.
    if (Object.getPrototypeOf(part) !== Object.prototype) return false
    return Object.entries(part).every(([key, item]) => take(key, depth + 1) && take(item, depth + 1))
  }
  return take(value, 0)
}

/**
 * A token bucket: `take` answers 0 when a call may run, else the milliseconds until one may.
 * @param monotonic milliseconds that only grow
 */
export const createBucket = ({ burst, perSecond }: Limits, monotonic: () => number): { take(): number } => {
  // In thousandths of a call, so that whole milliseconds add up exactly.
  const call = 1000
  let left = burst * call
  let last = monotonic()
  return {
    take() {
      const now = monotonic()
      left = Math.min(burst * call, left + (now - last) * perSecond)
      last = now
      if (left < call) return Math.ceil((call - left) / perSecond)
      left -= call
      return 0
    },
  }
}
