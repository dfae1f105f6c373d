import { dirname, join } from 'node:path'
import { toHex } from '../../crypto/bytes.ts'
import { createSha256, type Sha256 } from '../../crypto/hash.ts'
import type { FileRow } from '../../store/files.ts'
import { nameOfCopy } from './file-name.ts'
import { CHUNK } from './header.ts'
import {
  CHUNKS_AHEAD,
  chunksOf,
  closeQuietly,
  diskReason,
  GAP_MS,
  HAVE_EVERY,
  LONGEST_GAP_MS,
  lengthOf,
  quietly,
  saveFile,
  type TransferDeps,
} from './transfer.ts'

/** Bytes of one look at the disk while the hash is computed; the rest of the wallet goes on in between. */
const LOOK = 64 * CHUNK
const MOST_COPIES = 1_000

/** A file of the peer's, accepted. */
export interface Incoming {
  row: FileRow
  handle: number | null
  /** The chunk that is due: all before it are written, though perhaps not yet safe. */
  next: number
  /** Chunks that came too early. */
  readonly ahead: Map<number, Uint8Array>
  /** Monotonic ms at which the chunk that is due is asked for. */
  gapAt: number
  gaps: number
  /** Number of the last `have`; none goes while it has no acknowledgement. */
  have: number | null
  check: { readonly handle: number; readonly hash: Sha256; offset: number } | null
}

/** As after a start: begins from what is safe on the disk, and asks for it at once. */
export const resumeIncoming = (row: FileRow, now: number): Incoming => ({
  row,
  handle: null,
  next: row.next,
  ahead: new Map(),
  gapAt: now,
  gaps: 0,
  have: null,
  check: null,
})

/** Makes the temporary file beside the target. @returns its path. @throws what the file system throws. */
export const makeTemporary = ({ ports }: TransferDeps, folder: string, name: string): string => {
  const temp = join(folder, `.${name}.${toHex(ports.random.bytes(8))}.part`)
  ports.files.close(ports.files.createExclusive(temp, 0o600))
  return temp
}

const release = (deps: TransferDeps, file: Incoming): void => {
  closeQuietly(deps.ports.files, file.handle)
  closeQuietly(deps.ports.files, file.check?.handle ?? null)
  file.handle = null
  file.check = null
  file.ahead.clear()
}

/** Closes what is open; the file can be gone on with. */
export const pauseIncoming = release

/** Ends it without a file: what was written is deleted. `tell`: what the sender hears. */
export const dropIncoming = (deps: TransferDeps, file: Incoming, state: 'cancelled' | 'failed', reason: string, tell: 'have' | 'done' | null): void => {
  release(deps, file)
  const { temp, session, f } = file.row
  deps.work.run(() => {
    file.row = saveFile(deps, { ...file.row, state, reason, path: null })
    if (tell === 'have') deps.say(session, { t: 'have', f, next: file.next, ok: false })
    if (tell === 'done') deps.say(session, { t: 'done', f, ok: false })
    // The row keeps its name, so that the next start finds it should this one not come to delete it.
    if (temp !== null) deps.work.after(() => quietly(() => deps.ports.files.remove(temp)))
  })
}

const fail = (deps: TransferDeps, file: Incoming, error: unknown): void => dropIncoming(deps, file, 'failed', diskReason(error), 'done')

const openTemp = (deps: TransferDeps, file: Incoming): number => {
  file.handle ??= deps.ports.files.openUpdate(file.row.temp ?? '')
  return file.handle
}

/** Tells how far it is. What is told is safe on the disk: after a power cut the sender would not send it again. */
const tellHave = (deps: TransferDeps, file: Incoming): void => {
  try {
    deps.ports.files.sync(openTemp(deps, file))
  } catch (error) {
    return fail(deps, file, error)
  }
  const whole = file.next === chunksOf(file.row.size)
  deps.work.run(() => {
    file.row = saveFile(deps, { ...file.row, next: file.next, state: whole ? 'checking' : 'moving' })
    file.have = deps.say(file.row.session, { t: 'have', f: file.row.f, next: file.next, ok: true })
  })
  if (whole) {
    closeQuietly(deps.ports.files, file.handle)
    file.handle = null
  }
}

