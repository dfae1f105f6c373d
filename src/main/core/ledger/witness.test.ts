import { describe, expect, it } from 'vitest'
import { audit } from './audit.ts'
import { verifyEquivocation } from './equivocation.ts'
import { Head } from './head.ts'
import { endOf, Party, type Story, story } from './story.fixture.ts'
import { leavesOf, variants, withLeaf } from './sweep.fixture.ts'
import { plusTicks } from './zeqond.ts'

const note = (n: number) => ({ type: 'note', payload: n })
const found = (told: Pick<Story, 'b'>, a: Party, heads: readonly Head[] = []) => {
  const { report, proofs } = audit({ a: a.raw(), b: told.b.raw() }, { heads })
  return { codes: [...new Set(report.findings.map((f) => f.code))], report, proofs }
}

describe('a history rewritten after it was witnessed', () => {
  it('two signed heads at one seq: a proof that stands alone', () => {
    const told = story()
    const twin = told.a.fork(3)
    twin.append('event', note(1))
    twin.append('event', note(2))
    const { codes, proofs, report } = found(told, twin)
    expect(codes).toContain('EQUIVOCATION')
    expect(report.findings.find((f) => f.code === 'EQUIVOCATION')?.rows).toEqual([
      { chain: 'a', at: 3 },
      { chain: 'b', at: 4 },
    ])
    expect(proofs.length).toBeGreaterThan(0)
    for (const proof of proofs)
      expect(verifyEquivocation(JSON.parse(JSON.stringify(proof)))).toEqual({ holds: true, genesis: told.a.genesis, why: 'two hashes signed for row 3' })
  })
  it('no leaf of a proof can be changed', () => {
    const told = story()
    const [proof] = found(
      told,
      (() => {
        const twin = told.a.fork(3)
        twin.append('event', note(1))
        return twin
      })(),
    ).proofs
    const held = leavesOf(proof).flatMap(({ path, value }) =>
      variants(value)
        .filter((v) => verifyEquivocation(withLeaf(proof, path, v)).holds)
        .map(() => path.join('.')),
    )
    expect(held).toEqual([])
  })
  it('the end cut off: a rollback, nothing more', () => {
    const told = story()
    const { codes, proofs } = found(told, told.a.fork(2))
    expect(codes).toContain('ROLLBACK')
    expect(codes).not.toContain('EQUIVOCATION')
    expect(proofs).toEqual([])
  })
  it('a rollback is the fault of the chain that was cut, not of who recorded it', () => {
    const told = story()
    told.b.end(endOf(told, told.b, 'close', { peer_head: { ...told.a.head() } }))
    const { report } = found(told, told.a.fork(4))
    expect(report.findings).toMatchObject([
      {
        code: 'ROLLBACK',
        rows: [
          { chain: 'a', at: 'head' },
          { chain: 'b', at: 5 },
        ],
      },
    ])
  })
  it('the end cut off and written on later: proved by the ticks', () => {
    const told = story()
    const twin = told.a.fork(2)
    twin.append('event', note(1), { tick: plusTicks(told.a.tick, 50n) })
    const { codes, proofs } = found(told, twin)
    expect(codes).toContain('EQUIVOCATION')
    expect(proofs.map((proof) => verifyEquivocation(proof)).filter((v) => v.holds && v.why === 'row 2 was signed with a later tick than row 3')).toHaveLength(1)
  })
  it("changed by someone who could not sign: not the owner's doing, provably", () => {
    const told = story()
    const twin = told.a.fork(3)
    twin.append('event', note(1), { seed: Party.keysOf(99).seed })
    const { codes, proofs } = found(told, twin)
    expect(codes).toContain('HISTORY_CHANGED')
    expect(codes).not.toContain('EQUIVOCATION')
    expect(proofs).toEqual([])
  })
  it('a head from outside counts as one from a row', () => {
    const told = story()
    const twin = told.a.fork(told.a.rows.length)
    told.a.append('event', note(1))
    twin.append('event', note(2))
    expect(found(told, twin).codes).toEqual([])
    const { codes, proofs } = found(told, twin, [Head.parse(told.a.head())])
    expect(codes).toEqual(['EQUIVOCATION'])
    expect(verifyEquivocation(proofs[0])).toMatchObject({ holds: true })
  })
  it('a second history by a key since given up: superseded, and no proof against the owner', () => {
    const told = story()
    const thief = told.a.fork(told.a.rows.length)
    thief.append('event', note(1))
    thief.append('event', note(2))
    told.a.rotate({}, 'compromised')
    told.a.append('event', note(3))
    const { codes, proofs } = found(told, told.a, [Head.parse(thief.head())])
    expect(codes).toEqual(['SUPERSEDED'])
    expect(proofs).toEqual([])
    const forged = { v: 'zeq-equivocation/1', chain: told.a.header, rotations: [], heads: [thief.head(), told.a.head()] }
    expect(verifyEquivocation(forged)).toMatchObject({ holds: false })
  })
  it('an equivocation under rotated keys is proved with the rotation', () => {
    const told = story()
    told.a.rotate()
    const twin = told.a.fork(told.a.rows.length)
    twin.seed = told.a.seed
    told.a.append('event', note(1))
    twin.append('event', note(2))
    const { codes, proofs } = found(told, told.a, [Head.parse(twin.head())])
    expect(codes).toEqual(['EQUIVOCATION'])
    expect(proofs[0]?.rotations).toHaveLength(1)
    expect(verifyEquivocation(proofs[0])).toMatchObject({ holds: true })
    expect(verifyEquivocation({ ...proofs[0], rotations: [] })).toMatchObject({ holds: false })
  })
  it('two heads of one history prove nothing', () => {
    const told = story()
    const heads = [told.a.head(told.a.rows[1]), told.a.head(told.a.rows[2])]
    expect(verifyEquivocation({ v: 'zeq-equivocation/1', chain: told.a.header, rotations: [], heads })).toEqual({
      holds: false,
      why: 'one history can have both heads',
    })
    expect(verifyEquivocation({ v: 'zeq-equivocation/1', chain: told.a.header, rotations: [], heads: [heads[0], heads[0]] })).toMatchObject({ holds: false })
    expect(verifyEquivocation({ v: 'zeq-equivocation/1', chain: told.b.header, rotations: [], heads })).toEqual({
      holds: false,
      why: 'a head is of another machine',
    })
    expect(verifyEquivocation(null)).toMatchObject({ holds: false })
  })
})

