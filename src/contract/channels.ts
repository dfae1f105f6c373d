import { z } from 'zod'
import {
  ApiDto,
  ApprovalDto,
  AuditDto,
  BackupDto,
  FileDto,
  KnockDto,
  MessageDto,
  Patch,
  PeerPolicy,
  ProfileDto,
  RequestDto,
  RowDto,
  SettingsDto,
  Snapshot,
  TokenDto,
} from './dto.ts'

const none = z.strictObject({})
const Name = z.string().min(1).max(64)
const Passphrase = z.instanceof(Uint8Array).refine((bytes) => bytes.length <= 1024, 'longer than 1024 bytes')
const PeerRef = z.string().min(1).max(256)
const Id = z.string().min(1).max(64)
/** Stands for a file chosen in a dialog; paths never come from the renderer. */
const FileToken = z.string().regex(/^[0-9a-f]{32}$/)

const channel = <A extends z.ZodType, R extends z.ZodType>(args: A, result: R) => ({ args, result })

/** From the main window. Each returns `Result<result>`. */
export const commands = {
  'app.snapshot': channel(none, Snapshot),
  'profile.select': channel(z.strictObject({ name: Name.nullable() }), none),
  'identity.strength': channel(
    z.strictObject({ passphrase: Passphrase, name: z.string().max(64) }),
    z.strictObject({ score: z.int().min(0).max(4), acceptable: z.boolean(), crackTime: z.string(), hint: z.string().nullable() }),
  ),
  'identity.create': channel(z.strictObject({ name: Name, passphrase: Passphrase }), ProfileDto),
  'identity.unlock': channel(z.strictObject({ name: Name, passphrase: Passphrase }), none),
  'identity.lock': channel(none, none),
  'identity.passphrase': channel(z.strictObject({ old: Passphrase, new: Passphrase }), none),
  'identity.archive': channel(z.strictObject({ name: Name }), none),
  /** Opens the save dialog, writes, reads back, opens it, and only then answers. */
  'identity.backup': channel(z.strictObject({ passphrase: Passphrase, messages: z.boolean() }), BackupDto),
  'identity.restore': channel(z.strictObject({ file: FileToken, name: Name, passphrase: Passphrase }), ProfileDto),
  'identity.import': channel(z.strictObject({ file: FileToken, name: Name, importPassphrase: Passphrase, passphrase: Passphrase }), ProfileDto),
  'identity.export': channel(z.strictObject({ passphrase: Passphrase, exportPassphrase: Passphrase }), z.strictObject({ fileName: z.string() })),
  'file.choose': channel(
    z.strictObject({ purpose: z.enum(['backup', 'hsagent', 'send', 'audit']) }),
    z.strictObject({ file: FileToken, fileName: z.string() }),
  ),
  'peer.propose': channel(z.strictObject({ peer: PeerRef }), none),
  'peer.answer': channel(z.strictObject({ peer: PeerRef }), RequestDto),
  'peer.reconnect': channel(z.strictObject({ peer: PeerRef }), none),
  'peer.name': channel(z.strictObject({ peer: PeerRef, name: z.string().max(64) }), none),
  'peer.policy': channel(z.strictObject({ peer: PeerRef, policy: PeerPolicy }), none),
  'peer.zone': channel(z.strictObject({ peer: PeerRef, accepted: z.boolean() }), none),
  /** With trust `changed`: the presented key is put aside and the pinned one holds. */
  'peer.keepKey': channel(z.strictObject({ peer: PeerRef }), none),
  /** What is on its way with a peer is given up, without a word on the wire. */
  'peer.giveUp': channel(z.strictObject({ peer: PeerRef }), none),
  'peer.forget': channel(z.strictObject({ peer: PeerRef }), none),
  'knock.dismiss': channel(z.strictObject({ peer: PeerRef }), z.strictObject({ knock: KnockDto.nullable() })),
  'request.review': channel(z.strictObject({ id: Id }), none),
  'request.undo': channel(z.strictObject({ id: Id }), none),
  'request.rejectAll': channel(z.strictObject({ peer: PeerRef.nullable() }), z.strictObject({ rejected: z.int().min(0) })),
  'session.messages': channel(
    z.strictObject({ peer: PeerRef, before: z.int().min(1).nullable() }),
    z.strictObject({ messages: z.array(MessageDto).max(200), more: z.boolean() }),
  ),
  'session.send': channel(z.strictObject({ session: Id, text: z.string().min(1).max(8000) }), MessageDto),
  /** Makes a request of grade 4; nothing ends before it is approved. */
  'session.close': channel(z.strictObject({ session: Id }), RequestDto),
  /** Gives up a handshake that is no session yet; makes a request of grade 4 once our ledger has a row of it, else ends it at once. */
  'handshake.abort': channel(z.strictObject({ id: Id }), z.strictObject({ request: RequestDto.nullable() })),
  'session.sendFile': channel(z.strictObject({ session: Id, file: FileToken }), FileDto),
  'session.cancelFile': channel(z.strictObject({ file: Id }), none),
  /** `total`: places of the ledger. A place without a row is one whose row was lost; with a session, the rows there are. */
  'ledger.rows': channel(
    z.strictObject({ before: z.int().min(0).nullable(), limit: z.int().min(1).max(500), session: Id.nullable() }),
    z.strictObject({ rows: z.array(RowDto).max(500), total: z.int().min(0) }),
  ),
  /** Recomputes the own ledger from its first row. `count`: places from the first on that hold, those of lost rows among them. */
  'ledger.verify': channel(none, z.strictObject({ valid: z.boolean(), count: z.int().min(0), brokenSeq: z.int().nullable(), reason: z.string().nullable() })),
  'ledger.tokens': channel(none, z.strictObject({ tokens: z.array(TokenDto) })),
  /** After a restore: on without the peers that have not answered. */
  'ledger.goOn': channel(none, none),
  /** Both ledgers of one session, or all sessions with a peer, from what this wallet holds. */
  'audit.peer': channel(z.strictObject({ peer: PeerRef, session: Id.nullable() }), AuditDto),
  'audit.file': channel(z.strictObject({ file: FileToken }), AuditDto),
  'audit.urls': channel(z.strictObject({ urls: z.array(z.string().min(1).max(2048)).min(1).max(2) }), AuditDto),
  /** Opens the save dialog and writes the bundle of the last `audit.peer`, or a proof of two histories. */
  'audit.save': channel(z.strictObject({ peer: PeerRef, session: Id.nullable(), what: z.enum(['bundle', 'proof']) }), z.strictObject({ fileName: z.string() })),
  'api.state': channel(none, ApiDto),
  'settings.set': channel(SettingsDto.partial(), SettingsDto),
  /** The window draws its own title bar. `maximize` toggles and tells which it is then. */
  'window.minimize': channel(none, none),
  'window.maximize': channel(none, z.strictObject({ maximized: z.boolean() })),
  'window.close': channel(none, none),
} as const

