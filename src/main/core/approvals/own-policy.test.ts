import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openWorld, type World } from '../world.fixture.ts'

let world: World
beforeEach(() => {
  world = openWorld('own policy')
})
afterEach(() => world.close())

const hour = 3_600_000

describe('a policy of the owner', () => {
  it('holds only once it was approved, and the prompt says what it is', () => {
    const [alice, bob] = world.sides
    const until = world.clock.now() + hour
    const request = alice.profile.askPolicy(bob.self.id, { kind: 'accept-until', until })
    expect(request.view).toMatchObject({
      step: 'policy',
      verb: 'Set policy',
      now: 'Always ask',
      after: 'Accept until a time',
      steps: ['Policy'],
      facts: expect.arrayContaining([{ label: 'Until', value: new Date(until).toISOString() }]),
    })
    expect(alice.profile.peer(bob.self.id)?.policy ?? { kind: 'ask' }).toEqual({ kind: 'ask' })
    alice.profile.approvals.decide(request.id, request.viewHash, 'approve', null)
    world.clock.advance(2_900)
    expect(alice.profile.peer(bob.self.id)?.policy ?? { kind: 'ask' }).toEqual({ kind: 'ask' })
    world.clock.advance(200)
    expect(alice.profile.peer(bob.self.id)?.policy).toEqual({ kind: 'accept-until', until })
    expect(alice.profile.history(5).map((h) => [h.step, h.decision, h.by])).toEqual([['policy', 'approve', 'person']])
  })

  it('stays as it was when rejected, and the last wish replaces the one before', () => {
    const [alice, bob] = world.sides
    const first = alice.profile.askPolicy(bob.self.id, { kind: 'accept-until', until: world.clock.now() + hour })
    const second = alice.profile.askPolicy(bob.self.id, { kind: 'keep-alive' })
    expect(alice.profile.approvals.waiting().map((r) => r.id)).toEqual([second.id])
    // What was shown of the first does not approve the second.
    expect(() => alice.profile.approvals.decide(second.id, first.viewHash, 'approve', null)).toThrow(/no longer what would be done/)
    alice.profile.approvals.decide(second.id, second.viewHash, 'reject', null)
    expect(alice.profile.approvals.waiting()).toEqual([])
    expect(alice.profile.peer(bob.self.id)?.policy ?? { kind: 'ask' }).toEqual({ kind: 'ask' })
  })

  it('is decided by no policy, whatever the orders', () => {
    world.close()
    world = openWorld('own policy, orders', { policy: { default: 'auto', peers: {} }, meet: null, propose: null, closeAfter: null, reconnect: false })
    const [alice, bob] = world.sides
    const request = alice.profile.askPolicy(bob.self.id, { kind: 'keep-alive' })
    alice.profile.approvals.reconsider()
    expect(alice.profile.approvals.waiting().map((r) => r.id)).toEqual([request.id])
  })

  it('outlives the handshake that waits beside it', () => {
    const [alice, bob] = world.sides
    alice.profile.answer(bob.self.id)
    alice.profile.askPolicy(bob.self.id, { kind: 'keep-alive' })
    alice.profile.engine.stop(bob.self.id, 'given up')
    expect(alice.profile.approvals.waiting().map((r) => r.step)).toEqual(['policy'])
  })
})
