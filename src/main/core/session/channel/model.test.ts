import * as fs from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { AppFault } from '../../fault.ts'
import { removeTempFolders } from '../../store/testing.fixture.ts'
import { arrived, createWorld, makeFile, noise, openSession, SESSION, undelivered, type World, write } from './channel.fixture.ts'
import { CHUNK } from './header.ts'

vi.setConfig({ testTimeout: 300_000 })
afterAll(removeTempFolders)

// What a relay and whoever else is on it can do, and what happens to the machines themselves. Indexes are taken modulo the queue.
type Act =
  | { readonly do: 'deliver' | 'lose' | 'double' | 'repeat'; readonly at: number }
  | { readonly do: 'alter'; readonly at: number; readonly field: 'c' | 'n' | 's' | 'e' | 'to'; readonly by: number }
  | { readonly do: 'inject'; readonly to: 'alice' | 'bob'; readonly n: number; readonly e: number }
  | { readonly do: 'write'; readonly who: 'alice' | 'bob'; readonly long: boolean }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'restart' | 'full' | 'fault'; readonly who: 'alice' | 'bob' }
  | { readonly do: 'storm'; readonly count: number }

const who = fc.constantFrom('alice' as const, 'bob' as const)
const at = fc.nat(500)
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('deliver' as const), at: fc.constantFrom(0, 0, 0, 1, 5, 70) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('storm' as const), count: fc.nat(60) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('lose' as const, 'double' as const, 'repeat' as const), at }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('alter' as const), at, field: fc.constantFrom('c', 'n', 's', 'e', 'to'), by: fc.nat(1_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('inject' as const), to: who, n: fc.nat(2_000), e: fc.nat(2) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('write' as const), who, long: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 200, 1_000, 5_000, 31_000, 61_000, 3_600_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('restart' as const, 'full' as const, 'fault' as const), who }) },
)

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

const play = (world: World, sent: Record<'alice' | 'bob', string[]>, past: World['queue'], action: Act): void => {
  const index = 'at' in action && world.queue.length > 0 ? action.at % world.queue.length : 0
  const letter = world.queue[index]
  switch (action.do) {
    case 'deliver':
      if (letter) past.push(letter)
      return world.deliver(index)
    case 'storm':
      for (let i = 0; i < action.count; i += 1) world.deliver()
      return
    case 'lose':
      world.queue.splice(index, 1)
      return
    case 'double':
      if (letter) world.queue.push(letter)
      return
    case 'repeat': {
      const old = past[action.at % Math.max(1, past.length)]
      if (old) world.queue.push(old)
      return
    }
    case 'alter': {
      if (!letter) return
      const { d } = letter
      const place = action.by % d.c.length
      const changed = {
        c: { ...d, c: d.c.slice(0, place) + letters[(letters.indexOf(d.c[place] ?? 'A') + 1 + (action.by % 62)) % 64] + d.c.slice(place + 1) },
        n: { ...d, n: d.n + action.by },
        s: { ...d, s: action.by.toString(16).padStart(32, '0') },
        e: { ...d, e: (d.e + 1) % 3 },
        to: d,
      }[action.field]
      // A frame sent back to where it came from, for one.
      world.queue.push({ d: changed, to: action.field === 'to' ? (letter.to === 'alice' ? 'bob' : 'alice') : letter.to })
      return
    }
    case 'inject':
      world.queue.push({ to: action.to, d: { k: SESSION.slice(0, 16), e: action.e, s: '7'.repeat(32), n: action.n, c: 'Q'.repeat(364) } })
      return
    case 'write': {
      const text = `${action.who} ${sent[action.who].length} ${action.long ? 'x'.repeat(30_000) : ''}`
      write(world, world[action.who], text)
      sent[action.who].push(text)
      return
    }
    case 'pass':
      return world.pass(action.ms)
    case 'restart':
      return world.restart(world[action.who])
    case 'fault':
      world[action.who].faults += 1
      return
    case 'full':
      world[action.who].room = world[action.who].room === 0 ? Infinity : 0
  }
}

