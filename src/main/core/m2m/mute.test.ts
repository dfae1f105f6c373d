import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { AppFault } from '../fault.ts'
import { removeTempFolders } from '../store/testing.fixture.ts'
import { openWorld, type Side, type World } from './m2m.fixture.ts'
import type { AskStep } from './thread.ts'

afterAll(removeTempFolders)
let world: World
afterEach(() => world.close())

/** Persons approve until the thread of this side is asked about the step. */
const until = (side: Side, step: AskStep): void => {
  for (let i = 0; i < 20; i += 1) {
    world.calm(3_000)
    for (const one of world.sides) for (const asked of one.asks()) if (one !== side || asked.step !== step) one.decide(asked)
    world.settle()
    if (side.asks().some((asked) => asked.step === step)) return
  }
  throw new Error(`${side.name} was never asked to ${step}`)
}
const opened = (): World => {
  world = openWorld()
  for (const side of world.sides) side.policy = 'auto'
  world.alice.propose()
  world.settle()
  expect(world.sides.map((side) => side.state())).toEqual(['open', 'open'])
  return world
}
const rows = (side: Side): number => side.ledger.count(side.genesis)
const secretsOf = (side: Side): string[] =>
  side.m2m.threads().flatMap((t) => (['eph', 'keys'] as const).filter((kind) => side.store.m2mSecrets.get(t.id, kind) !== undefined))
const ends = (side: Side): number =>
  side.ledger.sessionRows(side.genesis, String(side.m2m.threads()[0]?.nonce)).filter((row) => row.transitionType === 'event').length
const clean = (): void => expect(world.report()).toMatchObject({ ok: true, findings: [] })

/** Why the ledger of a side takes no rows, and how that ends. */
const causes = {
  'is recovering': { begin: (side: Side) => side.ledger.setRecovering('restored'), end: (side: Side) => side.ledger.clearRecovering() },
  // Set back, and later set right.
  'has a clock in doubt': { begin: () => void (world.ports.now -= 3_600_000), end: () => void (world.ports.now += 3_600_000) },
} as const
type Cause = keyof typeof causes
const all = Object.keys(causes) as Cause[]

describe.each(all)('a ledger that %s', (cause) => {
  const { begin, end } = causes[cause]
  const mute = (side: Side): number => {
    begin(side)
    return rows(side)
  }
  const goOn = (side: Side): void => {
    end(side)
    for (const one of world.sides) one.m2m.goOn()
    world.calm(70_000, 5_000)
  }

  it.each([
    ['alice', 'key'],
    ['alice', 'activate'],
    ['bob', 'activate'],
  ] as const)('%s, asked to %s, blocks the peer: the keys go at once; the end follows once, also over a restart', (name, step) => {
    world = openWorld()
    const side = world[name]
    const peer = world.sides.find((one) => one !== side) as Side
    world.alice.propose()
    until(side, step)
    const before = mute(side)
    side.m2m.stop(peer.id, 'user')
    expect(side.state()).toBe('ended')
    expect(side.asks()).toEqual([])
    expect(secretsOf(side)).toEqual([])
    side.m2m.stop(peer.id, 'user')
    side.m2m.tick()
    side.restart()
    expect([rows(side), side.state()]).toEqual([before, 'ended'])
    goOn(side)
    expect(rows(side)).toBe(before + 1)
    side.m2m.goOn()
    side.m2m.tick()
    side.restart()
    expect(rows(side)).toBe(before + 1)
    expect(peer.state()).toBe('ended')
    clean()
  })

  it('an open session: a block closes its channel at once, and the close is written later', () => {
    const { alice, bob } = opened()
    const before = mute(alice)
    alice.m2m.stop(bob.id, 'user')
    expect([alice.state(), alice.channels(), rows(alice)]).toEqual(['closing', [], before])
    world.ports.now += 61_000
    alice.m2m.tick()
    expect([alice.state(), rows(alice)]).toEqual(['closed', before])
    goOn(alice)
    expect([alice.state(), bob.state(), rows(alice)]).toEqual(['closed', 'closed', before + 1])
    clean()
  })

  it('a channel that closes ends the session', () => {
    const { alice } = opened()
    const before = mute(alice)
    alice.m2m.channelClosed(String(alice.m2m.threads()[0]?.sessionId), 'age')
    expect([alice.state(), rows(alice)]).toEqual(['closing', before])
    goOn(alice)
    expect(rows(alice)).toBe(before + 1)
    clean()
  })
})

