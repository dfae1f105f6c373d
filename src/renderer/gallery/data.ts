import type { FileDto, HandshakeDto, HistoryDto, KnockDto, MessageDto, NoticeDto, RequestDto, SessionDto, Snapshot } from '../../contract/dto.ts'
import { app, day, hex, hour, idOf, minute, now, peers } from './people-data.ts'

export { app, hex, idOf, now, peers, profileOf } from './people-data.ts'

/** Invented requests, decisions, sessions and messages for looking at screens. */
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
  profile: 'hs',
  nonce: null,
  suite: null,
  evidence: null,
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
  may: { send: true, sendFile: false, close: true, handover: false },
  ...more,
})
const ledgerChecks = [
  { text: 'Each row of both ledgers recomputed', holds: true },
  { text: 'Every step signed by the pinned keys', holds: true },
  { text: 'Session id recomputed from the rows, equal on both', holds: true },
  { text: 'The words on both screens were compared', holds: true },
  { text: 'Fresh keys for this session', holds: true },
]
const ledgerSteps: SessionDto['steps'] = (
  [
    ['Propose', 'us', 'your row 41'],
    ['Accept', 'them', 'their row 14'],
    ['Key', 'them', 'their row 15'],
    ['Key', 'us', 'your row 42'],
    ['Activate', 'us', 'your row 43'],
    ['Activate', 'them', 'their row 16'],
    ['Seal', 'us', 'your row 44'],
    ['Seal', 'them', 'their row 17'],
  ] as const
).map(([name, by, detail], i) => ({ name, by, detail, at: now - 2 * hour + i * 2000 }))
/** What a session of two ledgers has beyond one of the original protocol. */
const onLedgers = (seed: string): Partial<SessionDto> => ({
  profile: 'm2m',
  nonce: hex(`nonce${seed}`),
  suite: 'x25519',
  evidence: 'ACTIVE_BOTH',
  steps: ledgerSteps,
  checks: ledgerChecks,
})
const ended = { state: 'closed', may: { send: false, sendFile: false, close: false, handover: false }, steps: steps(6, 'initiator') } as const
export const sessions: SessionDto[] = [
  sessionOf('1', 'build-runner-07', {
    ...onLedgers('1'),
    evidence: 'SEALED',
    may: { send: true, sendFile: true, close: true, handover: true },
    turn: 'us',
  }),
  sessionOf('2', 'ci-orchestrator', {
    ...onLedgers('2'),
    may: { send: true, sendFile: true, close: true, handover: false },
    role: 'responder',
    turn: 'them',
    queued: 2,
    openedAt: now - 40 * minute,
    sent: 11,
    received: 12,
  }),
  sessionOf('3', 'backup-agent-nas', {
    state: 'frozen',
    may: { send: false, sendFile: false, close: false, handover: false },
    openedAt: now - 3 * day,
    sent: 2,
    received: 2,
  }),
  sessionOf('4', 'build-runner-07', {
    ...onLedgers('4'),
    evidence: 'SEALED',
    ...ended,
    steps: ledgerSteps,
    role: 'responder',
    openedAt: now - day,
    endedAt: now - day + 3 * hour,
    sent: 12,
    received: 304,
  }),
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
const handshakeOf = (seed: string, peer: string, more: Partial<HandshakeDto>): HandshakeDto => ({
  id: hex(`handshake${seed}`),
  peer: idOf(peer),
  role: 'initiator',
  status: 'Waiting for them to accept.',
  match: null,
  startedAt: now - 6 * minute,
  expiresAt: now + 23 * hour,
  steps: [
    { name: 'Propose', by: 'us', at: now - 6 * minute, seq: 46 },
    { name: 'Accept', by: 'them', at: null, seq: null },
    { name: 'Key', by: 'them', at: null, seq: null },
    { name: 'Key', by: 'us', at: null, seq: null },
    { name: 'Activate', by: 'us', at: null, seq: null },
    { name: 'Activate', by: 'them', at: null, seq: null },
  ],
  ended: null,
  may: { abort: true },
  ...more,
})
/** Two on their way: one waits for the words to be compared, one for the peer's key. */
export const handshakes: HandshakeDto[] = [
  handshakeOf('1', 'auditor-kim', { match: { words: ['orbit', 'velvet'], chip: 'teal' } }),
  handshakeOf('2', 'ci-orchestrator', {
    role: 'responder',
    status: 'Your key waits for your approval.',
    startedAt: now - 90_000,
    expiresAt: now + 50 * minute,
    match: { words: ['canyon', 'amber'], chip: 'plum' },
    steps: [
      { name: 'Propose', by: 'them', at: now - 90_000, seq: 12 },
      { name: 'Accept', by: 'us', at: now - 60_000, seq: 45 },
      { name: 'Key', by: 'us', at: null, seq: null },
      { name: 'Key', by: 'them', at: null, seq: null },
      { name: 'Activate', by: 'them', at: null, seq: null },
      { name: 'Activate', by: 'us', at: null, seq: null },
    ],
  }),
]
export const endedHandshake: HandshakeDto = handshakeOf('3', 'auditor-kim', {
  status: 'Expired before they accepted.',
  startedAt: now - 2 * day,
  expiresAt: now - day,
  ended: { at: now - day, reason: 'Nobody accepted within 24 hours.' },
  may: { abort: false },
})
const fileOf = (id: string, direction: FileDto['direction'], more: Partial<FileDto>): FileDto => ({
  id,
  session: sessions[0]?.id ?? '',
  peer: idOf('build-runner-07'),
  direction,
  name: 'release-notes.tar',
  size: 50_331_648,
  moved: 0,
  state: 'moving',
  reason: null,
  at: now - 100_000,
  savedAs: null,
  ...more,
})
export const files: FileDto[] = [
  fileOf('f1', 'theirs', {
    name: 'gateway-2.14.0-linux-x64.tar.zst',
    size: 18_400_211,
    moved: 18_400_211,
    state: 'done',
    savedAs: 'gateway-2.14.0-linux-x64 (2).tar.zst',
    at: now - 60 * minute,
  }),
  fileOf('f2', 'ours', { moved: 30_702_305 }),
  fileOf('f3', 'theirs', { name: 'second-pass.log', size: 88_231, moved: 0, state: 'offered', at: now - 40_000 }),
  fileOf('f4', 'ours', {
    name: 'key-ceremony.mov',
    size: 2_120_000_331,
    moved: 12_000_000,
    state: 'failed',
    reason: 'Their disk is full.',
    at: now - 55 * minute,
  }),
]
export const snapshot: Snapshot = { seq: 7, app, peers, requests, knocks, history, sessions, handshakes: [], files: [], notices }
