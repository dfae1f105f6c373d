import type { AppDto, HistoryDto, KnockDto, MessageDto, NoticeDto, PeerDto, ProfileDto, RequestDto, SessionDto, Snapshot } from '../../contract/dto.ts'
import type { KeyPicture } from '../../contract/view.ts'

/** Invented data for looking at screens. Nothing here is derived from a real key. */
const vocabulary =
  'urge jacket spring apart twist appear toe couple aspect series melody enemy pact october mom fury wisdom intact guilt infant brother salon van kid menu moon welcome novel hat hamster warm exhibit club similar anger cream priority timber record arena display dish wire ranch lava wave museum fabric orbit velvet'.split(
    ' ',
  )

function stream(seed: string): () => number {
  let h = 2166136261
  for (const c of seed) h = Math.imul(h ^ c.charCodeAt(0), 16777619)
  return () => {
    h ^= h << 13
    h ^= h >>> 17
    h ^= h << 5
    return (h >>> 0) / 4294967296
  }
}
const below = (next: () => number, n: number): number => Math.floor(next() * n)
export const hex = (seed: string, digits = 64): string => {
  const next = stream(seed)
  return Array.from({ length: digits }, () => below(next, 16).toString(16)).join('')
}
const wordsOf = (seed: string): string[] => {
  const next = stream(`w${seed}`)
  return Array.from({ length: 6 }, () => vocabulary[below(next, vocabulary.length)] ?? 'hat')
}
const pictureOf = (seed: string): KeyPicture => {
  const next = stream(`p${seed}x`)
  for (let i = 0; i < 20; i += 1) next()
  const a = below(next, 10)
  const A: number[] = []
  const B: number[] = []
  for (let i = 0; i < 12; i += 1) {
    const v = below(next, 6)
    A.push(v >> 1)
    B.push(((v >> 1) + 1 + (v & 1)) % 3)
  }
  return { a, b: (a + 2 + below(next, 7)) % 10, A, B }
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
export const now = Date.now()

export const profileOf = (name: string): ProfileDto => ({
  name,
  myId: `${hex(name, 8)}-${hex(`${name}1`, 4)}-4${hex(`${name}2`, 3)}-a${hex(`${name}3`, 3)}-${hex(`${name}4`, 12)}`,
  signPub: hex(`sign${name}`),
  kxPub: hex(`kx${name}`),
  words: wordsOf(name),
  picture: name === 'alice-desktop' ? { a: 1, b: 3, A: [0, 0, 1, 1, 2, 1, 1, 0, 0, 0, 2, 2], B: [1, 2, 2, 2, 0, 2, 2, 2, 1, 1, 1, 0] } : pictureOf(name),
  createdAt: now - 41 * day,
})

export const app: AppDto = {
  version: '0.1.0',
  runtime: 'Electron 25.1.1, a development runtime',
  stage: 'open',
  profiles: [{ readable: true, profile: profileOf('alice-desktop') }],
  profile: profileOf('alice-desktop'),
  retryAt: null,
  failedAttempts: 0,
  relay: { mode: 'embedded', host: '127.0.0.1', port: 8888, state: 'connected', joined: false, retryAt: null, error: null },
  waiting: 4,
  settings: { relayMode: 'embedded', relayHost: '127.0.0.1', relayPort: 8888, discoverable: true, theme: 'system', idleLockMinutes: 10 },
  backup: { verifiedAt: now - 12 * day, fileName: 'alice-desktop-2026-11-10.csbackup', peersBehind: 2 },
}

const peerOf = (label: string, more: Partial<PeerDto>): PeerDto => ({
  id: `${hex(label, 8)}-${hex(`${label}1`, 4)}-4${hex(`${label}2`, 3)}-b${hex(`${label}3`, 3)}-${hex(`${label}4`, 12)}`,
  name: label,
  label,
  signPub: hex(`sign${label}`),
  kxPub: hex(`kx${label}`),
  words: wordsOf(label),
  picture: pictureOf(label),
  trust: 'pinned',
  presented: null,
  profile: 'hs',
  firstSeen: now - 22 * day,
  lastSeen: now - 20_000,
  online: true,
  pinnedAt: now - 22 * day + 2 * minute,
  policy: { kind: 'ask' },
  wanted: true,
  sessions: 3,
  zoneSkewMinutes: null,
  zoneSkewAccepted: false,
  may: { propose: true, answer: false, reconnect: false },
  reason: null,
  status: null,
  ...more,
})

export const peers: PeerDto[] = [
  peerOf('build-runner-07', {
    trust: 'verified',
    profile: 'm2m',
    may: { propose: false, answer: false, reconnect: false },
    reason: 'A session is open with this peer.',
  }),
  peerOf('ci-orchestrator', { profile: 'm2m', policy: { kind: 'accept-until', until: now + 3 * hour } }),
  peerOf('vendor-gateway-eu', { may: { propose: false, answer: true, reconnect: false }, status: 'It offers a handshake.' }),
  peerOf('backup-agent-nas', {
    trust: 'changed',
    presented: { signPub: hex('nas-new'), kxPub: hex('nas-new-kx'), words: wordsOf('nas-new'), picture: pictureOf('nas-new') },
    may: { propose: false, answer: false, reconnect: false },
    reason: 'The key is not the one you pinned.',
  }),
  peerOf('mesh-sensor-4c', { name: null, label: '5bd2…e10c', trust: 'seen', pinnedAt: null, online: false, lastSeen: now - 2 * minute, sessions: 0 }),
  peerOf('HSAgent-lyra', {
    online: false,
    lastSeen: now - 4 * minute,
    zoneSkewMinutes: 120,
    may: { propose: false, answer: false, reconnect: true },
    policy: { kind: 'keep-alive' },
  }),
  peerOf('auditor-kim', { online: false, lastSeen: now - 2 * day, policy: { kind: 'mute' } }),
  peerOf('edge-cache-19', { online: false, lastSeen: now - 5 * day }),
  peerOf('relay-guest-e1', {
    name: null,
    label: 'e1c0…77ab',
    trust: 'unknown',
    signPub: null,
    kxPub: null,
    words: [],
    picture: null,
    pinnedAt: null,
    sessions: 0,
    status: 'Waiting for their answer.',
  }),
  peerOf('probe-11', {
    trust: 'blocked',
    online: false,
    lastSeen: now - 9 * day,
    policy: { kind: 'block' },
    may: { propose: false, answer: false, reconnect: false },
    reason: 'You blocked this peer.',
  }),
]
export const idOf = (label: string): string => {
  const index = [
    'build-runner-07',
    'ci-orchestrator',
    'vendor-gateway-eu',
    'backup-agent-nas',
    'mesh-sensor-4c',
    'HSAgent-lyra',
    'auditor-kim',
    'edge-cache-19',
    'relay-guest-e1',
    'probe-11',
  ].indexOf(label)
  return peers[index]?.id ?? ''
}

const requestOf = (id: string, peer: string, more: Partial<RequestDto>): RequestDto => ({
  id,
  peer: idOf(peer),
  step: 'confirm',
  sentence: 'Confirm the handshake and show your key',
  createdAt: now - 5 * minute,
  expiresAt: now + 22 * hour,
  count: 1,
  undoUntil: null,
  ...more,
})
export const requests: RequestDto[] = [
  requestOf('r1', 'vendor-gateway-eu', { createdAt: now - 240_000, expiresAt: now + 66_000 }),
  requestOf('r2', 'build-runner-07', { step: 'close', sentence: 'Close the session and destroy its key' }),
  requestOf('r3', 'mesh-sensor-4c', { count: 3 }),
  requestOf('r4', 'backup-agent-nas', { sentence: 'Confirm the handshake, with a new key' }),
]
export const knocks: KnockDto[] = [
  { peer: idOf('HSAgent-lyra'), kind: 'reconnect', count: 1214, firstAt: now - 3 * hour, lastAt: now - 60_000 },
  { peer: idOf('relay-guest-e1'), kind: 'meet', count: 1, firstAt: now - 2 * minute, lastAt: now - 2 * minute },
]
const today = (h: number, m: number, s: number): number => {
  const at = new Date(now)
  at.setHours(0, 0, 0, 0)
  return Math.min(now - 1000, at.getTime() + ((h * 60 + m) * 60 + s) * 1000)
}
const historyOf = (seq: number, at: number, peer: string, more: Partial<HistoryDto>): HistoryDto => ({
  seq,
  at,
  peer: idOf(peer),
  label: peer,
  step: 'confirm',
  decision: 'approve',
  by: 'person',
  reason: null,
  viewHash: hex(`view${seq}`),
  ...more,
})
export const history: HistoryDto[] = [
  historyOf(9, today(5, 2, 11), 'build-runner-07', {}),
  historyOf(8, today(5, 1, 58), 'build-runner-07', { step: 'request' }),
  historyOf(7, today(4, 20, 44), 'ci-orchestrator', { decision: 'auto', by: 'policy' }),
  historyOf(6, today(3, 58, 0), 'edge-cache-19', { decision: 'expire' }),
  historyOf(5, today(2, 12, 31), 'vendor-gateway-eu', { decision: 'reject', reason: 'wrong hour' }),
  historyOf(4, now - 2 * day, 'auditor-kim', { step: 'conclude' }),
]

const steps = (done: number, role: 'initiator' | 'responder'): SessionDto['steps'] => {
  const [we, they] = role === 'initiator' ? (['us', 'them'] as const) : (['them', 'us'] as const)
  const all: SessionDto['steps'] = [
    { name: 'Register', at: null, by: we, detail: null },
    { name: 'Confirm', at: null, by: they, detail: null },
    { name: 'Request', at: null, by: we, detail: null },
    { name: 'Respond', at: null, by: they, detail: null },
    { name: 'Conclude', at: null, by: we, detail: null },
    { name: 'Close', at: null, by: we, detail: null },
  ]
  return all.map((step, i) => (i < done ? { ...step, at: now - 2 * hour + i * 2000 } : i === done ? { ...step, detail: 'not yet' } : step))
}
const checks = [
  { text: 'Signature over nonce, key and time', holds: true },
  { text: 'Key is the one pinned on 31 October', holds: true },
  { text: 'Nonce never seen before', holds: true },
  { text: 'Sender id is not signed by its protocol', holds: false },
  { text: 'Fresh keys for this session', holds: false },
  { text: 'Evidence on their own ledger', holds: false },
]
const sessionOf = (seed: string, peer: string, more: Partial<SessionDto>): SessionDto => ({
  id: hex(`session${seed}`),
  peer: idOf(peer),
  role: 'initiator',
  state: 'open',
  openedAt: now - 2 * hour,
  endedAt: null,
  reason: null,
  fingerprint: hex(`fp${seed}`, 8),
  sent: 4,
  received: 3,
  turn: 'us',
  queued: 0,
  steps: steps(4, 'initiator'),
  checks,
  may: { send: true, close: true },
  ...more,
})
const ended = { state: 'closed', may: { send: false, close: false }, steps: steps(6, 'initiator') } as const
export const sessions: SessionDto[] = [
  sessionOf('1', 'build-runner-07', {}),
  sessionOf('2', 'ci-orchestrator', {
    role: 'responder',
    steps: steps(4, 'responder'),
    turn: 'them',
    queued: 2,
    openedAt: now - 40 * minute,
    sent: 11,
    received: 12,
  }),
  sessionOf('3', 'backup-agent-nas', { state: 'frozen', may: { send: false, close: false }, openedAt: now - 3 * day, sent: 2, received: 2 }),
  sessionOf('4', 'build-runner-07', { ...ended, role: 'responder', openedAt: now - day, endedAt: now - day + 3 * hour, sent: 12, received: 304 }),
  sessionOf('5', 'build-runner-07', { ...ended, openedAt: now - 2 * day, endedAt: now - 2 * day + hour, sent: 150, received: 154 }),
  sessionOf('6', 'HSAgent-lyra', {
    ...ended,
    state: 'ended',
    reason: 'They stopped answering; ended on our side.',
    openedAt: now - 5 * day,
    endedAt: now - 5 * day + hour,
  }),
]
const messageOf = (id: number, direction: MessageDto['direction'], text: string, more: Partial<MessageDto> = {}): MessageDto => ({
  id,
  session: sessions[0]?.id ?? '',
  peer: idOf('build-runner-07'),
  direction,
  seq: direction === 'event' ? 0 : Math.ceil(id / 2),
  at: Math.max(today(0, 0, 1), now - 2 * hour + id * 90_000),
  text,
  state: 'done',
  ...more,
})
export const messages: MessageDto[] = [
  messageOf(1, 'event', 'Session key agreed. Signed hs from both sides checked.'),
  messageOf(2, 'theirs', 'Ready. Toolchain pinned at rust 1.91.0, 16 cores free.'),
  messageOf(3, 'ours', 'Build tag v2.14.0 from commit 7c1e09b4. Reproducible mode, two passes.'),
  messageOf(4, 'theirs', 'Both passes agree.\nartifact gateway-2.14.0-linux-x64.tar.zst\nsha256 b7f0a15c9d2241e8'),
  messageOf(5, 'event', 'A repeated message was dropped.'),
  messageOf(6, 'ours', 'Good. Send the artifact after the notes I am sending now.'),
  messageOf(7, 'theirs', 'Receiving. I will check the hash when the last chunk is in.'),
  messageOf(8, 'ours', 'Thank you. One more thing: keep the log of the second pass.', { state: 'sent' }),
  messageOf(9, 'ours', 'And tell me when it is archived.', { state: 'queued' }),
]
export const notices: NoticeDto[] = [
  {
    id: 3,
    at: now - 9 * minute,
    peer: idOf('HSAgent-lyra'),
    level: 'caution',
    text: 'A request was refused: its time stamp is 120 minutes ahead, which looks like another time zone.',
    count: 14,
  },
  {
    id: 2,
    at: now - 3 * hour,
    peer: idOf('backup-agent-nas'),
    level: 'danger',
    text: 'A message came with a key that is not the one you pinned. Everything with this peer is frozen.',
    count: 1,
  },
  { id: 1, at: now - 7 * hour, peer: null, level: 'info', text: 'A line from the relay was not of a known type and was dropped.', count: 2 },
]
export const snapshot: Snapshot = { seq: 7, app, peers, requests, knocks, history, sessions, notices }
