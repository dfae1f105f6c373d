import { describe, expect, it } from 'vitest'
import type { Json } from '../crypto/canonical-json.ts'
import { audit } from './audit.ts'
import type { ChainPlace } from './findings.ts'
import { findingCodes } from './findings.ts'
import { story } from './story.fixture.ts'
import { leavesOf, type Path, variants, withLeaf } from './sweep.fixture.ts'
import { chainOf, m2m } from './vectors.fixture.ts'

const placeOf = (path: Path): ChainPlace => (path[0] === 'rows' ? Number(path[1]) : path[0] === 'header' ? 'header' : 'head')

/** A changed header is another machine: that shows at the row that should start from it. */
const fits = (place: ChainPlace, at: ChainPlace): boolean => at === place || (place === 'header' && at === 0)

/** Changes every leaf that `of` chooses, in every way; what came back without a named finding at its place. */
const sweep = (pair: { a: ReturnType<typeof chainOf>; b: ReturnType<typeof chainOf> }, side: 'a' | 'b', of: (place: ChainPlace) => boolean) => {
  const missed: string[] = []
  let cases = 0
  for (const { path, value } of leavesOf(pair[side]).filter(({ path }) => of(placeOf(path)))) {
    for (const variant of variants(value)) {
      cases += 1
      const { report } = audit({ ...pair, [side]: withLeaf(pair[side], path, variant) })
      const right = report.findings.filter(
        ({ rows, code }) => findingCodes.includes(code) && rows.some((row) => row.chain === side && fits(placeOf(path), row.at)),
      )
      if (report.ok || right.length === 0) missed.push(`${path.join('.')} = ${JSON.stringify(variant)}: ${JSON.stringify(report.findings.slice(0, 3))}`)
    }
  }
  return { missed, cases }
}

describe('each leaf of the handshake', () => {
  const pair = { a: chainOf(m2m.chains.a), b: chainOf(m2m.chains.b) }
  it.each(['a', 'b'] as const)('chain %s: every change is found where it is', { timeout: 120_000 }, (side) => {
    const { missed, cases } = sweep(pair, side, () => true)
    expect(missed).toEqual([])
    expect(cases).toBeGreaterThan(500)
  })
})

describe('each leaf of a close, of a rotation and of what follows it', () => {
  const pair = { a: chainOf(m2m.rotation.chains.a), b: chainOf(m2m.rotation.chains.b) }
  // The first rows are those of the handshake above; the second session has the same kinds of row again.
  it.each([
    ['a', [5, 6, 8]],
    ['b', [5, 7]],
  ] as const)('chain %s', { timeout: 120_000 }, (side, rows) => {
    const { missed, cases } = sweep(pair, side, (place) => (rows as readonly ChainPlace[]).includes(place) || typeof place === 'string')
    expect(missed).toEqual([])
    expect(cases).toBeGreaterThan(100)
  })
})

describe('each leaf of a statement, changed by its owner and signed again', () => {
  // What an owner may freely choose; anything else binds it to the chains and to its peer.
  const free = new Set(['decision_hash', 'words_commit', 'expires_zeqond', 'responder_nonce', 'ecdh_pub'])
  const told = story()
  it.each(['A1', 'B1', 'B2', 'A2', 'A3', 'B3', 'A4', 'B4'] as const)('%s', { timeout: 60_000 }, (name) => {
    const { sig: _, ...input } = (told.rows[name]!.payload as { input: Record<string, Json> }).input
    const missed: string[] = []
    let bound = 0
    for (const { path, value } of leavesOf(input)) {
      if (free.has(String(path[0]))) continue
      for (const variant of variants(value)) {
        bound += 1
        const lie = story({ change: { [name]: (honest: Record<string, Json>) => withLeaf(honest, path, variant) as Record<string, Json> } })
        const { report } = audit({ a: lie.a.raw(), b: lie.b.raw() }, { confirmKeys: { [lie.id]: lie.confirm } })
        const row = lie.rows[name]
        const side = name.startsWith('A') ? 'a' : 'b'
        // Two nonces in one contract: which of its rows has the wrong one, nobody can say.
        const right = report.findings.some(({ rows }) => rows.some((r) => r.chain === side && (r.at === row?.seq || path[0] === 'session_nonce')))
        if (report.ok || !right) missed.push(`${path.join('.')} = ${JSON.stringify(variant)}: ${JSON.stringify(report.findings.slice(0, 3))}`)
      }
    }
    expect(missed).toEqual([])
    expect(bound).toBeGreaterThan(15)
  })
})
