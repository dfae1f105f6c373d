/**
 * Hold to confirm, for what ends or destroys: the pointer, or Space, is held for 1.2 s and let go on the button.
 * The decision falls at the letting go and not while the finger is still down, so that there is a way back until the
 * end (leave the button, press Esc), and so that a real input event stands right before the decision. Pure, with the
 * time given in monotonic milliseconds.
 */
export const holdMs = 1200

export type Hold = { readonly name: 'idle' } | { readonly name: 'held'; readonly by: 'pointer' | 'key'; readonly since: number }

export const noHold: Hold = { name: 'idle' }

export type HoldEvent =
  | { readonly name: 'press'; readonly by: 'pointer' | 'key'; readonly ready: boolean }
  | { readonly name: 'release'; readonly by: 'pointer' | 'key' }
  | { readonly name: 'cancel' }

/** How much of the hold is done, 0 to 1. */
export const holdFraction = (hold: Hold, now: number): number => (hold.name === 'idle' ? 0 : Math.min(1, Math.max(0, (now - hold.since) / holdMs)))

/** `confirmed` is true for exactly the one release that ends a full hold. A press before the button is armed starts nothing. */
export const advanceHold = (hold: Hold, event: HoldEvent, now: number): { readonly hold: Hold; readonly confirmed: boolean } => {
  if (event.name === 'press') return { hold: hold.name === 'idle' && event.ready ? { name: 'held', by: event.by, since: now } : hold, confirmed: false }
  if (event.name === 'cancel' || hold.name === 'idle') return { hold: noHold, confirmed: false }
  if (event.by !== hold.by) return { hold, confirmed: false }
  return { hold: noHold, confirmed: holdFraction(hold, now) >= 1 }
}
