import type { PeerId } from '../../brand.ts'
import type { SecretBytes } from '../../crypto/secret.ts'
import type { EndReason } from '../../m2m/statement.ts'
import type { Ports } from '../../ports.ts'
import type { FileRow } from '../../store/files.ts'
import type { Store } from '../../store/store.ts'
import type { Work } from '../../work.ts'
import type { Frame } from './frame.ts'
import type { Pace } from './pace.ts'

/** What the channels need from around them. The `on…` are called inside the transaction of what they tell, so what they write stands or falls with it. */
export interface ChannelDeps {
  readonly ports: Ports
  readonly store: Store
  readonly work: Work
  /** Sends a frame as `d` of a relay line to the peer; false: there is no room or no connection, `pump` will be called. */
  readonly transmit: (peerId: PeerId, d: Frame) => boolean
  /** A whole text. `at`: Unix ms as the peer says, never later than now. */
  readonly onText: (sessionId: string, text: string, at: number) => void
  /** The peer has the text that was sent with this row. */
  readonly onDelivered: (sessionId: string, messageRowId: number) => void
  /** These texts, by their rows, have no acknowledgement and will get none: the session is wiped. */
  readonly onLost?: (sessionId: string, messageRowIds: readonly number[]) => void
  readonly onApp: (sessionId: string, name: string, bytes: Uint8Array) => void
  /** A file waits for the person. */
  readonly onOffer: (file: FileRow) => void
  /** State of a file, or how far it is, has changed. */
  readonly onFile: (file: FileRow) => void
  /** The peer has closed, or the channel had to: `age`, `bad_peer`, `lost_state` (its keys are gone). */
  readonly onClose: (sessionId: string, reason: EndReason) => void
  /** Something was refused. `sessionId` null: of no session that is known. */
  readonly dropped: (why: string, sessionId: string | null) => void
  /** Shared with whatever else is sent on the connection; an own one without it. */
  readonly pace?: Pace
  /** Others than those of the protocol, for tests. */
  readonly limits?: { readonly rekey: { readonly frames: number; readonly ms: number }; readonly age: { readonly frames: number; readonly ms: number } }
}

export interface NewChannel {
  /** 64 hex digits. */
  readonly sessionId: string
  readonly role: 'initiator' | 'responder'
  readonly peerId: PeerId
  /** Copied; the caller wipes its own. */
  readonly a2b: SecretBytes
  readonly b2a: SecretBytes
  readonly root: SecretBytes
}

/** The encrypted channels of all m2m sessions (docs/channel.md). */
export interface Channels {
  /** After unlocking: reads what is stored and goes on where it ended. */
  resume(): void
  /** Overwrites all keys in memory and closes files; `resume` goes on. */
  lock(): void
  open(channel: NewChannel): void
  has(sessionId: string): boolean
  /** `d` of a relay line, from whoever says to be `from`. Never throws for what is in it. */
  frame(from: PeerId, d: unknown): void
  /** At most 256 KiB of UTF-8. @throws AppFault STATE, NOT_FOUND, BAD_ARGUMENT. */
  sendText(sessionId: string, text: string, messageRowId: number): void
  /** At most 22,000 bytes; `name` 1 to 64 characters. */
  sendApp(sessionId: string, name: string, bytes: Uint8Array): void
  /** Messages that wait for the peer's acknowledgement, or for their turn. */
  waiting(sessionId: string): number
  /** `hash`: SHA-256 of the file as it is, hex (`describeFile`). */
  sendFile(sessionId: string, file: { readonly path: string; readonly name: string; readonly size: number; readonly hash: string }): FileRow
  acceptFile(fileId: string, folder: string): FileRow
  refuseFile(fileId: string): void
  cancelFile(fileId: string): void
  files(sessionId?: string): FileRow[]
  /** No further message of ours; what waits is still sent until `wipe`. Twice is once. */
  close(sessionId: string, reason: EndReason): void
  /** Overwrites and deletes all keys and unsent messages; texts among these are told by `onLost`. */
  wipe(sessionId: string): void
  /** The peer was heard of again: what waits for it is due now. */
  wake(peerId: PeerId): void
  /** A relay says that messages come too quickly. */
  slowDown(): void
  /** There is room again: sends what is due. */
  pump(): void
  /** What time brings; at `nextDue` or later. */
  tick(): void
  /** Unix ms; null: nothing waits for time. */
  nextDue(): number | null
}
