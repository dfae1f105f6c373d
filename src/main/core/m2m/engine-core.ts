import type { Genesis, PeerId } from '../brand.ts'
import { AppFault } from '../fault.ts'
import { latest, ticks, zeqondAt } from '../ledger/zeqond.ts'
import { type Agreement, createAgreement } from './agreement.ts'
import type { M2mDeps } from './engine-types.ts'
import { initiator } from './initiator.ts'
import { muteOf, ownMute, ownRowsOf } from './mute.ts'
import { responder } from './responder.ts'
import { acceptOf, endReasonOf, judgeRow, markOf, placeOf } from './rows-of.ts'
import { createSending } from './sending.ts'
import { summaryOf, writtenIn } from './summary.ts'
import { CLOCK_TOLERANCE, type Effect, type Env, type Event, isOver, limitOf, type PeerRowName, type RowEvent, type Thread } from './thread.ts'
import { createWriting, type Writing } from './writing.ts'

/** Rounds of one transaction; more would be a loop. */
const MOST_ROUNDS = 64

/** The threads, and what makes them move: an event goes through its reducer, and what the reducer wants is carried out. */
export interface Core {
  readonly agreement: Agreement
  readonly writing: Writing
  /** One transaction, or the one at hand; what it wants sent leaves with its end. `answering`: the message that it answers. */
  readonly transact: <T>(change: () => T, answering?: { readonly re: string; readonly genesis: string }) => T
  readonly all: () => Iterable<Thread>
  readonly live: () => Thread[]
  /** Those whose end has still to be written. */
  readonly owing: () => Thread[]
  /** Writes the end that the thread owes, where its ledger takes rows. */
  readonly pay: (id: string) => void
  /** @throws AppFault NOT_FOUND. */
  readonly get: (id: string) => Thread
  /** By session nonce or thread id. */
  readonly find: (ref: string) => Thread | undefined
  readonly byNonce: (nonce: string) => Thread | undefined
  readonly bySession: (sessionId: string) => Thread | undefined
  /** Why nothing may be agreed with this peer now (guard F), or null. */
  readonly barred: (peerId: PeerId, genesis: Genesis) => string | null
  /** Takes a thread in that has not happened yet, and gives it its first event. @returns why nothing came of it, or null. */
  readonly begin: (thread: Thread, event: Event) => string | null
  /** One event, and what follows from it by itself. @returns why it changed nothing, or null. */
  readonly drive: (id: string, event: Event) => string | null
  /** As `drive`; then what waited for it is looked at again. */
  readonly handle: (id: string, event: Event) => string | null
  /** A row of the peer's, judged; `odd` has no place in the session, null is none of its steps. */
  readonly peerRow: (thread: Thread, seq: number) => RowEvent | 'odd' | null
  readonly advance: (id: string) => void
}

