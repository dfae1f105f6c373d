import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import type { PeerId } from '../brand.ts'
import { SecretBytes } from '../crypto/secret.ts'
import { AppFault } from '../fault.ts'
import { nodeFiles } from '../node-ports.ts'
import type { Files, Ports } from '../ports.ts'
import { bundledMigrations } from './migrations.ts'
import type { NewDecision, PeerRow, RequestRow, SessionRow, ThreadRow } from './rows.ts'
import { openStore, type Store } from './store.ts'

/** For the store's own tests: real files in a folder of their own, a clock that stands still until it is moved. */
export interface TestPorts extends Ports {
  now: number
}

export const testPorts = (files: Partial<Files> = {}): TestPorts => {
  const ports: TestPorts = {
    now: Date.UTC(2026, 10, 22, 7, 0, 0, 123),
    clock: { now: () => ports.now, monotonic: () => ports.now, zoneOffsetMinutes: () => 0, schedule: () => () => undefined },
    random: { bytes: (length) => new Uint8Array(randomBytes(length)) },
    kdf: { scrypt: () => Promise.reject(new Error('not here')) },
    files: { ...nodeFiles, ...files },
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  }
  return ports
}

const folders: string[] = []
/** For afterAll. Not on the process's exit: a test worker is ended without one. */
export const removeTempFolders = (): void => {
  for (const folder of folders.splice(0)) fs.rmSync(folder, { recursive: true, force: true })
}

/** A new folder in the system's temporary one. */
export const tempFolder = (): string => {
  const outer = fs.mkdtempSync(join(tmpdir(), 'countersign-store-'))
  folders.push(outer)
  // Inside another, so that what a test puts beside it goes as well.
  const folder = join(outer, 'profile')
  fs.mkdirSync(folder)
  return folder
}

export const columnKey = (fill = 7): SecretBytes => SecretBytes.take(new Uint8Array(32).fill(fill))
export const myId = '66f713b8-7e1f-4131-bda8-a878bd05af9e'
export const peer = (name: string): PeerId => name as PeerId
export const hexKey = (fill: number): string => fill.toString(16).padStart(2, '0').repeat(32)

export const threadRow = (over: Partial<ThreadRow> = {}): ThreadRow => ({
  role: 'initiator',
  peerId: peer('3b88be33-0896-48fe-a80b-da23f8a75c1a'),
  state: 'init_exchange',
  localNonce: null,
  peerNonce: 'cc2976c256b814f714868c2abc26cb44',
  localReference: null,
  peerReference: '4635934483',
  exchangeCount: 3,
  finalizeRetryCount: 0,
  peerAddress: '127.0.0.1:49522',
  peerSignPub: hexKey(1),
  peerKxPub: hexKey(2),
  hsDerivedAt: '2026-11-22T06:49:20.698184+00:00',
  lastSecureAt: null,
  extra: { resend: { at: 12, tries: 1 } },
  updatedAt: Date.UTC(2026, 10, 22, 7, 0, 0, 456),
  ...over,
})

export const peerRow = (over: Partial<PeerRow> = {}): PeerRow => ({
  id: peer('3b88be33-0896-48fe-a80b-da23f8a75c1a'),
  name: 'Bob Quillfeather',
  signPub: hexKey(1),
  kxPub: hexKey(2),
  trust: 'pinned',
  presented: null,
  profile: 'hs',
  firstSeen: 1,
  lastSeen: 2,
  pinnedAt: 2,
  policy: { kind: 'ask' },
  wanted: true,
  zoneSkewMinutes: null,
  zoneSkewAccepted: false,
  extra: {},
  ...over,
})

export const sessionRow = (over: Partial<SessionRow> = {}): SessionRow => ({
  id: 'session-1',
  peerId: peer('3b88be33-0896-48fe-a80b-da23f8a75c1a'),
  role: 'initiator',
  state: 'open',
  openedAt: 3,
  endedAt: null,
  reason: null,
  fingerprint: 'b4bff942',
  sent: 0,
  received: 0,
  extra: {},
  ...over,
})

