import { z } from 'zod'
import { AppError } from './result.ts'
import { HsStep, hex32, KeyPicture, TrustState, View } from './view.ts'

/** Unix time in milliseconds. */
const At = z.number().int().min(0)

/** An identity as everybody may see it. */
export const ProfileDto = z.strictObject({
  name: z.string(),
  myId: z.string(),
  signPub: hex32,
  kxPub: hex32,
  words: z.array(z.string()).length(6),
  picture: KeyPicture,
  createdAt: At,
})
export type ProfileDto = z.infer<typeof ProfileDto>

/** An entry of the profile picker: readable, or the reason why not. */
export const ProfileEntry = z.discriminatedUnion('readable', [
  z.strictObject({ readable: z.literal(true), profile: ProfileDto }),
  z.strictObject({ readable: z.literal(false), name: z.string(), error: AppError }),
])
export type ProfileEntry = z.infer<typeof ProfileEntry>

export const RelayDto = z.strictObject({
  mode: z.enum(['embedded', 'address']),
  host: z.string(),
  port: z.int().min(0).max(65535),
  state: z.enum(['off', 'connecting', 'connected', 'waiting']),
  /** Embedded mode: true when another app on this machine already runs the relay and this one joined it. */
  joined: z.boolean(),
  retryAt: At.nullable(),
  error: z.string().nullable(),
})
export type RelayDto = z.infer<typeof RelayDto>

export const BackupDto = z.strictObject({
  /** When a written backup was last read back and opened. */
  verifiedAt: At.nullable(),
  fileName: z.string().nullable(),
  /** Peers pinned since that backup. */
  peersBehind: z.int().min(0),
})
export type BackupDto = z.infer<typeof BackupDto>

export const SettingsDto = z.strictObject({
  relayMode: z.enum(['embedded', 'address']),
  relayHost: z.string().min(1).max(255),
  relayPort: z.int().min(1).max(65535),
  /** Send `register`, so that others see us. */
  discoverable: z.boolean(),
  theme: z.enum(['system', 'light', 'dark']),
  /** Lock after so many minutes without input; 0 never. */
  idleLockMinutes: z.int().min(0).max(1440),
})
export type SettingsDto = z.infer<typeof SettingsDto>

/** What the window shows around everything else; sent whole on each change. */
export const AppDto = z.strictObject({
  version: z.string(),
  /** Electron version and, for the development fallback, its warning. */
  runtime: z.string(),
  stage: z.enum(['onboarding', 'picker', 'locked', 'open']),
  profiles: z.array(ProfileEntry),
  profile: ProfileDto.nullable(),
  /** Set while unlocking is throttled. */
  retryAt: At.nullable(),
  failedAttempts: z.int().min(0),
  relay: RelayDto,
  /** Requests waiting for a decision; known even when locked. */
  waiting: z.int().min(0),
  settings: SettingsDto,
  backup: BackupDto,
})
export type AppDto = z.infer<typeof AppDto>

export const PeerPolicy = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ask') }),
  /** Accept by itself until this time; never a first contact or a changed key. */
  z.strictObject({ kind: z.literal('accept-until'), until: At }),
  /** Answer reconnects for ever. */
  z.strictObject({ kind: z.literal('keep-alive') }),
  z.strictObject({ kind: z.literal('mute') }),
  z.strictObject({ kind: z.literal('block') }),
])
export type PeerPolicy = z.infer<typeof PeerPolicy>

export const PeerDto = z.strictObject({
  id: z.string(),
  /** Name the person gave, else null; `hs` peers claim none, so the window shows the short id. */
  name: z.string().nullable(),
  /** What to show where a name is wanted: name, else a short form of the id. */
  label: z.string(),
  signPub: hex32.nullable(),
  kxPub: hex32.nullable(),
  words: z.array(z.string()).max(6),
  picture: KeyPicture.nullable(),
  trust: TrustState,
  /** With trust `changed`: the key that was presented instead. */
  presented: z.strictObject({ signPub: hex32, kxPub: hex32, words: z.array(z.string()).length(6), picture: KeyPicture }).nullable(),
  profile: z.enum(['hs', 'm2m']),
  firstSeen: At,
  lastSeen: At,
  /** Heard from within the last half minute. */
  online: z.boolean(),
  pinnedAt: At.nullable(),
  policy: PeerPolicy,
  /** The person chose to meet this peer; its confirm becomes a prompt. */
  wanted: z.boolean(),
  sessions: z.int().min(0),
  /** Time-zone difference recognised in its timestamps, minutes; accepted only after a setting. */
  zoneSkewMinutes: z.int().nullable(),
  zoneSkewAccepted: z.boolean(),
  may: z.strictObject({ propose: z.boolean(), answer: z.boolean(), reconnect: z.boolean() }),
  /** Why a button is not there, or null. */
  reason: z.string().nullable(),
  /** One line on where things stand ("Waiting for their answer"), or null. */
  status: z.string().nullable(),
})
export type PeerDto = z.infer<typeof PeerDto>

