import { z } from 'zod'
import type { Connection } from './connection.ts'
import { PeerIdText } from './rows.ts'
import type { Sealing } from './sealing.ts'

const Hex16 = z.string().regex(/^[0-9a-f]{32}$/)

/** A file that goes through a session. */
export const FileRow = z.strictObject({
  /** Own name for it, 16 random bytes in hex; `f` is the sender's. */
  id: Hex16,
  f: Hex16,
  session: z.string().regex(/^[0-9a-f]{64}$/),
  peer: PeerIdText,
  direction: z.enum(['ours', 'theirs']),
  /** Theirs: already made harmless. */
  name: z.string().min(1).max(255),
  size: z.int().min(0),
  /** SHA-256 of all of it, hex. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** `checking`: all bytes are there, the hash is being computed, the file is given its name. */
  state: z.enum(['offered', 'moving', 'checking', 'done', 'refused', 'cancelled', 'failed']),
  /** Ours: what is read. Theirs: where it ends up; null before. */
  path: z.string().nullable(),
  /** Theirs: where it is written meanwhile. */
  temp: z.string().nullable(),
  /** Chunks the receiver has safe on its disk. */
  next: z.int().min(0),
  /** Ours: time of the last change when it was offered, ms of the file system. */
  modified: z.number().nullable(),
  /** Why it failed, one sentence. */
  reason: z.string().max(300).nullable(),
  /** Unix ms of the offer. */
  at: z.int().min(0),
})
export type FileRow = z.infer<typeof FileRow>

export interface FileTable {
  put(row: FileRow): void
  get(id: string): FileRow | undefined
  /** Oldest first. */
  bySession(session: string): FileRow[]
  all(): FileRow[]
  remove(id: string): void
}

export const createFileTable = (db: Connection, sealing: Sealing): FileTable => {
  const read = (raw: unknown): FileRow => {
    const row = raw as { file_id: string; session_id: string; sealed: unknown }
    return sealing.open('channel_file.sealed', [row.file_id, row.session_id], row.sealed, FileRow)
  }
  const key = (id: string): string => sealing.blind('file', id)
  return {
    put: (input) => {
      const row = FileRow.parse(input)
      const id = key(row.id)
      const session = sealing.blind('session', row.session)
      db.run(
        'INSERT INTO channel_file (file_id, session_id, sealed) VALUES (?, ?, ?) ON CONFLICT (file_id) DO UPDATE SET sealed = excluded.sealed',
        id,
        session,
        sealing.seal('channel_file.sealed', [id, session], row),
      )
    },
    get: (id) => {
      const raw = db.get('SELECT file_id, session_id, sealed FROM channel_file WHERE file_id = ?', key(id))
      return raw === undefined ? undefined : read(raw)
    },
    bySession: (session) =>
      db.all('SELECT file_id, session_id, sealed FROM channel_file WHERE session_id = ? ORDER BY id', sealing.blind('session', session)).map(read),
    all: () => {
      sealing.mustBeUnlocked()
      return db.all('SELECT file_id, session_id, sealed FROM channel_file ORDER BY id').map(read)
    },
    remove: (id) => void db.run('DELETE FROM channel_file WHERE file_id = ?', key(id)),
  }
}
