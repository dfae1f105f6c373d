/**
 * The relay itself, once a connection is there: every line of a client goes to all others (docs/protocol.md, relay).
 * Byte for byte what the original Python relay sends to well-behaved clients; the limits are our own.
 */
import type { Socket } from 'node:net'
import type { Cancel, Ports } from '../ports.ts'
import { BroadcastLog, linePrefix } from './broadcast-log.ts'
import { createDelivery, FLUSH_BYTES } from './delivery.ts'
import { createLineSplitter } from './line.ts'
import { addOwn, createMember, type Member, type Sender } from './member.ts'
import { createPacing } from './pacing.ts'
import type { RelayLimits } from './relay-limits.ts'
import { createUnfinishedLines } from './unfinished-lines.ts'

/** Why a client was disconnected by the relay. */
export type Ejection = 'slow' | 'notUtf8' | 'unfinished' | 'flood' | 'endless'

/** Texts begin with `Warning:`, which original agents take as one; they must not hold the words remote_addr and content. */
const farewells: Readonly<Record<Ejection, string>> = {
  slow: 'Warning: You do not read fast enough.\n',
  notUtf8: 'Warning: Only UTF-8 text is relayed.\n',
  unfinished: 'Warning: Your line took too long.\n',
  flood: 'Warning: You send more than the others can read.\n',
  endless: 'Warning: A line has to end.\n',
}

export interface HubStats {
  readonly clients: number
  /** Lines relayed (each to all others), and not relayed because too long. */
  readonly lines: number
  readonly tooLong: number
  readonly ejected: Readonly<Record<Ejection, number>>
  /** Memory held for lines, bytes: the log, unfinished lines, what held-up senders sent. */
  readonly heldBytes: number
}

export interface Hub {
  readonly size: number
  /** Takes over a connected socket. `remoteAddr` is written into each of its lines. */
  join(socket: Socket, remoteAddr: string): void
  stats(): HubStats
  /** Says farewell to everybody; resolves when all sockets are closed. */
  close(): Promise<void>
}

