import { z } from 'zod'
import { HsStep } from '../../../contract/index.ts'
import type { KxPub, PeerId, SignPub } from '../brand.ts'
import { AppFault } from '../fault.ts'
import type { ThreadRow } from '../store/rows.ts'
import { type HsDraft, HsObject } from './messages.ts'
import { type InitiatorThread, newInitiator, newResponder, type ResponderThread, type Role } from './thread.ts'

const key = z.string().regex(/^[0-9a-f]{64}$/)
const draft = z.custom<HsDraft>((value) => typeof value === 'object' && value !== null && typeof (value as { intent?: unknown }).intent === 'string')

/** What a thread has beyond the original's columns; sealed in the store, so only we can have written it. */
const Extra = z.object({
  wanted: z.boolean().default(false),
  offer: z
    .strictObject({ nonce: z.string(), signPub: key.transform((v) => v as SignPub), kxPub: key.transform((v) => v as KxPub), hs: HsObject.optional() })
    .nullable()
    .default(null),
  asking: HsStep.nullable().default(null),
  concluding: z.boolean().default(false),
  line: draft.nullable().default(null),
  tries: z.int().default(0),
  dueAt: z.number().nullable().default(null),
  since: z.number().default(0),
  unproved: z.boolean().default(false),
  session: z.string().nullable().default(null),
  drainNonce: z.string().nullable().default(null),
})

const initiatorStates = ['init_ready', 'init_exchange', 'init_finalize_propose', 'init_finalize_close'] as const
const responderStates = ['resp_ready', 'resp_confirm', 'resp_exchange', 'resp_finalize'] as const

const parsed = (row: ThreadRow) => {
  const extra = Extra.safeParse(row.extra)
  if (!extra.success) throw new AppFault('CORRUPT', `The database row of a ${row.role} thread is not readable: ${extra.error.issues[0]?.path.join('.')}.`)
  return {
    peerId: row.peerId,
    localNonce: row.localNonce,
    peerNonce: row.peerNonce,
    localReference: row.localReference,
    peerReference: row.peerReference,
    exchangeCount: row.exchangeCount,
    finalizeRetryCount: row.finalizeRetryCount,
    signPub: row.peerSignPub as SignPub | null,
    kxPub: row.peerKxPub as KxPub | null,
    ...extra.data,
  }
}

const stateOf = <S extends string>(names: readonly S[], row: ThreadRow): S => {
  const name = names.find((candidate) => candidate === row.state)
  if (!name) throw new AppFault('CORRUPT', `The database row of a ${row.role} thread has an unknown state.`)
  return name
}

export const toInitiator = (row: ThreadRow): InitiatorThread => ({ ...newInitiator(row.peerId), ...parsed(row), state: stateOf(initiatorStates, row) })
export const toResponder = (row: ThreadRow): ResponderThread => ({ ...newResponder(row.peerId), ...parsed(row), state: stateOf(responderStates, row) })

/** Times of the original's own columns are kept from the row before, where nothing new happened. */
export interface RowTimes {
  readonly now: number
  readonly peerAddress: string | null
  readonly hsDerivedAt: string | null
  readonly lastSecureAt: string | null
}

export const toRow = (t: InitiatorThread | ResponderThread, times: RowTimes): ThreadRow => ({
  role: t.role as Role,
  peerId: t.peerId as PeerId,
  state: t.state,
  localNonce: t.localNonce,
  peerNonce: t.peerNonce,
  localReference: t.localReference,
  peerReference: t.peerReference,
  exchangeCount: t.exchangeCount,
  finalizeRetryCount: t.finalizeRetryCount,
  peerAddress: times.peerAddress,
  peerSignPub: t.signPub,
  peerKxPub: t.kxPub,
  hsDerivedAt: times.hsDerivedAt,
  lastSecureAt: times.lastSecureAt,
  extra: {
    wanted: t.wanted,
    offer: t.offer && { nonce: t.offer.nonce, signPub: t.offer.signPub, kxPub: t.offer.kxPub, ...(t.offer.hs ? { hs: { ...t.offer.hs } } : {}) },
    asking: t.asking,
    concluding: t.concluding,
    line: t.line && { ...t.line },
    tries: t.tries,
    dueAt: t.dueAt,
    since: t.since,
    unproved: t.unproved,
    session: t.session,
    drainNonce: t.drainNonce,
  },
  updatedAt: times.now,
})
