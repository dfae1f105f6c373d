import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PeerId, Zeqond } from '../brand.ts'
import { fromHex, toBase64Url, utf8 } from '../crypto/bytes.ts'
import { canonicalJson, type Json, parseRestrictedJson } from '../crypto/canonical-json.ts'
import { genesisHash, nextCommitment } from '../ledger/genesis.ts'
import { signKeyStatement } from '../ledger/rotation.ts'
import { signTagged } from '../ledger/signing.ts'
import { Party } from '../ledger/story.fixture.ts'
import { m2m } from '../ledger/vectors.fixture.ts'
import { type Card, cardLink, createCardVerifier, MAX_CARD_BYTES, makeCard, readCardLink, readCardText } from './card.ts'

const at = '2310560617' as Zeqond
const id = '66f713b8-7e1f-4131-bda8-a878bd05af9e' as PeerId

const fieldsOf = (party: Party, over: Partial<Card> = {}): Omit<Card, 'sig'> => {
  const { slug: _, ...header } = party.header
  return { v: 'zeq-card/1', id, name: 'Alice', ...header, rotations: [], suites: ['x25519'], public: true, head: null, at, ...over }
}
const alice = (): Party => new Party('alice', 1)
const card = (over: Partial<Card> = {}, party = alice()): Card => makeCard(fieldsOf(party, over), party.seed)
const judge = (value: unknown, context: { from?: PeerId | null; now?: Zeqond } = {}) => {
  const verdict = createCardVerifier()(value, { from: id, now: at, ...context })
  return verdict.ok ? 'ok' : verdict.why
}
/** Signed again after a change: the fault is the only one. */
const forged = (change: (fields: Record<string, unknown>) => void, party = alice()): unknown => {
  const fields = JSON.parse(JSON.stringify(fieldsOf(party))) as Record<string, unknown>
  change(fields)
  const { sig: _, ...unsigned } = fields
  return { ...unsigned, sig: signTagged(party.seed, 'zeq.card.v1', unsigned as Json) }
}
const rotated = (n: number): { party: Party; rotations: Card['rotations'] } => {
  // Generations 0 … n: each commits to the next one.
  const keys = Array.from({ length: n + 2 }, (_, i) => {
    return Party.keysOf(20 + i)
  })
  const commit = (i: number) => nextCommitment(keys[i]!)
  const party = new Party('alice', 20)
  Object.assign(party.header, { next: commit(1) })
  const fresh = { ...party.header }
  const genesis = genesisHash(fresh)
  const rotations = Array.from({ length: n }, (_, i) =>
    signKeyStatement(keys[i + 1]!.seed, {
      v: 'zeq-m2m/1',
      kind: 'rotate',
      self_genesis: genesis,
      n: i + 1,
      sign_pub: keys[i + 1]!.sign_pub,
      kx_pub: keys[i + 1]!.kx_pub,
      next: commit(i + 2),
      reason: 'planned',
    }),
  ) as unknown as Card['rotations']
  party.seed = keys[n]!.seed
  return { party, rotations }
}

