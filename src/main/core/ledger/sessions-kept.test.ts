import { afterAll, describe, expect, it } from 'vitest'
import { SecretBytes } from '../crypto/secret.ts'
import { faultOf, removeTempFolders } from '../store/testing.fixture.ts'
import { SignPub } from './fields.ts'
import { ledgerWorld, ownParty } from './ledger.fixture.ts'
import { replay } from './replay.ts'
import { checkSession } from './session-check.ts'
import { sessionOf } from './session-steps.ts'
import { Party, story } from './story.fixture.ts'
import { mintToken } from './tally.ts'
import { judgeHead } from './witness.ts'

afterAll(removeTempFolders)

const kept = () => {
  const world = ledgerWorld()
  const alice = ownParty(world)
  const bob = new Party('bob', 3)
  story({ nonce: '27'.repeat(32), responderNonce: '28'.repeat(32) }, alice, new Party('carol', 11))
  const told = story({}, alice, bob)
  alice.write()
  world.ledger.follow(bob.header, 'bob')
  world.ledger.offer(bob.genesis, bob.rows)
  return { world, alice, bob, told, ledger: world.ledger }
}

describe('a session in the store', () => {
  it('is found by its nonce on both chains, with the contract, and passes the auditor’s own checks', () => {
    const { world, alice, bob, told, ledger } = kept()
    expect(ledger.sessionRows(alice.genesis, told.nonce).map((row) => row.seq)).toEqual(alice.rows.slice(5).map((row) => row.seq))
    const notes: unknown[] = []
    const chains = { a: ledger.checked(alice.genesis, told.nonce), b: ledger.checked(bob.genesis, told.nonce) }
    const sides = { a: replay(chains.a, (...found) => notes.push(found)), b: replay(chains.b, (...found) => notes.push(found)) }
    const session = sessionOf(told.nonce, { a: sides.a.steps, b: sides.b.steps }, { a: sides.a.ends, b: sides.b.ends })
    const report = checkSession(
      session,
      {
        chains,
        skew: 0n,
        confirmKey: () => told.confirm,
        gap: { a: false, b: false },
        rowByHash: (side, hash) => chains[side].rows.find(({ row }) => row.stateHash === hash),
      },
      (...found) => notes.push(found),
    )
    expect([report.id, report.confirmed, notes]).toEqual([told.id, true, []])
    expect(judgeHead(ledger.checked(bob.genesis, null, [2]), bob.head(bob.rows[2])).code).toBeNull()
    expect(ledger.checked(bob.genesis).rows.map((row) => row.at)).toEqual([bob.rows.length - 1])
    world.store.close()
  })

  it('has tokens: our own are minted once, a peer’s are kept only when they fit its rows', () => {
    const { world, alice, bob, told, ledger } = kept()
    const mine = ledger.mint(alice.genesis, told.rows.A1!)
    expect(ledger.mint(alice.genesis, told.rows.A1!)).toEqual(mine)
    expect(ledger.verifyToken(mine)).toEqual({ ok: true, level: 'row', findings: [] })
    expect(ledger.token(mine.token_id)).toEqual(mine)
    const theirs = mintToken(told.rows.B1!, bob.header.sign_pub, bob.seed)
    const forged = mintToken(told.rows.B1!, SignPub.parse(Party.keysOf(77).sign_pub), SecretBytes.copy(new Uint8Array(32).fill(77)))
    for (const bad of [forged, { ...theirs, seq: 3 }, { ...theirs, sig: 'ab'.repeat(64) }, null]) expect(ledger.keepToken(bad).ok).toBe(false)
    expect(ledger.tokens()).toEqual([mine])
    expect(ledger.keepToken(theirs)).toMatchObject({ ok: true, level: 'row' })
    expect(ledger.tokenOfRow(told.rows.B1!.stateHash)).toEqual(theirs)
    // Of a machine that is not followed: it states something, and is not kept.
    const carol = new Party('carol', 11)
    const other = story({}, carol, new Party('dave', 13))
    expect(ledger.keepToken(mintToken(other.rows.A1!, carol.header.sign_pub, carol.seed))).toEqual({ ok: true, level: 'signature', findings: [] })
    expect(ledger.tokens()).toHaveLength(2)
    expect(faultOf(() => ledger.mint(alice.genesis, told.rows.B1!)).code).toBe('STATE')
    world.store.close()
  })
})

it('a window of ticks that are none is refused', () => {
  const { world, bob, ledger } = kept()
  for (const from of ['x', '', '1e3', '9'.repeat(19)]) expect(faultOf(() => ledger.verify(bob.genesis, { from })).code).toBe('BAD_ARGUMENT')
  world.store.close()
})