export const requestRow = (over: Partial<RequestRow> = {}): RequestRow => ({
  id: 'request-1',
  peerId: peer('3b88be33-0896-48fe-a80b-da23f8a75c1a'),
  role: 'responder',
  step: 'confirm',
  view: { v: 1, sentence: 'Answer Bob?' },
  viewHash: hexKey(3),
  createdAt: 4,
  expiresAt: 5,
  count: 1,
  undoUntil: null,
  extra: {},
  ...over,
})

export const decision = (over: Partial<NewDecision> = {}): NewDecision => ({
  at: 6,
  request_id: 'request-1',
  peer: '3b88be33-0896-48fe-a80b-da23f8a75c1a',
  step: 'confirm',
  view_hash: hexKey(3),
  decision: 'approve',
  by: 'person',
  app_version: '0.1.0',
  ...over,
})

export const migrationsFolder = join(dirname(fileURLToPath(import.meta.url)), '../../../../resources/migrations')

export const faultOf = (run: () => unknown): AppFault => {
  try {
    run()
  } catch (error) {
    if (error instanceof AppFault) return error
    throw error
  }
  throw new Error('nothing thrown')
}

export const open = (folder: string, over: { migrationsDir?: string; myId?: string } = {}): Store => openStore(testPorts(), { folder, myId, ...over })

export const edit = <T>(folder: string, run: (database: Database.Database) => T): T => {
  const database = new Database(join(folder, 'countersign.db'))
  try {
    return run(database)
  } finally {
    database.close()
  }
}

/** One of everything. */
export const fill = (store: Store): void => {
  store.unlock(columnKey())
  store.threads.put(threadRow())
  store.threads.put(threadRow({ role: 'responder', state: 'resp_ready' }))
  store.nonces.add('initiator', threadRow().peerId, 'received', 'n1')
  store.replay.add(hexKey(1), 'n1', 10)
  store.replay.add(hexKey(1), 'n2', 11)
  for (const id of [threadRow().peerId, peer('second peer')]) store.peers.put(peerRow({ id }))
  for (const id of ['session-1', 'session-2']) store.sessions.put(sessionRow({ id }))
  for (const text of ['The heron lands at dawn', 'Second message']) {
    store.messages.add({ session: 'session-1', peer: threadRow().peerId, direction: 'ours', seq: 0, at: 1, text, state: 'queued' })
  }
  for (const nonce of ['x', 'y']) store.messages.addSec('session-1', nonce, 9_000_000_000_000, 0)
  for (const id of ['request-1', 'request-2']) store.requests.put(requestRow({ id }))
  for (let i = 0; i < 4; i += 1) store.decisions.append(decision({ at: i }))
  for (const slot of ['one', 'two']) store.outbox.put({ peerId: threadRow().peerId, slot, payload: { to: threadRow().peerId }, dueAt: 7 })
  for (const name of ['peer', 'message']) store.events.append(name, { peer: threadRow().peerId, name: 'Bob Quillfeather' })
  for (const key of ['discoverable', 'idle']) store.settings.set(key, { note: 'Bob Quillfeather' })
}

/** Opens every sealed value there is. */
export const readAll = (store: Store): unknown[] => [
  store.threads.all(),
  store.replay.all(),
  store.peers.all(),
  store.sessions.all(),
  store.messages.page(threadRow().peerId, null, 100),
  store.messages.queued('session-1'),
  store.dump({ messages: true }).secNonces,
  store.requests.all(),
  store.decisions.all(),
  store.outbox.due(1e15),
  store.events.since(0),
  store.settings.all(),
]

export const filled = (): string => {
  const folder = tempFolder()
  const store = open(folder)
  store.transaction(() => fill(store))
  store.close()
  return folder
}

/** The copy that is made of the database before the migration of `withSecond`. */
export const copyBeforeNext = `countersign.db.before-${String(bundledMigrations.length + 1).padStart(4, '0')}`

/** A folder with the bundled migrations and one more, beside the profile's folder. */
export const withSecond = (folder: string, sql: string): string => {
  const dir = `${folder}-migrations`
  fs.mkdirSync(dir)
  for (const { name } of bundledMigrations) fs.copyFileSync(join(migrationsFolder, name), join(dir, name))
  fs.writeFileSync(join(dir, `${String(bundledMigrations.length + 1).padStart(4, '0')}-next.sql`), sql)
  return dir
}
