import { fromHex, toHex } from '../../crypto/bytes.ts'
import { SecretBytes } from '../../crypto/secret.ts'
import { AppFault } from '../../fault.ts'
import type { ChannelRow, EpochSecret } from '../../store/channel.ts'
import type { Store } from '../../store/store.ts'
import { type EpochKeys, wipeEpoch } from './epoch.ts'
import type { Direction } from './frame.ts'
import { newReceiver, type Receiver, recallStreams, wipeReceiver } from './receiver.ts'
import { ackedOf, dropOutStreams, newSender, type Sender } from './sender.ts'

export interface Ephemeral {
  readonly e: number
  readonly priv: SecretBytes
  readonly pub: string
}

/** A channel as it runs. `row` is what the store has of it; windows, streams and what came too early are memory only. */
export interface Live {
  row: ChannelRow
  /** The present epoch last; before it the former one while its frames may still come. */
  epochs: EpochKeys[]
  /** Own part of the next epoch, while the peer's is not there. */
  eph: Ephemeral | null
  readonly receiver: Receiver
  readonly sender: Sender
  /** Frames that did not open. */
  unopened: number
  /** Streams of the peer seen so far. */
  streams: number
}

export const directionOut = (row: ChannelRow): Direction => (row.role === 'initiator' ? 'a2b' : 'b2a')
export const directionIn = (row: ChannelRow): Direction => (row.role === 'initiator' ? 'b2a' : 'a2b')

export const currentEpoch = (live: Live): EpochKeys => {
  const keys = live.epochs.at(-1)
  if (!keys) throw new AppFault('INTERNAL', 'A session has no keys.')
  return keys
}
export const formerEpoch = (live: Live): EpochKeys | null => (live.epochs.length > 1 ? (live.epochs[0] ?? null) : null)

/** Key for the peer's frames of an epoch; null for one whose keys are not there (any more). */
export const incomingKey =
  (live: Live) =>
  (e: number): SecretBytes | null =>
    live.epochs.find((keys) => keys.e === e)?.[directionIn(live.row)] ?? null

/**
 * The epoch a message goes in; null: it has to wait. Until the peer has our rekey it cannot open the new epoch, and it takes
 * messages in order: so the rekey and all before it go in the old epoch, however often they are repeated, and all after it wait.
 */
export const epochFor = (live: Live, m: number): EpochKeys | null => {
  const former = formerEpoch(live)
  if (live.row.rekeyM === null || former === null) return currentEpoch(live)
  return m <= live.row.rekeyM ? former : null
}

const held = (hex: string): SecretBytes => SecretBytes.take(fromHex(hex))
export const hexOf = (key: SecretBytes): string => key.use(toHex)
export const epochSecret = (keys: EpochKeys): EpochSecret => ({
  a2b: hexOf(keys.a2b),
  b2a: hexOf(keys.b2a),
  root: keys.root === null ? null : hexOf(keys.root),
})

/**
 * The channel of a row, as after a start: all that has no acknowledgement is due, every epoch gets a new stream with the next frame.
 * @throws AppFault CORRUPT when the keys are not there.
 */
export const loadLive = (store: Store, row: ChannelRow, now: number): Live => {
  const id = row.sessionId
  const epochs = store.channel.epochs(id).map(({ e, a2b, b2a, root }) => ({ e, a2b: held(a2b), b2a: held(b2a), root: root === null ? null : held(root) }))
  if (epochs.at(-1)?.e !== row.e) throw new AppFault('CORRUPT', 'The keys of a session are not there any more.')
  const eph = store.channel.ephemeral(id)
  const live: Live = {
    row,
    epochs,
    eph: eph === undefined ? null : { e: eph.e, priv: held(eph.priv), pub: eph.pub },
    receiver: newReceiver(row.nextIn),
    sender: newSender(row.nextOut),
    unopened: 0,
    streams: 0,
  }
  live.sender.unacked = store.channel.messages(id, 'out').map((message) => ({ ...message, tries: 0, dueAt: now }))
  const streams = store.channel.streams(id)
  live.streams = streams.length
  recallStreams(live.receiver, streams, incomingKey(live))
  return live
}

/** Writes counters; in the transaction of what they count. */
export const saveLive = (store: Store, live: Live): void => {
  live.row = { ...live.row, nextOut: live.sender.next, nextIn: live.receiver.expected }
  store.channel.put(live.row)
}

/** Is the message, and so all before it, acknowledged? */
export const isAcked = (live: Live, m: number): boolean => m < ackedOf(live.sender)

/** Overwrites all keys in memory. */
export const wipeLive = (live: Live): void => {
  for (const keys of live.epochs) wipeEpoch(keys)
  live.eph?.priv.wipe()
  live.eph = null
  wipeReceiver(live.receiver)
  dropOutStreams(live.sender)
  live.sender.unacked = []
}