/** A handshake that waits for this person's decision. */
export const RequestDto = z.strictObject({
  id: z.string(),
  peer: z.string(),
  step: HsStep,
  sentence: z.string(),
  createdAt: At,
  expiresAt: At,
  /** Identical ones collapsed. */
  count: z.int().min(1),
  /** Approved by hand, executed when this time is reached unless undone. */
  undoUntil: At.nullable(),
})
export type RequestDto = z.infer<typeof RequestDto>

/** Something a peer wants that never opens a dialog by itself: one entry a peer. */
export const KnockDto = z.strictObject({
  peer: z.string(),
  kind: z.enum(['meet', 'confirm', 'reconnect']),
  count: z.int().min(1),
  firstAt: At,
  lastAt: At,
})
export type KnockDto = z.infer<typeof KnockDto>

export const HistoryDto = z.strictObject({
  seq: z.int().min(1),
  at: At,
  peer: z.string(),
  label: z.string(),
  step: HsStep,
  decision: z.enum(['approve', 'reject', 'expire', 'auto']),
  by: z.enum(['person', 'policy', 'person-earlier']),
  reason: z.string().nullable(),
  viewHash: hex32,
})
export type HistoryDto = z.infer<typeof HistoryDto>

export const SessionDto = z.strictObject({
  id: z.string(),
  peer: z.string(),
  role: z.enum(['initiator', 'responder']),
  state: z.enum(['open', 'closing', 'closed', 'ended', 'frozen']),
  openedAt: At,
  endedAt: At.nullable(),
  /** Why it ended, one sentence. */
  reason: z.string().nullable(),
  /** First 8 hex digits of SHA-256 of the session key. */
  fingerprint: z.string(),
  sent: z.int().min(0),
  received: z.int().min(0),
  /** Who may speak next on the wire. */
  turn: z.enum(['us', 'them']),
  /** Messages written but not yet carried by a round. */
  queued: z.int().min(0),
  steps: z.array(z.strictObject({ name: z.string(), at: At.nullable(), by: z.enum(['us', 'them']), detail: z.string().nullable() })),
  checks: z.array(z.strictObject({ text: z.string(), holds: z.boolean() })),
  may: z.strictObject({ send: z.boolean(), close: z.boolean() }),
})
export type SessionDto = z.infer<typeof SessionDto>

export const MessageDto = z.strictObject({
  id: z.int().min(1),
  session: z.string(),
  peer: z.string(),
  direction: z.enum(['ours', 'theirs', 'event']),
  seq: z.int().min(0),
  at: At,
  text: z.string(),
  /** Ours: waits for a round, is on its way, or was answered. Events and theirs: done. */
  state: z.enum(['queued', 'sent', 'done']),
})
export type MessageDto = z.infer<typeof MessageDto>

/** Something that was refused or went wrong and that the person should be able to read. */
export const NoticeDto = z.strictObject({
  id: z.int().min(1),
  at: At,
  peer: z.string().nullable(),
  level: z.enum(['info', 'caution', 'danger']),
  text: z.string(),
  count: z.int().min(1),
})
export type NoticeDto = z.infer<typeof NoticeDto>

export const Snapshot = z.strictObject({
  seq: z.int().min(0),
  app: AppDto,
  peers: z.array(PeerDto),
  requests: z.array(RequestDto),
  knocks: z.array(KnockDto),
  history: z.array(HistoryDto),
  sessions: z.array(SessionDto),
  notices: z.array(NoticeDto),
})
export type Snapshot = z.infer<typeof Snapshot>

/** One change; `seq` of the push grows by one each, and a gap means: ask for the snapshot. */
export const Patch = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('reset') }),
  z.strictObject({ kind: z.literal('app'), app: AppDto }),
  z.strictObject({ kind: z.literal('peer'), peer: PeerDto }),
  z.strictObject({ kind: z.literal('peerGone'), id: z.string() }),
  z.strictObject({ kind: z.literal('request'), request: RequestDto }),
  z.strictObject({ kind: z.literal('requestGone'), id: z.string() }),
  z.strictObject({ kind: z.literal('knock'), knock: KnockDto }),
  z.strictObject({ kind: z.literal('knockGone'), peer: z.string() }),
  z.strictObject({ kind: z.literal('history'), entry: HistoryDto }),
  z.strictObject({ kind: z.literal('session'), session: SessionDto }),
  z.strictObject({ kind: z.literal('message'), message: MessageDto }),
  z.strictObject({ kind: z.literal('notice'), notice: NoticeDto }),
])
export type Patch = z.infer<typeof Patch>

/** What the approval document gets to draw. */
export const ApprovalDto = z.strictObject({
  requestId: z.string(),
  view: View,
  createdAt: At,
  expiresAt: At,
  /** Position in the queue, from 1. */
  position: z.int().min(1),
  total: z.int().min(1),
  mayApprove: z.boolean(),
  /** Why not, or what a person should know first; swaps the buttons' weight. */
  issue: z.string().nullable(),
  undoUntil: At.nullable(),
})
export type ApprovalDto = z.infer<typeof ApprovalDto>
