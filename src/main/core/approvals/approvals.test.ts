import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hashTagged, type Json } from '../crypto/canonical-json.ts'
import { AppFault } from '../fault.ts'
import { nonceOf, openHonestSession, puppet, relayed, type Puppet } from '../hs/puppet.fixture.ts'
import type { RequestRow } from '../store/rows.ts'
import { openWorld, type Side, type World } from '../world.fixture.ts'
import { MOST_REQUESTS, UNDO_MS } from './approvals.ts'
import { noOrders, policyAnswer, type StandingOrders } from './policy.ts'
import { EXPIRES_BY_HAND_S, viewHash } from './view.ts'

let world: World
let alice: Side
let bob: Side
const carol = puppet('carol')

const begin = (orders: StandingOrders = noOrders): void => {
  world = openWorld('approvals', orders)
  ;[alice, bob] = world.sides
}
beforeEach(() => begin())
afterEach(() => world.close())
const again = (orders: StandingOrders): void => {
  world.close()
  begin(orders)
}

const faultOf = (run: () => unknown): AppFault => {
  try {
    run()
  } catch (error) {
    if (error instanceof AppFault) return error
    throw error
  }
  throw new Error('nothing thrown')
}
const waiting = (side = alice): RequestRow[] => side.profile.approvals.waiting()
const only = (side = alice): RequestRow => {
  const all = waiting(side)
  expect(all).toHaveLength(1)
  return all[0] as RequestRow
}
const decide = (request: RequestRow, decision: 'approve' | 'reject' = 'approve', hash = request.viewHash): { undoUntil: number | null } => alice.profile.approvals.decide(request.id, hash, decision, null)
const confirmFrom = (who: Puppet, n: number, from = who.id): string => relayed({ to: alice.self.id, intent: 'confirm', my_nonce: nonceOf(n), hs: who.hs('response', nonceOf(n), world.clock.now()), from })
/** Carol offers, alice wants: a request for the first request. */
const askRequest = (who: Puppet = carol, n = 1): RequestRow => {
  alice.profile.line(confirmFrom(who, n))
  alice.profile.propose(who.id)
  return waiting().find((r) => r.peerId === who.id) as RequestRow
}
const log = (side = alice) => side.store.decisions.all().map((d) => [d.step, d.decision, d.by, d.policy_id ?? null, d.reason ?? null])
const sentTo = (who: Puppet): number => world.wire.filter((l) => l.raw.includes(who.id) && l.raw.includes('request')).length
const stateOf = (who: Puppet): string => alice.profile.engine.peekInitiator(who.id).state

/** Every leaf of a value, by path. */
const leaves = (value: unknown, path: (string | number)[] = []): (string | number)[][] =>
  typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([key, v]) => leaves(v, [...path, Array.isArray(value) ? Number(key) : key])) : [path]
const changedAt = (value: unknown, path: readonly (string | number)[]): Json => {
  const copy = structuredClone(value)
  let at = copy as Record<string | number, unknown>
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>
  const last = path[path.length - 1] as string | number
  const old = at[last]
  at[last] = typeof old === 'number' ? old + 1 : typeof old === 'string' ? `${old}x` : 'x'
  return copy as Json
}

