import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Genesis, PeerId } from '../brand.ts'
import { fromBase64Url, toBase64Url, utf8 } from '../crypto/bytes.ts'
import { Party } from '../ledger/story.fixture.ts'
import { boxPayload, boxSignedBy, openBody, readBox, sealBody, wireOf } from './box.ts'
import { type Body, encodeBody, MAX_BODY_BYTES, parseBody } from './message.ts'

const [alice, bob] = [new Party('alice', 1), new Party('bob', 3)]
const head = { v: 1, id: '0a'.repeat(16), re: null, sg: alice.genesis, tg: bob.genesis, at: '2310560617' }
const ring = { ...head, t: 'ring', a1: 'aa'.repeat(32), y: 'bb'.repeat(16) } as unknown as Body
const text = (body: unknown): string => new TextDecoder().decode(encodeBody(body as Body))
const parse = (value: string | Uint8Array) => parseBody(typeof value === 'string' ? utf8(value) : value)

describe('a body', () => {
  it('begins with the common fields in their order', () => {
    expect(text(ring)).toMatch(/^\{"v":1,"t":"ring","id":"[0a]+","re":null,"sg":"[0-9a-f]{64}","tg":"[0-9a-f]{64}","at":"2310560617","a1":/)
  })

  const row = alice.event('note', {})
  it.each<[string, object]>([
    ['ring', ring],
    ['show', { ...head, t: 'show', a1: 'aa'.repeat(32), x: 'bb'.repeat(16) }],
    ['seal', { ...head, t: 'seal', rows: [row] }],
    ['close', { ...head, t: 'close', rows: [{ ...row, payload: null }] }],
    ['abort without a row', { ...head, t: 'abort', nonce: 'cc'.repeat(32), reason: 'user', rows: [] }],
    ['accept', { ...head, t: 'accept', rows: [row], tokens: [] }],
    ['sync', { ...head, t: 'sync', genesis: bob.genesis, from: 0, to: null }],
    ['rows', { ...head, t: 'rows', genesis: bob.genesis, rows: [], head: null, next: 12 }],
    ['vfy 1', { ...head, t: 'vfy', c: 'cc'.repeat(32), n: 1, commit: 'dd'.repeat(32) }],
    ['vfy 2', { ...head, t: 'vfy', c: 'cc'.repeat(32), n: 2, y: 'dd'.repeat(32) }],
    ['vfy 3', { ...head, t: 'vfy', c: 'cc'.repeat(32), n: 3, x: 'dd'.repeat(32) }],
    ['vfy 4', { ...head, t: 'vfy', c: 'cc'.repeat(32), n: 4, ok: false }],
    ['ack', { ...head, t: 'ack', re: 'ee'.repeat(16) }],
    ['err', { ...head, t: 'err', code: 'busy', seq: null }],
  ])('%s goes there and back', (_t, body) => {
    const parsed = parse(text(body))
    expect(parsed.ok && text(parsed.body)).toBe(text(body))
    expect(parsed.ok).toBe(true)
  })

  const whole = text(ring)
  it.each<[string, string]>([
    ['nothing', ''],
    ['garbage', '\u0000\u0001'],
    ['a string', '"ring"'],
    ['an array', '[]'],
    ['an unknown type', whole.replace('"ring"', '"sing"')],
    ['a type that objects inherit', whole.replace('"ring"', '"constructor"')],
    ['an unknown field', whole.replace(/\}$/, ',"z":1}')],
    ['a field missing', whole.replace(/,"y":"[0-9a-f]+"/, '')],
    ['white space', whole.replace('{', '{ ')],
    ['another order of the common fields', whole.replace('"v":1,"t":"ring"', '"t":"ring","v":1')],
    ['another order of the others', whole.replace(/("a1":"[0-9a-f]+"),("y":"[0-9a-f]+")/, '$2,$1')],
    ['escapes that need none', whole.replace('"ring"', '"r\\u0069ng"')],
    ['a duplicate key', whole.replace('"v":1', '"v":1,"v":1')],
    ['__proto__', whole.replace(/\}$/, ',"__proto__":{"t":"ack"}}')],
    ['a float', whole.replace('"v":1', '"v":1.0')],
    ['an exponent', whole.replace('"v":1', '"v":1e0')],
    ['minus zero', whole.replace('"v":1', '"v":-0')],
    ['another version', whole.replace('"v":1', '"v":2')],
    ['upper-case hex', whole.replace('0a0a', '0A0A')],
    ['hex that is too short', whole.replace('0a0a', '0a')],
    ['a tick with a leading zero', whole.replace('"2310560617"', '"02310560617"')],
    ['a number for the tick', whole.replace('"2310560617"', '2310560617')],
    ['no receiver', whole.replace(/"tg":"[0-9a-f]+"/, '"tg":null')],
    ['text after it', `${whole} `],
    ['a byte order mark', `\ufeff${whole}`],
    ['depth', `{"v":${'['.repeat(20)}${']'.repeat(20)}}`],
  ])('with %s is refused', (_what, value) => {
    expect(parse(value).ok).toBe(false)
  })

  it('is not taken with bytes that are no UTF-8', () => {
    expect(parse(Uint8Array.of(0x7b, 0xff, 0x7d)).ok).toBe(false)
  })

  it('of 24,000 bytes is read and of 24,001 is not', () => {
    const rows = { ...head, t: 'rows', genesis: bob.genesis, rows: [] as unknown[], head: null, next: null }
    const padded = (bytes: number) => {
      const make = (n: number) => text({ ...rows, rows: [{ ...row, payload: { type: 'note', payload: 'x'.repeat(n) } }] })
      return make(bytes - make(0).length)
    }
    expect(padded(MAX_BODY_BYTES)).toHaveLength(24_000)
    expect([parse(padded(MAX_BODY_BYTES)).ok, parse(padded(MAX_BODY_BYTES + 1)).ok]).toEqual([true, false])
  })

  it('has at most 64 rows, and no message with rows has none', () => {
    const many = (n: number) =>
      parse(text({ ...head, t: 'rows', genesis: bob.genesis, rows: Array.from({ length: n }, () => ({ ...tiny, payload: null })), head: null, next: null }))
    const tiny = { ...row, originId: 'a:b' }
    expect([many(35).ok, many(65).ok]).toEqual([true, false])
    expect(parse(text({ ...head, t: 'seal', rows: [] })).ok).toBe(false)
  })

  it('never throws for garbage', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void expect(parse(bytes).ok).toBe(false)))
    fc.assert(fc.property(fc.json(), (json) => void expect(parse(json).ok).toBe(false)))
  })

  it('changed in one place is refused or says something else', () => {
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 126 }), (place, code) => {
        const changed = whole.slice(0, place) + String.fromCharCode(code) + whole.slice(place + 1)
        const parsed = parse(changed)
        if (parsed.ok) expect(text(parsed.body)).toBe(changed)
      }),
    )
  })
})

