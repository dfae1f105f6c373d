import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, fromUtf8, toHex, utf8 } from '../../crypto/bytes.ts'
import { SecretBytes } from '../../crypto/secret.ts'
import { x25519PublicKey } from '../../crypto/x25519.ts'
import { m2m, repeated } from '../../ledger/vectors.fixture.ts'
import { nextEpoch } from './epoch.ts'
import { aadOf, Frame, LONGEST_PLAIN, openFrame, pack, type Said, seal, streamKey, unpack } from './frame.ts'
import { CHUNK, LONGEST_TEXT, partsOf, readHeader, TEXT_PART } from './header.ts'
import { newReceiver, placeOf, tryFrame } from './receiver.ts'
import { isFresh, mark, newWindow } from './window.ts'

const golden = m2m.channel
const stream = { sessionId: m2m.session_id, dir: 'a2b' as const, e: golden.frame.e, s: golden.frame.s }
const hello: Said = { header: { t: 'text', m: 0, a: 0 }, body: utf8('hello') }
const held = (hex: string): SecretBytes => SecretBytes.take(fromHex(hex))

describe('the golden frame', () => {
  const key = streamKey(held(m2m.keys.a2b), golden.frame.s)

  it('has the stream key, the plaintext, the associated data and the line of the vectors', () => {
    expect(key.use(toHex)).toBe(golden.stream_key)
    expect(toHex(pack(hello))).toBe(golden.plaintext)
    expect(fromUtf8(aadOf(stream, 0))).toBe(golden.aad_utf8)
    expect(seal(key, stream, 0, hello)).toEqual(golden.frame)
  })

  it('opens, and no other number, epoch, stream, session or direction does', () => {
    expect(openFrame(key, stream, Frame.parse(golden.frame))).toEqual(hello)
    const frame = Frame.parse(golden.frame)
    expect(openFrame(key, stream, { ...frame, n: 1 })).toBeNull()
    expect(openFrame(key, { ...stream, e: 1 }, frame)).toBeNull()
    expect(openFrame(key, { ...stream, s: '0'.repeat(32) }, frame)).toBeNull()
    expect(openFrame(key, { ...stream, dir: 'b2a' }, frame)).toBeNull()
    expect(openFrame(key, { ...stream, sessionId: '0'.repeat(64) }, frame)).toBeNull()
    expect(openFrame(repeated(9), stream, frame)).toBeNull()
  })

  it('leads to the next epoch of the vectors, from either side', () => {
    const { rekey } = golden
    const input = { sessionId: m2m.session_id, e: rekey.e, a: rekey.a_eph, b: rekey.b_eph }
    // The vectors' note: ephemerals of the rekey are repeats of one byte.
    const privOf = (pub: string): SecretBytes => {
      for (let byte = 0; byte < 256; byte += 1) if (repeated(byte).use((key) => toHex(x25519PublicKey(key))) === pub) return repeated(byte)
      throw new Error('no such key')
    }
    for (const keys of [
      nextEpoch(held(m2m.keys.root), privOf(rekey.a_eph), rekey.b_eph, input),
      nextEpoch(held(m2m.keys.root), privOf(rekey.b_eph), rekey.a_eph, input),
    ])
      expect({ a2b: keys.a2b.use(toHex), b2a: keys.b2a.use(toHex), root: keys.root?.use(toHex) }).toEqual(rekey.keys)
  })
})