describe('what a decision is bound to', () => {
  it('a view of every step says who, what and what follows, and hashes as drawn', () => {
    const request = askRequest()
    const dto = alice.profile.approvals.approvalDto(request)
    expect(dto.view).toMatchObject({ step: 'request', role: 'initiator', peer: { id: carol.id, sign_pub: carol.self.signPub, kx_pub: carol.self.kxPub, key: 'new', trust: 'seen' }, grade: 1, notice: [expect.stringContaining('forward secrecy'), expect.any(String), expect.any(String)] })
    expect(viewHash(dto.view)).toBe(request.viewHash)
    expect(hashTagged('countersign.view.v1', dto.view)).toBe(request.viewHash)
    expect(dto).toMatchObject({ position: 1, total: 1, mayApprove: true, issue: null })
  })

  it('any other hash is refused, with the reason, and the request is shown anew', () => {
    const request = askRequest()
    for (const hash of ['0'.repeat(64), request.viewHash.replace(/^./, (d) => (d === '0' ? '1' : '0'))]) {
      const before = alice.events.length
      const fault = faultOf(() => decide(request, 'approve', hash))
      expect(fault.code).toBe('STALE')
      expect(alice.events.slice(before)).toContainEqual(expect.objectContaining({ event: 'request', id: request.id, view_hash: request.viewHash }))
      expect(alice.profile.approvals.issue(only())).toBe(fault.message)
    }
    world.clock.advance(UNDO_MS)
    expect(stateOf(carol)).toBe('init_ready')
    expect(log()).toEqual([])
    decide(only())
    world.clock.advance(UNDO_MS)
    expect(stateOf(carol)).toBe('init_exchange')
  })

  it('no leaf of the view can be another: each changes the hash, and that hash is refused', () => {
    const request = askRequest()
    const paths = leaves(request.view)
    expect(paths.length).toBeGreaterThan(50)
    const hashes = new Set([request.viewHash])
    for (const path of paths) {
      const hash = hashTagged('countersign.view.v1', changedAt(request.view, path))
      expect(hashes.has(hash), path.join('.')).toBe(false)
      hashes.add(hash)
      expect(faultOf(() => decide(request, 'approve', hash)).code, path.join('.')).toBe('STALE')
    }
    world.clock.advance(UNDO_MS)
    expect(stateOf(carol)).toBe('init_ready')
    expect(sentTo(carol)).toBe(0)
  })

  it('what changed between showing and execution is refused then: a name', () => {
    const request = askRequest()
    decide(request)
    alice.profile.name(carol.id, 'Somebody else')
    world.clock.advance(UNDO_MS)
    expect(stateOf(carol)).toBe('init_ready')
    expect(log()).toEqual([])
    const anew = only()
    expect(anew.viewHash).not.toBe(request.viewHash)
    expect(alice.profile.approvals.approvalDto(anew)).toMatchObject({ mayApprove: true, issue: expect.stringContaining('no longer'), undoUntil: null, view: { peer: { name: 'Somebody else' } } })
    expect(alice.profile.notices().map((n) => n.text)).toContain('What was shown is no longer what would be done. Here is the request anew.')
    decide(anew)
    world.clock.advance(UNDO_MS)
    expect(stateOf(carol)).toBe('init_exchange')
  })

  it('trust that changed between showing and execution is refused, and cannot be approved before the person decides on it', () => {
    openHonestSession(world)
    alice.profile.close(alice.profile.sessions()[0]!.id)
    const request = only()
    decide(request)
    alice.profile.policy(bob.self.id, { kind: 'block' })
    world.clock.advance(UNDO_MS)
    expect(log()).not.toContainEqual(expect.arrayContaining(['conclude', 'approve']))

    again(noOrders)
    openHonestSession(world)
    const session = alice.profile.sessions()[0]!.id
    alice.profile.close(session)
    alice.approveAll()
    world.calm(12_000)
    alice.profile.propose(bob.self.id)
    world.calm(4_000)
    bob.profile.answer(alice.self.id)
    bob.approveAll()
    world.calm(5_000)
    const open = only()
    expect(open.step).toBe('request')
    decide(open)
    // Another key under bob's pinned id, while the approval is held.
    const t = alice.profile.engine.peekInitiator(bob.self.id)
    expect(t.offer).not.toBeNull()
    const mallory = puppet('mallory')
    alice.profile.line(confirmFrom(mallory, 5, bob.self.id))
    expect(alice.profile.peer(bob.self.id)?.trust).toBe('changed')
    world.clock.advance(UNDO_MS)
    expect(alice.profile.engine.peekInitiator(bob.self.id).state).toBe('init_ready')
    expect(alice.profile.approvals.approvalDto(only())).toMatchObject({ mayApprove: false, issue: expect.stringContaining('not the one you pinned') })
    expect(faultOf(() => decide(only())).message).toContain('not the one you pinned')
  })

  it('expiry is checked at execution, also when the clock jumped', () => {
    const request = askRequest()
    // One second before the end: held, but carried out after it.
    world.clock.sleep(EXPIRES_BY_HAND_S * 1000 - 1_000)
    expect(waiting()).toHaveLength(1)
    decide(request)
    world.clock.advance(UNDO_MS)
    expect(stateOf(carol)).toBe('init_ready')
    expect(log()).toEqual([['request', 'expire', 'policy', 'expiry', 'Nobody decided in time.']])
    expect(waiting()).toEqual([])
  })

  it('an approval too late is refused as expired', () => {
    const request = askRequest()
    // The very instant of the expiry, before its timer has run.
    const { now } = world.clock
    const fault = faultOf(() => {
      world.clock.now = () => request.expiresAt
      try {
        decide(request)
      } finally {
        world.clock.now = now
      }
    })
    expect(fault.code).toBe('EXPIRED')
    expect(log()).toEqual([])
  })

  it('a request expires by itself after a day, whatever else goes on', () => {
    alice.profile.line(relayed({ to: null, intent: 'knock', peer: alice.self.id, from: carol.id }))
    alice.profile.answer(carol.id)
    expect(only().step).toBe('confirm')
    world.clock.advance(EXPIRES_BY_HAND_S * 1000 + 1_000)
    expect(waiting()).toEqual([])
    expect(log()).toEqual([['confirm', 'expire', 'policy', 'expiry', 'Nobody decided in time.']])
    expect(alice.profile.engine.peekResponder(carol.id)).toMatchObject({ state: 'resp_ready', asking: null, wanted: false })
  })
})

