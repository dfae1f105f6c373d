import type { View } from '../../contract/view.ts'
import { requestView } from './views.fixture.ts'

/** Views of the m2m steps as the core makes them, for tests and for looking. Hashes are invented. */
const hash = (seed: string): string =>
  Array.from({ length: 64 }, (_, i) => ((seed.charCodeAt(i % seed.length) * (i + 7) * 31 + i * i) % 16).toString(16)).join('')

const field = (name: string, value: string | null): View['rows'][number]['fields'][number] => ({ name, value })
const machine = 'countersign:alice-desktop'
const nonce = hash('nonce')

const contractRow: View['rows'][number] = {
  machine,
  public: true,
  type: 'contract_created',
  fields: [
    field('contract_id', hash('contract')),
    field('definition', 'zeq-m2m/1: proposed → accepted_pending → keyed → active'),
    field('definition_hash', '2078fdb1e20b6b00bcec63e2879bb0c9996ecce15f34dbcd91cbb45d391100b5'),
    field('seq', null),
    field('zeqond', null),
  ],
}

const statement = (role: string, kind: string, from: string, to: string): View['rows'][number]['fields'] => [
  field('contract_id', hash('contract')),
  field('decision_hash', null),
  field('from', from),
  field('kind', kind),
  field('peer_genesis', hash('peer genesis')),
  field('peer_pubkey', requestView.peer.sign_pub),
  field('peer_slug', 'vendor-gateway-eu'),
  field('role', role),
  field('self_genesis', hash('own genesis')),
  field('self_pubkey', requestView.self.sign_pub),
  field('session_nonce', nonce),
  field('to', to),
  field('v', '1'),
]

const stamped = [field('sig', null), field('seq', null), field('zeqond', null), field('prevHash', null)]

const stepRow = (role: string, kind: string, from: string, to: string, more: View['rows'][number]['fields']): View['rows'][number] => ({
  machine,
  public: true,
  type: `contract ${from} → ${to}`,
  fields: [...statement(role, kind, from, to), ...more, ...stamped],
})

const common: View = {
  ...requestView,
  profile: 'm2m',
  notice: ['Peers, times and keys on a public ledger can be read by anybody, for ever.'],
  grade: 2,
  steps: ['Propose', 'Accept', 'Key', 'Activate'],
  facts: [
    { label: 'Their ledger', value: hash('peer genesis') },
    { label: 'Handshake', value: nonce },
    { label: 'Their signing key', value: requestView.peer.sign_pub ?? '' },
  ],
}

const firstContact: View['peer'] = { ...common.peer, trust: 'seen', key: 'new', sessions_before: 0 }

export const proposeView: View = {
  ...common,
  role: 'initiator',
  step: 'propose',
  sentence: 'Propose a session to vendor-gateway-eu',
  consequence: 'Writes two public rows to your ledger. No key is agreed until both sides have approved.',
  verb: 'Propose session',
  current: 0,
  now: 'Idle',
  after: 'Proposed',
  rows: [
    contractRow,
    stepRow('initiator', 'propose', 'proposed', 'accepted_pending', [
      field('expires_zeqond', '111196 after zeqond'),
      field('peer_head', `{"seq":41,"stateHash":"${hash('head')}"}`),
      field('self_kx_pub', requestView.peer.kx_pub),
      field('suites', '["x25519"]'),
      field('words_commit', null),
    ]),
  ],
  rest: true,
}

export const acceptView: View = {
  ...common,
  role: 'responder',
  step: 'accept',
  peer: firstContact,
  sentence: 'Accept vendor-gateway-eu’s proposal to open a session',
  consequence: 'Writes two public rows to your ledger. No key is agreed until step 3.',
  verb: 'Accept proposal',
  current: 1,
  now: 'Proposed',
  after: 'Accepted',
  match: { state: 'shown', value: { words: ['orbit', 'velvet'], chip: 'teal' } },
  rows: [
    contractRow,
    stepRow('responder', 'accept', 'proposed', 'accepted_pending', [
      field('ack_hash', hash('row A1')),
      field('ack_stmt_hash', hash('stmt A1')),
      field('responder_nonce', null),
      field('self_kx_pub', requestView.peer.kx_pub),
      field('suite', 'x25519'),
      field('suites', '["x25519"]'),
    ]),
  ],
  rest: true,
}

