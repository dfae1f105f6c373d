import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import type { Json as CoreJson } from '../src/main/core/crypto/canonical-json.ts'
import { audit as coreAudit } from '../src/main/core/ledger/audit.ts'
import { auditBundle, MAX_BUNDLE_BYTES, readBundle, signBundle } from '../src/main/core/ledger/bundle.ts'
import { Genesis, Zeqond } from '../src/main/core/ledger/fields.ts'
import { signHead } from '../src/main/core/ledger/head.ts'
import { signTagged } from '../src/main/core/ledger/signing.ts'
import { Party, story } from '../src/main/core/ledger/story.fixture.ts'
import { leavesOf, type Path, variants, withLeaf } from '../src/main/core/ledger/sweep.fixture.ts'
import { chainOf, m2m, repeated } from '../src/main/core/ledger/vectors.fixture.ts'
import { difference } from './difference.fixture.ts'
import { hash, type Json, parse, Unreadable, write } from './formats.ts'
import { audit, MOST_BYTES, verifyFile } from './verify.ts'

const plain = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json
const codes = (report: { readonly findings: readonly { readonly code: string }[] }) => [...new Set(report.findings.map(({ code }) => code))].sort()

type Raw = ReturnType<typeof chainOf>
const joined = ({ header, rows, head }: { header: unknown; rows: unknown; head: unknown }): Json => plain({ ...(header as object), rows, head })

it('stays small enough to be read in one sitting: 400 lines', () => {
  const files = readdirSync(new URL('.', import.meta.url)).filter((name) => /^[a-z]+[.]ts$/.test(name))
  // As `wc -l` counts them, comments and empty ones as well.
  const lines = files.flatMap((name) => readFileSync(new URL(name, import.meta.url), 'utf8').match(/\n/g) ?? [])
  expect(files).toEqual(['chain.ts', 'formats.ts', 'main.ts', 'verify.ts'])
  expect(lines.length).toBeLessThanOrEqual(400)
})

describe('canonical JSON', () => {
  it.each(m2m.jcs)('as the golden data has it', ({ in: value, out }) => {
    expect(write(value as Json)).toBe(out)
    expect(write(parse(out))).toBe(out)
  })
  it.each([
    '1.0',
    '1e3',
    '-0',
    '01',
    '9007199254740992',
    '{"a":1,"a":2}',
    '{"__proto__":1}',
    '"\\ud800"',
    '{"\\ud800":1}',
    '[1,]',
    '{"a"}',
    'nul',
    '"\n"',
    '',
    '1 2',
    '{"b":1,"a":2}',
    '[ 1]',
    `${'['.repeat(17)}${']'.repeat(17)}`,
    "{'a':1}",
    '[1 2]',
    '+1',
    '\ufeff1',
  ])('refuses %j', (text) => expect(() => parse(text)).toThrow(Unreadable))
  it('sorts by UTF-16 units and takes sixteen levels', () => {
    expect(write({ '\ufb33': 1, '😀': 2, b: 3 })).toBe('{"b":3,"😀":2,"\ufb33":1}')
    expect(parse(`${'['.repeat(16)}${']'.repeat(16)}`)).toBeTruthy()
  })
})

describe('golden data', () => {
  it('definition and handshake', () => {
    expect(hash('zeq.contract.v1', (plain(m2m.chains.a.rows[0]?.payload) as { definition: Json }).definition)).toBe(m2m.definition_hash)
    const report = audit([plain(m2m.chains.a), plain(m2m.chains.b)])
    expect(report.findings).toEqual([])
    expect(report).toMatchObject({ ok: true, status: m2m.audit.status, who: m2m.audit.who, keys: m2m.audit.keys, hidden: 0 })
    expect(report.sessions).toMatchObject([{ initiator: 'a', session_id: m2m.session_id, suite: 'x25519', confirmed: false }])
  })
  it('key confirmation', () => {
    const chains = [plain(m2m.chains.a), plain(m2m.chains.b)]
    expect(audit(chains, { confirmKeys: { [m2m.session_id]: m2m.keys.confirm } }).sessions[0]?.confirmed).toBe(true)
    expect(codes(audit(chains, { confirmKeys: { [m2m.session_id]: m2m.keys.root } }))).toEqual(['KEY_CONFIRM'])
  })
  it('rotation', () => {
    const report = audit([plain(m2m.rotation.chains.a), plain(m2m.rotation.chains.b)])
    expect(report).toMatchObject({ ok: true, status: 'SEALED', keys: { a: 2, b: 1 } })
    expect(report.sessions.map((s) => s.session_id)).toEqual(m2m.rotation.audit.sessions.map((s) => s.session_id))
  })
})

const pairs = { handshake: m2m.chains, rotation: m2m.rotation.chains }

