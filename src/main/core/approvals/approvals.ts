import type { ApprovalDto, HsStep, PeerPolicy, RequestDto, Step, View } from '../../../contract/index.ts'
import type { PeerId } from '../brand.ts'
import { toHex } from '../crypto/bytes.ts'
import { canonicalJson, type Json } from '../crypto/canonical-json.ts'
import { AppFault } from '../fault.ts'
import type { Role } from '../hs/thread.ts'
import type { Cancel, Ports } from '../ports.ts'
import { hashDecision } from '../store/decisions.ts'
import type { DecisionEntry, JsonObject, PeerRow, RequestRow } from '../store/rows.ts'
import type { Store } from '../store/store.ts'
import type { Work } from '../work.ts'
import type { PolicyAnswer } from './policy.ts'
import { EXPIRES_BY_HAND_S, viewHash } from './view.ts'

/** An approval by hand is held so long before its transaction begins; a crash in that time means undecided. */
export const UNDO_MS = 3_000
/** What cannot be settled now (the own ledger takes no rows, say) is tried again after so long, ms. */
const AGAIN_MS = 60_000
/** Waiting requests in all; beyond it nothing more is asked, and the person is told. */
export const MOST_REQUESTS = 200

/** What a person, or a policy, lets happen. */
export interface Approved {
  readonly decision: 'approve' | 'auto'
  readonly by: DecisionEntry['by']
  /** `handshake`: the later steps of this handshake too. */
  readonly scope: 'step' | 'handshake'
  /** H("zeq.decision.v1", entry), hex: what a public row may carry of the decision. */
  readonly decisionHash: string
}
export type Outcome = Approved | { readonly decision: 'reject' | 'expire'; readonly reason: string }

/** What is asked: a step of a thread. `extra` says which thread where peer and role do not (m2m), or what else it is about. */
export interface Subject {
  readonly peerId: PeerId
  readonly role: Role
  readonly step: Step
  readonly extra: JsonObject
}

/** What came with a decision beyond yes or no. */
export interface Consent {
  readonly scope: 'step' | 'handshake'
  /** "Continue without comparing" was ticked. */
  readonly uncompared: boolean
}
const STEP_ONLY: Consent = { scope: 'step', uncompared: false }

export interface ApprovalDeps {
  readonly ports: Ports
  readonly store: Store
  readonly work: Work
  readonly appVersion: string
  /** Builds the view from the core's own state, now. Throws when the step is not possible any more. */
  readonly build: (subject: Subject, expiresIn: number) => View
  readonly peer: (id: PeerId) => PeerRow
  readonly policy: (peer: PeerRow, subject: Subject) => PolicyAnswer
  /** Tells the thread, inside the transaction of the decision. */
  readonly execute: (request: RequestRow, outcome: Outcome) => void
  /** A held request came to its end another way than by the caller's hand. */
  readonly refused: (request: RequestRow, why: string) => void
}

export interface Approvals {
  /** A thread of hs wants a decision; identical ones collapse. Inside the transaction of its event. */
  ask(peerId: PeerId, role: Role, step: HsStep): void
  /** As `ask`, for anything else. `expiresAt`: Unix ms, a day from now when left out. */
  askFor(subject: Subject, expiresAt?: number): void
  /** The owner wants a policy: asked anew each time, the last wish counts. */
  askPolicy(peerId: PeerId, policy: PeerPolicy): RequestRow
  /**
   * Asks whoever decides without a person; the decision is then in the log. Null: nobody does, or what would be done is barred. Inside the
   * transaction of the step it lets happen. `expiresAt`: Unix ms, a day from now when null.
   */
  automatic(subject: Subject, expiresAt: number | null): Approved | null
  /** What the thread of hs asked is not wanted any more. */
  unask(peerId: PeerId, role: Role): void
  /** As `unask`, for whatever fits. */
  unaskFor(fits: (request: RequestRow) => boolean): void
  /** What these would show has changed: they are shown anew. Inside the transaction of the change. */
  refresh(fits: (request: RequestRow) => boolean): void
  decide(id: string, shownHash: string, decision: 'approve' | 'reject', reason: string | null, consent?: Consent): { undoUntil: number | null }
  undo(id: string): void
  /** @returns how many; one that cannot be rejected now stays, and its refusal is told. */
  rejectAll(peerId: PeerId | null, reason: string): number
  /** Expires what is due. */
  expire(): void
  /** Unix ms when the next request expires, or null. */
  nextExpiry(): number | null
  /** Asks the policies about what waits: a process that ended between asking and answering left it. */
  reconsider(): void
  waiting(): RequestRow[]
  request(id: string): RequestRow | undefined
  requestDto(request: RequestRow): RequestDto
  approvalDto(request: RequestRow): ApprovalDto
  issue(request: RequestRow): string | null
  /** Held approvals become undecided; timers stop. */
  stop(): void
}

