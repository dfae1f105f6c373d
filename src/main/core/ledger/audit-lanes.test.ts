import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AuditDto } from '../../../contract/index.ts'
import { canonicalJson, type Json, parseRestrictedJson } from '../crypto/canonical-json.ts'
import { FormatError } from '../crypto/errors.ts'
import { AppFault } from '../fault.ts'
import { audit } from './audit.ts'
import { auditDto, auditLanes, proofDto } from './audit-lanes.ts'
import { auditLines } from './audit-text.ts'
import { auditBundle, type BundleChain, openBundle, signBundle } from './bundle.ts'
import { Genesis, Zeqond } from './fields.ts'
import { endOf, Party, type Story, story } from './story.fixture.ts'
import { leavesOf, variants, withLeaf } from './sweep.fixture.ts'
import { m2m, repeated } from './vectors.fixture.ts'
import { unixOf } from './zeqond.ts'

const judge = (told: Pick<Story, 'a' | 'b'>) => audit({ a: told.a.raw(), b: told.b.raw() })
const shown = (told: Pick<Story, 'a' | 'b'>) => auditDto(judge(told), { source: 'two ledgers', at: 0 })

describe('lanes and links', () => {
  const told = story()
  told.a.append('event', { type: 'note', payload: 1 })
  const dto = shown(told)
  it('fit the contract', () => expect(AuditDto.parse(dto)).toEqual(dto))
  it('have the rows of the session, each in its place, and not the others', () => {
    expect(dto.lanes.map(({ label, rowCount, rows }) => [label, rowCount, rows.map((row) => row.step)])).toEqual([
      ['alice', 6, ['A0', 'A1', 'A2', 'A3', 'A4']],
      ['bob', 5, ['B0', 'B1', 'B2', 'B3', 'B4']],
    ])
    expect(dto.lanes[0]?.rows[1]?.title).toBe('Proposed a session to bob')
  })
  it('have every answer and seal as a link that holds', () => {
    expect(dto.links.map(({ from, to, kind, ok }) => [`${from.side}${from.seq}`, `${to.side}${to.seq}`, kind, ok])).toEqual([
      ['a2', 'b2', 'ack', true],
      ['a3', 'b2', 'ack', true],
      ['a4', 'b3', 'seal', true],
      ['b1', 'a1', 'ack', true],
      ['b2', 'a1', 'ack', true],
      ['b3', 'a2', 'ack', true],
      ['b4', 'a3', 'seal', true],
    ])
  })
  it('a wrong answer is a broken link with its reason', () => {
    const { links, lanes } = shown(story({ change: { B1: (input) => ({ ...input, ack_hash: '00'.repeat(32) }) }, until: 'B1' }))
    expect(links).toMatchObject([{ from: { side: 'b', seq: 1 }, kind: 'ack', ok: false, why: 'B1 to A1: it answers another row' }])
    expect(lanes[1]?.rows[1]?.findings).toEqual(['ACK_MISMATCH'])
  })
  it('a head that is gone is a broken link of who kept it', () => {
    const cut = story()
    cut.b.end(endOf(cut, cut.b, 'close', { peer_head: { ...cut.a.head() } }))
    const { links } = auditLanes(audit({ a: cut.a.fork(4).raw(), b: cut.b.raw() }))
    expect(links.find(({ kind }) => kind === 'head')).toMatchObject({ from: { side: 'b', seq: 5 }, to: { side: 'a', seq: 4 }, ok: false })
  })
  it('one lane where there is one ledger, none where none can be read', () => {
    expect(auditLanes(audit({ a: told.a.raw(), b: null })).lanes.map(({ side }) => side)).toEqual(['a'])
    expect(auditLanes(audit({ a: { header: 1, rows: [], head: null }, b: null }))).toEqual({ lanes: [], links: [] })
  })
  it('names the own ledger, and two of one name by their genesis', () => {
    const [a, b] = [new Party('alice', 1), new Party('alice', 3)]
    const judged = judge(story({}, a, b))
    const { lanes } = auditLanes(judged, undefined, b.genesis)
    expect(lanes.map(({ label, own }) => [label, own])).toEqual([
      [`alice (${a.genesis.slice(0, 8)})`, false],
      [`alice (${b.genesis.slice(0, 8)})`, true],
    ])
  })
  it('a proof has no lanes; the one that holds is a finding', () => {
    const held = proofDto({ holds: true, genesis: told.a.genesis, why: 'two hashes signed for row 3' }, { source: 'x', at: 0 })
    expect(AuditDto.parse(held)).toMatchObject({ ok: false, lanes: [], findings: [{ code: 'EQUIVOCATION' }] })
    expect(proofDto({ holds: false, why: 'no' }, { source: 'x', at: 0 })).toMatchObject({ ok: false, findings: [] })
  })
  it('a tick beyond every date is the last date', () => {
    expect(unixOf('2310560617')).toBe(2310560617 * 777)
    expect(unixOf('999999999999999999')).toBe(8_640_000_000_000_000)
  })
})