export const createCore = (deps: M2mDeps): Core => {
  const { ports, store, work, ledger, delivery, channels } = deps
  const { clock } = ports
  const threads = new Map<string, Thread>()
  /** Those that are not over: what each message and each timer looks at, however many came before. */
  const open = new Map<string, Thread>()
  const owing = new Map<string, Thread>()
  const nonces = new Map<string, string>()
  const sessions = new Map<string, string>()
  const agreement = createAgreement(deps)
  const writing = createWriting(deps, agreement)
  const sending = createSending(deps)
  /** The message being answered. */
  let answering: { readonly re: string; readonly genesis: string } | null = null
  let depth = 0

  const keep = (t: Thread): void => {
    threads.set(t.id, t)
    if (isOver(t.state)) open.delete(t.id)
    else open.set(t.id, t)
    if (t.owed === null) owing.delete(t.id)
    else owing.set(t.id, t)
    nonces.set(t.nonce, t.id)
    if (t.sessionId !== null) sessions.set(t.sessionId, t.id)
  }
  const loadAll = (): void => {
    const rows = store.m2mThreads.all()
    for (const known of [threads, open, owing, nonces, sessions]) known.clear()
    sending.clear()
    for (const row of rows) keep(row as Thread)
  }
  loadAll()
  // What memory holds of a transaction that failed is wrong; the database is right.
  work.onRollback(loadAll)

  const get = (id: string): Thread => {
    const found = threads.get(id)
    if (found === undefined) throw new AppFault('NOT_FOUND', 'There is no such handshake.')
    return found
  }

  const transact: Core['transact'] = (change, message) =>
    work.run(() => {
      const before = answering
      answering = message ?? answering
      depth += 1
      try {
        const result = change()
        if (depth === 1) sending.flush(get, answering)
        return result
      } catch (error) {
        if (depth === 1) sending.clear()
        throw error
      } finally {
        depth -= 1
        answering = before
      }
    })

  const barred = (peerId: PeerId, genesis: Genesis): string | null => {
    const { trust } = deps.peers.get(peerId)
    if (trust === 'blocked') return 'This peer is blocked.'
    if (trust === 'changed' || deps.peers.frozen(peerId)) return 'This peer’s keys are not the ones you know. Nothing can be agreed before you decide on that.'
    const machine = deps.peers.machineOf(peerId)
    if (machine !== null && machine.genesis !== genesis) return 'This peer shows another ledger than the one this handshake is with.'
    return ownMute(ledger)
  }

  const env = (t: Thread): Env => {
    const now = clock.now()
    const tick = zeqondAt(now)
    const stamp = latest(tick, ledger.state(ledger.own().genesis).zeqond)
    return { now, tick, stamp, barred: barred(t.peerId, t.peerGenesis), mute: muteOf(ledger, t.peerGenesis, tick) }
  }

  const save = (t: Thread): void => {
    keep(t)
    store.m2mThreads.put({ ...t, suites: [...t.suites], asking: [...t.asking] } as Parameters<typeof store.m2mThreads.put>[0])
    work.touch(`handshake:${t.nonce}`)
    work.touch(`peer:${t.peerId}`)
    if (t.sessionId !== null) work.touch(`session:${t.sessionId}`)
  }

  /** Runs one effect on the thread as it stands by now. */
  const run = (effect: Effect, id: string, next: Event[]): string | null => {
    const t = get(id)
    switch (effect.do) {
      case 'append':
        save(writing.append(t, effect.row, effect.decision))
        return null
      case 'seal':
        save(writing.seal(t))
        return null
      case 'end':
        save(writing.end(t, effect.kind, effect.reason, effect.decision))
        return null
      case 'send':
        sending.want(id, effect.t)
        return null
      case 'ask':
        ask(t, effect.step, effect.auto, next)
        return null
      case 'unask':
        deps.approvals().unask(id)
        return null
      case 'makeEph':
        save({ ...t, eph: agreement.makeEph(t) })
        return null
      case 'derive':
        save({ ...t, sessionId: agreement.derive(t) })
        return null
      case 'wipe':
        agreement.wipe(t, effect.what)
        if (effect.what === 'all' && t.sessionId !== null && channels.has(t.sessionId)) channels.wipe(t.sessionId)
        return null
      case 'pinHead': {
        const row = ledger.row(t.peerGenesis, effect.seq)
        const verdict =
          row && ledger.keepHead({ genesis: t.peerGenesis, seq: row.seq, stateHash: row.stateHash, zeqondNumber: row.zeqondNumber, sig: row.headSig })
        if (verdict?.kind === 'contradiction') next.push({ type: 'fork', why: verdict.why })
        return null
      }
      case 'open':
        agreement.withKeys(t, (keys) => channels.open({ sessionId: String(t.sessionId), role: t.role, peerId: t.peerId, ...keys }))
        agreement.wipe(t, 'all')
        return null
      case 'closeChannel':
        if (t.sessionId !== null && channels.has(t.sessionId)) channels.close(t.sessionId, effect.reason)
        return null
      case 'changed':
        deps.changed(id)
        return null
      case 'silence':
        delivery.cancel(id)
        return null
      case 'note':
        deps.notice(t.peerId, effect.level, effect.text)
        return null
      case 'drop':
        deps.dropped(`m2m: ${effect.why}`)
        return effect.why
    }
  }

  const ask = (t: Thread, step: Thread['asking'][number], auto: boolean, next: Event[]): void => {
    const decision = deps.auto(summaryOf(t), step)
    if (decision !== null) next.push({ type: 'approved', step, decision: decision.decisionHash, rest: decision.scope === 'handshake' })
    else if (!auto) deps.approvals().ask(t.id, t.peerId, step, summaryOf(t).expiresAt)
  }

  /** One event, and what follows from it by itself. @returns why the first one changed nothing, or null. */
  const drive = (id: string, first: Event): string | null => {
    const events: Event[] = [first]
    let refusal: string | null = null
    for (let round = 0; events.length > 0; round += 1) {
      if (round > MOST_ROUNDS) throw new AppFault('INTERNAL', 'A handshake does not come to rest.')
      const before = get(id)
      const wanted = events.shift() as Event
      const event: Event = agreement.readable(before) ? wanted : { type: 'lost' }
      const { thread, effects } = before.role === 'initiator' ? initiator(before, event, env(before)) : responder(before, event, env(before))
      if (thread !== before) save(thread)
      const next: Event[] = []
      let dropped: string | null = null
      for (const effect of effects) dropped = run(effect, id, next) ?? dropped
      if (round === 0) refusal = dropped
      // A policy came too late, or is barred: the person sees the question, and why it cannot be answered.
      else if (dropped !== null && event.type === 'approved' && before.asking.includes(event.step)) deps.approvals().ask(id, before.peerId, event.step, null)
      events.push(...next)
      const after = get(id)
      if (after.state !== before.state) {
        deps.moved(summaryOf(after), before.state)
        const row = writtenIn(before, after)
        const step = { peer: after.peerId, profile: 'm2m', role: after.role, from: before.state, to: after.state, nonce: after.nonce } as const
        work.emit({ event: 'step', ...step, ...(row === null ? {} : { row }) })
      }
    }
    return refusal
  }

  const peerRow = (t: Thread, seq: number): RowEvent | 'odd' | null => {
    const row = ledger.row(t.peerGenesis, seq)
    if (row === undefined) return null
    const place = placeOf(row, t.role === 'initiator' ? 'B' : 'A')
    if (place === null || place === 'odd') return place
    const accept = place === 'B1' ? acceptOf(row) : null
    const reason = place === 'peerEnd' ? endReasonOf(row) : undefined
    const key = agreement.confirm(t)
    const { check, session } = judgeRow({
      ledger,
      own: ledger.own().genesis,
      peer: t.peerGenesis,
      nonce: t.nonce,
      upTo: seq,
      since: t.rows.A1?.zeqond ?? null,
      confirm: key === null || t.sessionId === null ? null : { sessionId: t.sessionId, key },
      tick: zeqondAt(clock.now()),
    })
    // The peer's chain in this session is side b; a head of ours that it shows and we do not have makes us an old copy.
    for (const { step } of session.steps.b) if (step.peer_head !== null && step.peer_head.genesis === ledger.own().genesis) ledger.ownHead(step.peer_head)
    return {
      type: 'row',
      name: place,
      mark: markOf(row, clock.now()),
      check: overdue(t, place)
        ? { ok: false, kind: 'late', why: 'its time was over when it came' }
        : answeredTwice(t, accept?.responder_nonce)
          ? { ok: false, kind: 'contradiction', why: 'NONCE_REUSE: its nonce was used before' }
          : check,
      ...(accept === null ? {} : { responderNonce: accept.responder_nonce, suite: accept.suite }),
      ...(reason === undefined ? {} : { reason }),
    }
  }

  /** Guard T by the own clock: a party that stamps a row back does not gain by it. An activate row only says what has happened. */
  const overdue = (t: Thread, place: PeerRowName): boolean => {
    const limit = place === 'B1' || place === 'B2' || place === 'A2' ? limitOf(t, place) : null
    return limit !== null && ticks(zeqondAt(clock.now())) > limit + CLOCK_TOLERANCE
  }

  const answeredTwice = (t: Thread, nonce: string | undefined): boolean =>
    nonce !== undefined && [...threads.values()].some((other) => other.id !== t.id && other.peerGenesis === t.peerGenesis && other.responderNonce === nonce)

  /**
   * Looks at the peer's rows of this session that were not acted on yet, oldest first, until none moves the thread. What carried
   * them here does not matter: a message, a page, or a row that came before its time.
   */
  const advance = (id: string): void => {
    for (let moved = true; moved; ) {
      moved = false
      const t = get(id)
      if (t.state === 'frozen') return
      for (const row of ledger.sessionRows(t.peerGenesis, t.nonce)) {
        const now = get(id)
        if (now.state === 'frozen') return
        const place = placeOf(row, now.role === 'initiator' ? 'B' : 'A')
        if (place === null || (place !== 'odd' && now.rows[place] !== undefined)) continue
        const event = peerRow(now, row.seq)
        if (event === null) continue
        drive(id, event === 'odd' ? { type: 'fork', why: 'a row of this session that has no place in it' } : event)
        const after = get(id)
        moved ||= after.state !== now.state
      }
    }
  }

  const handle = (id: string, event: Event): string | null => {
    const refusal = drive(id, event)
    advance(id)
    return refusal
  }

  const pay = (id: string): void => {
    const t = get(id)
    if (t.owed === null || muteOf(ledger, t.peerGenesis, zeqondAt(clock.now())) !== null) return
    const rows = ownRowsOf(ledger, t, clock.now())
    const sessionId = t.sessionId ?? agreement.idOf({ ...t, rows: { ...rows, ...t.rows } })
    const reachable = deps.peers.machineOf(t.peerId)?.genesis === t.peerGenesis
    drive(id, { type: 'pay', rows, sessionId, reachable })
  }

  const begin = (thread: Thread, event: Event): string | null => {
    keep(thread)
    const refusal = handle(thread.id, event)
    if (get(thread.id).state === 'none') {
      threads.delete(thread.id)
      open.delete(thread.id)
      nonces.delete(thread.nonce)
    }
    return refusal
  }

  return {
    agreement,
    writing,
    transact,
    all: () => threads.values(),
    live: () => [...open.values()],
    owing: () => [...owing.values()],
    pay,
    get,
    find: (ref) => threads.get(nonces.get(ref) ?? ref),
    byNonce: (nonce) => threads.get(nonces.get(nonce) ?? ''),
    bySession: (sessionId) => threads.get(sessions.get(sessionId) ?? ''),
    barred,
    begin,
    drive,
    handle,
    peerRow,
    advance,
  }
}
