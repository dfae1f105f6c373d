import { basename, join } from 'node:path'
import { z } from 'zod'
import type { ApiDto, AppDto, BackupDto, ProfileDto, ProfileEntry, SettingsDto } from '../../contract/index.ts'
import { type ApiSwitch, createApiSwitch } from './api-switch.ts'
import { noOrders, type StandingOrders } from './approvals/policy.ts'
import { fromHex } from './crypto/bytes.ts'
import { keyPicture } from './crypto/key-picture.ts'
import { keyWords } from './crypto/key-words.ts'
import type { DomainEvent } from './events.ts'
import { AppFault } from './fault.ts'
import { type IdentityPublic, type IdentitySecret, wipeSecret } from './identity/identity.ts'
import type { Vault } from './identity/vault.ts'
import { firstCommitment } from './ledger/recovery-keys.ts'
import { openLockedLine, sealLockedLine } from './locked-inbox.ts'
import { httpGet, nodeSocketFiles } from './node-ports.ts'
import type { Ports } from './ports.ts'
import { openProfile, type Profile } from './profile.ts'
import { createRelayLink, type RelayChoice, type RelayLink } from './relay-link.ts'
import { openStore, type Store } from './store/store.ts'
import { type Feed, type Published, patchesOf } from './wallet-feed.ts'
import { columnKeyOf } from './wallet-identities.ts'
import { readSettings, relayChoiceOf, standardSettings } from './wallet-settings.ts'
import type { Touched } from './work.ts'

export interface WalletOptions {
  /** Folder that holds one folder a profile. */
  readonly home: string
  /** Profile to begin with; null for the only one, or the picker. */
  readonly name: string | null
  /** False: none is chosen before a command names it. Default true. */
  readonly pick?: boolean
  readonly version: string
  /** Where files of sessions land: absolute. Default: a folder of their own in the profile's. */
  readonly downloads?: string
  readonly runtime: string
  /** Port of the embedded relay where the profile has not set one. Default 8888. */
  readonly relayPort?: number
  /** Overrides the profile's relay settings (command line). */
  readonly relay?: RelayChoice
  /** Serves the HTTP API as the profile's settings say; a command serves by its own flags. */
  readonly servesApi?: boolean
  /** No relay is looked for: only the ledger is wanted. */
  readonly offline?: boolean
  readonly orders?: StandingOrders
  /** Speaks only the profile of the original agents; no card is shown, no m2m message answered. */
  readonly hsOnly?: boolean
}

/**
 * Never the profile's folder itself: a peer names its files, and one called like a journal of the database would be played back into it.
 */
const RECEIVED = 'received'
/** Public setting of a profile whose ledger was made. */
const HAS_LEDGER = 'hasLedger'
/** Public setting: the genesis of that ledger, hex, for who asks without a passphrase. */
export const GENESIS = 'genesis'
const BackupState = z.strictObject({ verifiedAt: z.number().nullable(), fileName: z.string().nullable(), pinned: z.int() })

/** A profile that is chosen: its database is open and its name is locked to this process, whether or not its keys are out. */
interface Chosen {
  readonly identity: IdentityPublic
  readonly store: Store
  readonly link: RelayLink
  readonly offLink: () => void
  settings: SettingsDto
  open: { readonly profile: Profile; readonly secret: IdentitySecret; readonly api: ApiSwitch } | null
  /** Remembered while locked, carried out after unlocking. */
  rejectAll: boolean
  /** What came while locked and says nothing new when it comes again. */
  readonly lockedKinds: Set<string>
}

export const profileDto = (identity: IdentityPublic): ProfileDto => ({
  name: identity.name,
  myId: identity.myId,
  signPub: identity.signPub,
  kxPub: identity.kxPub,
  words: keyWords(fromHex(identity.signPub)),
  picture: keyPicture(fromHex(identity.signPub)),
  createdAt: Date.parse(identity.createdAt),
})

