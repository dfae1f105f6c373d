import { concat, fromUtf8 } from '../../crypto/bytes.ts'
import { unixOf } from '../../ledger/zeqond.ts'
import { EndReason } from '../../m2m/statement.ts'
import type { JsonObject } from '../../store/rows.ts'
import type { ChannelDeps } from './channel-deps.ts'
import { OLD_EPOCH_MS } from './epoch.ts'
import type { Said } from './frame.ts'
import { type Header, LARGEST_M, LONGEST_TEXT, readHeader } from './header.ts'
import { formerEpoch, type Live } from './live.ts'
import { placeOf, takeKept } from './receiver.ts'
import { takeRekey } from './rekey.ts'
import { ACK_MS, ackedOf, acknowledge, dropOutStreams, STUCK } from './sender.ts'
import type { Transfers } from './transfers.ts'

export interface InboundDeps extends ChannelDeps {
  readonly transfers: Transfers
  readonly say: (live: Live, header: JsonObject) => number
  /** Ends a session that cannot go on. */
  readonly giveUp: (live: Live, reason: EndReason) => void
}

type TextHeader = Extract<Header, { t: 'text' }>

const deliverText = (deps: InboundDeps, live: Live, header: TextHeader, bytes: Uint8Array): void => {
  const { sessionId } = live.row
  let text: string
  try {
    text = fromUtf8(bytes)
  } catch {
    return deps.dropped('text that is not UTF-8', sessionId)
  }
  const now = deps.ports.clock.now()
  // A peer may date what it says, not after the moment we read it.
  deps.onText(sessionId, text, header.at === undefined ? now : Math.min(unixOf(header.at), now))
}

/** Parts come in order and are stored until the last one: each is acknowledged by itself, and a restart in between loses none. */
const takePart = (deps: InboundDeps, live: Live, header: TextHeader & { readonly part: number; readonly of: number }, body: Uint8Array): void => {
  const { channel } = deps.store
  const { sessionId } = live.row
  const before = channel.messages(sessionId, 'in')
  const forget = (): void => channel.dropMessages(sessionId, 'in', Number.MAX_SAFE_INTEGER)
  const fits = header.part === before.length && before.every((part) => part.header['of'] === header.of)
  if (header.part === 0 && before.length > 0) {
    deps.dropped('the rest of a long text never came', sessionId)
    forget()
  } else if (!fits) {
    deps.dropped('parts of a text that do not fit', sessionId)
    return forget()
  }
  if (header.part + 1 < header.of) {
    const { t, part, of } = header
    return channel.addMessage(sessionId, 'in', { m: header.m, header: { t, part, of }, body, message: null })
  }
  forget()
  const whole = concat(...before.map((part) => part.body), body)
  if (whole.length > LONGEST_TEXT) deps.dropped('text over 256 KiB', sessionId)
  else deliverText(deps, live, header, whole)
}

/** One message, in its turn. */
const deliver = (deps: InboundDeps, live: Live, said: Said): void => {
  const { row } = live
  const { sessionId } = row
  if (row.peerClosed) return
  const header = readHeader(said)
  if (header === 'unknown') return deps.dropped('message of an unknown kind', sessionId)
  if (header === 'malformed') return deps.dropped('message not of its form', sessionId)
  const party = { session: sessionId, peer: row.peerId }
  switch (header.t) {
    case 'text':
      if ('part' in header) takePart(deps, live, header, said.body)
      else deliverText(deps, live, header, said.body)
      return
    case 'app':
      return deps.onApp(sessionId, header.name, said.body)
    case 'file':
      if (row.closing === null) deps.transfers.onOffer(party, header)
      return
    case 'have':
      return deps.transfers.onHave(party, header)
    case 'done':
      return deps.transfers.onDone(party, header)
    case 'rekey': {
      const { store, ports } = deps
      const outcome = takeRekey(live, header, { store, random: ports.random, now: ports.clock.now(), say: (h) => deps.say(live, h) })
      if (outcome === 'ignored') deps.dropped('rekey for another epoch', sessionId)
      if (outcome === 'refused') deps.giveUp(live, 'bad_peer')
      return
    }
    case 'close':
      live.row = { ...row, peerClosed: true }
      deps.transfers.end(sessionId, 'The session was closed.')
      // At once: the keys may be gone before the usual 200 ms, and the peer would think its last words lost.
      live.sender.ackAt = deps.ports.clock.monotonic()
      // A reason of a later version ends the session like any other.
      return deps.onClose(sessionId, EndReason.safeParse(header.reason).data ?? 'done')
    case 'chunk':
      return deps.transfers.onChunk(party, header, said.body)
    case 'ack':
      return
  }
}

const takeAck = (deps: InboundDeps, live: Live, a: number): void => {
  const delivered = acknowledge(live.sender, a)
  const { sessionId, rekeyM } = live.row
  if (delivered === null) return deps.dropped('acknowledgement of what was never sent', sessionId)
  if (delivered.length === 0) return
  live.sender.repeated = 0
  deps.store.channel.dropMessages(sessionId, 'out', ackedOf(live.sender))
  if (rekeyM !== null && rekeyM < a) live.row = { ...live.row, rekeyM: null }
  for (const { message } of delivered) if (message !== null) deps.onDelivered(sessionId, message)
}

/** Does this frame change anything that is stored? Chunks do not, acknowledgements of the known do not. */
export const changesStore = (live: Live, said: Said, e: number): boolean =>
  said.header.m >= 0 || said.header.a > ackedOf(live.sender) || (e === live.row.e && formerEpoch(live) !== null && live.row.oldUntil === null)

/** What a frame of epoch `e` said that has opened. In a transaction when `changesStore` says so. */
export const takeSaid = (deps: InboundDeps, live: Live, said: Said, e: number): void => {
  const { clock } = deps.ports
  const { receiver, sender } = live
  const { m, a } = said.header
  if (e === live.row.e && formerEpoch(live) !== null && live.row.oldUntil === null) live.row = { ...live.row, oldUntil: clock.now() + OLD_EPOCH_MS }
  takeAck(deps, live, a)
  if (m < 0) return deliver(deps, live, said)
  if (m > LARGEST_M) return deps.giveUp(live, 'bad_peer')
  sender.ackAt ??= clock.monotonic() + ACK_MS
  switch (placeOf(receiver, m)) {
    case 'old':
      // Our acknowledgements do not arrive: perhaps the peer takes our stream for one that is over.
      sender.repeated += 1
      if (sender.repeated > STUCK) dropOutStreams(sender)
      return
    case 'ahead':
      receiver.kept.set(m, said)
      return
    case 'far':
      return deps.dropped('message too far ahead', live.row.sessionId)
    case 'due':
      for (let next: Said | undefined = said; next !== undefined; next = takeKept(receiver)) {
        receiver.expected += 1
        deliver(deps, live, next)
      }
  }
}