describe('a box', () => {
  const ids = { a: 'id-a' as PeerId, b: 'id-b' as PeerId }
  const bytes = encodeBody(ring)
  const sides = { sg: alice.genesis, tg: bob.genesis }
  const own = (party: Party) => ({ kxPriv: party.keys.kx })
  const payload = (sealed = false) => {
    const inside = sealed ? sealBody(bytes, new Uint8Array(12).fill(7), own(alice), bob.keys.kx_pub, sides) : bytes
    return boxPayload(ids.b, wireOf(inside, sealed, alice.seed), ids.a)
  }

  it('is opened and verified by its receiver', () => {
    const box = readBox(payload(true))!
    expect(boxSignedBy(box, alice.keys.sign_pub)).toBe(true)
    expect(openBody(box.bytes, own(bob), alice.keys.kx_pub, sides)).toEqual(bytes)
  })

  it('opens for nobody else, in no other direction, and not altered', () => {
    const box = readBox(payload(true))!
    const carol = new Party('carol', 5)
    expect(openBody(box.bytes, own(carol), alice.keys.kx_pub, sides)).toBeNull()
    expect(openBody(box.bytes, own(bob), carol.keys.kx_pub, sides)).toBeNull()
    expect(openBody(box.bytes, own(bob), alice.keys.kx_pub, { sg: bob.genesis, tg: alice.genesis })).toBeNull()
    expect(openBody(box.bytes, own(bob), alice.keys.kx_pub, { sg: alice.genesis, tg: carol.genesis as Genesis })).toBeNull()
    for (const place of [0, 11, 12, 40, box.bytes.length - 1]) {
      const altered = box.bytes.slice()
      altered[place]! ^= 1
      expect(openBody(altered, own(bob), alice.keys.kx_pub, sides)).toBeNull()
    }
    expect(openBody(box.bytes.slice(0, 28), own(bob), alice.keys.kx_pub, sides)).toBeNull()
    expect(openBody(new Uint8Array(0), own(bob), alice.keys.kx_pub, sides)).toBeNull()
  })

  it('signed by another key, over other bytes or under another tag does not verify', () => {
    const box = readBox(payload())!
    expect(boxSignedBy(box, bob.keys.sign_pub)).toBe(false)
    expect(boxSignedBy({ ...box, bytes: box.bytes.slice(1) }, alice.keys.sign_pub)).toBe(false)
    expect(boxSignedBy({ ...box, signature: box.signature.slice(1) }, alice.keys.sign_pub)).toBe(false)
    const other = readBox({ ...payload(), s: toBase64Url(new Uint8Array(64)) })!
    expect(boxSignedBy(other, alice.keys.sign_pub)).toBe(false)
  })

  it.each<[string, (p: Record<string, unknown>) => void]>([
    ['padding', (p) => void (p['b'] = `${String(p['b'])}=`)],
    ['letters of standard base64', (p) => void (p['b'] = '+/+/')],
    ['white space', (p) => void (p['b'] = `${String(p['b'])}\n`)],
    ['unused bits set', (p) => void (p['b'] = 'e31')],
    ['a lonely letter', (p) => void (p['b'] = 'e30ab')],
    ['an empty body', (p) => void (p['b'] = '')],
    ['no signature', (p) => delete p['s']],
    ['a signature that is too short', (p) => void (p['s'] = String(p['s']).slice(1))],
    ['unused bits of the signature set', (p) => void (p['s'] = `${String(p['s']).slice(0, 85)}x`)],
    ['another x', (p) => void (p['x'] = 2)],
    ['x: true', (p) => void (p['x'] = true)],
    ['an unknown field', (p) => void (p['y'] = 1)],
    ['a frame beside it', (p) => void (p['d'] = {})],
    ['bytes for text', (p) => void (p['b'] = [1, 2])],
  ])('with %s is none', (_what, change) => {
    const p: Record<string, unknown> = { ...payload() }
    change(p)
    expect(readBox(p)).toBeNull()
  })

  it('holds 24,000 bytes and not 24,001', () => {
    const of = (n: number) => readBox({ ...payload(), b: toBase64Url(new Uint8Array(n)) })
    expect([of(24_000)?.bytes.length, of(24_001)]).toEqual([24_000, null])
  })

  it('its text has one spelling', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (some) => {
        expect(fromBase64Url(toBase64Url(some))).toEqual(new Uint8Array(some))
      }),
    )
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), (some) => {
        let read: Uint8Array
        try {
          read = fromBase64Url(some)
        } catch {
          return
        }
        expect(toBase64Url(read)).toBe(some)
      }),
    )
  })
})
