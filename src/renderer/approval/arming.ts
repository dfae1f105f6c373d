/**
 * When the approve button may be used: never by reflex. A request that slides under a click already on its way, or a
 * window that jumps up under somebody's typing, must not be able to collect an approval (docs/approvals.md). So the
 * button arms only once the end of what is shown has been on screen, and 1.2 s after the last change of content, queue
 * or window focus. Pure: every function takes the time, a monotonic count of milliseconds.
 */
export const armingMs = 1200

export interface Arming {
  /** Last change of content, queue or focus. */
  readonly changedAt: number
  /** When the end of the content was first on screen; null while it has not been. */
  readonly endAt: number | null
}

export type ArmingPhase =
  /** Something must be ticked first. */
  | { readonly name: 'unticked' }
  | { readonly name: 'unread' }
  | { readonly name: 'arming'; readonly left: number; readonly fraction: number }
  | { readonly name: 'ready' }

export const startArming = (now: number): Arming => ({ changedAt: now, endAt: null })

/** Same content, but the queue moved or the window changed focus: the wait starts again, what was read stays read. */
export const disturbed = (arming: Arming, now: number): Arming => ({ ...arming, changedAt: now })

export const endReached = (arming: Arming, now: number): Arming => (arming.endAt === null ? { ...arming, endAt: now } : arming)

export const armingPhase = (arming: Arming, now: number): ArmingPhase => {
  if (arming.endAt === null) return { name: 'unread' }
  // A clock that went back cannot shorten the wait: elapsed time below zero counts as none.
  const elapsed = Math.max(0, now - Math.max(arming.changedAt, arming.endAt))
  if (elapsed >= armingMs) return { name: 'ready' }
  return { name: 'arming', left: armingMs - elapsed, fraction: elapsed / armingMs }
}