describe('a card', () => {
  it('verifies, with genesis and keys in force', () => {
    const verdict = createCardVerifier()(card(), { from: id, now: at })
    expect(verdict.ok && [verdict.checked.genesis, verdict.checked.generation]).toEqual([alice().genesis, 0])
  })

  it('has the size of the design', () => {
    const { name, head } = { name: 'A name of twenty-eight chars', head: alice() }
    head.event('note', {})
    const whole = makeCard(fieldsOf(head, { name, head: head.head(), rotations: [], suites: ['x25519mlkem768', 'x25519'] }), head.seed)
    expect(canonicalJson(whole as unknown as Json).length).toBeGreaterThan(900)
    expect(canonicalJson(whole as unknown as Json).length).toBeLessThan(1_000)
  })

  it.each<[string, (f: Record<string, unknown>) => void]>([
    ['an unknown field', (f) => void (f['extra'] = 1)],
    ['a version of tomorrow', (f) => void (f['v'] = 'zeq-card/2')],
    ['a name of 65 characters', (f) => void (f['name'] = 'x'.repeat(65))],
    ['a name that is not NFC', (f) => void (f['name'] = 'e\u0301')],
    ['a name with a line break', (f) => void (f['name'] = 'a\nb')],
    ['an id with a control character', (f) => void (f['id'] = 'a\u202eb')],
    ['an empty id', (f) => void (f['id'] = '')],
    ['upper-case hex', (f) => void (f['sign_pub'] = String(f['sign_pub']).toUpperCase())],
    ['a tick with a leading zero', (f) => void (f['at'] = '02310560617')],
    ['a tick of 19 digits', (f) => void (f['at'] = '1'.repeat(19))],
    ['no suites', (f) => void (f['suites'] = [])],
    ['a suite twice', (f) => void (f['suites'] = ['x25519', 'x25519'])],
    ['an unknown suite', (f) => void (f['suites'] = ['rot13'])],
    ['a number for a boolean', (f) => void (f['public'] = 1)],
    ['nine rotations', (f) => void (f['rotations'] = rotated(9).rotations)],
  ])('with %s is refused as FORMAT', (_what, change) => {
    expect(judge(forged(change))).toBe('format')
  })

  it('takes a name of 64 characters and an empty one', () => {
    expect(judge(card({ name: 'x'.repeat(64) }))).toBe('ok')
    expect(judge(card({ name: '' }))).toBe('ok')
  })

  it.each([null, 1, 'x', [], {}, { v: 'zeq-card/1' }, undefined, { head: 1.5 }])('is not %j', (value) => {
    expect(judge(value)).toBe('format')
  })

  it('with keys that nobody may use is refused', () => {
    expect(judge(forged((f) => void (f['sign_pub'] = '00'.repeat(32))))).toBe('weak_key')
    expect(judge(forged((f) => void (f['kx_pub'] = '00'.repeat(32))))).toBe('weak_key')
  })

  it('signed by another key is refused', () => {
    expect(judge({ ...card(), name: 'Mallory' })).toBe('signature')
    expect(judge(makeCard(fieldsOf(alice()), new Party('mallory', 9).seed))).toBe('signature')
  })

  it('of another id than its sender is refused; from a file it may have any', () => {
    expect(judge(card(), { from: 'someone else' as PeerId })).toBe('id')
    expect(judge(card(), { from: null })).toBe('ok')
  })

  it('may be 77 ticks ahead and not 78', () => {
    const ahead = (n: number) => card({ at: String(Number(at) + n) as Zeqond })
    expect([judge(ahead(77)), judge(ahead(78))]).toEqual(['ok', 'clock'])
    expect(judge(ahead(-100_000))).toBe('ok')
  })

  it('has a head of its own machine, signed', () => {
    const party = alice()
    party.event('note', {})
    const head = party.head()
    expect(judge(card({ head }, party))).toBe('ok')
    expect(judge(card({ head: { ...head, genesis: new Party('bob', 3).genesis } }, party))).toBe('head')
    expect(judge(card({ head: { ...head, seq: 5 } }, party))).toBe('head')
  })

  it('is signed by the last of its rotations', () => {
    const { party, rotations } = rotated(2)
    const made = makeCard(fieldsOf(party, { rotations }), party.seed)
    const verdict = createCardVerifier()(made, { from: id, now: at })
    expect(verdict.ok && [verdict.checked.generation, verdict.checked.keys.sign_pub]).toEqual([2, rotations[1]!.sign_pub])
    expect(judge(makeCard(fieldsOf(party, { rotations: rotations.slice(1) }), party.seed))).toBe('rotation')
    expect(judge(makeCard(fieldsOf(party, { rotations: rotations.slice(0, 1) }), party.seed))).toBe('signature')
    expect(judge(makeCard(fieldsOf(party, { rotations: [rotations[1]!, rotations[0]!] }), party.seed))).toBe('rotation')
  })

  it('with eight rotations leans on the chain for the ninth', () => {
    const eight = rotated(8)
    expect(judge(makeCard(fieldsOf(eight.party, { rotations: eight.rotations }), eight.party.seed))).toBe('ok')
    const nine = rotated(9)
    const made = makeCard(fieldsOf(nine.party, { rotations: nine.rotations.slice(0, 8) }), nine.party.seed)
    expect(judge(made)).toBe('signature')
    const last = nine.rotations[8]!
    const chainKeys = { keys: { sign_pub: last.sign_pub, kx_pub: last.kx_pub, next: last.next }, generation: 9 }
    expect(createCardVerifier()(made, { from: id, now: at, chainKeys }).ok).toBe(true)
  })

  it('that verified once is still held against sender and clock', () => {
    const verify = createCardVerifier()
    const made = card({ at: String(Number(at) + 50) as Zeqond })
    expect(verify(made, { from: id, now: at }).ok).toBe(true)
    const other = verify(made, { from: 'other' as PeerId, now: at })
    const late = verify(made, { from: id, now: String(Number(at) - 50) as Zeqond })
    expect([!other.ok && other.why, !late.ok && late.why]).toEqual(['id', 'clock'])
  })

  it('altered in any one place is refused', () => {
    const party = alice()
    party.event('note', {})
    const made = card({ head: party.head() }, party)
    const text = canonicalJson(made as unknown as Json)
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.integer({ min: 32, max: 126 }), (place, code) => {
        const changed = text.slice(0, place) + String.fromCharCode(code) + text.slice(place + 1)
        fc.pre(changed !== text)
        let value: unknown
        try {
          value = parseRestrictedJson(changed)
        } catch {
          return
        }
        expect(judge(value)).not.toBe('ok')
      }),
      { numRuns: 300 },
    )
  })

  it('of more than 8 KiB is refused before anything else', () => {
    expect(judge({ ...card(), name: 'x'.repeat(MAX_CARD_BYTES) })).toBe('size')
    expect(judge({ pad: 'x'.repeat(MAX_CARD_BYTES - 10) })).toBe('format')
    expect(judge({ pad: 'x'.repeat(MAX_CARD_BYTES - 9) })).toBe('size')
  })
})

