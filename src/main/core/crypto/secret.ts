import type { KeyObject } from 'node:crypto'
import { inspect } from 'node:util'
import { AppFault } from '../fault.ts'

/**
 * Holder of secret bytes. It has no string, JSON or inspect form, so a log line or an IPC answer cannot carry them by accident.
 * JavaScript cannot promise that no copy survives (the garbage collector moves memory, native key objects hold their own);
 * what this gives is that the one place the application keeps a secret in is overwritten when the wallet locks.
 */
export class SecretBytes {
  readonly #bytes: Uint8Array
  #wiped = false
  #native: { readonly make: (bytes: Uint8Array) => KeyObject; readonly key: KeyObject } | undefined

  /** Takes the bytes over: the holder is from now on their only owner and will overwrite them. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** As the constructor: takes the bytes over. */
  static take(bytes: Uint8Array): SecretBytes {
    return new SecretBytes(bytes)
  }

  /** Holds a copy; the caller's bytes stay the caller's to wipe. */
  static copy(bytes: Uint8Array): SecretBytes {
    return new SecretBytes(Uint8Array.from(bytes))
  }

  /** Number of bytes; not secret. */
  get length(): number {
    return this.#bytes.length
  }

  get wiped(): boolean {
    return this.#wiped
  }

  /**
   * Lends the bytes to `read` and returns its result. `read` must not keep them: they are overwritten by `wipe`.
   * @throws AppFault LOCKED after `wipe`.
   */
  use<T>(read: (bytes: Uint8Array) => T): T {
    if (this.#wiped) throw new AppFault('LOCKED', 'The wallet is locked.')
    return read(this.#bytes)
  }

  /**
   * Lends the native key that `make` makes of the bytes: making it takes as long as signing with it, so it is made once. `wipe` lets it go,
   * and the library overwrites its own copy when it is collected, as with one that was made for a single signature.
   * @throws AppFault LOCKED after `wipe`.
   */
  lendKey<T>(make: (bytes: Uint8Array) => KeyObject, read: (key: KeyObject) => T): T {
    return read(
      this.use((bytes) => {
        if (this.#native?.make !== make) this.#native = { make, key: make(bytes) }
        return this.#native.key
      }),
    )
  }

  /** Overwrites the bytes. May be called again. */
  wipe(): void {
    this.#bytes.fill(0)
    this.#native = undefined
    this.#wiped = true
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}

/** Runs `use` on bytes and overwrites them afterwards, also when it throws. */
export const wiping = <T>(bytes: Uint8Array, use: (bytes: Uint8Array) => T): T => {
  try {
    return use(bytes)
  } finally {
    bytes.fill(0)
  }
}
