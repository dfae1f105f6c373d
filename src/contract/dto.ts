import { z } from 'zod'
import { AppError } from './result.ts'
import { hex32, KeyPicture, MatchWords, Step, TrustState, View } from './view.ts'

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
  /** The HTTP API of the ledger: off, for programs of this computer, or for other computers as well. */
  api: z.enum(['off', 'loopback', 'network']),
  apiPort: z.int().min(1).max(65535),
  /** The own ledger's rows may be read by anybody who can reach it. */
  ledgerPublic: z.boolean(),
})
export type SettingsDto = z.infer<typeof SettingsDto>

/** The own ledger, in short. */
export const MachineDto = z.strictObject({
  genesis: hex32,
  slug: z.string(),
  originId: z.string(),
  public: z.boolean(),
  rows: z.int().min(0),
  /** Hash of the last row; null before the first. */
  head: hex32.nullable(),
  /** Keys in other hands than the owner's, as machines made over the API have. */
  custody: z.enum(['own', 'host']),
  /** Nothing is appended before this is settled; null when nothing has to be. */
  recovering: z
    .strictObject({
      /** After a restore the peers are asked; or the computer's clock is in doubt, and the person is. */
      kind: z.enum(['peers', 'clock']),
      /** One sentence. */
      why: z.string(),
      /** Peers that have not answered yet, by label. */
      waitingFor: z.array(z.string()),
      /** The person may go on without them, after reading what it risks. */
      mayGoOn: z.boolean(),
    })
    .nullable(),
})
export type MachineDto = z.infer<typeof MachineDto>

/** The HTTP API as it runs. `token`: for the first machine of a program, shown here and nowhere else. */
export const ApiDto = z.strictObject({ url: z.string().nullable(), token: z.string().nullable(), error: z.string().nullable() })
export type ApiDto = z.infer<typeof ApiDto>

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
  /** Null while locked. */
  machine: MachineDto.nullable(),
  api: ApiDto,
  /** Folder where files of sessions land, to be shown. */
  downloads: z.string(),
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
  /** Real name of its ledger; null for a peer that has none. */
  genesis: hex32.nullable(),
  /** Signed two histories, or took one back: what proves it can be saved. Null: nothing of the kind. */
  caught: z.strictObject({ code: z.string(), why: z.string(), at: At, proof: z.boolean() }).nullable(),
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
  step: Step,
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
  step: Step,
  decision: z.enum(['approve', 'reject', 'expire', 'auto']),
  by: z.enum(['person', 'policy', 'person-earlier']),
  reason: z.string().nullable(),
  viewHash: hex32,
})
export type HistoryDto = z.infer<typeof HistoryDto>

/** A handshake of the m2m profile on its way to a session, or ended before it became one. */
export const HandshakeDto = z.strictObject({
  /** `session_nonce`. */
  id: hex32,
  peer: z.string(),
  role: z.enum(['initiator', 'responder']),
  /** What it waits for, one sentence. */
  status: z.string(),
  /** Own words to compare, on the waiting page. */
  match: MatchWords.nullable(),
  startedAt: At,
  expiresAt: At.nullable(),
  steps: z.array(z.strictObject({ name: z.string(), by: z.enum(['us', 'them']), at: At.nullable(), seq: z.int().min(0).nullable() })),
  ended: z.strictObject({ at: At, reason: z.string() }).nullable(),
  may: z.strictObject({ abort: z.boolean() }),
})
export type HandshakeDto = z.infer<typeof HandshakeDto>

