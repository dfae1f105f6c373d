/**
 * What the core needs from outside. The same core runs in Electron's main process, in the `countersign` command
 * and in tests; only these differ. No file in core reads a clock, a random source or the file system around them.
 */

/** Cancels a timer; calling it twice does nothing. */
export type Cancel = () => void

export interface Clock {
  /** Unix time in milliseconds. */
  now(): number
  /** Milliseconds that only grow, unaffected by changes of the wall clock; the zero point has no meaning. */
  monotonic(): number
  /** Minutes that local time is ahead of UTC at the given Unix time; the hs profile signs naive local time. */
  zoneOffsetMinutes(at: number): number
  /** Calls `run` once after `ms` milliseconds; never before the current call stack has ended. */
  schedule(ms: number, run: () => void): Cancel
}

export interface Random {
  /** `length` bytes from a cryptographically secure source. */
  bytes(length: number): Uint8Array
}

/** Parameters of scrypt (RFC 7914): `n` is N (a power of two), 128·n·r bytes of memory. */
export interface ScryptParams {
  readonly n: number
  readonly r: number
  readonly p: number
}

export interface Kdf {
  /** scrypt to `length` bytes (default 32). `onProgress` gets the algorithm's own fraction, 0 to 1. */
  scrypt(passphrase: Uint8Array, salt: Uint8Array, params: ScryptParams, onProgress?: (fraction: number) => void, length?: number): Promise<Uint8Array>
}

export interface Log {
  debug(text: string, fields?: Readonly<Record<string, unknown>>): void
  info(text: string, fields?: Readonly<Record<string, unknown>>): void
  warn(text: string, fields?: Readonly<Record<string, unknown>>): void
  error(text: string, fields?: Readonly<Record<string, unknown>>): void
}

/** The calls of the file system that writing something durably takes; one call each, so that a test can fail any of them. */
export interface Files {
  /** Whole content. Errors keep node's `code` (ENOENT, EACCES, …). */
  read(path: string): Uint8Array
  /** Names in a folder; throws ENOENT where there is none. */
  list(folder: string): string[]
  exists(path: string): boolean
  makeFolder(path: string): void
  /** Opens for writing, fails if the path exists; returns a handle. */
  createExclusive(path: string, mode: number): number
  write(handle: number, bytes: Uint8Array): void
  /** Opens what is there for reading; anything but a plain file is refused with EINVAL. */
  openRead(path: string): number
  /** Opens what is there for writing at any place; nothing of it is cut off. */
  openUpdate(path: string): number
  /** Up to `length` bytes from `offset`; fewer only at the end. */
  readAt(handle: number, offset: number, length: number): Uint8Array
  writeAt(handle: number, offset: number, bytes: Uint8Array): void
  /** Bytes it has now, and when it was last changed (ms of the file system). */
  info(handle: number): { readonly size: number; readonly modified: number }
  sync(handle: number): void
  close(handle: number): void
  rename(from: string, to: string): void
  remove(path: string): void
  /** fsync of a folder, so that a rename in it survives a power cut; a no-op where the platform cannot. */
  syncFolder(path: string): void
}

/** What a socket in the file system takes beyond `Files`. */
export interface SocketFiles {
  /** Null: nothing is there. A link is not followed. `mode`: permission bits; `own`: it belongs to the account of this process. */
  info(path: string): { readonly kind: 'socket' | 'folder' | 'other'; readonly mode: number; readonly own: boolean } | null
  /** Sets the permission bits. */
  restrict(path: string, mode: number): void
}

export interface Ports {
  readonly clock: Clock
  readonly random: Random
  readonly kdf: Kdf
  readonly files: Files
  readonly log: Log
}