const bundle = signBundle(repeated(1), {
  made_at: Zeqond.parse('2310560700'),
  exporter: Genesis.parse(m2m.a.genesis),
  chains: [m2m.chains.a, m2m.chains.b] as unknown as BundleChain[],
  sessions: null,
  confirm_keys: { [m2m.session_id]: m2m.keys.confirm },
  heads: [],
  pins: [],
  legacy_hs: [],
})

/** Draws what an audit of the value gives; a value that is no bundle is refused before. */
const draw = (value: unknown): void => {
  try {
    // As out of a file: objects without a prototype.
    const parsed = parseRestrictedJson(canonicalJson(value as Json))
    const dto = AuditDto.parse(auditDto(auditBundle(openBundle(parsed)), { source: 'a file', at: 0 }))
    const lines = auditLines(dto)
    expect(lines[0]).toMatch(dto.ok ? /^Sound\. / : /^Not sound\. /)
    expect(lines.join('').match(/[\p{Cc}\p{Cf}]/u)).toBeNull()
  } catch (error) {
    if (!(error instanceof AppFault || error instanceof FormatError)) throw error
  }
}

/** As out of a file: objects without a prototype. */
const read = (party: Party) => {
  const { header, rows, head } = party.raw()
  return { header, rows: parseRestrictedJson(canonicalJson(rows as unknown as Json)) as unknown[], head }
}

describe('never throws, whatever a file says', () => {
  const leaves = leavesOf(JSON.parse(JSON.stringify(bundle)))
  it('each leaf changed', { timeout: 120_000 }, () => {
    for (const { path, value } of leaves) draw(withLeaf(bundle, path, variants(value)[0]))
  })
  it('any values put in any places', { timeout: 120_000 }, () => {
    const value = fc.jsonValue({ maxDepth: 2 }).filter((made) => !/\d\.\d|\de|-0|\\ud/.test(JSON.stringify(made)))
    const place = fc.constantFrom(...leaves.flatMap(({ path }) => path.map((_, i) => path.slice(0, i + 1))))
    fc.assert(
      fc.property(fc.array(fc.tuple(place, value), { minLength: 1, maxLength: 4 }), (changes) => {
        let changed: unknown = bundle
        for (const [path, put] of changes) {
          try {
            changed = withLeaf(changed, path, put)
          } catch {
            // The place went with a change before.
          }
        }
        draw(changed)
      }),
      { numRuns: 250 },
    )
  })
  it.each<[string, Json]>([
    ['event', { type: {}, payload: 1 }],
    ['contract', { from: {}, to: [], input: {} }],
    ['contract_created', { definition: { name: {} } }],
    ['file', { name: {} }],
    ['event', { type: 'm2m.seal', input: { kind: {}, peer_head: { genesis: 1, seq: {} } } }],
  ])('a payload of type %s that is none: %j', (type, payload) => {
    const a = new Party('alice', 1)
    a.append(type as 'event', payload, { proofDigest: null })
    expect(() => auditDto(audit({ a: read(a), b: null }), { source: 'x', at: 0 })).not.toThrow()
  })
  it('payloads of any form, rightly hashed and signed', { timeout: 120_000 }, () => {
    const types = fc.constantFrom('contract_created', 'contract', 'event', 'state', 'file', 'connection')
    const json = fc.jsonValue({ maxDepth: 3 }).filter((value) => !/\d\.\d|\de[+-]|-0|__proto__|\\ud/.test(JSON.stringify(value)))
    const key = fc.constantFrom('type', 'input', 'contract_id', 'definition', 'from', 'to', 'name', 'payload', 'peer_head')
    fc.assert(
      fc.property(types, fc.dictionary(key, json), (type, payload) => {
        const a = new Party('alice', 1)
        try {
          a.append(type as 'event', payload as Json, { proofDigest: null })
        } catch {
          // Not canonical: nothing that could be signed.
          return
        }
        const dto = auditDto(audit({ a: read(a), b: null }), { source: 'x', at: 0 })
        expect(() => AuditDto.parse(dto)).not.toThrow()
      }),
      { numRuns: 200 },
    )
  })
})
