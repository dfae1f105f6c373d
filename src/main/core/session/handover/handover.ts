import type { Socket } from 'node:net'
import { toHex } from '../../crypto/bytes.ts'
import { AppFault } from '../../fault.ts'
import type { Ports, SocketFiles } from '../../ports.ts'
import type { JsonObject } from '../../store/rows.ts'
import { type Door, openDoor } from './door.ts'
import { appLine, type Closed, type Hello, writeLine } from './lines.ts'
import { createVisit, type Visit, type VisitDeps } from './visit.ts'

/** Connections that nobody has approved yet. */
export const MOST_WAITING = 8
/** A request of a program expires so soon: who is at the screen decides now, and the program can ask again. */
const EXPIRES_MS = 10 * 60_000
/** Messages in the channel that wait for the peer, beyond which a program’s are not taken: the person’s still are. */
const MOST_IN_CHANNEL = 64
/** So many rejections within `QUICK_MS` close the door to new programs for `PAUSE_MS`. */
const REJECTIONS = 3
const QUICK_MS = 30_000
const PAUSE_MS = 60_000

export interface HandoverDeps {
  readonly ports: Pick<Ports, 'clock' | 'random' | 'log' | 'files'>
  readonly files: SocketFiles
  /** Absolute path of the profile's folder. */
  readonly folder: string
  /** Null: no session of this profile that could be handed over. `open`: it may be spoken in now. */
  readonly session: (id: string) => { readonly peer: string; readonly open: boolean } | null
  /** Ids of the sessions that are open. */
  readonly openSessions: () => readonly string[]
  /** Asks the person. `extra` names the request again in `facts`, `execute` and `unask`. @throws AppFault when nothing more can be asked. */
  readonly ask: (session: string, extra: JsonObject, expiresAt: number) => void
  /** These requests are not wanted any more. */
  readonly unask: (fits: (extra: JsonObject) => boolean) => void
  /** Messages of the session that wait for the peer's acknowledgement. */
  readonly waiting: (session: string) => number
  readonly sendApp: (session: string, name: string, bytes: Uint8Array) => void
  readonly sendText: (session: string, text: string) => void
  /** Told in the conversation of the session. */
  readonly tell: (session: string, text: string) => void
  /** Runs after the commit of the transaction at hand; at once where there is none. */
  readonly after: (then: () => void) => void
  /** The door cannot be opened; one sentence. */
  readonly note: (text: string) => void
  readonly helloMs?: number
}

/** Hands open sessions to local programs (docs/local-programs.md). */
export interface Handover {
  /** After unlocking. Requests of an earlier process are withdrawn: their programs are gone. */
  start(): void
  /** Before locking: each program is told, the door is closed. */
  stop(): void
  /** What the view shows of the request. @throws AppFault STATE when it cannot be granted any more. */
  facts(extra: JsonObject): { readonly label: string; readonly value: string }[]
  /** The person's decision, inside its transaction. */
  execute(extra: JsonObject, outcome: 'approve' | 'reject' | 'expire'): void
  /** A message for the program of the session, inside the transaction of its coming; false: there is no program. */
  app(session: string, name: string, bytes: Uint8Array): boolean
  text(session: string, text: string): void
  /** Sessions may have ended, trust may have changed, there may be room in the channels. Not inside a transaction. */
  pump(): void
  /** A frame came: what waits for room is looked at after the commit. */
  heard(): void
  programs(): { readonly session: string; readonly program: string; readonly since: number }[]
  /** The person takes the session back. */
  takeBack(session: string): void
}

interface Guest {
  readonly id: string
  readonly visit: Visit
  hello: (Hello & { readonly session: string }) | null
  /** Unix ms; null: not let in. */
  since: number | null
}

/** The request of a program among all requests: its `extra.handover`. */
export const handoverOf = (extra: JsonObject): JsonObject | null => {
  const value = extra['handover']
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null
}

