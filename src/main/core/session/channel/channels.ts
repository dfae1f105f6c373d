import { utf8 } from '../../crypto/bytes.ts'
import { SecretBytes } from '../../crypto/secret.ts'
import { AppFault } from '../../fault.ts'
import { zeqondAt } from '../../ledger/zeqond.ts'
import type { EndReason } from '../../m2m/statement.ts'
import type { JsonObject } from '../../store/rows.ts'
import type { ChannelDeps, Channels } from './channel-deps.ts'
import { AGE_LIMIT, REKEY_AFTER } from './epoch.ts'
import { Frame } from './frame.ts'
import { LONGEST_TEXT, partsOf, TEXT_PART } from './header.ts'
import { changesStore, type InboundDeps, takeSaid } from './inbound.ts'
import { directionIn, epochSecret, incomingKey, isAcked, type Live, loadLive, saveLive, wipeLive } from './live.ts'
import { createOutbound } from './outbound.ts'
import { createPace } from './pace.ts'
import { createParking } from './parking.ts'
import { tryFrame } from './receiver.ts'
import { askRekey, dropFormer } from './rekey.ts'
import { enqueue } from './sender.ts'
import { createTransfers } from './transfers.ts'

export type { Channels } from './channel-deps.ts'

/** Messages that may wait for acknowledgement or for their turn. */
const MOST_WAITING = 512
/** Frames that do not open before anything is said: some always come, anybody may inject them. */
const SILENT_FAILURES = 9
/** Streams of the peer, one a start of its process: more are no accident. */
const MOST_STREAMS = 4_096
const PAUSE_MS = 5_000