/** A chunk. One that does not have its length, or lies beyond the 64 that may be on their way, is dropped. */
export const takeChunk = (deps: TransferDeps, file: Incoming, i: number, bytes: Uint8Array, now: number): void => {
  const { row } = file
  const total = chunksOf(row.size)
  if (row.state !== 'moving' || i < file.next) return
  if (i >= total || i >= file.next + CHUNKS_AHEAD || bytes.length !== lengthOf(row.size, i)) return deps.dropped('chunk of a file out of place', row.session)
  if (i > file.next) {
    file.ahead.set(i, bytes)
    return
  }
  for (let chunk: Uint8Array | undefined = bytes; chunk !== undefined && file.row.state === 'moving'; ) {
    try {
      deps.ports.files.writeAt(openTemp(deps, file), file.next * CHUNK, chunk)
    } catch (error) {
      return fail(deps, file, error)
    }
    file.next += 1
    file.gaps = 0
    file.gapAt = now + GAP_MS
    if (file.next === total || file.next % HAVE_EVERY === 0) tellHave(deps, file)
    chunk = file.ahead.get(file.next)
    file.ahead.delete(file.next)
  }
}

/** The sender has offered it again, so it does not know how far we are. */
export const tellAgain = (deps: TransferDeps, file: Incoming): void => {
  if (file.row.state === 'moving') tellHave(deps, file)
}

/** Takes a free name in the folder. @throws what the file system throws. */
const takeName = ({ ports: { files } }: TransferDeps, folder: string, name: string): string => {
  for (let copy = 1; ; copy += 1) {
    const path = join(folder, nameOfCopy(name, copy))
    try {
      files.close(files.createExclusive(path, 0o600))
      return path
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST') || copy >= MOST_COPIES) throw error
    }
  }
}

/** Gives the file its name: a free one is taken first, so that nothing there can be overwritten. */
const place = (deps: TransferDeps, file: Incoming): void => {
  const { files } = deps.ports
  const { temp, name, session, f } = file.row
  if (temp === null) return
  const folder = dirname(temp)
  let path = file.row.path
  if (path === null) {
    try {
      path = takeName(deps, folder, name)
    } catch (error) {
      return fail(deps, file, error)
    }
    const taken = path
    deps.work.run(() => {
      deps.change(session)
      file.row = { ...file.row, path: taken }
      deps.store.files.put(file.row)
    })
  }
  try {
    files.rename(temp, path)
  } catch (error) {
    // The place taken is empty, and ours.
    const taken = path
    quietly(() => files.remove(taken))
    return fail(deps, file, error)
  }
  quietly(() => files.syncFolder(folder))
  finish(deps, file, session, f)
}

const isEmpty = ({ ports: { files } }: TransferDeps, path: string): boolean => {
  try {
    const handle = files.openRead(path)
    try {
      return files.info(handle).size === 0
    } finally {
      files.close(handle)
    }
  } catch {
    return false
  }
}

const finish = (deps: TransferDeps, file: Incoming, session: string, f: string): void =>
  deps.work.run(() => {
    file.row = saveFile(deps, { ...file.row, state: 'done', temp: null })
    deps.say(session, { t: 'done', f, ok: true })
  })

/** One step of checking a file that is whole: reads on, compares, names it. */
const check = (deps: TransferDeps, file: Incoming): void => {
  const { files } = deps.ports
  const { temp, path, size, hash, session, f } = file.row
  if (temp === null) return
  // The process ended between the renaming and its note: the renamed file had been checked.
  if (path !== null && !files.exists(temp)) {
    if (files.exists(path)) return finish(deps, file, session, f)
    return dropIncoming(deps, file, 'failed', 'The file is not there any more.', 'done')
  }
  if (path !== null) {
    // Checked before, and the process ended before the renaming: the place is used if it is still ours.
    if (!isEmpty(deps, path)) file.row = { ...file.row, path: null }
    return place(deps, file)
  }
  try {
    file.check ??= { handle: files.openRead(temp), hash: createSha256(), offset: 0 }
    const bytes = files.readAt(file.check.handle, file.check.offset, LOOK)
    file.check.hash.update(bytes)
    file.check.offset += bytes.length
    if (bytes.length === LOOK) return
  } catch (error) {
    return fail(deps, file, error)
  }
  const found = file.check
  closeQuietly(files, found.handle)
  file.check = null
  if (found.offset === size && found.hash.hex() === hash) place(deps, file)
  else dropIncoming(deps, file, 'failed', 'What arrived is not what was offered: its hash is another. It was deleted.', 'done')
}

/** What time brings: asks for the chunk that is due, or goes on checking. */
export const tickIncoming = (deps: TransferDeps, file: Incoming, now: number): void => {
  if (file.row.state === 'checking') return check(deps, file)
  if (file.row.state !== 'moving' || now < file.gapAt) return
  file.gapAt = now + Math.min(GAP_MS * 2 ** Math.min(file.gaps, 10), LONGEST_GAP_MS)
  if (file.have !== null && !deps.isAcked(file.row.session, file.have)) return
  file.gaps += 1
  tellHave(deps, file)
}

/** Monotonic ms; null: nothing to wait for. */
export const dueIncoming = (file: Incoming, now: number): number | null =>
  file.row.state === 'checking' ? now : file.row.state === 'moving' ? file.gapAt : null
