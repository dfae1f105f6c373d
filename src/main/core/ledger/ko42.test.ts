import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ko42 } from './ko42.ts'
import { zeqondAt } from './zeqond.ts'

describe('KO42', () => {
  it('is 1 at the start of a tick, 1 + α a quarter into it', () => {
    expect(ko42(777 * 5)).toEqual({ operator: 'KO42', mode: 'KO42.1', alpha: '0.00129', pulse_hz: '1.287', zeqond: '5', phase_ms: 0, R_t: '1.000000' })
    expect(ko42(777 * 5 + 194).R_t).toBe('1.001290')
    expect(ko42(777 * 5 + 583).R_t).toBe('0.998710')
  })
  it('stays within its band and on the tick of its row', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), (ms) => {
        const { R_t, zeqond, phase_ms } = ko42(ms)
        expect(R_t).toMatch(/^(1\.00[01]\d{3}|0\.99[89]\d{3})$/)
        expect(zeqond).toBe(zeqondAt(ms))
        expect(BigInt(zeqond) * 777n + BigInt(phase_ms)).toBe(BigInt(ms))
      }),
    )
  })
})
