import { type FileDto, type HandshakeDto, M2mStep, type PeerDto, type SessionDto, type View } from '../../contract/index.ts'
import type { Approvals, Outcome, Subject } from './approvals/approvals.ts'
import { buildM2mView } from './approvals/m2m-view.ts'
import type { PolicyAnswer } from './approvals/policy.ts'
import type { Genesis, PeerId } from './brand.ts'
import { fromHex } from './crypto/bytes.ts'
import { sha256Hex } from './crypto/hash.ts'
import { AppFault } from './fault.ts'
import type { Self } from './hs/self.ts'
import type { Head } from './ledger/head.ts'
import type { Ledger } from './ledger/ledger-types.ts'
import { headerOfCard } from './m2m/card.ts'
import type { CardNews, KnownPeer } from './m2m/card-book.ts'
import { createDelivery } from './m2m/delivery.ts'
import type { Delivery } from './m2m/delivery-types.ts'
import { createM2m } from './m2m/engine.ts'
import type { M2m, Preview, ThreadSummary } from './m2m/engine-types.ts'
import { lostSessions } from './m2m/lost.ts'
import { nonceOf } from './m2m/rows-of.ts'
import type { AskStep } from './m2m/thread.ts'
import { fileDto, forkNotice, handshakeDto, isSession, sessionChecks, sessionStep, statusText, wordsOf } from './m2m-dto.ts'
import type { Notices } from './notices.ts'
import { asideOf } from './peers/asides.ts'
import type { PeerBook } from './peers/peer-book.ts'
import { compareKeys, observeKeys, type PeerKeys, pinKeys } from './peers/trust.ts'
import type { Ports, SocketFiles } from './ports.ts'
import { askFrom } from './recovery.ts'
import { encodeClientLine, type SendableObject } from './relay/envelope.ts'
import type { Transport } from './relay/transport.ts'
import { type Channels, createChannels } from './session/channel/channels.ts'
import { createHandover, type Handover, handoverOf } from './session/handover/handover.ts'
import type { Sessions } from './session/sessions.ts'
import type { FileRow } from './store/files.ts'
import type { PeerRow, RequestRow, SessionRow } from './store/rows.ts'
import type { Store } from './store/store.ts'
import type { Work } from './work.ts'

/** Handshakes that ended before they became a session, kept in view. */
const MOST_ENDED = 50
/** A larger file is a person's to accept, whatever the policy: 1 GiB. */
const MOST_AUTO_BYTES = 1_073_741_824
/** Files that were sent or came, kept in view. */
const MOST_FILES = 200

export interface M2mSideDeps {
  readonly ports: Ports
  readonly store: Store
  readonly work: Work
  readonly self: Self
  readonly transport: Transport
  readonly peers: PeerBook
  readonly ledger: Ledger
  readonly sessions: Sessions
  readonly notices: Pick<Notices, 'notice' | 'dropped'>
  readonly approvals: () => Approvals
  readonly discoverable: () => boolean
  /** Whether a step with this peer is decided without a person. */
  readonly policy: (peer: PeerRow, step: M2mStep) => PolicyAnswer
  /** Absolute path of the folder where files land. */
  readonly downloads: () => string
  /** Sessions that we began are concluded after so many messages of the peer; null: never. */
  readonly closeAfter: number | null
  /** Where local programs may knock; left out: nowhere. */
  readonly programs?: { readonly folder: string; readonly files: SocketFiles }
  /** A page of the own chain that a peer kept. */
  readonly onOwnRows: (from: PeerId, page: { readonly rows: readonly unknown[]; readonly head: Head | null; readonly next: number | null }) => void
  /** The peer has nothing of the own chain, or shows nothing of it. */
  readonly onNoOwnRows: (from: PeerId) => void
  /** A card or a message of this peer came; after the transaction. */
  readonly onPeer: (peer: PeerId) => void
}

