import type { Snapshot } from '../../contract/dto.ts'
import type { UiState } from '../state/ui.ts'
import { app, history, idOf, now, peers, profileOf, requests, sessions, snapshot } from './data.ts'

export interface Scene {
  readonly snapshot: Snapshot
  readonly ui?: Partial<UiState>
  /** Commands named here never answer, so that work under way can be looked at; KDF progress stands at 61 %. */
  readonly hang?: readonly string[]
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
