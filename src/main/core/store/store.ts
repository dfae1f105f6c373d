import { z } from 'zod'
import type { SecretBytes } from '../crypto/secret.ts'
import { AppFault } from '../fault.ts'
import type { Ports } from '../ports.ts'
import { type ApiKeys, createApiKeys } from './api-keys.ts'
import { type ApiReplies, createApiReplies } from './api-replies.ts'
import { type Chains, createChains } from './chains.ts'
import { type ChannelTable, createChannelTable } from './channel.ts'
import { type Connection, createConnection } from './connection.ts'
import { type Contracts, createContracts } from './contracts.ts'
import { createDecisions, type Decisions } from './decisions.ts'
import { createDump, type Dump, type DumpOptions } from './dump.ts'
import { createEvents, type Events } from './events.ts'
import { toStoreFault } from './faults.ts'
import { createFileTable, type FileTable } from './files.ts'
import { createKeptHeads, type KeptHeads } from './kept-heads.ts'
import { createLedgerRows, type LedgerRows } from './ledger-rows.ts'
import { createLockedLines, type LockedLines } from './locked-lines.ts'
import { createM2mCards, type M2mCards } from './m2m-cards.ts'
import { createM2mInbox, type M2mInbox } from './m2m-inbox.ts'
import { createM2mOutbox, type M2mOutbox } from './m2m-outbox.ts'
import { createM2mSecrets, type M2mSecrets } from './m2m-secrets.ts'
import { createM2mThreads, type M2mThreads } from './m2m-threads.ts'
import { createMessages, type Messages } from './messages.ts'
import { bundledMigrations, migrationsOf } from './migrations.ts'
import { createNonces, type Nonces } from './nonces.ts'
import { openDatabase } from './open-database.ts'
import { type ExportOptions, exportOriginal } from './original-export.ts'
import { type ImportReport, importOriginal } from './original-import.ts'
import { createOutbox, type Outbox } from './outbox.ts'
import { createPeers, type Peers } from './peers.ts'
import { onFiles } from './private-file.ts'
import { takeProfileLock } from './profile-lock.ts'
import { createPublicSettings } from './public-settings.ts'
import { createReplay, type Replay } from './replay.ts'
import { createRequests, type Requests } from './requests.ts'
import type { Sealing } from './sealing.ts'
import { createSealing } from './sealing.ts'
import { createSecNonces, type SecNonces } from './sec-nonces.ts'
import { createSessions, type Sessions } from './sessions.ts'
import { createSettings, type Settings } from './settings.ts'
import { createThreads, type Threads } from './threads.ts'
import { createTokens, type Tokens } from './tokens.ts'

export interface StoreOptions {
  /** The profile's folder; made if it is not there. */
  readonly folder: string
  /** The identity's own id: a database belongs to one identity. */
  readonly myId: string
  /** Migrations of a folder instead of the bundled ones; for tests. */
  readonly migrationsDir?: string
}

/**
 * One profile's database. Everything that touches a private value throws AppFault LOCKED until `unlock`. Every call can
 * throw DISK_FULL or UNREADABLE, in which case nothing of it was written and the store goes on working, and CORRUPT
 * naming table and row.
 */
export interface Store {
  readonly threads: Threads
  readonly nonces: Nonces
  readonly replay: Replay
  readonly peers: Peers
  readonly sessions: Sessions
  readonly messages: Messages & Pick<SecNonces, 'secSeen' | 'addSec'>
  readonly requests: Requests
  readonly decisions: Decisions
  readonly outbox: Outbox
  readonly events: Events
  readonly settings: Settings
  readonly publicSettings: Settings
  readonly lockedLines: LockedLines
  readonly channel: ChannelTable
  readonly files: FileTable
  readonly apiKeys: ApiKeys
  readonly apiReplies: ApiReplies
  readonly chains: Chains
  readonly ledgerRows: LedgerRows
  readonly keptHeads: KeptHeads
  readonly contracts: Contracts
  readonly tokens: Tokens
  readonly m2mCards: M2mCards
  readonly m2mOutbox: M2mOutbox
  readonly m2mInbox: M2mInbox
  readonly m2mThreads: M2mThreads
  readonly m2mSecrets: M2mSecrets
  readonly locked: boolean
  /** `columnKey`: 32 bytes, not kept. @throws AppFault CORRUPT when the database was sealed with another key. */
  unlock(columnKey: SecretBytes): void
  /** Overwrites the column keys. */
  lock(): void
  /**
   * Everything `work` writes, or nothing. Synchronous; a nested call joins; a throw rolls back and is thrown on. Messages
   * are sent from the outbox after this returns.
   */
  transaction<T>(work: () => T): T
  /** Everything a backup holds, as plain JSON. */
  dump(options?: DumpOptions): Dump
  /** Fills an empty profile from a dump. @throws AppFault FORMAT naming what does not fit, STATE when the profile is not empty. */
  load(dump: unknown): void
  /** Writes a database that an original agent opens. @throws AppFault EXISTS, DISK_FULL, UNREADABLE. */
  exportHsAgent(path: string, options?: ExportOptions): void
  /** Takes over threads and nonces of an original's `HSAgent-<uuid>.db`. @throws AppFault FORMAT, UNREADABLE, STATE. */
  importHsAgent(path: string): ImportReport
  /** Wipes the keys, closes the files, frees the profile. Calling it twice does nothing. */
  close(): void
}

