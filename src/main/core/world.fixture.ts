import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { noOrders, type StandingOrders } from './approvals/policy.ts'
import type { KxPub, PeerId, SignPub } from './brand.ts'
import { toHex, utf8 } from './crypto/bytes.ts'
import { ed25519PublicKey } from './crypto/ed25519.ts'
import { sha256 } from './crypto/hash.ts'
import { SecretBytes } from './crypto/secret.ts'
import { x25519PublicKey } from './crypto/x25519.ts'
import type { DomainEvent } from './events.ts'
import type { Self } from './hs/self.ts'
import { openProfile, type Profile } from './profile.ts'
import type { Clock } from './ports.ts'
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
  /** As after a crash: what was not committed is gone. */
  restart(): void
  approveAll(): void
  text(text: string): void
}

export interface World {
  readonly clock: VirtualClock
  /** What is logged as an error fails the test at once, unless it is expected: then it is collected here. */
  expected: string[] | null
  readonly sides: readonly [Side, Side]
  /** Lines on their way, oldest first. */
  readonly wire: { readonly to: Side; readonly raw: string }[]
  deliver(index: number): void
  /** Perfect delivery for so long. */
  calm(ms: number): void
  close(): void
}

export const openWorld = (seed: string, orders: StandingOrders = noOrders): World => {
  const clock = virtualClock()
  const wire: { to: Side; raw: string }[] = []
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'countersign-world-'))

  const openSide = (name: string, other: () => Side | undefined): Side => {
    const random = seededRandom(`${seed}:${name}`)
    const ports = testPorts({ clock, random, log: { debug: () => {}, info: () => {}, warn: () => {}, error: (text, fields) => {
          if (!world.expected) throw new Error(`${name}: ${text} ${JSON.stringify(fields)}`)
          world.expected.push(text)
        } } })
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
    const handlers = new Set<(event: TransportEvent) => void>()
    const transport: Transport = {
      start: () => {},
      stop: () => Promise.resolve(),
      state: { name: 'connected' },
      on: (handler) => {
        handlers.add(handler)
        return () => handlers.delete(handler)
      },
      send: (line) => {
        const to = other()
        // A relay has no memory: who is not there yet misses it.
        if (to) wire.push({ to, raw: encodeRelayLine('127.0.0.1:50000', line).trimEnd() })
        return true
      },
    }
    const start = (): { store: Store; profile: Profile } => {
      const store = openStore(ports, { folder: join(folder, name), myId: self.id })
      store.unlock(SecretBytes.copy(sha256(utf8(`column key of ${name}`))))
      const profile = openProfile({
        ports,
        store,
        self,
        transport,
        orders,
        appVersion: 'test',
        // Registers would be most of what is on the wire; a knock shows a peer as well.
        discoverable: () => false,
        publish: (published) => events.push(...published.map((p) => p.event)),
      })
      return { store, profile }
    }
    const side: Side = {
      name,
      self,
      folder: join(folder, name),
      events,
      ...start(),
      restart: () => {
        side.profile.stop()
        side.store.close()
        Object.assign(side, start())
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

  const deliver = (index: number): void => {
    const [line] = wire.splice(index, 1)
    if (line) line.to.profile.line(line.raw)
  }
  Object.assign(world, { sides })
  return Object.assign(world, {
    clock,
    wire,
    deliver,
    calm: (ms) => {
      const end = clock.now() + ms
      while (clock.now() < end) {
        while (wire.length > 0) deliver(0)
        clock.advance(Math.min(500, end - clock.now()))
      }
      while (wire.length > 0) deliver(0)
    },
    close: () => {
      for (const side of sides) {
        side.profile.stop()
        side.store.close()
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
