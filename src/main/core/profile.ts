import {
  type HistoryDto,
  type HsStep,
  type KnockDto,
  type MessageDto,
  type NoticeDto,
  type PeerDto,
  PeerPolicy,
  type SessionDto,
} from '../../contract/index.ts'
import { type Approvals, createApprovals } from './approvals/approvals.ts'
import { names, policyAnswer, type StandingOrders } from './approvals/policy.ts'
import type { PeerId } from './brand.ts'
import type { DomainEvent } from './events.ts'
import { AppFault } from './fault.ts'
import { createEngine, type Engine, LONGEST_WAIT_MS } from './hs/engine.ts'
import type { HsDraft } from './hs/messages.ts'
import { createReceiver } from './hs/receive.ts'
import type { Self } from './hs/self.ts'
import type { HttpGet } from './ledger/audit-url.ts'
import { createLedger } from './ledger/ledger.ts'
import { createLedgerView } from './ledger-view.ts'
import { createM2mSide, type M2mSide } from './m2m-side.ts'
import { createNotices } from './notices.ts'
import { keepKnown } from './peers/asides.ts'
import { createPeerBook } from './peers/peer-book.ts'
import { createPresence } from './peers/presence.ts'
import { isFrozen, labelOf, withPolicy } from './peers/trust.ts'
import type { Cancel, Ports, SocketFiles } from './ports.ts'
import { historyDto, peerDto } from './profile-dto.ts'
import { createProfileM2m, type ProfileM2m } from './profile-m2m.ts'
import { createRecovery } from './recovery.ts'
import { createRegistering } from './registering.ts'
import { decodeRelayLine, encodeClientLine, type Sendable } from './relay/envelope.ts'
import { checkInbound } from './relay/inbound.ts'
import type { Transport, TransportEvent } from './relay/transport.ts'
import { createSessions, messageDto } from './session/sessions.ts'
import type { PeerRow, RequestRow } from './store/rows.ts'
import type { Store } from './store/store.ts'
import { createWork, type Touched, type Work } from './work.ts'

/** Setting of a profile that comes from a backup and has not been open since. */
export const RESTORED = 'restored'
/** Setting: sessions of before the backup have still to be ended on the own chain. */
const LOST = 'lost'
const TICK_PAUSE_MS = 1_000
/** A register carries the card at least so often. */
const CARD_EVERY_MS = 24_000

export interface ProfileDeps {
  readonly ports: Ports
  readonly store: Store
  readonly self: Self
  readonly transport: Transport
  readonly orders: StandingOrders
  readonly appVersion: string
  readonly discoverable: () => boolean
  /** Speaks only the profile of the original agents. */
  readonly hsOnly: boolean
  /** Commitment to the keys of generation 1, hex, for a ledger that is made now; null where it is not to be had. */
  readonly next: string | null
  /** Absolute path of the folder where files of sessions land. */
  readonly downloads: () => string
  /** Where local programs may knock; left out: nowhere. */
  readonly programs?: { readonly folder: string; readonly files: SocketFiles }
  /** How addresses of ledgers are read. */
  readonly get: HttpGet
  readonly publish: (events: readonly { readonly seq: number; readonly event: DomainEvent }[], touched: ReadonlySet<Touched>) => void
}

/** The policy a request of step `policy` is about. */
const wantedPolicy = (extra: RequestRow['extra']): PeerPolicy | undefined => {
  const parsed = PeerPolicy.safeParse(extra['policy'])
  return parsed.success ? parsed.data : undefined
}