export const SessionDto = z.strictObject({
  id: z.string(),
  peer: z.string(),
  profile: z.enum(['hs', 'm2m']),
  /** `session_nonce` under which both ledgers have it; null for hs. */
  nonce: hex32.nullable(),
  suite: z.string().nullable(),
  /** How far both ledgers have it, as an audit would say: ACTIVE_BOTH, SEALED; null for hs. */
  evidence: z.string().nullable(),
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
  may: z.strictObject({ send: z.boolean(), sendFile: z.boolean(), close: z.boolean(), handover: z.boolean() }),
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

/** A file on its way through a session, in either direction. */
export const FileDto = z.strictObject({
  id: z.string(),
  session: z.string(),
  peer: z.string(),
  direction: z.enum(['ours', 'theirs']),
  name: z.string(),
  size: z.int().min(0),
  /** Bytes the receiver has. */
  moved: z.int().min(0),
  state: z.enum(['offered', 'moving', 'done', 'refused', 'cancelled', 'failed']),
  /** Why it failed, one sentence. */
  reason: z.string().nullable(),
  at: At,
  /** Where it was written, for a file that arrived: file name only. */
  savedAs: z.string().nullable(),
})
export type FileDto = z.infer<typeof FileDto>

/** A row of a ledger as the window draws it. */
export const RowDto = z.strictObject({
  seq: z.int().min(0),
  zeqond: z.string(),
  at: At,
  type: z.string(),
  /** What it says, one line: "Accepted bob’s proposal". */
  title: z.string(),
  hash: hex32,
  prevHash: hex32,
  payloadHash: hex32,
  proofDigest: hex32.nullable(),
  headSig: z.string(),
  /** Canonical JSON; null when withheld. */
  payload: z.string().nullable(),
  /** `session_nonce` it belongs to. */
  session: hex32.nullable(),
  peer: z.string().nullable(),
  peerLabel: z.string().nullable(),
  /** The peer's row it answers. */
  acks: z.strictObject({ seq: z.int().min(0), hash: hex32 }).nullable(),
  /** The other party holds a signed head at or after it: it cannot be rewritten unseen. */
  witnessed: z.boolean(),
})
export type RowDto = z.infer<typeof RowDto>

/** Receipt of one step, ours or the peer's. `json`: the token as it can be handed on. */
export const TokenDto = z.strictObject({
  id: z.string(),
  own: z.boolean(),
  peer: z.string().nullable(),
  peerLabel: z.string(),
  kind: z.enum(['propose', 'accept', 'key', 'activate']),
  seq: z.int().min(0),
  zeqond: z.string(),
  at: At,
  /** Checked against the chain it names. */
  holds: z.boolean(),
  json: z.string(),
})
export type TokenDto = z.infer<typeof TokenDto>

const AuditSide = z.enum(['a', 'b'])
const AuditPlace = z.union([z.int().min(0), z.literal('header'), z.literal('head')])
/** What an audit found, with everything the page draws; sentences come from the core, the page adds none of its own. */
export const AuditDto = z.strictObject({
  ok: z.boolean(),
  /** One sentence. */
  verdict: z.string(),
  /** Where it was read from: "your ledger and bob’s", a file's name, addresses. */
  source: z.string(),
  at: At,
  status: z.string(),
  pinned: z.boolean().nullable(),
  /** Two lanes, or one where only one party has a ledger. */
  lanes: z
    .array(
      z.strictObject({
        side: AuditSide,
        label: z.string(),
        slug: z.string(),
        genesis: z.string(),
        own: z.boolean(),
        custody: z.enum(['own', 'host']),
        rowCount: z.int().min(0),
        hidden: z.int().min(0),
        brokenAt: z.int().nullable(),
        witnessedTo: z.int().nullable(),
        /** Rows of the audited sessions and those with findings; others are counted between them. */
        rows: z.array(
          z.strictObject({
            seq: z.int().min(0),
            title: z.string(),
            zeqond: z.string(),
            at: At,
            session: z.string().nullable(),
            step: z.string().nullable(),
            hash: z.string(),
            findings: z.array(z.string()),
          }),
        ),
      }),
    )
    .max(2),
  links: z.array(
    z.strictObject({
      from: z.strictObject({ side: AuditSide, seq: z.int().min(0) }),
      to: z.strictObject({ side: AuditSide, seq: z.int().min(0) }),
      kind: z.enum(['ack', 'seal', 'head']),
      ok: z.boolean(),
      /** What it says or why it does not hold. */
      why: z.string(),
    }),
  ),
  sessions: z.array(
    z.strictObject({
      nonce: z.string(),
      initiator: AuditSide,
      status: z.string(),
      /** What the status means, one sentence. */
      meaning: z.string(),
      suite: z.string().nullable(),
      sessionId: z.string().nullable(),
      confirmed: z.boolean(),
      suspect: z.boolean(),
      steps: z.array(z.strictObject({ name: z.string(), title: z.string(), side: AuditSide, zeqond: z.string(), at: At })),
      ended: z.array(z.strictObject({ who: AuditSide, kind: z.string(), reason: z.string() })),
    }),
  ),
  findings: z.array(
    z.strictObject({
      code: z.string(),
      meaning: z.string(),
      why: z.string(),
      rows: z.array(z.strictObject({ side: AuditSide, at: AuditPlace })),
      session: z.string().nullable(),
    }),
  ),
  /** What no audit of chains can show; one sentence each. */
  limits: z.array(z.string()),
  /** A proof of two histories can be saved. */
  proof: z.boolean(),
})
export type AuditDto = z.infer<typeof AuditDto>

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
  handshakes: z.array(HandshakeDto),
  files: z.array(FileDto),
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
  z.strictObject({ kind: z.literal('handshake'), handshake: HandshakeDto }),
  /** It became a session, or is not kept in view any more. */
  z.strictObject({ kind: z.literal('handshakeGone'), id: z.string() }),
  z.strictObject({ kind: z.literal('file'), file: FileDto }),
  z.strictObject({ kind: z.literal('message'), message: MessageDto }),
  /** A row was appended to the own ledger. */
  z.strictObject({ kind: z.literal('row'), row: RowDto, total: z.int().min(1) }),
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
