import { describe, expect, it } from 'vitest'
import { utf8 } from '../crypto/bytes.ts'
import { canonicalJson, type Json } from '../crypto/canonical-json.ts'
import { AppFault } from '../fault.ts'
import { nodeFiles } from '../node-ports.ts'
import type { Files } from '../ports.ts'
import { audit } from './audit.ts'
import { type AuditSource, judgeSources, readAuditFile, sourceOf } from './audit-source.ts'
import { type BundleChain, signBundle, writeBundle } from './bundle.ts'
import { Genesis, Zeqond } from './fields.ts'
import { Party, type Story, story } from './story.fixture.ts'
import { m2m, repeated } from './vectors.fixture.ts'

const told = story()
const exported = ({ header, rows, head } = told.a.raw(), more: object = {}): Uint8Array =>
  utf8(`${canonicalJson({ ...header, rows, head, ...more } as unknown as Json)}\n`)
const bundle = writeBundle(
  signBundle(repeated(1), {
    made_at: Zeqond.parse('2310560700'),
    exporter: Genesis.parse(m2m.a.genesis),
    chains: [m2m.chains.a, m2m.chains.b] as unknown as BundleChain[],
    sessions: null,
    confirm_keys: {},
    heads: [],
    pins: [],
    legacy_hs: [],
  }),
)
const twin = (): Pick<Story, 'a' | 'b'> => {
  const other = story()
  const a = other.a.fork(3)
  a.append('event', { type: 'note', payload: 1 })
  a.append('event', { type: 'note', payload: 2 })
  return { a, b: other.b }
}
const proof = (): Uint8Array => {
  const { a, b } = twin()
  return utf8(JSON.stringify(audit({ a: a.raw(), b: b.raw() }).proofs[0], null, 2))
}
const faultOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return error instanceof AppFault ? `${error.code}: ${error.message}` : `not a fault: ${String(error)}`
  }
  return 'none'
}
const chain = (party: Party, name: string = party.header.slug): AuditSource => ({ kind: 'chain', name, chain: party.raw() })

describe('a file', () => {
  it.each<[string, Uint8Array, AuditSource['kind']]>([
    ['a bundle', bundle, 'bundle'],
    ['an exported ledger', exported(), 'chain'],
    ['a proof', proof(), 'proof'],
  ])('is %s by what is in it', (_, bytes, kind) => expect(sourceOf('x', bytes).kind).toBe(kind))
  it('what a host adds to rows is dropped', () => {
    const { header, rows, head } = told.a.raw()
    const served = { header, rows: rows.map((row, i) => ({ ...row, id: String(i), createdAt: 'now', zspEnvelope: null })), head }
    const source = sourceOf('x', exported(served as never))
    expect(source.kind === 'chain' && source.chain).toMatchObject({ rows: rows.map((row) => ({ ...row })) })
    expect(judgeSources([source]).kind === 'audit').toBe(true)
  })
  it.each<[string, Uint8Array, string]>([
    ['no text', new Uint8Array([0xff, 0xfe]), 'FORMAT'],
    ['no JSON', utf8('rows'), 'FORMAT'],
    ['a list', utf8('[]\n'), 'FORMAT'],
    ['some other object', utf8('{"v":1}\n'), 'FORMAT'],
    ['a duplicate key', utf8('{"rows":[],"rows":[]}'), 'FORMAT'],
    ['a float', utf8('{"rows":[1.5]}'), 'FORMAT'],
    ['__proto__', utf8('{"rows":[],"__proto__":{}}'), 'FORMAT'],
    ['a lone surrogate', utf8('{"rows":["\\ud800"]}'), 'FORMAT'],
    ['a bundle that was cut', bundle.slice(0, -1), 'TRUNCATED'],
    ['a bundle cut in the middle', bundle.slice(0, 5000), 'FORMAT'],
    ['a bundle in another spelling', utf8(`${JSON.stringify(JSON.parse(new TextDecoder().decode(bundle)), null, 1)}\n`), 'FORMAT'],
    ['a bundle without chains', utf8('{"chains":[]}\n'), 'FORMAT'],
  ])('that is %s cannot be read', (_, bytes, code) => {
    const fault = faultOf(() => sourceOf('the-file', bytes))
    expect(fault.startsWith(`${code}: `)).toBe(true)
  })
  it('is looked at for its size before it is read', () => {
    const files: Pick<Files, 'openRead' | 'info' | 'readAt' | 'close'> = {
      openRead: () => 7,
      info: () => ({ size: 268_435_457, modified: 0 }),
      readAt: () => {
        throw new Error('read all the same')
      },
      close: () => {},
    }
    expect(faultOf(() => readAuditFile(files as Files, '/x'))).toBe('FORMAT: /x cannot be read: more than 256 MiB.')
  })
  it('that is not there, or is a folder, is unreadable', () => {
    expect(faultOf(() => readAuditFile(nodeFiles, '/nowhere/at.all'))).toBe('UNREADABLE: /nowhere/at.all cannot be read (ENOENT).')
    expect(faultOf(() => readAuditFile(nodeFiles, '/'))).toMatch(/^UNREADABLE: /)
  })
})

