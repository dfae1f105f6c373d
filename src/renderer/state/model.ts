import type {
  AppDto,
  FileDto,
  HandshakeDto,
  HistoryDto,
  KnockDto,
  MessageDto,
  NoticeDto,
  Patch,
  PeerDto,
  RequestDto,
  RowDto,
  SessionDto,
  Snapshot,
} from '../../contract/dto.ts'

/** What the window has read of one conversation, oldest first. */
export interface Conversation {
  readonly messages: readonly MessageDto[]
  /** Older ones exist. */
  readonly more: boolean
}

export interface LedgerRows {
  /** By row number; null for one that was lost. */
  readonly rows: Readonly<Record<number, RowDto | null>>
  /** Places of the ledger; null before the first page was read. */
  readonly total: number | null
}

/** The core's state as the window last heard it. Lists keep the order in which things arrived. */
export interface Model {
  readonly seq: number
  readonly app: AppDto | null
  readonly peers: readonly PeerDto[]
  readonly requests: readonly RequestDto[]
  readonly knocks: readonly KnockDto[]
  /** Newest first. */
  readonly history: readonly HistoryDto[]
  readonly sessions: readonly SessionDto[]
  /** On their way to a session, or ended before they became one. */
  readonly handshakes: readonly HandshakeDto[]
  readonly files: readonly FileDto[]
  /** What was read of the own ledger, by row number; the rest is asked for where it is looked at. */
  readonly ledger: LedgerRows
  /** Newest first. */
  readonly notices: readonly NoticeDto[]
  readonly conversations: Readonly<Record<string, Conversation>>
}

const nothing = {
  peers: [],
  requests: [],
  knocks: [],
  history: [],
  sessions: [],
  handshakes: [],
  files: [],
  ledger: { rows: {}, total: null },
  notices: [],
  conversations: {},
} as const

export const emptyModel: Model = { seq: 0, app: null, ...nothing }

/** While the wallet is not open, nothing of the profile stays here, whatever was sent. */
function withoutProfile(model: Model): Model {
  return model.app?.stage === 'open' ? model : { ...model, ...nothing }
}

const newestFirst = (a: { at: number }, b: { at: number }): number => b.at - a.at

/** A whole snapshot replaces everything; conversations are asked for again when they are looked at. */
export function fromSnapshot(snapshot: Snapshot): Model {
  return withoutProfile({
    seq: snapshot.seq,
    app: snapshot.app,
    peers: snapshot.peers,
    requests: snapshot.requests,
    knocks: snapshot.knocks,
    history: [...snapshot.history].sort((a, b) => b.seq - a.seq),
    sessions: snapshot.sessions,
    handshakes: snapshot.handshakes,
    files: snapshot.files,
    ledger: nothing.ledger,
    notices: [...snapshot.notices].sort(newestFirst),
    conversations: {},
  })
}

/** Replaces the entry with the same key where it stands, so that no row moves under the pointer; a new one goes last. */
function put<T>(list: readonly T[], entry: T, same: (other: T) => boolean): readonly T[] {
  const at = list.findIndex(same)
  return at === -1 ? [...list, entry] : list.map((other, i) => (i === at ? entry : other))
}

function putMessage(conversation: Conversation | undefined, message: MessageDto): Conversation | undefined {
  if (conversation === undefined) return undefined
  const messages = put(conversation.messages, message, (other) => other.id === message.id)
  return { ...conversation, messages: [...messages].sort((a, b) => a.id - b.id) }
}

/** Applies one patch. Pure; the caller has checked the sequence number. */
export function applyPatch(model: Model, seq: number, patch: Patch): Model {
  const next = change({ ...model, seq }, patch)
  return withoutProfile(next)
}

