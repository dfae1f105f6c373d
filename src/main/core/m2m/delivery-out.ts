import type { Genesis, PeerId } from '../brand.ts'
import { fromUtf8, toHex } from '../crypto/bytes.ts'
import { AppFault } from '../fault.ts'
import type { M2mOutboxDue, M2mOutboxEntry } from '../store/m2m-outbox.ts'
import { boxPayload, type Wire } from './box.ts'
import type { Card } from './card.ts'
import type { CardBook } from './card-book.ts'
import { type Addressee, createMaker } from './delivery-make.ts'
import { createPace, type Pace } from './delivery-pace.ts'
import type { DeliveryDeps, SendOptions } from './delivery-types.ts'
import { isFinal, type Outgoing } from './message.ts'

/** Unanswered messages a peer at most has on its way. */
export const IN_FLIGHT = 8
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000
const DAY_MS = 24 * 3600_000
/** A peer that is heard after so long may have missed what was sent. */
const SILENCE_MS = 10_000
/** Peers whose last sign is remembered before the silent ones are let go. */
const MOST_HEARD = 2_000
/** After a peer said that it is busy. */
const BUSY_MS = 30_000
/** Before the next try for a frozen peer, a full disk, or a relay that takes nothing. */
const FROZEN_MS = 30_000
const AGAIN_MS = 1_000
/** Answers that wait for the relay; each is asked for again when it is lost. */
const MOST_ANSWERS = 256
/** Given up in one go. */
const MOST_EXPIRED = 100
/** No pause is longer: what is due later than this was noted before the clock was set back. */
const LATEST_MS = 90_000

export interface Sender {
  send(to: PeerId | Genesis, message: Outgoing, options: SendOptions): string
  /** Sent once, after the commit: an answer that is asked for again when it is lost. */
  once(to: Addressee, message: Outgoing, re: string | null): Wire
  /** The same bytes again. */
  repeat(peerId: PeerId, wire: Wire): void
  /** A message of the peer answers ours: it is done, except where the peer only asks for time. */
  answered(re: string, from: Genesis, how: 'done' | 'later' | 'refused'): M2mOutboxEntry | null
  heard(genesis: Genesis): void
  resign(): void
  pump(): void
  nextDue(): number | null
  tick(): void
  /** The answers that a handler sends to this message until it is cleared. */
  watch(re: string | null): Wire[]
  readonly pace: Pace
}

const dueAt = (row: M2mOutboxDue, now: number): number => (row.dueAt > now + LATEST_MS ? now : row.dueAt)