describe('the form of a frame', () => {
  it('takes 22,784 bytes and not one more', () => {
    const head = pack({ ...hello, body: new Uint8Array(0) })
    const used = 6 + new DataView(head.buffer).getUint16(0)
    expect(pack({ ...hello, body: new Uint8Array(LONGEST_PLAIN - used) })).toHaveLength(LONGEST_PLAIN)
    expect(() => pack({ ...hello, body: new Uint8Array(LONGEST_PLAIN - used + 1) })).toThrow(RangeError)
    const sealed = seal(repeated(1), stream, 0, { ...hello, body: new Uint8Array(LONGEST_PLAIN - used) })
    expect(Frame.safeParse(sealed).success).toBe(true)
    expect(Frame.safeParse({ ...sealed, c: `${sealed.c}A` }).success).toBe(false)
  })

  it('has room for every chunk, part and offer at its longest', () => {
    const m = 2 ** 48
    for (const said of [
      { header: { t: 'chunk', m: -1, a: m, f: 'f'.repeat(32), i: 2 ** 26 }, body: new Uint8Array(CHUNK) },
      { header: { t: 'text', m, a: m, at: '9'.repeat(18), part: 11, of: 12 }, body: new Uint8Array(TEXT_PART) },
      {
        header: { t: 'file', m, a: m, f: 'f'.repeat(32), name: '\u0001'.repeat(255), size: 2 ** 40, hash: 'f'.repeat(64), chunk: CHUNK },
        body: new Uint8Array(0),
      },
    ]) {
      expect(unpack(pack(said))).toEqual(said)
      expect(readHeader(said)).toEqual(said.header)
    }
  })

  it.each([
    ['no header', { k: golden.frame.k }],
    ['an upper-case k', { ...golden.frame, k: golden.frame.k.toUpperCase() }],
    ['a negative number', { ...golden.frame, n: -1 }],
    ['half a number', { ...golden.frame, n: 0.5 }],
    ['a number past 2^48', { ...golden.frame, n: 2 ** 48 + 1 }],
    ['standard base64', { ...golden.frame, c: '+/==' }],
    ['a further field', { ...golden.frame, x: 1 }],
    ['nothing', null],
  ])('is refused with %s', (_, d) => {
    expect(Frame.safeParse(d).success).toBe(false)
  })

  it('has one spelling of its bytes', () => {
    const key = streamKey(held(m2m.keys.a2b), golden.frame.s)
    const last = golden.frame.c.at(-1) ?? ''
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    // 272 bytes leave four unused bits in the last letter.
    const other = letters[letters.indexOf(last) ^ 1] ?? ''
    expect(openFrame(key, stream, { ...Frame.parse(golden.frame), c: golden.frame.c.slice(0, -1) + other })).toBeNull()
  })
})

describe('what was sealed', () => {
  const plain = (head: string, body: Uint8Array, change: (view: DataView, bytes: Uint8Array) => void = () => undefined): Uint8Array => {
    const header = utf8(head)
    const bytes = new Uint8Array(Math.ceil((6 + header.length + body.length) / 256) * 256)
    const view = new DataView(bytes.buffer)
    view.setUint16(0, header.length)
    view.setUint32(2, body.length)
    bytes.set(header, 6)
    bytes.set(body, 6 + header.length)
    change(view, bytes)
    return bytes
  }
  const good = '{"a":0,"m":0,"t":"text"}'

  it.each<[string, Uint8Array]>([
    ['padding that is not zero', plain(good, utf8('x'), (_, bytes) => bytes.set([1], 255))],
    ['a block of padding too much', concat(plain(good, utf8('x')), new Uint8Array(256))],
    ['a length that is no multiple of 256', plain(good, utf8('x')).subarray(0, 255)],
    ['a body longer than the plaintext', plain(good, utf8('x'), (view) => view.setUint32(2, 0xffffffff))],
    ['a header longer than the plaintext', plain(good, utf8('x'), (view) => view.setUint16(0, 0xffff))],
    ['nothing', new Uint8Array(0)],
    ['a header that is not canonical', plain('{"m":0,"a":0,"t":"text"}', utf8('x'))],
    ['white space in the header', plain('{"a":0, "m":0,"t":"text"}', utf8('x'))],
    ['a header that is no object', plain('[0]', utf8('x'))],
    ['no number', plain('{"a":0,"t":"text"}', utf8('x'))],
    ['a number below −1', plain('{"a":0,"m":-2,"t":"text"}', utf8('x'))],
    ['a header that is not UTF-8', plain(good, utf8('x'), (_, bytes) => bytes.set([0xff], 8))],
  ])('is as a failed tag with %s', (_, bytes) => {
    expect(unpack(bytes)).toBeNull()
  })
  it('is read otherwise', () => {
    expect(unpack(plain(good, utf8('x')))).toEqual({ header: { t: 'text', m: 0, a: 0 }, body: utf8('x') })
    // Exactly full: no padding at all.
    const body = new Uint8Array(256 - 6 - good.length)
    expect(unpack(plain(good, body))?.body).toHaveLength(body.length)
  })

  it.each([
    [{ t: 'text', m: 0, a: 0, at: '01' }],
    [{ t: 'text', m: 0, a: 0, part: 0 }],
    [{ t: 'text', m: 0, a: 0, part: 2, of: 2 }],
    [{ t: 'chunk', m: 3, a: 0, f: '0'.repeat(32), i: 0 }],
    [{ t: 'ack', m: 3, a: 0 }],
    [{ t: 'close', m: -1, a: 0, reason: 'done' }],
    [{ t: 'file', m: 0, a: 0, f: '0'.repeat(32), name: 'x', size: 1, hash: '0'.repeat(64), chunk: 1024 }],
    [{ t: 'have', m: 0, a: 0, f: '0'.repeat(32), next: 0, ok: true, more: 1 }],
  ])('has fields that fit its kind: %j does not', (header) => {
    expect(readHeader({ header, body: new Uint8Array(0) })).toBe('malformed')
  })
  it('of another kind is unknown, and so are names every object has', () => {
    for (const t of ['dance', 'constructor', 'toString', '__proto__'])
      expect(readHeader({ header: { t, m: 0, a: 0 }, body: new Uint8Array(0) })).toBe('unknown')
  })
  it('has no body where none belongs', () => {
    expect(readHeader({ header: { t: 'ack', m: -1, a: 0 }, body: new Uint8Array(1) })).toBe('malformed')
    expect(readHeader({ header: { t: 'text', m: 0, a: 0 }, body: new Uint8Array(TEXT_PART + 1) })).toBe('malformed')
  })
})