/** From the approval window only. */
export const approvalCommands = {
  'approval.current': channel(none, z.strictObject({ approval: ApprovalDto.nullable(), selfName: z.string() })),
  'approval.move': channel(z.strictObject({ by: z.union([z.literal(-1), z.literal(1)]) }), none),
  'approval.decide': channel(
    z.strictObject({
      requestId: Id,
      /** Computed by the document from the values it drew. */
      viewHash: z.string().regex(/^[0-9a-f]{64}$/),
      decision: z.enum(['approve', 'reject']),
      /** What the decision covers: the step, or the rest of this handshake too where the view offers it. */
      scope: z.enum(['step', 'handshake']),
      /** The person ticked "continue without comparing"; needed where the view asks for it. */
      uncompared: z.boolean(),
      reason: z.string().max(200).nullable(),
    }),
    z.strictObject({ undoUntil: z.number().nullable() }),
  ),
  'approval.undo': channel(z.strictObject({ requestId: Id }), none),
  'approval.close': channel(none, none),
} as const

/** Main to window. */
export const pushes = {
  'push.patch': z.strictObject({ seq: z.int().min(1), patch: Patch }),
  'push.kdf': z.strictObject({ fraction: z.number().min(0).max(1) }),
} as const
export const approvalPushes = { 'push.approval': none } as const

export type Commands = typeof commands
export type ApprovalCommands = typeof approvalCommands
export type ArgsOf<C extends { args: z.ZodType }> = z.infer<C['args']>
export type ResultOf<C extends { result: z.ZodType }> = z.infer<C['result']>
