import type { SecretBytes } from '../../crypto/secret.ts'
import { type Direction, type Frame, openFrame, type Said, streamKey } from './frame.ts'
import { isFresh, mark, newWindow, type Window } from './window.ts'

/** How long the stream before the newest one of an epoch is still opened, ms: what was on its way when the peer started anew. */
export const FORMER_STREAM_MS = 30_000
/** Messages ahead of the one expected that are kept. */
export const AHEAD = 256

export interface Stream {
  readonly e: number
  readonly s: string
  readonly key: SecretBytes
  readonly window: Window
  /** Monotonic ms from which on it is refused; null for the newest of its epoch. */
  retireAt: number | null
}

/** What is received: streams that are opened, streams that never again are, and messages that came before one they follow. */
export interface Receiver {
  streams: Stream[]
  /** `e:s`. */
  readonly retired: Set<string>
  /** Number of the message that is delivered next. */
  expected: number
  readonly kept: Map<number, Said>
}

export const newReceiver = (expected: number): Receiver => ({ streams: [], retired: new Set(), expected, kept: new Map() })

export type Opened =
  | { readonly kind: 'opened'; readonly said: Said; readonly newStream: boolean }
  /** `replayed`: number seen or too old. `retired`: of a stream that is over. `epoch`: no keys for it. `sealed`: does not open. */
  | { readonly kind: 'drop'; readonly why: 'replayed' | 'retired' | 'epoch' | 'sealed' }

const retire = (receiver: Receiver, gone: (stream: Stream) => boolean): void => {
  for (const stream of receiver.streams.filter(gone)) {
    receiver.retired.add(`${stream.e}:${stream.s}`)
    stream.key.wipe()
  }
  receiver.streams = receiver.streams.filter((stream) => !gone(stream))
}

export interface OpenContext {
  readonly sessionId: string
  readonly dir: Direction
  /** Key of the direction for frames of this epoch; null for one that is not opened. */
  readonly keyOf: (e: number) => SecretBytes | null
  /** Monotonic ms. */
  readonly now: number
}

/**
 * Tries a frame. A new stream is taken by a frame that opens and by nothing else, and puts the one before it on its last 30 s;
 * a stream that is over never opens again, or frames recorded from it would push the living one out.
 */
export const tryFrame = (receiver: Receiver, context: OpenContext, frame: Frame): Opened => {
  const { sessionId, dir, keyOf, now } = context
  retire(receiver, (stream) => stream.retireAt !== null && stream.retireAt <= now)
  const { e, s, n } = frame
  if (receiver.retired.has(`${e}:${s}`)) return { kind: 'drop', why: 'retired' }
  const directionKey = keyOf(e)
  if (directionKey === null) return { kind: 'drop', why: 'epoch' }
  const known = receiver.streams.find((stream) => stream.e === e && stream.s === s)
  if (known && !isFresh(known.window, n)) return { kind: 'drop', why: 'replayed' }
  const key = known?.key ?? streamKey(directionKey, s)
  const said = openFrame(key, { sessionId, dir, e, s }, frame)
  if (said === null) {
    if (!known) key.wipe()
    return { kind: 'drop', why: 'sealed' }
  }
  const stream = known ?? { e, s, key, window: newWindow(), retireAt: null }
  mark(stream.window, n)
  if (!known) {
    for (const former of receiver.streams) if (former.e === e) former.retireAt ??= now + FORMER_STREAM_MS
    receiver.streams.push(stream)
  }
  return { kind: 'opened', said, newStream: !known }
}

/** Forgets an epoch whose keys are wiped: its frames are refused before streams are looked at. */
export const dropStreams = (receiver: Receiver, e: number): void => {
  for (const stream of receiver.streams) if (stream.e === e) stream.key.wipe()
  receiver.streams = receiver.streams.filter((stream) => stream.e !== e)
}

/** Puts back what an earlier run of the process knew: of each epoch only the newest stream is still opened. */
export const recallStreams = (
  receiver: Receiver,
  streams: readonly { readonly e: number; readonly s: string }[],
  keyOf: (e: number) => SecretBytes | null,
): void => {
  const newest = new Map(streams.map((stream) => [stream.e, stream.s]))
  for (const { e, s } of streams) {
    const key = keyOf(e)
    if (newest.get(e) !== s) receiver.retired.add(`${e}:${s}`)
    else if (key !== null) receiver.streams.push({ e, s, key: streamKey(key, s), window: newWindow(), retireAt: null })
  }
}

/** Where a numbered message stands: `old` is acknowledged again, `due` delivered, `ahead` kept, `far` dropped. */
export const placeOf = (receiver: Receiver, m: number): 'old' | 'due' | 'ahead' | 'far' => {
  if (m < receiver.expected) return 'old'
  if (m === receiver.expected) return 'due'
  return m - receiver.expected <= AHEAD ? 'ahead' : 'far'
}

/** Takes the message that is due now out of those kept. */
export const takeKept = (receiver: Receiver): Said | undefined => {
  const said = receiver.kept.get(receiver.expected)
  receiver.kept.delete(receiver.expected)
  return said
}

/** Overwrites the keys. */
export const wipeReceiver = (receiver: Receiver): void => {
  for (const stream of receiver.streams) stream.key.wipe()
  receiver.streams = []
  receiver.kept.clear()
}
