import type { Socket } from 'node:net'
import { AppFault } from '../../fault.ts'
import type { Cancel, Ports } from '../../ports.ts'
import { createLineSplitter } from '../../relay/line.ts'
import { type Closed, type Hello, LONGEST_LINE, MOST_BEFORE_OPEN, readHello, readSaid, type Said, type WalletLine, writeLine } from './lines.ts'

/** Messages of a program that may wait for their acknowledgement. */
export const WINDOW = 16
/** A program says who it is within this time. */
const HELLO_MS = 10_000
/** How long the last line may take to reach a program. */
const LEAVE_MS = 1_000
/** Bytes that wait for a program to read them. */
const MOST_UNREAD = 4 * 1024 * 1024

export interface VisitDeps {
  readonly ports: Pick<Ports, 'clock' | 'log'>
  readonly hello: (hello: Hello) => void
  /** Keeps a message; false: there is no room now, `take` is to be called later. Throws AppFault for a failure. */
  readonly keep: (said: Said) => boolean
  /** Called once, whoever ended it; null: the program left. */
  readonly gone: (why: Closed | null) => void
  /** How long a program has for its hello, ms. */
  readonly helloMs?: number
}

/** One connection of a local program. */
export interface Visit {
  /** The program is let in. */
  open(session: string, peer: string): void
  say(line: WalletLine): void
  /** There may be room again. */
  take(): void
  /** One last line, and the end. */
  end(why: Closed): void
}

/** Takes over a connected socket. Never throws into the event loop. */
export const createVisit = (socket: Socket, deps: VisitDeps): Visit => {
  const { clock, log } = deps.ports
  let state: 'new' | 'asked' | 'open' | 'over' = 'new'
  let before = 0
  const pending: Said[] = []
  let taken = 0
  let taking = false
  let helloDue: Cancel = clock.schedule(deps.helloMs ?? HELLO_MS, () => end('no-hello'))

  const over = (why: Closed | null): boolean => {
    if (state === 'over') return false
    state = 'over'
    helloDue()
    helloDue = () => {}
    pending.length = 0
    guarded(() => deps.gone(why))
    return true
  }
  const guarded = (run: () => void): void => {
    try {
      run()
    } catch (error) {
      log.error('a connection of a local program failed', { error: error instanceof Error ? error.message : String(error) })
      end('failed')
    }
  }
  const end = (why: Closed): void => {
    if (!over(why)) return
    // What it still sends is read and forgotten, or the close would be a reset that eats the last line.
    socket.resume()
    socket.end(writeLine({ closed: why }))
    const leave = clock.schedule(LEAVE_MS, () => socket.destroy())
    socket.once('close', leave)
  }
  const say = (line: WalletLine): void => {
    if (state === 'over' || !socket.writable) return
    const text = writeLine(line)
    // A stream with a hole in it would be worse than one that ends.
    if (socket.writableLength + text.length > MOST_UNREAD) return end('too-slow')
    socket.write(text)
  }

  const take = (): void => {
    if (taking || state !== 'open') return
    taking = true
    const first = taken
    try {
      for (let said = pending[0]; said !== undefined && deps.keep(said); said = pending[0]) {
        pending.shift()
        taken += 1
      }
    } catch (error) {
      // Of a message that was refused by itself the program must learn; the ones before it are kept.
      if (!(error instanceof AppFault)) log.error('a program’s message could not be kept', { error: error instanceof Error ? error.message : String(error) })
      if (taken > first) say({ ack: taken })
      return end('failed')
    } finally {
      taking = false
    }
    if (taken > first) say({ ack: taken })
  }

  const onLine = (line: Uint8Array): void => {
    if (state === 'asked') return end('too-early')
    if (state === 'new') {
      const hello = readHello(line)
      if (typeof hello === 'string') return end(hello)
      helloDue()
      state = 'asked'
      return deps.hello(hello)
    }
    if (state !== 'open') return
    const said = readSaid(line)
    if (said === null) return end('malformed')
    if (pending.length >= WINDOW) return end('too-fast')
    pending.push(said)
    take()
  }
  const splitter = createLineSplitter(
    LONGEST_LINE,
    (line) => guarded(() => onLine(line)),
    () => end('too-long'),
  )
  socket.on('data', (chunk: Buffer) => {
    if (state === 'over') return
    if (state !== 'open') before += chunk.length
    // What is not let in costs no more memory than a hello.
    if (before > MOST_BEFORE_OPEN) return end('too-long')
    splitter.push(chunk)
  })
  socket.on('error', () => {})
  socket.on('close', () => over(null))
  // A half line at the end is none: the program did not finish it.
  socket.on('end', () => over(null))

  return {
    open: (session, peer) => {
      if (state !== 'asked') return
      state = 'open'
      before = 0
      say({ open: 1, session, peer, window: WINDOW })
    },
    say,
    take,
    end,
  }
}