function change(model: Model, patch: Patch): Model {
  switch (patch.kind) {
    case 'reset':
      return { ...emptyModel, seq: model.seq }
    case 'app':
      return { ...model, app: patch.app }
    case 'peer':
      return { ...model, peers: put(model.peers, patch.peer, (p) => p.id === patch.peer.id) }
    case 'peerGone':
      return {
        ...model,
        peers: model.peers.filter((p) => p.id !== patch.id),
        conversations: Object.fromEntries(Object.entries(model.conversations).filter(([peer]) => peer !== patch.id)),
      }
    case 'request':
      return { ...model, requests: put(model.requests, patch.request, (r) => r.id === patch.request.id) }
    case 'requestGone':
      return { ...model, requests: model.requests.filter((r) => r.id !== patch.id) }
    case 'knock':
      return { ...model, knocks: put(model.knocks, patch.knock, (k) => k.peer === patch.knock.peer) }
    case 'knockGone':
      return { ...model, knocks: model.knocks.filter((k) => k.peer !== patch.peer) }
    case 'history':
      return {
        ...model,
        history: [patch.entry, ...model.history.filter((h) => h.seq !== patch.entry.seq)].sort((a, b) => b.seq - a.seq),
      }
    case 'session':
      return { ...model, sessions: put(model.sessions, patch.session, (s) => s.id === patch.session.id) }
    case 'handshakeGone':
      return { ...model, handshakes: model.handshakes.filter((h) => h.id !== patch.id) }
    case 'handshake':
      return { ...model, handshakes: put(model.handshakes, patch.handshake, (h) => h.id === patch.handshake.id) }
    case 'file':
      return { ...model, files: put(model.files, patch.file, (f) => f.id === patch.file.id) }
    case 'row':
      return { ...model, ledger: { rows: { ...model.ledger.rows, [patch.row.seq]: patch.row }, total: patch.total } }
    case 'message': {
      const { peer } = patch.message
      const conversation = putMessage(model.conversations[peer], patch.message)
      return conversation === undefined ? model : { ...model, conversations: { ...model.conversations, [peer]: conversation } }
    }
    case 'notice':
      return { ...model, notices: [patch.notice, ...model.notices.filter((n) => n.id !== patch.notice.id)].sort(newestFirst) }
  }
}

/** Adds a page that was read (older messages, or the first page) to a conversation. */
export function withPage(model: Model, peer: string, page: { messages: readonly MessageDto[]; more: boolean }): Model {
  if (model.app?.stage !== 'open') return model
  const byId = new Map<number, MessageDto>()
  for (const message of page.messages) byId.set(message.id, message)
  for (const message of model.conversations[peer]?.messages ?? []) byId.set(message.id, message)
  const messages = [...byId.values()].sort((a, b) => a.id - b.id)
  return { ...model, conversations: { ...model.conversations, [peer]: { messages, more: page.more } } }
}

/** Rows kept here at most; those far from the last page go first. */
const keptRows = 4000

function near(rows: LedgerRows['rows'], seq: number): LedgerRows['rows'] {
  const all = Object.entries(rows)
  if (all.length <= keptRows) return rows
  return Object.fromEntries(all.filter(([at]) => Math.abs(Number(at) - seq) <= keptRows / 2))
}

/**
 * Adds a page of the own ledger that was read, newest first: at most `limit` rows before `before` (null: before the end). A number that the
 * page passes over is a row that was lost.
 */
export function withRows(model: Model, page: { rows: readonly RowDto[]; total: number }, asked: { before: number | null; limit: number }): Model {
  if (model.app?.stage !== 'open') return model
  const all: Record<number, RowDto | null> = { ...model.ledger.rows }
  let above = asked.before ?? page.total
  const lost = (down: number): void => {
    for (let seq = Math.max(down, above - keptRows); seq < above; seq += 1) all[seq] = null
  }
  for (const row of page.rows) {
    lost(row.seq + 1)
    all[row.seq] = row
    above = row.seq
  }
  if (page.rows.length < asked.limit) lost(0)
  const rows = near(all, page.rows[0]?.seq ?? asked.before ?? 0)
  // A row may have been appended while the page was on its way.
  return { ...model, ledger: { rows, total: Math.max(page.total, model.ledger.total ?? 0) } }
}
