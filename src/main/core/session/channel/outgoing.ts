import type { FileRow } from '../../store/files.ts'
import { CHUNK } from './header.ts'
import { CHUNKS_AHEAD, chunksOf, closeQuietly, HAVE_EVERY, lengthOf, saveFile, type TransferDeps } from './transfer.ts'

/** A file of ours. `row.next`: what the receiver said it has. */
export interface Outgoing {
  row: FileRow
  handle: number | null
  /** The chunk that goes next. */
  at: number
}

export const resumeOutgoing = (row: FileRow): Outgoing => ({ row, handle: null, at: row.next })

export const pauseOutgoing = (deps: TransferDeps, file: Outgoing): void => {
  closeQuietly(deps.ports.files, file.handle)
  file.handle = null
}

export const offerOf = ({ f, name, size, hash }: FileRow) => ({ t: 'file', f, name, size, hash, chunk: CHUNK })

/** Ends it. `tell`: the receiver hears that nothing more comes. */
export const dropOutgoing = (deps: TransferDeps, file: Outgoing, state: 'refused' | 'cancelled' | 'failed', reason: string | null, tell: boolean): void => {
  pauseOutgoing(deps, file)
  deps.work.run(() => {
    file.row = saveFile(deps, { ...file.row, state, reason })
    if (tell) deps.say(file.row.session, { t: 'have', f: file.row.f, next: 0, ok: false })
  })
}

/**
 * The receiver has all before `next`. It says so each 32 chunks; at any other number, or twice the same, it misses the one at
 * `next`, and sending goes back there.
 */
export const takeHave = (deps: TransferDeps, file: Outgoing, next: number): void => {
  const { row } = file
  if ((row.state !== 'offered' && row.state !== 'moving') || next > chunksOf(row.size)) return deps.dropped('news of a file out of place', row.session)
  const misses = next <= row.next || next % HAVE_EVERY !== 0
  if (next > file.at || (misses && next < file.at)) file.at = next
  file.row = saveFile(deps, { ...row, state: 'moving', next })
}

/** The receiver has checked it, or has given up. */
export const takeDone = (deps: TransferDeps, file: Outgoing, ok: boolean): void => {
  if (file.row.state !== 'offered' && file.row.state !== 'moving') return
  if (ok) {
    pauseOutgoing(deps, file)
    file.row = saveFile(deps, { ...file.row, state: 'done', next: chunksOf(file.row.size) })
  } else dropOutgoing(deps, file, 'failed', 'The peer could not save the file, or what arrived did not fit its hash.', false)
}

/** The chunk that goes next; null: none now. A file that is not what was offered any more is given up, and the receiver told. */
export const nextChunk = (deps: TransferDeps, file: Outgoing): { readonly i: number; readonly bytes: Uint8Array } | null => {
  const { row } = file
  if (row.state !== 'moving' || file.at >= Math.min(chunksOf(row.size), row.next + CHUNKS_AHEAD)) return null
  const { files } = deps.ports
  try {
    file.handle ??= files.openRead(row.path ?? '')
    const { size, modified } = files.info(file.handle)
    if (size === row.size && modified === row.modified) {
      const bytes = files.readAt(file.handle, file.at * CHUNK, lengthOf(row.size, file.at))
      if (bytes.length === lengthOf(row.size, file.at)) return { i: file.at, bytes }
    }
    dropOutgoing(deps, file, 'failed', 'The file was changed after it was offered.', true)
  } catch {
    dropOutgoing(deps, file, 'failed', 'The file could not be read any more.', true)
  }
  return null
}
