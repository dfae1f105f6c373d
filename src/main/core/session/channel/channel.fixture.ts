import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { join } from 'node:path'
import type { PeerId } from '../../brand.ts'
import { SecretBytes } from '../../crypto/secret.ts'
import { AppFault } from '../../fault.ts'
import { nodeFiles } from '../../node-ports.ts'
import type { Files, Ports } from '../../ports.ts'
import type { FileRow } from '../../store/files.ts'
import { openStore, type Store } from '../../store/store.ts'
import { columnKey, tempFolder } from '../../store/testing.fixture.ts'
import { createWork, type Work } from '../../work.ts'
import type { ChannelDeps, Channels } from './channel-deps.ts'
import { createChannels } from './channels.ts'
import type { Frame } from './frame.ts'

/** For the channel's tests: two wallets with real stores, a clock that stands, and a relay that does what the test says. */

export const SESSION = '5d4e18c22fded467dd79d3ffa1c4e9944f7e2710c3479ea843be0440d64eca47'
const fill = (byte: number): SecretBytes => SecretBytes.take(new Uint8Array(32).fill(byte))

export interface Clocks {
  wall: number
  mono: number
}

export interface Letter {
  readonly to: 'alice' | 'bob'
  readonly d: Frame
}

export interface Side {
  readonly name: 'alice' | 'bob'
  readonly id: PeerId
  readonly folder: string
  readonly downloads: string
  store: Store
  work: Work
  channels: Channels
  ports: Ports
  /** Overrides of the file system. */
  files: Partial<Files>
  readonly delivered: number[]
  readonly closed: string[]
  readonly lost: number[]
  readonly apps: string[]
  readonly dropped: string[]
  readonly fileNews: FileRow[]
  /** Room in the socket; frames beyond are refused. */
  room: number
  /** Transactions that fail from now on. */
  faults: number
  /** Accepts every file at once. */
  accepting: boolean
}

export interface World {
  readonly clock: Clocks
  readonly alice: Side
  readonly bob: Side
  queue: Letter[]
  /** Everything that was ever handed to a transport, `who:e:s:n` → sealed bytes. */
  readonly used: Map<string, string>
  readonly reused: string[]
  other(side: Side): Side
  /** Frees the process's memory, keeps the disk: as after a kill. */
  restart(side: Side): void
  pass(ms: number): void
  deliver(index?: number): void
  deliverAll(): void
  /** Lets time and frames run until `done` or for `steps` rounds. */
  run(done: () => boolean, steps?: number): boolean
  close(): void
}

const start = (world: World, side: Side, limits: ChannelDeps['limits']): void => {
  side.store = openStore(side.ports, { folder: side.folder, myId: side.id })
  side.store.unlock(columnKey())
  const { store } = side
  const transaction = <T>(change: () => T): T =>
    store.transaction(() => {
      const result = change()
      if (side.faults > 0) {
        side.faults -= 1
        throw new AppFault('DISK_FULL', 'from the test')
      }
      return result
    })
  side.work = createWork({ transaction, store: () => 0, publish: () => undefined })
  side.channels = createChannels({
    ports: side.ports,
    store,
    work: side.work,
    transmit: (to, d) => {
      const use = `${side.name}:${d.e}:${d.s}:${d.n}`
      const before = world.used.get(use)
      if (before !== undefined && before !== d.c) world.reused.push(use)
      world.used.set(use, d.c)
      if (side.room <= 0) return false
      side.room -= 1
      world.queue.push({ to: to === world.alice.id ? 'alice' : 'bob', d })
      return true
    },
    onText: (session, text, at) => void store.messages.add({ session, peer: world.other(side).id, direction: 'theirs', seq: 0, at, text, state: 'done' }),
    onDelivered: (_, row) => void store.messages.setState(row, 'done'),
    onLost: (_, rows) => void side.lost.push(...rows),
    onApp: (_, name, bytes) => void side.apps.push(`${name}:${bytes.length}`),
    onOffer: (file) => {
      if (side.accepting) side.work.after(() => void side.channels.acceptFile(file.id, side.downloads))
    },
    onFile: (file) => void side.fileNews.push(file),
    onClose: (_, reason) => void side.closed.push(reason),
    dropped: (why) => void side.dropped.push(why),
    ...(limits === undefined ? {} : { limits }),
  })
  side.channels.resume()
}

