import type { Zeqond } from '../brand.ts'
import { TICK_MS, zeqondAt } from './zeqond.ts'

/** What the operator of a contract step computes; shown in the answer to a transition, and in no hash. */
export interface Ko42Result {
  readonly operator: 'KO42'
  readonly mode: 'KO42.1'
  readonly alpha: '0.00129'
  readonly pulse_hz: '1.287'
  readonly zeqond: Zeqond
  /** Milliseconds into the tick, 0 to 776. */
  readonly phase_ms: number
  /** Six decimals; a string, since decimals travel as strings. */
  readonly R_t: string
}

/**
 * KO42.1 with S = 1: R = 1 + α·sin(2π·phase), phase = (unix_ms mod 777)/777. Kept out of everything a verifier must recompute:
 * a sine is not the same to the last bit everywhere, and the public text defines no input for it.
 * @throws RangeError for a time that is not whole milliseconds since 1970.
 */
export const ko42 = (unixMs: number): Ko42Result => {
  const zeqond = zeqondAt(unixMs)
  const phase_ms = unixMs % TICK_MS
  const R_t = (1 + 0.00129 * Math.sin((2 * Math.PI * phase_ms) / TICK_MS)).toFixed(6)
  return { operator: 'KO42', mode: 'KO42.1', alpha: '0.00129', pulse_hz: '1.287', zeqond, phase_ms, R_t }
}
