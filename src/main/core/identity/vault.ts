import { dirname, join } from 'node:path'
import type { AppError } from '../../../contract/index.ts'
import type { ProfileName } from '../brand.ts'
import { AppFault, toAppError } from '../fault.ts'
import type { Ports } from '../ports.ts'
import { fileFault, isMissing, isTemporary, readFile, writeDurably } from './durable-file.ts'
import { openIdentity, readPublicPart, sealIdentity } from './id-v2.ts'
import { type IdentityPublic, type IdentitySecret, newIdentity, timestampOf, type WholeIdentity, wipeSecret, withRecoverySeed } from './identity.ts'
import { checkName, foldName } from './name.ts'
import { requireStrong } from './passphrase.ts'
import { createThrottle, type ThrottleStatus } from './throttle.ts'

export type VaultEntry =
  | { readonly readable: true; readonly profile: IdentityPublic }
  | { readonly readable: false; readonly name: string; readonly error: AppError }

type Progress = ((fraction: number) => void) | undefined

/** Passphrases are UTF-8 bytes as typed; they stay the caller's to wipe. Fractions go from 0 to 1. */
export interface VaultRequest {
  readonly name: string
  readonly passphrase: Uint8Array
  readonly onProgress?: ((fraction: number) => void) | undefined
}

/**
 * The identities below one home folder, one folder a profile: `identity.json` (id.v2), `identity.previous.json`, `throttle.json`, and what the
 * store keeps there. Every refusal is an AppFault: NAME, NOT_FOUND, EXISTS, WEAK_PASSPHRASE, WRONG_PASSPHRASE, THROTTLED, TRUNCATED, FORMAT,
 * VERSION, KDF_BOUNDS, UNREADABLE, DISK_FULL; and leaves what was there as it was. Calls that derive keys run one after the other.
 */
export interface Vault {
  /** All profiles in name order, those that cannot be read with the reason. @throws AppFault UNREADABLE when the home itself cannot be listed */
  list(): VaultEntry[]
  publicPart(name: string): IdentityPublic
  /** A new identity under a new name. */
  create(request: VaultRequest): Promise<IdentityPublic>
  /** The keys in use, without the recovery seed. The caller wipes them (`wipeSecret`). Wrong passphrases are counted and slowed down. */
  unlock(request: VaultRequest): Promise<IdentitySecret>
  /** The whole identity, for a backup or a rotation only. Counted like `unlock`. */
  unlockWithRecovery(request: VaultRequest): Promise<WholeIdentity>
  /** Seals the same identity anew. The file under the old passphrase is kept as the previous generation. */
  changePassphrase(request: {
    readonly name: string
    readonly old: Uint8Array
    readonly next: Uint8Array
    readonly onProgress?: ((fraction: number) => void) | undefined
  }): Promise<void>
  /**
   * A restored or imported identity under a new name; one without a recovery seed gets one. Never overwrites. The secret stays the caller's.
   * `fill` puts into the folder it is given whatever else belongs to the profile. All of it appears at once: an identity without its ledger
   * would begin a second one. What fails or is killed before stays in `.archive`.
   */
  adopt(request: VaultRequest & { readonly secret: IdentitySecret; readonly fill?: (folder: string) => void }): Promise<IdentityPublic>
  /** Moves a profile's folder aside, into `.archive`, readable or not. Deletes nothing. @returns the new path */
  archive(name: string): Promise<string>
  /** Puts the previous generation back in the place of a file that does not open; that one is kept as `identity.damaged.json`. */
  revertToPrevious(name: string): Promise<IdentityPublic>
  /** Absolute path of a profile's folder; it need not exist. @throws AppFault NAME */
  profileFolder(name: string): string
  throttle(name: string): ThrottleStatus
}

const IDENTITY = 'identity.json'
const PREVIOUS = 'identity.previous.json'
const DAMAGED = 'identity.damaged.json'
const ARCHIVE = '.archive'

