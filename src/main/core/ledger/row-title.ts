import type { Json } from '../crypto/canonical-json.ts'
import { isObject } from './fields.ts'
import { HANDSHAKE } from './handshake-contract.ts'
import { ownEventOf } from './payload.ts'
import type { Row } from './row.ts'

/** What a row says about a session, for people; null for a row that is about none. */
export interface RowAbout {
  readonly kind: string
  /** `session_nonce`; null for a step of the hs profile. */
  readonly nonce: string | null
  /** Genesis of the peer's machine; for the hs profile its signing key. */
  readonly peer: string | null
  /** The peer's row it answers. */
  readonly acks: { readonly seq: number; readonly hash: string } | null
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)

/** Reads a row's own statement. Whatever is not of the expected form gives nulls: the row may be a stranger's. */
export const aboutRow = (row: Pick<Row, 'transitionType' | 'payload'>): RowAbout | null => {
  const event = ownEventOf(row.transitionType, row.payload)
  const input: unknown = event ? event.input : row.transitionType === 'contract' && isObject(row.payload) ? row.payload['input'] : null
  if (!isObject(input)) return null
  const hash = text(input['ack_hash'] ?? input['peer_keyed_hash'] ?? input['peer_active_hash'])
  const head = input['peer_head']
  const seq = isObject(head) && typeof head['seq'] === 'number' ? head['seq'] : null
  const kind = event?.type === 'hs.step' ? `hs ${text(input['step']) ?? ''}`.trim() : (text(input['kind']) ?? event?.type ?? null)
  if (kind === null) return null
  return {
    kind,
    nonce: text(input['session_nonce']),
    peer: text(input['peer_genesis']) ?? text(input['peer_sign_pub']),
    acks: hash !== null && seq !== null ? { seq, hash } : null,
  }
}

const ofKind: Readonly<Record<string, (peer: string) => string>> = {
  propose: (peer) => `Proposed a session to ${peer}`,
  accept: (peer) => `Accepted the proposal of ${peer}`,
  key: (peer) => `Fresh key for ${peer}`,
  activate: (peer) => `Session with ${peer} activated`,
  seal: (peer) => `Sealed the session with ${peer}`,
  close: (peer) => `Closed the session with ${peer}`,
  abort: (peer) => `Aborted the handshake with ${peer}`,
  'hs confirm': (peer) => `Confirm, with ${peer} (HSAgent)`,
  'hs request': (peer) => `First request, with ${peer} (HSAgent)`,
  'hs conclude': (peer) => `Conclude, with ${peer} (HSAgent)`,
  'hs close': (peer) => `Close, with ${peer} (HSAgent)`,
  rotate: () => 'Keys replaced by the next generation',
  revoke: () => 'This ledger was ended by its owner',
}

const field = (payload: Json | null, name: string): unknown => (isObject(payload) ? payload[name] : undefined)

/** One line on what a row says. `nameOf`: what to call a peer, by genesis or signing key. */
export const rowTitle = (row: Pick<Row, 'transitionType' | 'payload'>, nameOf: (peer: string) => string): string => {
  if (row.payload === null) return 'Withheld'
  const about = aboutRow(row)
  const known = about && Object.hasOwn(ofKind, about.kind) ? ofKind[about.kind] : undefined
  if (about && known) return known(about.peer === null ? 'somebody' : nameOf(about.peer))
  switch (row.transitionType) {
    case 'contract_created': {
      const definition = field(row.payload, 'definition')
      const name = isObject(definition) ? text(definition['name']) : null
      return name === HANDSHAKE.name ? 'Contract of a handshake' : `Contract “${(name ?? '').slice(0, 64)}”`
    }
    case 'contract':
      return `${text(field(row.payload, 'from'))?.slice(0, 64)} → ${text(field(row.payload, 'to'))?.slice(0, 64)}`
    case 'event': {
      // An object out of the parser has no prototype, and so no text.
      const type = text(field(row.payload, 'type'))?.slice(0, 64)
      return type === 'machine.custody' ? 'The keys of this ledger are with its host' : `Event “${type}”`
    }
    case 'state':
      return 'State recorded'
    case 'file':
      return `File recorded${text(field(row.payload, 'name')) ? `: ${String(field(row.payload, 'name')).slice(0, 64)}` : ''}`
    case 'connection':
      return 'Connection recorded'
  }
}
