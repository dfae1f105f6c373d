import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PeerId } from './brand.ts'
import { judgeSources, readAuditFile } from './ledger/audit-source.ts'
import { type Head, headOf } from './ledger/head.ts'
import { ownEventOf } from './ledger/payload.ts'
import { Rotate } from './ledger/rotation.ts'
import { Party } from './ledger/story.fixture.ts'
import { plusTicks, zeqondAt } from './ledger/zeqond.ts'
import { makeCard } from './m2m/card.ts'
import { nodeFiles } from './node-ports.ts'
import { afterTick, ledgerOf, length, noticed, openAuto, own, peerOf, quiet, reopen, sees, shake, snapshot, write } from './recovery.fixture.ts'
import { encodeClientLine, type SendableObject } from './relay/envelope.ts'
import { openClient } from './relay/test-clients.ts'
import { openTestRelay, type TestRelay, type TestWallet, until } from './wallet.fixture.ts'

let relay: TestRelay
/** Where a liar writes its other history, with nobody looking. */
let elsewhere: TestRelay
let folder: string
beforeEach(async () => {
  relay = await openTestRelay()
  elsewhere = await openTestRelay()
  folder = mkdtempSync(join(tmpdir(), 'countersign-witnessing-'))
})
afterEach(async () => {
  await relay.close()
  await elsewhere.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Two wallets with a sealed session, and a copy of the first one's folder as it then is; that one is closed. */
const pair = async () => {
  const alice = await openAuto(relay, 'alice')
  const bob = await openAuto(relay, 'bob')
  const session = await shake(alice, bob)
  await quiet(alice)
  await quiet(bob)
  await alice.wallet.close()
  const copy = join(folder, 'copy')
  cpSync(alice.home, copy, { recursive: true })
  return { alice: alice.home, copy, bob, session }
}
/** Rows that are signed while nobody sees them. */
const secretly = async (home: string, ...notes: number[]): Promise<Head> => {
  const w = await reopen(elsewhere, 'alice', home)
  for (const n of notes) write(w, n)
  const head = ledgerOf(w).head(own(w))!
  await w.wallet.close()
  return head
}
const caughtBy = (bob: TestWallet, liar: TestWallet) => until('it to be caught', () => peerOf(bob, liar).caught)
/** The proof alone, with no other input. */
const judgedFile = (bob: TestWallet, peer: string) => {
  const path = join(folder, 'proof.json')
  bob.wallet.auditSave({ peer, session: null, what: 'proof', path })
  const source = readAuditFile(nodeFiles, path, 'proof.json')
  const result = judgeSources([source])
  return result.kind === 'proof' ? result.verdict : null
}

describe('two signed histories', () => {
  it('shown by a card: caught, frozen, proved, and so after a restart', { timeout: 60_000 }, async () => {
    const { alice, copy, bob, session } = await pair()
    const head = await secretly(alice, 1)
    // What Bob is told while both are there; the other history comes with the other's card.
    expect(ledgerOf(bob).keepHead(head, { newest: true }).kind).toBe('unknown')
    await secretly(copy, 2)
    const liar = await reopen(relay, 'alice', copy)
    expect(await caughtBy(bob, liar)).toMatchObject({ code: 'EQUIVOCATION', proof: true, why: expect.stringContaining('two signed heads') })
    expect(peerOf(bob, liar)).toMatchObject({ may: { propose: false }, reason: 'Its ledger contradicts itself. Nothing is agreed with it any more.' })
    expect(snapshot(bob).sessions.find((s) => s.id === session)).toMatchObject({ state: 'ended', reason: expect.stringContaining('Frozen') })
    expect(() => bob.wallet.peerPropose({ peer: liar.id() })).toThrow('contradicts itself')
    expect(
      snapshot(bob)
        .notices.filter((n) => n.level === 'danger' && /two histories/.test(n.text))
        .map((n) => n.count),
    ).toEqual([1])

    expect(judgedFile(bob, liar.id())).toMatchObject({ holds: true, genesis: own(liar) })
    const audit = await bob.wallet.auditFile({ path: join(folder, 'proof.json') })
    expect(audit).toMatchObject({ ok: false, verdict: expect.stringContaining('The proof holds') })
    expect(audit.findings.map((f) => f.code)).toEqual(['EQUIVOCATION'])

    // What it says is kept with its rows, and moves nothing any more.
    await sees(liar, bob)
    liar.wallet.peerPropose({ peer: bob.id() })
    await until('its rows to be refused', () => noticed(liar, /two|bad_row|not take/i))
    expect(snapshot(bob).handshakes.filter((h) => h.ended === null)).toEqual([])
    expect(snapshot(bob).requests).toEqual([])

    await bob.wallet.close()
    const again = await reopen(relay, 'bob', bob.home)
    expect(peerOf(again, liar).caught).toMatchObject({ code: 'EQUIVOCATION', proof: true })
    expect(() => again.wallet.peerPropose({ peer: liar.id() })).toThrow()
    expect(readFileSync(join(folder, 'proof.json'), 'utf8')).toContain('zeq-equivocation/1')
  })

  it('shown by rows', { timeout: 60_000 }, async () => {
    const { copy, bob, alice } = await pair()
    const honest = await reopen(relay, 'alice', alice)
    const before = length(honest)
    await sees(honest, bob)
    bob.wallet.peerPropose({ peer: honest.id() })
    await until('sealed', () => snapshot(bob).sessions.filter((s) => s.evidence === 'SEALED').length === 2)
    await quiet(honest)
    await quiet(bob)
    const peer = honest.id()
    await honest.wallet.close()
    await secretly(copy, 2)
    // Rows that somebody passes on: the copy's own, properly signed.
    const twin = await reopen(elsewhere, 'alice', copy)
    const rows = ledgerOf(twin).rows(own(twin), { fromSeq: before, limit: 10 })
    expect(ledgerOf(bob).offer(own(twin), rows).kind).toBe('fork')
    await until('the sessions to be frozen', () => snapshot(bob).sessions.every((s) => s.state === 'ended'))
    expect(snapshot(bob).peers.find((p) => p.id === peer)!.caught).toMatchObject({ code: 'EQUIVOCATION', proof: true })
    expect(judgedFile(bob, peer)).toMatchObject({ holds: true })
  })

  it('shown by another peer’s step, which recorded a head of it', { timeout: 60_000 }, async () => {
    const { alice, copy, bob, session } = await pair()
    const [one, other] = [await secretly(alice, 1), await secretly(copy, 2)]
    expect(ledgerOf(bob).keepHead(one, { newest: true }).kind).toBe('unknown')
    const carol = scripted(31)
    ledgerOf(bob).follow(carol.header, 'carol' as PeerId)
    recorded(carol, other)
    // A head that nobody signed convicts nobody.
    const dave = scripted(35)
    ledgerOf(bob).follow(dave.header, 'dave' as PeerId)
    recorded(dave, { ...other, seq: other.seq + 1, sig: '00'.repeat(64) as Head['sig'] })
    expect(ledgerOf(bob).offer(dave.genesis, dave.rows).kind).toBe('extended')
    expect(ledgerOf(bob).followed(one.genesis)!.fork).toBeNull()

    expect(ledgerOf(bob).offer(carol.genesis, carol.rows).kind).toBe('extended')
    expect(ledgerOf(bob).followed(one.genesis)!.fork).toMatchObject({ code: 'EQUIVOCATION', proof: { heads: [one, other] } })
    // The sessions with the liar are frozen, not those with the witness.
    await until('the session to be frozen', () => snapshot(bob).sessions.find((s) => s.id === session)?.state === 'ended')
    expect(noticed(bob, /signed two histories/)).toMatchObject({ level: 'danger', count: 1 })
  })
})

describe('a ledger that was cut', () => {
  it('is told apart from one that was signed twice, until it goes on differently', { timeout: 60_000 }, async () => {
    const { alice, copy, bob } = await pair()
    const head = await secretly(alice, 1)
    expect(ledgerOf(bob).keepHead(head, { newest: true }).kind).toBe('unknown')
    await afterTick(head)
    const old = await reopen(relay, 'alice', copy)
    expect(await caughtBy(bob, old)).toMatchObject({ code: 'ROLLBACK', proof: false })
    expect(noticed(bob, /was cut/)).toMatchObject({ level: 'danger', count: 1, text: expect.stringContaining('old backup') })
    expect(noticed(bob, /two histories/)).toBeUndefined()
    expect(() => bob.wallet.auditSave({ peer: old.id(), session: null, what: 'proof', path: join(folder, 'p.json') })).toThrow('no proof')
    // Its next row proves it.
    const row = write(old, 2)
    expect(ledgerOf(bob).keepHead(headOf(own(old), row)).kind).toBe('contradiction')
    expect(peerOf(bob, old).caught).toMatchObject({ code: 'EQUIVOCATION', proof: true })
    await until('that to be told', () => noticed(bob, /two histories/))
    expect(judgedFile(bob, old.id())).toMatchObject({ holds: true })
  })
})

/** Somebody without a wallet. */
const scripted = (byte: number): Party => new Party(`party-${byte}`, byte, zeqondAt(Date.now() - 60_000))
/** A row that records a head of another's ledger. */
const recorded = (party: Party, head: Head) => {
  const zero = '00'.repeat(32)
  const close = { v: 'zeq-m2m/1', kind: 'close', session_nonce: zero, self_genesis: party.genesis, peer_genesis: head.genesis }
  return party.end({ ...close, decision_hash: null, session_id: zero, reason: 'done', peer_head: { ...head } })
}

describe('a changed card', () => {
  /** Shows a card under a relay id, as anybody on the relay can. */
  const show = async (party: Party, id: string, later = 0n) => {
    const client = await openClient(relay.port)
    const rotations = party.rows.flatMap((row) => {
      const event = ownEventOf(row.transitionType, row.payload)
      return event?.type === 'm2m.rotate' ? [Rotate.parse(event.input)] : []
    })
    const card = makeCard(
      {
        v: 'zeq-card/1',
        id: id as PeerId,
        name: 'alice',
        origin_id: party.header.origin_id,
        genesis_zeqond: party.header.genesis_zeqond,
        sign_pub: party.header.sign_pub,
        kx_pub: party.header.kx_pub,
        next: party.header.next,
        rotations,
        suites: ['x25519'],
        public: true,
        head: null,
        at: plusTicks(zeqondAt(Date.now()), later),
      },
      party.seed,
    )
    const m2m = { v: 'zeq-m2m/1', card } as unknown as SendableObject
    client.socket.write(encodeClientLine({ to: null, intent: 'register', name: 'alice', m2m, from: id as PeerId }))
    return () => client.socket.destroy()
  }

  it('another ledger under a known id: frozen; the known key can be kept, and is not asked about again', { timeout: 60_000 }, async () => {
    const alice = await openAuto(relay, 'alice')
    const bob = await openAuto(relay, 'bob')
    const session = await shake(alice, bob)
    const thief = scripted(41)
    const stop = await show(thief, alice.id())
    await until('the change', () => peerOf(bob, alice).trust === 'changed')
    expect(peerOf(bob, alice)).toMatchObject({ genesis: own(alice), presented: { signPub: thief.header.sign_pub }, may: { propose: false } })
    expect(peerOf(bob, alice).reason).toContain('changed key')
    expect(snapshot(bob).sessions.find((s) => s.id === session)).toMatchObject({ state: 'frozen', may: { send: false } })
    expect(() => bob.wallet.peerPropose({ peer: alice.id() })).toThrow('before you decide')

    bob.wallet.peerKeepKey({ peer: alice.id() })
    expect(peerOf(bob, alice)).toMatchObject({ trust: 'pinned', presented: null, may: { propose: true } })
    expect(snapshot(bob).sessions.find((s) => s.id === session)).toMatchObject({ state: 'open', may: { send: true } })
    stop()
    // Not the very card again, which nobody looks at twice.
    const again = await show(thief, alice.id(), 2n)
    await until('the card to be put aside', () => bob.events.some((e) => e.event === 'drop' && /put aside/.test(e.why)))
    expect(peerOf(bob, alice).trust).toBe('pinned')
    again()
    await shake(bob, alice)
  })

  it('the same key under another ledger is a change, too; forgetting the peer lets it be met anew', { timeout: 60_000 }, async () => {
    const bob = await openAuto(relay, 'bob')
    const first = await openAuto(relay, 'alice')
    await shake(first, bob)
    await quiet(first)
    await quiet(bob)
    const known = own(first)
    const { genesis_zeqond: began } = ledgerOf(first).own().header
    await first.wallet.close()
    await until('another tick', () => BigInt(zeqondAt(Date.now())) > BigInt(began))
    // The database is gone, the identity is there: its ledger begins anew.
    for (const file of ['countersign.db', 'countersign.db-wal', 'countersign.db-shm']) rmSync(join(first.home, 'alice', file), { force: true })
    const anew = await reopen(relay, 'alice', first.home)
    expect(own(anew)).not.toBe(known)
    await until('the change', () => peerOf(bob, anew).trust === 'changed')
    expect(noticed(bob, /another ledger/)).toMatchObject({ level: 'danger' })
    bob.wallet.peerForget({ peer: anew.id() })
    await bob.wallet.close()
    const later = await reopen(relay, 'bob', bob.home)
    await shake(later, anew)
    expect(peerOf(later, anew)).toMatchObject({ trust: 'pinned', genesis: own(anew), caught: null })
  })

  it('by keys that were given up is told and not taken', { timeout: 60_000 }, async () => {
    const bob = await openAuto(relay, 'bob')
    const id = '11111111-2222-4333-8444-555555555555'
    const shown = () => snapshot(bob).peers.find((p) => p.id === id)
    const old = scripted(45)
    const party = old.fork(0)
    party.rotate()
    const first = await show(old, id)
    await until('the card', () => shown()?.genesis === old.genesis)
    // Stored from now on, as a peer somebody dealt with.
    bob.wallet.peerName({ peer: id, name: 'Carol' })
    const next = await show(party, id, 2n)
    await until('the new keys', () => shown()?.signPub === party.keys.sign_pub)
    const thief = await show(old, id, 4n)
    await until('the notice', () => noticed(bob, /keys that this peer has given up/))
    expect(shown()).toMatchObject({ signPub: party.keys.sign_pub, trust: 'seen', presented: null })
    for (const stop of [first, next, thief]) stop()
  })

  it('of somebody new is remembered, and nothing is asked', { timeout: 60_000 }, async () => {
    const bob = await openAuto(relay, 'bob')
    const party = scripted(43)
    const id = '11111111-2222-4333-8444-555555555555'
    const stop = await show(party, id)
    await until('the card', () => snapshot(bob).peers.some((p) => p.id === id && p.genesis === party.genesis))
    stop()
    expect(snapshot(bob).peers.find((p) => p.id === id)).toMatchObject({ trust: 'seen', profile: 'm2m', may: { propose: true } })
  })
})
