import type { ErrorCode, Step, View } from '../../contract/index.ts'
import type { Role } from './hs/thread.ts'

/**
 * Domain events: what happened, in the words of `countersign agent --json` (docs/interfaces.md). Each is stored in the
 * transaction of the change it reports and published after the commit, with one growing sequence number.
 */
export type DomainEvent =
  | { readonly event: 'ready'; readonly name: string; readonly my_id: string; readonly genesis: string | null; readonly relay: string }
  | { readonly event: 'relay'; readonly state: string; readonly error?: string }
  | { readonly event: 'peer'; readonly peer: string; readonly profile: 'hs' | 'm2m'; readonly trust: string; readonly first: boolean }
  | {
      readonly event: 'request'
      readonly id: string
      readonly peer: string
      readonly step: Step
      readonly view: View
      readonly view_hash: string
      readonly expires: string
    }
  | {
      readonly event: 'decision'
      readonly id: string
      readonly peer: string
      readonly step: Step
      readonly decision: string
      readonly by: string
      readonly reason?: string
    }
  | {
      readonly event: 'step'
      readonly peer: string
      readonly profile: 'hs' | 'm2m'
      readonly role: Role
      readonly from: string
      readonly to: string
      /** Of m2m: `session_nonce`, and the seq of the row on the own ledger where the step wrote one. */
      readonly nonce?: string
      readonly row?: number
    }
  | { readonly event: 'key'; readonly peer: string; readonly role: Role; readonly fingerprint: string }
  | {
      readonly event: 'message'
      readonly session: string
      readonly peer: string
      readonly direction: 'ours' | 'theirs' /** Number of the message in its session and direction; `seq` is the event's. */
      readonly message_seq: number
      readonly text: string
    }
  | { readonly event: 'session'; readonly id: string; readonly peer: string; readonly role: Role; readonly state: string; readonly reason?: string }
  | { readonly event: 'knock'; readonly peer: string; readonly kind: 'meet' | 'confirm' | 'reconnect'; readonly count: number }
  | { readonly event: 'notice'; readonly peer: string | null; readonly level: 'info' | 'caution' | 'danger'; readonly text: string }
  | { readonly event: 'drop'; readonly why: string; readonly count: number }
  | { readonly event: 'error'; readonly code: ErrorCode; readonly text: string }

export type PublishedEvent = { readonly seq: number; readonly at: string } & DomainEvent