interface Decided {
  readonly id: string
  readonly peerId: PeerId
  readonly step: Step
  readonly hash: string
  readonly decision: DecisionEntry['decision']
  readonly by: DecisionEntry['by']
  readonly policyId?: string | undefined
  readonly reason?: string | null | undefined
}

interface Held {
  readonly cancel: Cancel
  readonly until: number
  readonly hash: string
  readonly consent: Consent
}

export const createApprovals = (deps: ApprovalDeps): Approvals => {
  const { store, work, ports } = deps
  const held = new Map<string, Held>()
  /** Why the last decision on a request was refused; shown with the request. */
  const refusals = new Map<string, string>()
  /** Never later than the true one; too early costs a look. */
  let next: number | null = null

  const find = (id: string): RequestRow => {
    const request = store.requests.get(id)
    if (!request) throw new AppFault('NOT_FOUND', 'This request is not waiting any more.')
    return request
  }

  const stepOf = (request: RequestRow): Step => request.step as Step
  const subjectOf = (request: RequestRow): Subject => ({ peerId: request.peerId, role: request.role, step: stepOf(request), extra: request.extra })

  const rebuilt = (request: RequestRow): View => deps.build(subjectOf(request), Math.max(1, Math.round((request.expiresAt - request.createdAt) / 1000)))

  const drop = (request: RequestRow): void => {
    held.get(request.id)?.cancel()
    held.delete(request.id)
    refusals.delete(request.id)
    store.requests.remove(request.id)
    work.touch(`request:${request.id}`)
    work.touch('app')
  }

  /** Puts a decision into the log and tells of it, inside the transaction at hand. @returns its hash. */
  const note = ({ id, peerId, step, hash, decision, by, policyId, reason }: Decided): string => {
    const why = reason ? { reason } : {}
    const about = policyId === undefined ? why : { policy_id: policyId, ...why }
    const entry = store.decisions.append({
      at: ports.clock.now(),
      request_id: id,
      peer: peerId,
      step,
      view_hash: hash,
      decision,
      by,
      ...about,
      app_version: deps.appVersion,
    })
    work.emit({ event: 'decision', id, peer: peerId, step, decision, by, ...why })
    work.touch(`decision:${entry.seq}`)
    return hashDecision(entry)
  }

  /** Decision, thread, outbox and events are one transaction. */
  const settle = (
    request: RequestRow,
    decided: { readonly decision: 'approve' | 'auto'; readonly scope: Consent['scope'] } | { readonly decision: 'reject' | 'expire'; readonly reason: string },
    by: DecisionEntry['by'],
    hash: string,
    policyId?: string,
    reason?: string | null,
  ): void => {
    work.run(() => {
      const { id, peerId } = request
      const { decision } = decided
      const decisionHash = note({ id, peerId, step: stepOf(request), hash, decision, by, policyId, reason: 'reason' in decided ? decided.reason : reason })
      drop(request)
      deps.execute(request, 'reason' in decided ? decided : { ...decided, by, decisionHash })
    })
  }

  /** One that cannot be settled must hold up neither the others nor what waits for its turn behind them. @returns why not, or null. */
  const trySettle = (request: RequestRow, decision: 'reject' | 'expire', reason: string): string | null => {
    try {
      if (decision === 'reject') settle(request, { decision, reason }, 'person', request.viewHash)
      else settle(request, { decision, reason }, 'policy', request.viewHash, 'expiry')
      return null
    } catch (error) {
      // Nothing of it was done. Of a store that refuses the caller has to hear.
      if (!(error instanceof AppFault) || (error.code !== 'STATE' && error.code !== 'NOT_FOUND')) throw error
      ports.log.warn('a request could not be settled', { decision, error: error.message })
      refusals.set(request.id, error.message)
      return error.message
    }
  }

  /** Everything a decision is bound to, checked at execution and not before: expiry, trust, and the very view that was shown. */
  const executable = (request: RequestRow, hash: string, consent: Consent = STEP_ONLY): string | null => {
    if (ports.clock.now() >= request.expiresAt) return 'This request has expired.'
    const standing = issue(request)
    if (standing) return standing
    const view = rebuilt(request)
    if (viewHash(view) !== hash) return 'What was shown is no longer what would be done. Here is the request anew.'
    if (view.compare && !consent.uncompared) return 'There are no words to compare. Tick that you go on without comparing, or wait until the peer is there.'
    if (consent.scope === 'handshake' && !view.rest) return 'The rest of this handshake cannot be approved with this step.'
    return null
  }

  const issue = (request: RequestRow): string | null => barred(deps.peer(request.peerId))

  const barred = ({ trust }: PeerRow): string | null => {
    if (trust === 'changed') return 'This peer’s key is not the one you pinned. Nothing can be approved before you decide on that.'
    if (trust === 'blocked') return 'This peer is blocked.'
    return null
  }

  /** The request now carries the view as it is. */
  const showAnew = (request: RequestRow): void => {
    const view = rebuilt(request)
    const hash = viewHash(view)
    store.requests.put({ ...request, view, viewHash: hash })
    work.emit({
      event: 'request',
      id: request.id,
      peer: request.peerId,
      step: stepOf(request),
      view,
      view_hash: hash,
      expires: new Date(request.expiresAt).toISOString(),
    })
    work.touch(`request:${request.id}`)
  }

  const refuse = (request: RequestRow, why: string): void => {
    refusals.set(request.id, why)
    work.run(() => showAnew(request))
    deps.refused(request, why)
  }

  const finishHold = (id: string): void => {
    const hold = held.get(id)
    const request = store.requests.get(id)
    held.delete(id)
    if (!hold || !request) return
    try {
      const why = executable(request, hold.hash, hold.consent)
      if (why) refuse(request, why)
      else settle(request, { decision: 'approve', scope: hold.consent.scope }, 'person', hold.hash)
    } catch (error) {
      // A timer has no caller to tell. Nothing was done: the request is undecided as before, and says why.
      const why = error instanceof AppFault ? error.message : 'Something went wrong inside Countersign. Nothing was done.'
      ports.log.error('an approval could not be carried out', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
      refusals.set(id, why)
      try {
        work.run(() => work.touch(`request:${id}`))
        deps.refused(request, why)
      } catch {
        // The store still refuses: the log has it, and the request shows it when it is next drawn.
      }
    }
  }

  const considerPolicy = (id: string): void => {
    const request = store.requests.get(id)
    if (!request || held.has(id)) return
    const answer = deps.policy(deps.peer(request.peerId), subjectOf(request))
    if (!answer.auto) return
    // A policy is asked at each step; only a person approves the rest of a handshake.
    const consent: Consent = { scope: 'step', uncompared: true }
    if (executable(request, request.viewHash, consent) === null)
      settle(request, { decision: 'auto', scope: consent.scope }, answer.by ?? 'policy', request.viewHash, answer.policyId, answer.reason)
  }

  /** A new request at the end of the queue, inside the transaction at hand. */
  const open = (subject: Subject, expiresAt: number): RequestRow => {
    const { peerId, role, step, extra } = subject
    const now = ports.clock.now()
    if (store.requests.count() >= MOST_REQUESTS) throw new AppFault('STATE', 'Too many requests wait for a decision. Decide or reject some first.')
    const view = deps.build(subject, Math.max(1, Math.round((expiresAt - now) / 1000)))
    const id = toHex(ports.random.bytes(16))
    const hash = viewHash(view)
    next = Math.min(next ?? expiresAt, expiresAt)
    const request: RequestRow = { id, peerId, role, step, view, viewHash: hash, createdAt: now, expiresAt, count: 1, undoUntil: null, extra }
    store.requests.put(request)
    work.emit({ event: 'request', id, peer: peerId, step, view, view_hash: hash, expires: new Date(expiresAt).toISOString() })
    work.touch(`request:${id}`)
    work.touch('app')
    return request
  }

  const aDayOn = (): number => ports.clock.now() + EXPIRES_BY_HAND_S * 1000
  const ask = (subject: Subject, expiresAt = aDayOn()): void => {
    const { peerId, role, step, extra } = subject
    const about = canonicalJson(extra as Json)
    const same = store.requests.all().find((r) => r.peerId === peerId && r.role === role && r.step === step && canonicalJson(r.extra as Json) === about)
    if (same) {
      store.requests.put({ ...same, count: same.count + 1 })
      work.touch(`request:${same.id}`)
      return
    }
    const { id } = open(subject, expiresAt)
    work.after(() => considerPolicy(id))
  }

  return {
    ask: (peerId, role, step) => ask({ peerId, role, step, extra: {} }),
    askFor: ask,
    automatic: (subject, expiresAt) => {
      const peer = deps.peer(subject.peerId)
      const answer = deps.policy(peer, subject)
      if (!answer.auto || barred(peer) !== null) return null
      const view = deps.build(subject, Math.max(1, Math.round(((expiresAt ?? aDayOn()) - ports.clock.now()) / 1000)))
      const by = answer.by ?? 'policy'
      const { peerId, step } = subject
      const { policyId, reason } = answer
      const decisionHash = note({ id: toHex(ports.random.bytes(16)), peerId, step, hash: viewHash(view), decision: 'auto', by, policyId, reason })
      return { decision: 'auto', by, scope: 'step', decisionHash }
    },

    askPolicy: (peerId, policy) =>
      work.run(() => {
        for (const request of store.requests.all()) if (request.peerId === peerId && request.step === 'policy') drop(request)
        return open({ peerId, role: 'responder', step: 'policy', extra: { policy: { ...policy } } }, aDayOn())
      }),

    unask: (peerId, role) => {
      for (const request of store.requests.all())
        if (request.peerId === peerId && request.role === role && Object.keys(request.extra).length === 0) drop(request)
    },
    unaskFor: (fits) => {
      for (const request of store.requests.all()) if (fits(request)) drop(request)
    },
    refresh: (fits) => {
      for (const request of store.requests.all()) if (fits(request)) showAnew(request)
    },

    decide: (id, shownHash, decision, reason, consent = STEP_ONLY) => {
      const request = find(id)
      if (decision === 'reject') {
        const text = reason ?? 'Rejected.'
        settle(request, { decision: 'reject', reason: text }, 'person', shownHash)
        return { undoUntil: null }
      }
      if (held.has(id)) throw new AppFault('STATE', 'This request is approved already and about to be carried out.')
      const why = executable(request, shownHash, consent)
      if (why) {
        refuse(request, why)
        throw new AppFault(ports.clock.now() >= request.expiresAt ? 'EXPIRED' : 'STALE', why)
      }
      refusals.delete(id)
      const until = ports.clock.now() + UNDO_MS
      held.set(id, { cancel: ports.clock.schedule(UNDO_MS, () => finishHold(id)), until, hash: shownHash, consent })
      work.run(() => work.touch(`request:${id}`))
      return { undoUntil: until }
    },

    undo: (id) => {
      const hold = held.get(id)
      if (!hold) throw new AppFault('STATE', 'It is too late to undo this.')
      hold.cancel()
      held.delete(id)
      work.run(() => work.touch(`request:${id}`))
    },

    rejectAll: (peerId, reason) => {
      const wanted = store.requests.all().filter((r) => peerId === null || r.peerId === peerId)
      let left = 0
      for (const request of wanted) {
        const why = store.requests.get(request.id) ? trySettle(request, 'reject', reason) : null
        if (why === null) continue
        left += 1
        work.run(() => work.touch(`request:${request.id}`))
        deps.refused(request, why)
      }
      return wanted.length - left
    },

    expire: () => {
      const now = ports.clock.now()
      next = null
      for (const request of store.requests.all()) {
        let again: number | null = request.expiresAt
        if (request.expiresAt <= now) again = trySettle(request, 'expire', 'Nobody decided in time.') === null ? null : now + AGAIN_MS
        if (again !== null) next = Math.min(next ?? again, again)
      }
    },
    nextExpiry: () => next,

    reconsider: () => {
      for (const request of store.requests.all()) considerPolicy(request.id)
    },

    waiting: () => store.requests.all(),
    request: (id) => store.requests.get(id),
    issue: (request) => issue(request) ?? refusals.get(request.id) ?? null,

    requestDto: (request) => ({
      id: request.id,
      peer: request.peerId,
      step: stepOf(request),
      sentence: String(request.view['sentence'] ?? ''),
      createdAt: request.createdAt,
      expiresAt: request.expiresAt,
      count: request.count,
      undoUntil: held.get(request.id)?.until ?? null,
    }),

    approvalDto: (request) => {
      const all = store.requests.all()
      return {
        requestId: request.id,
        // Rebuilt, not read back: what is drawn is what would be done at this moment.
        view: rebuilt(request),
        createdAt: request.createdAt,
        expiresAt: request.expiresAt,
        position: all.findIndex((r) => r.id === request.id) + 1,
        total: all.length,
        mayApprove: issue(request) === null && ports.clock.now() < request.expiresAt,
        issue: issue(request) ?? refusals.get(request.id) ?? null,
        undoUntil: held.get(request.id)?.until ?? null,
      }
    },

    stop: () => {
      for (const hold of held.values()) hold.cancel()
      held.clear()
      refusals.clear()
    },
  }
}
