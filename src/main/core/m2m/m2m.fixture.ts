import { randomBytes } from 'node:crypto'
import type { Genesis, PeerId } from '../brand.ts'
import { toHex } from '../crypto/bytes.ts'
import type { SecretBytes } from '../crypto/secret.ts'
import { AppFault } from '../fault.ts'
import { audit } from '../ledger/audit.ts'
import { nextCommitment } from '../ledger/genesis.ts'
import { createLedger, type Ledger } from '../ledger/ledger.ts'
import { Party } from '../ledger/story.fixture.ts'
import { openStore, type Store } from '../store/store.ts'
import { columnKey, myId, type TestPorts, tempFolder, testPorts } from '../store/testing.fixture.ts'
import { createWork, type Work } from '../work.ts'
import { headerOfCard } from './card.ts'
import { createDelivery } from './delivery.ts'
import type { Delivery } from './delivery-types.ts'
import { createM2m } from './engine.ts'
import type { M2m, M2mDeps, Outcome } from './engine-types.ts'
import type { AskStep, StateName } from './thread.ts'

// For tests: two whole engines on real stores, ledgers and deliveries; time, chance and the wire are in the test's hands.

export class Killed extends Error {}

export interface Line {
  readonly from: Side
  readonly to: Side
  readonly payload: Record<string, unknown>
}

type Asked = { readonly thread: string; readonly step: AskStep }

export interface KeySet {
  readonly side: string
  readonly sessionId: string
  readonly a2b: string
  readonly b2a: string
  readonly root: string
}

export interface Side {
  readonly name: string
  readonly id: PeerId
  readonly world: World
  readonly genesis: Genesis
  readonly folder: string
  store: Store
  work: Work
  ledger: Ledger
  delivery: Delivery
  m2m: M2m
  readonly notes: string[]
  readonly drops: string[]
  readonly moves: string[]
  /** What the engine handed to the delivery: type and seqs of its rows. */
  readonly sent: string[]
  dead: boolean
  policy: 'ask' | 'auto'
  pinned: boolean
  frozen: boolean
  blocked: boolean
  /** What waits for a person. */
  asks(): readonly Asked[]
  decide(asked: Asked, outcome?: Outcome): void
  /** Approves whatever waits, until nothing does. */
  approveAll(scope?: 'step' | 'handshake'): void
  propose(): string
  /** Sessions with an open channel. */
  channels(): readonly string[]
  /** The process ends, wherever it is, and begins again. */
  restart(): void
  state(threadId?: string): StateName | undefined
}

export interface World {
  readonly ports: TestPorts
  readonly alice: Side
  readonly bob: Side
  readonly sides: readonly [Side, Side]
  /** On the wire. */
  readonly wire: Line[]
  /** Every set of keys a channel was ever opened with. */
  readonly keys: KeySet[]
  deliver(line: Line): void
  /** Carries everything until nothing is left. */
  settle(): void
  /** Time passes, both look at their timers; nothing is carried. */
  pass(ms: number): void
  /** Time passes in steps, everything is carried. */
  calm(ms: number, stepMs?: number): void
  /** Both are on the relay and show their cards. */
  meet(): void
  /** An audit of the two chains, with the `confirm` keys that somebody shows. */
  report(confirmKeys?: Readonly<Record<string, string>>): ReturnType<typeof audit>['report']
  close(): void
}

export interface WorldOptions {
  readonly random?: () => { bytes(length: number): Uint8Array }
  /** Called at each boundary; true = the process dies there. */
  readonly reaper?: (side: string, boundary: string) => boolean
  readonly swap?: boolean
}

const approved = (scope: 'step' | 'handshake' = 'step'): Outcome => ({ approved: true, scope, decisionHash: toHex(randomBytes(32)), by: 'person' })

