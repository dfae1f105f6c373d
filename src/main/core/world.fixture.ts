import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { noOrders, type StandingOrders } from './approvals/policy.ts'
import { withBoundaries } from './boundaries.fixture.ts'
import type { KxPub, PeerId, SignPub } from './brand.ts'
import { toHex, utf8 } from './crypto/bytes.ts'
import { ed25519PublicKey } from './crypto/ed25519.ts'
import { sha256 } from './crypto/hash.ts'
import { SecretBytes } from './crypto/secret.ts'
import { x25519PublicKey } from './crypto/x25519.ts'
import type { DomainEvent } from './events.ts'
import type { Self } from './hs/self.ts'
import type { Clock } from './ports.ts'
import { openProfile, type Profile } from './profile.ts'
import { encodeRelayLine } from './relay/envelope.ts'
import type { Transport, TransportEvent } from './relay/transport.ts'
import { openStore, type Store } from './store/store.ts'
import { testPorts } from './wallet.fixture.ts'

// For tests: profiles on their real stores, with time and the network in the test's hands.

export interface VirtualClock extends Clock {
  /** Runs everything that is due up to `ms` from now, in order. */
  advance(ms: number): void
  /** As when the machine sleeps: time passes at once, and what was due meanwhile runs once at the end. */
  sleep(ms: number): void
}

export const virtualClock = (start = Date.UTC(2026, 0, 2, 3, 4, 5)): VirtualClock => {
  let now = start
  let id = 0
  const timers = new Map<number, { at: number; run: () => void }>()
  const advance = (ms: number): void => {
    const end = now + ms
    for (;;) {
      let first: [number, { at: number; run: () => void }] | undefined
      for (const entry of timers) if (entry[1].at <= end && (!first || entry[1].at < first[1].at)) first = entry
      if (!first) break
      timers.delete(first[0])
      now = Math.max(now, first[1].at)
      first[1].run()
    }
    now = end
  }
  return {
    now: () => now,
    monotonic: () => now - start,
    zoneOffsetMinutes: () => 0,
    schedule: (ms, run) => {
      const key = ++id
      timers.set(key, { at: now + Math.max(ms, 0), run })
      return () => void timers.delete(key)
    },
    advance,
    sleep: (ms) => {
      now += ms
      advance(0)
    },
  }
}

/** Bytes that look random and are the same in each run, so that a failing case can be run again. */
export const seededRandom = (seed: string) => {
  let counter = 0
  return {
    bytes: (length: number): Uint8Array => {
      const out = new Uint8Array(length)
      for (let at = 0; at < length; at += 32) out.set(sha256(utf8(`${seed}:${counter++}`)).subarray(0, Math.min(32, length - at)), at)
      return out
    },
  }
}

export interface Side {
  readonly name: string
  readonly self: Self
  /** Where its database is. */
  readonly folder: string
  readonly events: DomainEvent[]
  profile: Profile
  store: Store
  /** Stopped and started again. */
  restart(): void
  /** The connection to the relay goes, or is back. */
  connect(on: boolean): void
  /** The socket takes nothing more, or can be written again; the connection stands. */
  choke(on: boolean): void
  approveAll(): void
  text(text: string): void
}

export interface World {
  readonly clock: VirtualClock
  readonly sides: readonly [Side, Side]
  /** What is logged as an error fails the test at once, unless it is expected: then it is collected here. */
  expected: string[] | null
  /** Lines on their way, oldest first. */
  readonly wire: { readonly to: Side; readonly raw: string }[]
  deliver(index: number): void
  /** Perfect delivery for so long. */
  calm(ms: number): void
  /** Something a person does; whoever dies of it is started again. */
  act(what: () => void): void
  close(): void
}

/** Unwinds the stack of a process that has died; nothing it still does has any effect. */
class Killed extends Error {}

/** Asked at every boundary of either side; true: that side dies here, as by SIGKILL, and starts again from what is on the disk. */
export type Reaper = (side: string, boundary: string) => boolean