/** An unlocked profile at work: its threads, approvals and sessions on the relay. Stopped by locking. */
export interface Profile {
  readonly self: Self
  readonly approvals: Approvals
  readonly engine: Engine
  readonly m2m: ProfileM2m
  readonly work: Work
  /** One line of the relay; `at` is when it came (Unix ms), for lines kept while locked. */
  line(raw: string, at?: number): void
  /** Several changes as one transaction. */
  batch(change: () => void): void
  propose(peer: PeerId): void
  answer(peer: PeerId): RequestRow
  name(peer: PeerId, name: string): void
  policy(peer: PeerId, policy: PeerPolicy): void
  /** What lets a peer begin without asking is asked of the owner first, in the approval window. */
  askPolicy(peer: PeerId, policy: PeerPolicy): RequestRow
  zone(peer: PeerId, accepted: boolean): void
  keepKey(peer: PeerId): void
  forget(peer: PeerId): void
  dismiss(peer: PeerId): KnockDto | null
  send(session: string, text: string): MessageDto
  close(session: string): RequestRow
  messages(peer: PeerId, before: number | null): { messages: MessageDto[]; more: boolean }
  peers(): PeerDto[]
  peer(id: PeerId): PeerDto | null
  sessions(): SessionDto[]
  session(id: string): SessionDto | null
  message(id: number): MessageDto | null
  knocks(): KnockDto[]
  knock(id: PeerId): KnockDto | undefined
  notices(): NoticeDto[]
  noticeOf(id: number): NoticeDto | undefined
  history(limit: number): HistoryDto[]
  decision(seq: number): HistoryDto | undefined
  pinnedCount(): number
  /** Called when discoverability changed. */
  announce(): void
  stop(): void
}

