/** The sending half of the relay: from the log to the sockets, in large writes, nobody waiting for anybody. */
import type { BroadcastLog } from './broadcast-log.ts'
import type { Member } from './member.ts'
import type { Pacing } from './pacing.ts'

/** Sent to a client whose connection the relay closes, at whatever occasion; the original writes no newline either. */
const FAREWELL = 'Warning: Server disconnected.'
/** Handed to a socket at once; beyond that its kernel buffer is full anyway. */
const WRITE_BYTES = 256 * 1024
/** Within one turn of the event loop lines are collected, and sent when they are more than this. */
export const FLUSH_BYTES = 256 * 1024
/** Members served in one turn of the event loop: about a millisecond. */
const SWEEP_MEMBERS = 256
const MAX_TALKERS = 64
const EMPTY = Buffer.alloc(0)

export interface Delivery {
  /** Writes what a member has not had yet, as far as its socket takes it; ends the connection of one that leaves. */
  pump(member: Member): void
  /** To be called after lines were appended to the log. */
  appended(by: Member): void
  /** How many bytes of the log some members were not served yet, whether or not their sockets would take them. */
  unserved(): number
  forget(member: Member): void
}

/**
 * @param queueBytes how far a member may lag; `onOverflow` is called with one that lags more.
 * @param onTurn called after each portion of sending.
 */
export const createDelivery = (
  log: BroadcastLog,
  members: ReadonlySet<Member>,
  pacing: Pacing,
  queueBytes: number,
  onOverflow: (member: Member) => void,
  onTurn: () => void,
): Delivery => {
  /** Who spoke last, at the end. */
  const talkers = new Set<Member>()
  let lastTalker: Member | null = null
  let flushedTo = 0
  let flushPlanned = false
  /** The round through all members that is under way, and the log's end when it began. */
  let sweep: Iterator<Member> | null = null
  let sweepStart = 0
  /** Up to here everybody was served, as far as their sockets took it. */
  let servedTo = 0

  const lagOf = (member: Member): number => log.end - member.cursor

  const writeSome = (member: Member, stop: number): void => {
    const { socket, own } = member
    const hasOwn = member.ownNext < own.length
    if (hasOwn) socket.cork() // several pieces, one system call
    for (let budget = WRITE_BYTES; budget > 0 && member.cursor < stop; ) {
      const ownStart = own[member.ownNext] ?? Number.POSITIVE_INFINITY
      if (member.cursor >= ownStart) {
        member.cursor = own[member.ownNext + 1] ?? stop
        member.ownNext += 2
        continue
      }
      const piece = log.slice(member.cursor, Math.min(stop, ownStart), budget)
      socket.write(piece)
      member.cursor += piece.length
      member.taken += piece.length
      budget -= piece.length
    }
    if (!hasOwn) return
    if (member.ownNext >= own.length) {
      own.length = 0
      member.ownNext = 0
    }
    socket.uncork()
  }

  const pump = (member: Member): void => {
    if (lagOf(member) > queueBytes) return onOverflow(member)
    const { socket } = member
    while (!member.blocked && !socket.destroyed) {
      const stop = Math.min(log.end, member.stopAt)
      if (member.cursor >= stop) break
      writeSome(member, stop)
      if (socket.writableLength > 0) {
        member.blocked = true
        socket.write(EMPTY, member.onFlushed) // its callback comes when all before it is with the kernel
      }
    }
    if (member.stopAt === Number.POSITIVE_INFINITY) pacing.lag(member, lagOf(member))
    else if (member.cursor >= member.stopAt && socket.writable) socket.end(FAREWELL)
  }

  const deliver = (member: Member): void => {
    if (!member.blocked) pump(member)
    else if (lagOf(member) > queueBytes) onOverflow(member)
    else if (!member.deaf) pacing.lag(member, lagOf(member))
  }

  /**
   * One portion of sending. Who spoke last is served at once, everybody else in portions, so that two who talk do not
   * wait until ten thousand who listen were served.
   */
  const flush = (): void => {
    flushedTo = log.end
    for (const member of talkers) deliver(member)
    if (sweep === null) {
      sweep = members.values()
      sweepStart = log.end
    }
    for (let left = SWEEP_MEMBERS; left > 0 && sweep !== null; left--) {
      const next = sweep.next()
      if (next.done === true) {
        sweep = null
        servedTo = sweepStart
      } else deliver(next.value)
    }
    if (sweep !== null || sweepStart !== log.end) planFlush()
    onTurn()
  }

  /** After all sockets of this turn of the event loop were read, so that lines of many senders leave in one write. */
  const planFlush = (): void => {
    if (flushPlanned) return
    flushPlanned = true
    setImmediate(() => {
      flushPlanned = false
      flush()
    })
  }

  const noteTalker = (member: Member): void => {
    if (member === lastTalker) return
    lastTalker = member
    talkers.delete(member)
    talkers.add(member)
    for (const oldest of talkers) {
      if (talkers.size <= MAX_TALKERS) break
      talkers.delete(oldest)
    }
  }

  return {
    pump,
    appended(by) {
      noteTalker(by)
      planFlush()
      if (log.end - flushedTo > FLUSH_BYTES) flush()
    },
    unserved: () => log.end - servedTo,
    forget(member) {
      talkers.delete(member)
      if (member === lastTalker) lastTalker = null
    },
  }
}