describe('three seconds to think again', () => {
  it('nothing happens before they are over; undone, it never does', () => {
    const request = askRequest()
    expect(decide(request)).toEqual({ undoUntil: world.clock.now() + UNDO_MS })
    expect(alice.profile.approvals.requestDto(request).undoUntil).toBe(world.clock.now() + UNDO_MS)
    world.clock.advance(UNDO_MS - 1)
    expect([stateOf(carol), log(), sentTo(carol)]).toEqual(['init_ready', [], 0])
    alice.profile.approvals.undo(request.id)
    world.clock.advance(60_000)
    expect([stateOf(carol), log(), sentTo(carol)]).toEqual(['init_ready', [], 0])
    expect(only().id).toBe(request.id)
    expect(faultOf(() => alice.profile.approvals.undo(request.id)).code).toBe('STATE')
  })

  it('a crash in that time means undecided', () => {
    const request = askRequest()
    decide(request)
    world.clock.advance(UNDO_MS - 1)
    alice.restart()
    world.clock.advance(60_000)
    expect([stateOf(carol), log(), sentTo(carol)]).toEqual(['init_ready', [], 0])
    expect(only()).toMatchObject({ id: request.id, viewHash: request.viewHash })
    expect(alice.profile.approvals.requestDto(only()).undoUntil).toBeNull()
    // It can still be approved, by the same person and the same hash.
    decide(only())
    world.clock.advance(UNDO_MS)
    expect(stateOf(carol)).toBe('init_exchange')
  })

  it('approved twice is approved once', () => {
    const request = askRequest()
    decide(request)
    expect(faultOf(() => decide(request)).code).toBe('STATE')
    world.clock.advance(60_000)
    expect(log()).toEqual([['request', 'approve', 'person', null, null]])
    expect(faultOf(() => decide(request)).code).toBe('NOT_FOUND')
  })

  it('rejecting needs none, and ends a held approval', () => {
    const request = askRequest()
    decide(request)
    expect(decide(request, 'reject')).toEqual({ undoUntil: null })
    world.clock.advance(60_000)
    expect([stateOf(carol), sentTo(carol), waiting()]).toEqual(['init_ready', 0, []])
    expect(log()).toEqual([['request', 'reject', 'person', null, 'Rejected.']])
  })

  it('a failure of the disk at that moment leaves the request undecided, and the wallet alive', () => {
    const request = askRequest()
    decide(request)
    const { append } = alice.store.decisions
    alice.store.decisions.append = () => {
      throw new AppFault('DISK_FULL', 'The disk is full.')
    }
    world.expected = []
    world.clock.advance(UNDO_MS)
    alice.store.decisions.append = append
    expect(world.expected).toEqual(['an approval could not be carried out'])
    expect(stateOf(carol)).toBe('init_ready')
    expect(only().id).toBe(request.id)
    expect(alice.profile.approvals.approvalDto(only())).toMatchObject({ mayApprove: true, undoUntil: null, issue: 'The disk is full.' })
    decide(only())
    world.clock.advance(UNDO_MS)
    expect(stateOf(carol)).toBe('init_exchange')
    expect(log()).toEqual([['request', 'approve', 'person', null, null]])
  })
})

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
    expect(waiting().map((r) => alice.profile.approvals.approvalDto(r)).map((d) => [d.position, d.total])).toEqual([[1, 4], [2, 4], [3, 4], [4, 4]])
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
    for (const trust of ['unknown', 'seen', 'changed', 'blocked']) for (const policy of [accept, { kind: 'keep-alive' }]) expect(answer({ policy, trust }, 'confirm')).toBe('asks')
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
    expect(log(alice).map((d) => [d[0], d[4]])).toEqual([['request', 'first-contact'], ['conclude', null], ['request', null]])
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

describe('the decision log', () => {
  it('has one entry a decision, chained, and each names the view that was decided on', () => {
    const first = askRequest(puppet('peer 1'), 1)
    decide(first, 'reject')
    const second = askRequest(puppet('peer 2'), 2)
    decide(second)
    world.clock.advance(UNDO_MS)
    askRequest(puppet('peer 3'), 3)
    world.clock.advance(EXPIRES_BY_HAND_S * 1000 + 1)
    const entries = alice.store.decisions.all()
    expect(entries.map((e) => [e.seq, e.decision, e.request_id === first.id || e.request_id === second.id])).toEqual([[1, 'reject', true], [2, 'approve', true], [3, 'expire', false]])
    expect(entries[0]).toMatchObject({ prev: '0'.repeat(64), view_hash: first.viewHash, peer: 'puppet-peer 1', app_version: 'test', by: 'person' })
    expect(entries[1]?.prev).toBe(hashTagged('zeq.decision.v1', entries[0] as unknown as Json))
    expect(entries[2]?.prev).toBe(hashTagged('zeq.decision.v1', entries[1] as unknown as Json))
    expect(new Set(entries.map((e) => e.salt)).size).toBe(3)
    expect(alice.store.decisions.verifyChain()).toMatchObject({ holds: true, count: 3 })
  })

  it('is written with what it decides, or not at all', () => {
    const request = askRequest()
    decide(request)
    const { put } = alice.store.threads
    alice.store.threads.put = () => {
      throw new AppFault('DISK_FULL', 'The disk is full.')
    }
    world.expected = []
    world.clock.advance(UNDO_MS)
    alice.store.threads.put = put
    expect(log()).toEqual([])
    expect(alice.store.outbox.count()).toBe(0)
    expect(only().id).toBe(request.id)
  })
})
