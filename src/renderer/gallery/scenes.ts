import type { Snapshot } from '../../contract/dto.ts'
import type { UiState } from '../state/ui.ts'
import type { audits } from './audit-data.ts'
import { app, endedHandshake, files, handshakes, hex, history, idOf, now, peers, profileOf, requests, sessions, snapshot } from './data.ts'

export interface Scene {
  readonly snapshot: Snapshot
  readonly ui?: Partial<UiState>
  /** Commands named here never answer, so that work under way can be looked at; KDF progress stands at 61 %. */
  readonly hang?: readonly string[]
  /** What an audit finds. */
  readonly audit?: keyof typeof audits
  /** The check of the own ledger finds it broken. */
  readonly broken?: boolean
  /** Clicks and typing done before the picture is taken: selector, then text to fill or nothing to click. */
  readonly act?: readonly (readonly [selector: string, text?: string])[]
}

const closed = (more: Partial<Snapshot['app']>): Snapshot => ({
  ...snapshot,
  app: { ...app, ...more },
  peers: [],
  requests: [],
  knocks: [],
  history: [],
  sessions: [],
  handshakes: [],
  files: [],
  notices: [],
})
const quiet: Snapshot = {
  ...snapshot,
  app: { ...app, waiting: 0 },
  peers: peers.filter((peer) => peer.trust !== 'changed'),
  requests: [],
  knocks: [],
  notices: [],
}
const fresh = closed({ waiting: 0, backup: { verifiedAt: null, fileName: null, peersBehind: 0 } })
const calm: Snapshot = {
  ...snapshot,
  app: { ...app, waiting: 3 },
  requests: requests.filter((request) => request.peer !== idOf('backup-agent-nas')),
  peers: peers.filter((peer) => peer.trust !== 'changed'),
  sessions: sessions.filter((session) => session.peer !== idOf('backup-agent-nas')),
}
/** Two handshakes on their way, and one that ended. */
const underway: Snapshot = { ...calm, handshakes: [...handshakes, endedHandshake] }
const machine = app.machine
if (machine === null) throw new Error('the gallery has a ledger')
const withMachine = (more: Partial<typeof machine>, rest: Partial<Snapshot['app']> = {}): Snapshot => ({
  ...calm,
  app: { ...calm.app, ...rest, machine: { ...machine, ...more } },
})
const caught: Snapshot = {
  ...calm,
  peers: calm.peers.map((peer) =>
    peer.id === idOf('ci-orchestrator')
      ? {
          ...peer,
          caught: {
            code: 'EQUIVOCATION',
            why: 'It signed two different rows 16: one that your ledger answered, and one that it serves now.',
            at: now - 9 * 60_000,
            proof: true,
          },
        }
      : peer,
  ),
}
const withApi = (api: Snapshot['app']['settings']['api'], state: Snapshot['app']['api']): Snapshot => ({
  ...calm,
  app: { ...calm.app, settings: { ...app.settings, api }, api: state },
})
const session = sessions[0]
const typed = 'correct horse battery staple'

