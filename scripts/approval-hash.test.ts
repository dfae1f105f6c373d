/**
 * The core and the approval document compute the hash of a view each with code of their own. Neither may import the
 * other, so the test that holds them equal stands here.
 */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, hashTagged } from '../src/main/core/crypto/canonical-json.ts'
import { canonical, type Json } from '../src/renderer/approval/canonical.ts'
import { viewHash } from '../src/renderer/approval/view-hash.ts'
import { closeView, requestView } from '../src/renderer/approval/views.fixture.ts'

const outcome = (write: () => string): string => {
  try {
    return `text ${write()}`
  } catch {
    return 'refused'
  }
}

/** Anything that could be handed in, with everything that must be refused among it. */
const anything = fc.anything({
  withObjectString: true,
  withNullPrototype: false,
  withBigInt: false,
  key: fc.oneof(fc.string({ unit: 'binary' }), fc.constant('__proto__'), fc.string()),
})
const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.string({ unit: 'binary' }),
    fc.string(),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string({ unit: 'binary' }), tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value

describe('canonical JSON of the approval document', () => {
  it('gives the bytes of the core for every value, and refuses what the core refuses', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(outcome(() => canonical(value))).toBe(outcome(() => canonicalJson(value)))
      }),
      { numRuns: 500 },
    )
  })

  it('agrees with the core on values that are no JSON at all', () => {
    fc.assert(
      fc.property(anything, (value) => {
        // What is not plain data cannot come through the bridge; the core tells such objects apart, this document need not.
        if (hasOddPrototype(value)) return
        expect(outcome(() => canonical(value as Json))).toBe(outcome(() => canonicalJson(value as Json)))
      }),
      { numRuns: 500 },
    )
  })

  it.each([0.5, Number.NaN, -0, 2 ** 53, Number.POSITIVE_INFINITY, '\ud800', 'a\udc00'])('refuses %j', (value) => {
    expect(() => canonical(value)).toThrow(TypeError)
    expect(() => canonical({ '': [value] })).toThrow(TypeError)
  })

  it('refuses what is nested deeper than 16, as the core does', () => {
    const nested = (depth: number): Json => (depth === 0 ? 1 : [nested(depth - 1)])
    for (const depth of [15, 16, 17]) expect(outcome(() => canonical(nested(depth)))).toBe(outcome(() => canonicalJson(nested(depth))))
    expect(() => canonical(nested(17))).toThrow(TypeError)
  })

  it('sorts keys by UTF-16 units, not by code points', () => {
    expect(canonical({ '\ufb33': 1, '\ud83d\ude00': 2, b: 3, a: 4 })).toBe('{"a":4,"b":3,"\ud83d\ude00":2,"\ufb33":1}')
  })

  it('hashes a view as the core does, and as its definition says', async () => {
    for (const view of [requestView, closeView]) {
      const hash = await viewHash(view)
      expect(hash).toBe(hashTagged('countersign.view.v1', view))
      expect(hash).toBe(
        createHash('sha256')
          .update(`countersign.view.v1\0${canonicalJson(view)}`)
          .digest('hex'),
      )
    }
  })
})

const hasOddPrototype = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some(hasOddPrototype)
  return Object.getPrototypeOf(value) !== Object.prototype || Object.values(value).some(hasOddPrototype)
}
