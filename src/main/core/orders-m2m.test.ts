import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { noOrders, type StandingOrders } from './approvals/policy.ts'
import { openTestRelay, passphrase, type TestRelay, type TestWallet, until } from './wallet.fixture.ts'

// Standing orders of the command, between wallets that have ledgers.

const orders = (change: Partial<StandingOrders>): StandingOrders => ({ ...noOrders, policy: { default: 'auto', peers: {} }, ...change })

let relay: TestRelay
beforeEach(async () => {
  relay = await openTestRelay()
})
afterEach(() => relay.close())

const sessions = (w: TestWallet) => w.wallet.appSnapshot({}).sessions
const openWith = (w: TestWallet) => sessions(w).filter((s) => s.state === 'open')
const settled = (...all: TestWallet[]) => until('one session, no handshake under way', () => all.every((w) => openWith(w).length === 1 && underWay(w) === 0))
const underWay = (w: TestWallet): number => w.wallet.appSnapshot({}).handshakes.filter((h) => h.ended === null).length

describe('standing orders, m2m', () => {
  it('--close-after: what we began is concluded when so many messages came, not what the peer began', { timeout: 60_000 }, async () => {
    const alice = await relay.wallet('alice', { m2m: true, orders: orders({ closeAfter: 2 }) })
    const bob = await relay.wallet('bob', { m2m: true, orders: orders({ propose: 'any', closeAfter: 1 }) })
    await settled(alice, bob)
    const theirs = openWith(alice)[0]?.id ?? ''
    expect(openWith(bob)[0]).toMatchObject({ id: theirs, role: 'initiator' })
    // Bob’s own: his order counts what alice says, hers says nothing about it.
    for (const text of ['one', 'two', 'three']) bob.wallet.sessionSend({ session: theirs, text })
    await until('three', () => alice.events.some((e) => e.event === 'message' && e.text === 'three'))
    expect(sessions(alice)[0]?.state).toBe('open')
    alice.wallet.sessionSend({ session: theirs, text: 'the first answer' })
    await until('closed', () => [alice, bob].every((w) => sessions(w)[0]?.state === 'closed'))

    // Alice’s own, after the second message.
    alice.wallet.peerPropose({ peer: bob.id() })
    await settled(alice, bob)
    const ours = openWith(alice)[0]?.id ?? ''
    bob.wallet.sessionSend({ session: ours, text: 'four' })
    await until('four', () => alice.events.some((e) => e.event === 'message' && e.text === 'four'))
    expect(openWith(alice).map((s) => s.id)).toEqual([ours])
    bob.wallet.sessionSend({ session: ours, text: 'five' })
    await until('closed', () => [alice, bob].every((w) => sessions(w).every((s) => s.state === 'closed')))
    expect(alice.wallet.auditPeer({ peer: bob.id(), session: null })).toMatchObject({ ok: true, findings: [] })
  })

  it('--close-after with a person who decides: asked once, and again only when one more came', { timeout: 60_000 }, async () => {
    const alice = await relay.wallet('alice', { m2m: true, orders: { ...orders({ closeAfter: 1 }), policy: { default: 'ask', peers: {} } } })
    const bob = await relay.wallet('bob', { m2m: true, orders: orders({}) })
    await until('cards', () => alice.wallet.appSnapshot({}).peers.some((p) => p.profile === 'm2m'))
    alice.wallet.peerPropose({ peer: bob.id() })
    for (const step of ['propose', 'key', 'activate']) await alice.approve(step)
    await settled(alice, bob)
    const id = openWith(bob)[0]?.id ?? ''
    bob.wallet.sessionSend({ session: id, text: 'one' })
    await alice.reject('close')
    bob.wallet.sessionSend({ session: id, text: 'two' })
    bob.wallet.sessionSend({ session: id, text: 'three' })
    await until('three', () => alice.events.some((e) => e.event === 'message' && e.text === 'three'))
    expect(alice.wallet.appSnapshot({}).requests.map((r) => r.step)).toEqual(['close'])
    await alice.approve('close')
    await until('closed', () => [alice, bob].every((w) => sessions(w)[0]?.state === 'closed'))
  })

  it('--meet any on both sides: both begin, one session comes of it; it is not begun anew while it is open', { timeout: 60_000 }, async () => {
    const alice = await relay.wallet('alice', { m2m: true, orders: orders({ meet: 'any' }) })
    const bob = await relay.wallet('bob', { m2m: true, orders: orders({ meet: 'any' }) })
    await settled(alice, bob)
    const id = openWith(alice)[0]?.id
    expect(openWith(bob)[0]?.id).toBe(id)
    // A process that comes back finds the session, and begins no other.
    await bob.wallet.close()
    const again = await relay.wallet('bob', { m2m: true, home: bob.home, create: false, orders: orders({ meet: 'any', propose: 'any' }) })
    await again.wallet.identityUnlock({ name: 'bob', passphrase: passphrase() })
    alice.wallet.sessionSend({ session: id ?? '', text: 'still there?' })
    await until('the text', () => again.events.some((e) => e.event === 'message' && e.text === 'still there?'))
    await settled(alice, again)
    expect(openWith(again).map((s) => s.id)).toEqual([id])
    expect(alice.wallet.auditPeer({ peer: bob.id(), session: null })).toMatchObject({ ok: true, findings: [] })
  })

  it('--propose in a later process: a peer known from before is asked again when its session is over', { timeout: 60_000 }, async () => {
    const alice = await relay.wallet('alice', { m2m: true, orders: orders({ propose: 'any', closeAfter: 1 }) })
    const bob = await relay.wallet('bob', { m2m: true, orders: orders({}) })
    await settled(alice, bob)
    bob.wallet.sessionSend({ session: openWith(bob)[0]?.id ?? '', text: 'bye' })
    await until('closed', () => [alice, bob].every((w) => sessions(w)[0]?.state === 'closed'))
    await alice.wallet.close()
    const again = await relay.wallet('alice', { m2m: true, home: alice.home, create: false, orders: orders({ propose: 'any' }) })
    await again.wallet.identityUnlock({ name: 'alice', passphrase: passphrase() })
    await settled(again, bob)
    expect(sessions(again)).toHaveLength(2)
  })
})
