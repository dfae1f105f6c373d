import type { PeerId } from '../../brand.ts'
import type { Frame } from './frame.ts'

const PARKED_MS = 30_000
const PARKED_PER_PEER = 64
/** Anybody can write any sender into a line: all peers together. */
const PARKED = 256

/** Frames of sessions that are not there yet: the peer may be a step ahead of us. */
export interface Parking {
  park(from: PeerId, frame: Frame, now: number): boolean
  /** Those that fit, oldest first. */
  take(from: PeerId, k: string, now: number): Frame[]
}

export const createParking = (): Parking => {
  let parked: { readonly from: PeerId; readonly frame: Frame; readonly until: number }[] = []
  const expire = (now: number): void => {
    parked = parked.filter((entry) => entry.until > now)
  }
  return {
    park: (from, frame, now) => {
      expire(now)
      if (parked.length >= PARKED || parked.filter((entry) => entry.from === from).length >= PARKED_PER_PEER) return false
      parked.push({ from, frame, until: now + PARKED_MS })
      return true
    },
    take: (from, k, now) => {
      expire(now)
      const fits = (entry: (typeof parked)[number]): boolean => entry.from === from && entry.frame.k === k
      const taken = parked.filter(fits)
      parked = parked.filter((entry) => !fits(entry))
      return taken.map((entry) => entry.frame)
    },
  }
}
