import type { HsStep, PeerPolicy, View } from '../../../contract/index.ts'
import type { Approvals, Outcome } from '../approvals/approvals.ts'
import { names, type StandingOrders } from '../approvals/policy.ts'
import { buildView } from '../approvals/view.ts'
import type { PeerId } from '../brand.ts'
import { toHex } from '../crypto/bytes.ts'
import { AppFault } from '../fault.ts'
import type { Ledger } from '../ledger/ledger-types.ts'
import type { PeerBook } from '../peers/peer-book.ts'
import { type PeerKeys, pinKeys, shortId } from '../peers/trust.ts'
import type { Ports } from '../ports.ts'
import { survivesRecovery } from '../relay/envelope.ts'
import type { Sessions } from '../session/sessions.ts'
import { hashDecision } from '../store/decisions.ts'
import type { DecisionEntry, RequestRow } from '../store/rows.ts'
import type { Store } from '../store/store.ts'
import type { Work } from '../work.ts'
import { type HsEvidence, hsHash, previewHs, recordHs } from './evidence.ts'
import { type InitiatorEvent, initiator } from './initiator.ts'
import { localNow } from './local-time.ts'
import type { HsDraft, HsObject } from './messages.ts'
import { renderDraft } from './outbound.ts'
import { type ResponderEvent, responder } from './responder.ts'
import { hsSessionId, keyFingerprint, type Self } from './self.ts'
import { type Effect, type Env, type InitiatorThread, newInitiator, newResponder, type ResponderThread, type Role, type Thread } from './thread.ts'
import { type RowTimes, toInitiator, toResponder, toRow } from './thread-row.ts'

/** Longer than the longest backoff with its jitter, ms. */
export const LONGEST_WAIT_MS = 90_000
/** Answers by policy that may wait for proof at a time; each is repeated for a day. */
const MOST_UNPROVED = 50
/** How long an accepted hs stays remembered, ms: as long as it could pass the age check on any admitted clock, and more. */
const REPLAY_KEEP_MS = 5 * 60_000

export interface EngineDeps {
  readonly ports: Ports
  readonly store: Store
  readonly work: Work
  readonly self: Self
  readonly sessions: Sessions
  readonly orders: StandingOrders
  readonly peers: PeerBook
  /** Late bound: approvals and engine know each other. */
  readonly approvals: () => Approvals
  readonly knock: (peer: PeerId, kind: 'meet' | 'confirm' | 'reconnect') => void
  readonly notice: (peer: PeerId | null, level: 'info' | 'caution' | 'danger', text: string) => void
  readonly dropped: (why: string) => void
  /** Unix ms since when we have been on the relay; now, while we are not. */
  readonly onlineSince: () => number
  /** The own ledger, which keeps each step; the peer has none. */
  readonly ledger: Pick<Ledger, 'own' | 'append' | 'recovering' | 'clockDoubt'>
}

export interface Engine {
  /** Feeds one event to one thread; everything it causes is one transaction. */
  initiator(peerId: PeerId, event: InitiatorEvent, keysProved?: PeerKeys): void
  responder(peerId: PeerId, event: ResponderEvent, keysProved?: PeerKeys): void
  peekInitiator(peerId: PeerId): InitiatorThread
  peekResponder(peerId: PeerId): ResponderThread
  execute(request: RequestRow, outcome: Outcome): void
  view(peerId: PeerId, role: Role, step: HsStep, expiresIn: number, policy?: PeerPolicy): View
  /** Ticks every thread whose time has come. @throws the first failure, once all have had their turn. */
  tick(): void
  /** Takes up what a process that ended left between an offer and acting on it: the original makes its offer only once. */
  resume(): void
  /** There is text for this session: an open thread whose turn it is sends it now. */
  speak(peerId: PeerId, role: Role): void
  render(peerId: PeerId | null, slot: string, draft: HsDraft): string | null
  /** Ends both threads with a peer, without a word on the wire. */
  stop(peerId: PeerId, reason: string): void
  forget(peerId: PeerId): void
  threads(): readonly Thread[]
}

/** The rows that a step brings at once; what a confirm brings is written when the peer has proved its keys. */
const previewed = (step: HsStep, role: Role, peerSignPub: string, hs: HsObject | null): (HsEvidence & { readonly decided: boolean })[] => {
  const row = (name: HsEvidence['step'], decided: boolean, shown: HsObject | null = null) =>
    ({ role, step: name, peerSignPub, hs: shown, decisionHash: null, decided }) as const
  if (step === 'request') return [row('confirm', false, hs), row('request', true)]
  return step === 'conclude' || step === 'close' ? [row(step, true)] : []
}