/** The m2m profile of an open wallet: cards, handshakes, channels, joined to approvals, sessions and peers. */
export interface M2mSide {
  readonly delivery: Delivery
  readonly engine: M2m
  readonly channels: Channels
  /** Null: no program may knock. */
  readonly handover: Handover | null
  /** A payload with intent `m2m`. */
  receive(from: PeerId, payload: Readonly<Record<string, unknown>>): void
  /** Keys in force of a peer that has shown a card; null for one that has not. */
  keysOf(peer: PeerId): (PeerKeys & { readonly genesis: Genesis; readonly name: string }) | null
  /** After a restore: ends what the own chain has begun and nobody holds the keys of. @returns whether some wait for their peer's card. */
  endLost(): boolean
  /** A contradiction in a peer's ledger was recorded; inside the transaction. */
  forked(genesis: Genesis): void
  /** What was proved against a peer's ledger. */
  caught(peer: PeerId): PeerDto['caught']
  view(subject: Subject, expiresIn: number): View
  policy(subject: Subject): PolicyAnswer | null
  execute(request: RequestRow, outcome: Outcome): void
  /** Is the request about this profile? */
  owns(request: Pick<RequestRow, 'extra'>): boolean
  propose(peer: PeerId): void
  status(peer: PeerId): { readonly text: string | null; readonly busy: boolean }
  /** A handshake or a session with this peer that is not over. */
  live(peer: PeerId): boolean
  handshakes(): HandshakeDto[]
  handshake(nonce: string): HandshakeDto | null
  files(): FileDto[]
  file(id: string): FileDto | null
  fileDto(row: FileRow): FileDto
  /** What may be done in a session of this profile. */
  standing(row: SessionRow): { readonly frozen: boolean; readonly mayClose: boolean; readonly told: Pick<SessionDto, 'evidence' | 'steps'> } | null
  send(session: string, text: string, message: number): void
  /** The relay says that lines come too quickly. */
  slowDown(): void
  pump(): void
  tick(): void
  nextDue(): number | null
  start(): void
  stop(): void
}

const threadOf = (extra: RequestRow['extra']): string | null => (typeof extra['m2m'] === 'string' ? extra['m2m'] : null)
const fileOf = (extra: RequestRow['extra']): string | null => (typeof extra['file'] === 'string' ? extra['file'] : null)

/** Threads of `Delivery.sync` in the outbox: who is asked, and for whose chain. */
const isSync = (thread: string): boolean => thread.startsWith('sync:')

