import { z } from 'zod'
import type { MessageDto, SessionDto } from '../../../contract/index.ts'
import type { PeerId } from '../brand.ts'
import { AppFault } from '../fault.ts'
import { HsObject } from '../hs/messages.ts'
import { pythonJson } from '../hs/python-json.ts'
import type { Opened, Role } from '../hs/thread.ts'
import type { Clock } from '../ports.ts'
import type { MessageRow, SessionRow } from '../store/rows.ts'
import type { Store } from '../store/store.ts'
import type { Work } from '../work.ts'

/** What a session row carries beyond its columns. */
const Extra = z.object({
  steps: z.array(z.object({ name: z.string(), at: z.number().nullable(), by: z.enum(['us', 'them']), detail: z.string().nullable() })).default([]),
  /** Message of ours that is on its way, not answered yet. */
  carried: z.number().nullable().default(null),
  /** What was and what cannot be checked in this protocol; said when the session opened. */
  checks: z.array(z.object({ text: z.string(), holds: z.boolean() })).default([]),
  rounds: z.number().default(0),
  /** Signed objects of an hs peer behind rows of the own ledger. */
  legacy: z.array(z.object({ row: z.int(), hs: HsObject })).default([]),
  /** Of the m2m profile: what both ledgers have the session under, and how far. */
  m2m: z.object({ nonce: z.string(), suite: z.string() }).nullable().default(null),
})
type Extra = z.infer<typeof Extra>

/** Longest message a person can write, UTF-16 units. */
export const LONGEST_MESSAGE = 8_000
/** Bytes of a message as it is sealed: every character beyond ASCII takes six. Sealed and relayed it stays within a line of 65,536 bytes. */
export const LONGEST_ENCODED = 34_000
/** Messages of one session that may wait for a round. */
export const MOST_QUEUED = 200

const refusedTexts: Record<Extract<Opened, { kind: 'refused' }>['why'], string> = {
  plaintext: 'A message came without encryption although a key exists. It was dropped.',
  replayed: 'A sealed message came a second time. It was dropped.',
  stale: 'A sealed message was too old, or from the future. It was dropped.',
  malformed: 'A message was not of the agreed form. It was dropped.',
  signature: 'A message’s signature was not the peer’s. It was dropped.',
  decrypt: 'A message could not be decrypted with the session key. It was dropped.',
  hash: 'A message did not match its hash. It was dropped.',
  json: 'A message was not readable after decryption. It was dropped.',
}

export interface NewSession {
  readonly id: string
  readonly peerId: PeerId
  readonly role: Role
  /** First 8 hex digits of SHA-256 of the session key. */
  readonly fingerprint: string
  readonly checks: SessionDto['checks']
  readonly m2m?: { readonly nonce: string; readonly suite: string }
}

/** What only the profile's own threads know of a session. */
export interface Standing {
  readonly frozen: boolean
  readonly ourTurn: boolean
  readonly mayClose: boolean
  /** Of m2m: what both ledgers have. */
  readonly told?: Pick<SessionDto, 'evidence' | 'steps'>
}

export interface Sessions {
  /** `m2m`: its steps were told as they came; without it the two steps that opened an hs session are noted now. */
  open(input: NewSession): void
  /** The signed object behind a row of the own ledger. */
  legacy(id: string, row: number, hs: HsObject): void
  legacyOf(id: string): readonly { readonly row: number; readonly hs: HsObject }[]
  /** The peer has it. */
  delivered(id: string, message: number): void
  mark(id: string, name: string, by: 'us' | 'them', detail?: string): void
  deliver(id: string, opened: Opened): void
  carried(id: string, message: number): void
  answered(id: string): void
  end(id: string, how: 'closed' | 'ended', reason: string): void
  closing(id: string): void
  /** The end was forged: the peer goes on speaking with the session key. */
  reopen(id: string): void
  write(id: string, text: string): MessageRow
  event(id: string, text: string): void
  /** Oldest message that waits for a round, or null. */
  next(id: string): number | null
  rounds(id: string): number
  dto(row: SessionRow, standing: Standing): SessionDto
}

