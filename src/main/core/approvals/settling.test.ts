import { afterEach, beforeEach, expect, it } from 'vitest'
import type { View } from '../../../contract/index.ts'
import type { PeerId } from '../brand.ts'
import { AppFault } from '../fault.ts'
import { puppet } from '../hs/puppet.fixture.ts'
import type { RequestRow } from '../store/rows.ts'
import { testPorts } from '../wallet.fixture.ts'
import { alice, askRequest, begin, carol, decide, end, faultOf, log, waiting, world } from './approvals.fixture.ts'
import { createApprovals } from './approvals.ts'
import { EXPIRES_BY_HAND_S } from './view.ts'

const dave = puppet('dave')
/** What carrying a decision about a peer fails with. */
const failing = new Map<PeerId, AppFault>()
const carried: [PeerId, string][] = []
const told: [PeerId, string][] = []

/** Approvals over alice's store whose steps fail at will: as those of a ledger that takes no rows at the moment. */
const approvals = () =>
  createApprovals({
    ports: testPorts({ clock: world.clock }),
    store: alice.store,
    work: alice.profile.work,
    appVersion: '0',
    build: ({ peerId }) => alice.store.requests.all().find((r) => r.peerId === peerId)?.view as unknown as View,
    peer: (id) => alice.store.peers.get(id) as NonNullable<ReturnType<typeof alice.store.peers.get>>,
    policy: () => ({ auto: false }),
    execute: ({ peerId }, { decision }) => {
      const fault = failing.get(peerId)
      if (fault) throw fault
      carried.push([peerId, decision])
    },
    refused: ({ peerId }, why) => void told.push([peerId, why]),
  })

const notNow = new AppFault('STATE', 'The ledger takes no rows now.')
let asked: RequestRow[]
beforeEach(() => {
  begin()
  for (const list of [carried, told]) list.length = 0
  failing.clear()
  asked = [askRequest(carol, 1), askRequest(dave, 2)]
})
afterEach(() => end())

it('one that cannot expire now holds up no other, and is tried again', () => {
  const all = approvals()
  failing.set(carol.id, notNow)
  alice.profile.stop()
  world.clock.advance(EXPIRES_BY_HAND_S * 1000)
  all.expire()
  expect(carried).toEqual([[dave.id, 'expire']])
  expect(waiting().map((r) => r.peerId)).toEqual([carol.id])
  expect(log()).toHaveLength(1)
  const again = all.nextExpiry()
  expect(again).toBeGreaterThan(world.clock.now())
  failing.clear()
  world.clock.advance((again ?? 0) - world.clock.now())
  all.expire()
  expect([carried.at(-1), waiting(), all.nextExpiry()]).toEqual([[carol.id, 'expire'], [], null])
})

it('one that cannot be rejected with all others stays, with the reason, and is told', () => {
  const all = approvals()
  failing.set(carol.id, notNow)
  expect(all.rejectAll(null, 'No.')).toBe(1)
  expect([carried, told]).toEqual([[[dave.id, 'reject']], [[carol.id, notNow.message]]])
  expect(waiting().map((r) => r.id)).toEqual([asked[0]?.id])
  expect(all.issue(waiting()[0] as RequestRow)).toBe(notNow.message)
})

it('a store that refuses is not taken for a request that cannot be settled', () => {
  const all = approvals()
  failing.set(carol.id, new AppFault('DISK_FULL', 'The disk is full.'))
  expect(faultOf(() => all.rejectAll(null, 'No.')).code).toBe('DISK_FULL')
  expect(log()).toEqual([])
})

it('rejecting one by hand says why it is not possible', () => {
  const all = approvals()
  failing.set(carol.id, notNow)
  expect(faultOf(() => all.decide(asked[0]?.id ?? '', asked[0]?.viewHash ?? '', 'reject', null))).toBe(notNow)
  expect(log()).toEqual([])
  expect(() => decide(asked[1] as RequestRow, 'reject')).not.toThrow()
})
