import type { PeerId } from '../../brand.ts'
import { toHex } from '../../crypto/bytes.ts'
import type { Ports } from '../../ports.ts'
import type { JsonObject } from '../../store/rows.ts'
import type { Frame } from './frame.ts'
import { directionOut, epochFor, type Live } from './live.ts'
import type { Pace } from './pace.ts'
import { dropOutStreams, inFlight, STUCK, sealNext, sent } from './sender.ts'
import type { Transfers } from './transfers.ts'

/** Without a word from the transport it is tried again after so long, ms. */
const BLOCKED_MS = 1_000

export interface Outbound {
  pump(): void
  /** Monotonic ms; null: nothing waits. */
  nextDue(): number | null
}

/** Lets out what is due: messages first, then acknowledgements, then chunks of files in turn. */
export const createOutbound = (deps: {
  readonly ports: Ports
  readonly pace: Pace
  readonly transmit: (peerId: PeerId, d: Frame) => boolean
  readonly transfers: Transfers
  readonly lives: () => readonly Live[]
}): Outbound => {
  const { ports, pace, transmit, transfers, lives } = deps
  let pumping = false
  let again = false
  /** Monotonic ms until which nothing is tried; 0: there is room. */
  let blockedUntil = 0
  const now = (): number => ports.clock.monotonic()

  /** False: no more goes now. */
  const put = (live: Live, m: number, header: JsonObject, body: Uint8Array): boolean => {
    const keys = epochFor(live, m)
    // It waits for the peer, not for room.
    if (keys === null) return true
    if (!pace.take(now())) {
      blockedUntil = pace.nextAt(now())
      return false
    }
    const { row, receiver, sender } = live
    const dir = directionOut(row)
    const context = { sessionId: row.sessionId, dir, e: keys.e, key: keys[dir], newStream: () => toHex(ports.random.bytes(16)) }
    const frame = sealNext(sender, context, { header: { ...header, t: String(header['t']), m, a: receiver.expected }, body })
    live.row = { ...row, frames: row.frames + 1 }
    if (!transmit(row.peerId, frame)) {
      blockedUntil = now() + BLOCKED_MS
      return false
    }
    sender.ackAt = null
    return true
  }

  const sendMessages = (live: Live): boolean => {
    const { sender } = live
    for (const entry of [...inFlight(sender)]) {
      if (entry.dueAt > now() || epochFor(live, entry.m) === null) continue
      // Nothing has come back for half a minute: perhaps the peer takes our stream for one that is over (a frame of an older one was
      // played to it). A new stream is always taken.
      if (entry === sender.unacked[0] && entry.tries > 0 && entry.tries % STUCK === 0) dropOutStreams(sender)
      if (!put(live, entry.m, entry.header, entry.body)) return false
      sent(entry, now())
    }
    return true
  }

  const sendAck = (live: Live): boolean => {
    const { ackAt } = live.sender
    return ackAt === null || ackAt > now() || put(live, -1, { t: 'ack' }, new Uint8Array(0))
  }

  const round = (): void => {
    const open = lives()
    for (const live of open) if (!sendMessages(live)) return
    for (const live of open) if (!sendAck(live)) return
    for (let any = true; any; ) {
      any = false
      for (const live of open) {
        let full = false
        const send = (header: JsonObject, body: Uint8Array): boolean => {
          full = !put(live, -1, header, body)
          return !full
        }
        if (transfers.sendChunks(live.row.sessionId, send)) any = true
        if (full) return
      }
    }
  }

  return {
    pump: () => {
      again = true
      if (pumping) return
      pumping = true
      try {
        while (again) {
          again = false
          blockedUntil = 0
          round()
        }
      } finally {
        pumping = false
      }
    },
    nextDue: () => {
      const dues: number[] = []
      for (const live of lives()) {
        for (const entry of inFlight(live.sender)) if (epochFor(live, entry.m) !== null) dues.push(entry.dueAt)
        if (live.sender.ackAt !== null) dues.push(live.sender.ackAt)
        if (blockedUntil > 0) dues.push(blockedUntil)
      }
      return dues.length === 0 ? null : Math.max(Math.min(...dues), blockedUntil)
    },
  }
}