/** Outbox to relay: makes, signs and seals messages, sends them in order, repeats them, gives them up. */
export const createSender = (deps: DeliveryDeps, book: CardBook, ownCard: () => Card, own: () => Genesis): Sender => {
  const { store, work, self } = deps
  const { clock, random } = deps.ports
  const outbox = store.m2mOutbox
  const pace = createPace(clock)
  const answers: { readonly peerId: PeerId; readonly wire: Wire }[] = []
  const heardAt = new Map<Genesis, number>()
  let watched: { readonly re: string; readonly wires: Wire[] } | null = null
  let planned = false
  let pumping = false
  let notBefore = 0

  const jitter = (ms: number): number => Math.round(ms * (0.8 + (0.4 * (random.bytes(1)[0] ?? 0)) / 255))
  const pauseAfter = (tries: number): number => jitter(Math.min(FIRST_PAUSE_MS * 2 ** Math.min(tries, 10), LONGEST_PAUSE_MS))

  /** Whoever made the message has committed it: it is in the outbox, and the next tick tries again. */
  const pumpQuietly = (): void => {
    try {
      pump()
    } catch (error) {
      deps.ports.log.error('sending failed', { error: error instanceof Error ? error.message : String(error) })
    }
  }

  /** One pump after the commit, however many messages it made. */
  const pumpLater = (): void => {
    if (planned) return
    planned = true
    work.after(() => {
      planned = false
      pumpQuietly()
    })
  }
  work.onRollback(() => {
    planned = false
    watched = null
  })

  const known = (to: PeerId | Genesis): Addressee & { readonly genesis: Genesis; readonly shown: number } => {
    const peer = book.byGenesis(to as Genesis) ?? book.byId(to as PeerId)
    if (peer === undefined) throw new AppFault('NOT_FOUND', 'This peer has not shown a card.')
    return { peerId: peer.peerId, genesis: peer.genesis, kxPub: peer.keys.kx_pub, knowsUs: peer.knowsUs, shown: peer.shown }
  }

  const { make, wireFor, withRows } = createMaker(deps, ownCard, own)
  const newId = (): string => toHex(random.bytes(16))

  const send: Sender['send'] = (to, message, { thread, re = null, giveUpAt }) => {
    const peer = known(to)
    if (isFinal(message.t)) {
      const wire = once(peer, message, re)
      if (watched !== null && watched.re === re) watched.wires.push(wire)
      return ''
    }
    const id = newId()
    const { bytes } = make(peer, message, id, re)
    const wire = wireFor(peer, message.t, bytes)
    book.keep(peer.genesis)
    const rows = withRows(message)
    outbox.put(
      {
        messageId: id,
        genesis: peer.genesis,
        peerId: peer.peerId,
        thread,
        t: message.t,
        body: fromUtf8(bytes),
        wire,
        shows: rows?.at(-1)?.seq ?? null,
        giveUpAt: giveUpAt ?? clock.now() + DAY_MS,
      },
      clock.now(),
    )
    if (watched !== null && watched.re === re) watched.wires.push(wire)
    pumpLater()
    return id
  }

  /** Only after the commit: an answer says that its message is stored. */
  const repeat = (peerId: PeerId, wire: Wire): void =>
    work.run(() =>
      work.after(() => {
        if (answers.length >= MOST_ANSWERS) answers.shift()
        answers.push({ peerId, wire })
        pumpQuietly()
      }),
    )

  const once: Sender['once'] = (to, message, re) => {
    const { bytes } = make({ ...to, shown: Number.MAX_SAFE_INTEGER }, message, newId(), re)
    const wire = wireFor(to, message.t, bytes)
    repeat(to.peerId, wire)
    return wire
  }

  const sendAnswers = (): boolean => {
    for (;;) {
      const [next] = answers
      if (next === undefined) return true
      if (!deps.frozen(next.peerId)) {
        if (!pace.take() || !deps.transmit(boxPayload(next.peerId, next.wire, self.id))) return false
      }
      answers.shift()
    }
  }

  const sendDue = (): void => {
    const now = clock.now()
    const sent: { readonly id: number; readonly next: number }[] = []
    const later: string[] = []
    for (const row of outbox.window(IN_FLIGHT)) {
      if (dueAt(row, now) > now || row.giveUpAt <= now) continue
      const entry = outbox.open(row.id)
      if (entry === undefined) continue
      const peerId = book.byGenesis(entry.genesis)?.peerId ?? entry.peerId
      if (deps.frozen(peerId)) {
        later.push(entry.messageId)
        continue
      }
      if (!pace.take()) break
      if (!deps.transmit(boxPayload(peerId, entry.wire, self.id))) {
        notBefore = now + AGAIN_MS
        break
      }
      sent.push({ id: row.id, next: now + pauseAfter(row.tries) })
    }
    if (sent.length === 0 && later.length === 0) return
    store.transaction(() => {
      for (const { id, next } of sent) outbox.sent(id, next)
      for (const id of later) outbox.retime(id, now + FROZEN_MS, 0)
    })
  }

  const pump = (): void => {
    if (pumping) return
    pumping = true
    notBefore = 0
    try {
      if (sendAnswers()) sendDue()
      else notBefore = clock.now() + (pace.wait() || AGAIN_MS)
    } catch (error) {
      // What was sent and could not be noted goes out once more; without a pause it would do so without end.
      notBefore = clock.now() + AGAIN_MS
      throw error
    } finally {
      pumping = false
    }
  }

  const giveUp = (): void => {
    const now = clock.now()
    for (const entry of outbox.expired(now, MOST_EXPIRED)) {
      work.run(() => {
        if (!outbox.done(entry.messageId)) return
        const peerId = book.byGenesis(entry.genesis)?.peerId ?? entry.peerId
        if (entry.thread !== null) deps.onGaveUp(entry.thread, peerId, { id: entry.messageId, t: entry.t as Outgoing['t'] })
      })
    }
  }

  return {
    send,
    once,
    repeat,
    pace,
    watch: (re) => {
      watched = re === null ? null : { re, wires: [] }
      return watched?.wires ?? []
    },
    answered: (re, from, how) => {
      const entry = outbox.byMessage(re)
      if (entry === undefined || entry.genesis !== from) return null
      if (how === 'later') {
        outbox.retime(re, clock.now() + jitter(BUSY_MS), 5)
        return entry
      }
      outbox.done(re)
      const shown = book.byGenesis(from)?.shown ?? -1
      if (how === 'done' && entry.shows !== null && entry.shows > shown) book.mark(from, { shown: entry.shows })
      // The next of the eight may leave.
      pumpLater()
      return entry
    },
    heard: (genesis) => {
      const now = clock.monotonic()
      const before = heardAt.get(genesis)
      // Ledgers cost nothing to make up: those that were silent for so long are as if never heard.
      if (before === undefined && heardAt.size >= MOST_HEARD) for (const [old, at] of heardAt) if (now - at >= SILENCE_MS) heardAt.delete(old)
      heardAt.set(genesis, now)
      if (before !== undefined && now - before < SILENCE_MS) return
      work.run(() => {
        if (outbox.hurry(genesis, clock.now()) > 0) pumpLater()
      })
    },
    resign: () => {
      for (const entry of outbox.all()) {
        const { v: _v, id: _id, re, sg: _sg, tg: _tg, at: _at, card: _card, ...message } = JSON.parse(entry.body) as Record<string, unknown>
        const peer = known(entry.genesis)
        const id = newId()
        const { body, bytes } = make(peer, message as unknown as Outgoing, id, re as string | null)
        outbox.done(entry.messageId)
        outbox.put({ ...entry, messageId: id, body: fromUtf8(bytes), wire: wireFor(peer, body.t, bytes) }, clock.now())
      }
      pumpLater()
    },
    pump,
    nextDue: () => {
      const now = clock.now()
      let next: number | null = answers.length > 0 ? now : null
      for (const row of outbox.window(IN_FLIGHT)) next = Math.min(next ?? dueAt(row, now), dueAt(row, now))
      if (next !== null) next = Math.max(next, now + pace.wait(), notBefore)
      const end = outbox.nextGiveUp()
      return end === null ? next : Math.min(next ?? end, end)
    },
    tick: () => {
      giveUp()
      pump()
    },
  }
}