export const createM2mSide = (deps: M2mSideDeps): M2mSide => {
  const { ports, store, work, self, transport, peers, ledger, sessions } = deps
  const { notice, dropped } = deps.notices

  const keysOf: M2mSide['keysOf'] = (peer) => {
    const known = delivery.peerOf(peer)
    return known ? { signPub: known.keys.sign_pub, kxPub: known.keys.kx_pub, genesis: known.genesis, name: known.card.name } : null
  }
  const mustHaveKeys = (peer: PeerId): PeerKeys & { readonly genesis: Genesis } => {
    const keys = keysOf(peer)
    if (!keys) throw new AppFault('STATE', 'This peer has not shown a card.')
    return keys
  }
  const machineOf = (peer: PeerId) => {
    const known = delivery.peerOf(peer)
    return known ? { genesis: known.genesis, header: headerOfCard(known.card) } : null
  }
  const caught: M2mSide['caught'] = (peer) => {
    const keys = keysOf(peer)
    const fork = keys === null ? null : (ledger.followed(keys.genesis)?.fork ?? null)
    return fork === null ? null : { code: fork.code, why: fork.why, at: fork.at, proof: fork.proof !== null }
  }
  const frozen = (peer: PeerId): boolean => peers.frozen(peer) || caught(peer) !== null

  const channels: Channels = createChannels({
    ports,
    store,
    work,
    transmit: (peerId, d) =>
      transport.state.name === 'connected' && transport.send(encodeClientLine({ to: peerId, intent: 'm2m', d: { ...d }, from: self.id })),
    onText: (session, text) => {
      sessions.deliver(session, { kind: 'opened', text, secNonce: '' })
      handover?.text(session, text)
      work.after(() => concludeWhenDone(session))
    },
    onDelivered: (session, message) => sessions.delivered(session, message),
    onApp: (session, name, bytes) =>
      handover?.app(session, name, bytes) || dropped(`a message for a program (${name.slice(0, 64)}), and none has this session`),
    onOffer: (file) => deps.approvals().askFor(fileSubject(file)),
    onFile: (file) => {
      work.touch(`file:${file.id}`)
      if (file.state === 'cancelled' || file.state === 'failed' || file.state === 'refused') deps.approvals().unaskFor((r) => fileOf(r.extra) === file.id)
    },
    onClose: (session, reason) => engine.channelClosed(session, reason),
    dropped: (why) => dropped(`session: ${why}`),
  })

  /** A session of ours in which as many messages came as were ordered. */
  const concludeWhenDone = (session: string): void => {
    if (deps.closeAfter === null) return
    const t = engine.ofSession(session)
    if (t?.role !== 'initiator' || t.state !== 'open' || t.asking.length > 0 || sessions.rounds(session) < deps.closeAfter) return
    engine.close(t.id)
  }

  const fileSubject = (file: FileRow): Subject => ({
    peerId: file.peer,
    role: engine.ofSession(file.session)?.role ?? 'responder',
    step: 'file',
    extra: { file: file.id },
  })
  const delivery: Delivery = createDelivery({
    ports,
    store,
    work,
    ledger,
    self,
    suites: ['x25519'],
    discoverable: deps.discoverable,
    frozen: peers.frozen,
    hasThread: (genesis) => engine.hasThread(genesis),
    transmit: (payload) => transport.state.name === 'connected' && transport.send(encodeClientLine({ ...payload } as SendableObject)),
    onMessage: (message) => {
      if (message.t === 'rows' && message.page !== undefined) deps.onOwnRows(message.from, { rows: message.page, head: message.head, next: message.next })
      work.after(() => deps.onPeer(message.from))
      // What it says is kept with its rows, and moves nothing any more.
      if (caught(message.from) !== null) return null
      const answer = engine.message(message)
      // A seal moves no state, and still says more of its session.
      for (const { row } of message.rows) {
        const t = engine.thread(nonceOf(row) ?? '')
        if (t?.peerId === message.from && t.sessionId !== null) work.touch(`session:${t.sessionId}`)
      }
      return answer
    },
    onGaveUp: (thread, peerId) => {
      // Nobody else asks it again as long as it shows the same card.
      if (isSync(thread)) work.after(() => deps.onPeer(peerId))
      else engine.gaveUp(thread)
    },
    onRefused: (thread, peerId, { code }) => {
      if (isSync(thread) && (code === 'not_found' || code === 'forbidden')) deps.onNoOwnRows(peerId)
      // It holds another row for the place of one of ours, perhaps one that another copy of this profile signed.
      else if (!isSync(thread) && code === 'bad_row') delivery.sync(peerId, ledger.own().genesis, askFrom(ledger))
    },
    onCard: (from, card, { news }) => {
      switch (news.kind) {
        case 'seen':
          if (squats(from, news.peer)) return
          return learn(from, { signPub: news.peer.keys.sign_pub, kxPub: news.peer.keys.kx_pub }, false, card.name)
        case 'refreshed':
          if (news.movedFrom !== null && squats(from, news.peer)) return
          return learn(from, { signPub: news.peer.keys.sign_pub, kxPub: news.peer.keys.kx_pub }, news.rotated, card.name)
        case 'same':
          return learn(from, { signPub: news.peer.keys.sign_pub, kxPub: news.peer.keys.kx_pub }, false, card.name)
        case 'changed':
          return changed(news)
        case 'superseded':
          return notice(news.peer.peerId, 'danger', 'Somebody shows a card signed by keys that this peer has given up. It was not taken.')
        case 'self':
          work.after(() => deps.onPeer(from))
          return notice(null, 'danger', 'Somebody on this relay shows a card with your own keys. Is this identity in use elsewhere?')
        case 'stale':
      }
    },
    onFork: (from, genesis, fork) => {
      // What was recorded is told by `forked`; what anybody could have made up convicts nobody.
      if ((ledger.followed(genesis)?.fork ?? null) === null)
        notice(from, 'caution', `Something this peer showed of its ledger does not hold: ${fork.why}. It was not taken.`)
    },
    note: notice,
    dropped,
  })

  /**
   * A card that is new under the id of a pinned peer, by other keys than its own: of a peer of the older profile, or one whose card is not at hand
   * after a restore. It is a change for the person to judge, and must not stand where the peer's own card belongs.
   */
  const squats = (from: PeerId, peer: KnownPeer): boolean => {
    const row = store.peers.get(from)
    const keys = { signPub: peer.keys.sign_pub, kxPub: peer.keys.kx_pub }
    if (row === undefined || compareKeys(row, keys) !== 'changed' || ledger.followedByPeer(from).some((one) => one.genesis === peer.genesis)) return false
    delivery.forget(from)
    if (asideOf(row).includes(peer.genesis)) {
      dropped('m2m: a card that was put aside')
      return true
    }
    notice(from, 'danger', 'Somebody shows a ledger and other keys under this peer’s id. Nothing is sent to it before you decide.')
    peers.put({ ...observeKeys(row, keys, ports.clock.now()), extra: { ...row.extra, presentedLedger: peer.genesis } })
    return true
  }

  /** Another ledger under a known id or key: of a pinned peer nothing is sent or taken before a person decides, and what was put aside stays so. */
  const changed = ({ known, presented }: Extract<CardNews, { kind: 'changed' }>): void => {
    const row = store.peers.get(known.peerId)
    const asides = asideOf(row)
    if (asides.includes(presented.genesis)) return dropped('m2m: a card that was put aside')
    notice(known.peerId, 'danger', 'Somebody shows another ledger under this peer’s id or key. Nothing is sent to it before you decide.')
    if (row?.pinnedAt == null) return
    const keys = { signPub: presented.keys.sign_pub, kxPub: presented.keys.kx_pub }
    const seen = observeKeys(row, keys, ports.clock.now())
    // The same keys under another ledger are no less a change.
    peers.put({
      ...seen,
      trust: seen.trust === 'blocked' ? 'blocked' : 'changed',
      presented: keys,
      extra: { ...row.extra, presentedLedger: presented.genesis },
    })
  }

  /** What fails here must not keep the parts after it from their turn: it is logged, and told. */
  const guarded = (what: string, run: () => void): boolean => {
    try {
      run()
      return true
    } catch (error) {
      const fault = error instanceof AppFault ? error : undefined
      ports.log.error(`${what} failed`, {
        error: fault ? `${fault.code}: ${fault.message}` : error instanceof Error ? (error.stack ?? error.message) : String(error),
      })
      try {
        notice(null, 'danger', fault?.message ?? 'A part of the wallet does not work as it should. Lock it and unlock it again.')
      } catch {
        // The store itself refuses: the log has it.
      }
      return false
    }
  }

  /** A contradiction was recorded; after the transaction that did. */
  const forked = (genesis: Genesis): void => {
    const held = ledger.followed(genesis)
    if (held?.fork == null) return
    const from = delivery.peerOf(genesis)?.peerId ?? (held.peerId as PeerId)
    const { fork } = held
    // Apart from its threads: one that cannot be frozen must not take the others, or the notice, with it.
    guarded('the notice of a fork', () =>
      work.run(() => {
        notice(from, 'danger', forkNotice(fork))
        work.touch(`peer:${from}`)
      }),
    )
    guarded('freezing the sessions of a fork', () => engine.forked(genesis, fork.why))
  }

  /** Keys that a card proved. Nothing is stored of a peer that nobody dealt with: its card is remembered, no more. */
  const learn = (from: PeerId, keys: PeerKeys, rotated: boolean, name: string): void => {
    peers.claim(from, name)
    work.touch(`peer:${from}`)
    work.after(() => deps.onPeer(from))
    const row = store.peers.get(from)
    if (!row) return
    if (rotated && row.pinnedAt !== null && row.trust !== 'changed' && row.trust !== 'blocked') {
      peers.put({ ...row, ...keys, trust: 'pinned', presented: null, profile: 'm2m' })
      return notice(from, 'caution', 'This peer replaced its keys, by the keys it had committed to. It stays pinned; verify it again when you can.')
    }
    const seen = observeKeys(row, keys, ports.clock.now())
    if (seen.trust === 'changed' && row.trust !== 'changed')
      notice(from, 'danger', 'This peer’s key is not the one you pinned. Its sessions are frozen until you decide.')
    if (seen.trust !== row.trust || seen.signPub !== row.signPub || row.profile !== 'm2m') peers.put({ ...seen, profile: 'm2m' })
  }

  const byThread = (id: string) => (request: RequestRow) => threadOf(request.extra) === id
  const subjectOf = (t: Pick<ThreadSummary, 'id' | 'peerId' | 'role'>, step: AskStep): Subject => ({
    peerId: t.peerId,
    role: t.role,
    step,
    extra: { m2m: t.id },
  })
  const pin = (peerId: PeerId): void => peers.put({ ...pinKeys(peers.get(peerId), mustHaveKeys(peerId), ports.clock.now()), profile: 'm2m' })
  const mayPin = (step: string): boolean => step === 'propose' || step === 'accept'

  const engine: M2m = createM2m({
    ports,
    store,
    work,
    ledger,
    delivery,
    channels,
    self,
    peers: { get: peers.get, frozen, machineOf },
    approvals: () => ({
      ask: (thread, peerId, step, expiresAt) => {
        const t = engine.thread(thread)
        // Kept from now on: what the person is asked about must be the same after a restart.
        peers.put({ ...observeKeys(peers.get(peerId), mustHaveKeys(peerId), ports.clock.now()), profile: 'm2m' })
        if (t) deps.approvals().askFor(subjectOf(t, step), expiresAt === null ? undefined : Math.round(expiresAt))
      },
      unask: (thread) => deps.approvals().unaskFor(byThread(thread)),
      asked: (thread, step) =>
        deps
          .approvals()
          .waiting()
          .some((r) => byThread(thread)(r) && r.step === step),
    }),
    auto: (t, step) => {
      // Asked for by a hand, and answered with the request: a policy decides it right after, like any other.
      if (step === 'close' || step === 'abort') return null
      const approved = deps.approvals().automatic(subjectOf(t, step), t.expiresAt === null ? null : Math.round(t.expiresAt))
      if (approved && mayPin(step)) pin(t.peerId)
      return approved
    },
    changed: (id) => {
      const t = engine.thread(id)
      deps.approvals().refresh(byThread(id))
      if (!t) return
      work.touch(`handshake:${t.nonce}`)
      work.touch(`peer:${t.peerId}`)
      if (t.sessionId !== null) work.touch(`session:${t.sessionId}`)
    },
    moved: (t) => {
      work.touch(`handshake:${t.nonce}`)
      work.touch(`peer:${t.peerId}`)
      work.touch('app')
      follow(t)
    },
    notice,
    dropped,
  })

  /** The session as people see it, after a move of its thread. */
  const follow = (t: ThreadSummary): void => {
    if (t.sessionId === null) return
    const row = store.sessions.get(t.sessionId)
    if (t.state === 'open' && !row) {
      const confirm = engine.confirmKey(t.sessionId)
      sessions.open({
        id: t.sessionId,
        peerId: t.peerId,
        role: t.role,
        fingerprint: confirm === null ? '' : sha256Hex(fromHex(confirm)).slice(0, 8),
        checks: sessionChecks,
        m2m: { nonce: t.nonce, suite: t.suite ?? 'x25519' },
      })
      return
    }
    // Ended already: by a restore, or before a restart.
    if (!row || row.endedAt !== null) return
    if (t.state === 'closing') sessions.closing(row.id)
    else if (t.state === 'closed') sessions.end(row.id, 'closed', `The session was closed: ${t.end?.text ?? 'done'}.`)
    else if (t.state === 'frozen') sessions.end(row.id, 'ended', `Frozen: ${t.frozen ?? 'the peer contradicted itself'}. Both ledgers are kept as evidence.`)
    else if (t.state === 'ended') sessions.end(row.id, 'ended', `The session ended: ${t.end?.text ?? 'done'}.`)
  }

  /** Null: no session of this profile. */
  const speakable = (id: string): { readonly peer: PeerId; readonly open: boolean } | null => {
    const row = store.sessions.get(id)
    return row && channels.has(id) ? { peer: row.peerId, open: row.state === 'open' && !frozen(row.peerId) } : null
  }
  const handover: Handover | null =
    deps.programs === undefined
      ? null
      : createHandover({
          ports,
          ...deps.programs,
          session: speakable,
          openSessions: () => store.sessions.all().flatMap(({ id }) => (speakable(id)?.open ? [id] : [])),
          ask: (session, extra, expiresAt) => {
            const t = engine.ofSession(session)
            if (!t) throw new AppFault('NOT_FOUND', 'There is no such session.')
            work.run(() => deps.approvals().askFor({ peerId: t.peerId, role: t.role, step: 'handover', extra }, expiresAt))
          },
          unask: (fits) => work.run(() => deps.approvals().unaskFor((r) => fits(r.extra))),
          waiting: channels.waiting,
          sendApp: channels.sendApp,
          sendText: (session, text) => work.run(() => channels.sendText(session, text, sessions.write(session, text).id)),
          tell: (session, text) => work.run(() => sessions.event(session, text)),
          after: (then) => work.run(() => work.after(then)),
          note: (text) => notice(null, 'info', text),
        })

  const mustBeFile = (id: string): FileRow => {
    const row = store.files.get(id)
    if (!row) throw new AppFault('NOT_FOUND', 'There is no such file.')
    return row
  }
  const facts = (preview: Preview): View['facts'] => [
    { label: 'Suites offered', value: (preview.suites.peer ?? preview.suites.own).join(', ') },
    ...(preview.suites.chosen === null ? [] : [{ label: 'Suite', value: preview.suites.chosen }]),
    { label: 'Session nonce', value: preview.nonce },
    ...(preview.sessionId === null ? [] : [{ label: 'Session id', value: preview.sessionId }]),
    ...(preview.ack === null ? [] : [{ label: `Answers their row ${preview.ack.seq}`, value: preview.ack.hash }]),
  ]

  const isOwnStep = (step: string): step is AskStep => ['propose', 'accept', 'key', 'activate', 'close', 'abort'].includes(step)

  const view: M2mSide['view'] = (subject, expiresIn) => {
    const { peerId, extra } = subject
    const keys = mustHaveKeys(peerId)
    const step = M2mStep.parse(subject.step)
    const common = {
      role: subject.role,
      step,
      self: { name: self.name, id: self.id, signPub: self.signPub },
      peer: peers.get(peerId),
      keys: { signPub: keys.signPub, kxPub: keys.kxPub },
      sessionsBefore: store.sessions.byPeer(peerId).filter((s) => s.endedAt !== null).length,
      expiresIn,
    }
    const ledgerFact = { label: 'Their ledger', value: keys.genesis }
    const fileId = fileOf(extra)
    if (fileId !== null) {
      const { name, size, hash } = mustBeFile(fileId)
      const about = { name, size, folder: deps.downloads() }
      return buildM2mView({ ...common, rows: [], match: { state: 'none' }, rest: false, facts: [ledgerFact, { label: 'SHA-256', value: hash }], file: about })
    }
    if (handover !== null && handoverOf(extra) !== null)
      return buildM2mView({ ...common, rows: [], match: { state: 'none' }, rest: false, facts: [ledgerFact, ...handover.facts(extra)] })
    const thread = threadOf(extra)
    if (thread === null || !isOwnStep(step)) throw new AppFault('STATE', 'This step is not possible any more.')
    const preview = engine.preview(thread, step)
    const { words } = preview
    const value = words.state === 'shown' ? wordsOf(words) : null
    return buildM2mView({
      ...common,
      rows: preview.rows,
      match: value ? { state: 'shown', value } : { state: words.state === 'shown' ? 'none' : words.state },
      rest: preview.rest,
      facts: [ledgerFact, ...facts(preview)],
    })
  }

  const execute = (request: RequestRow, outcome: Outcome): void => {
    const fileId = fileOf(request.extra)
    if (fileId !== null) {
      if ('reason' in outcome) channels.refuseFile(fileId)
      else {
        ports.files.makeFolder(deps.downloads())
        channels.acceptFile(fileId, deps.downloads())
      }
      return
    }
    if (handoverOf(request.extra) !== null) return handover?.execute(request.extra, 'reason' in outcome ? outcome.decision : 'approve')
    const thread = threadOf(request.extra)
    if (thread === null || !isOwnStep(request.step)) return
    if ('reason' in outcome) {
      engine.execute(thread, request.step, { rejected: true, reason: outcome.decision === 'expire' ? 'expired' : 'rejected' })
      return
    }
    if (mayPin(request.step)) pin(request.peerId)
    engine.execute(thread, request.step, { approved: true, scope: outcome.scope, decisionHash: outcome.decisionHash, by: outcome.by })
  }

  return {
    delivery,
    engine,
    channels,
    handover,
    receive: (from, payload) => {
      if ('d' in payload) {
        channels.frame(from, payload['d'])
        handover?.heard()
      } else delivery.receive(from, payload)
    },
    keysOf,
    endLost: () => {
      let waiting = false
      for (const lost of lostSessions({ ledger, random: ports.random, known: (nonce) => engine.thread(nonce) !== undefined })) {
        const peer = delivery.peerOf(lost.peerGenesis)
        if (peer === undefined) waiting = true
        else {
          let ended = false
          guarded('the end of a lost session', () => {
            ended = work.run(() => {
              ledger.follow(headerOfCard(peer.card), peer.peerId)
              if (engine.lost(lost.thread(peer.peerId))) return true
              delivery.sync(peer.genesis, peer.genesis, ledger.followed(peer.genesis)?.nextSeq ?? 0)
              return false
            })
          })
          waiting ||= !ended
        }
      }
      return waiting
    },
    forked: (genesis) => work.after(() => forked(genesis)),
    caught,
    view,
    policy: ({ peerId, step, extra }) => {
      // What leaves the wallet is a person's to give, whatever the policy.
      if (handoverOf(extra) !== null) return { auto: false }
      const thread = threadOf(extra)
      const t = thread === null ? undefined : engine.thread(thread)
      if (t?.rest && (step === 'key' || step === 'activate')) return { auto: true, policyId: 'rest', reason: null, by: 'person-earlier' }
      const fileId = fileOf(extra)
      // No order says how much of the disk a peer may fill.
      if (fileId !== null && mustBeFile(fileId).size > MOST_AUTO_BYTES) return { auto: false }
      return thread !== null || fileId !== null ? deps.policy(peers.get(peerId), M2mStep.parse(step)) : null
    },
    execute,
    owns: ({ extra }) => threadOf(extra) !== null || fileOf(extra) !== null || handoverOf(extra) !== null,
    propose: (peer) => void engine.propose(peer, { byPolicy: deps.policy(peers.get(peer), 'propose').auto }),
    status: (peer) => {
      const live = engine.live(peer).filter((t) => t.end === null && t.frozen === null)
      const asking = live.find((t) => t.asking.length > 0)
      const open = live.find((t) => t.state === 'open')
      const under = live.find((t) => t.state !== 'closed' && t.state !== 'open')
      return { text: asking ? 'Waits for your decision' : open ? 'Session open' : under ? statusText(under) : null, busy: under !== undefined }
    },
    live: (peer) => engine.threads().some((t) => t.peerId === peer && t.end === null && t.frozen === null && t.state !== 'closed'),
    handshakes: () => {
      const all = engine.threads().filter((t) => !isSession(t))
      const ended = all.filter((t) => t.end !== null || t.frozen !== null).sort((a, b) => b.since - a.since)
      return [...all.filter((t) => t.end === null && t.frozen === null), ...ended.slice(0, MOST_ENDED)].map(handshakeDto)
    },
    handshake: (nonce) => {
      const t = engine.thread(nonce)
      return t && !isSession(t) ? handshakeDto(t) : null
    },
    fileDto,
    files: () => channels.files().slice(-MOST_FILES).map(fileDto),
    file: (id) => {
      const row = store.files.get(id)
      return row ? fileDto(row) : null
    },
    standing: (row) => {
      const t = engine.ofSession(row.id)
      return t ? { frozen: frozen(row.peerId) || t.state === 'frozen', mayClose: t.may.close, told: { evidence: t.evidence, steps: sessionStep(t) } } : null
    },
    send: (session, text, message) => channels.sendText(session, text, message),
    slowDown: () => {
      delivery.slowDown()
      channels.slowDown()
    },
    pump: () => {
      delivery.pump()
      channels.pump()
    },
    tick: () => {
      let failed: { readonly error: unknown } | undefined
      for (const part of [delivery.tick, channels.tick, engine.tick]) {
        try {
          part()
        } catch (error) {
          // The timers of the others do not wait for it.
          failed ??= { error }
        }
      }
      if (failed) throw failed.error
    },
    nextDue: () => [delivery.nextDue(), channels.nextDue(), engine.nextDue()].reduce((a, b) => (a === null ? b : b === null ? a : Math.min(a, b)), null),
    start: () => {
      const channelsThere = guarded('the start of the channels', channels.resume)
      // Recorded, and the process was gone before its sessions were frozen.
      for (const genesis of new Set(engine.threads().flatMap((t) => (t.end === null && t.frozen === null && caught(t.peerId) !== null ? [t.peerGenesis] : []))))
        forked(genesis)
      // It ends sessions that have no channel: not those whose channels were only not looked at.
      if (channelsThere) guarded('the start of the handshakes', engine.resume)
      guarded('the start of the delivery', delivery.start)
      guarded('the start of the handover', () => handover?.start())
      // The last message came, and the process was gone before it concluded the session.
      for (const { sessionId } of engine.threads()) if (sessionId !== null) guarded('the end of a session', () => concludeWhenDone(sessionId))
    },
    stop: () => {
      handover?.stop()
      channels.lock()
    },
  }
}
