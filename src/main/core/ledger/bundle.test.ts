import { describe, expect, it } from 'vitest'
import { utf8 } from '../crypto/bytes.ts'
import { canonicalJson, type Json } from '../crypto/canonical-json.ts'
import { AppFault } from '../fault.ts'
import type { Audit } from './audit.ts'
import { auditBundle, type Bundle, type BundleChain, openBundle, readBundle, signBundle, writeBundle } from './bundle.ts'
import { Genesis, Zeqond } from './fields.ts'
import { findingCodes } from './findings.ts'
import { leavesOf, variants, withLeaf } from './sweep.fixture.ts'
import { m2m, repeated } from './vectors.fixture.ts'

const bundleOf = (over: Partial<Bundle> = {}, seed = 1): Bundle =>
  signBundle(repeated(seed), {
    made_at: Zeqond.parse('2310560700'),
    exporter: Genesis.parse(m2m.a.genesis),
    chains: [m2m.chains.a, m2m.chains.b] as unknown as BundleChain[],
    sessions: [m2m.transcript.a.nonce],
    confirm_keys: { [m2m.session_id]: m2m.keys.confirm },
    heads: [m2m.chains.b.head] as unknown as Bundle['heads'],
    pins: [{ genesis: Genesis.parse(m2m.b.genesis), name: 'Bob', method: 'words', at: Zeqond.parse('2310560600') }],
    legacy_hs: [],
    ...over,
  })
const judge = (bundle: unknown): Audit => auditBundle(openBundle(bundle as Json))
const codes = (audit: Audit) => audit.report.findings.map((f) => f.code)
const faultOf = (bytes: Uint8Array): string => {
  try {
    readBundle(bytes)
  } catch (error) {
    return error instanceof AppFault ? error.code : String(error)
  }
  return 'none'
}

