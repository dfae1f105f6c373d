import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeClientLine, encodeRelayLine, recoverWithTypes, survivesRecovery } from './envelope.ts'
import { wire } from './fixtures.ts'
import type { JsonValue } from './json-guard.ts'
import { isPyDict, isPyList, PyFloat, type PyValue, pyParse, pyRepr } from './python-value.ts'

const plain = (value: PyValue): JsonValue => {
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof PyFloat) return value.value
  if (isPyList(value)) return value.map(plain)
  if (isPyDict(value)) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]))
  return value
}
const recover = (content: string): JsonValue | string => {
  const result = recoverWithTypes(encodeRelayLine('127.0.0.1:50000', content))
  return result.ok ? plain(result.value) : result.error
}
const typed = (payload: string, type: string): string => `{"_version": "1.3.0", "_payload": ${payload}, "_type": ${type}}`

describe('recoverWithTypes', () => {
  it.each(wire.wire_recover_cases.map((row) => [row.name, row] as const))('does what the original did: %s', (_, row) => {
    expect(row.result.ok).toBe(true)
    expect(recover(row.content)).toEqual(row.result.value)
  })
  it.each(wire.wire_wrap.map((row, i) => [i, row] as const))('recovers what was wrapped: recorded case %i', (_, row) => {
    const result = recoverWithTypes(row.relayed_line_python_server)
    expect(result.ok && plain(result.value)).toEqual(row.recovered)
  })
  it.each([
    ['an endless nesting', typed(`"${'['.repeat(2000)}"`, '"str"'), 'RecursionError'],
    ['an infinity cast to int', typed('"1e999"', '"int"'), 'OverflowError'],
    ['a version that cannot be looked up', '{"_version": [], "_payload": {}, "_type": {}}', 'TypeError'],
  ])('names the exception that ends an original on %s', (_, content, error) => expect(recover(content)).toBe(error))
  it('gives the whole line up for an integer of more than 4300 digits', () => {
    const line = encodeRelayLine('a:1', typed(`"${'9'.repeat(4301)}"`, '"str"'))
    expect(recoverWithTypes(line)).toEqual({ ok: true, value: line.slice(0, -1) })
  })
  it('passes on what is no wrapper', () => {
    expect(recoverWithTypes('Warning: Server disconnected.')).toEqual({ ok: true, value: 'Warning: Server disconnected.' })
    expect(recoverWithTypes('"text\\n"')).toEqual({ ok: true, value: 'text' })
    expect(recoverWithTypes('5')).toEqual({ ok: true, value: 5n })
  })
  it('never throws, for any line', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map((text) => typed(text, text)),
        ),
        (text) => {
          expect(typeof recoverWithTypes(text).ok).toBe('boolean')
          expect(typeof recoverWithTypes(encodeRelayLine('a:1', text)).ok).toBe('boolean')
        },
      ),
    )
  })
})

describe('survivesRecovery', () => {
  it.each(['hello', '4635934483', '0463', '5', '1.5', '[1, 2]', "{'a': 1}", '[]', '', 'é', '-7', '[open', '0123456e9012345678901234567890123'])(
    '%j arrives as it is',
    (text) => {
      expect(survivesRecovery(text)).toBe(true)
    },
  )
  it.each([
    'true',
    'null',
    'NaN',
    ' 5 ',
    '5\n',
    '"hi"',
    '1e5',
    '-0',
    '{"a": 1}',
    '[1,2]',
    '1.50',
    '1234567e901234567890123456789012',
    '['.repeat(3000),
    '9'.repeat(4301),
  ])('%j does not', (text) => {
    expect(survivesRecovery(text)).toBe(false)
  })
  it('agrees with recovering a whole line that carries the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.double().map(String), fc.stringMatching(/^[0-9a-f]{8}$/)), (text) => {
        const result = recoverWithTypes(encodeRelayLine('a:1', encodeClientLine({ m: text })))
        const content = result.ok && isPyDict(result.value) ? result.value.get('content') : undefined
        const arrived = content !== undefined && isPyDict(content) ? content.get('m') : undefined
        expect(survivesRecovery(text)).toBe(arrived === text)
      }),
    )
  })
})

describe('Python values', () => {
  it.each([
    ['[1, 1.0, -0.0, 1e16, 1e-5, 0.0001, true, null, NaN, -Infinity]', '[1, 1.0, -0.0, 1e+16, 1e-05, 0.0001, True, None, nan, -inf]'],
    ['{"a": "it\'s", "b": "\\"", "c": "\'\\""}', `{'a': "it's", 'b': '"', 'c': '\\'"'}`],
    ['"\\u0000\\u007f\\u00a0\\u00e9\\u200b\\u2028\\ud83d\\ude00\\ud800\\udb40\\udc01"', "'\\x00\\x7f\\xa0é\\u200b\\u2028😀\\ud800\\U000e0001'"],
  ])('repr of %s', (json, repr) => {
    const parsed = pyParse(json)
    expect(parsed.ok && pyRepr(parsed.value)).toBe(repr)
  })
  it.each([
    '',
    ' ',
    '01',
    '1.',
    '.5',
    '+1',
    '-',
    '[1,]',
    '{"a":1,}',
    '{a:1}',
    "'a'",
    '"a',
    '"\n"',
    '"\\x"',
    '"\\u12g4"',
    '\ufeff1',
    '1 2',
    'Nan',
    '[1',
    '{"a"',
  ])('refuses %j', (text) => {
    expect(pyParse(text)).toEqual({ ok: false, error: 'decode' })
  })
  it('parses what JSON.parse parses', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const parsed = pyParse(text)
        expect(parsed.ok && JSON.stringify(plain(parsed.value))).toBe(JSON.stringify(JSON.parse(text)))
      }),
    )
  })
})