describe('agreement with the core', () => {
  it.each([
    ['handshake', 'a'],
    ['handshake', 'b'],
    ['rotation', 'a'],
    ['rotation', 'b'],
  ] as const)('each leaf of the chains: %s, %s', { timeout: 300_000 }, (name, side) => {
    const pair = { a: chainOf(pairs[name].a), b: chainOf(pairs[name].b) }
    const apart: string[] = []
    let cases = 0
    // The first rows of the rotation are those of the handshake.
    const fresh = ([at, row]: Path) => name === 'handshake' || at !== 'rows' || Number(row) > 4
    for (const { path, value } of leavesOf(pair[side]).filter((leaf) => fresh(leaf.path)))
      for (const variant of variants(value)) {
        const changed: { a: Raw; b: Raw } = { ...pair, [side]: withLeaf(pair[side], path, variant) }
        const ours = audit([joined(changed.a), joined(changed.b)])
        const found = ours.ok ? 'passed' : difference(ours, coreAudit(changed).report)
        if (found !== null) apart.push(`${path.join('.')} = ${JSON.stringify(variant)}: ${found}`)
        cases += 1
      }
    expect(apart).toEqual([])
    expect(cases).toBeGreaterThan(300)
  })

  it.each(['A1', 'B1', 'B2', 'A2', 'A3', 'B3', 'A4', 'B4'] as const)('each leaf of %s, changed by its owner and signed again', { timeout: 300_000 }, (name) => {
    const { sig: _, ...input } = (story().rows[name]!.payload as { input: Record<string, CoreJson> }).input
    const apart: string[] = []
    let cases = 0
    for (const { path, value } of leavesOf(input))
      for (const variant of variants(value)) {
        const lie = story({ change: { [name]: (honest: Record<string, CoreJson>) => withLeaf(honest, path, variant) as Record<string, CoreJson> } })
        const confirmKeys = { [lie.id]: lie.confirm }
        const ours = audit([joined(lie.a.raw()), joined(lie.b.raw())], { confirmKeys })
        const found = difference(ours, coreAudit({ a: lie.a.raw(), b: lie.b.raw() }, { confirmKeys }).report)
        if (found !== null) apart.push(`${path.join('.')} = ${JSON.stringify(variant)}: ${found}`)
        cases += 1
      }
    expect(apart).toEqual([])
    expect(cases).toBeGreaterThan(15)
  })
})

describe('never throws on what an owner signs', () => {
  const odd: CoreJson[] = [null, 0, 'x', [], {}, [null], { x: null }]
  it.each<[string, string[]]>([
    [
      'contract_created',
      ['definition', 'definition.states', 'definition.states.proposed', 'definition.transitions', 'definition.transitions.0', 'contract_id'],
    ],
    ['contract', ['input', 'input.kind', 'input.peer_head', 'input.suites', 'input.sig', 'from', 'operator']],
    ['event', ['type', 'input', 'input.kind', 'input.session_nonce', 'input.peer_head', 'salt', 'payload']],
  ])('a %s row with any of its parts something else, as the core', (type, places) => {
    const told = story()
    const honest = [...told.a.rows, ...told.b.rows].find((row) => row.transitionType === type)!.payload
    const apart: string[] = []
    for (const place of places)
      for (const value of odd) {
        const a = new Party('alice', 1)
        a.append('contract_created', told.a.rows[0]!.payload)
        a.append(type as 'event', withLeaf(honest, place.split('.'), value), { proofDigest: null })
        const ours = audit([joined(a.raw())])
        const judged = coreAudit({ a: a.raw(), b: null }).report
        // Which definitions of other contracts a machine could run is for the program's lint alone.
        const findings = judged.findings.filter(({ why }) => !why.startsWith('definition, '))
        const found = difference(ours, { ...judged, ok: findings.length === 0, findings })
        if (found !== null) apart.push(`${place} = ${JSON.stringify(value)}: ${found}`)
      }
    expect(apart).toEqual([])
  })
})

const bundle = signBundle(repeated(1), {
  made_at: Zeqond.parse('2310560700'),
  exporter: Genesis.parse(m2m.a.genesis),
  chains: [m2m.chains.a, m2m.chains.b] as never,
  sessions: ['07'.repeat(32)],
  confirm_keys: { [m2m.session_id]: m2m.keys.confirm },
  heads: [m2m.chains.b.head as never],
  pins: [{ genesis: Genesis.parse(m2m.b.genesis), name: 'Bob', method: 'words', at: Zeqond.parse('2310560650') }],
  legacy_hs: [],
})
const file = (value: unknown) => `${write(plain(value))}\n`

