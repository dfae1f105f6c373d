import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { workerKdf } from './identity/kdf.ts'
import type { HttpGet } from './ledger/audit-url.ts'
import type { Cancel, Clock, Files, Log, Ports, Random, SocketFiles } from './ports.ts'

// The only file of the core that reads a clock, a random source or the file system; everything else gets them from here as ports.

/** Longest time a platform timer takes; beyond it node fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1

/** The machine's clock. `monotonic` counts from a point fixed while the machine runs, so readings of two processes compare. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => Number(process.hrtime.bigint() / 1000n) / 1000,
  zoneOffsetMinutes: (at) => -new Date(at).getTimezoneOffset() || 0,
  schedule: (ms, run): Cancel => {
    let timer: ReturnType<typeof setTimeout>
    const arm = (left: number): void => {
      timer = setTimeout(() => (left > LONGEST_TIMER ? arm(left - LONGEST_TIMER) : run()), Math.min(Math.max(left, 0), LONGEST_TIMER))
    }
    arm(ms)
    return () => clearTimeout(timer)
  },
}

/** The operating system's generator, through node. */
export const systemRandom: Random = {
  bytes: (length) => new Uint8Array(randomBytes(length)),
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

/** Bytes; no file of ours is larger (a backup has at most 256 MiB). */
const LARGEST_FILE = 300 * 1024 * 1024
const requireFile = (path: string): Stats => {
  const stats = statSync(path)
  if (!stats.isFile()) throw Object.assign(new Error('EINVAL: not a file'), { code: 'EINVAL' })
  return stats
}

/** The real file system. Folders are made with mode 0700; what is opened for writing never existed before. */
export const nodeFiles: Files = {
  read: (path) => {
    // A pipe or device would hold up the process for ever, a file of gigabytes fill its memory.
    const { size } = requireFile(path)
    if (size > LARGEST_FILE) throw Object.assign(new Error(`EFBIG: ${size} bytes`), { code: 'EFBIG' })
    const bytes = readFileSync(path)
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  },
  list: (folder) => readdirSync(folder),
  exists: (path) => {
    try {
      lstatSync(path)
      return true
    } catch (error) {
      // "Cannot look" is not "is not there": anything else is for the caller to hear about.
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return false
      throw error
    }
  },
  makeFolder: (path) => {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  },
  createExclusive: (path, mode) => openSync(path, 'wx', mode),
  write: (handle, bytes) => {
    for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at, bytes.length - at)
  },
  openRead: (path) => {
    requireFile(path)
    return openSync(path, 'r')
  },
  openUpdate: (path) => {
    requireFile(path)
    return openSync(path, 'r+')
  },
  readAt: (handle, offset, length) => {
    const bytes = new Uint8Array(length)
    let at = 0
    while (at < length) {
      const got = readSync(handle, bytes, at, length - at, offset + at)
      if (got === 0) break
      at += got
    }
    return bytes.subarray(0, at)
  },
  writeAt: (handle, offset, bytes) => {
    for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at, bytes.length - at, offset + at)
  },
  info: (handle) => {
    const { size, mtimeMs } = fstatSync(handle)
    return { size, modified: mtimeMs }
  },
  sync: (handle) => fsyncSync(handle),
  close: (handle) => closeSync(handle),
  rename: (from, to) => renameSync(from, to),
  remove: (path) => unlinkSync(path),
  syncFolder: (path) => {
    // Windows has no handle of a folder to flush; NTFS journals the rename.
    if (process.platform === 'win32') return
    const handle = openSync(path, 'r')
    try {
      fsyncSync(handle)
    } catch (error) {
      // Some network file systems cannot; the rename itself has happened.
      if (codeOf(error) !== 'EINVAL' && codeOf(error) !== 'ENOTSUP') throw error
    } finally {
      closeSync(handle)
    }
  },
}

/** Sockets of the real file system. */
export const nodeSocketFiles: SocketFiles = {
  info: (path) => {
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (stats === undefined) return null
    const kind = stats.isSocket() ? 'socket' : stats.isDirectory() ? 'folder' : 'other'
    return { kind, mode: stats.mode & 0o777, own: process.getuid === undefined || stats.uid === process.getuid() }
  },
  restrict: (path, mode) => chmodSync(path, mode),
}

/** The ports of a real process. `kdfWorker` is the file of the key derivation's worker thread (identity/kdf-worker-path.ts in a build). */
export const nodePorts = (options: { readonly log: Log; readonly kdfWorker: string | URL }): Ports => ({
  clock: systemClock,
  random: systemRandom,
  kdf: workerKdf(options.kdfWorker),
  files: nodeFiles,
  log: options.log,
})

/** GET by the platform's own fetch; a redirect comes back as what it is. */
export const httpGet: HttpGet = async (url, signal) => {
  const { status, headers, body } = await fetch(url, { redirect: 'manual', signal, headers: { accept: 'application/json' } })
  return { status, contentType: headers.get('content-type'), body: body ?? [] }
}
