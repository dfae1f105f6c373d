import type { AppDto, PeerDto, ProfileDto } from '../../contract/dto.ts'
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

export const minute = 60_000
export const hour = 60 * minute
export const day = 24 * hour
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
  settings: {
    relayMode: 'embedded',
    relayHost: '127.0.0.1',
    relayPort: 8888,
    discoverable: true,
    theme: 'system',
    idleLockMinutes: 10,
    api: 'off',
    apiPort: 7741,
    ledgerPublic: true,
  },
  backup: { verifiedAt: now - 12 * day, fileName: 'alice-desktop-2026-11-10.csbackup', peersBehind: 2 },
  downloads: '/home/alice/Downloads',
  machine: {
    genesis: hex('genesis alice'),
    slug: 'alice-desktop',
    originId: 'countersign:alice-desktop',
    public: true,
    rows: 47,
    head: hex('row46'),
    custody: 'own',
    recovering: null,
  },
  api: { url: null, token: null, error: null },
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
  genesis: null,
  caught: null,
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
    genesis: hex('genesis build-runner-07'),
    may: { propose: false, answer: false, reconnect: false },
    reason: 'A session is open with this peer.',
  }),
  peerOf('ci-orchestrator', { profile: 'm2m', genesis: hex('genesis ci-orchestrator'), policy: { kind: 'accept-until', until: now + 3 * hour } }),
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
  peerOf('auditor-kim', { profile: 'm2m', genesis: hex('genesis auditor-kim'), online: false, lastSeen: now - 2 * day, policy: { kind: 'mute' } }),
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
