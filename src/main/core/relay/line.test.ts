import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLineSplitter, decodeUtf8 } from './line.ts'

const collect = (limit: number) => {
  const lines: string[] = []
  const tooLong: number[] = []
  const splitter = createLineSplitter(
    limit,
    (line) => lines.push(Buffer.from(line).toString('latin1')),
    (bytes) => tooLong.push(bytes),
  )
  return { lines, tooLong, splitter }
}
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('line splitter', () => {
  it('gives the same lines however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 40 })), fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (texts, cuts) => {
        const stream = bytes(texts.join('\n'))
        const whole = collect(1000)
        whole.splitter.push(stream)
        whole.splitter.end()
        const cut = collect(1000)
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = cuts[i % cuts.length] ?? 1
          cut.splitter.push(stream.subarray(at, at + size))
          at += size
        }
        cut.splitter.end()
        expect(cut.lines).toEqual(whole.lines)
        const wanted = texts
          .join('\n')
          .split('\n')
          .map((text) => Buffer.from(text).toString('latin1'))
        if (wanted.at(-1) === '') wanted.pop()
        expect(whole.lines).toEqual(wanted)
      }),
    )
  })

  it('takes a line of exactly the limit and reports a longer one once, then goes on', () => {
    const { lines, tooLong, splitter } = collect(4)
    splitter.push(bytes('abcd\nabcde'))
    expect(tooLong).toEqual([5])
    splitter.push(bytes('fgh'))
    expect(splitter.skipped).toBe(8)
    splitter.push(bytes('ij\nok\n'))
    expect(lines).toEqual(['abcd', 'ok'])
    expect(tooLong).toEqual([5])
    expect(splitter.skipped).toBe(0)
  })

  it('holds no more than the limit, whatever comes', () => {
    const { splitter } = collect(1000)
    for (let i = 0; i < 5000; i++) {
      splitter.push(bytes('x'))
      expect(splitter.held).toBeLessThanOrEqual(1000)
    }
    expect(splitter.held).toBe(0) // over the limit: nothing is kept
    splitter.push(bytes('\n'))
    splitter.push(bytes('y'))
    expect(splitter.held).toBeGreaterThan(0)
    splitter.push(bytes('\n'))
    expect(splitter.held).toBe(0)
  })

  it('gives an unterminated last line at the end, but not one over the limit', () => {
    const short = collect(10)
    short.splitter.push(bytes('a\nrest'))
    short.splitter.end()
    expect(short.lines).toEqual(['a', 'rest'])
    const long = collect(3)
    long.splitter.push(bytes('abcdef'))
    long.splitter.end()
    expect(long.lines).toEqual([])
  })
})

describe('decodeUtf8', () => {
  it('keeps a byte order mark, as Python does', () => expect(decodeUtf8(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]))).toBe('\ufeffa'))
  it.each([[[0xff]], [[0xc0, 0x80]], [[0xed, 0xa0, 0x80]], [[0xe2, 0x82]], [[0xf4, 0x90, 0x80, 0x80]]])('refuses %j', (raw) => {
    expect(decodeUtf8(Uint8Array.from(raw))).toBeNull()
  })
})
