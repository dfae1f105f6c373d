import { describe, expect, it } from 'vitest'
import { coin, knotPaths, pale, strandRadius } from './knot.ts'

/** The two check values of the key picture. */
const first = { a: 1, b: 3, A: [0, 0, 1, 1, 2, 1, 1, 0, 0, 0, 2, 2], B: [1, 2, 2, 2, 0, 2, 2, 2, 1, 1, 1, 0] }
const second = { a: 0, b: 8, A: [2, 2, 2, 0, 2, 0, 2, 1, 2, 1, 1, 1], B: [0, 0, 1, 1, 1, 2, 0, 0, 0, 0, 0, 2] }
const sector = Math.PI / 6

describe('the key picture', () => {
  it('keeps to a track near the middle of a sector and eases between', () => {
    expect(strandRadius(first.A, 0)).toBe(25.2)
    expect(strandRadius(first.A, 2 * sector)).toBe(18.4)
    expect(strandRadius(first.A, 4 * sector)).toBe(11.6)
    expect(strandRadius(first.A, 1.2 * sector)).toBe(25.2)
    expect(strandRadius(first.A, 1.8 * sector)).toBeCloseTo(18.4, 10)
    expect(strandRadius(first.A, 1.5 * sector)).toBeCloseTo((25.2 + 18.4) / 2, 10)
  })

  it('is continuous where the circle closes, also for negative angles', () => {
    expect(strandRadius(first.A, -0.5 * sector)).toBeCloseTo(strandRadius(first.A, 11.5 * sector), 10)
    expect(strandRadius(first.A, 12 * sector)).toBeCloseTo(strandRadius(first.A, 0), 10)
  })

  it('bridges A over B exactly where the strands cross in an even sector', () => {
    // By hand: A − B changes sign after sector 4 in the first, after 2, 4 and 10 in the second.
    expect(knotPaths(first).bridges).toHaveLength(1)
    expect(knotPaths(second).bridges).toHaveLength(3)
  })

  it('draws closed strands of 144 points that start at 12 o’clock on their track', () => {
    const { strandA, strandB } = knotPaths(first)
    expect(strandA.startsWith('M32.00 6.80L')).toBe(true)
    expect(strandB.startsWith('M32.00 13.60L')).toBe(true)
    expect(strandA.split('L')).toHaveLength(144)
    expect(strandA.endsWith('Z')).toBe(true)
  })

  it('never draws two keys of different indices alike', () => {
    expect(knotPaths(first).strandA).not.toBe(knotPaths(second).strandA)
    expect(new Set(coin).size).toBe(10)
    expect(new Set(pale).size).toBe(10)
  })
})
