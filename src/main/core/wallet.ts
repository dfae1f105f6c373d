import { basename, resolve, sep } from 'node:path'
import { z } from 'zod'
import {
  type AppDto,
  type ApprovalDto,
  type BackupDto,
  type MessageDto,
  type PeerPolicy,
  type ProfileDto,
  type ProfileEntry,
  type RequestDto,
  SettingsDto,
  type Snapshot,
} from '../../contract/index.ts'
import { noOrders, type StandingOrders } from './approvals/policy.ts'
import type { PeerId } from './brand.ts'
import { fromHex } from './crypto/bytes.ts'
import { keyPicture } from './crypto/key-picture.ts'
import { keyWords } from './crypto/key-words.ts'
import type { DomainEvent } from './events.ts'
import { AppFault } from './fault.ts'
import { type IdentityPublic, type IdentitySecret, wipeSecret } from './identity/identity.ts'
import { strength } from './identity/passphrase.ts'
import { openVault, type Vault } from './identity/vault.ts'
import { openLockedLine, sealLockedLine } from './locked-inbox.ts'
import type { Ports } from './ports.ts'
import { openProfile, type Profile } from './profile.ts'
import { createRelayLink, type RelayChoice, type RelayLink } from './relay-link.ts'
import { openStore, type Store } from './store/store.ts'
import { createFeed, type Published, patchesOf } from './wallet-feed.ts'
import { columnKeyOf, createIdentities } from './wallet-identities.ts'
import type { Touched } from './work.ts'

export interface WalletOptions {
  /** Folder that holds one folder a profile. */
  readonly home: string
  /** Profile to begin with; null for the only one, or the picker. */
  readonly name: string | null
  /** False: none is chosen before a command names it. Default true. */
  readonly pick?: boolean
  readonly version: string
  readonly runtime: string
  /** Port of the embedded relay where the profile has not set one. Default 8888. */
  readonly relayPort?: number
  /** Overrides the profile's relay settings (command line). */
  readonly relay?: RelayChoice
  readonly orders?: StandingOrders
}

const standardSettings: SettingsDto = {
  relayMode: 'embedded',
  relayHost: '127.0.0.1',
  relayPort: 8888,
  discoverable: true,
  theme: 'system',
  idleLockMinutes: 15,
}

const BackupState = z.strictObject({ verifiedAt: z.number().nullable(), fileName: z.string().nullable(), pinned: z.int() })

/** A profile that is chosen: its database is open and its name is locked to this process, whether or not its keys are out. */
interface Chosen {
  readonly identity: IdentityPublic
  readonly store: Store
  readonly link: RelayLink
  readonly offLink: () => void
  settings: SettingsDto
  open: { readonly profile: Profile; readonly secret: IdentitySecret } | null
  /** Remembered while locked, carried out after unlocking. */
  rejectAll: boolean
  /** What came while locked and says nothing new when it comes again. */
  readonly lockedKinds: Set<string>
}

const profileDto = (identity: IdentityPublic): ProfileDto => ({
  name: identity.name,
  myId: identity.myId,
  signPub: identity.signPub,
  kxPub: identity.kxPub,
  words: keyWords(fromHex(identity.signPub)),
  picture: keyPicture(fromHex(identity.signPub)),
  createdAt: Date.parse(identity.createdAt),
})

/**
 * The composition root: one object for the window, the command and the tests. Methods are named after the channels of
 * the contract; each throws an AppFault. Call `close` before the process ends.
 */
