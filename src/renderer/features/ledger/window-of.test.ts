import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { heightOf, missingPages, type OpenRow, openFor, rowHeight, scrollFor, topOf, visibleRange } from './window-of.ts'

const open = fc.option(fc.record({ index: fc.nat({ max: 99_999 }), height: fc.integer({ min: 1, max: 900 }) }), { nil: null })

describe('the drawn part of a long list', () => {
  it('draws every row that is on screen, and few others, among 100,000', () => {
    fc.assert(
      fc.property(fc.nat({ max: 3_700_000 }), fc.integer({ min: 100, max: 1200 }), open, (scrollTop, view, row) => {
        const count = 100_000
        const range = visibleRange(count, scrollTop, view, row)
        if (range === null) throw new Error('nothing')
        const onScreen = (index: number): boolean => {
          const top = topOf(index, row)
          const bottom = top + rowHeight + (row?.index === index ? row.height : 0)
          return bottom > scrollTop && top < scrollTop + view
        }
        expect(range.last - range.first).toBeLessThan(view / rowHeight + 20)
        for (const index of [range.first - 1, range.last + 1]) if (index >= 0 && index < count) expect(onScreen(index)).toBe(false)
      }),
    )
  })

  it('is as high as all its rows and what is open', () => {
    expect(heightOf(0, null)).toBe(0)
    expect(heightOf(10, { index: 3, height: 200 })).toBe(10 * rowHeight + 200)
    expect(topOf(3, { index: 3, height: 200 })).toBe(3 * rowHeight)
    expect(topOf(4, { index: 3, height: 200 })).toBe(4 * rowHeight + 200)
    expect(visibleRange(0, 0, 500, null)).toBeNull()
  })

  it('scrolls only as far as a row needs', () => {
    const row: OpenRow | null = null
    expect(scrollFor(0, 400, 300, row)).toBe(0)
    expect(scrollFor(12, 400, 300, row)).toBe(400)
    expect(scrollFor(100, 400, 300, row)).toBe(101 * rowHeight - 300)
  })
})

describe('an open row', () => {
  it('comes on screen with what is under it, and never loses its own top', () => {
    const at = (index: number, height: number): number => openFor(index, 360, 400, { index, height })
    expect(at(11, 100)).toBe(360)
    expect(at(2, 100)).toBe(2 * rowHeight)
    expect(at(19, 200)).toBe(20 * rowHeight + 200 - 400)
    expect(at(19, 900)).toBe(19 * rowHeight)
  })
})

describe('pages to read', () => {
  it('names each page with a missing row once, by where it ends', () => {
    expect(missingPages(150, 450, 1000, 200, () => false)).toEqual([200, 400, 600])
    expect(missingPages(150, 450, 1000, 200, (seq) => seq < 400)).toEqual([600])
    expect(missingPages(150, 450, 1000, 200, () => true)).toEqual([])
  })

  it('asks for nothing beyond either end', () => {
    expect(missingPages(-20, 30, 10, 200, () => false)).toEqual([10])
    expect(missingPages(0, 0, 0, 200, () => false)).toEqual([])
  })
})