/** Opens the vault of a home folder, which need not exist yet. Reads nothing but the boot id. */
export const openVault = (ports: Ports, home: string): Vault => {
  const { files } = ports
  const throttle = createThrottle(ports)

  let tail: Promise<unknown> = Promise.resolve()
  // One at a time: parallel guesses would each see the count before the others', and each derivation takes 128 MiB.
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const turn = tail.then(run)
    tail = turn.catch(() => {})
    return turn
  }

  const folderOf = (name: ProfileName): string => join(home, name)
  const readIdentity = (name: ProfileName): Uint8Array => readFile(files, join(folderOf(name), IDENTITY), 'identity')

  /** The public part of a folder's file. A folder that was renamed or copied is refused: its name is authenticated, and the store goes by it. */
  const publicIn = (name: ProfileName, bytes: Uint8Array): IdentityPublic => {
    const identity = readPublicPart(bytes)
    if (identity.name !== name) throw new AppFault('NAME', `This folder holds the identity “${identity.name}”: rename the folder back to that.`)
    return identity
  }
  const publicPart = (name: ProfileName): IdentityPublic => publicIn(name, readIdentity(name))

  const namesAtHome = (): string[] => {
    try {
      return files.list(home)
    } catch (error) {
      if (isMissing(error)) return []
      throw fileFault(error, 'the folder of the profiles')
    }
  }

  const has = (name: string, file: string): boolean => {
    try {
      return files.exists(join(home, name, file))
    } catch (error) {
      throw fileFault(error, `the folder “${name}”`)
    }
  }

  const entryOf = (folder: string): VaultEntry | null => {
    let name: ProfileName
    try {
      name = checkName(folder)
    } catch {
      return null // Not a name we give: other programs' files, the archive.
    }
    try {
      if (name !== folder) return null
      if (!has(folder, IDENTITY)) {
        if (!has(folder, PREVIOUS)) return null
        throw new AppFault('NOT_FOUND', 'The identity file is gone; its previous generation is there and can be put back.')
      }
      return { readable: true, profile: publicPart(name) }
    } catch (error) {
      return { readable: false, name: folder, error: toAppError(error) }
    }
  }

  /** @throws AppFault EXISTS when the name, or one that is the same to some file system, is taken: by a profile or by anything else but leftovers of a failed creation */
  const requireFree = (name: ProfileName): void => {
    const fold = foldName(name)
    for (const taken of namesAtHome()) {
      if (foldName(taken) !== fold) continue
      if (taken !== name) throw new AppFault('EXISTS', `The name “${taken}” is taken, and differs only in spelling.`)
      let inside: string[]
      try {
        inside = files.list(folderOf(name))
      } catch (error) {
        throw fileFault(error, `the folder “${taken}”`)
      }
      if (!inside.every((file) => isTemporary(file))) throw new AppFault('EXISTS', `The name “${taken}” is taken.`)
    }
  }

  const makeFolders = (name: ProfileName): void => {
    try {
      const newHome = !files.exists(home)
      files.makeFolder(folderOf(name))
      files.syncFolder(home)
      if (newHome) files.syncFolder(dirname(home))
    } catch (error) {
      throw fileFault(error, 'the folder of the new profile')
    }
  }

  /** Sealed in memory first: nothing touches the disk before there is a whole file to write. */
  const install = async (name: ProfileName, secret: WholeIdentity, passphrase: Uint8Array, onProgress: Progress): Promise<IdentityPublic> => {
    const bytes = await sealIdentity(ports, name, secret, passphrase, onProgress)
    requireFree(name)
    makeFolders(name)
    writeDurably(ports, { folder: folderOf(name), name: IDENTITY, bytes, what: 'the identity', mustBeNew: true })
    return readPublicPart(bytes)
  }

  /** A name in the archive that is free; the folder of archived profiles is made where there is none. */
  const archived = (name: string): string => {
    const folder = join(home, ARCHIVE)
    files.makeFolder(folder)
    const day = timestampOf(ports.clock.now()).replace(/[:-]|\+.*$/g, '')
    const taken = new Set(files.list(folder))
    let target = `${name} ${day}`
    for (let n = 2; taken.has(target); n += 1) target = `${name} ${day} ${n}`
    return join(folder, target)
  }

  /** As `install`, with what else belongs to the profile: made aside, and moved to its place whole. */
  const installFilled = async (name: ProfileName, secret: WholeIdentity, passphrase: Uint8Array, onProgress: Progress, fill: (folder: string) => void) => {
    const bytes = await sealIdentity(ports, name, secret, passphrase, onProgress)
    requireFree(name)
    try {
      const stage = archived(`${name} unfinished`)
      files.makeFolder(stage)
      fill(stage)
      writeDurably(ports, { folder: stage, name: IDENTITY, bytes, what: 'the identity', mustBeNew: true })
      requireFree(name)
      // Leftovers of a creation that failed.
      if (files.exists(folderOf(name))) files.rename(folderOf(name), archived(name))
      files.rename(stage, folderOf(name))
      files.syncFolder(home)
    } catch (error) {
      throw error instanceof AppFault ? error : fileFault(error, 'the folder of the new profile')
    }
    return readPublicPart(bytes)
  }

  /** Opens under the throttle. Files that cannot be right whatever the passphrase are refused before the attempt counts. */
  const attempt = async <T>(name: ProfileName, open: (bytes: Uint8Array) => Promise<T>): Promise<T> => {
    const bytes = readIdentity(name)
    publicIn(name, bytes)
    const folder = folderOf(name)
    throttle.begin(folder)
    try {
      const result = await open(bytes)
      throttle.succeeded(folder)
      return result
    } catch (error) {
      if (error instanceof AppFault && error.code === 'WRONG_PASSPHRASE') throw error
      throttle.undo(folder)
      throw error
    }
  }

  const unlockWhole = (name: ProfileName, passphrase: Uint8Array, onProgress: Progress): Promise<WholeIdentity> =>
    attempt(name, async (bytes) => {
      const secret = await openIdentity(ports.kdf, bytes, passphrase, { recovery: true, onProgress })
      const { recoverySeed } = secret
      if (recoverySeed === null) throw new AppFault('INTERNAL', 'the recovery box was not opened')
      return { ...secret, recoverySeed }
    })

  return {
    list: () =>
      namesAtHome()
        .map(entryOf)
        .filter((entry) => entry !== null)
        .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)),
    publicPart: (name) => publicPart(checkName(name)),
    profileFolder: (name) => folderOf(checkName(name)),
    throttle: (name) => throttle.status(folderOf(checkName(name))),

    create: ({ name, passphrase, onProgress }) =>
      inTurn(async () => {
        const checked = checkName(name)
        requireFree(checked)
        await requireStrong(passphrase, [checked])
        const secret = newIdentity(ports)
        try {
          return await install(checked, secret, passphrase, onProgress)
        } finally {
          wipeSecret(secret)
        }
      }),

    unlock: ({ name, passphrase, onProgress }) =>
      inTurn(() => attempt(checkName(name), (bytes) => openIdentity(ports.kdf, bytes, passphrase, { recovery: false, onProgress }))),

    unlockWithRecovery: ({ name, passphrase, onProgress }) => inTurn(() => unlockWhole(checkName(name), passphrase, onProgress)),

    changePassphrase: ({ name, old, next, onProgress }) =>
      inTurn(async () => {
        const checked = checkName(name)
        await requireStrong(next, [checked])
        const half = (from: number): Progress => (onProgress === undefined ? undefined : (fraction) => onProgress(from + fraction / 2))
        const secret = await unlockWhole(checked, old, half(0))
        try {
          const bytes = await sealIdentity(ports, checked, secret, next, half(0.5))
          writeDurably(ports, { folder: folderOf(checked), name: IDENTITY, bytes, what: 'the identity', previous: PREVIOUS })
        } finally {
          wipeSecret(secret)
        }
      }),

    adopt: ({ name, secret, passphrase, onProgress, fill }) =>
      inTurn(async () => {
        const checked = checkName(name)
        requireFree(checked)
        await requireStrong(passphrase, [checked])
        const whole = withRecoverySeed(secret, ports)
        try {
          return fill === undefined ? await install(checked, whole, passphrase, onProgress) : await installFilled(checked, whole, passphrase, onProgress, fill)
        } finally {
          if (secret.recoverySeed === null) whole.recoverySeed.wipe()
        }
      }),

    archive: (name) =>
      inTurn(async () => {
        const checked = checkName(name)
        if (!namesAtHome().includes(checked)) throw new AppFault('NOT_FOUND', `There is no profile “${checked}”.`)
        try {
          const target = archived(checked)
          files.rename(folderOf(checked), target)
          files.syncFolder(dirname(target))
          files.syncFolder(home)
          return target
        } catch (error) {
          throw fileFault(error, `the profile “${checked}”`)
        }
      }),

    revertToPrevious: (name) =>
      inTurn(async () => {
        const checked = checkName(name)
        const bytes = readFile(files, join(folderOf(checked), PREVIOUS), 'previous generation of the identity')
        const identity = readPublicPart(bytes)
        if (identity.name !== checked) throw new AppFault('NAME', `The previous generation is of the identity “${identity.name}”.`)
        writeDurably(ports, { folder: folderOf(checked), name: IDENTITY, bytes, what: 'the identity', previous: DAMAGED })
        return identity
      }),
  }
}

const nameOf = (entry: VaultEntry): string => (entry.readable ? entry.profile.name : entry.name)
