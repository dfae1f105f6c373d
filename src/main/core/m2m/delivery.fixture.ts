import type { Genesis, PeerId } from '../brand.ts'
import type { SecretBytes } from '../crypto/secret.ts'
import { keysOf, type LedgerWorld, ledgerWorld } from '../ledger/ledger.fixture.ts'
import type { Row } from '../ledger/row.ts'
import { type TestPorts, tempFolder, testPorts } from '../store/testing.fixture.ts'
import { createDelivery } from './delivery.ts'
import type { Answer, CardReport, Delivery, DeliveryDeps, Fork, Inbound } from './delivery-types.ts'
import type { Outgoing } from './message.ts'

/** A wallet's delivery over a real store and ledger; what it transmits is collected in `line`. */
export interface Wallet {
  readonly id: PeerId
  readonly name: string
  readonly ports: TestPorts
  world: LedgerWorld
  delivery: Delivery
  readonly self: { id: PeerId; name: string; signPriv: SecretBytes; kxPriv: SecretBytes }
  readonly line: Record<string, unknown>[]
  readonly inbox: Inbound[]
  readonly gaveUp: { thread: string; t: string }[]
  readonly refused: { thread: string; t: string; code: string }[]
  readonly cards: { from: PeerId; report: CardReport }[]
  readonly forks: Fork[]
  readonly notes: string[]
  readonly drops: string[]
  /** What the handler does; the message is in `inbox` already. */
  handler: (message: Inbound) => Answer | 'later' | null
  connected: boolean
  discoverable: boolean
  threads: Set<Genesis>
  frozen: Set<PeerId>
  genesis: Genesis
  /** The process ends and begins again; what it had not sent is lost. */
  restart(): void
  event(text: string): Row
  write(to: Wallet, message: Outgoing, options?: { thread?: string | null; re?: string; giveUpAt?: number }): string
}

export const wallet = (name: string, byte: number, ports = testPorts()): Wallet => {
  const keys = keysOf(byte)
  const folder = tempFolder()
  const id = `id-${name}` as PeerId
  const wallet: Omit<Wallet, 'delivery' | 'world' | 'genesis'> & Partial<Wallet> = {
    id,
    name,
    ports,
    self: { id, name, signPriv: keys.seed, kxPriv: keys.kx },
    line: [],
    inbox: [],
    gaveUp: [],
    refused: [],
    cards: [],
    forks: [],
    notes: [],
    drops: [],
    handler: () => null,
    connected: true,
    discoverable: true,
    threads: new Set(),
    frozen: new Set(),
    restart: () => {
      whole.line.length = 0
      whole.world.store.close()
      open()
    },
    event: (text) => whole.world.work.run(() => whole.world.ledger.append(whole.genesis, { type: 'event', payload: { type: 'note', payload: text } })),
    write: (to, message, { thread = null, ...rest } = {}) => whole.world.work.run(() => whole.delivery.send(to.id, message, { thread, ...rest })),
  }
  const whole = wallet as Wallet
  const open = (): void => {
    whole.world = ledgerWorld(name, byte, folder, ports)
    whole.genesis = whole.world.ledger.own().genesis
    const deps: DeliveryDeps = {
      ports,
      store: whole.world.store,
      work: whole.world.work,
      ledger: whole.world.ledger,
      self: whole.self,
      suites: ['x25519'],
      discoverable: () => whole.discoverable,
      frozen: (peer) => whole.frozen.has(peer),
      hasThread: (genesis) => whole.threads.has(genesis),
      transmit: (payload) => {
        if (whole.connected) whole.line.push(payload)
        return whole.connected
      },
      onMessage: (message) => {
        const answer = whole.handler(message)
        if (answer !== 'later') whole.inbox.push(message)
        return answer
      },
      onGaveUp: (thread, _peer, message) => whole.gaveUp.push({ thread, t: message.t }),
      onRefused: (thread, _peer, { t, code }) => whole.refused.push({ thread, t, code }),
      onCard: (from, _card, report) => whole.cards.push({ from, report }),
      onFork: (_from, _genesis, fork) => whole.forks.push(fork),
      note: (_peer, _level, text) => whole.notes.push(text),
      dropped: (why) => whole.drops.push(why),
    }
    whole.delivery = createDelivery(deps)
    whole.delivery.start()
  }
  open()
  return whole
}

/** As the relay would: JSON there and back. */
export const copy = <T>(payload: T): T => JSON.parse(JSON.stringify(payload)) as T

export const deliver = (to: Wallet, from: Wallet, payload: Record<string, unknown>): void => to.delivery.receive(from.id, copy(payload))

/** Carries everything both ways until nothing is left, without loss. */
export const settle = (...wallets: Wallet[]): void => {
  for (let moved = true; moved; ) {
    moved = false
    for (const from of wallets)
      for (const payload of from.line.splice(0)) {
        moved = true
        const to = wallets.find((one) => one.id === payload['to'])
        if (to !== undefined) deliver(to, from, payload)
      }
  }
}

/** Both have the other's card. */
export const introduce = (a: Wallet, b: Wallet): void => {
  a.delivery.fromRegister(b.id, copy(b.delivery.registerKey()))
  b.delivery.fromRegister(a.id, copy(a.delivery.registerKey()))
}

/** Moves the clock and ticks. */
export const pass = (ms: number, ...wallets: Wallet[]): void => {
  for (const ports of new Set(wallets.map((one) => one.ports))) ports.now += ms
  for (const one of wallets) one.delivery.tick()
}
