import { expect } from 'vitest'
import { AppFault } from '../fault.ts'
import { nonceOf, type Puppet, puppet, relayed } from '../hs/puppet.fixture.ts'
import type { RequestRow } from '../store/rows.ts'
import { openWorld, type Side, type World } from '../world.fixture.ts'
import { noOrders, type StandingOrders } from './policy.ts'

// For tests: a wallet that is asked, and what a person reads off its screen.

export let world: World
export let alice: Side
export let bob: Side
export const carol = puppet('carol')

export const begin = (orders: StandingOrders = noOrders): void => {
  world = openWorld('approvals', orders)
  ;[alice, bob] = world.sides
}
export const end = (): void => world.close()
export const again = (orders: StandingOrders): void => {
  world.close()
  begin(orders)
}

export const faultOf = (run: () => unknown): AppFault => {
  try {
    run()
  } catch (error) {
    if (error instanceof AppFault) return error
    throw error
  }
  throw new Error('nothing thrown')
}
export const waiting = (side = alice): RequestRow[] => side.profile.approvals.waiting()
export const only = (side = alice): RequestRow => {
  const all = waiting(side)
  expect(all).toHaveLength(1)
  return all[0] as RequestRow
}
export const decide = (request: RequestRow, decision: 'approve' | 'reject' = 'approve', hash = request.viewHash): { undoUntil: number | null } =>
  alice.profile.approvals.decide(request.id, hash, decision, null)
export const confirmFrom = (who: Puppet, n: number, from = who.id): string =>
  relayed({ to: alice.self.id, intent: 'confirm', my_nonce: nonceOf(n), hs: who.hs('response', nonceOf(n), world.clock.now()), from })
/** Carol offers, alice wants: a request for the first request. */
export const askRequest = (who: Puppet = carol, n = 1): RequestRow => {
  alice.profile.line(confirmFrom(who, n))
  alice.profile.propose(who.id)
  return waiting().find((r) => r.peerId === who.id) as RequestRow
}
export const log = (side = alice) => side.store.decisions.all().map((d) => [d.step, d.decision, d.by, d.policy_id ?? null, d.reason ?? null])
export const sentTo = (who: Puppet): number => world.wire.filter((l) => l.raw.includes(who.id) && l.raw.includes('request')).length
export const stateOf = (who: Puppet): string => alice.profile.engine.peekInitiator(who.id).state