/** The encrypted channels of a profile; empty before `resume`. */
export const createChannels = (deps: ChannelDeps): Channels => {
  const { store, work, ports } = deps
  const { clock } = ports
  const rekeyAfter = deps.limits?.rekey ?? REKEY_AFTER
  const ageLimit = deps.limits?.age ?? AGE_LIMIT
  const pace = deps.pace ?? createPace()
  const parking = createParking()
  /** Null: changed by a transaction that failed; read again when asked for. */
  const lives = new Map<string, Live | null>()
  /** Sessions that the running transaction has changed. */
  const dirty = new Set<string>()
  /** Monotonic ms: nothing that failed is tried before. */
  let pausedUntil = -Infinity

  const drop = (sessionId: string): void => {
    const live = lives.get(sessionId)
    if (live) wipeLive(live)
    transfers.forget(sessionId)
  }

  const change = (sessionId: string): void => {
    if (dirty.size === 0)
      work.after(() => {
        dirty.clear()
        pump()
      })
    dirty.add(sessionId)
  }
  work.onRollback(() => {
    for (const sessionId of dirty) {
      drop(sessionId)
      lives.set(sessionId, null)
    }
    dirty.clear()
  })

  const peek = (sessionId: string): Live | null => {
    const held = lives.get(sessionId)
    if (held !== null) return held ?? null
    const row = store.channel.get(sessionId)
    if (row === undefined) {
      lives.delete(sessionId)
      return null
    }
    const live = loadLive(store, row, clock.monotonic())
    lives.set(sessionId, live)
    return live
  }
  const all = (): Live[] => [...lives.keys()].map(peek).filter((live) => live !== null)
  const find = (sessionId: string): Live => {
    const live = peek(sessionId)
    if (live === null) throw new AppFault('NOT_FOUND', 'This session has no channel.')
    return live
  }
  const speaking = (sessionId: string): Live => {
    const live = find(sessionId)
    if (live.row.closing !== null || live.row.peerClosed) throw new AppFault('STATE', 'This session is over; it can be read, not written.')
    return live
  }

  /** Not for a channel that was wiped meanwhile: its row would come back. */
  const save = (live: Live): void => {
    if (lives.get(live.row.sessionId) === live) saveLive(store, live)
  }

  const say = (live: Live, header: JsonObject, body: Uint8Array = new Uint8Array(0), message: number | null = null): number => {
    const { sessionId, closing } = live.row
    // After our own close nothing more is said; what would have been said is answered by the close.
    if (closing !== null) return live.sender.next - 1
    change(sessionId)
    const entry = enqueue(live.sender, header, body, message, clock.monotonic())
    store.channel.addMessage(sessionId, 'out', entry)
    save(live)
    return entry.m
  }

  const shut = (live: Live, reason: EndReason): void => {
    if (live.row.closing !== null) return
    change(live.row.sessionId)
    transfers.end(live.row.sessionId, 'The session was closed.')
    say(live, { t: 'close', reason })
    live.row = { ...live.row, closing: reason }
    save(live)
  }
  const giveUp = (live: Live, reason: EndReason): void =>
    work.run(() => {
      if (live.row.closing !== null) return
      shut(live, reason)
      deps.onClose(live.row.sessionId, reason)
    })

  const transfers = createTransfers({
    ports,
    store,
    work,
    say: (session, header) => say(find(session), header),
    change,
    isAcked: (session, m) => isAcked(find(session), m),
    onOffer: deps.onOffer,
    onFile: deps.onFile,
    dropped: deps.dropped,
  })
  const inbound: InboundDeps = { ...deps, transfers, say: (live, header) => say(live, header), giveUp }
  const outbound = createOutbound({ ports, pace, transmit: deps.transmit, transfers, lives: all })

  /** Not inside a transaction: an acknowledgement must never say what could still be undone. */
  const pump = (): void => {
    if (dirty.size === 0) outbound.pump()
  }

  const take = (live: Live, frame: Frame): void => {
    const { sessionId } = live.row
    const opened = tryFrame(live.receiver, { sessionId, dir: directionIn(live.row), keyOf: incomingKey(live), now: clock.monotonic() }, frame)
    if (opened.kind === 'drop') {
      if (opened.why !== 'sealed') return
      live.unopened += 1
      if (live.unopened > SILENT_FAILURES) deps.dropped('frame that does not open', sessionId)
      return
    }
    live.row = { ...live.row, frames: live.row.frames + 1 }
    if (!opened.newStream && !changesStore(live, opened.said, frame.e)) return takeSaid(inbound, live, opened.said, frame.e)
    work.run(() => {
      change(sessionId)
      if (opened.newStream) {
        store.channel.addStream(sessionId, frame)
        live.streams += 1
        if (live.streams > MOST_STREAMS) giveUp(live, 'age')
      }
      takeSaid(inbound, live, opened.said, frame.e)
      save(live)
    })
  }

  const age = (live: Live): void => {
    const { since, frames, closing, peerClosed, oldUntil } = live.row
    const now = clock.now()
    const ms = now - since
    const late = oldUntil !== null && now >= oldUntil
    const tooOld = frames > ageLimit.frames || ms > ageLimit.ms
    const old = frames >= rekeyAfter.frames || ms >= rekeyAfter.ms
    if (!late && !tooOld && !old) return
    if (closing !== null || peerClosed) return
    if (!late && !tooOld && (live.eph !== null || live.row.rekeyM !== null || live.epochs.length > 1)) return
    work.run(() => {
      change(live.row.sessionId)
      if (late) dropFormer(live, store)
      if (tooOld) giveUp(live, 'age')
      else if (old) askRekey(live, { store, random: ports.random, now, say: (header) => say(live, header) })
      save(live)
    })
  }

  /** Messages that were never acknowledged; none where they cannot be read any more. */
  const unheard = (sessionId: string): (number | null)[] => {
    try {
      return (peek(sessionId)?.sender.unacked ?? store.channel.messages(sessionId, 'out')).map(({ message }) => message)
    } catch (error) {
      if (!(error instanceof AppFault) || error.code !== 'CORRUPT') throw error
      return []
    }
  }
  const wipe = (sessionId: string): void =>
    work.run(() => {
      const lost = unheard(sessionId).filter((message) => message !== null)
      change(sessionId)
      transfers.end(sessionId, 'The session was closed.')
      store.channel.wipe(sessionId)
      drop(sessionId)
      lives.delete(sessionId)
      work.after(() => store.channel.truncateJournal())
      if (lost.length > 0) deps.onLost?.(sessionId, lost)
    })

  const resumeOne = (row: ReturnType<typeof store.channel.all>[number]): void => {
    try {
      lives.set(row.sessionId, loadLive(store, row, clock.monotonic()))
    } catch (error) {
      if (!(error instanceof AppFault) || error.code !== 'CORRUPT') throw error
      ports.log.error('the keys of a session cannot be read', { code: error.code })
      // Nobody else would: to the engine there is no such channel. What can still be read of its keys must not stay.
      wipe(row.sessionId)
      work.run(() => deps.onClose(row.sessionId, 'lost_state'))
      return
    }
    work.run(() => {
      change(row.sessionId)
      const waiting = peek(row.sessionId)?.sender.unacked ?? []
      transfers.reoffer(row.sessionId, (f) => waiting.some(({ header }) => header['t'] === 'file' && header['f'] === f))
    })
  }

  return {
    resume: () => {
      let failed: { readonly error: unknown } | undefined
      for (const row of store.channel.all()) {
        if (lives.has(row.sessionId)) continue
        try {
          resumeOne(row)
        } catch (error) {
          // One session that cannot go on holds up no other.
          ports.log.error('a session was not taken up again', { error: error instanceof Error ? error.message : String(error) })
          // Whoever asks for its channel is told that there is none: the caller must not believe that.
          if (!lives.has(row.sessionId) && store.channel.get(row.sessionId) !== undefined) failed ??= { error }
        }
      }
      if (failed) throw failed.error
    },
    lock: () => {
      for (const sessionId of lives.keys()) drop(sessionId)
      lives.clear()
      dirty.clear()
    },
    open: ({ sessionId, role, peerId, a2b, b2a, root }) =>
      work.run(() => {
        if (peek(sessionId) !== null) throw new AppFault('EXISTS', 'This session has a channel already.')
        const copy = (key: SecretBytes): SecretBytes => key.use((bytes) => SecretBytes.copy(bytes))
        const keys = { e: 0, a2b: copy(a2b), b2a: copy(b2a), root: copy(root) }
        store.channel.put({
          ...{ sessionId, peerId, role, e: 0, since: clock.now(), frames: 0, nextOut: 0, nextIn: 0 },
          ...{ rekeyM: null, oldUntil: null, closing: null, peerClosed: false },
        })
        store.channel.putEpoch(sessionId, 0, epochSecret(keys))
        for (const key of [keys.a2b, keys.b2a, keys.root]) key.wipe()
        change(sessionId)
        lives.set(sessionId, null)
        work.after(() => {
          const live = peek(sessionId)
          if (live !== null) for (const frame of parking.take(peerId, sessionId.slice(0, 16), clock.monotonic())) take(live, frame)
        })
      }),
    has: (sessionId) => peek(sessionId) !== null,
    frame: (from, d) => {
      const parsed = Frame.safeParse(d)
      if (!parsed.success) return deps.dropped('frame not of its form', null)
      const frame = parsed.data
      const fitting = all().filter(({ row }) => row.peerId === from && row.sessionId.startsWith(frame.k))
      for (const live of fitting) take(live, frame)
      if (fitting.length === 0 && !parking.park(from, frame, clock.monotonic())) deps.dropped('frame of an unknown session', null)
    },
    sendText: (sessionId, text, messageRowId) =>
      work.run(() => {
        const live = speaking(sessionId)
        if (!text.isWellFormed()) throw new AppFault('BAD_ARGUMENT', 'This text has half a character in it.')
        const bytes = utf8(text)
        if (bytes.length === 0 || bytes.length > LONGEST_TEXT) throw new AppFault('BAD_ARGUMENT', 'A message has 1 byte to 256 KiB.')
        const parts = partsOf(bytes)
        if (live.sender.unacked.length + parts.length > MOST_WAITING) throw new AppFault('STATE', 'Too many messages wait for the peer.')
        const at = zeqondAt(clock.now())
        parts.forEach((body, part) => {
          const of = parts.length
          say(live, of === 1 ? { t: 'text', at } : { t: 'text', at, part, of }, body, part === of - 1 ? messageRowId : null)
        })
      }),
    sendApp: (sessionId, name, bytes) =>
      work.run(() => {
        const live = speaking(sessionId)
        if (name === '' || name.length > 64 || !name.isWellFormed()) throw new AppFault('BAD_ARGUMENT', 'The name has 1 to 64 characters.')
        if (bytes.length > TEXT_PART) throw new AppFault('BAD_ARGUMENT', 'A program’s message has at most 22,000 bytes.')
        if (live.sender.unacked.length >= MOST_WAITING) throw new AppFault('STATE', 'Too many messages wait for the peer.')
        say(live, { t: 'app', name }, Uint8Array.from(bytes))
      }),
    waiting: (sessionId) => peek(sessionId)?.sender.unacked.length ?? 0,
    sendFile: (sessionId, file) => {
      const { peerId } = speaking(sessionId).row
      return transfers.send({ session: sessionId, peer: peerId }, file)
    },
    acceptFile: (fileId, folder) => {
      const row = store.files.get(fileId)
      if (row !== undefined) speaking(row.session)
      return transfers.accept(fileId, folder)
    },
    refuseFile: (fileId) => transfers.refuse(fileId),
    cancelFile: (fileId) => transfers.cancel(fileId),
    files: (sessionId) => (sessionId === undefined ? store.files.all() : store.files.bySession(sessionId)),
    close: (sessionId, reason) =>
      work.run(() => {
        const live = peek(sessionId)
        if (live !== null) shut(live, reason)
      }),
    wipe,
    wake: (peerId) => {
      for (const live of all()) if (live.row.peerId === peerId) for (const entry of live.sender.unacked) entry.dueAt = clock.monotonic()
      pump()
    },
    slowDown: () => pace.slowDown(clock.monotonic()),
    pump,
    tick: () => {
      for (const live of all()) {
        try {
          age(live)
          transfers.tick(live.row.sessionId)
        } catch (error) {
          if (!(error instanceof AppFault)) throw error
          // A full disk, say: what was due still is, and would be tried again without a pause.
          pausedUntil = clock.monotonic() + PAUSE_MS
          ports.log.warn('a session has to wait', { code: error.code })
        }
      }
      pump()
    },
    nextDue: () => {
      const now = clock.monotonic()
      const wall = clock.now()
      const dues: number[] = []
      for (const live of all()) {
        const due = transfers.nextDue(live.row.sessionId)
        if (due !== null) dues.push(due)
        const { oldUntil, since, closing, peerClosed } = live.row
        if (closing !== null || peerClosed) continue
        if (oldUntil !== null) dues.push(now + oldUntil - wall)
        const asked = live.eph !== null || live.row.rekeyM !== null || live.epochs.length > 1
        if (asked || oldUntil === null) dues.push(now + since + (asked ? ageLimit.ms + 1 : rekeyAfter.ms) - wall)
      }
      const out = outbound.nextDue()
      if (out !== null) dues.push(out)
      return dues.length === 0 ? null : wall + Math.max(0, Math.ceil(Math.max(Math.min(...dues), pausedUntil) - now))
    },
  }
}