describe('bundle', () => {
  it('is written, read and judged: the golden verdict, with the keys confirmed', () => {
    const bytes = writeBundle(bundleOf())
    expect(bytes.at(-1)).toBe(0x0a)
    const { report } = auditBundle(readBundle(bytes))
    const { scope, ...rest } = report
    expect(rest).toEqual({ ...m2m.audit, sessions: [{ ...m2m.audit.sessions[0], confirmed: true }] })
    expect(scope.limits).toContain('NOT_PINNED')
  })
  it('is pinned from outside only', () => {
    const opened = openBundle(bundleOf() as unknown as Json)
    expect(auditBundle(opened, { expect: [m2m.a.genesis, m2m.b.genesis] }).report).toMatchObject({ ok: true, scope: { pinned: true } })
    const stranger = auditBundle(opened, { expect: [m2m.a.genesis, '00'.repeat(32)] }).report
    expect(stranger).toMatchObject({ ok: false, scope: { pinned: false }, findings: [{ code: 'PEER_MISMATCH', rows: [{ chain: 'b', at: 'header' }] }] })
  })
  it('with one chain says so', () => {
    const { report } = judge(bundleOf({ chains: [m2m.chains.a] as unknown as BundleChain[], sessions: null, confirm_keys: {} }))
    expect(report).toMatchObject({ ok: true, status: 'ACTIVE_ONE', who: { a: m2m.a.genesis, b: null }, scope: { one_sided: true } })
    expect(report.scope.limits).toContain('ONE_SIDED')
  })
  it('that names no session does not pass for one between whom there is nothing', () => {
    const none = judge(bundleOf({ sessions: [] })).report
    expect(none.ok).toBe(false)
    expect(none.findings.map((f) => [f.code, f.why.slice(0, 16)])).toContainEqual(['FORMAT', 'bundle, sessions'])
    expect(none.sessions).toHaveLength(m2m.audit.sessions.length)
  })
  it('with more heads beside it than anybody keeps is a finding, not an hour of checking signatures', () => {
    const heads = Array.from({ length: 10_001 }, () => m2m.chains.a.head) as unknown as Bundle['heads']
    const { report } = judge(bundleOf({ heads }))
    expect(report.findings.map((f) => [f.code, f.why.slice(0, 14)])).toContainEqual(['FORMAT', 'bundle, heads.'])
    expect(report.status).toBe(m2m.audit.status)
  })
  it('rows are stripped of what a host adds', () => {
    const [chain] = bundleOf().chains
    const served = { ...m2m.chains.a, rows: m2m.chains.a.rows.map((row, i) => ({ ...row, id: String(i), createdAt: 'x', zspEnvelope: null })) }
    expect(bundleOf({ chains: [served, m2m.chains.b] as unknown as BundleChain[] }).chains[0]).toEqual(chain)
  })
  it.each<[string, () => unknown, string[]]>([
    ['a signature by someone else', () => bundleOf({}, 3), ['BUNDLE_SIG']],
    ['an exporter who is neither', () => bundleOf({ exporter: Genesis.parse('00'.repeat(32)) }), ['BUNDLE_SIG']],
    ['a field too many', () => ({ ...bundleOf(), note: 1 }), ['FORMAT', 'BUNDLE_SIG']],
    [
      'another clock',
      () => ({ ...bundleOf(), profile: { chain: 'zeq-chain/1', m2m: 'zeq-m2m/1', zeqond_rule: 'floor(unix_ns/777000777)' } }),
      ['FORMAT', 'BUNDLE_SIG'],
    ],
    ['a session that is not there', () => bundleOf({ sessions: ['00'.repeat(32)], confirm_keys: {} }), ['FORMAT']],
    ['a wrong confirm key', () => bundleOf({ confirm_keys: { [m2m.session_id]: '00'.repeat(32) } }), ['KEY_CONFIRM', 'KEY_CONFIRM']],
    ['an hs that no row recorded', () => bundleOf({ legacy_hs: [{ row_seq: 1, hs: { nonce: 'x' } }] }), ['PAYLOAD_HASH']],
    ['rows that are none', () => ({ ...bundleOf(), chains: [{ ...m2m.chains.a, rows: 'none' }] }), ['FORMAT', 'BUNDLE_SIG', 'FORMAT']],
  ])('%s is a finding', (_, make, expected) => expect(codes(judge(make()))).toEqual(expect.arrayContaining(expected)))
  it('only these are unreadable', () => {
    const text = canonicalJson(bundleOf() as unknown as Json)
    expect(faultOf(utf8(`${text}\n`))).toBe('none')
    expect(faultOf(utf8(text))).toBe('TRUNCATED')
    expect(faultOf(utf8(`${text.slice(0, 900)}\n`))).toBe('FORMAT')
    expect(faultOf(utf8(` ${text}\n`))).toBe('FORMAT')
    expect(faultOf(utf8(`${text}\n\n`))).toBe('FORMAT')
    expect(faultOf(utf8(`${text.replace('"seq":0', '"seq":0.0')}\n`))).toBe('FORMAT')
    expect(faultOf(utf8(`${text.replace('{', '{"__proto__":1,')}\n`))).toBe('FORMAT')
    expect(faultOf(utf8(`${text.replace('"v":"zeq-bundle/1"', '"v":"zeq-bundle/1","v":"zeq-bundle/1"')}\n`))).toBe('FORMAT')
    expect(faultOf(utf8('[]\n'))).toBe('FORMAT')
    expect(faultOf(utf8('{}\n'))).toBe('FORMAT')
    expect(faultOf(new Uint8Array([0xff, 0x0a]))).toBe('FORMAT')
  })
})

describe('each leaf of a bundle', () => {
  const bundle = JSON.parse(JSON.stringify(bundleOf())) as Bundle
  it('changed, gives a named finding, in the chains at its row', { timeout: 120_000 }, () => {
    const missed: string[] = []
    let cases = 0
    for (const { path, value } of leavesOf(bundle)) {
      const inChain = path[0] === 'chains'
      const side = path[1] === 0 ? 'a' : 'b'
      const place = path[2] === 'rows' ? path[3] : path[2] === 'head' ? 'head' : 'header'
      // All variants of the chains' leaves are in the sweep over chains; here one of each, through the file.
      for (const variant of variants(value).slice(0, inChain ? 1 : 3)) {
        cases += 1
        const bytes = writeBundle(withLeaf(bundle, path, variant))
        const found = auditBundle(readBundle(bytes)).report.findings
        const named = found.every((f) => findingCodes.includes(f.code)) && found.some((f) => f.code === 'BUNDLE_SIG' || f.code === 'FORMAT')
        const right = !inChain || found.some((f) => f.rows.some((row) => row.chain === side && (row.at === place || (place === 'header' && row.at === 0))))
        if (!named || !right) missed.push(`${path.join('.')} = ${JSON.stringify(variant)}: ${JSON.stringify(found.slice(0, 3))}`)
      }
    }
    expect(missed).toEqual([])
    expect(cases).toBeGreaterThan(300)
  })
})