/**
 * Opens the store of a profile, locked, and takes the profile for this process.
 * @throws AppFault IN_USE, FUTURE, CORRUPT, DISK_FULL, UNREADABLE.
 */
export const openStore = (ports: Ports, { folder, myId, migrationsDir }: StoreOptions): Store => {
  onFiles(() => ports.files.makeFolder(folder))
  const lock = takeProfileLock(ports, folder)
  try {
    const migrations = migrationsDir === undefined ? bundledMigrations : onFiles(() => migrationsOf(ports.files, migrationsDir))
    return storeOf(ports, createConnection(openDatabase(ports, folder, myId, migrations)), lock.release, myId)
  } catch (error) {
    lock.release()
    throw error
  }
}

const KeyCheck = z.literal('countersign')

const storeOf = (ports: Ports, db: Connection, release: () => void, myId: string): Store => {
  const sealing = createSealing(ports.random)
  const secNonces = createSecNonces(db, sealing)
  const tables = {
    threads: createThreads(db, sealing, myId),
    nonces: createNonces(db, sealing, ports.clock, myId),
    replay: createReplay(db, sealing, ports.clock),
    peers: createPeers(db, sealing),
    sessions: createSessions(db, sealing),
    messages: { ...createMessages(db, sealing), secSeen: secNonces.secSeen, addSec: secNonces.addSec },
    requests: createRequests(db, sealing),
    decisions: createDecisions(db, sealing, ports.random),
    outbox: createOutbox(db, sealing),
    events: createEvents(db, sealing, ports.clock),
    settings: createSettings(db, sealing),
    publicSettings: createPublicSettings(db),
    lockedLines: createLockedLines(db),
    channel: createChannelTable(db, sealing),
    files: createFileTable(db, sealing),
    apiKeys: createApiKeys(db, sealing),
    apiReplies: createApiReplies(db, sealing),
    chains: createChains(db, sealing),
    ledgerRows: createLedgerRows(db, sealing),
    keptHeads: createKeptHeads(db, sealing),
    contracts: createContracts(db, sealing),
    tokens: createTokens(db, sealing),
    m2mCards: createM2mCards(db, sealing),
    m2mOutbox: createM2mOutbox(db, sealing),
    m2mInbox: createM2mInbox(db, sealing),
    m2mThreads: createM2mThreads(db, sealing),
    m2mSecrets: createM2mSecrets(db, sealing),
  }
  const { dump, load } = createDump({ ...tables, secNonces, transaction: db.transaction, myId })
  let closed = false

  return {
    ...tables,
    get locked() {
      return sealing.locked
    },
    unlock: (columnKey) => {
      sealing.unlock(columnKey)
      try {
        checkKey(db, sealing)
      } catch (error) {
        sealing.lock()
        throw error
      }
    },
    lock: sealing.lock,
    transaction: db.transaction,
    dump,
    load,
    exportHsAgent: (path, options) => exportOriginal(ports, path, { selfId: myId, threads: tables.threads.all(), nonces: tables.nonces, ...options }),
    importHsAgent: (path) => importOriginal(path, { selfId: myId, now: ports.clock.now(), ...tables, transaction: db.transaction }),
    close: () => {
      if (closed) return
      closed = true
      sealing.lock()
      try {
        // The last connection's close empties the journal as well; this one also truncates it when a reader is still there.
        db.all('PRAGMA wal_checkpoint(TRUNCATE)')
      } catch (error) {
        ports.log.warn('the database journal stays until the next start', { code: error instanceof AppFault ? error.code : 'INTERNAL' })
      }
      try {
        db.close()
      } catch (error) {
        throw toStoreFault(error)
      } finally {
        release()
      }
    },
  }
}

/** A known value sealed at the first unlock: a wrong key is noticed at once and not at the first row. */
const checkKey = (db: Connection, sealing: Sealing): void => {
  const row = db.get("SELECT value FROM meta WHERE key = 'key_check'") as { value: unknown } | undefined
  if (row === undefined) db.run("INSERT INTO meta (key, value) VALUES ('key_check', ?)", sealing.seal('meta.value', ['key_check'], 'countersign'))
  else sealing.open('meta.value', ['key_check'], row.value, KeyCheck)
}