export const openWallet = async (ports: Ports, options: WalletOptions) => {
  const vault: Vault = openVault(ports, options.home)
  const orders = options.orders ?? noOrders
  const defaultSettings: SettingsDto = { ...standardSettings, relayPort: options.relayPort ?? standardSettings.relayPort }
  let chosen: Chosen | null = null
  let closed = false
  /** Grows with each lock: an unlock that was overtaken by one must not leave the keys out. */
  let lockEpoch = 0
  let tail: Promise<unknown> = Promise.resolve()
  /** Choosing, unlocking and making profiles come one after the other: two at once would open one database twice. */
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const turn = tail.then(() => {
      if (closed) throw new AppFault('STATE', 'The wallet is closed.')
      return run()
    })
    tail = turn.catch(() => {})
    return turn
  }
  let entries: ProfileEntry[] = []
  let currentRequest: string | null = null
  /** Asked for by name, and not there yet: it is to be made. */
  let wantsNew = false
  const feed = createFeed(ports.clock)

  const refreshEntries = (): void => {
    entries = vault.list().map((entry) => (entry.readable ? { readable: true, profile: profileDto(entry.profile) } : entry))
  }

  // -- what the window shows around everything else

  const settings = (): SettingsDto => chosen?.settings ?? defaultSettings
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
    }
  }
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

  const readSettings = (store: Store): SettingsDto => {
    const stored = Object.fromEntries(
      Object.keys(defaultSettings)
        .map((key) => [key, store.publicSettings.get(key)])
        .filter(([, value]) => value !== undefined),
    )
    const parsed = SettingsDto.safeParse({ ...defaultSettings, ...stored })
    // Settings of a later version may not fit: the defaults are safe, and nothing else depends on them.
    return parsed.success ? parsed.data : defaultSettings
  }
  const relayChoice = (s: SettingsDto): RelayChoice =>
    options.relay ?? { mode: s.relayMode, host: s.relayMode === 'embedded' ? '127.0.0.1' : s.relayHost, port: s.relayPort }

  const choose = (name: string): void => {
    const identity = vault.publicPart(name)
    const store = openStore(ports, { folder: vault.profileFolder(name), myId: identity.myId })
    const own = readSettings(store)
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
    link.start()
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
    store.close()
  }

  const lock = (): void => {
    lockEpoch += 1
    if (!chosen?.open) return
    const { profile, secret } = chosen.open
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
    try {
      secret = await vault.unlock({ name, passphrase, onProgress })
    } finally {
      appChanged()
    }
    if (epoch !== lockEpoch || closed || chosen !== c) {
      wipeSecret(secret)
      throw new AppFault('LOCKED', 'The wallet was locked while it was being unlocked.')
    }
    const columnKey = columnKeyOf(secret)
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
      const profile = openProfile({
        ports,
        store: c.store,
        self,
        transport: c.link,
        orders,
        appVersion: options.version,
        discoverable: () => c.settings.discoverable,
        publish,
      })
      c.open = { profile, secret }
      takeLockedLines(c, profile, secret)
      c.lockedKinds.clear()
      if (c.rejectAll) profile.approvals.rejectAll(null, 'Rejected while locked.')
      c.rejectAll = false
    } catch (error) {
      c.open?.profile.stop()
      c.open = null
      c.store.lock()
      wipeSecret(secret)
      throw error
    } finally {
      columnKey.wipe()
    }
    feed.patch({ kind: 'reset' })
    emitOwn({ event: 'ready', name: c.identity.name, my_id: c.identity.myId, genesis: null, relay: `${c.link.dto().host}:${c.link.dto().port}` })
    if (c.open?.profile.approvals.waiting().length) feed.review()
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

  const identities = createIdentities({ ports, vault, feed, requireForeign })

  // -- the queue as the approval window sees it

  const current = (): { approval: ApprovalDto | null } => {
    const approvals = chosen?.open?.profile.approvals
    if (!approvals) return { approval: null }
    const all = approvals.waiting()
    const request = all.find((r) => r.id === currentRequest) ?? all[0]
    currentRequest = request?.id ?? null
    return { approval: request ? approvals.approvalDto(request) : null }
  }
  const requestDto = (request: Parameters<Profile['approvals']['requestDto']>[0]): RequestDto => unlocked().profile.approvals.requestDto(request)

  const showRequest = (id: string): void => {
    if (!unlocked().profile.approvals.request(id)) throw new AppFault('NOT_FOUND', 'This request is not waiting any more.')
    currentRequest = id
    feed.approvalChanged()
    feed.review()
  }

  /** Opened for a moment. A damaged profile may be moved aside, of all things; one that another process has, may not. */
  const refuseInUse = (name: string): void => {
    try {
      openStore(ports, { folder: vault.profileFolder(name), myId: vault.publicPart(name).myId }).close()
    } catch (error) {
      if (error instanceof AppFault && error.code === 'IN_USE') throw error
    }
  }
  /** A policy may have decided it at once. */
  const showIfWaiting = (id: string): void => {
    if (unlocked().profile.approvals.request(id)) showRequest(id)
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
    // -- subscriptions
    onPatch: feed.onPatch,
    onKdf: feed.onKdf,
    onApproval: feed.onApproval,
    onReview: feed.onReview,
    onEvent: feed.onEvent,

    // -- the window's commands
    appSnapshot: (_args: Record<never, never>): Snapshot => {
      const profile = chosen?.open?.profile
      return {
        seq: feed.seq(),
        app: appDto(),
        peers: profile?.peers() ?? [],
        requests: profile?.approvals.waiting().map(profile.approvals.requestDto) ?? [],
        knocks: profile?.knocks() ?? [],
        history: profile?.history(200) ?? [],
        sessions: profile?.sessions() ?? [],
        notices: profile?.notices() ?? [],
      }
    },
    profileSelect: ({ name }: { name: string | null }) =>
      inTurn(async () => {
        wantsNew = false
        if (chosen && chosen.identity.name === name) return {}
        await release()
        refreshEntries()
        try {
          if (name !== null) choose(name)
        } catch (error) {
          // No reset, which would start the picker anew: it stays and says why.
          appChanged()
          throw error
        }
        feed.patch({ kind: 'reset' })
        return {}
      }),
    identityStrength: ({ passphrase, name }: { passphrase: Uint8Array; name: string }) => strength(passphrase, [name]),
    identityCreate: ({ name, passphrase }: { name: string; passphrase: Uint8Array }) =>
      inTurn(async () => finishNew(await vault.create({ name, passphrase, onProgress: feed.progress(0, 0.5) }), passphrase, 0.5)),
    identityUnlock: ({ name, passphrase }: { name: string; passphrase: Uint8Array }) =>
      inTurn(async () => {
        await unlock(name, passphrase)
        return {}
      }),
    identityLock: () => {
      lock()
      return {}
    },
    identityPassphrase: async (args: { old: Uint8Array; new: Uint8Array }) => {
      const { identity } = unlocked()
      await vault.changePassphrase({ name: identity.name, old: args.old, next: args.new, onProgress: feed.progress() })
      return {}
    },
    identityArchive: ({ name }: { name: string }) =>
      inTurn(async () => {
        // Open for a moment: another process that has the profile makes this fail, instead of losing its folder.
        if (chosen?.identity.name !== name) refuseInUse(name)
        if (chosen?.identity.name === name) await release()
        await vault.archive(name)
        refreshEntries()
        feed.patch({ kind: 'reset' })
        return {}
      }),
    /** `passphrase` is the identity's; the backup is sealed with `backupPassphrase`, else with the same. */
    identityBackup: async (args: { passphrase: Uint8Array; backupPassphrase?: Uint8Array; messages: boolean; path: string }): Promise<BackupDto> => {
      const { store, identity } = unlocked()
      // A profile's own folder holds the files it lives from, and is what the backup is to outlive.
      if (resolve(args.path).startsWith(`${resolve(vault.profileFolder(identity.name))}${sep}`))
        throw new AppFault('BAD_ARGUMENT', 'Choose a place outside the profile’s own folder.')
      await identities.backup({ ...args, identity, store, settings: settings(), backupPassphrase: args.backupPassphrase ?? args.passphrase })
      noteBackup(args.path)
      return backupDto()
    },
    identityRestore: (args: { path: string; name: string; passphrase: Uint8Array; newPassphrase?: Uint8Array }): Promise<ProfileDto> =>
      inTurn(async () => {
        const passphrase = args.newPassphrase ?? args.passphrase
        const restored = await finishNew(await identities.restore({ ...args, newPassphrase: passphrase }), passphrase, 2 / 3)
        noteBackup(args.path)
        return restored
      }),
    identityImport: (args: { path: string; name: string; importPassphrase: Uint8Array; passphrase: Uint8Array }): Promise<ProfileDto> =>
      inTurn(async () => finishNew(await identities.import(args), args.passphrase, 2 / 3)),
    identityExport: async (args: { passphrase: Uint8Array; exportPassphrase: Uint8Array; path: string }): Promise<{ fileName: string }> => {
      const { store, identity } = unlocked()
      return { fileName: await identities.export({ ...args, identity, store }) }
    },
    peerPropose: ({ peer }: { peer: string }) => {
      unlocked().profile.propose(peer as PeerId)
      return {}
    },
    peerAnswer: ({ peer }: { peer: string }): RequestDto => {
      const request = unlocked().profile.answer(peer as PeerId)
      showIfWaiting(request.id)
      return requestDto(request)
    },
    peerReconnect: ({ peer }: { peer: string }) => {
      unlocked().profile.propose(peer as PeerId)
      return {}
    },
    /** Gives up what is on its way with a peer, in both roles, without a word on the wire. */
    peerGiveUp: ({ peer }: { peer: string }) => {
      const { engine } = unlocked().profile
      // An open session is ended by an approval only.
      if (engine.peekInitiator(peer as PeerId).session || engine.peekResponder(peer as PeerId).session)
        throw new AppFault('STATE', 'A session is open with this peer. Close it instead.')
      engine.stop(peer as PeerId, 'Given up.')
      return {}
    },
    peerName: ({ peer, name }: { peer: string; name: string }) => {
      unlocked().profile.name(peer as PeerId, name)
      return {}
    },
    /** Stricter at once; what lets a peer begin without asking waits for an approval. */
    peerPolicy: ({ peer, policy }: { peer: string; policy: PeerPolicy }) => {
      const { profile } = unlocked()
      if (policy.kind === 'accept-until' || policy.kind === 'keep-alive') showIfWaiting(profile.askPolicy(peer as PeerId, policy).id)
      else profile.policy(peer as PeerId, policy)
      return {}
    },
    peerZone: ({ peer, accepted }: { peer: string; accepted: boolean }) => {
      unlocked().profile.zone(peer as PeerId, accepted)
      return {}
    },
    peerKeepKey: ({ peer }: { peer: string }) => {
      unlocked().profile.keepKey(peer as PeerId)
      return {}
    },
    peerForget: ({ peer }: { peer: string }) => {
      unlocked().profile.forget(peer as PeerId)
      return {}
    },
    knockDismiss: ({ peer }: { peer: string }) => ({ knock: unlocked().profile.dismiss(peer as PeerId) }),
    requestReview: ({ id }: { id: string }) => {
      showRequest(id)
      return {}
    },
    requestUndo: ({ id }: { id: string }) => {
      unlocked().profile.approvals.undo(id)
      return {}
    },
    requestRejectAll: ({ peer }: { peer: string | null }) => {
      if (chosen && !chosen.open) {
        if (peer !== null) throw new AppFault('LOCKED', 'While locked, all or nothing can be rejected.')
        chosen.rejectAll = true
        return { rejected: chosen.store.requests.count() }
      }
      return { rejected: unlocked().profile.approvals.rejectAll(peer as PeerId | null, 'Rejected with all others.') }
    },
    sessionMessages: ({ peer, before }: { peer: string; before: number | null }) => unlocked().profile.messages(peer as PeerId, before),
    sessionSend: ({ session, text }: { session: string; text: string }): MessageDto => unlocked().profile.send(session, text),
    sessionClose: ({ session }: { session: string }): RequestDto => {
      const request = unlocked().profile.close(session)
      showIfWaiting(request.id)
      return requestDto(request)
    },
    settingsSet: async (change: { readonly [K in keyof SettingsDto]?: SettingsDto[K] | undefined }): Promise<SettingsDto> => {
      if (!chosen) throw new AppFault('STATE', 'Choose a profile first.')
      const c = chosen
      const next = SettingsDto.parse({ ...c.settings, ...Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) })
      c.store.transaction(() => {
        for (const [key, value] of Object.entries(next)) c.store.publicSettings.set(key, value)
      })
      c.settings = next
      await c.link.use(relayChoice(next))
      c.open?.profile.announce()
      appChanged()
      return next
    },

    // -- the approval window's commands
    approvalCurrent: (_args: Record<never, never>) => ({ ...current(), selfName: chosen?.identity.name ?? '' }),
    approvalMove: ({ by }: { by: 1 | -1 }) => {
      const all = unlocked().profile.approvals.waiting()
      const at = all.findIndex((r) => r.id === currentRequest)
      currentRequest = all[Math.min(Math.max(at + by, 0), all.length - 1)]?.id ?? null
      feed.approvalChanged()
      return {}
    },
    approvalDecide: (args: { requestId: string; viewHash: string; decision: 'approve' | 'reject'; scope: 'step'; reason: string | null }) =>
      unlocked().profile.approvals.decide(args.requestId, args.viewHash, args.decision, args.reason),
    approvalUndo: ({ requestId }: { requestId: string }) => {
      unlocked().profile.approvals.undo(requestId)
      return {}
    },
    /** The window hides itself; nothing is decided by that. */
    approvalClose: (_args: Record<never, never>) => ({}),

    // -- for the command
    /** An event of the command's own (a refused line on its input, an error) among the others. */
    report: emitOwn,
    /** Hash of the view as the last `request` event showed it. */
    shownHash: ({ id }: { id: string }): string => {
      const request = unlocked().profile.approvals.request(id)
      if (!request) throw new AppFault('NOT_FOUND', 'This request is not waiting any more.')
      return request.viewHash
    },
    /** Public parts of a profile; needs no passphrase. */
    publicPart: (name: string): ProfileDto => profileDto(vault.publicPart(name)),

    /** Locks, closes the database and the connections. Nothing is called after it. */
    close: async (): Promise<void> => {
      closed = true
      lock()
      await tail
      await release()
    },
  }
}

export type Wallet = Awaited<ReturnType<typeof openWallet>>