export const createHandover = (deps: HandoverDeps): Handover => {
  const { ports } = deps
  const { clock } = ports
  const guests = new Map<string, Guest>()
  let door: Door | null = null
  let rejections: number[] = []
  let pausedUntil = Number.NEGATIVE_INFINITY

  const of = (extra: JsonObject): Guest | undefined => {
    const id = handoverOf(extra)?.['visit']
    return typeof id === 'string' ? guests.get(id) : undefined
  }
  const holder = (session: string): Guest | undefined => [...guests.values()].find((g) => g.since !== null && g.hello?.session === session)
  const isOpen = (session: string): boolean => deps.session(session)?.open === true
  const unask = (guest: Guest): void => deps.unask((extra) => handoverOf(extra)?.['visit'] === guest.id)

  const gone = (guest: Guest, why: Closed | null): void => {
    if (!guests.delete(guest.id) || guest.hello === null) return
    const { program, session } = guest.hello
    if (guest.since === null) {
      if (why !== 'rejected' && why !== 'expired') unask(guest)
    } else deps.tell(session, why === null ? `The program “${program}” left.` : `The program “${program}” was disconnected (${why}).`)
  }

  const greet = (guest: Guest, { program, session: named }: Hello): void => {
    if (clock.monotonic() < pausedUntil) return guest.visit.end('busy')
    const open = deps.openSessions()
    // Without a name only what is the only one: which sessions there are is nobody's to know before the person has agreed.
    if (named === null && open.length > 1) return guest.visit.end('several-sessions')
    const session = named ?? open[0]
    if (session === undefined || !isOpen(session)) return guest.visit.end('no-session')
    if (holder(session)) return guest.visit.end('taken')
    guest.hello = { program, session }
    try {
      deps.ask(session, { handover: { visit: guest.id, session, program } }, clock.now() + EXPIRES_MS)
    } catch (error) {
      if (!(error instanceof AppFault)) throw error
      ports.log.warn('a local program could not be asked about', { code: error.code })
      guest.hello = null
      return guest.visit.end('busy')
    }
    guest.visit.say({ asked: 1 })
  }

  const keep = (guest: Guest, said: Parameters<VisitDeps['keep']>[0]): boolean => {
    const session = guest.hello?.session
    if (session === undefined || guest.since === null) return false
    // The end is told by `pump`, which comes after every change.
    if (!isOpen(session) || deps.waiting(session) >= MOST_IN_CHANNEL) return false
    if (said.kind === 'app') deps.sendApp(session, said.name, said.bytes)
    else deps.sendText(session, said.text)
    return true
  }

  const receive = (socket: Socket): void => {
    if ([...guests.values()].filter((g) => g.since === null).length >= MOST_WAITING) {
      socket.on('error', () => {})
      socket.resume()
      socket.end(writeLine({ closed: 'busy' }))
      const leave = clock.schedule(1_000, () => socket.destroy())
      socket.once('close', leave)
      return
    }
    const id = toHex(ports.random.bytes(8))
    const guest: Guest = {
      id,
      hello: null,
      since: null,
      visit: createVisit(socket, {
        ports,
        hello: (hello) => greet(guest, hello),
        keep: (said) => keep(guest, said),
        gone: (why) => gone(guest, why),
        ...(deps.helloMs === undefined ? {} : { helloMs: deps.helloMs }),
      }),
    }
    guests.set(id, guest)
  }

  const letIn = (guest: Guest): void => {
    const { hello, visit } = guest
    const session = hello === null ? null : deps.session(hello.session)
    if (hello === null || !guests.has(guest.id)) return
    if (session?.open !== true) return visit.end('session-over')
    if (holder(hello.session)) return visit.end('taken')
    guest.since = clock.now()
    deps.tell(hello.session, `The program “${hello.program}” reads and writes this session now.`)
    visit.open(hello.session, session.peer)
    // One program a session: what else was asked about it cannot be granted any more.
    for (const other of [...guests.values()]) if (other !== guest && other.hello?.session === hello.session) other.visit.end('taken')
  }

  const pump = (): void => {
    for (const guest of [...guests.values()]) {
      if (guest.hello === null) continue
      if (isOpen(guest.hello.session)) guest.visit.take()
      else guest.visit.end('session-over')
    }
  }

  const noteRejection = (): void => {
    const now = clock.monotonic()
    rejections = [...rejections.filter((at) => now - at < QUICK_MS), now]
    if (rejections.length < REJECTIONS) return
    rejections = []
    pausedUntil = now + PAUSE_MS
  }

  return {
    start: () => {
      deps.unask((extra) => handoverOf(extra) !== null)
      door ??= openDoor({ ports, files: deps.files, folder: deps.folder, onConnection: receive, onFailure: (error) => deps.note(error.message) })
    },
    stop: () => {
      door?.close()
      door = null
      for (const guest of [...guests.values()]) guest.visit.end('locked')
    },
    facts: (extra) => {
      const guest = of(extra)
      if (!guest?.hello || !isOpen(guest.hello.session) || holder(guest.hello.session)) throw new AppFault('STATE', 'This program is not waiting any more.')
      const { session, program } = guest.hello
      return [
        { label: 'Session id', value: session },
        { label: 'Program, as it calls itself', value: program },
        { label: 'Known of the program', value: 'It runs under your account on this computer. The system tells no more of it.' },
      ]
    },
    execute: (extra, outcome) => {
      const guest = of(extra)
      if (guest === undefined) return
      deps.after(() => {
        if (outcome === 'approve') {
          try {
            return letIn(guest)
          } catch (error) {
            ports.log.error('a local program could not be let in', { error: error instanceof Error ? error.message : String(error) })
            return guest.visit.end('failed')
          }
        }
        if (outcome === 'reject') noteRejection()
        guest.visit.end(outcome === 'expire' ? 'expired' : 'rejected')
      })
    },
    app: (session, name, bytes) => {
      const guest = holder(session)
      if (guest === undefined) return false
      const line = appLine(name, bytes)
      deps.after(() => guest.visit.say(line))
      return true
    },
    text: (session, text) => {
      const guest = holder(session)
      if (guest !== undefined) deps.after(() => guest.visit.say({ text }))
    },
    pump,
    heard: () => {
      if ([...guests.values()].some((g) => g.since !== null)) deps.after(pump)
    },
    programs: () =>
      [...guests.values()].flatMap((g) =>
        g.since === null || g.hello === null ? [] : [{ session: g.hello.session, program: g.hello.program, since: g.since }],
      ),
    takeBack: (session) => holder(session)?.visit.end('taken-back'),
  }
}
