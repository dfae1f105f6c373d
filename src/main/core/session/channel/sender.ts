import type { SecretBytes } from '../../crypto/secret.ts'
import type { JsonObject } from '../../store/rows.ts'
import { type Direction, type Frame, type Said, seal, streamKey } from './frame.ts'

/** Messages on their way without an acknowledgement; later ones wait. */
export const UNACKED = 256
const FIRST_REPEAT_MS = 1_000
const LONGEST_REPEAT_MS = 30_000
/** An acknowledgement goes by itself when nothing else has carried it for so long. */
export const ACK_MS = 200
/** Repeats of one message, or messages that come again though acknowledged, after which frames go in a new stream. */
export const STUCK = 6

export interface Unacked {
  readonly m: number
  /** Without `m` and `a`. */
  readonly header: JsonObject
  readonly body: Uint8Array
  /** Row of the conversation that is delivered with this one. */
  readonly message: number | null
  tries: number
  /** Monotonic ms. */
  dueAt: number
}

interface OutStream {
  readonly e: number
  readonly s: string
  readonly key: SecretBytes
  n: number
}

/** What is sent: messages without an acknowledgement in the order of their numbers, and the stream of each epoch. */
export interface Sender {
  next: number
  unacked: Unacked[]
  streams: OutStream[]
  /** Monotonic ms; null: the peer knows all that came. */
  ackAt: number | null
  /** Messages that came again since frames go in this stream. */
  repeated: number
}

export const newSender = (next: number): Sender => ({ next, unacked: [], streams: [], ackAt: null, repeated: 0 })

/** All messages with a smaller number are acknowledged. */
export const ackedOf = (sender: Sender): number => sender.unacked[0]?.m ?? sender.next

/** Numbers and keeps a message; it is due at once. */
export const enqueue = (sender: Sender, header: JsonObject, body: Uint8Array, message: number | null, now: number): Unacked => {
  const entry = { m: sender.next, header, body, message, tries: 0, dueAt: now }
  sender.next += 1
  sender.unacked.push(entry)
  return entry
}

/** Those on their way: not beyond the 256th that has no acknowledgement. */
export const inFlight = (sender: Sender): readonly Unacked[] => {
  const first = ackedOf(sender)
  const end = sender.unacked.findIndex((entry) => entry.m >= first + UNACKED)
  return end < 0 ? sender.unacked : sender.unacked.slice(0, end)
}

/** The peer has all before `a`; returns what that delivers. Null: it speaks of messages that were never sent. */
export const acknowledge = (sender: Sender, a: number): Unacked[] | null => {
  if (a > sender.next) return null
  const rest = sender.unacked.findIndex((entry) => entry.m >= a)
  return sender.unacked.splice(0, rest < 0 ? sender.unacked.length : rest)
}

/** Ms until a message that has been sent `tries` times is sent again. */
export const repeatAfter = (tries: number): number => Math.min(FIRST_REPEAT_MS * 2 ** Math.max(0, Math.min(tries, 20) - 1), LONGEST_REPEAT_MS)

/** Has been sent: when it goes again. */
export const sent = (entry: Unacked, now: number): void => {
  entry.tries += 1
  entry.dueAt = now + repeatAfter(entry.tries)
}

/** Drops the stream of an epoch, of all epochs without one named: the next frame begins a new one. */
export const dropOutStreams = (sender: Sender, e?: number): void => {
  for (const stream of sender.streams) if (e === undefined || stream.e === e) stream.key.wipe()
  sender.streams = e === undefined ? [] : sender.streams.filter((stream) => stream.e !== e)
  sender.repeated = 0
}

export interface SealContext {
  readonly sessionId: string
  readonly dir: Direction
  readonly e: number
  /** Key of the direction in that epoch. */
  readonly key: SecretBytes
  /** 16 random bytes, hex, for a new stream. */
  readonly newStream: () => string
}

/** Seals with the next number of the epoch's stream. A number is used up even when the frame then cannot leave. */
export const sealNext = (sender: Sender, { sessionId, dir, e, key, newStream }: SealContext, said: Said): Frame => {
  let stream = sender.streams.find((candidate) => candidate.e === e)
  if (stream === undefined) {
    const s = newStream()
    stream = { e, s, key: streamKey(key, s), n: 0 }
    sender.streams.push(stream)
  }
  const n = stream.n
  stream.n += 1
  return seal(stream.key, { sessionId, dir, e, s: stream.s }, n, said)
}