describe('a ledger that is recovering', () => {
  const mute = (side: Side): number => {
    side.ledger.setRecovering('restored')
    return rows(side)
  }
  const goOn = (side: Side): void => {
    side.ledger.clearRecovering()
    side.m2m.goOn()
    world.calm(70_000, 5_000)
  }

  it('the peer’s close is taken, and answered by a row later', () => {
    const { alice, bob } = opened()
    const seals = ends(alice)
    const before = mute(alice)
    bob.m2m.stop(alice.id, 'user')
    world.settle()
    expect([alice.state(), alice.channels(), rows(alice)]).toEqual(['closed', [], before])
    expect(secretsOf(alice)).toEqual([])
    goOn(alice)
    expect([alice.state(), bob.state(), rows(alice), ends(alice)]).toEqual(['closed', 'closed', before + 1, seals + 1])
    clean()
  })

  it('the peer’s abort is taken', () => {
    world = openWorld()
    const { alice, bob } = world
    alice.propose()
    until(bob, 'accept')
    const before = mute(alice)
    bob.decide(bob.asks()[0]!, { rejected: true, reason: 'rejected' })
    world.settle()
    expect([alice.state(), rows(alice)]).toEqual(['ended', before])
    goOn(alice)
    expect(rows(alice)).toBe(before + 1)
    clean()
  })

  it('a timer waits, a minute at a time, and holds up no other', () => {
    world = openWorld()
    const { alice } = world
    alice.propose()
    alice.approveAll()
    world.ports.now += 2 * 86_400_000
    const before = mute(alice)
    for (let minutes = 0; minutes < 3; minutes += 1) {
      alice.m2m.tick()
      expect(alice.state()).toBe('i.sent')
      expect(alice.m2m.nextDue()).toBe(world.ports.now + 60_000)
      world.ports.now += 60_000
    }
    goOn(alice)
    expect([alice.state(), rows(alice)]).toEqual(['ended', before + 1])
    clean()
  })

  it('an activate row of the peer waits: the seal could not be written', () => {
    world = openWorld()
    const { alice, bob } = world
    alice.propose()
    until(bob, 'activate')
    for (const side of world.sides) side.approveAll()
    // What was decided is on its way; one of the two has not heard of the other yet.
    const waiting = world.sides.find((side) => side.state() === 'i.act' || side.state() === 'r.act') as Side
    const before = mute(waiting)
    world.settle()
    expect([waiting.state(), rows(waiting)]).toEqual([waiting === alice ? 'i.act' : 'r.act', before])
    goOn(waiting)
    expect(world.sides.map((side) => side.state())).toEqual(['open', 'open'])
    clean()
  })
})

describe('a clock that jumped', () => {
  it('ends nothing before a person has looked at it', () => {
    world = openWorld()
    const { alice } = world
    alice.propose()
    alice.approveAll()
    const before = rows(alice)
    world.ports.now += 31 * 86_400_000
    alice.m2m.tick()
    expect([alice.state(), rows(alice)]).toEqual(['i.sent', before])
    expect(alice.m2m.nextDue()).toBe(world.ports.now + 60_000)
    expect(() => alice.propose()).toThrow('confirmed the computer’s clock')
    alice.ledger.confirmClock()
    alice.m2m.goOn()
    alice.m2m.tick()
    expect([alice.state(), rows(alice)]).toEqual(['ended', before + 1])
    clean()
  })
})

describe('ends that are owed', () => {
  it('wait where the peer’s last row is ahead of the clock: it could not be named', () => {
    const { alice, bob } = opened()
    world.ports.now -= 3_600_000
    alice.m2m.stop(bob.id, 'user')
    const before = rows(alice)
    alice.ledger.confirmClock()
    alice.m2m.goOn()
    expect(rows(alice)).toBe(before)
    world.ports.now += 3_600_000
    alice.m2m.tick()
    expect(rows(alice)).toBe(before + 1)
    clean()
  })

  it('to a peer whose card is gone: the row is written, nobody is told', () => {
    const { alice, bob } = opened()
    alice.ledger.setRecovering('restored')
    alice.m2m.stop(bob.id, 'user')
    alice.delivery.forget(bob.id)
    const before = rows(alice)
    alice.ledger.clearRecovering()
    alice.m2m.goOn()
    expect(rows(alice)).toBe(before + 1)
  })

  it('are tried by the timer too, where nobody says that the ledger goes on', () => {
    const { alice, bob } = opened()
    alice.ledger.setRecovering('restored')
    const before = rows(alice)
    alice.m2m.stop(bob.id, 'user')
    alice.m2m.tick()
    alice.ledger.clearRecovering()
    expect(alice.m2m.nextDue()).toBeLessThanOrEqual(world.ports.now + 60_000)
    world.pass(60_000)
    expect(rows(alice)).toBe(before + 1)
  })
})

describe('a fork', () => {
  it('freezes all threads but the one that cannot be', () => {
    world = openWorld()
    const { alice, bob } = world
    for (const side of world.sides) side.policy = 'auto'
    const ids = [0, 1, 2].map(() => {
      const id = alice.propose()
      world.calm(3_000)
      return id
    })
    const [bad] = ids
    const wipe = alice.store.m2mSecrets.wipe
    const spy = vi.spyOn(alice.store.m2mSecrets, 'wipe').mockImplementation((id, kind) => {
      if (id === bad) throw new AppFault('CORRUPT', 'from the test')
      wipe(id, kind)
    })
    expect(() => alice.m2m.forked(bob.genesis, 'two rows')).toThrow('from the test')
    spy.mockRestore()
    expect(ids.map((id) => alice.state(id))).toEqual(['open', 'frozen', 'frozen'])
    alice.restart()
    expect(ids.map((id) => alice.state(id))).toEqual(['open', 'frozen', 'frozen'])
  })
})
