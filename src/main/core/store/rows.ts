import { z } from 'zod'
import { hex32, PeerPolicy, TrustState } from '../../../contract/index.ts'
import type { PeerId } from '../brand.ts'

/**
 * The store's rows as its callers see them: plain objects, checked when written and when read. Times are Unix
 * milliseconds, keys lower-case hex, unless a line says otherwise.
 */

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue }
export type JsonObject = { readonly [key: string]: JsonValue }

/** Objects come from JSON.parse or go to JSON.stringify, so only the outermost shape needs a look. */
const JsonObject = z.custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), 'not an object')
const JsonValue = z.custom<JsonValue>((value) => value !== undefined && typeof value !== 'function', 'not JSON')

/** SQLite keeps text as UTF-8, where a lone surrogate would silently become another character. */
const text = (max: number): z.ZodString =>
  z
    .string()
    .max(max)
    .refine((value) => !/\p{Surrogate}/u.test(value), 'lone surrogate')
const key = (max: number): z.ZodString => z.string().min(1).max(max)
const At = z.int().min(0)
/** Opaque, so any UTF-16 goes: it is only ever stored as JSON inside a sealed value. */
export const PeerIdText = z
  .string()
  .min(1)
  .max(256)
  .transform((value) => value as PeerId)

export const Role = z.enum(['initiator', 'responder'])
export type Role = z.infer<typeof Role>
export const Flow = z.enum(['sent', 'received'])
export type Flow = z.infer<typeof Flow>

const Counter = z.int().min(0).max(1_000_000_000)
/** ISO 8601 with offset, as the original writes it (`2026-11-22T05:07:56.399617+00:00`). */
const OriginalTime = text(40)

/** One of the two handshake threads with a peer (docs/protocol.md, "The state machine"). */
export const ThreadRow = z.strictObject({
  role: Role,
  peerId: PeerIdText,
  state: text(64).min(1),
  localNonce: text(128).nullable(),
  peerNonce: text(128).nullable(),
  localReference: text(64).nullable(),
  peerReference: text(64).nullable(),
  exchangeCount: Counter,
  finalizeRetryCount: Counter,
  peerAddress: z.string().max(256).nullable(),
  peerSignPub: hex32.nullable(),
  peerKxPub: hex32.nullable(),
  hsDerivedAt: OriginalTime.nullable(),
  lastSecureAt: OriginalTime.nullable(),
  /** The engine's own state, which the original has no columns for. */
  extra: JsonObject,
  updatedAt: At,
})
export type ThreadRow = z.infer<typeof ThreadRow>

export const NonceRow = z.strictObject({ role: Role, peerId: PeerIdText, flow: Flow, nonce: text(128).min(1) })
export type NonceRow = z.infer<typeof NonceRow>

export const ReplayRow = z.strictObject({ signPub: hex32, nonce: text(128).min(1), notAfter: At })
export type ReplayRow = z.infer<typeof ReplayRow>

export const PeerRow = z.strictObject({
  id: PeerIdText,
  /** Given by the person. */
  name: z.string().max(64).nullable(),
  signPub: hex32.nullable(),
  kxPub: hex32.nullable(),
  trust: TrustState,
  /** With trust `changed`: the keys presented instead. */
  presented: z.strictObject({ signPub: hex32, kxPub: hex32 }).nullable(),
  profile: z.enum(['hs', 'm2m']),
  firstSeen: At,
  lastSeen: At,
  pinnedAt: At.nullable(),
  policy: PeerPolicy,
  wanted: z.boolean(),
  zoneSkewMinutes: z.int().nullable(),
  zoneSkewAccepted: z.boolean(),
  extra: JsonObject,
})
export type PeerRow = z.infer<typeof PeerRow>

export const SessionRow = z.strictObject({
  id: key(256),
  peerId: PeerIdText,
  role: Role,
  state: z.enum(['open', 'closing', 'closed', 'ended', 'frozen']),
  openedAt: At,
  endedAt: At.nullable(),
  reason: z.string().max(1000).nullable(),
  /** First 8 hex digits of SHA-256 of the session key. */
  fingerprint: z.string().max(64),
  sent: Counter,
  received: Counter,
  extra: JsonObject,
})
export type SessionRow = z.infer<typeof SessionRow>

export const MessageState = z.enum(['queued', 'sent', 'done'])
export type MessageState = z.infer<typeof MessageState>

export const NewMessage = z.strictObject({
  session: key(256),
  peer: PeerIdText,
  direction: z.enum(['ours', 'theirs', 'event']),
  seq: Counter,
  at: At,
  /** A message of an m2m session has up to 256 KiB. */
  text: z.string().max(262_144),
  state: MessageState,
})
export type NewMessage = z.infer<typeof NewMessage>
export const MessageRow = NewMessage.extend({ id: z.int().min(1) })
export type MessageRow = z.infer<typeof MessageRow>

export const RequestRow = z.strictObject({
  id: key(64),
  peerId: PeerIdText,
  role: Role,
  step: key(32),
  /** The view as it was shown; only compared and drawn, never executed. */
  view: JsonObject,
  viewHash: hex32,
  createdAt: At,
  expiresAt: At,
  /** Identical ones collapsed. */
  count: Counter.min(1),
  undoUntil: At.nullable(),
  extra: JsonObject,
})
export type RequestRow = z.infer<typeof RequestRow>

/** docs/approvals.md, "The decision log". Names as hashed: `hash = H("zeq.decision.v1", entry)`. */
export const DecisionEntry = z.strictObject({
  /** From 1, without a gap. */
  seq: z.int().min(1),
  /** Hash of the entry before; 64 zeros in the first. */
  prev: hex32,
  at: At,
  request_id: text(64).min(1),
  peer: text(256).min(1),
  step: text(32).min(1),
  view_hash: hex32,
  decision: z.enum(['approve', 'reject', 'expire', 'auto']),
  by: z.enum(['person', 'policy', 'person-earlier']),
  policy_id: text(128).optional(),
  reason: text(1000).optional(),
  app_version: text(64),
  /** 16 random bytes, hex: keeps a published hash from being guessed. */
  salt: z.string().regex(/^[0-9a-f]{32}$/),
})
export type DecisionEntry = z.infer<typeof DecisionEntry>
export type NewDecision = Omit<DecisionEntry, 'seq' | 'prev' | 'salt'> & { readonly salt?: string }

export const NewOutboxRow = z.strictObject({
  /** Null: to everybody. */
  peerId: PeerIdText.nullable(),
  /** Thread and intent; a later one with the same slot replaces the unsent one. */
  slot: key(512),
  payload: JsonValue,
  dueAt: At,
})
export type NewOutboxRow = z.infer<typeof NewOutboxRow>
export type OutboxRow = NewOutboxRow & { readonly id: number }

export const EventBody = z.strictObject({ name: key(64), data: JsonValue })
export type EventRow = z.infer<typeof EventBody> & { readonly seq: number; readonly at: number }

export const SecNonceRow = z.strictObject({ session: key(512), nonce: key(128), notAfter: At })
export type SecNonceRow = z.infer<typeof SecNonceRow>

export const SettingRow = z.strictObject({ key: key(128), value: JsonValue })
export type SettingRow = z.infer<typeof SettingRow>
