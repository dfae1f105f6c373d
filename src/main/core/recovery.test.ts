import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { noOrders } from './approvals/policy.ts'
import type { PeerId } from './brand.ts'
import { recordHs } from './hs/evidence.ts'
import { HANDSHAKE } from './ledger/handshake-contract.ts'
import type { Head } from './ledger/head.ts'
import { keysOf, ledgerWorld, ownParty } from './ledger/ledger.fixture.ts'
import type { Party } from './ledger/story.fixture.ts'
import { nodeFiles, systemClock } from './node-ports.ts'
import type { Files } from './ports.ts'
import {
  afterTick,
  ledgerOf,
  length,
  machine,
  noticed,
  openAuto,
  own,
  peerOf,
  quiet,
  reopen,
  restoreAuto,
  sees,
  shake,
  snapshot,
  write,
} from './recovery.fixture.ts'
import { createRecovery } from './recovery.ts'
import { peerRow, removeTempFolders } from './store/testing.fixture.ts'
import { openTestRelay, passphrase, type TestRelay, type TestWallet, until } from './wallet.fixture.ts'

let relay: TestRelay
let folder: string
beforeEach(async () => {
  relay = await openTestRelay()
  folder = mkdtempSync(join(tmpdir(), 'countersign-recovery-'))
})
afterEach(async () => {
  await relay.close()
  rmSync(folder, { recursive: true, force: true })
})

afterAll(removeTempFolders)

const open = (name: string, home?: string): Promise<TestWallet> => openAuto(relay, name, home)
const reopenAs = (name: string, of: TestWallet): Promise<TestWallet> => reopen(relay, name, of.home)
const restore = (path: string): Promise<TestWallet> => restoreAuto(relay, path)

/** The process is gone after so many changes of the disk: nothing it does later arrives. */
const dyingFiles = (calls: number): Files => {
  let left = calls
  const mortal =
    <A extends unknown[], R>(run: (...args: A) => R) =>
    (...args: A): R => {
      left -= 1
      if (left < 0) throw Object.assign(new Error('killed'), { code: 'EIO' })
      return run(...args)
    }
  return {
    ...nodeFiles,
    makeFolder: mortal(nodeFiles.makeFolder),
    createExclusive: mortal(nodeFiles.createExclusive),
    write: mortal(nodeFiles.write),
    sync: mortal(nodeFiles.sync),
    rename: mortal(nodeFiles.rename),
  }
}
const backup = async (w: TestWallet): Promise<string> => {
  const path = join(folder, 'a.csbackup')
  await w.wallet.identityBackup({ passphrase: passphrase(), messages: false, path })
  return path
}
const sound = async (w: TestWallet, peer: TestWallet): Promise<void> => {
  expect((await w.wallet.ledgerVerify({})).valid).toBe(true)
  const audit = w.wallet.auditPeer({ peer: peer.id(), session: null })
  expect(audit.findings).toEqual([])
  expect(audit.ok).toBe(true)
}