describe('a bundle', () => {
  it('is sound', () => expect(verifyFile(file(bundle))).toMatchObject({ ok: true, status: 'SEALED', findings: [], sessions: [{ confirmed: true }] }))
  it.each([
    ['no newline', write(plain(bundle))],
    ['spaces', `${JSON.stringify(bundle, null, 1)}\n`],
  ])('%s is unreadable', (_, text) => expect(() => verifyFile(text)).toThrow(Unreadable))
  it('says whose chains they are not', () => expect(codes(verifyFile(file(bundle), { expectGenesis: ['00'.repeat(32)] }))).toEqual(['PEER_MISMATCH']))
  const { sig: _, ...unsigned } = bundle
  const parts = leavesOf(unsigned).filter(({ path: [part, , at, row] }) => part !== 'chains' || at !== 'rows' || row === 1)
  it.each<[string, (changed: object) => object]>([
    ['each leaf', (changed) => ({ ...changed, sig: bundle.sig })],
    ['each leaf, signed again by the exporter', (changed) => ({ ...changed, sig: signTagged(repeated(1), 'zeq.bundle.v1', changed as CoreJson) })],
  ])('%s, as the core', { timeout: 300_000 }, (_, signed) => {
    const apart: string[] = []
    for (const { path, value } of parts)
      for (const variant of variants(value)) {
        const text = file(signed(withLeaf(unsigned, path, variant)))
        const found = difference(verifyFile(text), auditBundle(readBundle(new TextEncoder().encode(text))).report)
        if (found !== null) apart.push(`${path.join('.')} = ${JSON.stringify(variant)}: ${found}`)
      }
    expect(apart).toEqual([])
    expect(parts.length).toBeGreaterThan(90)
  })
  it('shows an hs of before, or another one: the payload of its row', () => {
    const [a, hs] = [new Party('alice', 1), { nonce: 'x', step: 1 }]
    const input = { role: 'initiator', step: 'exchange', peer_sign_pub: '00'.repeat(32), hs_hash: hash('zeq.hs.v1', hs), decision_hash: null }
    a.event('hs.step', input)
    a.append('event', { type: 'note', payload: 1 })
    const { header, ...rest } = a.raw()
    const judged = (legacy_hs: { row_seq: number; hs: Record<string, CoreJson> }[]) => {
      const made = signBundle(repeated(1), {
        ...unsigned,
        exporter: a.genesis,
        chains: [{ ...header, ...rest }],
        sessions: null,
        confirm_keys: {},
        heads: [],
        legacy_hs,
      })
      const text = file(made)
      const ours = verifyFile(text)
      expect(difference(ours, auditBundle(readBundle(new TextEncoder().encode(text))).report)).toBeNull()
      return ours.findings
    }
    expect(judged([{ row_seq: 0, hs }])).toEqual([])
    expect(judged([{ row_seq: 0, hs: { ...hs, step: 2 } }])).toEqual([{ code: 'PAYLOAD_HASH', chain: 'a', at: 0 }])
    expect(judged([{ row_seq: 1, hs }])).toEqual([{ code: 'PAYLOAD_HASH', chain: 'a', at: 1 }])
    expect(judged([{ row_seq: 7, hs }])).toEqual([{ code: 'PAYLOAD_HASH', chain: 'a', at: 7 }])
  })
  it('with __proto__ in any of its objects is not read', () => {
    const text = file(bundle)
    let cases = 0
    for (let at = text.indexOf('{'); at >= 0; at = text.indexOf('{', at + 1)) {
      const open = text.startsWith('{}', at) ? '{"__proto__":{"v":1}' : '{"__proto__":{"v":1},'
      const changed = `${text.slice(0, at)}${open}${text.slice(at + 1)}`
      expect(() => verifyFile(changed)).toThrow(Unreadable)
      expect(() => readBundle(new TextEncoder().encode(changed))).toThrow(/canonical/)
      cases += 1
    }
    expect(cases).toBeGreaterThan(40)
  })
  it('has the limit of the core', () => expect(MOST_BYTES).toBe(MAX_BUNDLE_BYTES))
})

describe('an equivocation proof', () => {
  const { rows: _, head, ...chain } = m2m.chains.a
  const other = { ...head, stateHash: '00'.repeat(32) }
  const forged = { ...other, sig: signHead(repeated(1), other as never) }
  const proof = (heads: unknown[]) => codes(verifyFile(file({ v: 'zeq-equivocation/1', chain, rotations: [], heads })))
  it('two hashes at one place', () => expect(proof([head, forged])).toEqual(['EQUIVOCATION']))
  it('the same head twice', () => expect(proof([head, head])).toEqual(['HEAD']))
  it('a head of another machine', () => expect(proof([head, { ...story().a.head() }])).toEqual(['HEAD']))
})

describe('the command', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-verify-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const run = (path: string) => spawnSync(process.execPath, [fileURLToPath(new URL('main.ts', import.meta.url)), path], { encoding: 'utf8' })
  it.each([
    ['sound', file(bundle), 0],
    ['changed', file({ ...bundle, made_at: '1' }), 1],
    ['cut', file(bundle).slice(0, 1000), 2],
  ])('%s', { timeout: 60_000 }, (name, content, code) => {
    const path = join(folder, `${name}.countersign`)
    writeFileSync(path, content)
    expect(run(path).status).toBe(code)
  })
  it('does not read what is too large', { timeout: 60_000 }, () => {
    const path = join(folder, 'large.countersign')
    writeFileSync(path, '')
    truncateSync(path, MOST_BYTES + 1)
    const { status, stderr } = run(path)
    expect(status).toBe(2)
    expect(stderr).toContain('unreadable: more than 256 MiB')
  })
})