describe('what a break leaves standing', () => {
  it('sessions behind it are suspect, those before are not', () => {
    const [a, b] = [new Party('alice', 1), new Party('bob', 3)]
    story({ nonce: '11'.repeat(32), responderNonce: '12'.repeat(32) }, a, b)
    story({ nonce: '21'.repeat(32), responderNonce: '22'.repeat(32) }, a, b)
    const raw = a.raw()
    raw.rows[6] = { ...raw.rows[6]!, headSig: '00'.repeat(64) }
    const { report } = audit({ a: raw, b: b.raw() })
    expect(report.findings.map((f) => [f.code, f.rows])).toEqual([['HEAD_SIG', [{ chain: 'a', at: 6 }]]])
    expect(report.scope).toMatchObject({ suspect: ['21'.repeat(32)], chains: { a: { broken_at: 6 }, b: { broken_at: null } } })
    expect(report.sessions.map((s) => s.status)).toEqual(['SEALED', 'NONE'])
  })
  it('rows lost in a restore are a gap, not a fork', () => {
    const told = story()
    told.a.append('event', note(1))
    told.a.append('event', note(2))
    told.a.append('event', note(3))
    const rows = [...told.a.rows.slice(0, 5), ...told.a.rows.slice(7)]
    const { report } = audit({ a: told.a.raw(rows), b: told.b.raw() })
    expect(report.findings.map((f) => [f.code, f.why, f.rows])).toEqual([['SEQ', 'rows 5 to 6 are missing', [{ chain: 'a', at: 7 }]]])
    expect(report).toMatchObject({ ok: false, status: 'SEALED', scope: { suspect: [], chains: { a: { broken_at: null } } } })
  })
  it('how far each chain is witnessed', () => {
    const told = story()
    const { report } = audit({ a: told.a.raw(), b: told.b.raw() })
    expect(report.scope.chains).toMatchObject({ a: { witnessed_to: 3 }, b: { witnessed_to: 3 } })
    told.b.end(endOf(told, told.b, 'close', { peer_head: { ...told.a.head() } }))
    expect(audit({ a: told.a.raw(), b: told.b.raw() }).report.scope.chains).toMatchObject({ a: { witnessed_to: 4 } })
  })
  it('one unreadable header leaves the other chain to be judged', () => {
    const told = story()
    const { report } = audit({ a: { ...told.a.raw(), header: null }, b: told.b.raw() })
    expect(report).toMatchObject({
      ok: false,
      who: { a: null, b: told.b.genesis },
      status: 'ACTIVE_ONE',
      findings: [{ code: 'FORMAT', rows: [{ chain: 'a', at: 'header' }] }],
    })
  })
  it.each([null, 1, 'x', [], {}, [[]], { rows: 1 }])('never throws: a chain of %j', (value) => {
    const told = story({ until: 'A1' })
    const raw = { header: value, rows: [value, value], head: value }
    expect(audit({ a: raw, b: raw }).report.ok).toBe(false)
    expect(audit({ a: { ...told.a.raw(), rows: [value, value], head: value }, b: null }).report.ok).toBe(false)
  })
  it('a chain broken at every row gives a report, not an endless one', () => {
    const a = new Party('alice', 1)
    for (let i = 0; i < 3; i += 1) a.append('event', note(i))
    const rows = Array.from({ length: 300 }, (_, i) => ({ ...a.rows[i % 3]!, headSig: '00'.repeat(64) }))
    const { report } = audit({ a: { header: a.header, rows, head: null }, b: null })
    expect(report.ok).toBe(false)
    expect(report.findings.every((f) => f.rows.length <= 101)).toBe(true)
  })
})