describe('a restored ledger', () => {
  it('appends nothing before its peer was asked, gets the missing rows back, and goes on without a fork', { timeout: 60_000 }, async () => {
    const alice = await open('alice')
    const bob = await open('bob')
    const first = await shake(alice, bob)
    const path = await backup(alice)
    const second = await shake(alice, bob)
    const whole = length(alice)
    await alice.wallet.close()
    await bob.wallet.close()

    const again = await restore(path)
    expect(length(again)).toBeLessThan(whole)
    expect(machine(again).recovering).toMatchObject({ waitingFor: ['bob'], mayGoOn: true })
    expect(machine(again).recovering?.why).toContain('backup')
    expect(snapshot(again).sessions.map((s) => [s.id, s.state])).toEqual([[first, 'ended']])
    // By whatever way a row is wanted.
    expect(() => write(again, 1)).toThrow('restored from a backup')
    const contract = ledgerOf(again).contracts(own(again))[0]!
    expect(() => ledgerOf(again).transition(own(again), contract.id, { to: 'active' })).toThrow()
    expect(() => ledgerOf(again).createContract(own(again), HANDSHAKE, 'test')).toThrow('restored from a backup')
    const step = { role: 'initiator', step: 'close', peerSignPub: '11'.repeat(32), hs: null, decisionHash: null } as const
    expect(recordHs(ledgerOf(again), step)).toBeNull()

    const bobAgain = await reopenAs('bob', bob)
    await until('alice goes on', () => machine(again).recovering === null)
    expect(noticed(again, /goes on: nobody/)).toBeDefined()
    // Both sessions, of before and after the backup, are ended on the chain, and the peer hears of it.
    await until('bob’s sessions to end', () => snapshot(bobAgain).sessions.every((s) => s.state === 'closed'))
    expect(
      snapshot(bobAgain)
        .sessions.map((s) => s.id)
        .sort(),
    ).toEqual([first, second].sort())
    expect(snapshot(bobAgain).sessions[0]!.reason).toContain('cannot be read any more')
    expect(length(again)).toBe(whole + 2)

    await shake(again, bobAgain)
    await sound(again, bobAgain)
    await sound(bobAgain, again)
    ledgerOf(again).setRecovering('restored')
    expect(() => again.wallet.peerPropose({ peer: bobAgain.id() })).toThrow('Your ledger is being restored')
    again.wallet.ledgerGoOn({})
    expect(peerOf(again, bobAgain).caught).toBeNull()
    expect(peerOf(bobAgain, again).caught).toBeNull()
  })

  it('leaves a gap where nobody has the rows any more, and says so', { timeout: 60_000 }, async () => {
    const alice = await open('alice')
    const before = await open('bob')
    await shake(alice, before)
    const path = await backup(alice)
    const at = length(alice)
    for (const n of [1, 2, 3]) write(alice, n)
    // As a card shows it: the head alone, signed.
    ledgerOf(before).keepHead(ledgerOf(alice).head(own(alice))!, { newest: true })
    await alice.wallet.close()
    await before.wallet.close()

    const again = await restore(path)
    // Comes later, so that both show their cards at once.
    const bob = await reopenAs('bob', before)
    await until('alice goes on', () => machine(again).recovering === null)
    expect(noticed(again, /goes on after row/)).toMatchObject({ level: 'caution', text: expect.stringContaining(`Rows ${at} to ${at + 2} are lost`) })
    await until('the session to be ended', () => length(again) === at + 4)
    // Three of the places are empty, and the page has each row at its number.
    expect(await again.wallet.ledgerVerify({})).toMatchObject({ valid: true, count: at + 4 })
    const drawn = again.wallet.ledgerRows({ before: null, limit: 500, session: null })
    expect([drawn.total, drawn.rows.length, drawn.rows[0]?.seq]).toEqual([at + 4, at + 1, at + 3])
    await shake(again, bob)
    expect(peerOf(bob, again).caught).toBeNull()
    expect(noticed(bob, /Rows .* of this peer’s ledger are missing/)).toBeDefined()
    expect(bob.wallet.auditPeer({ peer: again.id(), session: null }).findings.map((f) => f.code)).not.toContain('EQUIVOCATION')
  })

  it('waits for a peer that is not there, until the person goes on without it; what that risks happens', { timeout: 60_000 }, async () => {
    const alice = await open('alice')
    const bob = await open('bob')
    await shake(alice, bob)
    const path = await backup(alice)
    write(alice, 1)
    ledgerOf(bob).keepHead(ledgerOf(alice).head(own(alice))!, { newest: true })
    await alice.wallet.close()
    await bob.wallet.close()

    const again = await restore(path)
    expect(machine(again).recovering).toMatchObject({ waitingFor: ['bob'], mayGoOn: true })
    again.wallet.ledgerGoOn({})
    expect(machine(again).recovering).toBeNull()
    expect(() => again.wallet.ledgerGoOn({})).toThrow('Nothing has to be settled')
    write(again, 2)
    // The peer that was not asked has another row for that place.
    const bobAgain = await reopenAs('bob', bob)
    await until('bob to catch it', () => peerOf(bobAgain, again)?.caught)
    expect(peerOf(bobAgain, again).caught).toMatchObject({ code: 'EQUIVOCATION', proof: true })
  })

  it('goes on at once where nobody can have witnessed it', async () => {
    const alice = await open('alice')
    write(alice, 1)
    const path = await backup(alice)
    await alice.wallet.close()
    const again = await restore(path)
    expect(machine(again).recovering).toBeNull()
    write(again, 2)
    expect(await again.wallet.ledgerVerify({})).toMatchObject({ valid: true, count: 2 })
  })

  it('a copy that runs beside its original learns of it, stops, and does not go on by itself', { timeout: 60_000 }, async () => {
    const alice = await open('alice')
    const first = await open('bob')
    await shake(alice, first)
    await alice.wallet.close()
    const copy = join(folder, 'copy')
    cpSync(alice.home, copy, { recursive: true })
    const original = await reopenAs('alice', alice)
    await shake(original, first)
    await quiet(first)
    await afterTick(ledgerOf(original).head(own(original))!)
    await original.wallet.close()
    await first.wallet.close()

    const twin = await open('alice', copy)
    await twin.wallet.identityUnlock({ name: 'alice', passphrase: passphrase() })
    const bob = await reopenAs('bob', first)
    // Its card alone shows that it has gone back; its next row makes it two histories.
    await until('bob to see it', () => peerOf(bob, twin)?.caught)
    expect(peerOf(bob, twin).caught).toMatchObject({ code: 'ROLLBACK', proof: false })
    await sees(twin, bob)
    twin.wallet.peerPropose({ peer: bob.id() })
    await until('the copy to learn of it', () => machine(twin).recovering)
    expect(machine(twin).recovering).toMatchObject({ waitingFor: [], mayGoOn: false, why: expect.stringContaining('Two different rows were signed') })
    expect(() => twin.wallet.ledgerGoOn({})).toThrow('Two different rows')
    expect(() => write(twin, 1)).toThrow('old copy')
    await until('bob to have the proof', () => peerOf(bob, twin).caught?.proof === true)
    await twin.wallet.close()
    // It stays so.
    const later = await open('alice', copy)
    await later.wallet.identityUnlock({ name: 'alice', passphrase: passphrase() })
    expect(machine(later).recovering).toMatchObject({ mayGoOn: false })
  })

  it('an old copy that is shown a head of its own before it wrote anything fetches the rows and goes on', { timeout: 60_000 }, async () => {
    const alice = await open('alice')
    const bob = await open('bob')
    await shake(alice, bob)
    // Its card would show that it has gone back.
    await alice.wallet.settingsSet({ discoverable: false })
    await alice.wallet.close()
    const copy = join(folder, 'copy')
    cpSync(alice.home, copy, { recursive: true })
    const original = await reopenAs('alice', alice)
    await until('bob', () => snapshot(original).peers.some((p) => p.id === bob.id() && p.online))
    original.wallet.peerPropose({ peer: bob.id() })
    await until('sealed', () => snapshot(bob).sessions.filter((s) => s.evidence === 'SEALED').length === 2)
    const whole = length(original)
    await original.wallet.close()

    const twin = await open('alice', copy)
    await twin.wallet.identityUnlock({ name: 'alice', passphrase: passphrase() })
    await until('bob', () => snapshot(twin).peers.some((p) => p.id === bob.id() && p.online))
    expect(length(twin)).toBeLessThan(whole)
    bob.wallet.peerPropose({ peer: twin.id() })
    await until('the copy to fetch its rows', () => length(twin) >= whole && machine(twin).recovering === null)
    expect(peerOf(bob, twin).caught).toBeNull()
    expect((await twin.wallet.ledgerVerify({})).valid).toBe(true)
  })

  it('killed anywhere on its way, a restore leaves nothing or all: never the identity without its ledger', { timeout: 60_000 }, async () => {
    const alice = await open('alice')
    write(alice, 1)
    const genesis = own(alice)
    const path = await backup(alice)
    await alice.wallet.close()
    let whole = false
    let halves = 0
    for (let calls = 1; !whole; calls += 1) {
      const home = mkdtempSync(join(folder, 'home-'))
      const killed = await relay.wallet('alice', { m2m: true, home, create: false, ports: { files: dyingFiles(calls) } })
      whole = await killed.wallet.identityRestore({ path, name: 'alice', passphrase: passphrase() }).then(
        () => true,
        () => false,
      )
      await killed.wallet.close().catch(() => undefined)
      const next = await relay.wallet('alice', { m2m: true, home, create: false })
      if (snapshot(next).app.profiles.length === 0) {
        halves += 1
        await next.wallet.identityRestore({ path, name: 'alice', passphrase: passphrase() })
      } else await next.wallet.identityUnlock({ name: 'alice', passphrase: passphrase() })
      expect(own(next)).toBe(genesis)
      expect(length(next)).toBe(1)
      await next.wallet.close()
    }
    expect(halves).toBeGreaterThan(5)
  })
})