export const openWorld = (options: WorldOptions = {}): World => {
  const ports = testPorts()
  const wire: Line[] = []
  const keys: KeySet[] = []
  const random = options.random?.() ?? ports.random

  const sideOf = (name: string, byte: number): Side => {
    const folder = tempFolder()
    const own = Party.keysOf(byte)
    const id = `id-${name}` as PeerId
    const side = {
      name,
      id,
      folder,
      notes: [] as string[],
      drops: [] as string[],
      moves: [] as string[],
      sent: [] as string[],
      dead: false,
      policy: 'ask' as const,
      pinned: true,
      frozen: false,
      blocked: false,
    } as unknown as Side & { world: World; genesis: Genesis }

    const hit = (boundary: string): void => {
      if (side.dead) throw new Killed(boundary)
      if (options.reaper?.(name, boundary) === true) {
        side.dead = true
        throw new Killed(boundary)
      }
    }
    const asksIn = (store: Store): Asked[] => (store.settings.get('test:asks') as Asked[] | undefined) ?? []

    const open = (): void => {
      side.dead = false
      const real = openStore(ports, { folder, myId })
      real.unlock(columnKey())
      const store: Store = {
        ...real,
        get locked() {
          return real.locked
        },
        transaction: (change) => {
          hit('store: before the transaction')
          const value = real.transaction(() => {
            const done = change()
            hit('store: before the commit')
            return done
          })
          hit('store: after the commit')
          return value
        },
      }
      const work = createWork({ transaction: store.transaction, store: () => 1, publish: () => undefined })
      const self = { id, name, signPub: own.sign_pub, kxPub: own.kx_pub, signPriv: own.seed, kxPriv: own.kx }
      const myPorts = { ...ports, random }
      const ledger = createLedger({ ports: myPorts, store, work, self, next: nextCommitment(Party.keysOf(byte + 100)) })
      const delivery = createDelivery({
        ports: myPorts,
        store,
        work,
        ledger,
        self,
        suites: ['x25519'],
        discoverable: () => true,
        frozen: () => side.frozen,
        hasThread: (genesis) => side.m2m.hasThread(genesis),
        transmit: (payload) => {
          hit('line: before it leaves')
          const to = side.world.sides.find((one) => one.id === payload.to)
          if (to !== undefined) wire.push({ from: side, to, payload: JSON.parse(JSON.stringify(payload)) as Record<string, unknown> })
          hit('line: after it left')
          return true
        },
        onMessage: (message) => side.m2m.message(message),
        onGaveUp: (thread) => side.m2m.gaveUp(thread),
        onCard: () => undefined,
        onFork: (_from, genesis, fork) => side.m2m.forked(genesis, fork.why),
        note: (_peer, _level, text) => void side.notes.push(text),
        dropped: (why) => void side.drops.push(why),
      })
      /** As the engine hands them over; bodies on the wire are sealed. */
      const told: M2mDeps['delivery'] = {
        send: (to, message, more) => {
          const rows = 'rows' in message ? message.rows.map((row) => row.seq) : []
          work.after(() => side.sent.push(rows.length === 0 ? message.t : `${message.t} ${rows.join(' ')}`))
          return delivery.send(to, message, more)
        },
        cancel: delivery.cancel,
      }
      const hexOf = (secret: SecretBytes): string => secret.use(toHex)
      const deps: M2mDeps = {
        ports: myPorts,
        store,
        work,
        ledger,
        delivery: told,
        self,
        channels: {
          open: ({ sessionId, a2b, b2a, root }) => {
            const made = { side: name, sessionId, a2b: hexOf(a2b), b2a: hexOf(b2a), root: hexOf(root) }
            store.settings.set(`test:channel:${sessionId}`, { open: true })
            store.settings.set('test:channels', [...((store.settings.get('test:channels') as string[] | undefined) ?? []), sessionId])
            work.after(() => keys.push(made))
          },
          has: (sessionId) => store.settings.get(`test:channel:${sessionId}`) !== undefined && store.settings.get(`test:channel:${sessionId}`) !== null,
          close: (sessionId) => store.settings.set(`test:channel:${sessionId}`, { open: false }),
          wipe: (sessionId) => store.settings.set(`test:channel:${sessionId}`, null),
        },
        peers: {
          get: () => ({ trust: side.blocked ? 'blocked' : side.frozen ? 'changed' : side.pinned ? 'pinned' : 'seen', pinnedAt: side.pinned ? 1 : null }),
          frozen: () => side.frozen || side.blocked,
          machineOf: (peer) => {
            const known = delivery.peerOf(peer)
            return known === undefined ? null : { genesis: known.genesis, header: headerOfCard(known.card) }
          },
        },
        approvals: () => ({
          ask: (thread, _peer, step) => {
            // As the real ones do: what is asked must be possible to show.
            side.m2m.preview(thread, step)
            const all = asksIn(store)
            if (!all.some((one) => one.thread === thread && one.step === step)) store.settings.set('test:asks', [...all, { thread, step }])
          },
          unask: (thread) =>
            store.settings.set(
              'test:asks',
              asksIn(store).filter((one) => one.thread !== thread),
            ),
          asked: (thread, step) => asksIn(store).some((one) => one.thread === thread && one.step === step),
        }),
        auto: (thread, step) => {
          if (step === 'close' || step === 'abort') return null
          if (side.policy === 'auto') return { decisionHash: toHex(random.bytes(32)), by: 'policy', scope: 'step' }
          return thread.rest && (step === 'key' || step === 'activate')
            ? { decisionHash: toHex(random.bytes(32)), by: 'person-earlier', scope: 'handshake' }
            : null
        },
        changed: () => undefined,
        moved: (thread, from) => {
          side.moves.push(`${from} → ${thread.state}`)
        },
        notice: (_peer, _level, text) => void side.notes.push(text),
        dropped: (why) => void side.drops.push(why),
      }
      Object.assign(side, { store: real, work, ledger, delivery })
      side.m2m = createM2m(deps)
      side.m2m.resume()
      delivery.start()
      side.genesis ??= ledger.own().genesis
    }

    Object.assign(side, {
      asks: () => asksIn(side.store),
      decide: (asked: Asked, outcome: Outcome = approved()) =>
        side.work.run(() => {
          side.store.settings.set(
            'test:asks',
            asksIn(side.store).filter((one) => one.thread !== asked.thread || one.step !== asked.step),
          )
          side.m2m.execute(asked.thread, asked.step, outcome)
        }),
      approveAll: (scope: 'step' | 'handshake' = 'step') => {
        for (let next = side.asks()[0]; next !== undefined; next = side.asks()[0]) side.decide(next, approved(scope))
      },
      propose: () => side.m2m.propose((side.world.sides.find((one) => one !== side) as Side).id, { byPolicy: side.policy === 'auto' }),
      channels: () =>
        ((side.store.settings.get('test:channels') as string[] | undefined) ?? []).filter(
          (sessionId) => (side.store.settings.get(`test:channel:${sessionId}`) as { open: boolean } | null)?.open === true,
        ),
      restart: () => {
        side.dead = true
        side.store.close()
        open()
        side.world.meet()
      },
      state: (threadId?: string) => (threadId === undefined ? side.m2m.threads()[0] : side.m2m.thread(threadId))?.state,
    })
    return Object.assign(side, { begin: open })
  }

  const first = sideOf('alice', options.swap === true ? 3 : 1)
  const second = sideOf('bob', options.swap === true ? 1 : 3)
  const sides: readonly [Side, Side] = [first, second]

  const guarded = (side: Side, run: () => void): void => {
    try {
      run()
    } catch (error) {
      // The process is gone; or a person, or a peer, wanted what is not possible.
      if (!(error instanceof Killed || error instanceof AppFault)) throw error
    }
    if (side.dead) side.restart()
  }

  const world: World = {
    ports,
    alice: first,
    bob: second,
    sides,
    wire,
    keys,
    deliver: ({ from, to, payload }) => guarded(to, () => to.delivery.receive(from.id, JSON.parse(JSON.stringify(payload)) as Record<string, unknown>)),
    settle: () => {
      for (let line = wire.shift(); line !== undefined; line = wire.shift()) world.deliver(line)
    },
    pass: (ms) => {
      ports.now += ms
      for (const side of sides) {
        guarded(side, () => side.delivery.tick())
        guarded(side, () => side.m2m.tick())
      }
    },
    calm: (ms, stepMs = 1_000) => {
      for (let gone = 0; gone < ms; gone += stepMs) {
        world.pass(Math.min(stepMs, ms - gone))
        world.settle()
      }
    },
    meet: () => {
      for (const [to, from] of [sides, [second, first]] as const)
        if (!to.dead && !from.dead) to.delivery.fromRegister(from.id, JSON.parse(JSON.stringify(from.delivery.registerKey())))
    },
    report: (confirmKeys = {}) => audit({ a: first.ledger.chain(first.genesis), b: second.ledger.chain(second.genesis) }, { confirmKeys }).report,
    close: () => {
      for (const side of sides) side.store.close()
    },
  }
  for (const side of sides) {
    Object.assign(side, { world })
    ;(side as Side & { begin(): void }).begin()
  }
  world.meet()
  return world
}

export { approved }
