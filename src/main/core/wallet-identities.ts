import { basename, dirname, join } from 'node:path'
import { SettingsDto } from '../../contract/index.ts'
import { concat, fromUtf8, utf8 } from './crypto/bytes.ts'
import { hkdfSha256 } from './crypto/hash.ts'
import { SecretBytes } from './crypto/secret.ts'
import { AppFault } from './fault.ts'
import { readFile, writeDurably } from './identity/durable-file.ts'
import { exportIdV1, importIdV1 } from './identity/id-v1.ts'
import { type IdentityPublic, type IdentitySecret, wipeSecret } from './identity/identity.ts'
import type { Vault } from './identity/vault.ts'
import { readBackup, writeBackup } from './identity-backup.ts'
import { newPeer, observeKeys } from './peers/trust.ts'
import type { Ports } from './ports.ts'
import { RESTORED } from './profile.ts'
import { openStore, type Store } from './store/store.ts'
import type { Feed } from './wallet-feed.ts'

/** The store's key: from both private keys, so that it is there exactly while the identity is unlocked. */
export const columnKeyOf = (secret: IdentitySecret): SecretBytes =>
  secret.kxPriv.use((kx) => secret.signPriv.use((sign) => new SecretBytes(hkdfSha256(concat(kx, sign), null, 'countersign.store.v1', 32))))

/**
 * What an original left in the middle cannot be continued: its session keys were in its memory only. Those threads are put to
 * rest, with the reference they gave; every peer that had shown keys becomes one that was seen.
 */
const settleImported = (store: Store, now: number): void => {
  for (const row of store.threads.all()) {
    const ready = row.role === 'initiator' ? 'init_ready' : 'resp_ready'
    if (row.state !== ready) store.threads.put({ ...row, state: ready, localNonce: null, peerNonce: null, exchangeCount: 0, finalizeRetryCount: 0 })
    if (!row.peerSignPub || !row.peerKxPub || store.peers.get(row.peerId)) continue
    store.peers.put(observeKeys(newPeer(row.peerId, now), { signPub: row.peerSignPub, kxPub: row.peerKxPub }, now))
  }
}

const textOf = (bytes: Uint8Array): string => {
  try {
    return fromUtf8(bytes)
  } catch {
    throw new AppFault('FORMAT', 'This file is not an HSAgent identity: it is not text.')
  }
}

export interface IdentityDeps {
  readonly ports: Ports
  readonly vault: Vault
  readonly feed: Feed
  /** @throws AppFault EXISTS when a profile of this home already has this id. */
  readonly requireForeign: (myId: string) => void
}

type Bytes = Uint8Array

/** Making profiles of backups and of the original's files, and the other way round. Nothing here needs an open profile but what it is given. */
export const createIdentities = ({ ports, vault, feed, requireForeign }: IdentityDeps) => {
  /** The identity and its database appear together: one without the other would begin a second ledger under the same key. */
  const install = (name: string, secret: IdentitySecret, passphrase: Bytes, fill: (store: Store) => void): Promise<IdentityPublic> =>
    vault.adopt({
      name,
      secret,
      passphrase,
      onProgress: feed.progress(1 / 3, 2 / 3),
      fill: (folder) => {
        const store = openStore(ports, { folder, myId: secret.myId })
        const key = columnKeyOf(secret)
        try {
          store.unlock(key)
          store.transaction(() => fill(store))
        } finally {
          key.wipe()
          store.close()
        }
      },
    })

  return {
    /** `passphrase` opens the identity (its recovery seed is sealed apart), `backupPassphrase` seals the backup. */
    backup: async (args: {
      identity: IdentityPublic
      store: Store
      settings: SettingsDto
      passphrase: Bytes
      backupPassphrase: Bytes
      messages: boolean
      path: string
    }): Promise<void> => {
      const whole = await vault.unlockWithRecovery({ name: args.identity.name, passphrase: args.passphrase, onProgress: feed.progress(0, 1 / 3) })
      try {
        const parts = { identity: whole, settings: { ...args.settings }, store: args.store.dump({ messages: args.messages }) }
        await writeBackup(ports, { path: args.path, name: args.identity.name, parts, passphrase: args.backupPassphrase, onProgress: feed.progress(1 / 3, 1) })
      } finally {
        wipeSecret(whole)
      }
    },

    restore: async (args: { path: string; name: string; passphrase: Bytes; newPassphrase: Bytes }): Promise<IdentityPublic> => {
      const bytes = readFile(ports.files, args.path, 'backup')
      const backup = await readBackup(ports, { bytes, passphrase: args.passphrase, onProgress: feed.progress(0, 1 / 3) })
      try {
        requireForeign(backup.header.myId)
        return await install(args.name, backup.identity, args.newPassphrase, (store) => {
          store.load(backup.store)
          store.settings.set(RESTORED, true)
          const settings = SettingsDto.partial().safeParse(backup.settings)
          if (settings.success) for (const [key, value] of Object.entries(settings.data)) if (value !== undefined) store.publicSettings.set(key, value)
        })
      } finally {
        wipeSecret(backup.identity)
      }
    },

    import: async (args: { path: string; name: string; importPassphrase: Bytes; passphrase: Bytes }): Promise<IdentityPublic> => {
      const text = textOf(readFile(ports.files, args.path, 'HSAgent identity'))
      const secret = await importIdV1(ports, text, args.importPassphrase, feed.progress(0, 1 / 3))
      try {
        requireForeign(secret.myId)
        // Its threads are in the database beside it; without it the identity is known but its references are lost.
        const database = join(dirname(args.path), `HSAgent-${secret.myId}.db`)
        return await install(args.name, secret, args.passphrase, (store) => {
          if (ports.files.exists(database)) store.importHsAgent(database)
          settleImported(store, ports.clock.now())
        })
      } finally {
        wipeSecret(secret)
      }
    },

    /** Writes `id_agent_<name>.json` at `path` and the threads' database beside it, both as the original reads them. */
    export: async (args: { identity: IdentityPublic; store: Store; passphrase: Bytes; exportPassphrase: Bytes; path: string }): Promise<string> => {
      const database = join(dirname(args.path), `HSAgent-${args.identity.myId}.db`)
      // Both or none: what stands there may be the identity of a running agent.
      for (const path of [args.path, database])
        if (ports.files.exists(path)) throw new AppFault('EXISTS', `${basename(path)} is there already. Choose another folder or name.`)
      const secret = await vault.unlock({ name: args.identity.name, passphrase: args.passphrase, onProgress: feed.progress(0, 0.5) })
      try {
        const text = await exportIdV1(ports, secret, args.exportPassphrase, feed.progress(0.5, 1))
        args.store.exportHsAgent(database)
        writeDurably(ports, { folder: dirname(args.path), name: basename(args.path), bytes: utf8(text), what: 'the exported identity', mustBeNew: true })
      } finally {
        wipeSecret(secret)
      }
      return basename(args.path)
    },
  }
}