describe('what peers say of the own ledger', () => {
  const bob = 'bob' as PeerId
  const carol = 'carol' as PeerId

  /** An old copy of a ledger of `held` rows, and what its owner signed since. */
  const copy = (held: number, pinned: readonly PeerId[] = [bob]) => {
    const world = ledgerWorld()
    const party = ownParty(world)
    for (let n = 0; n < held; n += 1) party.append('event', { type: 'note', payload: n })
    world.ledger.setRecovering('restored')
    expect(world.ledger.adoptRows(party.rows).kind).toBe('extended')
    const asked: { to: PeerId; from: number }[] = []
    const notices: string[] = []
    let over = 0
    for (const id of pinned) world.store.peers.put(peerRow({ id, profile: 'm2m' }))
    const made = () =>
      createRecovery({
        ledger: world.ledger,
        store: world.store,
        work: world.work,
        signPub: () => keysOf(1).sign_pub,
        delivery: () => ({ hasCard: () => true, sync: (to, _genesis, from) => void asked.push({ to: to as PeerId, from }) }),
        labelOf: (id) => id,
        notice: (_peer, _level, text) => void notices.push(text),
        onOver: () => {
          over += 1
        },
      })
    const recovery = made()
    recovery.ask()
    const twin = (seq: number) => Object.assign(party.fork(seq), { header: party.header })
    return { ...world, party, twin, asked, notices, recovery, made, over: () => over, length: () => world.ledger.state(world.ledger.own().genesis).nextSeq }
  }
  const page = (rows: readonly unknown[], head: Head | null = null, next: number | null = null) => ({ rows, head, next })

  it('nothing, from all who could know: it goes on, once', () => {
    const c = copy(2, [bob, carol])
    expect(c.asked).toEqual([
      { to: bob, from: 1 },
      { to: carol, from: 1 },
    ])
    c.recovery.nothing(bob)
    expect(c.recovery.dto()?.waitingFor).toEqual([carol])
    c.recovery.nothing('stranger' as PeerId)
    expect(c.recovery.dto()?.waitingFor).toEqual([carol])
    c.recovery.page(carol, page([]))
    expect(c.recovery.dto()).toBeNull()
    expect(c.over()).toBe(1)
    expect(c.store.settings.get('recovery')).toBeUndefined()
  })

  it('one that is blocked or forgotten meanwhile has not answered; the person may go on', () => {
    const c = copy(2, [bob, carol])
    c.store.peers.put(peerRow({ id: bob, profile: 'm2m', trust: 'blocked' }))
    c.store.peers.remove(carol)
    const later = c.made()
    later.ask()
    expect(later.dto()).toMatchObject({ waitingFor: [bob, carol], mayGoOn: true })
    later.goOn()
    expect(later.dto()).toBeNull()
  })

  it('rows of two peers, of which neither has all', () => {
    const c = copy(2, [bob, carol])
    for (let n = 2; n < 6; n += 1) c.party.append('event', { type: 'note', payload: n })
    const [, , ...rest] = c.party.rows
    // Bob has only what came last, Carol what was before it.
    c.recovery.page(bob, page(rest.slice(2), c.party.head()))
    expect(c.length()).toBe(2)
    expect(c.recovery.dto()?.waitingFor).toEqual([carol])
    c.recovery.page(carol, page(rest.slice(0, 2), c.party.head(rest[1])))
    expect(c.length()).toBe(4)
    // Asked again: what he has begins where hers ends.
    expect(c.asked.at(-1)).toEqual({ to: bob, from: 3 })
    c.recovery.page(bob, page(c.party.rows.slice(3), c.party.head()))
    expect(c.length()).toBe(6)
    c.recovery.page(carol, page([], c.party.head(rest[1])))
    expect(c.recovery.dto()).toBeNull()
    expect(c.ledger.verify(c.ledger.own().genesis)).toMatchObject({ valid: true, count: 6, missing: [] })
  })

  it('pages, as long as they lead on', () => {
    const c = copy(1)
    for (let n = 1; n < 5; n += 1) c.party.append('event', { type: 'note', payload: n })
    c.recovery.page(bob, page(c.party.rows.slice(0, 3), c.party.head(), 3))
    expect(c.asked.at(-1)).toEqual({ to: bob, from: 2 })
    expect(c.recovery.dto()?.waitingFor).toEqual([bob])
    const before = c.asked.length
    // The same page again, and “more” for ever.
    c.recovery.page(bob, page(c.party.rows.slice(0, 3), c.party.head(), 3))
    expect(c.asked).toHaveLength(before)
    // Its head is known, its rows are not: a gap.
    expect(c.recovery.dto()).toBeNull()
    expect(c.ledger.verify(c.ledger.own().genesis)).toMatchObject({ valid: true, missing: [[3, 4]] })
  })

  it.each([
    ['a head that another key signed', (p: Party) => page([], { ...p.head(), sig: '00'.repeat(64) as Head['sig'] })],
    ['rows that another key signed', (p: Party) => page([{ ...p.rows.at(-1)!, headSig: '00'.repeat(64) }])],
    ['rows that do not follow', (p: Party) => page([{ ...p.rows.at(-1)!, prevHash: '11'.repeat(32) }])],
    ['no rows at all', () => page([{ not: 'a row' }, 7])],
  ])('%s: changes nothing, is told, and is no answer', (_name, lie) => {
    const c = copy(2)
    c.party.append('event', { type: 'note', payload: 2 })
    c.recovery.page(bob, lie(c.party))
    expect(c.length()).toBe(2)
    expect(c.notices).toHaveLength(1)
    expect(c.recovery.dto()).toMatchObject({ waitingFor: [bob], mayGoOn: true })
    expect(() => c.ledger.append(c.ledger.own().genesis, { type: 'event', payload: { type: 'x', payload: 1 } })).toThrow('restored from a backup')
  })

  it('another row for a place that is taken here: two histories, and no way on', () => {
    const c = copy(3)
    const twin = c.twin(2)
    twin.append('event', { type: 'note', payload: 'another' })
    twin.append('event', { type: 'note', payload: 'and more' })
    c.recovery.page(bob, page(twin.rows.slice(2), twin.head()))
    expect(c.recovery.dto()).toMatchObject({ waitingFor: [], mayGoOn: false })
    expect(c.notices.join()).toContain('Two different rows were signed')
    expect(() => c.recovery.goOn()).toThrow('Two different rows')
    // A higher head does not cover it.
    twin.append('event', { type: 'note', payload: 'more still' })
    c.recovery.page(bob, page([], twin.head()))
    c.recovery.nothing(bob)
    expect(c.made().dto()?.mayGoOn).toBe(false)
    expect(c.length()).toBe(3)
  })

  it('two heads for one place that is not reached here: likewise', () => {
    const c = copy(2, [bob, carol])
    const twin = c.twin(2)
    c.party.append('event', { type: 'note', payload: 2 })
    twin.append('event', { type: 'note', payload: 'another' })
    c.recovery.page(bob, page([], c.party.head()))
    expect(c.recovery.dto()).toMatchObject({ waitingFor: [carol], mayGoOn: true })
    c.recovery.page(carol, page([], twin.head()))
    expect(c.recovery.dto()).toMatchObject({ waitingFor: [], mayGoOn: false })
    expect(() => c.recovery.goOn()).toThrow('Two different rows')
    expect(c.length()).toBe(2)
  })

  it('a rotation that the backup does not know: its keys can sign nothing', () => {
    const c = copy(2)
    c.party.rotate()
    c.recovery.page(bob, page(c.party.rows.slice(1), c.party.head()))
    expect(c.length()).toBe(3)
    expect(c.recovery.dto()).toMatchObject({ waitingFor: [], mayGoOn: false, why: expect.stringContaining('newer keys') })
    expect(() => c.recovery.goOn()).toThrow('newer keys')
  })

  it('a head by keys that are not known here is no answer: the rows before it may hold their rotation', () => {
    const c = copy(2)
    c.party.rotate()
    c.party.append('event', { type: 'note', payload: 3 })
    c.recovery.page(bob, page([], c.party.head()))
    expect(c.recovery.dto()?.waitingFor).toEqual([bob])
    expect(c.notices).toHaveLength(1)
  })
})

