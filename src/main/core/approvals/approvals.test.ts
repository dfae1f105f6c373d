import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hashTagged, type Json } from '../crypto/canonical-json.ts'
import { AppFault } from '../fault.ts'
import { openHonestSession, puppet, relayed } from '../hs/puppet.fixture.ts'
import {
  again,
  alice,
  askRequest,
  begin,
  bob,
  carol,
  confirmFrom,
  decide,
  end,
  faultOf,
  log,
  only,
  sentTo,
  stateOf,
  waiting,
  world,
} from './approvals.fixture.ts'
import { UNDO_MS } from './approvals.ts'
import { noOrders } from './policy.ts'
import { EXPIRES_BY_HAND_S, viewHash } from './view.ts'

beforeEach(() => begin())
afterEach(() => end())

/** Every leaf of a value, by path. */
const leaves = (value: unknown, path: (string | number)[] = []): (string | number)[][] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, v]) => leaves(v, [...path, Array.isArray(value) ? Number(key) : key]))
    : [path]
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
    expect(dto.view).toMatchObject({
      step: 'request',
      role: 'initiator',
      peer: { id: carol.id, sign_pub: carol.self.signPub, kx_pub: carol.self.kxPub, key: 'new', trust: 'seen' },
      grade: 2,
      notice: [expect.stringContaining('forward secrecy'), expect.any(String), expect.any(String)],
    })
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
    expect(alice.profile.approvals.approvalDto(anew)).toMatchObject({
      mayApprove: true,
      issue: expect.stringContaining('no longer'),
      undoUntil: null,
      view: { peer: { name: 'Somebody else' } },
    })
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

describe('the decision log', () => {
  it('has one entry a decision, chained, and each names the view that was decided on', () => {
    const first = askRequest(puppet('peer 1'), 1)
    decide(first, 'reject')
    const second = askRequest(puppet('peer 2'), 2)
    decide(second)
    world.clock.advance(UNDO_MS)
    askRequest(puppet('peer 3'), 3)
    world.clock.sleep(EXPIRES_BY_HAND_S * 1000 + 1)
    const entries = alice.store.decisions.all()
    expect(entries.map((e) => [e.seq, e.decision, e.request_id === first.id || e.request_id === second.id])).toEqual([
      [1, 'reject', true],
      [2, 'approve', true],
      [3, 'expire', false],
    ])
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
