import type { HsDraft } from './messages.ts'
import {
  atRest,
  backoff,
  CLOSE_INTERVAL_MS,
  CLOSES,
  type CommonEvent,
  drop,
  type Effect,
  ENDING_PATIENCE_MS,
  type Env,
  type InitiatorThread,
  log,
  note,
  type Opened,
  PATIENCE_MS,
  type Proof,
  ROUND_IDLE_MS,
  type Step,
  step,
  waited,
} from './thread.ts'

export type InitiatorEvent =
  | CommonEvent
  /** The person or a policy wants a session with this peer. */
  | { readonly type: 'want' }
  | { readonly type: 'confirm'; readonly nonce: string; readonly seen: boolean; readonly proof: Proof }
  | { readonly type: 'respond'; readonly yourNonce: string; readonly myNonce: string; readonly seen: boolean; readonly opened: Opened }
  | { readonly type: 'finish'; readonly yourRef: string; readonly myRef: string }
  /** The person asked to end the session: makes the request for `conclude`. */
  | { readonly type: 'askConclude' }

type S = Step<InitiatorThread>

/** How long a real answer may take before the nonce of a refused one is good enough to conclude with, ms. */
const DRAIN_AFTER_MS = 10_000

/**
 * The initiator of the hs profile: `init_ready → init_exchange → init_finalize_propose → init_finalize_close → init_ready`
 * (docs/protocol.md, "Initiator"). Pure: the same thread, event and env give the same step.
 */
export const initiator = (t: InitiatorThread, e: InitiatorEvent, env: Env): S => {
  if (e.type === 'stop') return stop(t, e.reason)
  switch (t.state) {
    case 'init_ready':
      return ready(t, e, env)
    case 'init_exchange':
      return exchange(t, e, env)
    case 'init_finalize_propose':
      return propose(t, e, env)
    case 'init_finalize_close':
      return close(t, e, env)
  }
}

/**
 * Back to init_ready. The references stay: they are what a reconnect presents, and an original that holds one answers
 * nothing else. A confirm that was never used up stays as well; the peer would repeat it under the same nonce, or never.
 */
const rest = (t: InitiatorThread, how: 'closed' | 'ended', reason: string): S => {
  const ended: Effect[] = t.session === null ? [] : [{ do: 'end', how, reason }]
  const unused =
    t.state === 'init_exchange' && t.exchangeCount === 1 && t.peerNonce && t.signPub && t.kxPub
      ? { nonce: t.peerNonce, signPub: t.signPub, kxPub: t.kxPub }
      : null
  return step(t, { ...atRest, state: 'init_ready', wanted: false, offer: unused ?? t.offer }, { do: 'unask' }, { do: 'unsend' }, ...ended, note(reason))
}

/** Nothing is on its way any more. Between sessions the references stay: they belong to a cycle that ended well. */
const stop = (t: InitiatorThread, reason: string): S => {
  if (t.state !== 'init_ready') return rest(t, 'ended', reason)
  if (!t.wanted && !t.asking) return step(t, {})
  return step(t, { wanted: false, asking: null, line: null, dueAt: null, unproved: false }, { do: 'unask' }, { do: 'unsend' }, note(reason))
}

const send = (t: InitiatorThread, changes: Partial<InitiatorThread>, draft: HsDraft, env: Env, ...effects: Effect[]): S =>
  step(t, { line: draft, tries: 0, since: env.now, dueAt: env.now + backoff(0, env.jitter), ...changes }, { do: 'send', draft }, ...effects)

/** The line again, the same bytes but for a fresh signature time. */
const again = (t: InitiatorThread, env: Env, patience: number, giveUp: string): S => {
  if (waited(t, env) >= patience) return rest(t, 'ended', giveUp)
  if (!t.line) return step(t, { dueAt: null })
  return step(t, { tries: t.tries + 1, dueAt: env.now + backoff(t.tries + 1, env.jitter) }, { do: 'send', draft: t.line })
}