describe('a clock in doubt', () => {
  it('nothing is appended before the person says that it is right', { timeout: 30_000 }, async () => {
    const relay = await openTestRelay()
    try {
      let ahead = 0
      const clock = { ...systemClock, now: () => systemClock.now() + ahead }
      const alice = await relay.wallet('alice', { m2m: true, ports: { clock } })
      const bob = await relay.wallet('bob', { m2m: true, orders: { ...noOrders, policy: { default: 'auto', peers: {} } } })
      await until('bob’s card', () => alice.wallet.appSnapshot({}).peers.some((p) => p.id === bob.id() && p.profile === 'm2m'))
      const { ledger } = alice.wallet.openLedger()
      ledger.append(ledger.own().genesis, { type: 'event', payload: { type: 'note', payload: { n: 1 } } })
      expect(alice.wallet.appSnapshot({}).app.machine?.recovering).toBeNull()
      ahead = -3_600_000
      const held = alice.wallet.appSnapshot({}).app.machine?.recovering
      expect(held).toMatchObject({ kind: 'clock', waitingFor: [], mayGoOn: true })
      expect(() => ledger.append(ledger.own().genesis, { type: 'event', payload: { type: 'note', payload: { n: 2 } } })).toThrow(/clock/)
      alice.wallet.ledgerGoOn({})
      expect(alice.wallet.appSnapshot({}).app.machine?.recovering).toBeNull()
      expect(ledger.append(ledger.own().genesis, { type: 'event', payload: { type: 'note', payload: { n: 3 } } }).seq).toBe(1)
    } finally {
      await relay.close()
    }
  })
})
