import { type HistoryDto, type KnockDto, type MessageDto, type NoticeDto, type PeerDto, PeerPolicy, type SessionDto } from '../../contract/index.ts'
import { type Approvals, createApprovals } from './approvals/approvals.ts'
import { names, policyAnswer, type StandingOrders } from './approvals/policy.ts'
import type { PeerId } from './brand.ts'
import type { DomainEvent } from './events.ts'
import { AppFault } from './fault.ts'
import { createEngine, type Engine, LONGEST_WAIT_MS, type PeerBook } from './hs/engine.ts'
import type { HsDraft } from './hs/messages.ts'
import { createReceiver } from './hs/receive.ts'
import type { Self } from './hs/self.ts'
import { createPresence } from './peers/presence.ts'
import { admitName, claimedName, isFrozen, keepPinned, labelOf, nameSkeleton, newPeer, withPolicy } from './peers/trust.ts'
import type { Cancel, Ports } from './ports.ts'
import { historyDto, peerDto } from './profile-dto.ts'
import { decodeRelayLine, encodeClientLine } from './relay/envelope.ts'
import { checkInbound } from './relay/inbound.ts'
import type { Transport, TransportEvent } from './relay/transport.ts'
import { createSessions, messageDto } from './session/sessions.ts'
import type { PeerRow, RequestRow } from './store/rows.ts'
import type { Store } from './store/store.ts'
import { createWork, type Touched } from './work.ts'

/** Setting of a profile that comes from a backup and has not been open since. */
export const RESTORED = 'restored'
/** Notices kept for the window; they are in memory only. */
const MOST_NOTICES = 100
/** Register goes out again after 1 s, doubling to 10 s. */
const REGISTER_FIRST_MS = 1_000
const REGISTER_MOST_MS = 10_000
const TICK_PAUSE_MS = 1_000

export interface ProfileDeps {
  readonly ports: Ports
  readonly store: Store
  readonly self: Self
  readonly transport: Transport
  readonly orders: StandingOrders
  readonly appVersion: string
  readonly discoverable: () => boolean
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
  const presence = createPresence((gone) => work.run(() => work.touch(gone)))
  const notices: NoticeDto[] = []
  let noticeId = 0
  let stopped = false
  let wake: Cancel = () => {}
  let registerAgain: Cancel = () => {}
  let registerTries = 0
  let lastRegister = Number.NEGATIVE_INFINITY
  const drops = new Map<string, number>()

  const work = createWork({
    transaction: (change) => store.transaction(change),
    store: (event) => store.events.append(event.event, JSON.parse(JSON.stringify(event))),
    publish: (events, touched) => {
      deps.publish(events, touched)
      flush()
      plan()
    },
  })

  /** What every event asks of the peers, without opening their sealed rows: who is frozen, and which names are taken. */
  const frozen = new Set<PeerId>()
  const taken = new Map<PeerId, readonly string[]>()
  const learn = (peer: PeerRow): void => {
    if (isFrozen(peer)) frozen.add(peer.id)
    else frozen.delete(peer.id)
    taken.set(
      peer.id,
      [peer.name, claimedName(peer)].flatMap((name) => (name ? [nameSkeleton(name)] : [])),
    )
  }
  const learnAll = (): void => {
    const rows = store.peers.all()
    frozen.clear()
    taken.clear()
    for (const peer of rows) learn(peer)
  }
  learnAll()
  work.onRollback(learnAll)
  const threadsOf = (id: PeerId) => [engine.peekInitiator(id), engine.peekResponder(id)]

  const peers: PeerBook = {
    get: (id) => {
      const seen = presence.get(id)
      const row = store.peers.get(id)
      const claimed = seen?.claimed ? { claimed: seen.claimed } : {}
      if (row) return { ...row, lastSeen: Math.max(row.lastSeen, seen?.lastSeen ?? 0), extra: { ...claimed, ...row.extra } }
      return { ...newPeer(id, seen?.firstSeen ?? clock.now()), lastSeen: seen?.lastSeen ?? clock.now(), extra: claimed }
    },
    put: (peer) =>
      work.run(() => {
        const before = store.peers.get(peer.id)
        store.peers.put(peer)
        learn(peer)
        work.touch(`peer:${peer.id}`)
        // What freezes or thaws, and what may be written, is drawn with the sessions.
        if (before?.trust !== peer.trust) for (const t of threadsOf(peer.id)) if (t.session) work.touch(`session:${t.session}`)
        if (before?.trust !== peer.trust) work.emit({ event: 'peer', peer: peer.id, profile: peer.profile, trust: peer.trust, first: false })
        if ((before?.pinnedAt ?? null) !== peer.pinnedAt) work.touch('app')
      }),
    addressOf: (id) => presence.get(id)?.address ?? null,
    frozen: (id) => frozen.has(id),
  }

