import { join } from 'node:path'
import { toHex } from '../crypto/bytes.ts'
import { AppFault } from '../fault.ts'
import type { Files, Ports } from '../ports.ts'

const codeOf = (error: unknown): string | null => (error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null)

export const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT'

/** What a failed call of the file system means to a person. `what` names the file in words, never its path. */
export const fileFault = (error: unknown, what: string): AppFault => {
  if (error instanceof AppFault) return error
  const code = codeOf(error)
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new AppFault('DISK_FULL', `The disk is full: ${what} could not be written. Nothing was changed.`, { cause: error })
  return new AppFault('UNREADABLE', `The system refused access to ${what}${code === null ? '' : ` (${code})`}.`, { cause: error })
}

/** @throws AppFault NOT_FOUND where there is no such file, UNREADABLE for every other refusal: a failed read is never "empty". */
export const readFile = (files: Files, path: string, what: string): Uint8Array => {
  try {
    return files.read(path)
  } catch (error) {
    if (isMissing(error)) throw new AppFault('NOT_FOUND', `There is no ${what}.`)
    throw fileFault(error, `the ${what}`)
  }
}

const TEMPORARY = /^\.(.+)\.[0-9a-f]{16}\.tmp$/

/** A temporary file of `writeDurably` (of that target, where one is given), left by a crash between creating and renaming. */
export const isTemporary = (name: string, target?: string): boolean => {
  const found = TEMPORARY.exec(name)
  return found !== null && (target === undefined || found[1] === target)
}

const quietly = (run: () => void): void => {
  try {
    run()
  } catch {
    // Cleaning up after a failure: the failure itself is what gets reported.
  }
}

/** Content on the disk (fsync) under a name nobody reads; 0600 from the first byte. Leaves nothing behind when it fails. */
const writeTemporary = (ports: Pick<Ports, 'files' | 'random'>, folder: string, name: string, bytes: Uint8Array): string => {
  const { files } = ports
  const path = join(folder, `.${name}.${toHex(ports.random.bytes(8))}.tmp`)
  const handle = files.createExclusive(path, 0o600)
  let open = true
  try {
    files.write(handle, bytes)
    files.sync(handle)
    open = false
    files.close(handle)
  } catch (error) {
    if (open) quietly(() => files.close(handle))
    quietly(() => files.remove(path))
    throw error
  }
  return path
}

const install = (ports: Pick<Ports, 'files' | 'random'>, folder: string, name: string, bytes: Uint8Array, beforeRename: () => void): void => {
  const temporary = writeTemporary(ports, folder, name, bytes)
  try {
    beforeRename()
    ports.files.rename(temporary, join(folder, name))
  } catch (error) {
    quietly(() => ports.files.remove(temporary))
    throw error
  }
}

export interface DurableWrite {
  readonly folder: string
  readonly name: string
  readonly bytes: Uint8Array
  /** The file in words, for the error: "the identity". */
  readonly what: string
  /** Keep what is there now under this name. */
  readonly previous?: string
  /** Refuse with EXISTS rather than replace. */
  readonly mustBeNew?: boolean
}

/**
 * Writes a file so that at every moment, power cut included, either the old content or the new is there whole: temporary file, fsync, rename,
 * fsync of the folder. With `previous` the old content is first installed, by the same steps, under that name.
 * @throws AppFault DISK_FULL, UNREADABLE, EXISTS. Only a failure of the last step, the fsync of the folder, comes after the change; its text says so.
 */
export const writeDurably = (ports: Pick<Ports, 'files' | 'random'>, { folder, name, bytes, what, previous, mustBeNew }: DurableWrite): void => {
  const { files } = ports
  const refuseTaken = (): void => {
    if (mustBeNew === true && files.exists(join(folder, name))) throw new AppFault('EXISTS', `There is already ${what} of this name; it is never overwritten.`)
  }
  try {
    refuseTaken()
    // Only those of the names written here: a backup is written to a folder of the person's, full of other things.
    quietly(() => {
      for (const stale of files.list(folder)) {
        if (isTemporary(stale, name) || (previous !== undefined && isTemporary(stale, previous))) files.remove(join(folder, stale))
      }
    })
    if (previous !== undefined && files.exists(join(folder, name))) install(ports, folder, previous, files.read(join(folder, name)), () => {})
    install(ports, folder, name, bytes, refuseTaken)
  } catch (error) {
    throw fileFault(error, what)
  }
  try {
    files.syncFolder(folder)
  } catch (error) {
    throw new AppFault('UNREADABLE', `The change to ${what} is made, but the disk did not confirm it (${codeOf(error) ?? 'unknown'}). Check the disk.`, {
      cause: error,
    })
  }
}
