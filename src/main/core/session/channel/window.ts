/** Frames of a stream that may still come late, counted back from the highest one opened. */
export const WINDOW = 1_024

/** Which numbers of a stream have been opened; a ring of bits over the last 1,024. */
export interface Window {
  /** −1: none yet. */
  highest: number
  readonly bits: Uint8Array
}

export const newWindow = (): Window => ({ highest: -1, bits: new Uint8Array(WINDOW / 8) })

const at = (n: number): readonly [number, number] => [(n % WINDOW) >> 3, 1 << (n % 8)]

/** May this number still be opened: not seen, and above the highest less 1,024? */
export const isFresh = (window: Window, n: number): boolean => {
  if (n > window.highest) return true
  const [byte, bit] = at(n)
  return n > window.highest - WINDOW && ((window.bits[byte] ?? 0) & bit) === 0
}

/** Only for a number that opened: anybody can write a high number into a frame. */
export const mark = (window: Window, n: number): void => {
  if (n - window.highest >= WINDOW) window.bits.fill(0)
  else
    for (let i = window.highest + 1; i <= n; i += 1) {
      const [byte, bit] = at(i)
      window.bits[byte] = (window.bits[byte] ?? 0) & ~bit
    }
  const [byte, bit] = at(n)
  window.bits[byte] = (window.bits[byte] ?? 0) | bit
  if (n > window.highest) window.highest = n
}
