import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openHonestSession, relayed } from '../hs/puppet.fixture.ts'
import { again, alice, begin, bob, carol, end, log, only, waiting, world } from './approvals.fixture.ts'
import { noOrders, policyAnswer, type StandingOrders } from './policy.ts'

beforeEach(() => begin())
afterEach(() => end())

describe('policies', () => {
  const peerWith = (over: object) => ({ ...alice.store.peers.all()[0]!, trust: 'pinned' as const, pinnedAt: 1, policy: { kind: 'ask' as const }, ...over })
  const auto: StandingOrders = { ...noOrders, policy: { default: 'auto', peers: {} } }

  it('are a table: by trust, policy, orders and step', () => {
    openHonestSession(world)
    const now = world.clock.now()
    const accept = { kind: 'accept-until' as const, until: now + 1 }
    const answer = (over: object, step: 'confirm' | 'request' | 'conclude' | 'close', orders = noOrders, at = now) => {
      const a = policyAnswer(peerWith(over), step, orders, at)
      return a.auto ? `${a.policyId}${a.reason ? ` (${a.reason})` : ''}` : 'asks'
    }
    expect(answer({}, 'confirm')).toBe('asks')
    expect(answer({ policy: accept }, 'confirm')).toBe('accept-until')
    expect(answer({ policy: accept }, 'request')).toBe('accept-until')
    expect(answer({ policy: accept }, 'confirm', noOrders, now + 1)).toBe('asks')
    expect(answer({ policy: { kind: 'keep-alive' } }, 'confirm')).toBe('keep-alive')
    expect(answer({ policy: { kind: 'mute' } }, 'confirm')).toBe('asks')
    // Never what ends a session, without a person.
    for (const step of ['conclude', 'close'] as const) for (const policy of [accept, { kind: 'keep-alive' }]) expect(answer({ policy }, step)).toBe('asks')
    // Never a first contact, a changed key or a blocked peer.
    for (const trust of ['unknown', 'seen', 'changed', 'blocked'])
      for (const policy of [accept, { kind: 'keep-alive' }]) expect(answer({ policy, trust }, 'confirm')).toBe('asks')
    // The orders of the command line cover a first contact and say so; no changed key, no blocked peer.
    expect(answer({ trust: 'unknown' }, 'confirm', auto)).toBe('orders (first-contact)')
    expect(answer({ trust: 'seen' }, 'request', auto)).toBe('orders (first-contact)')
    expect(answer({}, 'conclude', auto)).toBe('orders')
    for (const trust of ['changed', 'blocked']) expect(answer({ trust }, 'confirm', auto)).toBe('asks')
    const id = alice.store.peers.all()[0]!.id
    expect(answer({}, 'confirm', { ...noOrders, policy: { default: 'auto', peers: { [id]: 'ask' } } })).toBe('asks')
    expect(answer({}, 'confirm', { ...noOrders, policy: { default: 'ask', peers: { [id]: 'auto' } } })).toBe('orders')
  })

  it('--policy auto: opens by itself, and the log says by policy and first contact', () => {
    again({ ...auto, meet: 'any' })
    alice.profile.propose(bob.self.id)
    world.calm(5_000)
    expect(alice.profile.sessions()).toMatchObject([{ state: 'open' }])
    expect(log(alice)).toEqual([['request', 'auto', 'policy', 'orders', 'first-contact']])
    expect(log(bob)).toEqual([['confirm', 'auto', 'policy', 'orders', 'first-contact']])
    expect(alice.profile.history(10)).toMatchObject([{ by: 'policy', decision: 'auto', reason: 'first-contact' }])
    // The second time it is no first contact.
    const session = alice.profile.sessions()[0]!.id
    alice.profile.close(session)
    world.calm(8_000)
    alice.profile.propose(bob.self.id)
    world.calm(8_000)
    expect(log(alice).map((d) => [d[0], d[4]])).toEqual([
      ['request', 'first-contact'],
      ['conclude', null],
      ['request', null],
    ])
  })

  it('accept-until: a pinned peer’s steps are taken until then, a stranger’s never', () => {
    openHonestSession(world)
    const session = alice.profile.sessions()[0]!.id
    alice.profile.close(session)
    alice.approveAll()
    world.calm(12_000)
    bob.profile.policy(alice.self.id, { kind: 'accept-until', until: world.clock.now() + 60_000 })
    alice.profile.policy(carol.id, { kind: 'accept-until', until: world.clock.now() + 60_000 })
    alice.profile.propose(bob.self.id)
    world.calm(5_000)
    expect(bob.profile.engine.peekResponder(alice.self.id).state).toBe('resp_confirm')
    expect(log(bob).at(-1)).toEqual(['confirm', 'auto', 'policy', 'accept-until', null])
    alice.profile.line(relayed({ to: null, intent: 'knock', peer: alice.self.id, from: carol.id }))
    alice.profile.answer(carol.id)
    expect(waiting().map((r) => [r.peerId, r.step])).toContainEqual([carol.id, 'confirm'])
  })

  it('a policy is asked again about what a crash left waiting', () => {
    alice.profile.line(relayed({ to: null, intent: 'knock', peer: alice.self.id, from: carol.id }))
    alice.profile.answer(carol.id)
    const folder = alice.folder
    expect(only().step).toBe('confirm')
    expect(folder).toContain('alice')
    alice.profile.policy(carol.id, { kind: 'ask' })
    alice.restart()
    // Still a person's to decide: no policy covers it.
    expect(only().step).toBe('confirm')
  })

  it('mute: no knock, no prompt', () => {
    openHonestSession(world)
    alice.profile.policy(bob.self.id, { kind: 'mute' })
    alice.profile.line(relayed({ to: null, intent: 'knock', peer: alice.self.id, from: bob.self.id }))
    alice.profile.line(relayed({ to: alice.self.id, intent: 'reconnect', your_ref: '1', from: bob.self.id }))
    expect(alice.profile.knocks()).toEqual([])
    expect(waiting()).toEqual([])
  })
})
