/** Where local programs knock (docs/local-programs.md): a Unix socket in the profile's folder, on Windows a named pipe. */
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { toHex, utf8 } from '../../crypto/bytes.ts'
import { AppFault } from '../../fault.ts'
import type { Ports, SocketFiles } from '../../ports.ts'

/** Name of the socket in the profile's folder. */
export const SOCKET_NAME = 'programs.sock'
/** On Windows: file in the profile's folder that says the pipe's name. */
export const PIPE_NAME_FILE = 'programs.pipe'
/** Connections at a time, whatever they are about; beyond it the system closes them unheard. */
const MOST_CONNECTIONS = 64
/** Bytes of a socket's path. Longer ones are cut off silently by some systems, and would then be another file. */
const LONGEST_PATH = { linux: 107, others: 103 }

export interface Door {
  /** What a program connects to. */
  readonly path: string
  close(): void
}

export interface DoorDeps {
  readonly ports: Pick<Ports, 'files' | 'random' | 'log'>
  readonly files: SocketFiles
  /** Absolute path of the profile's folder. */
  readonly folder: string
  readonly onConnection: (socket: Socket) => void
  /** The system does not let us listen. */
  readonly onFailure: (error: AppFault) => void
}

/** Whoever may write here could put a socket of their own in the place of ours, and programs would talk to that. */
const mustBePrivate = (files: SocketFiles, folder: string): void => {
  const info = files.info(folder)
  if (info === null || info.kind !== 'folder') throw new AppFault('UNREADABLE', 'Local programs cannot connect: the profile has no folder.')
  if (!info.own) throw new AppFault('UNREADABLE', 'Local programs cannot connect: the folder of this profile belongs to another account.')
  if ((info.mode & 0o077) !== 0)
    throw new AppFault('UNREADABLE', 'Local programs cannot connect: other accounts may open the folder of this profile. Take that right away (chmod 700).')
}

/** Only one process has the profile (store/open-database.ts): a socket that is there was left by one that was killed. */
const clearStale = (files: SocketFiles, ports: DoorDeps['ports'], path: string): void => {
  const info = files.info(path)
  if (info === null) return
  if (info.kind !== 'socket') throw new AppFault('EXISTS', `Local programs cannot connect: ${SOCKET_NAME} in the folder of this profile is no socket of ours.`)
  ports.files.remove(path)
}

const failure = (error: unknown): AppFault =>
  error instanceof AppFault
    ? error
    : new AppFault('UNREADABLE', `Local programs cannot connect (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'}).`, {
        cause: error,
      })

const pipeName = ({ ports, folder }: DoorDeps): { path: string; forget: () => void } => {
  const { files, random } = ports
  // Not to be guessed: another account could otherwise make a pipe of this name first, and programs would talk to it.
  const path = `\\\\.\\pipe\\countersign-${toHex(random.bytes(16))}`
  const file = join(folder, PIPE_NAME_FILE)
  const forget = (): void => {
    if (files.exists(file)) files.remove(file)
  }
  forget()
  const handle = files.createExclusive(file, 0o600)
  try {
    files.write(handle, utf8(path))
  } finally {
    files.close(handle)
  }
  return { path, forget }
}

/**
 * Opens the door; it takes connections a moment later. Null: it cannot be opened, and `onFailure` was told why. `platform` is the one of
 * the process unless a test says otherwise.
 */
export const openDoor = (deps: DoorDeps, platform: string = process.platform): Door | null => {
  const { ports, files, folder } = deps
  const windows = platform === 'win32'
  let path: string
  let forget = (): void => {}
  let server: Server
  try {
    if (windows) ({ path, forget } = pipeName(deps))
    else {
      path = join(folder, SOCKET_NAME)
      const longest = platform === 'linux' ? LONGEST_PATH.linux : LONGEST_PATH.others
      if (utf8(path).length > longest)
        throw new AppFault(
          'BAD_ARGUMENT',
          `Local programs cannot connect: the path of this profile is too long for a socket (${longest} bytes). Choose a shorter COUNTERSIGN_HOME.`,
        )
      mustBePrivate(files, folder)
      clearStale(files, ports, path)
    }
    server = createServer(deps.onConnection)
  } catch (error) {
    deps.onFailure(failure(error))
    return null
  }
  let closed = false
  const close = (): void => {
    if (closed) return
    closed = true
    // Removes the socket's file at once, before this returns.
    server.close()
    try {
      forget()
    } catch (error) {
      ports.log.warn('the name of the pipe stays', { error: error instanceof Error ? error.message : String(error) })
    }
  }
  server.maxConnections = MOST_CONNECTIONS
  server.on('error', (error) => {
    if (server.listening) return ports.log.warn('programs: accept failed', { error: error.message })
    close()
    deps.onFailure(failure(error))
  })
  server.listen(path, () => {
    if (windows || closed) return
    try {
      files.restrict(path, 0o600)
    } catch (error) {
      close()
      deps.onFailure(failure(error))
    }
  })
  return { path, close }
}