describe('a card as text', () => {
  it('goes through a link and comes back the same', () => {
    const made = card()
    const link = cardLink(made)
    expect(link.startsWith('countersign://card/')).toBe(true)
    expect(judge(readCardLink(link), { from: null })).toBe('ok')
    expect(canonicalJson(readCardLink(link))).toBe(canonicalJson(made as unknown as Json))
  })

  it.each([
    'https://card/e30',
    'countersign://card/e30=',
    'countersign://card/e3 0',
    'countersign://card/e31',
    'countersign://card/',
    `countersign://card/${toBase64Url(utf8('{"a":1,"a":2}'))}`,
    `countersign://card/${toBase64Url(utf8('{"__proto__":1}'))}`,
    `countersign://card/${toBase64Url(fromHex('ff'))}`,
    `countersign://card/${'A'.repeat(20_000)}`,
  ])('%.60s is none', (link) => {
    expect(() => readCardLink(link)).toThrow()
  })

  it('may have 8 KiB and no more', () => {
    const text = (bytes: number) => `"${'x'.repeat(bytes - 2)}"`
    expect(readCardText(text(MAX_CARD_BYTES))).toHaveLength(MAX_CARD_BYTES - 2)
    expect(() => readCardText(text(MAX_CARD_BYTES + 1))).toThrow()
    expect(() => readCardText(`"${'ä'.repeat(MAX_CARD_BYTES / 2)}"`)).toThrow()
  })
})

it('refuses the weak keys of the golden data', () => {
  const refused = (m2m as unknown as { x25519_refused: readonly (string | { pub?: string; key?: string; u?: string })[] }).x25519_refused
  expect(refused.length).toBeGreaterThan(0)
  for (const entry of refused) {
    const key = typeof entry === 'string' ? entry : (entry.pub ?? entry.key ?? entry.u ?? '')
    if (!/^[0-9a-f]{64}$/.test(key)) continue
    expect(judge(forged((f) => void (f['kx_pub'] = key)))).toBe('weak_key')
  }
})
