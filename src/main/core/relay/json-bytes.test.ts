import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BroadcastLog, linePrefix } from './broadcast-log.ts'
import { encodeRelayLine, MAX_LINE_BYTES } from './envelope.ts'
import { escapeInto, NOT_UTF8 } from './json-bytes.ts'
import { decodeUtf8 } from './line.ts'

const escaped = (src: Uint8Array): string | null => {
  const out = new Uint8Array(src.length * 6)
  const end = escapeInto(src, out, 0)
  return end === NOT_UTF8 ? null : Buffer.from(out.subarray(0, end)).toString('latin1')
}
const jsonInside = (text: string): string => encodeRelayLine('', text).slice('{"remote_addr": "", "content": "'.length, -3)

describe('escapeInto', () => {
  it('writes what the string encoder writes, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const single = text.replaceAll('\n', ' ')
        expect(escaped(new TextEncoder().encode(single))).toBe(jsonInside(single))
      }),
      { numRuns: 2000 },
    )
  })

  it('covers every code point', () => {
    for (let from = 0; from < 0x110000; from += 0x400) {
      let text = ''
      for (let point = from; point < from + 0x400; point++) if ((point < 0xd800 || point > 0xdfff) && point !== 10) text += String.fromCodePoint(point)
      if (text === '') continue
      expect(escaped(new TextEncoder().encode(text)) === jsonInside(text), `from ${from.toString(16)}`).toBe(true)
    }
  })

  it('takes exactly the byte sequences a strict decoder takes', () => {
    const interesting = fc.constantFrom(
      0x00,
      0x41,
      0x7f,
      0x80,
      0x8f,
      0x90,
      0x9f,
      0xa0,
      0xbf,
      0xc0,
      0xc1,
      0xc2,
      0xdf,
      0xe0,
      0xed,
      0xee,
      0xef,
      0xf0,
      0xf3,
      0xf4,
      0xf5,
      0xff,
    )
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 8 }).chain((any) => fc.constant(any)),
        fc.array(interesting, { maxLength: 8 }),
        (any, chosen) => {
          for (const raw of [any, Uint8Array.from(chosen)]) {
            const text = decodeUtf8(raw)
            expect(escaped(raw) === null).toBe(text === null)
            if (text !== null && !text.includes('\n')) expect(escaped(raw)).toBe(jsonInside(text))
          }
        },
      ),
      { numRuns: 5000 },
    )
  })
})

describe('broadcast log', () => {
  const prefix = linePrefix('127.0.0.1:50000')
  const read = (log: BroadcastLog, from: number, atMost: number): string => {
    let text = ''
    for (let at = from; at < log.end; ) {
      const piece = log.slice(at, log.end, atMost)
      expect(piece.at(-1)).toBe(10) // whole lines only
      text += piece.toString('latin1')
      at += piece.length
    }
    return text
  }

  it('gives back every line in order, in pieces of whole lines', () => {
    const log = new BroadcastLog(MAX_LINE_BYTES, 100 * 1024 * 1024)
    let wanted = ''
    for (let i = 0; i < 4000; i++) {
      const line = `${i} ${'é"'.repeat(i % 300)}`
      expect(log.append(prefix, new TextEncoder().encode(line))).toBe('ok')
      wanted += encodeRelayLine('127.0.0.1:50000', line)
    }
    expect(read(log, 0, 256 * 1024) === wanted).toBe(true)
    expect(read(log, 0, 1) === wanted).toBe(true)
    expect(read(log, 0, 5000) === wanted).toBe(true)
  })

  it('takes a relayed line of exactly the limit and none longer, and leaves no trace of a refused one', () => {
    const log = new BroadcastLog(MAX_LINE_BYTES, 1024 * 1024)
    const room = MAX_LINE_BYTES - prefix.length - 3
    expect(log.append(prefix, Buffer.alloc(room + 1, 'a'))).toBe('tooLong')
    expect(log.append(prefix, Buffer.alloc(room / 2 + 1, '"'))).toBe('tooLong')
    expect(log.append(prefix, Buffer.from([0x61, 0xff]))).toBe('notUtf8')
    expect(log.end).toBe(0)
    expect(log.append(prefix, Buffer.alloc(room, 'a'))).toBe('ok')
    expect(log.end).toBe(MAX_LINE_BYTES)
    expect(read(log, 0, 1000)).toBe(encodeRelayLine('127.0.0.1:50000', 'a'.repeat(room)))
  })

  it('forgets what is too old, so that its memory is bounded', () => {
    const log = new BroadcastLog(MAX_LINE_BYTES, 1024 * 1024)
    for (let i = 0; i < 20_000; i++) log.append(prefix, Buffer.alloc(500, 'a'))
    expect(log.end).toBeGreaterThan(10_000_000)
    expect(log.heldBytes).toBeLessThan(2 * 1024 * 1024)
    expect(() => log.slice(0, log.end, 1000)).toThrow(RangeError)
  })
})
