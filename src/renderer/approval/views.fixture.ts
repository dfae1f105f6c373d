import type { ApprovalDto } from '../../contract/dto.ts'
import type { View } from '../../contract/view.ts'

/** Requests as the core makes them, for the tests of this document. */
export const requestView: View = {
  v: 1,
  profile: 'hs',
  role: 'initiator',
  step: 'request',
  self: { name: 'alice-desktop', id: '5e0c9a52-6c1c-4d39-9b11-3a5f0f3f8a01', sign_pub: '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c' },
  peer: {
    id: 'b7d41f6e-0a9d-4a51-8f3b-6d2f5a7c1e22',
    name: 'vendor-gateway-eu',
    sign_pub: 'ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1',
    kx_pub: '0faa684ed28867b97f4a6a2dee5df8ce974e76b7018e3f22a1c4cf2678570f20',
    words: ['aspect', 'series', 'melody', 'enemy'],
    picture: { a: 0, b: 8, A: [2, 2, 2, 0, 2, 0, 2, 1, 2, 1, 1, 1], B: [0, 0, 1, 1, 1, 2, 0, 0, 0, 0, 0, 2] },
    trust: 'pinned',
    key: 'pinned',
    first_seen: '2026-11-14T09:12:44Z',
    sessions_before: 2,
  },
  sentence: 'Open a session with vendor-gateway-eu',
  consequence: 'Sends your first request. A session key is agreed with the keys shown below.',
  verb: 'Open session',
  grade: 1,
  steps: ['Confirm', 'Request', 'Talk', 'Conclude', 'Close'],
  current: 1,
  now: 'Confirmed',
  after: 'Requested',
  notice: [
    'No forward secrecy: whoever gets a key later can open what was recorded today.',
    'The hash of each message travels in clear, so a short message can be guessed.',
    'The sender’s id is not signed by this protocol; only the key is checked.',
  ],
  rows: [],
  match: { state: 'none' },
  compare: false,
  rest: false,
  facts: [
    { label: 'Peer id', value: 'b7d41f6e-0a9d-4a51-8f3b-6d2f5a7c1e22' },
    { label: 'Their signing key', value: 'ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1' },
    { label: 'Their exchange key', value: '0faa684ed28867b97f4a6a2dee5df8ce974e76b7018e3f22a1c4cf2678570f20' },
  ],
  expires_in: 86_400,
}

export const confirmView: View = {
  ...requestView,
  role: 'responder',
  step: 'confirm',
  peer: { ...requestView.peer, name: null, sign_pub: null, kx_pub: null, words: [], picture: null, trust: 'unknown', key: 'none', sessions_before: 0 },
  sentence: 'Answer b7d41f6e’s wish to meet',
  consequence: 'Sends your public keys, signed. No session opens before their request is checked.',
  verb: 'Answer',
  current: 0,
  now: 'Met',
  after: 'Confirmed',
  facts: [],
}

export const closeView: View = {
  ...requestView,
  step: 'conclude',
  peer: { ...requestView.peer, name: 'build-runner-07', trust: 'verified', sessions_before: 11 },
  sentence: 'Close the session with build-runner-07',
  consequence: 'Ends the session and destroys its keys. Messages already read stay readable here. The other side is told and closes as well.',
  verb: 'Close session',
  grade: 4,
  current: 3,
  now: 'Open',
  after: 'Closed',
  notice: [],
  facts: [...requestView.facts, { label: 'Session key fingerprint', value: '1426a890' }],
}

export const changedView: View = {
  ...requestView,
  peer: { ...requestView.peer, name: 'backup-agent-nas', trust: 'changed', key: 'pinned', sessions_before: 6 },
  sentence: 'Open a session with backup-agent-nas',
  facts: [
    ...requestView.facts,
    { label: 'Key you pinned', value: 'ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1' },
    { label: 'Words you pinned', value: 'aspect series melody enemy pact october' },
    { label: 'Key they use now', value: '4b49e2b4aa29529c43bae033d742c808ef048f284cb9784cb4de8f6b8179082b' },
    { label: 'Words they use now', value: 'anger cream priority timber record arena' },
  ],
}

/** A request of the queue around a view; `at` is the Unix time in milliseconds at which it was made. */
export const approvalOf = (view: View, at: number, changes: Partial<ApprovalDto> = {}): ApprovalDto => ({
  requestId: 'r1',
  view,
  createdAt: at,
  expiresAt: at + view.expires_in * 1000,
  position: 1,
  total: 3,
  mayApprove: true,
  issue: null,
  undoUntil: null,
  ...changes,
})
