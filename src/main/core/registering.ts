import type { Cancel, Clock, Random } from './ports.ts'

/** Register goes out again after 1 s, doubling to 10 s. */
const FIRST_MS = 1_000
const MOST_MS = 10_000

/** Makes this wallet seen: on connecting, when somebody new is there, and from time to time. */
export interface Registering {
  /** Connected: at once, and quickly at first. */
  begin(): void
  /** Somebody new is there, or discoverability changed: soon, but not more often than each second. */
  announce(): void
  stop(): void
}

export const createRegistering = (deps: {
  readonly clock: Clock
  readonly random: Random
  /** Sends one register, if that is wanted now. */
  readonly send: () => boolean
}): Registering => {
  const { clock } = deps
  let again: Cancel = () => {}
  let tries = 0
  let last = Number.NEGATIVE_INFINITY
  let stopped = false

  const register = (): void => {
    again()
    if (stopped) return
    if (deps.send()) last = clock.monotonic()
    const jitter = 0.8 + (0.4 * (deps.random.bytes(1)[0] ?? 0)) / 255
    const delay = Math.min(FIRST_MS * 2 ** tries, MOST_MS) * jitter
    tries = Math.min(tries + 1, 10)
    again = clock.schedule(delay, register)
  }
  return {
    begin: () => {
      tries = 0
      register()
    },
    announce: () => {
      tries = 0
      again()
      again = clock.schedule(Math.max(0, last + FIRST_MS - clock.monotonic()), register)
    },
    stop: () => {
      stopped = true
      again()
    },
  }
}