export const createSessions = (deps: {
  readonly store: Store
  readonly work: Work
  readonly clock: Clock
  readonly dropped: (why: string) => void
}): Sessions => {
  const { store, work, clock, dropped } = deps
  /** Session and reason of refusals that the conversation tells already. */
  const told = new Set<string>()

  const find = (id: string): SessionRow => {
    const row = store.sessions.get(id)
    if (!row) throw new AppFault('NOT_FOUND', 'There is no such session.')
    return row
  }
  const extraOf = (row: SessionRow): Extra => Extra.parse(row.extra)
  const put = (row: SessionRow, extra: Partial<Extra> = {}): void => {
    store.sessions.put({ ...row, extra: JSON.parse(JSON.stringify({ ...extraOf(row), ...extra })) })
    work.touch(`session:${row.id}`)
    work.touch(`peer:${row.peerId}`)
  }

  const addEvent = (row: SessionRow, text: string): void => {
    const id = store.messages.add({ session: row.id, peer: row.peerId, direction: 'event', seq: 0, at: clock.now(), text, state: 'done' })
    work.touch(`message:${id}`)
  }

  const finish = (row: SessionRow, state: 'closed' | 'ended', reason: string): void => {
    const { carried } = extraOf(row)
    const lost = store.messages.queued(row.id).length
    put({ ...row, state, endedAt: clock.now(), reason }, { carried: null })
    if (lost > 0) addEvent(row, lost === 1 ? 'One message was not sent.' : `${lost} messages were not sent.`)
    if (carried !== null) addEvent(row, 'The last message was sent, and not answered.')
    addEvent(row, reason)
    work.emit({ event: 'session', id: row.id, peer: row.peerId, role: row.role, state, reason })
  }

  return {
    open: ({ id, peerId, role, fingerprint, checks, m2m }) => {
      const now = clock.now()
      const row: SessionRow = { id, peerId, role, state: 'open', openedAt: now, endedAt: null, reason: null, fingerprint, sent: 0, received: 0, extra: {} }
      store.sessions.put(row)
      const ours = role === 'initiator'
      put(row, {
        checks,
        m2m: m2m ? { nonce: m2m.nonce, suite: m2m.suite } : null,
        steps: m2m
          ? []
          : [
              { name: 'Confirm', at: now, by: ours ? 'them' : 'us', detail: null },
              { name: 'Request', at: now, by: ours ? 'us' : 'them', detail: null },
              { name: 'Conclude', at: null, by: ours ? 'us' : 'them', detail: null },
              { name: 'Close', at: null, by: ours ? 'us' : 'them', detail: null },
            ],
      })
      addEvent(
        row,
        m2m
          ? 'Session open. Both ledgers have every step, each signed and answered by the other.'
          : 'Session key agreed. Signed keys from both sides were checked.',
      )
      work.emit({ event: 'key', peer: peerId, role, fingerprint })
      work.emit({ event: 'session', id, peer: peerId, role, state: 'open' })
    },

    legacy: (id, row, hs) => {
      const session = find(id)
      put(session, { legacy: [...extraOf(session).legacy, { row, hs }] })
    },
    legacyOf: (id) => extraOf(find(id)).legacy,

    delivered: (id, message) => {
      store.messages.setState(message, 'done')
      work.touch(`message:${message}`)
      work.touch(`session:${id}`)
    },

    mark: (id, name, by, detail) => {
      const row = find(id)
      put(row, { steps: extraOf(row).steps.map((s) => (s.name === name ? { ...s, at: clock.now(), by, detail: detail ?? s.detail } : s)) })
    },

    deliver: (id, opened) => {
      const row = find(id)
      if (opened.kind === 'refused') {
        // Anybody can send a round that is refused: it is told once a reason, and counted.
        const once = `${id}:${opened.why}`
        if (!told.has(once)) addEvent(row, refusedTexts[opened.why])
        told.add(once)
        dropped(`sealed message: ${opened.why}`)
        return
      }
      const rounds = extraOf(row).rounds + 1
      if (opened.text === '') return put(row, { rounds })
      const seq = row.received + 1
      const message = store.messages.add({ session: id, peer: row.peerId, direction: 'theirs', seq, at: clock.now(), text: opened.text, state: 'done' })
      put({ ...row, received: seq }, { rounds })
      work.touch(`message:${message}`)
      work.emit({ event: 'message', session: id, peer: row.peerId, direction: 'theirs', message_seq: seq, text: opened.text })
    },

    carried: (id, message) => {
      store.messages.setState(message, 'sent')
      work.touch(`message:${message}`)
      put(find(id), { carried: message })
    },

    answered: (id) => {
      const row = find(id)
      const { carried } = extraOf(row)
      if (carried === null) return
      store.messages.setState(carried, 'done')
      work.touch(`message:${carried}`)
      put(row, { carried: null })
    },

    end: (id, how, reason) => finish(find(id), how, reason),
    closing: (id) => {
      const row = find(id)
      if (row.state === 'open') put({ ...row, state: 'closing' })
    },

    reopen: (id) => {
      const row = find(id)
      if (row.state !== 'closing') return
      put({ ...row, state: 'open' }, { steps: extraOf(row).steps.map((s) => (s.name === 'Conclude' ? { ...s, at: null } : s)) })
      addEvent(row, 'Somebody else asked to end this session in the peer’s name. It goes on.')
    },

    write: (id, text) => {
      const row = find(id)
      if (row.state !== 'open') throw new AppFault('STATE', 'This session is over; it can be read, not written.')
      if (text.length > LONGEST_MESSAGE) throw new AppFault('BAD_ARGUMENT', `A message has at most ${LONGEST_MESSAGE} characters.`)
      if (pythonJson({ message: text }).length > LONGEST_ENCODED)
        throw new AppFault('BAD_ARGUMENT', 'This text is too long once it is encoded. Send it in parts.')
      if (!text.isWellFormed()) throw new AppFault('BAD_ARGUMENT', 'This text has half a character in it.')
      if (store.messages.queued(id).length >= MOST_QUEUED) throw new AppFault('STATE', 'Too many messages wait for the peer.')
      const seq = row.sent + 1
      const message = { session: id, peer: row.peerId, direction: 'ours' as const, seq, at: clock.now(), text, state: 'queued' as const }
      const messageId = store.messages.add(message)
      put({ ...row, sent: seq })
      work.touch(`message:${messageId}`)
      work.emit({ event: 'message', session: id, peer: row.peerId, direction: 'ours', message_seq: seq, text })
      return { ...message, id: messageId }
    },

    event: (id, text) => addEvent(find(id), text),
    next: (id) => store.messages.queued(id)[0]?.id ?? null,
    rounds: (id) => extraOf(find(id)).rounds,

    dto: (row, standing) => {
      const state = standing.frozen && (row.state === 'open' || row.state === 'closing') ? 'frozen' : row.state
      const { steps, checks, m2m } = extraOf(row)
      return {
        id: row.id,
        peer: row.peerId,
        profile: m2m ? 'm2m' : 'hs',
        nonce: m2m?.nonce ?? null,
        suite: m2m?.suite ?? null,
        evidence: standing.told?.evidence ?? null,
        role: row.role,
        state,
        openedAt: row.openedAt,
        endedAt: row.endedAt,
        reason: row.reason,
        fingerprint: row.fingerprint,
        sent: row.sent,
        received: row.received,
        turn: standing.ourTurn ? 'us' : 'them',
        queued: row.state === 'open' || row.state === 'closing' ? store.messages.queued(row.id).length : 0,
        steps: standing.told?.steps ?? steps,
        checks,
        may: {
          send: state === 'open',
          sendFile: state === 'open' && m2m !== null,
          close: (state === 'open' || state === 'closing') && standing.mayClose,
          handover: state === 'open' && m2m !== null,
        },
      }
    },
  }
}

export const messageDto = (row: MessageRow): MessageDto => ({ ...row })