export const scenes: Readonly<Record<string, Scene>> = {
  onboarding: {
    snapshot: closed({ stage: 'onboarding', profile: null, profiles: [] }),
    act: [
      ['input:not([type=password])', 'alice-desktop'],
      ['input[type=password] >> nth=0', typed],
    ],
  },
  'onboarding-restore': { snapshot: closed({ stage: 'onboarding', profile: null, profiles: [] }), act: [['[role=radio] >> nth=1'], ['text=Choose file…']] },
  'onboarding-import': { snapshot: closed({ stage: 'onboarding', profile: null, profiles: [] }), act: [['[role=radio] >> nth=2']] },
  'onboarding-sealing': {
    snapshot: closed({ stage: 'onboarding', profile: null, profiles: [] }),
    hang: ['identity.create'],
    act: [
      ['input:not([type=password])', 'alice-desktop'],
      ['input[type=password] >> nth=0', typed],
      ['input[type=password] >> nth=1', typed],
      ['text=Create identity'],
    ],
  },
  'backup-offer': { snapshot: fresh, ui: { offerBackup: true } },
  'backup-proved': {
    snapshot: fresh,
    ui: { offerBackup: true },
    act: [['input[type=password] >> nth=0', typed], ['text=Write backup…']],
  },
  picker: {
    snapshot: closed({
      stage: 'picker',
      profile: null,
      profiles: [
        { readable: true, profile: profileOf('alice-desktop') },
        { readable: true, profile: profileOf('ops-laptop') },
        {
          readable: false,
          name: 'old-notebook',
          error: { code: 'TRUNCATED', text: 'identity.json is shorter than its format needs. The previous generation is beside it.' },
        },
      ],
    }),
  },
  unlock: { snapshot: closed({ stage: 'locked' }) },
  'unlock-deriving': { snapshot: closed({ stage: 'locked' }), hang: ['identity.unlock'], act: [['input[type=password]', typed], ['button[type=submit]']] },
  'unlock-wrong': { snapshot: closed({ stage: 'locked', failedAttempts: 2, waiting: 0 }), act: [['input[type=password]', typed], ['button[type=submit]']] },
  'unlock-throttled': { snapshot: closed({ stage: 'locked', failedAttempts: 7, retryAt: now + 192_000 }) },
  'unlock-forgot': { snapshot: closed({ stage: 'locked' }), act: [['text=Forgot the passphrase']] },
  proposals: { snapshot },
  'proposals-calm': { snapshot: calm },
  'proposals-undo': {
    snapshot: { ...calm, requests: requests.slice(0, 2).map((request, i) => (i === 0 ? { ...request, undoUntil: now + 600_000 } : request)) },
  },
  'proposals-empty': { snapshot: quiet },
  'proposals-reject': { snapshot: calm, act: [['text=Reject all…']] },
  peers: { snapshot: calm, ui: { page: 'peers', peer: idOf('ci-orchestrator') } },
  'peers-menu': { snapshot: calm, ui: { page: 'peers', peer: idOf('vendor-gateway-eu') }, act: [['[aria-label="More actions"]']] },
  'peers-verified': { snapshot: calm, ui: { page: 'peers', peer: idOf('build-runner-07') } },
  'peers-changed': { snapshot, ui: { page: 'peers', peer: idOf('backup-agent-nas') } },
  'peers-unknown': { snapshot: calm, ui: { page: 'peers', peer: idOf('relay-guest-e1') } },
  'peers-zone': { snapshot: calm, ui: { page: 'peers', peer: idOf('HSAgent-lyra') } },
  'peers-until': { snapshot: calm, ui: { page: 'peers', peer: idOf('edge-cache-19') }, act: [['text=Accept until…']] },
  'peers-name': { snapshot: calm, ui: { page: 'peers', peer: idOf('edge-cache-19') }, act: [['[aria-label="More actions"]'], ['text=Name this peer…']] },
  'peers-empty': { snapshot: fresh, ui: { page: 'peers' } },
  sessions: { snapshot: calm, ui: { page: 'sessions' } },
  'sessions-empty': { snapshot: fresh, ui: { page: 'sessions' } },
  conversation: { snapshot: calm, ui: { page: 'sessions', conversation: idOf('build-runner-07') } },
  'conversation-queued': {
    snapshot: calm,
    ui: {
      page: 'sessions',
      conversation: idOf('ci-orchestrator'),
      factsOpen: true,
      drafts: { [idOf('ci-orchestrator')]: 'Two lines,\nso that the field grows.' },
    },
  },
  'conversation-ended': { snapshot: calm, ui: { page: 'sessions', conversation: idOf('HSAgent-lyra') }, act: [['text=What this means']] },
  'conversation-frozen': { snapshot, ui: { page: 'sessions', conversation: idOf('backup-agent-nas') } },
  'settings-identity': { snapshot: calm, ui: { page: 'settings', section: 'identity' } },
  'settings-export': { snapshot: calm, ui: { page: 'settings', section: 'identity' }, act: [['text=Export…']] },
  'settings-backup': { snapshot: calm, ui: { page: 'settings', section: 'backup' } },
  'settings-passphrase': { snapshot: calm, ui: { page: 'settings', section: 'passphrase' } },
  'settings-lock': { snapshot: calm, ui: { page: 'settings', section: 'lock' } },
  'settings-policies': { snapshot: calm, ui: { page: 'settings', section: 'policies' } },
  'settings-relay': { snapshot: calm, ui: { page: 'settings', section: 'relay' }, act: [['text=Address']] },
  'settings-appearance': { snapshot: calm, ui: { page: 'settings', section: 'appearance' } },
  'proposals-handshakes': { snapshot: { ...underway, requests: [] } },
  'proposals-handshakes-queue': { snapshot: underway },
  'peers-caught': { snapshot: caught, ui: { page: 'peers', peer: idOf('ci-orchestrator') } },
  'peers-handshake': { snapshot: underway, ui: { page: 'peers', peer: idOf('auditor-kim') } },
  'conversation-files': { snapshot: { ...calm, files }, ui: { page: 'sessions', conversation: idOf('build-runner-07') } },
  ledger: { snapshot: calm, ui: { page: 'ledger' } },
  'ledger-verified': { snapshot: calm, ui: { page: 'ledger' }, act: [['text=Check all rows']] },
  'ledger-broken': { snapshot: calm, ui: { page: 'ledger' }, broken: true, act: [['text=Check all rows']] },
  'ledger-row': { snapshot: calm, ui: { page: 'ledger', row: 43 } },
  'ledger-long': {
    snapshot: withMachine({ rows: 100_000, head: hex('row99999') }),
    ui: { page: 'ledger' },
    act: [['[aria-label="Go to row"]', '51234'], ['form button[type=submit]']],
  },
  'ledger-tokens': { snapshot: calm, ui: { page: 'ledger' }, act: [['text=Tokens']] },
  'ledger-machine': { snapshot: calm, ui: { page: 'ledger' }, act: [['text=This ledger']] },
  'ledger-recovering': {
    snapshot: withMachine({
      recovering: {
        kind: 'peers',
        why: 'This identity was restored from a backup. Peers are asked for rows that the backup does not have.',
        waitingFor: ['ci-orchestrator', 'auditor-kim'],
        mayGoOn: true,
      },
    }),
    ui: { page: 'ledger' },
  },
  'ledger-go-on': {
    snapshot: withMachine({ recovering: { kind: 'peers', why: 'This identity was restored from a backup.', waitingFor: ['ci-orchestrator'], mayGoOn: true } }),
    ui: { page: 'ledger' },
    act: [['text=Go on without them…']],
  },
  'ledger-empty': { snapshot: withMachine({ rows: 0, head: null }), ui: { page: 'ledger' } },
  audit: { snapshot: calm, ui: { page: 'audit' } },
  'audit-empty': { snapshot: fresh, ui: { page: 'audit' } },
  'audit-sound': { snapshot: calm, ui: { page: 'audit', audit: { peer: idOf('build-runner-07'), session: session?.nonce ?? null } } },
  'audit-equivocation': {
    snapshot: calm,
    audit: 'equivocation',
    ui: { page: 'audit', audit: { peer: idOf('build-runner-07'), session: null } },
    act: [['text=/^build-runner-07 row 16$/']],
  },
  'audit-findings': { snapshot: calm, audit: 'manyFindings', ui: { page: 'audit' }, act: [['text=Choose file…']] },
  'audit-one-sided': { snapshot: calm, audit: 'oneSided', ui: { page: 'audit', audit: { peer: idOf('HSAgent-lyra'), session: null } } },
  'settings-ledger': { snapshot: calm, ui: { page: 'settings', section: 'ledger' } },
  'settings-api': {
    snapshot: withApi('loopback', { url: 'http://127.0.0.1:7741/', token: null, error: null }),
    ui: { page: 'settings', section: 'ledger' },
    act: [['text=Show token']],
  },
  'settings-api-network': { snapshot: calm, ui: { page: 'settings', section: 'ledger' }, act: [['text=Network']] },
  'relay-lost': {
    snapshot: {
      ...quiet,
      history,
      app: {
        ...app,
        waiting: 0,
        relay: { mode: 'address', host: 'relay.example.net', port: 8888, state: 'waiting', joined: false, retryAt: now + 27_000, error: 'connection refused' },
      },
    },
  },
  notices: { snapshot: calm, ui: { page: 'notices' } },
  toast: { snapshot: calm, ui: { page: 'peers', peer: idOf('ci-orchestrator') }, act: [['button:has-text("Copy the signing key")']] },
  'identity-menu': { snapshot: calm, act: [['button:has-text("Identity menu")']] },
}