const sessionChecks = [
  { text: 'Signature over nonce, key and time', holds: true },
  { text: 'Key is the one pinned', holds: true },
  { text: 'Sender id is signed by its protocol', holds: false },
  { text: 'Fresh keys for this session', holds: false },
  { text: 'Evidence on their own ledger', holds: false },
]

export const createEngine = (deps: EngineDeps): Engine => {
  const { ports, store, work, self, sessions, orders, peers } = deps
  const cache = new Map<string, InitiatorThread | ResponderThread>()
  const times = new Map<string, RowTimes>()
  const keyOf = (role: Role, peerId: PeerId): string => `${role}:${peerId}`

  const remember = (thread: InitiatorThread | ResponderThread, at: RowTimes): void => {
    cache.set(keyOf(thread.role, thread.peerId), thread)
    times.set(keyOf(thread.role, thread.peerId), at)
  }
  const loadAll = (): void => {
    // Read before anything is dropped: a read that fails must not leave every thread looking new.
    const rows = store.threads.all()
    cache.clear()
    times.clear()
    for (const row of rows) {
      remember(row.role === 'initiator' ? toInitiator(row) : toResponder(row), {
        now: row.updatedAt,
        peerAddress: row.peerAddress,
        hsDerivedAt: row.hsDerivedAt,
        lastSecureAt: row.lastSecureAt,
      })
    }
  }
  loadAll()
  // What memory holds of a transaction that failed is wrong; the database is right.
  work.onRollback(loadAll)

  const peekInitiator = (peerId: PeerId): InitiatorThread => (cache.get(keyOf('initiator', peerId)) as InitiatorThread | undefined) ?? newInitiator(peerId)
  const peekResponder = (peerId: PeerId): ResponderThread => (cache.get(keyOf('responder', peerId)) as ResponderThread | undefined) ?? newResponder(peerId)
  const peek = (role: Role, peerId: PeerId): InitiatorThread | ResponderThread => (role === 'initiator' ? peekInitiator(peerId) : peekResponder(peerId))

  /** A value a Python peer would not read back as the same string would stall the handshake for ever (docs/protocol.md, "Typed values"). */
  const freshText = (make: () => string): string => {
    for (;;) {
      const text = make()
      if (survivesRecovery(text)) return text
    }
  }
  const env = (): Env => ({
    now: ports.clock.now(),
    nonce: freshText(() => toHex(ports.random.bytes(16))),
    // Ten digits 1 to 9, as the original's; from a real generator.
    reference: freshText(() => Array.from(ports.random.bytes(10), (b) => String((b % 9) + 1)).join('')),
    jitter: (ports.random.bytes(1)[0] ?? 0) / 255,
    onlineSince: deps.onlineSince(),
  })

  const keysOf = (t: Thread): PeerKeys | null => (t.signPub && t.kxPub ? { signPub: t.signPub, kxPub: t.kxPub } : null)

  const save = (thread: InitiatorThread | ResponderThread, before: Thread, proved: PeerKeys | undefined): void => {
    const was = times.get(keyOf(thread.role, thread.peerId))
    const stamp = new Date(ports.clock.now()).toISOString().replace('Z', '000+00:00')
    const at: RowTimes = {
      now: ports.clock.now(),
      peerAddress: peers.addressOf(thread.peerId) ?? was?.peerAddress ?? null,
      hsDerivedAt: proved ? stamp : (was?.hsDerivedAt ?? null),
      lastSecureAt: before.session !== null && thread.peerNonce !== before.peerNonce ? stamp : (was?.lastSecureAt ?? null),
    }
    store.threads.put(toRow(thread, at))
    remember(thread, at)
    work.touch(`peer:${thread.peerId}`)
    const session = thread.session ?? before.session
    if (session !== null) work.touch(`session:${session}`)
    if (thread.state !== before.state) work.emit({ event: 'step', peer: thread.peerId, profile: 'hs', role: thread.role, from: before.state, to: thread.state })
  }

  /** H of the newest decision that let this step happen, not before `since` (Unix ms); null where there is none. */
  const decisionOf = (peerId: PeerId, step: HsStep, since = 0): string | null => {
    const fits = (d: DecisionEntry): boolean => d.peer === peerId && d.step === step && d.at >= since && (d.decision === 'approve' || d.decision === 'auto')
    const entry = store.decisions.page(null, 100).find(fits)
    return entry ? hashDecision(entry) : null
  }
  const openedAt = (session: string): number => store.sessions.get(session)?.openedAt ?? 0
  const record = (session: string, step: HsEvidence): void => {
    const row = recordHs(deps.ledger, step)
    if (row !== null && step.hs && hsHash(step.hs) !== null) sessions.legacy(session, row, step.hs)
  }

  const openSession = (t: Thread, { confirmNonce, requestNonce, hs }: Extract<Effect, { do: 'open' }>): string => {
    const keys = keysOf(t)
    if (!keys) throw new AppFault('INTERNAL', 'A session needs keys.')
    const id =
      t.role === 'initiator'
        ? hsSessionId(self.signPub, keys.signPub, confirmNonce, requestNonce)
        : hsSessionId(keys.signPub, self.signPub, confirmNonce, requestNonce)
    peers.put(pinKeys(peers.get(t.peerId), keys, ports.clock.now()))
    const fingerprint = keyFingerprint(self, keys.kxPub)
    sessions.open({ id, peerId: t.peerId, role: t.role, fingerprint, checks: sessionChecks })
    const common = { role: t.role, peerSignPub: keys.signPub }
    const ours = (step: 'confirm' | 'request'): HsEvidence => ({ ...common, step, hs: null, decisionHash: decisionOf(t.peerId, step) })
    const theirs = (step: 'confirm' | 'request'): HsEvidence => ({ ...common, step, hs: hs ?? null, decisionHash: null })
    for (const step of t.role === 'initiator' ? [theirs('confirm'), ours('request')] : [ours('confirm'), theirs('request')]) record(id, step)
    ports.log.info(`sym_key fingerprint=${fingerprint}`, { peer: shortId(t.peerId) })
    return id
  }

  const slotOf = (t: Thread): string => `hs:${t.role}`

  const run = (effect: Effect, t: Thread, before: Thread): void => {
    const session = t.session ?? before.session
    switch (effect.do) {
      case 'send':
        store.outbox.put({ peerId: t.peerId, slot: slotOf(t), payload: { ...effect.draft }, dueAt: ports.clock.now() })
        return
      case 'unsend':
        store.outbox.drop(t.peerId, slotOf(t))
        return
      case 'record':
        store.nonces.add(t.role, t.peerId, effect.flow, effect.nonce)
        return
      case 'remember':
        store.replay.add(effect.signPub, effect.nonce, ports.clock.now() + REPLAY_KEEP_MS)
        return
      case 'forget':
        store.nonces.clear(t.role, t.peerId)
        return
      case 'ask':
        // Kept from now on: what the person is asked about must be the same after a restart, whether or not the peer is heard again.
        peers.put(peers.get(t.peerId))
        deps.approvals().ask(t.peerId, t.role, effect.step)
        return
      case 'unask':
        deps.approvals().unask(t.peerId, t.role)
        return
      case 'open':
        return
      case 'deliver':
        if (session) sessions.deliver(session, effect.opened)
        if (session && effect.opened.kind === 'opened')
          ports.log.info(`[secure:${t.role}] opened message (${new TextEncoder().encode(effect.opened.text).length} bytes)`)
        return
      case 'carried':
        if (session) sessions.carried(session, effect.message)
        return
      case 'answered':
        if (session) sessions.answered(session)
        return
      case 'end':
        if (before.session) {
          if (effect.how === 'closed') sessions.mark(before.session, 'Close', t.role === 'initiator' ? 'us' : 'them')
          sessions.end(before.session, effect.how, effect.reason)
          if (before.signPub)
            record(before.session, {
              role: t.role,
              step: 'close',
              peerSignPub: before.signPub,
              hs: null,
              decisionHash: decisionOf(t.peerId, 'close', openedAt(before.session)),
            })
        }
        return
      case 'knock':
        if (effect.kind === 'present' || answersByItself(t.peerId, effect.kind)) work.after(() => maybeAnswer(t.peerId, effect.kind))
        else deps.knock(t.peerId, effect.kind)
        return
      case 'note':
        deps.notice(t.peerId, 'info', effect.text)
        return
      case 'drop':
        deps.dropped(effect.why)
        return
      case 'log':
        ports.log.info(effect.text, { peer: shortId(t.peerId) })
    }
  }

  const meets = (peerId: PeerId): boolean => names(orders.meet, peerId)
  const answersByItself = (peerId: PeerId, kind: 'present' | 'meet' | 'confirm' | 'reconnect'): boolean =>
    meets(peerId) ||
    (kind === 'reconnect' && peers.get(peerId).policy.kind === 'keep-alive') ||
    (kind !== 'confirm' && kind !== 'present' && acceptsUntil(peerId))
  const acceptsUntil = (peerId: PeerId): boolean => {
    const { policy } = peers.get(peerId)
    return policy.kind === 'accept-until' && ports.clock.now() < policy.until
  }
  /** Answers under way to peers that have not shown a key yet; ids cost nothing to make up. */
  const unproved = (): number =>
    [...cache.values()].filter((t) => (t.state === 'resp_confirm' || t.asking === 'confirm') && store.peers.get(t.peerId)?.pinnedAt == null).length
  const maybeAnswer = (peerId: PeerId, kind: 'present' | 'meet' | 'confirm' | 'reconnect'): void => {
    if (!answersByItself(peerId, kind) || peers.frozen(peerId)) return
    if (kind === 'confirm') return engine.initiator(peerId, { type: 'want' })
    const { state } = peekResponder(peerId)
    // A knock is unsigned: it must not end by itself what is open. The person may answer it.
    if (state === 'resp_exchange' || state === 'resp_finalize') return work.run(() => deps.knock(peerId, kind === 'present' ? 'meet' : kind))
    if (state === 'resp_ready' && peers.get(peerId).pinnedAt === null && unproved() >= MOST_UNPROVED)
      return deps.dropped('answered too many that have proved nothing')
    engine.responder(peerId, { type: 'answer' })
  }

  const settle = (
    before: InitiatorThread | ResponderThread,
    thread: InitiatorThread | ResponderThread,
    effects: readonly Effect[],
    proved: PeerKeys | undefined,
  ): void => {
    const opening = effects.find((e) => e.do === 'open')
    // The old session ends before the new one begins, or the events of one would land in the other.
    for (const effect of effects) if (effect.do === 'end') run(effect, thread, before)
    const after = opening ? { ...thread, session: openSession(thread, opening) } : thread
    if (opening || JSON.stringify(after) !== JSON.stringify(before)) save(after, before, opening ? (keysOf(after) ?? proved) : undefined)
    for (const effect of effects) if (effect.do !== 'end' && effect.do !== 'open') run(effect, after, before)
    if (before.state === 'resp_finalize' && after.state === 'resp_exchange' && after.session) sessions.reopen(after.session)
    if (after.state !== before.state && before.session && (after.state === 'init_finalize_propose' || after.state === 'resp_finalize')) {
      sessions.mark(before.session, 'Conclude', after.role === 'initiator' ? 'us' : 'them')
      sessions.closing(before.session)
      if (before.signPub)
        record(before.session, {
          role: after.role,
          step: 'conclude',
          peerSignPub: before.signPub,
          hs: null,
          decisionHash: decisionOf(after.peerId, 'conclude', openedAt(before.session)),
        })
    }
    if (after.state === 'init_ready' && before.state === 'init_finalize_close' && orders.reconnect && after.peerReference)
      work.after(() => engine.initiator(after.peerId, { type: 'want' }))
    if (after.session && before.session === null) work.after(() => engine.speak(after.peerId, after.role))
  }

  const textFor = (t: Thread): number | null => (t.session ? sessions.next(t.session) : null)

  const engine: Engine = {
    initiator: (peerId, event, proved) =>
      work.run(() => {
        const before = peekInitiator(peerId)
        const { thread, effects } = initiator(before, event, env())
        settle(before, thread, effects, proved)
        const { closeAfter } = orders
        if (
          closeAfter !== null &&
          event.type === 'respond' &&
          thread.session &&
          !thread.asking &&
          !thread.concluding &&
          sessions.rounds(thread.session) >= closeAfter
        ) {
          work.after(() => engine.initiator(peerId, { type: 'askConclude' }))
        } else if (event.type === 'respond' && thread.session && textFor(thread) !== null) work.after(() => engine.speak(peerId, 'initiator'))
      }),
    responder: (peerId, event, proved) =>
      work.run(() => {
        const before = peekResponder(peerId)
        const { thread, effects } = responder(before, event, env())
        settle(before, thread, effects, proved)
        if (event.type === 'request' && textFor(thread) !== null) work.after(() => engine.speak(peerId, 'responder'))
      }),
    peekInitiator,
    peekResponder,

    execute: (request, outcome) => {
      const step = request.step as HsStep
      const event = 'reason' in outcome ? ({ type: 'declined', step, reason: outcome.reason } as const) : ({ type: 'approved', step } as const)
      if (request.role === 'initiator') return engine.initiator(request.peerId, event)
      const peer = peers.get(request.peerId)
      // The first approval pins the keys it showed; where none were shown, the first that are proved are pinned with the session.
      if (event.type === 'approved' && step === 'confirm' && peer.signPub && peer.kxPub)
        peers.put(pinKeys(peer, { signPub: peer.signPub, kxPub: peer.kxPub }, ports.clock.now()))
      engine.responder(request.peerId, event)
    },

    view: (peerId, role, step, expiresIn, policy) => {
      const t = peek(role, peerId)
      const peer = peers.get(peerId)
      const known = peer.signPub && peer.kxPub ? { signPub: peer.signPub, kxPub: peer.kxPub } : null
      const keys = step === 'request' ? peekInitiator(peerId).offer : step === 'confirm' || step === 'policy' ? known : keysOf(t)
      if (step !== 'confirm' && step !== 'policy' && !keys) throw new AppFault('STATE', 'This step is not possible any more.')
      return buildView({
        role,
        step,
        self: { name: self.name, id: self.id, signPub: self.signPub },
        peer,
        keys: keys && { signPub: keys.signPub, kxPub: keys.kxPub },
        sessionsBefore: store.sessions.byPeer(peerId).filter((s) => s.endedAt !== null).length,
        fingerprint: step === 'conclude' || step === 'close' ? keyFingerprint(self, (keys as PeerKeys).kxPub) : null,
        expiresIn,
        rows: keys ? previewHs(deps.ledger, previewed(step, role, keys.signPub, step === 'request' ? (peekInitiator(peerId).offer?.hs ?? null) : null)) : [],
        ...(policy ? { policy } : {}),
      })
    },

    tick: () => {
      const now = ports.clock.now()
      // A tick further off than any wait can be was set before the clock was turned back.
      const due = [...cache.values()].filter((t) => t.dueAt !== null && (t.dueAt <= now || t.dueAt > now + LONGEST_WAIT_MS))
      let failure: { readonly error: unknown } | undefined
      for (const t of due) {
        if (peers.frozen(t.peerId)) continue
        try {
          const event = { type: 'tick', text: textFor(t) } as const
          if (t.role === 'initiator') engine.initiator(t.peerId, event)
          else engine.responder(t.peerId, event)
        } catch (error) {
          // One thread that cannot go on holds up no other; the first failure is for the caller.
          failure ??= { error }
        }
      }
      if (failure) throw failure.error
    },

    resume: () => {
      // A step that asks without a request (its row is gone from the database) would wait for ever.
      const asked = new Set(
        deps
          .approvals()
          .waiting()
          .map((r) => keyOf(r.role, r.peerId)),
      )
      for (const t of [...cache.values()]) {
        if (t.asking && !asked.has(keyOf(t.role, t.peerId))) work.run(() => deps.approvals().ask(t.peerId, t.role, t.asking as HsStep))
      }
      for (const t of [...cache.values()]) {
        if (t.role === 'initiator' && t.state === 'init_ready' && t.offer && !t.wanted && meets(t.peerId) && !peers.frozen(t.peerId))
          engine.initiator(t.peerId, { type: 'want' })
      }
    },

    speak: (peerId, role) => {
      const t = peek(role, peerId)
      if (t.session === null || t.localNonce !== null || peers.frozen(peerId)) return
      const text = textFor(t)
      if (text === null) return
      if (role === 'initiator') engine.initiator(peerId, { type: 'tick', text })
      else engine.responder(peerId, { type: 'tick', text })
    },

    render: (peerId, slot, draft) => {
      const role: Role = slot.endsWith('initiator') ? 'initiator' : 'responder'
      const thread = peerId === null ? null : peek(role, peerId)
      return renderDraft(peerId, draft, {
        self,
        localNow: localNow(ports.clock),
        gcmNonce: () => ports.random.bytes(12),
        textOf: (id) => store.messages.get(id)?.text,
        peerKxPub: thread?.kxPub ?? null,
      })
    },

    stop: (peerId, reason) =>
      work.run(() => {
        if (cache.has(keyOf('initiator', peerId))) engine.initiator(peerId, { type: 'stop', reason })
        if (cache.has(keyOf('responder', peerId))) engine.responder(peerId, { type: 'stop', reason })
      }),

    forget: (peerId) =>
      work.run(() => {
        engine.stop(peerId, 'The peer was forgotten.')
        for (const role of ['initiator', 'responder'] as const) {
          store.threads.remove(role, peerId)
          store.nonces.clear(role, peerId)
          store.outbox.drop(peerId, '')
          cache.delete(keyOf(role, peerId))
          times.delete(keyOf(role, peerId))
        }
      }),

    threads: () => [...cache.values()],
  }
  return engine
}