export const createHub = (ports: Ports, limits: RelayLimits): Hub => {
  const members = new Set<Member>()
  const waiting: Member[] = []
  const ejected: Record<Ejection, number> = { slow: 0, notUtf8: 0, unfinished: 0, flood: 0, endless: 0 }
  let heldBytes = 0
  let lines = 0
  let tooLong = 0
  let releasePlanned = false
  let patience: Cancel | null = null
  let allClosed: (() => void) | null = null

  // ---- held up: senders wait while the others cannot follow

  /** Receivers do not keep up, or we do not get round to all of them. */
  const overloaded = (): boolean => pacing.overloaded || delivery.unserved() > paceBytes

  const pace = (): void => {
    if (pacing.overloaded) {
      patience ??= ports.clock.schedule(limits.patienceMs, () => {
        patience = null
        pacing.losePatience(members)
        pace()
      })
      return
    }
    patience?.()
    patience = null
    if (waiting.length === 0 || releasePlanned || overloaded()) return
    releasePlanned = true
    setImmediate(() => {
      releasePlanned = false
      release()
    })
  }

  const release = (): void => {
    while (!overloaded()) {
      const member = waiting.shift()
      if (member === undefined) return
      const chunk = member.held
      if (chunk === null) continue // gone meanwhile
      member.held = null
      heldBytes -= chunk.length
      take(member, chunk)
      member.socket.resume()
    }
  }

  const hold = (member: Member, chunk: Buffer): void => {
    if (heldBytes + chunk.length > limits.heldBytes) return eject(member, 'flood')
    member.held = chunk
    heldBytes += chunk.length
    member.socket.pause()
    waiting.push(member)
  }

  // ---- from a socket to the log

  const take = (member: Member, chunk: Buffer): void => {
    if (member.deaf) return
    member.sender ??= createSender(member)
    const { sender } = member
    sender.finished = false
    sender.splitter.push(chunk)
    if (member.deaf) return // ejected for one of its lines
    unfinished.note(member, sender.splitter.held, sender.finished)
    if (sender.splitter.skipped > limits.endlessLineBytes) eject(member, 'endless')
  }

  const createSender = (member: Member): Sender => {
    const prefix = linePrefix(member.address)
    const onLine = (line: Uint8Array): void => {
      sender.finished = true
      relayLine(member, prefix, line)
    }
    const sender = { prefix, finished: false, splitter: createLineSplitter(limits.maxLineBytes, onLine, () => refuseLine(member)) }
    return sender
  }

  const relayLine = (member: Member, prefix: Uint8Array, line: Uint8Array): void => {
    if (member.deaf) return
    const start = log.end
    const appended = log.append(prefix, line)
    if (appended === 'notUtf8') return eject(member, 'notUtf8')
    if (appended === 'tooLong') return refuseLine(member)
    lines += 1
    addOwn(member, start, log.end)
    delivery.appended(member)
  }

  /** The sender is told, between two lines; one who does not read is not, or notices would pile up. */
  const refuseLine = (member: Member): void => {
    if (member.deaf) return
    tooLong += 1
    if (!member.blocked) member.socket.write(`Warning: Line not relayed. With its escapes it is longer than ${limits.maxLineBytes} bytes.\n`)
  }

  // ---- leaving

  const eject = (member: Member, why: Ejection): void => {
    if (member.deaf) return
    ejected[why] += 1
    ports.log.debug('relay: client disconnected', { why })
    leave(member, farewells[why])
  }

  const overflow = (member: Member): void => {
    if (member.deaf) {
      member.socket.destroy()
      return
    }
    member.cursor = log.end // nothing more of the log: what it missed is lost anyway
    eject(member, 'slow')
  }

  const leave = (member: Member, text = ''): void => {
    if (member.deaf) return
    member.deaf = true
    member.stopAt = log.end
    unfinished.forget(member)
    member.sender = null
    pacing.leave(member)
    member.deadline = ports.clock.schedule(limits.leaveMs, () => member.socket.destroy())
    member.socket.resume() // what it still sends is read and forgotten, or the close would be a reset that eats the notice
    if (text !== '' && member.socket.writable) member.socket.write(text)
    delivery.pump(member)
  }

  const gone = (member: Member): void => {
    if (!members.delete(member)) return
    delivery.forget(member)
    member.deadline?.()
    unfinished.forget(member)
    if (!member.deaf) pacing.leave(member)
    member.deaf = true
    member.sender = null
    if (member.held !== null) heldBytes -= member.held.length
    member.held = null
    pace()
    if (members.size === 0) allClosed?.()
  }

  const paceBytes = Math.min(limits.paceBytes, limits.queueBytes / 4)
  const log = new BroadcastLog(limits.maxLineBytes, limits.queueBytes + 2 * FLUSH_BYTES)
  const pacing = createPacing(paceBytes, limits.minTakenBytes)
  const unfinished = createUnfinishedLines(limits.unfinishedBytes, (oldest) => eject(oldest, 'unfinished'))
  const delivery = createDelivery(log, members, pacing, limits.queueBytes, overflow, pace)

  return {
    get size() {
      return members.size
    },
    join(socket, address) {
      const member = createMember(socket, address, log.end)
      member.onFlushed = () => {
        member.blocked = false
        if (!members.has(member)) return
        delivery.pump(member)
        pace()
      }
      members.add(member)
      pacing.join()
      socket.on('data', (chunk: Buffer) => {
        if (member.deaf) return
        if (overloaded()) hold(member, chunk)
        else take(member, chunk)
      })
      socket.on('end', () => {
        member.sender?.splitter.end()
        leave(member)
      })
      socket.on('error', () => {}) // resets are everyday; 'close' follows
      socket.on('close', () => gone(member))
    },
    stats: () => ({
      clients: members.size,
      lines,
      tooLong,
      ejected: { ...ejected },
      heldBytes: log.heldBytes + unfinished.bytes + heldBytes,
    }),
    close() {
      if (members.size === 0) return Promise.resolve()
      const closed = new Promise<void>((resolve) => {
        allClosed = resolve
      })
      for (const member of [...members]) leave(member)
      return closed
    },
  }
}