export const acceptWaitingView: View = { ...acceptView, match: { state: 'waiting' }, compare: true }

export const acceptOfflineView: View = { ...acceptView, match: { state: 'offline' }, compare: true }

/** A known peer that is offline: nothing needs to be compared. */
export const acceptPinnedView: View = { ...acceptView, peer: common.peer, match: { state: 'offline' } }

export const keyView: View = {
  ...common,
  role: 'responder',
  step: 'key',
  sentence: 'Send your half of the session key to vendor-gateway-eu',
  consequence: 'Writes one public row with a key made for this session only. The session key comes into being when theirs answers it.',
  verb: 'Send key',
  current: 2,
  now: 'Accepted',
  after: 'Keyed',
  rows: [
    stepRow('responder', 'key', 'accepted_pending', 'keyed', [
      field('ack_hash', hash('row A1')),
      field('ack_stmt_hash', hash('stmt A1')),
      field('ecdh_pub', null),
      field('kem', null),
    ]),
  ],
}

export const activateView: View = {
  ...common,
  role: 'initiator',
  step: 'activate',
  sentence: 'Open the session with vendor-gateway-eu',
  consequence: 'Writes one public row that names the session’s id. It opens when theirs names the same.',
  verb: 'Activate session',
  current: 3,
  now: 'Keyed',
  after: 'Active',
  rows: [
    stepRow('initiator', 'activate', 'keyed', 'active', [
      field('peer_keyed_hash', hash('row B2')),
      field('peer_keyed_stmt_hash', hash('stmt B2')),
      field('session_id', hash('session')),
      field('key_confirm', hash('confirm')),
    ]),
  ],
  facts: [...common.facts, { label: 'Session id', value: hash('session') }],
}

const endRow = (type: string, reason: string): View['rows'][number] => ({
  machine,
  public: false,
  type: `event ${type}`,
  fields: [
    field('decision_hash', null),
    field('kind', type.slice(4)),
    field('peer_genesis', hash('peer genesis')),
    field('reason', reason),
    field('self_genesis', hash('own genesis')),
    field('session_id', hash('session')),
    field('session_nonce', nonce),
    ...stamped,
  ],
})

export const closeSessionView: View = {
  ...common,
  role: 'initiator',
  step: 'close',
  sentence: 'Close the session with vendor-gateway-eu',
  consequence: 'Ends the session and destroys its keys. The rows of the handshake stay on both ledgers, and one that says it was closed joins yours.',
  verb: 'Close session',
  grade: 4,
  notice: [],
  steps: ['Open', 'Close'],
  current: 1,
  now: 'Session open',
  after: 'Closed',
  rows: [endRow('m2m.close', 'done')],
}

export const abortView: View = {
  ...closeSessionView,
  step: 'abort',
  sentence: 'Give up the handshake with vendor-gateway-eu',
  consequence: 'Ends the handshake. The rows written so far stay on your ledger, and one that says it was given up joins them.',
  verb: 'Give up handshake',
  steps: ['Handshake', 'Abort'],
  current: 1,
  now: 'Under way',
  after: 'Given up',
  rows: [endRow('m2m.abort', 'withdrawn')],
}

export const fileView: View = {
  ...common,
  role: 'responder',
  step: 'file',
  sentence: 'Take the file release-notes.tar from vendor-gateway-eu',
  consequence: 'Writes 48.0 MiB to your download folder. It is not opened, and not checked beyond its hash.',
  verb: 'Take file',
  grade: 1,
  notice: [],
  steps: ['Offer', 'Receive'],
  current: 1,
  now: 'Offered',
  after: 'Received',
  facts: [
    { label: 'Name', value: 'release-notes.tar' },
    { label: 'Size', value: '50331648 bytes' },
    { label: 'SHA-256', value: hash('file') },
    { label: 'Folder', value: 'Downloads' },
  ],
}