describe('the replay window', () => {
  it('is 1,024 wide', () => {
    const window = newWindow()
    mark(window, 5_000)
    expect(isFresh(window, 5_000 - 1_023)).toBe(true)
    expect(isFresh(window, 5_000 - 1_024)).toBe(false)
    expect(isFresh(window, 5_000)).toBe(false)
    expect(isFresh(window, 5_001)).toBe(true)
  })

  it('takes each number once, as a set with a horizon would', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 0, max: 20 })), { maxLength: 300 }), (numbers) => {
        const window = newWindow()
        const seen = new Set<number>()
        let highest = -1
        for (const n of numbers) {
          const fresh = !seen.has(n) && n > highest - 1_024
          expect(isFresh(window, n)).toBe(fresh)
          if (!fresh) continue
          mark(window, n)
          seen.add(n)
          highest = Math.max(highest, n)
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('streams', () => {
  const keys = repeated(1)
  const frameOf = (s: string, n: number) => seal(streamKey(keys, s), { ...stream, s }, n, hello)
  const s = (c: string): string => c.repeat(32)
  const attempt = (receiver: ReturnType<typeof newReceiver>, frame: Frame, now: number) => {
    const opened = tryFrame(receiver, { sessionId: stream.sessionId, dir: 'a2b', keyOf: (e) => (e === 0 ? keys : null), now }, frame)
    return opened.kind === 'drop' ? opened.why : opened.newStream ? 'new' : 'known'
  }

  it('opens the former one for 30 s and never after', () => {
    const receiver = newReceiver(0)
    expect(attempt(receiver, frameOf(s('a'), 0), 0)).toBe('new')
    expect(attempt(receiver, frameOf(s('a'), 1), 0)).toBe('known')
    expect(attempt(receiver, frameOf(s('b'), 0), 1_000)).toBe('new')
    expect(attempt(receiver, frameOf(s('a'), 2), 30_999)).toBe('known')
    expect(attempt(receiver, frameOf(s('a'), 3), 31_000)).toBe('retired')
    expect(attempt(receiver, frameOf(s('a'), 4), 10_000_000)).toBe('retired')
    expect(attempt(receiver, frameOf(s('b'), 1), 10_000_000)).toBe('known')
  })

  it('is not begun by a frame that does not open', () => {
    const receiver = newReceiver(0)
    expect(attempt(receiver, frameOf(s('a'), 0), 0)).toBe('new')
    expect(attempt(receiver, { ...frameOf(s('a'), 1), s: s('b') }, 0)).toBe('sealed')
    expect(attempt(receiver, frameOf(s('a'), 2), 40_000)).toBe('known')
    expect(receiver.streams).toHaveLength(1)
  })

  it('does not mark a number that did not open', () => {
    const receiver = newReceiver(0)
    attempt(receiver, frameOf(s('a'), 0), 0)
    expect(attempt(receiver, { ...frameOf(s('a'), 1), n: 100_000 }, 0)).toBe('sealed')
    expect(attempt(receiver, frameOf(s('a'), 1), 0)).toBe('known')
    expect(attempt(receiver, frameOf(s('a'), 1), 0)).toBe('replayed')
  })

  it('keeps messages up to 256 ahead', () => {
    const receiver = newReceiver(10)
    expect([9, 10, 11, 266, 267].map((m) => placeOf(receiver, m))).toEqual(['old', 'due', 'ahead', 'ahead', 'far'])
  })
})

describe('parts of a text', () => {
  it('are at most 22,000 bytes, whole characters, and the text again', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'é', '漢', '😀'), { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 3_000 }), (letters, times) => {
        const text = letters.join('').repeat(times)
        const bytes = utf8(text)
        fc.pre(bytes.length <= LONGEST_TEXT)
        const parts = partsOf(bytes)
        expect(parts.map(fromUtf8).join('')).toBe(text)
        expect(parts.every((part) => part.length > 0 && part.length <= TEXT_PART)).toBe(true)
        expect(parts.length).toBeLessThanOrEqual(12)
      }),
      { numRuns: 60 },
    )
    expect(partsOf(new Uint8Array(TEXT_PART))).toHaveLength(1)
    expect(partsOf(new Uint8Array(TEXT_PART + 1))).toHaveLength(2)
  })
})
