import { type AppError, fail } from '../../contract/index.ts'

/**
 * An approval needs a hand. IPC alone proves no gesture: a document that was taken over can call whatever it may call,
 * whenever it likes. Main sees the input events on their way into the window, before the document does, and scripts
 * cannot make those; so a decision passes only within a second of one (docs/approvals.md, "What a decision is bound to").
 */
export const gestureMs = 1000

/**
 * The events that stand for an act: a press or its end. Moving, scrolling and hovering over a window happen without
 * meaning anything. A hold is let go of at the end, and that release is what its decision stands on.
 */
const acts: ReadonlySet<string> = new Set([
  'mouseDown',
  'mouseUp',
  'rawKeyDown',
  'keyDown',
  'keyUp',
  'char',
  'touchStart',
  'touchEnd',
  'pointerDown',
  'pointerUp',
  'gestureTap',
])

export interface GestureGate {
  /** An input event of the window. `type` as Electron names it. */
  record(type: string): void
  /** Null if a gesture was made just now; it is used up, so that one press makes one decision. */
  check(): AppError | null
  /** Forgets the last gesture: the window was hidden, or another took its place. */
  reset(): void
}

/** @param monotonic milliseconds that only grow */
export const createGestureGate = (monotonic: () => number): GestureGate => {
  let last: number | null = null
  return {
    record(type) {
      if (acts.has(type)) last = monotonic()
    },
    check() {
      const age = last === null ? Number.POSITIVE_INFINITY : monotonic() - last
      last = null
      if (age >= 0 && age < gestureMs) return null
      return fail('FORBIDDEN', 'A decision needs a click or a key press in the approval window.').error
    },
    reset() {
      last = null
    },
  }
}
