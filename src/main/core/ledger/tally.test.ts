import { describe, expect, it } from 'vitest'
import { verifyChain } from './chain.ts'
import { SignPub } from './fields.ts'
import { Row } from './row.ts'
import { leavesOf, variants, withLeaf } from './sweep.fixture.ts'
import { mintToken, verifyToken, verifyTokenOnChain } from './tally.ts'
import { chainOf, m2m, repeated } from './vectors.fixture.ts'

const rows = chainOf(m2m.chains.a).rows.map((row) => Row.parse(row))
const chain = verifyChain(chainOf(m2m.chains.a)).chain!
const alice = SignPub.parse(m2m.a.sign_pub)

describe('tally token', () => {
  it('is minted as the golden one, twice the same', () => {
    expect(mintToken(rows[3]!, alice, repeated(1))).toEqual(m2m.tally)
    expect(mintToken(rows[3]!, alice, repeated(1))).toEqual(mintToken(rows[3]!, alice, repeated(1)))
  })
  it('verifies alone and against its chain', () => {
    expect(verifyToken(m2m.tally)).toEqual({ ok: true, level: 'signature', findings: [] })
    expect(verifyTokenOnChain(m2m.tally, chain)).toEqual({ ok: true, level: 'row', findings: [] })
    for (const row of rows.slice(1, 4)) expect(verifyTokenOnChain(mintToken(row, alice, repeated(1)), chain).ok).toBe(true)
  })
  it('there is none for a row that is no step', () => {
    expect(() => mintToken(rows[0]!, alice, repeated(1))).toThrow(RangeError)
    expect(() => mintToken(rows[4]!, alice, repeated(1))).toThrow(RangeError)
  })
  it('no leaf of it can be changed', () => {
    const passed = leavesOf(m2m.tally).flatMap(({ path, value }) =>
      variants(value)
        .filter((variant) => verifyTokenOnChain(withLeaf(m2m.tally, path, variant), chain).ok)
        .map(() => path.join('.')),
    )
    expect(passed).toEqual([])
  })
  it('says what does not fit', () => {
    expect(verifyToken({ ...m2m.tally, token_hash: '00'.repeat(32) }).findings).toContain('token_hash is not the hash of the token')
    const other = mintToken(rows[2]!, alice, repeated(1))
    expect(verifyTokenOnChain({ ...other, seq: 3 }, chain).findings).toContain('the row has another hash')
    expect(verifyTokenOnChain({ ...other, seq: 9 }, chain).findings).toEqual(['the chain has no such row'])
    expect(verifyTokenOnChain(other, verifyChain(chainOf(m2m.chains.b)).chain!).findings).toEqual(['the token is of another machine'])
    // Signed by a key that is not the machine's: good by itself, nothing on the chain.
    const stranger = mintToken(rows[2]!, SignPub.parse(m2m.b.sign_pub), repeated(3))
    expect(verifyToken(stranger).ok).toBe(true)
    expect(verifyTokenOnChain(stranger, chain).findings).toEqual(['sign_pub is not the key in force at that row'])
  })
})