  const notice = (peer: PeerId | null, level: NoticeDto['level'], text: string): void =>
    work.run(() => {
      // The same sentence about the same peer again is the same notice, counted.
      const same = notices.find((n) => n.peer === peer && n.text === text)
      const entry: NoticeDto = same ? { ...same, at: clock.now(), count: same.count + 1 } : { id: ++noticeId, at: clock.now(), peer, level, text, count: 1 }
      if (same) notices[notices.indexOf(same)] = entry
      else notices.push(entry)
      if (notices.length > MOST_NOTICES)
        notices.splice(
          Math.max(
            0,
            notices.findIndex((n) => n.level === 'info'),
          ),
          1,
        )
      work.touch(`notice:${entry.id}`)
      if (!same || (entry.count & (entry.count - 1)) === 0) work.emit({ event: 'notice', peer, level, text })
    })

  /** Counted; told at 1, 2, 4, 8 …, so that a flood of bad lines is not a flood of events. */
  const dropped = (why: string): void => {
    const count = (drops.get(why) ?? 0) + 1
    if (drops.size < 200 || drops.has(why)) drops.set(why, count)
    if ((count & (count - 1)) === 0) {
      ports.log.info(`dropped: ${why}`, { count })
      work.run(() => work.emit({ event: 'drop', why, count }))
    }
  }

  const knock = (peer: PeerId, kind: KnockDto['kind']): void => {
    if (peers.get(peer).policy.kind === 'mute') return
    const entry = presence.knock(peer, kind, clock.now())
    work.touch(`knock:${peer}`)
    if ((entry.count & (entry.count - 1)) === 0) work.emit({ event: 'knock', peer, kind, count: entry.count })
  }

