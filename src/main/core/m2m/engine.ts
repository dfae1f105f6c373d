import type { Genesis } from '../brand.ts'
import { toHex } from '../crypto/bytes.ts'
import { AppFault } from '../fault.ts'
import { uuidOf } from '../identity/identity.ts'
import { createCore } from './engine-core.ts'
import type { M2m, M2mDeps, ThreadSummary } from './engine-types.ts'
import { createIncoming } from './incoming.ts'
import { wordsCommit } from './match-words.ts'
import { markOf, placeOf } from './rows-of.ts'
import { SUITES } from './statement.ts'
import { summaryOf } from './summary.ts'
import { dueOf, HAND_LIFETIME, hasRow, isActive, isHandshake, isOver, MOST_OPEN, newInitiator, POLICY_LIFETIME, type Thread } from './thread.ts'

/** A timer that could do nothing, and an end that is owed, are tried again after this, ms. */
const AGAIN_MS = 60_000

/** The engine of the m2m profile (docs/handshake.md): reducers decide, this carries out; one event is one transaction. */
export const createM2m = (deps: M2mDeps): M2m => {
  const { ledger, channels } = deps
  const { clock, random } = deps.ports
  const core = createCore(deps)
  const { agreement, writing, transact, live, get, barred, begin, drive, handle, advance } = core
  const incoming = createIncoming(deps, core)

  /** What decides over an event that a person caused must say why it did not happen. */
  const demand = (refusal: string | null): void => {
    if (refusal !== null) throw new AppFault('STATE', refusal)
  }

  const mustFind = (ref: string): Thread => {
    const t = core.find(ref)
    if (t === undefined) throw new AppFault('NOT_FOUND', 'There is no such handshake.')
    return t
  }

  const each = (of: Iterable<Thread>, run: (t: Thread) => void): void => {
    let failure: { readonly error: unknown } | undefined
    for (const t of [...of]) {
      try {
        run(t)
      } catch (error) {
        // One thread that cannot go on holds up no other; the first failure is for the caller.
        failure ??= { error }
      }
    }
    if (failure) throw failure.error
  }
  /** Unix ms before which a thread's timer is not tried again, though it is due. */
  const waits = new Map<string, number>()
  let payAt = 0
  const dueAfter = (t: Thread): number | null => {
    const due = dueOf(t)
    return due === null ? null : Math.max(due, waits.get(t.id) ?? 0)
  }
  const payAll = (): void => {
    payAt = clock.now() + AGAIN_MS
    each(core.owing(), (t) => transact(() => core.pay(t.id)))
  }
  const both = (one: () => unknown, other: () => void): void => {
    try {
      one()
    } finally {
      other()
    }
  }
  const openWith = (genesis: Genesis): Thread[] => live().filter((t) => t.peerGenesis === genesis && isHandshake(t.state))

  return {
    propose: (peerId, { byPolicy }) =>
      transact(() => {
        const machine = deps.peers.machineOf(peerId)
        if (machine === null) throw new AppFault('NOT_FOUND', 'There is no card of this peer.')
        const { genesis } = machine
        demand(barred(peerId, genesis))
        const own = ledger.own().genesis
        // Refuses our own machine and keys.
        ledger.followed(genesis) ?? ledger.follow(machine.header, peerId)
        const open = openWith(genesis)
        if (open.some((t) => t.state === 'r.ask1')) throw new AppFault('STATE', 'A proposal of this peer waits for your answer.')
        if (open.length >= MOST_OPEN) throw new AppFault('STATE', 'Too many handshakes with this peer are open.')
        const nonce = toHex(random.bytes(32))
        const x = toHex(random.bytes(16))
        const thread = newInitiator({
          id: toHex(random.bytes(16)),
          peerId,
          peerGenesis: genesis,
          nonce,
          contractId: uuidOf(random.bytes(16)),
          suites: SUITES,
          x,
          wordsCommit: wordsCommit({ x, self_genesis: own, peer_genesis: genesis, session_nonce: nonce }),
          lifetime: byPolicy ? POLICY_LIFETIME : HAND_LIFETIME,
          now: clock.now(),
        })
        demand(begin(thread, { type: 'propose' }))
        return thread.id
      }),

    execute: (threadId, step, outcome) =>
      transact(() => {
        const t = get(threadId)
        if ('approved' in outcome) demand(handle(t.id, { type: 'approved', step, decision: outcome.decisionHash, rest: outcome.scope === 'handshake' }))
        else demand(handle(t.id, { type: 'rejected', step, reason: outcome.reason, silent: outcome.silent ?? false }))
      }),

    close: (ref) =>
      transact(() => {
        const t = mustFind(ref)
        if (!isActive(t)) throw new AppFault('STATE', 'There is no session to close yet.')
        demand(handle(t.id, { type: 'wantEnd' }))
      }),

    abort: (ref) =>
      transact(() => {
        const t = mustFind(ref)
        if (isActive(t) || !isHandshake(t.state)) throw new AppFault('STATE', 'This handshake cannot be given up any more.')
        if (!hasRow(t)) {
          handle(t.id, { type: 'stop', reason: 'user' })
          return false
        }
        demand(handle(t.id, { type: 'wantEnd' }))
        return true
      }),

    message: (message) => transact(() => incoming(message), { re: message.id, genesis: message.genesis }),

    gaveUp: (threadId) => {
      if (core.find(threadId) !== undefined) transact(() => void handle(threadId, { type: 'gaveUp' }))
    },

    channelClosed: (sessionId, reason) => {
      const t = live().find((one) => one.sessionId === sessionId)
      if (t !== undefined) transact(() => void handle(t.id, { type: 'channelClosed', reason }))
    },

    forked: (genesis, why) =>
      each(
        live().filter((t) => t.peerGenesis === genesis),
        (t) => transact(() => void drive(t.id, { type: 'fork', why })),
      ),

    threads: () => [...core.all()].map(summaryOf),
    live: (peerId) => live().flatMap((t) => (t.peerId === peerId ? [summaryOf(t)] : [])),
    thread: (ref) => {
      const t = core.find(ref)
      return t && summaryOf(t)
    },
    ofSession: (sessionId): ThreadSummary | undefined => {
      const t = core.bySession(sessionId)
      return t && summaryOf(t)
    },
    preview: (threadId, step) => writing.preview(get(threadId), step),
    confirmKey: (sessionId) => {
      const t = core.bySession(sessionId)
      return t === undefined ? null : agreement.confirm(t)
    },

    nextDue: () => {
      let next: number | null = null
      for (const t of live()) {
        const due = dueAfter(t)
        if (due !== null) next = Math.min(next ?? due, due)
      }
      return core.owing().length === 0 ? next : Math.min(next ?? payAt, payAt)
    },

    tick: () => {
      const now = clock.now()
      const due = live().filter((t) => (dueAfter(t) ?? Number.POSITIVE_INFINITY) <= now)
      both(
        () => now >= payAt && core.owing().length > 0 && payAll(),
        () =>
          each(due, (t) => {
            waits.set(t.id, now + AGAIN_MS)
            transact(() => void handle(t.id, { type: 'timer' }))
            // It did what it was for; the next one has its own time.
            if ((dueOf(get(t.id)) ?? Number.POSITIVE_INFINITY) > now) waits.delete(t.id)
          }),
      )
    },

    goOn: () => {
      waits.clear()
      both(payAll, () => each(live(), (t) => transact(() => advance(t.id))))
    },

    resume: () =>
      each(new Set([...core.owing(), ...live()]), (t) =>
        transact(() => {
          core.pay(t.id)
          if (isOver(t.state)) return
          const gone = (t.state === 'open' || t.state === 'closing') && (t.sessionId === null || !channels.has(t.sessionId))
          if (gone || !agreement.readable(t)) return void handle(t.id, { type: 'lost' })
          advance(t.id)
          const now = get(t.id)
          for (const step of now.asking) {
            if (!deps.approvals().asked(t.id, step)) deps.approvals().ask(t.id, t.peerId, step, summaryOf(now).expiresAt)
          }
        }),
      ),

    lost: (thread) =>
      transact(() => {
        if (core.byNonce(thread.nonce) !== undefined) return true
        const rows = { ...thread.rows }
        for (const row of ledger.sessionRows(thread.peerGenesis, thread.nonce)) {
          const place = placeOf(row, thread.role === 'initiator' ? 'B' : 'A')
          if (place !== null && place !== 'odd') rows[place] ??= markOf(row, clock.now())
        }
        const whole: Thread = { ...thread, rows }
        const sessionId = whole.sessionId ?? agreement.idOf(whole)
        // Who wrote A2 knows the session id, and has to say it when it ends the session.
        if (sessionId === null && whole.role === 'initiator' && whole.rows.A2 !== undefined) return false
        core.begin({ ...whole, sessionId }, { type: 'lost' })
        return true
      }),

    stop: (peerId, reason) =>
      transact(() => {
        for (const t of live()) if (t.peerId === peerId) handle(t.id, { type: 'stop', reason })
      }),

    reconsider: (peerId) =>
      transact(() => {
        for (const t of live()) if (t.peerId === peerId) advance(t.id)
      }),

    hasThread: (genesis) => [...core.all()].some((t) => t.peerGenesis === genesis),
  }
}
