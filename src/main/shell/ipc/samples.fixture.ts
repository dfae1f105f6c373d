import type { ApprovalCommands, ArgsOf, AuditDto, Commands, FileDto, ProfileDto, RequestDto, ResultOf, SettingsDto } from '../../../contract/index.ts'
import type { WalletApi } from '../wallet-api.ts'
import { methodOf } from '../wallet-api.ts'

/** Valid arguments and results of every channel; a channel without them does not compile. For tests only. */
type AllCommands = Commands & ApprovalCommands

const hex = 'ab'.repeat(32)
const bytes = (): Uint8Array<ArrayBuffer> => new TextEncoder().encode('correct horse battery')
const profile: ProfileDto = {
  name: 'alice',
  myId: 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
  signPub: hex,
  kxPub: hex,
  words: ['urge', 'jacket', 'spring', 'apart', 'twist', 'appear'],
  picture: { a: 0, b: 1, A: Array.from({ length: 12 }, () => 0), B: Array.from({ length: 12 }, () => 2) },
  createdAt: 1,
}
const request: RequestDto = { id: 'r1', peer: 'bob', step: 'confirm', sentence: 'x', createdAt: 1, expiresAt: 2, count: 1, undoUntil: null }
const settings: SettingsDto = {
  relayMode: 'embedded',
  relayHost: '127.0.0.1',
  relayPort: 8888,
  discoverable: true,
  theme: 'system',
  idleLockMinutes: 10,
  api: 'off',
  apiPort: 3099,
  ledgerPublic: true,
}
const message = { id: 1, session: 's1', peer: 'bob', direction: 'ours' as const, seq: 0, at: 1, text: 'hello', state: 'queued' as const }
const file: FileDto = {
  id: 'f1',
  session: 's1',
  peer: 'bob',
  direction: 'ours',
  name: 'report.pdf',
  size: 10,
  moved: 0,
  state: 'offered',
  reason: null,
  at: 1,
  savedAs: null,
}
const audit: AuditDto = {
  ok: true,
  verdict: 'Both ledgers agree.',
  source: 'your ledger and bob’s',
  at: 1,
  status: 'SEALED',
  pinned: true,
  lanes: [],
  links: [],
  sessions: [],
  findings: [],
  limits: ['x'],
  proof: false,
}
const api = { url: null, token: null, error: null }
const backup = { verifiedAt: 1, fileName: 'alice.csbackup', peersBehind: 0 }

export const sampleArgs = (): { readonly [N in keyof AllCommands]: ArgsOf<AllCommands[N]> } => ({
  'app.snapshot': {},
  'profile.select': { name: null },
  'identity.strength': { passphrase: bytes(), name: 'alice' },
  'identity.create': { name: 'alice', passphrase: bytes() },
  'identity.unlock': { name: 'alice', passphrase: bytes() },
  'identity.lock': {},
  'identity.passphrase': { old: bytes(), new: bytes() },
  'identity.archive': { name: 'alice' },
  'identity.backup': { passphrase: bytes(), messages: false },
  'identity.restore': { file: '0'.repeat(32), name: 'alice', passphrase: bytes() },
  'identity.import': { file: '0'.repeat(32), name: 'alice', importPassphrase: bytes(), passphrase: bytes() },
  'identity.export': { passphrase: bytes(), exportPassphrase: bytes() },
  'file.choose': { purpose: 'backup' },
  'peer.propose': { peer: 'bob' },
  'peer.answer': { peer: 'bob' },
  'peer.reconnect': { peer: 'bob' },
  'peer.name': { peer: 'bob', name: 'Bob' },
  'peer.policy': { peer: 'bob', policy: { kind: 'ask' } },
  'peer.zone': { peer: 'bob', accepted: true },
  'peer.keepKey': { peer: 'bob' },
  'peer.giveUp': { peer: 'bob' },
  'peer.forget': { peer: 'bob' },
  'knock.dismiss': { peer: 'bob' },
  'request.review': { id: 'r1' },
  'request.undo': { id: 'r1' },
  'request.rejectAll': { peer: null },
  'session.messages': { peer: 'bob', before: null },
  'session.send': { session: 's1', text: 'x'.repeat(8000) },
  'session.close': { session: 's1' },
  'handshake.abort': { id: hex },
  'session.sendFile': { session: 's1', file: '0'.repeat(32) },
  'session.cancelFile': { file: 'f1' },
  'ledger.rows': { before: null, limit: 100, session: null },
  'ledger.verify': {},
  'ledger.tokens': {},
  'ledger.goOn': {},
  'audit.peer': { peer: 'bob', session: null },
  'audit.file': { file: '0'.repeat(32) },
  'audit.urls': { urls: ['http://127.0.0.1:3099/api/chain/alice'] },
  'audit.save': { peer: 'bob', session: null, what: 'bundle' },
  'api.state': {},
  'settings.set': { theme: 'dark' },
  'window.minimize': {},
  'window.maximize': {},
  'window.close': {},
  'approval.current': {},
  'approval.move': { by: 1 },
  'approval.decide': { requestId: 'r1', viewHash: hex, decision: 'approve', scope: 'step', uncompared: false, reason: null },
  'approval.undo': { requestId: 'r1' },
  'approval.close': {},
})