const sideOf = (name: 'alice' | 'bob', clock: Clocks, seed: string): Side => {
  const folder = tempFolder()
  const downloads = join(folder, '..', 'downloads')
  fs.mkdirSync(downloads)
  let count = 0
  const files: Partial<Files> = {}
  const disk = new Proxy(nodeFiles, { get: (target, key: keyof Files) => files[key] ?? target[key] })
  const ports: Ports = {
    clock: { now: () => clock.wall, monotonic: () => clock.mono, zoneOffsetMinutes: () => 0, schedule: (_, run) => (setImmediate(run), () => undefined) },
    random: {
      bytes: (length) => {
        count += 1
        return new Uint8Array(createHash('sha512').update(`${seed}/${name}/${count}`).digest()).slice(0, length)
      },
    },
    kdf: { scrypt: () => Promise.reject(new Error('not here')) },
    files: disk,
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  }
  const lists = { delivered: [], closed: [], lost: [], apps: [], dropped: [], fileNews: [] }
  // `start` fills in the rest.
  return { name, id: `id-of-${name}` as PeerId, folder, downloads, ports, files, room: Infinity, faults: 0, accepting: true, ...lists } as unknown as Side
}

export const createWorld = (options: { readonly seed?: string; readonly limits?: ChannelDeps['limits'] } = {}): World => {
  const { seed = 'seed', limits } = options
  const clock = { wall: Date.UTC(2026, 10, 22, 7), mono: 5_000 }
  const alice = sideOf('alice', clock, seed)
  const bob = sideOf('bob', clock, seed)
  const world: World = {
    clock,
    alice,
    bob,
    queue: [],
    used: new Map(),
    reused: [],
    other: (side) => (side.name === 'alice' ? world.bob : world.alice),
    restart: (side) => {
      side.channels.lock()
      side.store.close()
      start(world, side, limits)
    },
    pass: (ms) => {
      clock.wall += ms
      clock.mono += ms
      for (const side of [alice, bob]) side.channels.tick()
    },
    deliver: (index = 0) => {
      const [letter] = world.queue.splice(index, 1)
      if (letter) world[letter.to].channels.frame(letter.to === 'alice' ? bob.id : alice.id, JSON.parse(JSON.stringify(letter.d)))
    },
    deliverAll: () => {
      while (world.queue.length > 0) world.deliver()
    },
    run: (done, steps = 400) => {
      for (let i = 0; i < steps; i += 1) {
        world.deliverAll()
        if (done()) return true
        const dues = [alice, bob].map((side) => side.channels.nextDue()).filter((due) => due !== null)
        const next = dues.length === 0 ? 1000 : Math.min(...dues) - clock.wall
        world.pass(Math.min(Math.max(next, 0), 30_000))
      }
      return done()
    },
    close: () => {
      for (const side of [alice, bob]) {
        side.channels.lock()
        side.store.close()
      }
    },
  }
  for (const side of [alice, bob]) start(world, side, limits)
  return world
}

/** Opens the session on both sides, with keys of the golden data's form. */
export const openSession = (world: World): void => {
  for (const side of [world.alice, world.bob])
    side.channels.open({
      sessionId: SESSION,
      role: side.name === 'alice' ? 'initiator' : 'responder',
      peerId: world.other(side).id,
      a2b: fill(1),
      b2a: fill(2),
      root: fill(3),
    })
}

/** Writes the row of the conversation and sends it. @returns the row's id. */
export const write = (world: World, side: Side, text: string): number =>
  side.work.run(() => {
    const row = side.store.messages.add({
      ...{ session: SESSION, peer: world.other(side).id, direction: 'ours', seq: 0, at: world.clock.wall, text, state: 'queued' },
    })
    side.channels.sendText(SESSION, text, row)
    return row
  })

const rowsOf = (side: Side) => side.store.messages.after(0, 10_000)
/** Texts that arrived, in the order of the conversation. */
export const arrived = (side: Side): string[] =>
  rowsOf(side)
    .filter((row) => row.direction === 'theirs')
    .map((row) => row.text)
/** Own texts without an acknowledgement. */
export const undelivered = (side: Side): string[] =>
  rowsOf(side)
    .filter((row) => row.direction === 'ours' && row.state !== 'done')
    .map((row) => row.text)

/** A file in the side's downloads folder's parent. */
export const makeFile = (side: Side, name: string, bytes: Uint8Array): { path: string; name: string; size: number; hash: string } => {
  const path = join(side.downloads, '..', name)
  fs.writeFileSync(path, bytes)
  return { path, name, size: bytes.length, hash: createHash('sha256').update(bytes).digest('hex') }
}

/** Bytes without a pattern, the same for a seed. */
export const noise = (length: number, seed = 'noise'): Uint8Array => {
  const bytes = new Uint8Array(length)
  for (let at = 0, i = 0; at < length; at += 64, i += 1)
    bytes.set(
      createHash('sha512')
        .update(`${seed}${i}`)
        .digest()
        .subarray(0, Math.min(64, length - at)),
      at,
    )
  return bytes
}