describe('whatever happens on the way', () => {
  it('texts arrive exactly once and in order, a file arrives whole, and no key and number are used twice', () => {
    let epochs = 0
    let restarts = 0
    let faults = 0
    fc.assert(
      fc.property(fc.array(act, { minLength: 10, maxLength: 120 }), fc.nat(), (actions, seed) => {
        // Epochs change every 40 frames or 10 minutes: often both sides ask at once.
        const world = createWorld({ seed: String(seed), limits: { rekey: { frames: 40, ms: 600_000 }, age: { frames: 1e6, ms: 1e9 } } })
        try {
          openSession(world)
          const bytes = noise(90 * CHUNK + 5, String(seed))
          world.alice.channels.sendFile(SESSION, makeFile(world.alice, 'file.bin', bytes))
          const sent = { alice: [] as string[], bob: [] as string[] }
          const past: World['queue'] = []
          for (const action of actions) {
            try {
              play(world, sent, past, action)
            } catch (error) {
              if (!(error instanceof AppFault) || error.code !== 'DISK_FULL') throw error
              faults += 1
            }
            if (action.do === 'restart') restarts += 1
            // Never more than was said, never out of turn, at any moment.
            expect(arrived(world.bob)).toEqual(sent.alice.slice(0, arrived(world.bob).length))
            expect(arrived(world.alice)).toEqual(sent.bob.slice(0, arrived(world.alice).length))
          }
          for (const side of [world.alice, world.bob]) {
            side.room = Infinity
            side.faults = 0
          }
          const done = world.run(
            () =>
              undelivered(world.alice).length + undelivered(world.bob).length === 0 &&
              [world.alice, world.bob].every((side) => side.channels.files().length === 1 && side.channels.files().every((row) => row.state === 'done')),
            3_000,
          )
          expect({
            done,
            files: [world.alice, world.bob].map((side) => side.channels.files().map(({ state, next, reason }) => ({ state, next, reason }))),
          }).toMatchObject({
            done: true,
          })
          expect(arrived(world.bob)).toEqual(sent.alice)
          expect(arrived(world.alice)).toEqual(sent.bob)
          expect(Buffer.compare(fs.readFileSync(join(world.bob.downloads, 'file.bin')), bytes)).toBe(0)
          expect(fs.readdirSync(world.bob.downloads)).toEqual(['file.bin'])
          expect(world.reused).toEqual([])
          expect([world.alice.closed, world.bob.closed]).toEqual([[], []])
          epochs += world.bob.store.channel.get(SESSION)?.e ?? 0
        } finally {
          world.close()
        }
      }),
      // One seed for everybody, so that what the counts below ask for does not hang on luck; another by CHANNEL_SEED.
      { numRuns: Number(process.env['CHANNEL_RUNS'] ?? 25), seed: Number(process.env['CHANNEL_SEED'] ?? 7) },
    )
    expect(epochs).toBeGreaterThan(0)
    expect(restarts).toBeGreaterThan(0)
    expect(faults).toBeGreaterThan(0)
  })

  it('a file of 3 MB arrives over a relay that loses, doubles and swaps one frame in ten, with restarts on both sides', () => {
    const world = createWorld()
    openSession(world)
    const bytes = noise(3_000_000)
    world.alice.channels.sendFile(SESSION, makeFile(world.alice, 'big.bin', bytes))
    let dice = 1
    const roll = (n: number): number => {
      dice = (dice * 48_271) % 2_147_483_647
      return dice % n
    }
    for (let i = 0; i < 4_000 && world.bob.channels.files()[0]?.state !== 'done'; i += 1) {
      for (let k = 0; k < 20 && world.queue.length > 0; k += 1) {
        const face = roll(30)
        const [first] = world.queue
        if (face === 0) world.queue.shift()
        else if (face === 1 && first) world.queue.push(first)
        else if (face === 2) world.deliver(roll(world.queue.length))
        else world.deliver()
      }
      if (i === 60 || i === 200) world.restart(world.alice)
      if (i === 120 || i === 260) world.restart(world.bob)
      world.pass(50)
    }
    expect(world.run(() => world.alice.channels.files()[0]?.state === 'done')).toBe(true)
    expect(Buffer.compare(fs.readFileSync(join(world.bob.downloads, 'big.bin')), bytes)).toBe(0)
    expect(world.reused).toEqual([])
    world.close()
  })
})