const ready = (t: InitiatorThread, e: InitiatorEvent, env: Env): S => {
  switch (e.type) {
    case 'want': {
      if (t.asking) return step(t, { wanted: true })
      // The offer may be one we used before and gave up on: a peer that took that request up hears from the knock that we begin anew.
      if (t.offer)
        return step(
          t,
          { wanted: true, asking: 'request', dueAt: null, line: null },
          { do: 'send', draft: { intent: 'knock', peer: t.peerId } },
          { do: 'ask', step: 'request' },
        )
      // An original that completed a cycle with us ignores every register: only the reference opens it again.
      const draft: HsDraft = t.peerReference ? { intent: 'reconnect', your_ref: t.peerReference } : { intent: 'knock', peer: t.peerId }
      return send(t, { wanted: true, dueAt: env.now + backoff(0, env.jitter, 1_000, 10_000) }, draft, env)
    }
    case 'confirm': {
      // A repeat carries the nonce it had before; its proof was used up by the first.
      if (e.seen || t.offer?.nonce === e.nonce) return step(t, {}, drop('repeated confirm'))
      if (!e.proof.ok) return unproved(t, e.proof.why)
      // The same keys under a new nonce: the peer began anew. What is decided stays what was shown.
      if (t.asking && t.offer?.signPub !== e.proof.signPub) return step(t, {}, drop('another confirm while one waits for a decision'))
      const offer = { nonce: e.nonce, signPub: e.proof.signPub, kxPub: e.proof.kxPub, ...(e.proof.hs ? { hs: e.proof.hs } : {}) }
      const kept: Effect[] = [{ do: 'remember', signPub: offer.signPub, nonce: offer.nonce, localMs: e.proof.localMs }]
      if (t.asking) return step(t, { offer }, ...kept)
      if (!t.wanted) return step(t, { offer, unproved: false }, ...kept, { do: 'knock', kind: 'confirm' })
      return step(t, { offer, asking: 'request', line: null, dueAt: null, unproved: false }, { do: 'unsend' }, ...kept, { do: 'ask', step: 'request' })
    }
    case 'approved': {
      if (e.step !== 'request' || !t.offer) return step(t, {}, drop('nothing to approve'))
      const { nonce, signPub, kxPub, hs } = t.offer
      const draft: HsDraft = { intent: 'request', your_nonce: nonce, my_nonce: env.nonce, body: null, hs: 'init' }
      return send(
        t,
        {
          state: 'init_exchange',
          peerNonce: nonce,
          localNonce: env.nonce,
          localReference: null,
          peerReference: null,
          exchangeCount: 1,
          finalizeRetryCount: 0,
          signPub,
          kxPub,
          asking: null,
          offer: null,
        },
        draft,
        env,
        { do: 'record', flow: 'received', nonce },
        { do: 'record', flow: 'sent', nonce: env.nonce },
        { do: 'open', confirmNonce: nonce, requestNonce: env.nonce, ...(hs ? { hs } : {}) },
        log(`[init_ready -> init_exchange] peer_nonce set: ${nonce.slice(0, 8)}…`),
        log('request #1'),
      )
    }
    case 'declined':
      // The offer is kept: an original would not send another, and the person may change their mind.
      return step(t, { asking: null, wanted: false, line: null, dueAt: null }, { do: 'unsend' }, note(e.reason))
    case 'finish':
      // Our closes were lost. Only the very references of the cycle that ended are answered.
      // Where we gave up before its finish came, the first one names the peer's reference.
      if (t.localReference === null || e.yourRef !== t.localReference || (t.peerReference !== null && e.myRef !== t.peerReference))
        return step(t, {}, drop('finish of no session'))
      return step(t, { peerReference: e.myRef }, { do: 'send', draft: { intent: 'close', your_ref: e.myRef, my_ref: e.yourRef } })
    case 'tick': {
      if (!t.wanted || t.asking || !t.line) return step(t, { dueAt: null })
      if (waited(t, env) >= PATIENCE_MS) return rest(t, 'ended', t.unproved ? 'This peer cannot prove its keys.' : 'The peer did not answer for a day.')
      const reconnect = t.line.intent === 'reconnect'
      const dueAt = env.now + backoff(t.tries + 1, env.jitter, 1_000, reconnect ? 10_000 : 60_000)
      return step(t, { tries: t.tries + 1, dueAt }, { do: 'send', draft: t.line })
    }
    default:
      return step(t, {}, drop(`${e.type} in init_ready`))
  }
}

/** Said, and nothing else: anybody on the relay can send a confirm without proof under this peer's id. */
const unproved = (t: InitiatorThread, why: string): S => {
  const text = why === 'absent' ? 'This peer sent no proof of its keys.' : `The proof of this peer's keys was refused: ${why}.`
  return step(t, { unproved: t.wanted && !t.asking }, note(text))
}

