import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, equalBytes, fromBase64, fromBase64Lenient, fromHex, fromUtf8, toBase64, toHex, u32be, utf8 } from './bytes.ts'
import { FormatError } from './errors.ts'
import hs from './fixtures/hs-crypto.json' with { type: 'json' }

describe('hex', () => {
  it('round-trips', () => fc.assert(fc.property(fc.uint8Array(), (b) => void expect(fromHex(toHex(b))).toEqual(new Uint8Array(b)))))
  it.each(['A0', 'abc', '0g', '0x', ' 00', '00\n', '00 ', 'é0', '٠٠'])('refuses %j', (text) => expect(() => fromHex(text)).toThrow(FormatError))
})

describe('base64', () => {
  it('round-trips', () => fc.assert(fc.property(fc.uint8Array(), (b) => void expect(fromBase64(toBase64(b))).toEqual(new Uint8Array(b)))))
  it.each(['AAA', 'AA', 'A', 'AA==\n', 'A-_=', 'AB==', 'AAA=AAA=', ' AAAA', '===='])('strict refuses %j', (text) =>
    expect(() => fromBase64(text)).toThrow(FormatError),
  )
  it.each(hs.base64)('decodes the signature of the original as Python does: $name', ({ hs: { sig }, result }) => {
    if (result.ok) expect(fromBase64Lenient(sig)).toHaveLength(64)
    else expect(() => fromBase64Lenient(sig)).toThrow(FormatError)
  })
  // Each checked against CPython 3.11's base64.b64decode.
  it.each([
    ['', ''],
    ['AA==', '00'],
    ['AA==trailing', '00'],
    ['A=A==', '00'],
    ['AA=AA', '000000'],
    ['AA=A=', '0000'],
    ['AA=\n=', '00'],
    ['=AA==', '00'],
    ['AAA=', '0000'],
    ['AA-_==', '00'],
    ['AB==', '00'],
    ['A A A A', '000000'],
    ['====', ''],
  ])('lenient %j → %j', (text, hex) => expect(toHex(fromBase64Lenient(text))).toBe(hex))
  it.each(['A', 'AA', 'AAA', 'AA=', 'AA=A', 'AA=AAA==', 'AAAAA', 'A===', 'AAéA'])('lenient refuses %j', (text) =>
    expect(() => fromBase64Lenient(text)).toThrow(FormatError),
  )
  it('reads what the strict one writes', () =>
    fc.assert(fc.property(fc.uint8Array(), (b) => void expect(fromBase64Lenient(toBase64(b))).toEqual(new Uint8Array(b)))))
})

describe('text and parts', () => {
  it('round-trips well-formed text', () => fc.assert(fc.property(fc.string({ unit: 'binary' }), (s) => void expect(fromUtf8(utf8(s))).toBe(s))))
  it('refuses what is not UTF-8', () => {
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) expect(() => fromUtf8(Uint8Array.from(bytes))).toThrow(FormatError)
  })
  it('concatenates, compares, counts', () => {
    expect(concat(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3))).toEqual(Uint8Array.of(1, 2, 3))
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true)
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false)
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0))).toBe(false)
    expect(toHex(u32be(0xfffefd01))).toBe('fffefd01')
  })
})