export const openProfile = (deps: ProfileDeps): Profile => {
  const { ports, store, self, transport, orders } = deps
  const { clock } = ports
  let stopped = false
  let wake: Cancel = () => {}

  const work = createWork({
    transaction: (change) => store.transaction(change),
    store: (event) => store.events.append(event.event, JSON.parse(JSON.stringify(event))),
    publish: (events, touched) => {
      deps.publish(events, touched)
      flush()
      plan()
    },
  })

  const presence = createPresence((gone) => work.run(() => work.touch(gone)))
  const notices = createNotices({ work, clock, log: ports.log })
  const { notice, dropped } = notices
  const peers = createPeerBook({
    store,
    work,
    clock,
    presence,
    selfName: self.name,
    cardOf: (id) => (deps.hsOnly ? null : side.keysOf(id)),
    sessionsOf: (id) => [engine.peekInitiator(id), engine.peekResponder(id)].flatMap((t) => t.session ?? []),
  })

  const knock = (peer: PeerId, kind: KnockDto['kind']): void => {
    if (peers.get(peer).policy.kind === 'mute') return
    const entry = presence.knock(peer, kind, clock.now())
    work.touch(`knock:${peer}`)
    if ((entry.count & (entry.count - 1)) === 0) work.emit({ event: 'knock', peer, kind, count: entry.count })
  }

  const sessions = createSessions({ store, work, clock, dropped })
  const ledger = createLedger({
    ports,
    store,
    work,
    self,
    next: deps.next,
    onFork: (genesis) => side.forked(genesis),
    onRow: (machine, row) => {
      if (machine.custody !== 'own') return
      work.run(() => {
        work.touch(`row:${row.row.seq}`)
        work.touch('app')
      })
    },
  })
  let onlineSince: number | null = transport.state.name === 'connected' ? clock.now() : null
  const approvalsRef: { current?: Approvals } = {}
  const approvalsOf = (): Approvals => {
    if (!approvalsRef.current) throw new AppFault('INTERNAL', 'Approvals are not ready.')
    return approvalsRef.current
  }
  const engine = createEngine({
    ports,
    store,
    work,
    self,
    sessions,
    orders,
    peers,
    approvals: approvalsOf,
    knock,
    notice,
    dropped,
    onlineSince: () => onlineSince ?? clock.now(),
    ledger,
  })
  const approvals = createApprovals({
    ports,
    store,
    work,
    appVersion: deps.appVersion,
    build: (subject, expiresIn) => {
      const { peerId, role, step, extra } = subject
      return side.owns(subject) ? side.view(subject, expiresIn) : engine.view(peerId, role, step as HsStep, expiresIn, wantedPolicy(extra))
    },
    peer: peers.get,
    policy: (peer, subject) => side.policy(subject) ?? policyAnswer(peer, subject.step, orders, clock.now()),
    execute: (request, outcome) => {
      const policy = wantedPolicy(request.extra)
      if (request.step === 'policy') {
        if (policy && !('reason' in outcome)) peers.put(withPolicy(peers.get(request.peerId), policy))
        return
      }
      if (side.owns(request)) return side.execute(request, outcome)
      if (presence.unknock(request.peerId)) work.touch(`knock:${request.peerId}`)
      engine.execute(request, outcome)
    },
    refused: (request, why) => notice(request.peerId, 'caution', why),
  })
  approvalsRef.current = approvals
  const side: M2mSide = createM2mSide({
    ports,
    store,
    work,
    self,
    transport,
    peers,
    ledger,
    sessions,
    notices,
    approvals: approvalsOf,
    discoverable: deps.discoverable,
    policy: (peer, step) => policyAnswer(peer, step, orders, clock.now()),
    downloads: deps.downloads,
    closeAfter: orders.closeAfter,
    ...(deps.programs === undefined ? {} : { programs: deps.programs }),
    onOwnRows: (from, page) => recovery.page(from, page),
    onNoOwnRows: (from) => recovery.nothing(from),
    onPeer: (peer) => {
      recovery.ask(peer)
      endLost()
    },
  })
  const recovery = createRecovery({
    ledger,
    store,
    work,
    signPub: () => self.signPub,
    delivery: () => side.delivery,
    labelOf: (peer) => labelOf(peers.get(peer)),
    notice,
    onOver: () =>
      work.after(() => {
        guarded('the ends that were owed', side.engine.goOn)
        endLost()
      }),
  })
  /** What was open when the backup was made, and what was begun after it: nobody here has its keys. */
  const endLost = (): void => {
    if (store.settings.get(LOST) !== true || ledger.recovering() !== null || ledger.clockDoubt() !== null) return
    if (ledger.state(ledger.own().genesis).revokedAt !== null) return
    if (!side.endLost()) work.run(() => store.settings.remove(LOST))
  }
  const nameOf = (key: string): string => {
    const peer = peerOf(key)
    return peer === null ? `${key.slice(0, 8)}…` : labelOf(peers.get(peer))
  }
  /** Who has this ledger, or this signing key. */
  const peerOf = (key: string): PeerId | null => (ledger.followed(key)?.peerId as PeerId | undefined) ?? peers.bySignPub(key) ?? null
  const view = createLedgerView({ ledger, nameOf, peerOf })
  const m2m = createProfileM2m({
    ports,
    store,
    ledger,
    side,
    view,
    peers,
    sessions,
    recovery,
    approvals,
    selfName: self.name,
    get: deps.get,
  })
  /** Set while a line that came earlier is worked on: an hs is judged by when it came. */
  let receivedAt: number | null = null
  const receiver = createReceiver({ ports, receivedAt: () => receivedAt ?? clock.now(), store, work, self, engine, peers, orders, notice, dropped })

  /** A line that cannot be made (its text is not readable any more) must not hold up those behind it. */
  const rendered = (peerId: PeerId | null, slot: string, draft: HsDraft): string | null => {
    try {
      return engine.render(peerId, slot, draft)
    } catch (error) {
      ports.log.error('a line could not be made', { intent: draft.intent, error: error instanceof Error ? error.message : String(error) })
      return null
    }
  }

  /** Outbox to socket, in order; what the socket does not take waits for `connected` or `writable`. */
  let pumping = false
  const pump = (): void => {
    if (pumping || stopped || transport.state.name !== 'connected') return
    pumping = true
    try {
      for (let rows = store.outbox.due(clock.now(), 100); rows.length > 0; rows = store.outbox.due(clock.now(), 100))
        for (const row of rows) {
          const draft = row.payload as unknown as HsDraft
          if (row.peerId !== null && peers.frozen(row.peerId)) {
            store.outbox.done(row.id)
            continue
          }
          const line = rendered(row.peerId, row.slot, draft)
          if (line !== null && !transport.send(line)) return
          store.outbox.done(row.id)
        }
    } finally {
      pumping = false
    }
  }

  /** After a commit, or from a timer: whoever caused it has nothing to do with a store that refuses now. What was not sent stays in the outbox. */
  const flush = (): void => {
    try {
      pump()
      if (!stopped) side.handover?.pump()
      if (!stopped && transport.state.name === 'connected') side.pump()
    } catch (error) {
      ports.log.error('sending failed', { error: error instanceof Error ? error.message : String(error) })
    }
  }

  const plan = (): void => {
    wake()
    if (stopped) return
    const now = clock.now()
    let next: number | null = [approvals.nextExpiry(), side.nextDue()].reduce((a, b) => (a === null ? b : b === null ? a : Math.min(a, b)), null)
    for (const t of engine.threads())
      if (t.dueAt !== null && !peers.frozen(t.peerId)) next = Math.min(next ?? t.dueAt, t.dueAt > now + LONGEST_WAIT_MS ? now : t.dueAt)
    if (next !== null) wake = clock.schedule(Math.max(next - now, notBefore - now, 0), tick)
  }
  /** After a tick that failed (a full disk) the same one is still due: without a pause it would be tried without end. */
  let notBefore = 0
  const tick = (): void => {
    if (stopped) return
    // Each by itself: one that fails does not keep the timers of the others waiting.
    const done = [approvals.expire, engine.tick, side.tick].map((part) => guarded('tick', part))
    if (done.includes(false)) notBefore = clock.now() + TICK_PAUSE_MS
    flush()
    plan()
  }

  /** A failure inside one event must not end the process: it is logged, the transaction is rolled back, other threads go on. */
  const guarded = (what: string, run: () => void): boolean => {
    try {
      run()
      return true
    } catch (error) {
      const fault = error instanceof AppFault ? error : undefined
      ports.log.error(`${what} failed`, {
        error: fault ? `${fault.code}: ${fault.message}` : error instanceof Error ? (error.stack ?? error.message) : String(error),
      })
      if (fault) {
        try {
          notice(null, 'danger', fault.message)
        } catch {
          // The store itself refuses: the log has it.
        }
      }
      return false
    }
  }

  let cardShownAt = Number.NEGATIVE_INFINITY
  let shownCardHash = ''
  /** The card goes with a register when somebody new is there, when it changed, and every half minute. */
  const shownCard = (): { m2m?: Sendable } => {
    if (deps.hsOnly) return {}
    const key = side.delivery.registerKey()
    const now = clock.monotonic()
    if (key.card.sig === shownCardHash && now - cardShownAt < CARD_EVERY_MS) return {}
    shownCardHash = key.card.sig
    cardShownAt = now
    return { m2m: key as unknown as Sendable }
  }
  const registering = createRegistering({
    clock,
    random: ports.random,
    send: () =>
      deps.discoverable() &&
      transport.state.name === 'connected' &&
      transport.send(encodeClientLine({ to: null, intent: 'register', name: self.name, ...shownCard(), from: self.id })),
  })

  const line = (raw: string): void => {
    const decoded = decodeRelayLine(raw)
    if (decoded.kind === 'notice') {
      if (decoded.text.startsWith('Warning: You are sending messages too quickly')) side.slowDown()
      return notice(null, 'info', `The relay says: ${decoded.text}`)
    }
    if (decoded.kind === 'drop') return dropped(`line: ${decoded.why}`)
    const inbound = checkInbound(decoded.payload, self.id)
    if (!inbound.ok) {
      if (inbound.why === 'elsewhere') receiver.overheard(decoded.payload)
      else dropped(`message: ${inbound.why}`)
      return
    }
    const fresh = presence.heard(inbound.from, decoded.remoteAddr, clock.now())
    peers.claim(inbound.from, inbound.payload['name'])
    const peer = peers.get(inbound.from)
    if (fresh) {
      work.run(() => {
        work.touch(`peer:${inbound.from}`)
        const profile = !deps.hsOnly && inbound.payload['m2m'] !== undefined ? 'm2m' : 'hs'
        if (!store.peers.get(inbound.from)) work.emit({ event: 'peer', peer: inbound.from, profile, trust: peer.trust, first: true })
      })
      cardShownAt = Number.NEGATIVE_INFINITY
      registering.announce()
      if (!deps.hsOnly) side.channels.wake(inbound.from)
    }
    if (!deps.hsOnly && takeM2m(inbound, fresh)) return
    if (fresh) follow(inbound.from)
    receiver.message(inbound.from, inbound.to === null, inbound.payload)
  }

  /** It has shown a card; after a restart or a restore it is known as such though the card has yet to come again. */
  const speaksM2m = (id: PeerId): boolean => !deps.hsOnly && (side.delivery.hasCard(id) || store.peers.get(id)?.profile === 'm2m')

  /** True: the line was of the m2m profile, or of a peer that speaks it. */
  const takeM2m = ({ from, to, intent, payload }: Extract<ReturnType<typeof checkInbound>, { ok: true }>, fresh: boolean): boolean => {
    if (intent === 'm2m') {
      if (to === null) dropped('m2m: to everybody')
      else side.receive(from, payload)
      return true
    }
    if (intent === 'register' && payload['m2m'] !== undefined) {
      const known = side.delivery.hasCard(from)
      side.delivery.fromRegister(from, payload['m2m'])
      if ((!known || fresh) && side.delivery.hasCard(from)) followM2m(from)
    } else if (intent === 'register') {
      side.delivery.heard(from)
      if (fresh && side.delivery.hasCard(from)) followM2m(from)
    }
    if (!speaksM2m(from)) return false
    // A peer that showed a card never becomes one of the older profile by itself: that would be a downgrade.
    if (intent !== 'register') dropped(`m2m: ${intent} of the older profile`)
    return true
  }

  /** Standing orders about a peer that just appeared or showed its card. When both begin, the two proposals become one. */
  const followM2m = (id: PeerId): void => {
    if (!(names(orders.propose, id) || names(orders.meet, id)) || peers.frozen(id) || side.live(id)) return
    try {
      side.propose(id)
    } catch (error) {
      if (!(error instanceof AppFault)) throw error
      notice(id, 'caution', error.message)
    }
  }

  /** Standing orders about a peer that just appeared. */
  const follow = (id: PeerId): void => {
    const t = engine.peekInitiator(id)
    if (t.state !== 'init_ready' || t.wanted || t.asking || peers.frozen(id)) return
    if (names(orders.propose, id) || (orders.reconnect && t.peerReference !== null)) engine.initiator(id, { type: 'want' })
  }

  const offTransport = transport.on((event: TransportEvent) => {
    if (event.type === 'state') onlineSince = event.state.name === 'connected' ? (onlineSince ?? clock.now()) : null
    if (event.type === 'state' && event.state.name === 'connected') registering.begin()
    if (event.type === 'writable' || event.type === 'state') flush()
    if (event.type === 'tooLong') dropped('line: too long')
  })

  const named = (id: PeerId): PeerRow => peers.get(id)
  const update = (id: PeerId, change: (peer: PeerRow) => PeerRow): void => work.run(() => peers.put(change(named(id))))
  const openSession = (id: string) => {
    const row = store.sessions.get(id)
    if (!row) throw new AppFault('NOT_FOUND', 'There is no such session.')
    return row
  }
  const sessionDto = (id: string): SessionDto | null => {
    const row = store.sessions.get(id)
    if (!row) return null
    const t = row.role === 'initiator' ? engine.peekInitiator(row.peerId) : engine.peekResponder(row.peerId)
    const m2mStanding = side.standing(row)
    if (m2mStanding) return sessions.dto(row, { ...m2mStanding, ourTurn: true })
    const current = t.session === id
    return sessions.dto(row, {
      frozen: isFrozen(named(row.peerId)),
      ourTurn: current && t.localNonce === null,
      mayClose: current && (t.state === 'init_exchange' || t.state === 'resp_exchange') && !t.asking && !t.concluding,
    })
  }
  const requestOf = (peer: PeerId, role: 'initiator' | 'responder', step?: string): RequestRow => {
    const request = approvals.waiting().find((r) => r.peerId === peer && r.role === role && (step === undefined || r.step === step))
    if (!request) throw new AppFault('STATE', 'This is not possible in the present state.')
    return request
  }
  const dto = (id: PeerId): PeerDto | null => {
    const stored = store.peers.get(id)
    const seen = presence.get(id)
    if (!stored && !seen) return null
    return peerDto({
      peer: named(id),
      now: clock.now(),
      online: seen !== undefined && clock.now() - seen.lastSeen < 30_000,
      initiator: engine.peekInitiator(id),
      responder: engine.peekResponder(id),
      knock: presence.knockOf(id),
      sessions: store.sessions.count(id),
      genesis: side.keysOf(id)?.genesis ?? null,
      caught: side.caught(id),
      m2m: speaksM2m(id) ? side.status(id) : null,
    })
  }

  const profile: Profile = {
    self,
    approvals,
    engine,
    m2m,
    work,
    line: (raw, at) => {
      receivedAt = at ?? null
      guarded('line', () => line(raw))
      receivedAt = null
    },
    batch: (change) => work.run(change),
    propose: (id) => {
      const peer = named(id)
      if (isFrozen(peer)) throw new AppFault('STATE', 'Nothing can be proposed to this peer before you decide on its key.')
      if (side.caught(id) !== null) throw new AppFault('STATE', 'Its ledger contradicts itself. Nothing is agreed with it any more.')
      if (speaksM2m(id)) return side.propose(id)
      const t = engine.peekInitiator(id)
      if (t.state !== 'init_ready') throw new AppFault('STATE', 'A session of yours with this peer is under way already.')
      work.run(() => {
        peers.put({ ...peer, wanted: true })
        engine.initiator(id, { type: 'want' })
      })
    },
    answer: (id) => {
      if (peers.frozen(id)) throw new AppFault('STATE', 'Nothing can be answered before you decide on this peer’s key.')
      // Looked up inside the transaction: after it a policy may have decided already.
      return work.run(() => {
        engine.responder(id, { type: 'answer' })
        return requestOf(id, 'responder')
      })
    },
    name: (id, name) => update(id, (peer) => ({ ...peer, name: name.trim() === '' ? null : name.trim() })),
    policy: (id, policy) =>
      work.run(() => {
        update(id, (peer) => withPolicy(peer, policy))
        if (policy.kind === 'block') {
          engine.stop(id, 'The peer was blocked.')
          side.engine.stop(id, 'user')
        }
      }),
    askPolicy: (id, policy) =>
      work.run(() => {
        // Kept from now on: what is shown of it must be the same when the decision is carried out.
        if (!store.peers.get(id)) peers.put(named(id))
        return approvals.askPolicy(id, policy)
      }),
    zone: (id, accepted) => update(id, (peer) => ({ ...peer, zoneSkewAccepted: accepted && peer.zoneSkewMinutes !== null })),
    keepKey: (id) => update(id, keepKnown),
    forget: (id) =>
      work.run(() => {
        engine.forget(id)
        side.engine.stop(id, 'user')
        side.delivery.forget(id)
        store.peers.remove(id)
        peers.forget(id)
        presence.forget(id)
        work.touch(`peer:${id}`)
        work.touch(`knock:${id}`)
      }),
    dismiss: (id) => {
      const known = presence.knockOf(id) ?? null
      work.run(() => {
        presence.unknock(id)
        work.touch(`knock:${id}`)
      })
      return known
    },
    send: (id, text) => {
      const row = openSession(id)
      if (peers.frozen(row.peerId)) throw new AppFault('STATE', 'This session is frozen until you decide on the peer’s key.')
      const ofM2m = side.standing(row) !== null
      const message = work.run(() => {
        const written = sessions.write(id, text)
        if (ofM2m) side.send(id, text, written.id)
        return written
      })
      if (!ofM2m) engine.speak(row.peerId, row.role)
      return messageDto(store.messages.get(message.id) ?? message)
    },
    close: (id) => {
      const row = openSession(id)
      const thread = side.engine.ofSession(row.id)
      if (thread)
        return work.run(() => {
          side.engine.close(thread.id)
          return requestOf(row.peerId, row.role, 'close')
        })
      const t = row.role === 'initiator' ? engine.peekInitiator(row.peerId) : engine.peekResponder(row.peerId)
      if (t.session !== id) throw new AppFault('STATE', 'This session is over already.')
      return work.run(() => {
        if (row.role === 'initiator') engine.initiator(row.peerId, { type: 'askConclude' })
        else engine.responder(row.peerId, { type: 'askClose' })
        return requestOf(row.peerId, row.role)
      })
    },
    messages: (peer, before) => {
      const page = store.messages.page(peer, before, 200)
      return { messages: page.messages.map(messageDto), more: page.more }
    },
    peers: () => [...new Set([...store.peers.all().map((p) => p.id), ...presence.all().keys()])].flatMap((id) => dto(id) ?? []),
    peer: dto,
    sessions: () => store.sessions.all().flatMap((row) => sessionDto(row.id) ?? []),
    session: sessionDto,
    message: (id) => {
      const row = store.messages.get(id)
      return row ? messageDto(row) : null
    },
    knocks: presence.knocks,
    knock: presence.knockOf,
    notices: notices.all,
    noticeOf: notices.of,
    history: (limit) => store.decisions.page(null, limit).map((entry) => historyDto(entry, labelOf(named(entry.peer as PeerId)))),
    decision: (seq) => {
      const entry = store.decisions.page(seq + 1, 1)[0]
      return entry && entry.seq === seq ? historyDto(entry, labelOf(named(entry.peer as PeerId))) : undefined
    },
    pinnedCount: peers.pinnedCount,
    announce: registering.announce,
    stop: () => {
      if (stopped) return
      stopped = true
      offTransport()
      side.stop()
      wake()
      registering.stop()
      approvals.stop()
    },
  }

  guarded('start', () => {
    store.replay.prune(clock.now())
    if (store.settings.get(RESTORED) === true) {
      // What was on its way when the backup was made may have gone on elsewhere: only what had ended is continued.
      work.run(() => {
        for (const t of engine.threads()) engine.stop(t.peerId, 'This wallet was restored from a backup.')
        for (const row of store.sessions.all())
          if (row.endedAt === null && row.extra['m2m'] != null)
            sessions.end(row.id, 'ended', 'This wallet was restored from a backup, which holds no session keys.')
        store.settings.remove(RESTORED)
        store.settings.set(LOST, true)
        ledger.setRecovering('restored')
      })
    }
    work.run(() => {
      for (const t of engine.threads()) if (t.session !== null) work.emit({ event: 'session', id: t.session, peer: t.peerId, role: t.role, state: 'open' })
    })
    side.start()
    recovery.ask()
    endLost()
    tick()
    engine.resume()
    approvals.reconsider()
  })
  if (transport.state.name === 'connected') registering.begin()
  return profile
}