/** Choosing, unlocking and locking profiles, and what the window shows around them. */
export const createLife = (ports: Ports, vault: Vault, options: WalletOptions, feed: Feed) => {
  const orders = options.orders ?? noOrders
  const defaultSettings: SettingsDto = { ...standardSettings, relayPort: options.relayPort ?? standardSettings.relayPort }
  let chosen: Chosen | null = null
  let closed = false
  /** Grows with each lock: an unlock that was overtaken by one must not leave the keys out. */
  let lockEpoch = 0
  /** The HTTP API of the profile that was locked last, on its way to its end. */
  let closing: Promise<void> = Promise.resolve()
  let entries: ProfileEntry[] = []
  let currentRequest: string | null = null
  /** Asked for by name, and not there yet: it is to be made. */
  let wantsNew = false

  const refreshEntries = (): void => {
    entries = vault.list().map((entry) => (entry.readable ? { readable: true, profile: profileDto(entry.profile) } : entry))
  }

  // -- what the window shows around everything else

  const settings = (): SettingsDto => chosen?.settings ?? defaultSettings
  const downloads = (): string => options.downloads ?? join(chosen ? vault.profileFolder(chosen.identity.name) : options.home, RECEIVED)
  const backupDto = (): BackupDto => {
    const raw = chosen?.open ? chosen.store.settings.get('backup') : undefined
    const state = BackupState.safeParse(raw)
    if (!state.success || !chosen?.open) return { verifiedAt: null, fileName: null, peersBehind: 0 }
    return { verifiedAt: state.data.verifiedAt, fileName: state.data.fileName, peersBehind: Math.max(0, chosen.open.profile.pinnedCount() - state.data.pinned) }
  }
  /** This file was opened a moment ago, so it is a proved backup of the profile as it is now. */
  const noteBackup = (path: string): void => {
    // Locked in the meantime: the file is good all the same, it is only not noted.
    if (!chosen?.open) return
    const { store, profile } = unlocked()
    store.settings.set('backup', { verifiedAt: ports.clock.now(), fileName: basename(path), pinned: profile.pinnedCount() })
    appChanged()
  }
  const stage = (): AppDto['stage'] => {
    if (chosen) return chosen.open ? 'open' : 'locked'
    return entries.length === 0 || wantsNew ? 'onboarding' : 'picker'
  }
  const appDto = (): AppDto => {
    const throttle = chosen ? vault.throttle(chosen.identity.name) : { failures: 0, retryAt: null }
    const { relayMode: mode, relayHost: host, relayPort: port } = settings()
    return {
      version: options.version,
      runtime: options.runtime,
      stage: stage(),
      profiles: entries,
      profile: chosen ? profileDto(chosen.identity) : null,
      retryAt: throttle.retryAt,
      failedAttempts: throttle.failures,
      relay: chosen ? chosen.link.dto() : { mode, host, port, state: 'off', joined: false, retryAt: null, error: null },
      waiting: chosen?.store.requests.count() ?? 0,
      settings: settings(),
      backup: backupDto(),
      machine: chosen?.open?.profile.m2m.machine() ?? null,
      api: apiDto(),
      downloads: chosen ? downloads() : '',
    }
  }
  const apiDto = (): ApiDto => chosen?.open?.api?.dto() ?? { url: null, token: null, error: null }
  const appChanged = (): void => feed.patch({ kind: 'app', app: appDto() })

  const unlocked = (): { profile: Profile; secret: IdentitySecret; store: Store; identity: IdentityPublic } => {
    if (!chosen?.open) throw new AppFault('LOCKED', 'The wallet is locked.')
    return { ...chosen.open, store: chosen.store, identity: chosen.identity }
  }

  // -- changes of the open profile, as patches and events

  const publish = (events: readonly Published[], touched: ReadonlySet<Touched>): void => {
    const profile = chosen?.open?.profile
    feed.events(events)
    if (!profile) return
    for (const patch of patchesOf(profile, touched, appDto)) feed.patch(patch)
    if ([...touched].some((what) => what.startsWith('request:'))) feed.approvalChanged()
    const asked = events.flatMap(({ event }) => (event.event === 'request' ? [event.id] : []))
    // A policy decides right after this; only what still waits then is for a person to look at.
    if (asked.length > 0)
      queueMicrotask(() => {
        const open = chosen?.open
        if (open && asked.some((id) => open.profile.approvals.request(id) !== undefined)) feed.review()
      })
  }
  const emitOwn = (event: DomainEvent): void => {
    if (!chosen?.open) return
    const seq = chosen.store.events.append(event.event, JSON.parse(JSON.stringify(event)))
    publish([{ seq, event }], new Set())
  }

  // -- choosing, unlocking, locking

  const relayChoice = (s: SettingsDto): RelayChoice => options.relay ?? relayChoiceOf(s)

  const choose = (name: string): void => {
    const identity = vault.publicPart(name)
    const store = openStore(ports, { folder: vault.profileFolder(name), myId: identity.myId })
    const own = readSettings(store, defaultSettings)
    const link = createRelayLink(ports, relayChoice(own))
    let lastState = ''
    const offLink = link.on((event) => {
      if (event.type === 'line') receive(event.line)
      if (event.type !== 'state') return
      appChanged()
      if (event.state.name !== lastState)
        emitOwn({ event: 'relay', state: event.state.name, ...(event.state.name === 'waiting' ? { error: event.state.error } : {}) })
      lastState = event.state.name
    })
    chosen = { identity, store, link, offLink, settings: own, open: null, rejectAll: false, lockedKinds: new Set() }
    if (options.offline !== true) link.start()
  }

  const receive = (raw: string): void => {
    if (!chosen) return
    if (chosen.open) return chosen.open.profile.line(raw)
    const sealed = sealLockedLine(raw, ports.clock.now(), { id: chosen.identity.myId, kxPub: chosen.identity.kxPub }, ports.random, chosen.lockedKinds)
    if (sealed && !chosen.store.lockedLines.put(sealed)) ports.log.warn('dropped: too many lines came while locked')
  }

  const release = async (): Promise<void> => {
    if (!chosen) return
    lock()
    const { offLink, link, store } = chosen
    chosen = null
    offLink()
    await link.stop()
    await closing
    store.close()
  }

  const lock = (): void => {
    lockEpoch += 1
    if (!chosen?.open) return
    const { profile, secret, api } = chosen.open
    // It answers nothing more: the ledger behind it is locked from here on.
    closing = api.close()
    chosen.open = null
    profile.stop()
    wipeSecret(secret)
    chosen.store.lock()
    currentRequest = null
    // Nothing of the profile stays in the window: it asks for a snapshot, which holds none.
    feed.patch({ kind: 'reset' })
    feed.approvalChanged()
  }

  const takeLockedLines = (c: Chosen, profile: Profile, secret: IdentitySecret): void => {
    const feed = (sealed: readonly Uint8Array[]): void => {
      for (const one of sealed) {
        const opened = openLockedLine(one, secret.kxPriv)
        if (opened) profile.line(opened.line, opened.at)
      }
    }
    try {
      profile.batch(() => feed(c.store.lockedLines.takeAll()))
    } catch (error) {
      // One of them cannot be worked on: each by itself, so that it does not hold up the others for ever.
      ports.log.warn('lines kept while locked are worked on one by one', { error: error instanceof Error ? error.message : String(error) })
      feed(c.store.lockedLines.takeAll())
    }
  }

  const unlock = async (name: string, passphrase: Uint8Array, onProgress = feed.progress()): Promise<void> => {
    if (chosen && chosen.identity.name !== name) await release()
    if (!chosen) choose(name)
    if (!chosen || chosen.open) return
    const c = chosen
    const epoch = lockEpoch
    let secret: IdentitySecret
    // Its ledger is made at the first opening, and commits in its genesis to the keys that may one day replace these.
    const firstOpening = c.store.publicSettings.get(HAS_LEDGER) !== true
    let next: string | null = null
    try {
      if (firstOpening) {
        const whole = await vault.unlockWithRecovery({ name, passphrase, onProgress })
        next = firstCommitment(whole.recoverySeed)
        whole.recoverySeed.wipe()
        secret = { ...whole, recoverySeed: null }
      } else secret = await vault.unlock({ name, passphrase, onProgress })
    } finally {
      appChanged()
    }
    if (epoch !== lockEpoch || closed || chosen !== c) {
      wipeSecret(secret)
      throw new AppFault('LOCKED', 'The wallet was locked while it was being unlocked.')
    }
    const columnKey = columnKeyOf(secret)
    let opened: Profile | null = null
    try {
      c.store.unlock(columnKey)
      const self = {
        id: c.identity.myId,
        name: c.identity.name,
        signPub: c.identity.signPub,
        kxPub: c.identity.kxPub,
        signPriv: secret.signPriv,
        kxPriv: secret.kxPriv,
      }
      opened = openProfile({
        ports,
        store: c.store,
        self,
        transport: c.link,
        orders,
        appVersion: options.version,
        discoverable: () => c.settings.discoverable,
        hsOnly: options.hsOnly ?? false,
        next,
        get: httpGet,
        downloads,
        ...(options.hsOnly === true ? {} : { programs: { folder: vault.profileFolder(name), files: nodeSocketFiles } }),
        publish,
      })
      const profile = opened
      if (firstOpening) c.store.publicSettings.set(HAS_LEDGER, true)
      const { genesis } = profile.m2m.machine()
      if (c.store.publicSettings.get(GENESIS) !== genesis) c.store.publicSettings.set(GENESIS, genesis)
      const api = createApiSwitch(ports, { ledger: profile.m2m.ledger, store: c.store, work: profile.work, version: options.version }, appChanged)
      c.open = { profile, secret, api }
      takeLockedLines(c, profile, secret)
      c.lockedKinds.clear()
      if (c.rejectAll) profile.approvals.rejectAll(null, 'Rejected while locked.')
      c.rejectAll = false
    } catch (error) {
      // Also one that was not handed on yet: it would go on with wiped keys.
      opened?.stop()
      c.open = null
      c.store.lock()
      wipeSecret(secret)
      throw error
    } finally {
      columnKey.wipe()
    }
    feed.patch({ kind: 'reset' })
    emitOwn({
      event: 'ready',
      name: c.identity.name,
      my_id: c.identity.myId,
      genesis: c.open?.profile.m2m.machine().genesis ?? null,
      relay: `${c.link.dto().host}:${c.link.dto().port}`,
    })
    if (c.open?.profile.approvals.waiting().length) feed.review()
    followSettings()
  }

  /** What of the settings the open profile carries out itself. */
  const followSettings = (): void => {
    if (!chosen?.open) return
    chosen.open.profile.m2m.setPublic(chosen.settings.ledgerPublic)
    if (options.servesApi === true) void chosen.open.api.use(chosen.settings)
  }

  /** The first unlock of a new profile, which proves that its file opens. `from`: how much of the work was done before. */
  const finishNew = async (identity: IdentityPublic, passphrase: Uint8Array, from: number): Promise<ProfileDto> => {
    wantsNew = false
    refreshEntries()
    await release()
    choose(identity.name)
    await unlock(identity.name, passphrase, feed.progress(from, 1))
    appChanged()
    return profileDto(identity)
  }

  /** Two profiles of one identity on one machine would each drop the other's lines as their own. */
  const requireForeign = (myId: string): void => {
    const own = entries.find((entry) => entry.readable && entry.profile.myId === myId)
    if (own?.readable) throw new AppFault('EXISTS', `This identity is here already, as “${own.profile.name}”. Archive that profile first.`)
  }

  refreshEntries()
  wantsNew = options.name !== null && !entries.some((entry) => (entry.readable ? entry.profile.name : entry.name) === options.name)
  const only = entries.length === 1 && entries[0]?.readable ? entries[0].profile.name : null
  const begin = options.name ?? only
  if ((options.pick ?? true) && begin !== null && entries.some((entry) => entry.readable && entry.profile.name === begin)) {
    try {
      choose(begin)
    } catch (error) {
      // A damaged profile must not keep the others from being opened; one that is in use, or was asked for, is the caller's to hear of.
      if (options.name !== null || (error instanceof AppFault && error.code === 'IN_USE')) throw error
      ports.log.error('the profile cannot be opened', { error: error instanceof Error ? error.message : String(error) })
    }
  }

  return {
    /** The chosen profile, open or locked. */
    chosen: () => chosen,
    /** @throws AppFault LOCKED */
    unlocked,
    choose,
    release,
    unlock,
    lock,
    finishNew,
    refreshEntries,
    requireForeign,
    /** No profile is wanted that is not there. */
    wantNothingNew: (): void => {
      wantsNew = false
    },
    settings,
    relayChoice,
    appDto,
    appChanged,
    followSettings,
    apiDto,
    backupDto,
    noteBackup,
    emitOwn,
    /** The request the approval window is at. */
    current: {
      id: () => currentRequest,
      set: (id: string | null): void => {
        currentRequest = id
      },
    },
    isClosed: () => closed,
    close: (): void => {
      closed = true
      lock()
    },
  }
}