describe('judging', () => {
  it('a bundle, a proof, one ledger, two ledgers', () => {
    expect(judgeSources([sourceOf('x', bundle)])).toMatchObject({ kind: 'audit', source: 'x', judged: { report: { ok: true, status: 'SEALED' } } })
    expect(judgeSources([sourceOf('x', proof())])).toMatchObject({ kind: 'proof', verdict: { holds: true } })
    expect(judgeSources([chain(told.a)])).toMatchObject({ judged: { report: { status: 'ACTIVE_ONE', scope: { one_sided: true } } } })
    expect(judgeSources([chain(told.a), chain(told.b)])).toMatchObject({ source: 'alice and bob', judged: { report: { ok: true, status: 'SEALED' } } })
  })
  it('a proof of which a leaf was changed holds no more', () => {
    const text = new TextDecoder().decode(proof())
    expect(judgeSources([sourceOf('x', utf8(text.replace('"slug": "alice"', '"slug": "alicf"')))])).toMatchObject({ verdict: { holds: false } })
  })
  it.each<[string, () => AuditSource[]]>([
    ['nothing', () => []],
    ['three ledgers', () => [chain(told.a), chain(told.b), chain(told.a)]],
    ['a bundle and a ledger', () => [sourceOf('x', bundle), chain(told.a)]],
    ['a ledger and a proof', () => [chain(told.a), sourceOf('x', proof())]],
  ])('not %s', (_, sources) => expect(faultOf(() => judgeSources(sources()))).toMatch(/^BAD_ARGUMENT: /))
  it('by who is expected', () => {
    const { judged } = judgeSources([chain(told.a), chain(told.b)], { expect: [told.a.genesis, told.b.genesis] }) as { judged: ReturnType<typeof audit> }
    expect(judged.report.scope.pinned).toBe(true)
    expect(judgeSources([chain(told.a), chain(told.b)], { expect: [told.a.genesis] })).toMatchObject({ judged: { report: { ok: false } } })
  })
  it('one session only; one that is not there is no verdict', () => {
    expect(judgeSources([chain(told.a), chain(told.b)], { session: told.nonce })).toMatchObject({ judged: { report: { ok: true } } })
    expect(faultOf(() => judgeSources([chain(told.a), chain(told.b)], { session: '00'.repeat(32) }))).toMatch(/^NOT_FOUND: /)
    expect(judgeSources([sourceOf('x', bundle)], { session: '00'.repeat(32) })).toMatchObject({ judged: { report: { ok: false } } })
  })
  it('a host may stamp rows a little late; an owner may not', () => {
    const late = (hosted: boolean) => {
      const [a, b] = [new Party('alice', 1), new Party('bob', 3)]
      if (hosted) b.event('machine.custody', { custody: 'host' })
      const made = story({ until: 'B1', tick: { A1: () => Zeqond.parse('2310560700'), B1: () => Zeqond.parse('2310560697') } }, a, b)
      return judgeSources([chain(made.a), chain(made.b)])
    }
    expect(late(true)).toMatchObject({ judged: { report: { ok: true } } })
    expect(late(false)).toMatchObject({ judged: { report: { ok: false } } })
  })
})
