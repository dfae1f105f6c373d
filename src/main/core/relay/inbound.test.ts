import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeRelayLine, encodeClientLine, encodeRelayLine } from './envelope.ts'
import { relayLines } from './fixtures.ts'
import { checkInbound } from './inbound.ts'
import type { JsonValue } from './json-guard.ts'
import { createLineSplitter, decodeUtf8 } from './line.ts'

const own = '20f7f7d3-5c09-4bf2-acc1-b368d126bceb'
const good = { from: 'd8e69f60-9d24-4ead-afb0-6a019814c7b9', to: own, intent: 'confirm', my_nonce: 'n' }

describe('checkInbound', () => {
  it('takes a directed message and a broadcast, with all their fields', () => {
    expect(checkInbound(good, own)).toEqual({ ok: true, from: good.from, to: own, intent: 'confirm', payload: good })
    expect(checkInbound({ ...good, to: null }, own)).toMatchObject({ ok: true, to: null })
  })
  it.each<[string, JsonValue, string]>([
    ['W1: an int', 5, 'shape'],
    ['null', null, 'shape'],
    ['a list', [good], 'shape'],
    ['W2: from as an int', { ...good, from: 5 }, 'fields'],
    ['W2: from as an object', { ...good, from: {} }, 'fields'],
    ['from null', { ...good, from: null }, 'fields'],
    ['no from', { to: null, intent: 'register' }, 'fields'],
    ['no to', { from: 'a', intent: 'register' }, 'fields'],
    ['to as an int', { ...good, to: 5 }, 'fields'],
    ['no intent', { from: 'a', to: null }, 'fields'],
    ['intent null', { ...good, intent: null }, 'fields'],
    ['from empty', { ...good, from: '' }, 'length'],
    ['W26: from of 257 characters', { ...good, from: 'a'.repeat(257) }, 'length'],
    ['W26: to of 257 characters', { ...good, to: 'a'.repeat(257) }, 'length'],
    ['W26: an endless intent', { ...good, intent: 'a'.repeat(65) }, 'length'],
    ['W28: a terminal sequence in from', { ...good, from: 'a\u001b[2J' }, 'characters'],
    ['a newline in from', { ...good, from: 'a\nb' }, 'characters'],
    ['a direction mark in from', { ...good, from: 'a\u202eb' }, 'characters'],
    ['half a surrogate pair in from', { ...good, from: 'a\ud800' }, 'characters'],
    ['a NUL in intent', { ...good, intent: 'a\u0000' }, 'characters'],
    ['W27: our own id', { ...good, from: own }, 'own'],
    ['W27: our own id, broadcast', { ...good, from: own, to: null }, 'own'],
    ['a message to somebody else', { ...good, to: good.from.replace('d8', 'aa') }, 'elsewhere'],
  ])('drops %s', (_, payload, why) => expect(checkInbound(payload, own)).toEqual({ ok: false, why }))
  it('takes an id of 256 characters in any script', () => {
    expect(checkInbound({ ...good, from: 'é'.repeat(256) }, own).ok).toBe(true)
  })
  it('W25: two hundred invented peers are two hundred values, and nothing is kept', () => {
    for (let i = 0; i < 200; i++) {
      const decoded = decodeRelayLine(encodeRelayLine('a:1', encodeClientLine({ to: null, intent: 'register', from: `fake-${i}` })))
      expect(decoded.kind === 'message' && checkInbound(decoded.payload, own)).toMatchObject({ ok: true, from: `fake-${i}` })
    }
  })
})

/** One change to the bytes of a line, as noise or an attacker would make it. */
type Mutation = (line: Buffer) => Buffer
const insert = (line: Buffer, at: number, what: Buffer): Buffer => Buffer.concat([line.subarray(0, at), what, line.subarray(at)])
const fragments = [
  '[',
  '{',
  '"',
  '\\',
  '\\u0000',
  '\\ud800',
  'null',
  '5',
  '1e999',
  'NaN',
  '__proto__',
  '"__proto__": {}, ',
  '"from": 5, ',
  '\\"from\\": {}, ',
  '['.repeat(3000),
  '"'.repeat(9000),
  '\u001b[31m',
  own,
  '\n',
  '\r',
  '\ufeff',
]
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), fc.integer({ min: 0, max: 255 })).map(
    ([at, byte]): Mutation =>
      (line) => {
        const copy = Buffer.from(line)
        copy[Math.floor(at * copy.length)] = byte
        return copy
      },
  ),
  fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(...fragments)).map(
    ([at, text]): Mutation =>
      (line) =>
        insert(line, Math.floor(at * line.length), Buffer.from(text)),
  ),
  fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.uint8Array({ maxLength: 8 })).map(
    ([at, noise]): Mutation =>
      (line) =>
        insert(line, Math.floor(at * line.length), Buffer.from(noise)),
  ),
  fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })).map(
    ([a, b]): Mutation =>
      (line) =>
        Buffer.concat([line.subarray(0, Math.floor(Math.min(a, b) * line.length)), line.subarray(Math.floor(Math.max(a, b) * line.length))]),
  ),
  fc.constantFrom(...fragments).chain((text) =>
    fc.constantFrom('"d8e69f60-9d24-4ead-afb0-6a019814c7b9', 'register', 'confirm', '\\"to\\"', '\\"from\\"', 'content').map(
      (what): Mutation =>
        (line) =>
          Buffer.from(line.toString('utf8').replace(what, text)),
    ),
  ),
)

/** What the wallet does with bytes from a relay, up to the engine. */
const receive = (bytes: Buffer): string[] => {
  const kinds: string[] = []
  const splitter = createLineSplitter(
    65_536,
    (raw) => {
      const text = decodeUtf8(raw)
      if (text === null) return void kinds.push('drop')
      const decoded = decodeRelayLine(text)
      if (decoded.kind !== 'message') return void kinds.push(decoded.kind)
      const checked = checkInbound(decoded.payload, own)
      if (!checked.ok) return void kinds.push('drop')
      const ids = [checked.from, checked.intent, checked.to ?? 'x']
      kinds.push(ids.every((id) => typeof id === 'string' && id.length <= 256 && id !== '') && checked.from !== own ? 'message' : 'broken')
    },
    () => kinds.push('drop'),
  )
  splitter.push(bytes)
  splitter.end()
  return kinds
}

describe('recorded lines, damaged', () => {
  const damaged = fc.tuple(fc.constantFrom(...relayLines), fc.array(mutation, { minLength: 1, maxLength: 4 }))
  const holds = ([line, changes]: [string, Mutation[]]): void => {
    const kinds = receive(changes.reduce<Buffer>((bytes, change) => change(bytes), Buffer.from(line)))
    for (const kind of kinds) expect(['message', 'notice', 'drop']).toContain(kind)
  }
  it('10,000 with a fixed seed: each line becomes a message, a notice or a drop', () => {
    fc.assert(fc.property(damaged, holds), { numRuns: 10_000, seed: 20261122 })
  })
  it('and some more with a new seed each time', () => fc.assert(fc.property(damaged, holds), { numRuns: 2_000 }))
  it('undamaged they are messages, or for somebody else', () => {
    const kinds = relayLines.flatMap((line) => receive(Buffer.from(line)))
    expect(kinds.length).toBe(relayLines.length)
    expect(kinds.filter((kind) => kind === 'message').length).toBeGreaterThan(50)
  })
})
