import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestRelay, type TestRelay, type TestWallet, until } from './wallet.fixture.ts'

describe('two wallets on one relay', () => {
  let relay: TestRelay
  let alice: TestWallet
  let bob: TestWallet
  const session = (w: TestWallet) => w.wallet.appSnapshot({}).sessions.find((s) => s.state === 'open')

  beforeAll(async () => {
    relay = await openTestRelay()
    alice = await relay.wallet('alice')
    bob = await relay.wallet('bob')
  })
  afterAll(() => relay.close())

  it('see each other', async () => {
    await until('bob at alice', () => alice.wallet.appSnapshot({}).peers.find((p) => p.id === bob.id() && p.online))
    await until('alice at bob', () => bob.wallet.appSnapshot({}).peers.find((p) => p.id === alice.id() && p.online))
    expect(alice.wallet.appSnapshot({}).peers).toHaveLength(1)
  })

  it('open a session only when both have approved', async () => {
    alice.wallet.peerPropose({ peer: bob.id() })
    await until('knock', () => bob.wallet.appSnapshot({}).knocks.find((k) => k.peer === alice.id() && k.kind === 'meet'))
    expect(bob.wallet.appSnapshot({}).requests).toEqual([])
    bob.wallet.peerAnswer({ peer: alice.id() })
    await bob.approve('confirm')
    await alice.approve('request')
    const [a, b] = [await until('session of alice', () => session(alice)), await until('session of bob', () => session(bob))]
    expect(a.id).toBe(b.id)
    expect(a.fingerprint).toBe(b.fingerprint)
    expect(alice.wallet.appSnapshot({}).peers[0]?.trust).toBe('pinned')
    expect(bob.wallet.appSnapshot({}).peers[0]?.trust).toBe('pinned')
  })

  it('talk both ways', async () => {
    alice.wallet.sessionSend({ session: session(alice)!.id, text: 'hello bob ☃' })
    await until('message at bob', () =>
      bob.wallet.sessionMessages({ peer: alice.id(), before: null }).messages.find((m) => m.direction === 'theirs' && m.text === 'hello bob ☃'),
    )
    bob.wallet.sessionSend({ session: session(bob)!.id, text: 'hello alice' })
    await until('message at alice', () =>
      alice.wallet.sessionMessages({ peer: bob.id(), before: null }).messages.find((m) => m.direction === 'theirs' && m.text === 'hello alice'),
    )
    await until('answered', () =>
      alice.wallet.sessionMessages({ peer: bob.id(), before: null }).messages.find((m) => m.direction === 'ours' && m.state === 'done'),
    )
    // On a slow machine bob repeats his confirm before alice's request reaches him; it is counted, and changes nothing.
    expect(alice.events.filter((e) => e.event === 'drop' && e.why !== 'confirm in init_exchange')).toEqual([])
  })

  it('close, and open again by reconnect', async () => {
    alice.wallet.sessionClose({ session: session(alice)!.id })
    await alice.approve('conclude')
    await until('closed at alice', () => alice.wallet.appSnapshot({}).sessions.find((s) => s.state === 'closed'))
    await until('closed at bob', () => bob.wallet.appSnapshot({}).sessions.find((s) => s.state === 'closed'))
    await until('may reconnect', () => alice.wallet.appSnapshot({}).peers[0]?.may.reconnect)
    alice.wallet.peerReconnect({ peer: bob.id() })
    await until('reconnect knock', () => bob.wallet.appSnapshot({}).knocks.find((k) => k.kind === 'reconnect'))
    bob.wallet.peerAnswer({ peer: alice.id() })
    await bob.approve('confirm')
    await alice.approve('request')
    const [a, b] = [await until('second session of alice', () => session(alice)), await until('second session of bob', () => session(bob))]
    expect(a.id).toBe(b.id)
    expect(alice.wallet.appSnapshot({}).sessions).toHaveLength(2)
  })

  it('leave a decision log that holds', () => {
    const history = alice.wallet.appSnapshot({}).history
    expect(history.map((h) => [h.step, h.decision, h.by])).toEqual([
      ['request', 'approve', 'person'],
      ['conclude', 'approve', 'person'],
      ['request', 'approve', 'person'],
    ])
  })
})