export const openWorld = (seed: string, orders: StandingOrders = noOrders, reaper: Reaper | null = null, discoverable = false): World => {
  const clock = virtualClock()
  const wire: { to: Side; raw: string }[] = []
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'countersign-world-'))
  const expectation: { errors: string[] | null } = { errors: null }
  const cleanUp: (() => void)[] = []
  const offline = new Set<string>()
  const choked = new Set<string>()
  const dead: (() => void)[] = []

  const openSide = (name: string, other: () => Side | undefined): Side => {
    const random = seededRandom(`${seed}:${name}`)
    const [sign, kx] = [random.bytes(32), random.bytes(32)]
    const self: Self = {
      id: `00000000-0000-4000-8000-${toHex(random.bytes(6))}` as PeerId,
      name,
      signPub: toHex(ed25519PublicKey(sign)) as SignPub,
      kxPub: toHex(x25519PublicKey(kx)) as KxPub,
      signPriv: new SecretBytes(sign),
      kxPriv: new SecretBytes(kx),
    }
    const events: DomainEvent[] = []
    let lives = 0
    const link: { tell: (event: TransportEvent) => void } = { tell: () => {} }

    const start = (): { folder: string; store: Store; profile: Profile } => {
      const home = join(folder, lives === 0 ? name : `${name}-${lives}`)
      let alive = true
      const quietly = (run: () => void): void => {
        if (!alive) return
        try {
          run()
        } catch (error) {
          if (!(error instanceof Killed)) throw error
        }
      }
      const error = (text: string, fields?: Readonly<Record<string, unknown>>): void => {
        if (!alive) return
        if (!expectation.errors) throw new Error(`${name}: ${text} ${JSON.stringify(fields)}`)
        expectation.errors.push(text)
      }
      const ports = testPorts({
        clock: { ...clock, now: () => clock.now(), schedule: (ms, run) => clock.schedule(ms, () => quietly(run)) },
        random,
        log: { debug: () => {}, info: () => {}, warn: () => {}, error },
      })
      const handlers = new Set<(event: TransportEvent) => void>()
      const socket: Transport = {
        start: () => {},
        stop: () => Promise.resolve(),
        get state() {
          return !offline.has(name) ? { name: 'connected' as const } : { name: 'waiting' as const, retryAt: 0, attempt: 1, error: 'gone' }
        },
        on: (handler) => {
          handlers.add(handler)
          return () => handlers.delete(handler)
        },
        send: (line) => {
          const to = other()
          if (offline.has(name) || choked.has(name)) return false
          // A relay has no memory: who is not there yet misses it.
          if (to && alive && !offline.has(to.name)) wire.push({ to, raw: encodeRelayLine('127.0.0.1:50000', line).trimEnd() })
          return true
        },
      }
      link.tell = (event) => {
        for (const handler of handlers) handler(event)
      }
      const real = openStore(ports, { folder: home, myId: self.id })
      cleanUp.push(() => real.close())
      real.unlock(SecretBytes.copy(sha256(utf8(`column key of ${name}`))))

      const die = (): void => {
        lives += 1
        const next = join(folder, `${name}-${lives}`)
        mkdirSync(next)
        // The database as it is at this moment: of a transaction under way only what SQLite has written of it.
        for (const file of ['countersign.db', 'countersign.db-wal']) if (existsSync(join(home, file))) copyFileSync(join(home, file), join(next, file))
        alive = false
        // What was on its way to it is lost with its connection.
        for (let i = wire.length - 1; i >= 0; i -= 1) if (wire[i]?.to.name === name) wire.splice(i, 1)
        dead.push(() => Object.assign(side, start()))
      }
      const hit = (boundary: string): void => {
        if (!alive || !reaper?.(name, boundary)) return
        die()
        throw new Killed()
      }
      const parts = reaper ? withBoundaries(real, socket, hit) : { store: real, transport: socket }
      const opened = openProfile({
        ports,
        ...parts,
        self,
        orders,
        appVersion: 'test',
        // Registers would be most of what is on the wire; a knock shows a peer as well.
        discoverable: () => discoverable,
        hsOnly: true,
        next: null,
        downloads: () => home,
        get: () => Promise.reject(new Error('no network in this test')),
        publish: (published) => alive && events.push(...published.map((p) => p.event)),
      })
      const profile: Profile = {
        ...opened,
        line: (raw, at) =>
          quietly(() => {
            hit('line: before it is worked on')
            opened.line(raw, at)
            hit('line: after it was worked on')
          }),
      }
      cleanUp.push(opened.stop)
      return { folder: home, store: parts.store, profile }
    }
    const begin = (): ReturnType<typeof start> => {
      try {
        return start()
      } catch (error) {
        if (!(error instanceof Killed)) throw error
        dead.pop()
        return begin()
      }
    }
    const side: Side = {
      name,
      self,
      events,
      ...begin(),
      restart: () => {
        side.profile.stop()
        side.store.close()
        Object.assign(side, start())
      },
      choke: (on) => {
        if (on) choked.add(name)
        else if (choked.delete(name)) link.tell({ type: 'writable' })
      },
      connect: (on) => {
        if (on) offline.delete(name)
        else offline.add(name)
        // Lines on their way to it are lost: a relay has no memory.
        if (!on) for (let i = wire.length - 1; i >= 0; i -= 1) if (wire[i]?.to === side) wire.splice(i, 1)
        link.tell({ type: 'state', state: on ? { name: 'connected' } : { name: 'waiting', retryAt: 0, attempt: 1, error: 'gone' } })
      },
      approveAll: () => {
        for (const request of side.profile.approvals.waiting()) {
          const dto = side.profile.approvals.requestDto(request)
          if (dto.undoUntil === null) side.profile.approvals.decide(request.id, request.viewHash, 'approve', null)
        }
      },
      text: (text) => {
        const open = side.profile.sessions().find((s) => s.may.send)
        if (open) side.profile.send(open.id, text)
      },
    }
    return side
  }

  const pair: Side[] = []
  pair.push(openSide('alice', () => pair[1]))
  pair.push(openSide('bob', () => pair[0]))
  const sides = pair as [Side, Side]

  /** Who died is started again, as often as it takes (it may die while starting). */
  const revive = (): void => {
    for (let next = dead.pop(); next; next = dead.pop()) {
      try {
        next()
      } catch (error) {
        if (!(error instanceof Killed)) throw error
      }
    }
  }
  const act = (what: () => void): void => {
    try {
      what()
    } catch (error) {
      if (!(error instanceof Killed)) throw error
    }
    revive()
  }
  const deliver = (index: number): void => {
    const [line] = wire.splice(index, 1)
    if (line) act(() => line.to.profile.line(line.raw))
  }
  return {
    clock,
    sides,
    wire,
    get expected() {
      return expectation.errors
    },
    set expected(errors) {
      expectation.errors = errors
    },
    deliver,
    act,
    calm: (ms) => {
      const end = clock.now() + ms
      while (clock.now() < end) {
        while (wire.length > 0) deliver(0)
        clock.advance(Math.min(500, end - clock.now()))
        revive()
      }
      while (wire.length > 0) deliver(0)
    },
    close: () => {
      for (const clean of cleanUp.reverse()) clean()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
