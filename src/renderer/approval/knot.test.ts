// @vitest-environment jsdom

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { drawKnot, drawNoKnot, pictureOf, readKnot } from './knot.ts'

const track = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 12, maxLength: 12 })
const pictures = fc.record({ a: fc.integer({ min: 0, max: 9 }), b: fc.integer({ min: 0, max: 9 }), A: track, B: track })

describe('key picture', () => {
  it('has the check values of its definition', async () => {
    expect(await pictureOf('8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c')).toEqual({
      a: 1,
      b: 3,
      A: [0, 0, 1, 1, 2, 1, 1, 0, 0, 0, 2, 2],
      B: [1, 2, 2, 2, 0, 2, 2, 2, 1, 1, 1, 0],
    })
    expect(await pictureOf('ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1')).toEqual({
      a: 0,
      b: 8,
      A: [2, 2, 2, 0, 2, 0, 2, 1, 2, 1, 1, 1],
      B: [0, 0, 1, 1, 1, 2, 0, 0, 0, 0, 0, 2],
    })
  })

  it('can be measured: what is read from the drawing is what was drawn', () => {
    fc.assert(
      fc.property(pictures, (picture) => {
        expect(readKnot(drawKnot(picture, 54))).toEqual(picture)
      }),
    )
  })

  it('reads no picture where no key is known', () => {
    expect(readKnot(drawNoKnot(54))).toBeNull()
  })

  it('tells a drawing with another strand or colour apart', () => {
    const picture = { a: 1, b: 3, A: [0, 0, 1, 1, 2, 1, 1, 0, 0, 0, 2, 2], B: [1, 2, 2, 2, 0, 2, 2, 2, 1, 1, 1, 0] }
    const node = drawKnot(picture, 54)
    node.querySelector('.knot-coin')?.setAttribute('fill', '#154A3B')
    expect(readKnot(node)).toEqual({ ...picture, a: 5 })
  })
})
