import { expect } from 'vitest'
import { openWorld, type Side, type World } from '../world.fixture.ts'
import { dropsOf, openHonestSession, puppet, rowsOf } from './puppet.fixture.ts'

// For tests: the weaknesses of the original that docs/security.md lists, tried on a wallet that has an honest session
// going on. The world fails a test at the first line that is logged as an error, so "the process lives" is checked throughout.

export let world: World
export let alice: Side
export let bob: Side
/** Alice's session with bob. */
export let session: string

export const begin = (): void => {
  world = openWorld('hostile')
  ;[alice, bob] = world.sides
  session = openHonestSession(world)
  world.wire.length = 0
}
export const end = (): void => world.close()

export const mallory = puppet('mallory')
export const now = (): number => world.clock.now()
export const to = (): string => alice.self.id
export const feed = (...lines: string[]): void => {
  for (const line of lines) alice.profile.line(line)
}
/** The lines change nothing that is stored, and are dropped with this reason. */
export const expectDropped = (why: string | RegExp, ...lines: string[]): void => {
  const before = rowsOf(alice)
  feed(...lines)
  expect(rowsOf(alice)).toEqual(before)
  expect(dropsOf(alice)).toContainEqual(typeof why === 'string' ? why : expect.stringMatching(why))
}
