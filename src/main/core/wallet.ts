import { resolve, sep } from 'node:path'
import {
  type ApprovalCommands,
  type ApprovalDto,
  type ArgsOf,
  type AuditDto,
  type BackupDto,
  type Commands,
  type FileDto,
  type MessageDto,
  type PeerPolicy,
  type ProfileDto,
  type RequestDto,
  SettingsDto,
  type Snapshot,
} from '../../contract/index.ts'
import type { PeerId } from './brand.ts'
import { AppFault } from './fault.ts'
import { strength } from './identity/passphrase.ts'
import { openVault, type Vault } from './identity/vault.ts'
import type { Ports } from './ports.ts'
import type { Profile } from './profile.ts'
import { peekPublicSetting } from './store/peek.ts'
import { openStore } from './store/store.ts'
import { createFeed } from './wallet-feed.ts'
import { createIdentities } from './wallet-identities.ts'
import { createLife, GENESIS, profileDto, type WalletOptions } from './wallet-life.ts'

/**
 * The composition root: one object for the window, the command and the tests. Methods are named after the channels of
 * the contract; each throws an AppFault. Call `close` before the process ends.
 */
export const openWallet = async (ports: Ports, options: WalletOptions) => {
  const vault: Vault = openVault(ports, options.home)
  const feed = createFeed(ports.clock)
  const life = createLife(ports, vault, options, feed)
  const { unlocked, choose, release, unlock, lock, finishNew, refreshEntries, requireForeign, settings, appDto, appChanged, backupDto, noteBackup } = life
  let tail: Promise<unknown> = Promise.resolve()
  /** Choosing, unlocking and making profiles come one after the other: two at once would open one database twice. */
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const turn = tail.then(() => {
      if (life.isClosed()) throw new AppFault('STATE', 'The wallet is closed.')
      return run()
    })
    tail = turn.catch(() => {})
    return turn
  }

  const identities = createIdentities({ ports, vault, feed, requireForeign })

  // -- the queue as the approval window sees it

  const current = (): { approval: ApprovalDto | null } => {
    const approvals = life.chosen()?.open?.profile.approvals
    if (!approvals) return { approval: null }
    const all = approvals.waiting()
    const request = all.find((r) => r.id === life.current.id()) ?? all[0]
    life.current.set(request?.id ?? null)
    return { approval: request ? approvals.approvalDto(request) : null }
  }
  const requestDto = (request: Parameters<Profile['approvals']['requestDto']>[0]): RequestDto => unlocked().profile.approvals.requestDto(request)

  const showRequest = (id: string): void => {
    if (!unlocked().profile.approvals.request(id)) throw new AppFault('NOT_FOUND', 'This request is not waiting any more.')
    life.current.set(id)
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

  return {
    // -- subscriptions
    onPatch: feed.onPatch,
    onKdf: feed.onKdf,
    onApproval: feed.onApproval,
    onReview: feed.onReview,
    onEvent: feed.onEvent,

    // -- the window's commands
    appSnapshot: (_args: Record<never, never>): Snapshot => {
      const profile = life.chosen()?.open?.profile
      return {
        seq: feed.seq(),
        app: appDto(),
        peers: profile?.peers() ?? [],
        requests: profile?.approvals.waiting().map(profile.approvals.requestDto) ?? [],
        knocks: profile?.knocks() ?? [],
        history: profile?.history(200) ?? [],
        sessions: profile?.sessions() ?? [],
        handshakes: profile?.m2m.handshakes() ?? [],
        files: profile?.m2m.files() ?? [],
        notices: profile?.notices() ?? [],
      }
    },
    profileSelect: ({ name }: { name: string | null }) =>
      inTurn(async () => {
        life.wantNothingNew()
        if (life.chosen()?.identity.name === name) return {}
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
        if (life.chosen()?.identity.name !== name) refuseInUse(name)
        if (life.chosen()?.identity.name === name) await release()
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
      const chosen = life.chosen()
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
    /** Ends a handshake on its way; asks first where our ledger has a row of it. */
    handshakeAbort: ({ id }: { id: string }): { request: RequestDto | null } => {
      const request = unlocked().profile.m2m.abort(id)
      if (request) showIfWaiting(request.id)
      return { request: request && requestDto(request) }
    },
    sessionSendFile: ({ session, path }: { session: string; path: string }): Promise<FileDto> => unlocked().profile.m2m.sendFile(session, path),
    sessionCancelFile: ({ file }: { file: string }) => {
      unlocked().profile.m2m.cancelFile(file)
      return {}
    },
    ledgerRows: (args: ArgsOf<Commands['ledger.rows']>) => unlocked().profile.m2m.rows(args),
    ledgerVerify: (_args: Record<never, never>) => unlocked().profile.m2m.verify(),
    ledgerTokens: (_args: Record<never, never>) => ({ tokens: unlocked().profile.m2m.tokens() }),
    ledgerGoOn: (_args: Record<never, never>) => {
      unlocked().profile.m2m.goOn()
      return {}
    },
    auditPeer: ({ peer, session }: { peer: string; session: string | null }): AuditDto => unlocked().profile.m2m.audit(peer as PeerId, session),
    auditFile: ({ path }: { path: string }): Promise<AuditDto> => unlocked().profile.m2m.auditFile(path),
    auditUrls: ({ urls }: { urls: readonly string[] }): Promise<AuditDto> => unlocked().profile.m2m.auditUrls(urls),
    auditSave: ({ peer, session, what, path }: { peer: string; session: string | null; what: 'bundle' | 'proof'; path: string }) =>
      unlocked().profile.m2m.save(peer as PeerId, session, what, path),
    apiState: (_args: Record<never, never>) => life.apiDto(),
    settingsSet: async (change: { readonly [K in keyof SettingsDto]?: SettingsDto[K] | undefined }): Promise<SettingsDto> => {
      const c = life.chosen()
      if (!c) throw new AppFault('STATE', 'Choose a profile first.')
      const next = SettingsDto.parse({ ...c.settings, ...Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) })
      c.store.transaction(() => {
        for (const [key, value] of Object.entries(next)) c.store.publicSettings.set(key, value)
      })
      c.settings = next
      await c.link.use(life.relayChoice(next))
      c.open?.profile.announce()
      life.followSettings()
      appChanged()
      return next
    },

    // -- the approval window's commands
    approvalCurrent: (_args: Record<never, never>) => ({ ...current(), selfName: life.chosen()?.identity.name ?? '' }),
    approvalMove: ({ by }: { by: 1 | -1 }) => {
      const all = unlocked().profile.approvals.waiting()
      const at = all.findIndex((r) => r.id === life.current.id())
      life.current.set(all[Math.min(Math.max(at + by, 0), all.length - 1)]?.id ?? null)
      feed.approvalChanged()
      return {}
    },
    approvalDecide: (args: ArgsOf<ApprovalCommands['approval.decide']>) =>
      unlocked().profile.approvals.decide(args.requestId, args.viewHash, args.decision, args.reason, { scope: args.scope, uncompared: args.uncompared }),
    approvalUndo: ({ requestId }: { requestId: string }) => {
      unlocked().profile.approvals.undo(requestId)
      return {}
    },
    /** The window hides itself; nothing is decided by that. */
    approvalClose: (_args: Record<never, never>) => ({}),

    // -- for the command
    /** An event of the command's own (a refused line on its input, an error) among the others. */
    report: life.emitOwn,
    /** Hash of the view as the last `request` event showed it. */
    shownHash: ({ id }: { id: string }): string => {
      const request = unlocked().profile.approvals.request(id)
      if (!request) throw new AppFault('NOT_FOUND', 'This request is not waiting any more.')
      return request.viewHash
    },
    /** The open profile's ledger, for the HTTP API and the machine command. @throws AppFault LOCKED */
    openLedger: () => {
      const { profile, store } = unlocked()
      return { ledger: profile.m2m.ledger, store, work: profile.work }
    },
    /** Public parts of a profile; needs no passphrase. */
    publicPart: (name: string): ProfileDto => profileDto(vault.publicPart(name)),
    /** The genesis of its ledger, hex; null before the ledger is made. Needs no passphrase, and may be asked while another process has the profile. */
    genesisOf: (name: string): string | null => {
      const genesis = peekPublicSetting(vault.profileFolder(name), GENESIS)
      return typeof genesis === 'string' ? genesis : null
    },

    /** Locks, closes the database and the connections. Nothing is called after it. */
    close: async (): Promise<void> => {
      life.close()
      await tail
      await release()
    },
  }
}

export type Wallet = Awaited<ReturnType<typeof openWallet>>
