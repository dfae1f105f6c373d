import { AppFault } from '../fault.ts'
import type { Files } from '../ports.ts'

const codeOf = (error: unknown): string | undefined => (error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined)

/** The fault for an error of the file system. */
const toFileFault = (error: unknown): unknown => {
  const code = codeOf(error)
  if (error instanceof AppFault || code === undefined) return error
  if (code === 'ENOSPC' || code === 'EDQUOT') return new AppFault('DISK_FULL', 'The disk is full. Make room and try again.', { cause: error })
  return new AppFault('UNREADABLE', `The profile’s folder could not be read or written (${code}).`, { cause: error })
}

/** Runs a call of the file system. @throws AppFault DISK_FULL, UNREADABLE. */
export const onFiles = <T>(call: () => T): T => {
  try {
    return call()
  } catch (error) {
    throw toFileFault(error)
  }
}

/** An empty file that only its owner may read (mode 0600; SQLite gives its -wal and -shm the same). An existing one stays as it is. */
export const ensureFile = (files: Files, path: string): void => {
  try {
    files.close(files.createExclusive(path, 0o600))
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw toFileFault(error)
  }
}

/** An empty private file that did not exist. @throws AppFault EXISTS, DISK_FULL, UNREADABLE. */
export const createPrivateFile = (files: Files, path: string): void => {
  try {
    files.close(files.createExclusive(path, 0o600))
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw new AppFault('EXISTS', 'There is a file of that name already.', { cause: error })
    throw toFileFault(error)
  }
}
