import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from './bytes.ts'
import { canonicalJson, hashTagged, type Json, parseCanonical, parseRestrictedJson, taggedBytes } from './canonical-json.ts'
import { ed25519Sign } from './ed25519.ts'
import { FormatError } from './errors.ts'
import m2m from './fixtures/m2m-crypto.json' with { type: 'json' }

const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.string({ unit: 'grapheme' }),
    fc.string(),
    fc.maxSafeInteger().map((n) => n + 0),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(
      fc.string().filter((k) => k !== '__proto__'),
      tie('value'),
      { maxKeys: 5 },
    ),
  ),
})).value

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

describe('vectors', () => {
  it.each(m2m.jcs)('writes $out', (v) => expect(canonicalJson(v.in)).toBe(v.out))
  it.each(Object.entries(m2m.rows))('row %s: preimage and hash', (_, row) => {
    const value = parseCanonical(row.preimage_utf8)
    expect(canonicalJson(value)).toBe(row.preimage_utf8)
    expect(hashTagged('zeq.row.v1', value)).toBe(row.stateHash)
  })
  it.each(m2m.genesis)('genesis of $origin_id', ({ hash, ...header }) => expect(hashTagged('zeq.genesis.v1', header)).toBe(hash))
  it('transcript, match words, ceremony', () => {
    expect(hashTagged('zeq.m2m.words.v1', { a1: m2m.words.a1, x: m2m.words.x, y: m2m.words.y })).toMatch(/^[0-9a-f]{64}$/)
    const { ceremony, x, a, b } = m2m.sas.in
    expect(hashTagged('zeq.m2m.sas.commit.v1', { ceremony, starter: a.genesis, other: b.genesis, x })).toBe(m2m.sas.commit)
  })
  it('signs under a tag: tag, zero byte, canonical JSON', () => {
    const bytes = taggedBytes('zeq.head.v1', { t: 1 })
    expect(toHex(bytes)).toBe('7a65712e686561642e7631007b2274223a317d')
    const valid = m2m.ed25519[0]
    expect(toHex(bytes)).toBe(valid?.msg)
    expect(toHex(ed25519Sign(new Uint8Array(32).fill(1), fromHex(valid?.msg ?? '')))).toBe(valid?.sig)
  })
})

describe('writing', () => {
  it('sorts keys by UTF-16 units, at every level', () => {
    // U+10000 is D800 DC00 and sorts before U+E000; by code points it would come after.
    expect(canonicalJson({ '\ue000': 1, '\u{10000}': 2, b: { z: 1, a: 2 }, a: 3 })).toBe('{"a":3,"b":{"a":2,"z":1},"\u{10000}":2,"\ue000":1}')
  })
  it('escapes as RFC 8785', () => expect(canonicalJson('\b\t\n\f\r"\\/\u0000\u001f\u007f\u2028€')).toBe('"\\b\\t\\n\\f\\r\\"\\\\/\\u0000\\u001f\u007f\u2028€"'))
  it.each([
    ['float', 0.5],
    ['exponent', 1e21],
    ['minus zero', -0],
    ['NaN', Number.NaN],
    ['beyond safe', 2 ** 53],
    ['lone surrogate', '\ud800'],
    ['reversed surrogates', '\udc00\ud800'],
    ['lone surrogate in a key', { '\udfff': 1 }],
    ['undefined', undefined],
    ['undefined member', { a: undefined }],
    ['hole', new Array(2)],
    ['bigint', 1n],
    ['date', new Date(0)],
    ['bytes', Uint8Array.of(1)],
    ['map', new Map()],
    ['__proto__', JSON.parse('{"__proto__":1}')],
    ['depth 17', JSON.parse(nested(17))],
  ])('refuses %s', (_, value) => expect(() => canonicalJson(value as Json)).toThrow(FormatError))
  it('takes depth 16', () => expect(canonicalJson(JSON.parse(nested(16)) as Json)).toBe(nested(16)))
})

describe('reading', () => {
  it('round-trips', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalJson(value)
        expect(canonicalJson(parseCanonical(text))).toBe(text)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
        // Another spelling of the same value reads alike.
        expect(canonicalJson(parseRestrictedJson(JSON.stringify(value, null, 2)))).toBe(text)
      }),
    )
  })
  it.each([
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '{"__proto__":1}',
    '{"\\u005f_proto__":1}',
    '-0',
    '1.0',
    '1e3',
    '01',
    '+1',
    '- 1',
    '.5',
    '1.',
    '9007199254740992',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\n"',
    '"a',
    '"\\x"',
    '"\\u12"',
    "'a'",
    '[1,]',
    '[,]',
    '[1 2]',
    '{"a"}',
    '{"a":1,}',
    '{a:1}',
    '',
    ' ',
    'nul',
    'NaN',
    'true false',
    '\u00a01',
    '\ufeff1',
    nested(17),
    '['.repeat(100_000),
    '"'.padEnd(200_000, 'a'),
  ])('refuses %.40j', (text) => expect(() => parseRestrictedJson(text)).toThrow(FormatError))
  it.each([' 1', '{"b":1,"a":2}', '"\\u0061"', '"\\/"', '{"a" :1}', '1\n'])('a spelling that is not canonical: %j', (text) => {
    expect(() => parseCanonical(text)).toThrow(FormatError)
    expect(() => parseRestrictedJson(text)).not.toThrow()
  })
  it('is linear in long strings', () => expect(parseCanonical(`"${'a'.repeat(2_000_000)}"`)).toHaveLength(2_000_000))
  it('makes objects without a prototype, so that no key is special', () => {
    const value = parseRestrictedJson('{"constructor":1,"toString":2}')
    expect(Object.getPrototypeOf(value)).toBeNull()
    expect(canonicalJson(value)).toBe('{"constructor":1,"toString":2}')
  })
  it('never does anything but parse or throw FormatError', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          json.map((v) => canonicalJson(v).slice(1)),
          fc.string({ unit: fc.constantFrom(...'{}[]",:01-.e\\ua ') }),
        ),
        (text) => {
          try {
            JSON.parse(text)
          } catch {
            expect(() => parseRestrictedJson(text)).toThrow(FormatError)
            return
          }
          try {
            expect(parseRestrictedJson(text)).toEqual(parseRestrictedJson(JSON.stringify(JSON.parse(text))))
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError)
          }
        },
      ),
      { numRuns: 1000 },
    )
  })
})
