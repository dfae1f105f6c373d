import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { puppet, relayed } from '../hs/puppet.fixture.ts'
import { alice, askRequest, begin, carol, confirmFrom, decide, end, faultOf, log, only, waiting, world } from './approvals.fixture.ts'
import { MOST_REQUESTS, UNDO_MS } from './approvals.ts'
import { viewHash } from './view.ts'

beforeEach(() => begin())
afterEach(() => end())

describe('the queue', () => {
  it('keeps its order, collapses what is the same, and rejects all', () => {
    const peers = [1, 2, 3, 4].map((n) => puppet(`peer ${n}`))
    for (const [n, peer] of peers.entries()) askRequest(peer, n)
    const order = waiting().map((r) => r.id)
    expect(order).toHaveLength(4)
    // The same wish again is the same request.
    alice.profile.propose(peers[1]!.id)
    alice.profile.line(confirmFrom(peers[2]!, 77))
    expect(waiting().map((r) => r.id)).toEqual(order)
    decide(waiting()[1]!, 'reject')
    expect(waiting().map((r) => r.id)).toEqual([order[0], order[2], order[3]])
    // Asked again it comes last: what stands in the queue does not move.
    alice.profile.propose(peers[1]!.id)
    const after = waiting().map((r) => r.id)
    expect(after.slice(0, 3)).toEqual([order[0], order[2], order[3]])
    expect(after).toHaveLength(4)
    expect(
      waiting()
        .map((r) => alice.profile.approvals.approvalDto(r))
        .map((d) => [d.position, d.total]),
    ).toEqual([
      [1, 4],
      [2, 4],
      [3, 4],
      [4, 4],
    ])
    expect(alice.profile.approvals.rejectAll(peers[0]!.id, 'one')).toBe(1)
    expect(alice.profile.approvals.rejectAll(null, 'all')).toBe(3)
    expect(waiting()).toEqual([])
    expect(log().map((d) => d[1])).toEqual(Array(5).fill('reject'))
    for (const peer of peers) expect(alice.profile.engine.peekInitiator(peer.id)).toMatchObject({ asking: null, wanted: false, state: 'init_ready' })
  })

  it('collapses identical ones with a count', () => {
    askRequest()
    alice.profile.batch(() => alice.profile.approvals.ask(carol.id, 'initiator', 'request'))
    expect(only().count).toBe(2)
    expect(alice.profile.approvals.requestDto(only()).count).toBe(2)
  })

  it('survives a restart in the same order', () => {
    for (let n = 0; n < 3; n += 1) askRequest(puppet(`peer ${n}`), n)
    const before = waiting()
    alice.restart()
    expect(waiting()).toEqual(before)
  })

  it('a stranger’s step can be approved after a restart, with nobody on the relay', () => {
    alice.profile.line(relayed({ to: null, intent: 'knock', peer: alice.self.id, from: carol.id }))
    alice.profile.answer(carol.id)
    alice.restart()
    world.clock.advance(5_000)
    const { view } = alice.profile.approvals.approvalDto(only())
    world.clock.advance(2_000)
    alice.profile.approvals.decide(only().id, viewHash(view), 'approve', null)
    world.clock.advance(UNDO_MS)
    expect(alice.profile.engine.peekResponder(carol.id).state).toBe('resp_confirm')
  })

  it('is full at a limit, and says so', { timeout: 60_000 }, () => {
    for (let n = 0; n < MOST_REQUESTS; n += 1) askRequest(puppet(`peer ${n}`), n)
    expect(waiting()).toHaveLength(MOST_REQUESTS)
    const one = puppet('one too many')
    alice.profile.line(confirmFrom(one, 999))
    expect(faultOf(() => alice.profile.propose(one.id)).message).toContain('Too many requests')
    expect(alice.profile.engine.peekInitiator(one.id)).toMatchObject({ asking: null, wanted: false })
    decide(waiting()[0]!, 'reject')
    alice.profile.propose(one.id)
    expect(waiting().at(-1)?.peerId).toBe(one.id)
  })

  it('what nobody asked for never makes a request', () => {
    alice.profile.line(confirmFrom(carol, 1))
    for (let i = 0; i < 20; i += 1) alice.profile.line(relayed({ to: alice.self.id, intent: 'reconnect', your_ref: '1', from: carol.id }))
    alice.profile.line(relayed({ to: null, intent: 'register', from: carol.id }))
    expect(waiting()).toEqual([])
    expect(alice.profile.knocks()).toMatchObject([{ peer: carol.id, kind: 'reconnect', count: 21 }])
  })
})