  const sessions = createSessions({ store, work, clock, dropped })
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
  })
  const approvals = createApprovals({
    ports,
    store,
    work,
    appVersion: deps.appVersion,
    build: (peerId, role, step, expiresIn, extra) => engine.view(peerId, role, step, expiresIn, wantedPolicy(extra)),
    peer: peers.get,
    policy: (peer, step) => policyAnswer(peer, step, orders, clock.now()),
    execute: (request, outcome) => {
      const policy = wantedPolicy(request.extra)
      if (request.step === 'policy') {
        if (policy && !('reason' in outcome)) peers.put(withPolicy(peers.get(request.peerId), policy))
        return
      }
      if (presence.unknock(request.peerId)) work.touch(`knock:${request.peerId}`)
      engine.execute(request, outcome)
    },
    refused: (request, why) => notice(request.peerId, 'caution', why),
  })
  approvalsRef.current = approvals
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
    } catch (error) {
      ports.log.error('sending failed', { error: error instanceof Error ? error.message : String(error) })
    }
  }

  const plan = (): void => {
    wake()
    if (stopped) return
    const now = clock.now()
    let next: number | null = approvals.nextExpiry()
    for (const t of engine.threads())
      if (t.dueAt !== null && !peers.frozen(t.peerId)) next = Math.min(next ?? t.dueAt, t.dueAt > now + LONGEST_WAIT_MS ? now : t.dueAt)
    if (next !== null) wake = clock.schedule(Math.max(next - now, notBefore - now, 0), tick)
  }
  /** After a tick that failed (a full disk) the same one is still due: without a pause it would be tried without end. */
  let notBefore = 0
  const tick = (): void => {
    if (stopped) return
    const done = guarded('tick', () => {
      approvals.expire()
      engine.tick()
    })
    if (!done) notBefore = clock.now() + TICK_PAUSE_MS
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

  const register = (): void => {
    registerAgain()
    if (stopped) return
    if (deps.discoverable() && transport.state.name === 'connected') {
      transport.send(encodeClientLine({ to: null, intent: 'register', name: self.name, from: self.id }))
      lastRegister = clock.monotonic()
    }
    const jitter = 0.8 + (0.4 * (ports.random.bytes(1)[0] ?? 0)) / 255
    const delay = Math.min(REGISTER_FIRST_MS * 2 ** registerTries, REGISTER_MOST_MS) * jitter
    registerTries = Math.min(registerTries + 1, 10)
    registerAgain = clock.schedule(delay, register)
  }
  const announce = (): void => {
    registerTries = 0
    const wait = Math.max(0, lastRegister + REGISTER_FIRST_MS - clock.monotonic())
    registerAgain()
    registerAgain = clock.schedule(wait, register)
  }

  const line = (raw: string): void => {
    const decoded = decodeRelayLine(raw)
    if (decoded.kind === 'notice') return notice(null, 'info', `The relay says: ${decoded.text}`)
    if (decoded.kind === 'drop') return dropped(`line: ${decoded.why}`)
    const inbound = checkInbound(decoded.payload, self.id)
    if (!inbound.ok) {
      if (inbound.why === 'elsewhere') receiver.overheard(decoded.payload)
      else dropped(`message: ${inbound.why}`)
      return
    }
    const fresh = presence.heard(inbound.from, decoded.remoteAddr, clock.now())
    takeClaim(inbound.from, inbound.payload['name'])
    const peer = peers.get(inbound.from)
    if (fresh) {
      work.run(() => {
        work.touch(`peer:${inbound.from}`)
        if (!store.peers.get(inbound.from)) work.emit({ event: 'peer', peer: inbound.from, profile: 'hs', trust: peer.trust, first: true })
      })
      announce()
    }
    if (fresh) follow(inbound.from)
    receiver.message(inbound.from, inbound.to === null, inbound.payload)
  }

  /** A name that looks like one that is known already, or like ours, is not taken: the id is shown instead. */
  const takeClaim = (id: PeerId, claim: unknown): void => {
    const seen = presence.get(id)
    if (claim === undefined || seen?.claimed || seen?.refused === claim) return
    const name = admitName(claim)
    if (!name) return
    const skeleton = nameSkeleton(name)
    const others =
      [...taken].some(([other, names]) => other !== id && names.includes(skeleton)) ||
      [...presence.all()].some(([other, seen]) => other !== id && seen.claimed !== null && nameSkeleton(seen.claimed) === skeleton)
    if (others || skeleton === nameSkeleton(self.name)) presence.refuse(id, name)
    else presence.claim(id, name)
  }

  /** Standing orders about a peer that just appeared. */
  const follow = (id: PeerId): void => {
    const t = engine.peekInitiator(id)
    if (t.state !== 'init_ready' || t.wanted || t.asking || peers.frozen(id)) return
    if (names(orders.propose, id) || (orders.reconnect && t.peerReference !== null)) engine.initiator(id, { type: 'want' })
  }

  const offTransport = transport.on((event: TransportEvent) => {
    if (event.type === 'state') onlineSince = event.state.name === 'connected' ? (onlineSince ?? clock.now()) : null
    if (event.type === 'state' && event.state.name === 'connected') {
      registerTries = 0
      register()
    }
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
    const current = t.session === id
    return sessions.dto(row, {
      frozen: isFrozen(named(row.peerId)),
      ourTurn: current && t.localNonce === null,
      mayClose: current && (t.state === 'init_exchange' || t.state === 'resp_exchange') && !t.asking && !t.concluding,
    })
  }
  const requestOf = (peer: PeerId, role: 'initiator' | 'responder'): RequestRow => {
    const request = approvals.waiting().find((r) => r.peerId === peer && r.role === role)
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
      sessions: store.sessions.byPeer(id).length,
    })
  }

  const profile: Profile = {
    self,
    approvals,
    engine,
    line: (raw, at) => {
      receivedAt = at ?? null
      guarded('line', () => line(raw))
      receivedAt = null
    },
    batch: (change) => work.run(change),
    propose: (id) => {
      const peer = named(id)
      if (isFrozen(peer)) throw new AppFault('STATE', 'Nothing can be proposed to this peer before you decide on its key.')
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
        if (policy.kind === 'block') engine.stop(id, 'The peer was blocked.')
      }),
    askPolicy: (id, policy) =>
      work.run(() => {
        // Kept from now on: what is shown of it must be the same when the decision is carried out.
        if (!store.peers.get(id)) peers.put(named(id))
        return approvals.askPolicy(id, policy)
      }),
    zone: (id, accepted) => update(id, (peer) => ({ ...peer, zoneSkewAccepted: accepted && peer.zoneSkewMinutes !== null })),
    keepKey: (id) => update(id, keepPinned),
    forget: (id) =>
      work.run(() => {
        engine.forget(id)
        store.peers.remove(id)
        frozen.delete(id)
        taken.delete(id)
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
      const message = work.run(() => sessions.write(id, text))
      engine.speak(row.peerId, row.role)
      return messageDto(store.messages.get(message.id) ?? message)
    },
    close: (id) => {
      const row = openSession(id)
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
    notices: () => [...notices],
    noticeOf: (id) => notices.find((n) => n.id === id),
    history: (limit) => store.decisions.page(null, limit).map((entry) => historyDto(entry, labelOf(named(entry.peer as PeerId)))),
    decision: (seq) => {
      const entry = store.decisions.page(seq + 1, 1)[0]
      return entry && entry.seq === seq ? historyDto(entry, labelOf(named(entry.peer as PeerId))) : undefined
    },
    pinnedCount: () => store.peers.all().filter((p) => p.pinnedAt !== null).length,
    announce,
    stop: () => {
      if (stopped) return
      stopped = true
      offTransport()
      wake()
      registerAgain()
      approvals.stop()
    },
  }

  guarded('start', () => {
    store.replay.prune(clock.now())
    if (store.settings.get(RESTORED) === true) {
      // What was on its way when the backup was made may have gone on elsewhere: only what had ended is continued.
      work.run(() => {
        for (const t of engine.threads()) engine.stop(t.peerId, 'This wallet was restored from a backup.')
        store.settings.remove(RESTORED)
      })
    }
    work.run(() => {
      for (const t of engine.threads()) if (t.session !== null) work.emit({ event: 'session', id: t.session, peer: t.peerId, role: t.role, state: 'open' })
    })
    tick()
    engine.resume()
    approvals.reconsider()
  })
  if (transport.state.name === 'connected') register()
  return profile
}