const exchange = (t: InitiatorThread, e: InitiatorEvent, env: Env): S => {
  switch (e.type) {
    case 'respond': {
      if (t.localNonce === null || e.yourNonce !== t.localNonce) return step(t, {}, drop('respond that echoes no request of ours'))
      // The outer message is unsigned: only a body sealed with the session key proves that the peer spoke.
      if (e.opened.kind === 'refused') {
        // A peer that lost the key (an original that was restarted) answers in the clear for ever. The session stands still, but it can be concluded.
        // Its nonce may be anybody's, so it waits until a real answer is overdue.
        return step(t, { drainNonce: e.myNonce }, { do: 'deliver', opened: e.opened })
      }
      const next = {
        ...t,
        peerNonce: e.myNonce,
        drainNonce: null,
        localNonce: null,
        line: null,
        tries: 0,
        since: env.now,
        dueAt: env.now + ROUND_IDLE_MS,
      } as const
      // An original can overwrite its own row with the answer before: what it said then is known, and a new round gets it going again.
      const effects: Effect[] = e.seen
        ? [{ do: 'answered' }]
        : [
            { do: 'record', flow: 'received', nonce: e.myNonce },
            { do: 'answered' },
            { do: 'deliver', opened: e.opened },
            log(`GOT RESPONSE #${t.exchangeCount}`),
          ]
      if (!t.concluding) return step(next, {}, ...effects)
      const concluded = conclude(next, env)
      return { thread: concluded.thread, effects: [...effects, ...concluded.effects] }
    }
    case 'tick': {
      if (t.localNonce !== null) {
        if (t.concluding && t.drainNonce !== null && waited(t, env) >= DRAIN_AFTER_MS) return conclude({ ...t, peerNonce: t.drainNonce }, env)
        const patience = t.concluding ? 2 * 60_000 : PATIENCE_MS
        return again(t, env, patience, t.concluding ? 'The peer did not answer. Ended on our side.' : 'The peer did not answer for a day.')
      }
      if (t.peerNonce === null || (e.text === null && env.now < (t.dueAt ?? 0))) return step(t, {})
      const count = t.exchangeCount + 1
      const draft: HsDraft = { intent: 'request', your_nonce: t.peerNonce, my_nonce: env.nonce, body: e.text, hs: null }
      const carried: Effect[] = e.text === null ? [] : [{ do: 'carried', message: e.text }]
      return send(
        t,
        { localNonce: env.nonce, exchangeCount: count },
        draft,
        env,
        { do: 'record', flow: 'sent', nonce: env.nonce },
        ...carried,
        log(`request #${count}`),
      )
    }
    case 'askConclude':
      return t.asking || t.concluding ? step(t, {}) : step(t, { asking: 'conclude' }, { do: 'ask', step: 'conclude' })
    case 'approved':
      if (e.step !== 'conclude' || t.asking !== 'conclude') return step(t, {}, drop('nothing to approve'))
      if (t.localNonce !== null) return step(t, { asking: null, concluding: true, since: env.now, dueAt: env.now + backoff(0, env.jitter) })
      return conclude({ ...t, asking: null }, env)
    case 'declined':
      return step(t, { asking: null }, note(e.reason))
    default:
      return step(t, {}, drop(`${e.type} in init_exchange`))
  }
}

const conclude = (t: InitiatorThread, env: Env): S => {
  if (t.peerNonce === null) return rest(t, 'ended', 'The session had no round to conclude.')
  const reference = t.localReference ?? env.reference
  const draft: HsDraft = { intent: 'conclude', your_nonce: t.peerNonce, my_ref: reference }
  return send(
    t,
    { state: 'init_finalize_propose', localReference: reference, finalizeRetryCount: 1, concluding: false, asking: null },
    draft,
    env,
    log('[init_exchange -> init_finalize_propose] EXCHANGE CUT'),
  )
}

const propose = (t: InitiatorThread, e: InitiatorEvent, env: Env): S => {
  switch (e.type) {
    case 'finish': {
      if (t.localReference === null || e.yourRef !== t.localReference) return step(t, {}, drop('finish with a reference that is not ours'))
      const draft: HsDraft = { intent: 'close', your_ref: e.myRef, my_ref: t.localReference }
      return send(
        t,
        { state: 'init_finalize_close', peerReference: e.myRef, finalizeRetryCount: 1, dueAt: env.now + CLOSE_INTERVAL_MS, session: null },
        draft,
        env,
        { do: 'forget' },
        { do: 'end', how: 'closed', reason: 'Concluded; both sides hold the references.' },
        log('[init_finalize_propose -> init_finalize_close] CLOSE'),
      )
    }
    case 'tick':
      return again({ ...t, finalizeRetryCount: t.finalizeRetryCount + 1 }, env, ENDING_PATIENCE_MS, 'The peer did not confirm the end. Ended on our side.')
    default:
      return step(t, {}, drop(`${e.type} in init_finalize_propose`))
  }
}

const close = (t: InitiatorThread, e: InitiatorEvent, env: Env): S => {
  // A finish that still comes says that no close has arrived.
  if (e.type === 'finish' && e.yourRef === t.localReference && e.myRef === t.peerReference && t.line) return step(t, {}, { do: 'send', draft: t.line })
  if (e.type !== 'tick') return step(t, {}, drop(`${e.type} in init_finalize_close`))
  if (t.finalizeRetryCount >= CLOSES || !t.line) {
    return step(t, { ...atRest, state: 'init_ready', wanted: false, offer: null }, log('[init_finalize_close -> init_ready] CUT (refs preserved)'))
  }
  return step(t, { finalizeRetryCount: t.finalizeRetryCount + 1, dueAt: env.now + CLOSE_INTERVAL_MS }, { do: 'send', draft: t.line })
}
