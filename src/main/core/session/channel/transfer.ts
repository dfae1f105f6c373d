import type { PeerId } from '../../brand.ts'
import type { Files, Ports } from '../../ports.ts'
import type { FileRow } from '../../store/files.ts'
import type { JsonObject } from '../../store/rows.ts'
import type { Store } from '../../store/store.ts'
import type { Work } from '../../work.ts'
import { CHUNK } from './header.ts'

/** Chunks on their way that the receiver has not spoken of. */
export const CHUNKS_AHEAD = 64
/** The receiver tells how far it is each so many chunks. */
export const HAVE_EVERY = 32
/** Ms without the chunk that is due, after which the receiver asks for it; doubled while nothing comes. */
export const GAP_MS = 500
export const LONGEST_GAP_MS = 30_000

/** What file transfer needs of the channel around it. */
export interface TransferDeps {
  readonly ports: Ports
  readonly store: Store
  readonly work: Work
  /** Numbers, stores and queues a message; in a transaction. @returns its number. */
  readonly say: (session: string, header: JsonObject) => number
  /** The running transaction changes a file of the session: if it fails, `forget` is called. */
  readonly change: (session: string) => void
  readonly isAcked: (session: string, m: number) => boolean
  /** Called inside the transaction that takes the offer. */
  readonly onOffer: (file: FileRow) => void
  /** Called inside the transaction of each change: state, or how far it is. */
  readonly onFile: (file: FileRow) => void
  readonly dropped: (why: string, session: string) => void
}

export interface Party {
  readonly session: string
  readonly peer: PeerId
}

export const chunksOf = (size: number): number => Math.ceil(size / CHUNK)
export const lengthOf = (size: number, i: number): number => Math.min(CHUNK, size - i * CHUNK)

/** Bytes the receiver is known to have. */
export const movedOf = (row: FileRow): number => (row.state === 'done' ? row.size : Math.min(row.next * CHUNK, row.size))

export const isActive = (row: Pick<FileRow, 'state'>): boolean => row.state === 'offered' || row.state === 'moving' || row.state === 'checking'

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown')

/** What a failed call of the file system means to a person; never the path. */
export const diskReason = (error: unknown): string => {
  const code = codeOf(error)
  return code === 'ENOSPC' || code === 'EDQUOT' ? 'The disk is full.' : `The file could not be written (${code}).`
}

/** For cleaning up: the failure that led here is what gets told. */
export const quietly = (run: () => void): void => {
  try {
    run()
  } catch {
    // Nothing to be done about it.
  }
}

export const closeQuietly = (files: Files, handle: number | null): void => {
  if (handle !== null) quietly(() => files.close(handle))
}

/** Writes the row and tells of it. */
export const saveFile = (deps: TransferDeps, row: FileRow): FileRow => {
  deps.change(row.session)
  deps.store.files.put(row)
  deps.onFile(row)
  return row
}
