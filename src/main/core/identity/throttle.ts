import { join } from 'node:path'
import { z } from 'zod'
import { fromUtf8, toHex, utf8 } from '../crypto/bytes.ts'
import { AppFault } from '../fault.ts'
import type { Ports } from '../ports.ts'
import { isMissing, writeDurably } from './durable-file.ts'

/** Wrong passphrases that cost no wait. */
const FREE_ATTEMPTS = 5
const FIRST_DELAY_MS = 1000
const LONGEST_DELAY_MS = 300_000
const FILE = 'throttle.json'

const State = z.strictObject({
  v: z.literal(1),
  failures: z.int().min(0),
  /** Unix ms of the last attempt: the latest the wall clock was known to be. */
  wallAt: z.number().min(0),
  /** Monotonic ms of the last attempt, comparable with others of the same `clock` only. */
  monoAt: z.number(),
  /** Which monotonic clock: this boot of the machine, or this process where the machine does not tell. */
  clock: z.string().max(64),
})
type State = z.infer<typeof State>

/** How long after the given number of failures the next attempt has to wait, in ms: none for five, then 1 s doubling to 5 minutes. */
export const delayAfter = (failures: number): number =>
  failures < FREE_ATTEMPTS ? 0 : Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures - FREE_ATTEMPTS, 20))

export interface ThrottleStatus {
  readonly failures: number
  /** Unix ms from which an attempt is allowed, or null when it is allowed now. */
  readonly retryAt: number | null
}

/**
 * Slows down guessing at the unlock page, over restarts too: the count is on the disk before a passphrase is tried, so killing the process
 * gains nothing. Waits run on the machine's monotonic clock as long as it has not been restarted, so moving the wall clock gains nothing either;
 * after a restart they run on the wall clock, and a clock set back starts the wait anew.
 * Limits: after a restart of the machine a clock set forward shortens the wait; whoever can write the folder can delete the file, and whoever can
 * read it can guess offline, where only the cost of the key derivation counts; processes that guess at the same moment may share one count.
 * It never wipes anything.
 */
export interface Throttle {
  status(folder: string): ThrottleStatus
  /** Counts an attempt before it is made. @throws AppFault THROTTLED while a wait runs */
  begin(folder: string): void
  /** The attempt was right: the count is 0 again. */
  succeeded(folder: string): void
  /** The attempt could not be judged (no memory for the derivation): it does not count. */
  undo(folder: string): void
}

/** The boot id of Linux: other systems have none in a file, and the wall clock serves across processes. */
const clockName = (ports: Pick<Ports, 'files' | 'random'>): string => {
  try {
    const id = fromUtf8(ports.files.read('/proc/sys/kernel/random/boot_id')).trim()
    if (/^[0-9a-f-]{36}$/.test(id)) return id
  } catch {
    // Not Linux, or not allowed to look.
  }
  return `process:${toHex(ports.random.bytes(16))}`
}

export const createThrottle = (ports: Pick<Ports, 'files' | 'random' | 'clock' | 'log'>): Throttle => {
  const clock = clockName(ports)
  /** States that could not be written (disk full): they count at least as long as this process lives. */
  const unsaved = new Map<string, State>()

  const stamp = (failures: number): State => ({ v: 1, failures, wallAt: ports.clock.now(), monoAt: ports.clock.monotonic(), clock })

  const saved = (folder: string): State => {
    let bytes: Uint8Array
    try {
      bytes = ports.files.read(join(folder, FILE))
    } catch (error) {
      if (!isMissing(error)) ports.log.warn('the count of unlock attempts cannot be read')
      return stamp(0)
    }
    try {
      return State.parse(JSON.parse(fromUtf8(bytes)))
    } catch {
      // Damaged or tampered with. The free attempts are gone, the person is not locked out.
      return stamp(FREE_ATTEMPTS)
    }
  }

  const load = (folder: string): State => {
    const disk = saved(folder)
    const memory = unsaved.get(folder)
    return memory !== undefined && memory.failures >= disk.failures ? memory : disk
  }

  const save = (folder: string, state: State): void => {
    try {
      writeDurably(ports, { folder, name: FILE, bytes: utf8(`${JSON.stringify(state)}\n`), what: 'the count of unlock attempts' })
      unsaved.delete(folder)
    } catch {
      unsaved.set(folder, state)
      ports.log.warn('the count of unlock attempts cannot be written')
    }
  }

  /** Milliseconds still to wait. A state whose clock went back is stamped anew: the wait starts again rather than never ending. */
  const remaining = (folder: string, state: State): number => {
    const wait = delayAfter(state.failures)
    if (wait === 0) return 0
    const elapsed = state.clock === clock ? ports.clock.monotonic() - state.monoAt : ports.clock.now() - state.wallAt
    if (elapsed < 0) {
      save(folder, stamp(state.failures))
      return wait
    }
    return Math.max(0, wait - elapsed)
  }

  const status = (folder: string): ThrottleStatus => {
    const state = load(folder)
    const left = remaining(folder, state)
    return { failures: state.failures, retryAt: left === 0 ? null : Math.ceil(ports.clock.now() + left) }
  }

  return {
    status,
    begin: (folder) => {
      const { failures, retryAt } = status(folder)
      if (retryAt !== null) {
        const seconds = Math.ceil((retryAt - ports.clock.now()) / 1000)
        throw new AppFault('THROTTLED', `Too many wrong passphrases: try again in ${seconds === 1 ? '1 second' : `${seconds} seconds`}.`, { retryAt })
      }
      save(folder, stamp(failures + 1))
    },
    succeeded: (folder) => {
      unsaved.delete(folder)
      save(folder, stamp(0))
    },
    undo: (folder) => {
      const state = load(folder)
      save(folder, { ...state, failures: Math.max(0, state.failures - 1) })
    },
  }
}