export const sampleResults: { readonly [N in keyof AllCommands]: ResultOf<AllCommands[N]> } = {
  'app.snapshot': {
    seq: 0,
    app: {
      version: '0.1.0',
      runtime: 'Electron 45',
      stage: 'open',
      profiles: [{ readable: true, profile }],
      profile,
      retryAt: null,
      failedAttempts: 0,
      relay: { mode: 'embedded', host: '127.0.0.1', port: 8888, state: 'connected', joined: false, retryAt: null, error: null },
      waiting: 0,
      settings,
      backup,
      machine: null,
      api,
      downloads: '/home/alice/Downloads',
    },
    peers: [],
    requests: [request],
    knocks: [],
    history: [],
    sessions: [],
    handshakes: [],
    files: [],
    notices: [],
  },
  'profile.select': {},
  'identity.strength': { score: 4, acceptable: true, crackTime: 'centuries', hint: null },
  'identity.create': profile,
  'identity.unlock': {},
  'identity.lock': {},
  'identity.passphrase': {},
  'identity.archive': {},
  'identity.backup': backup,
  'identity.restore': profile,
  'identity.import': profile,
  'identity.export': { fileName: 'id_agent_alice.json' },
  'file.choose': { file: '0'.repeat(32), fileName: 'alice.csbackup' },
  'peer.propose': {},
  'peer.answer': request,
  'peer.reconnect': {},
  'peer.name': {},
  'peer.policy': {},
  'peer.zone': {},
  'peer.keepKey': {},
  'peer.giveUp': {},
  'peer.forget': {},
  'knock.dismiss': { knock: null },
  'request.review': {},
  'request.undo': {},
  'request.rejectAll': { rejected: 1 },
  'session.messages': { messages: [message], more: false },
  'session.send': message,
  'session.close': request,
  'handshake.abort': { request },
  'session.sendFile': file,
  'session.cancelFile': {},
  'ledger.rows': { rows: [], total: 0 },
  'ledger.verify': { valid: true, count: 0, brokenSeq: null, reason: null },
  'ledger.tokens': { tokens: [] },
  'ledger.goOn': {},
  'audit.peer': audit,
  'audit.file': audit,
  'audit.urls': audit,
  'audit.save': { fileName: 'alice.countersign' },
  'api.state': api,
  'settings.set': settings,
  'window.minimize': {},
  'window.maximize': { maximized: true },
  'window.close': {},
  'approval.current': { approval: null, selfName: 'alice' },
  'approval.move': {},
  'approval.decide': { undoUntil: 1 },
  'approval.undo': {},
  'approval.close': {},
}

export interface SampleWallet {
  readonly wallet: WalletApi
  /** Method and a copy of its arguments, in the order of the calls. */
  readonly calls: { readonly method: string; readonly args: unknown }[]
  /** What the next calls answer or throw instead of the sample. */
  answer: (() => unknown) | null
  push(name: 'onPatch' | 'onKdf' | 'onApproval' | 'onReview', value?: unknown): void
}

/** A wallet in memory that answers every command with its sample. */
export const createSampleWallet = (): SampleWallet => {
  const listeners = new Map<string, Set<(value: unknown) => void>>()
  const sample: SampleWallet = {
    wallet: {} as WalletApi,
    calls: [],
    answer: null,
    push: (name, value) => {
      for (const listener of listeners.get(name) ?? []) listener(value)
    },
  }
  const methods: Record<string, unknown> = { close: () => Promise.resolve() }
  for (const name of ['onPatch', 'onKdf', 'onApproval', 'onReview']) {
    const set = new Set<(value: unknown) => void>()
    listeners.set(name, set)
    methods[name] = (listener: (value: unknown) => void) => {
      set.add(listener)
      return () => set.delete(listener)
    }
  }
  for (const [name, result] of Object.entries(sampleResults)) {
    const method = methodOf(name as keyof AllCommands)
    methods[method] = async (args: unknown) => {
      sample.calls.push({ method, args: structuredClone(args) })
      return sample.answer === null ? result : sample.answer()
    }
  }
  Object.assign(sample.wallet, methods)
  return sample
}
