import type { HsDraft } from './messages.ts'
import {
  ANSWER_IDLE_MS,
  atRest,
  backoff,
  type CommonEvent,
  drop,
  type Effect,
  ENDING_PATIENCE_MS,
  type Env,
  log,
  note,
  type Opened,
  PATIENCE_MS,
  type Proof,
  type ResponderThread,
  type Step,
  step,
  waited,
} from './thread.ts'

export type ResponderEvent =
  | CommonEvent
  /** `directed`: a knock, by which a Countersign says that its person wants a session with us. */
  | { readonly type: 'register'; readonly directed: boolean }
  | { readonly type: 'reconnect'; readonly yourRef: string }
  /** The person or a policy answers a register or reconnect: makes the request for `confirm`. */
  | { readonly type: 'answer' }
  | { readonly type: 'request'; readonly yourNonce: string; readonly myNonce: string; readonly seen: boolean; readonly proof: Proof; readonly opened: Opened }
  | { readonly type: 'conclude'; readonly yourNonce: string; readonly myRef: string }
  | { readonly type: 'close'; readonly yourRef: string; readonly myRef: string }
  /** The person asked to end the session on our side: makes the request for `close`. */
  | { readonly type: 'askClose' }

type S = Step<ResponderThread>

/**
 * The responder of the hs profile: `resp_ready → resp_confirm → resp_exchange → resp_finalize → resp_ready`
 * (docs/protocol.md, "Responder"). Pure: the same thread, event and env give the same step.
 */
export const responder = (t: ResponderThread, e: ResponderEvent, env: Env): S => {
  if (e.type === 'stop') return stop(t, e.reason)
  if (e.type === 'declined') return step(t, { asking: null, wanted: t.state === 'resp_ready' ? false : t.wanted }, note(e.reason))
  if (e.type === 'answer') return answer(t)
  if (e.type === 'approved' && e.step === 'confirm') return confirm(t, env)
  switch (t.state) {
    case 'resp_ready':
      return ready(t, e, env)
    case 'resp_confirm':
      return confirmed(t, e, env)
    case 'resp_exchange':
      return exchange(t, e, env)
    case 'resp_finalize':
      return finalize(t, e, env)
  }
}

/** Back to resp_ready. A reference we gave in a finish stays: the peer may hold it, and an original presents nothing else. */
const rest = (t: ResponderThread, how: 'closed' | 'ended', reason: string): S => {
  const ended: Effect[] = t.session === null ? [] : [{ do: 'end', how, reason }]
  return step(t, { ...atRest, state: 'resp_ready', wanted: false }, { do: 'unask' }, { do: 'unsend' }, ...ended, note(reason))
}

/** Nothing is on its way any more. Between sessions the reference stays: it belongs to a cycle that ended well. */
const stop = (t: ResponderThread, reason: string): S => {
  if (t.state !== 'resp_ready') return rest(t, 'ended', reason)
  return t.asking ? step(t, { wanted: false, asking: null }, { do: 'unask' }, { do: 'unsend' }, note(reason)) : step(t, {})
}

const send = (t: ResponderThread, changes: Partial<ResponderThread>, draft: HsDraft, env: Env, ...effects: Effect[]): S =>
  step(t, { line: draft, tries: 0, since: env.now, dueAt: env.now + backoff(0, env.jitter), ...changes }, { do: 'send', draft }, ...effects)

const again = (t: ResponderThread, env: Env, patience: number, giveUp: string): S => {
  if (waited(t, env) >= patience) return rest(t, 'ended', giveUp)
  if (!t.line) return step(t, { dueAt: null })
  const dueAt = env.now + backoff(t.tries + 1, env.jitter)
  return step(t, { tries: t.tries + 1, dueAt }, { do: 'send', draft: t.line })
}

const answer = (t: ResponderThread): S => {
  if (t.asking) return step(t, {})
  // In resp_confirm the confirm is under way already and repeats by itself.
  if (t.state === 'resp_confirm') return step(t, {}, drop('a confirm is already on its way'))
  return step(t, { asking: 'confirm', wanted: true }, { do: 'ask', step: 'confirm' })
}

const confirm = (t: ResponderThread, env: Env): S => {
  if (t.asking !== 'confirm') return step(t, {}, drop('nothing to approve'))
  const before: Effect[] = t.session === null ? [] : [{ do: 'end', how: 'ended', reason: 'The peer asked to start anew.' }]
  return send(
    { ...t, ...atRest },
    { state: 'resp_confirm', wanted: true, localNonce: env.nonce, localReference: null, peerReference: null, signPub: null, kxPub: null },
    { intent: 'confirm', my_nonce: env.nonce, hs: 'response' },
    env,
    ...before,
    { do: 'record', flow: 'sent', nonce: env.nonce },
    log(`[resp_ready -> resp_confirm] ${t.localReference === null ? 'REGISTER' : 'RECONNECT'}`),
  )
}

const ready = (t: ResponderThread, e: ResponderEvent, _env: Env): S => {
  switch (e.type) {
    case 'register':
      // The original stays silent on a register while it holds a reference; a directed one says that the peer lost its own.
      if (e.directed) return step(t, {}, { do: 'knock', kind: 'meet' })
      return t.localReference === null ? step(t, {}, { do: 'knock', kind: 'present' }) : step(t, {})
    case 'reconnect':
      // With no reference left we may have lost it: the reference proves nothing anyway, and a fresh confirm starts a whole new handshake.
      if (t.localReference !== null && e.yourRef !== t.localReference) return step(t, {}, drop('reconnect with a reference that is not ours'))
      return step(t, {}, { do: 'knock', kind: 'reconnect' })
    case 'tick':
      return step(t, { dueAt: null })
    default:
      return step(t, {}, drop(`${e.type} in resp_ready`))
  }
}

const confirmed = (t: ResponderThread, e: ResponderEvent, env: Env): S => {
  switch (e.type) {
    case 'request': {
      if (t.localNonce === null || e.yourNonce !== t.localNonce) return step(t, {}, drop('request that echoes no confirm of ours'))
      if (e.seen) return step(t, {}, drop('request with a nonce that came before'))
      if (!e.proof.ok) return unproved(t, e.proof.why)
      const { signPub, kxPub, localMs, hs } = e.proof
      return step(
        t,
        {
          state: 'resp_exchange',
          peerNonce: e.myNonce,
          localNonce: null,
          exchangeCount: 1,
          signPub,
          kxPub,
          line: null,
          tries: 0,
          since: env.now,
          dueAt: env.now + ANSWER_IDLE_MS,
        },
        { do: 'unsend' },
        { do: 'record', flow: 'received', nonce: e.myNonce },
        { do: 'remember', signPub, nonce: e.myNonce, localMs },
        { do: 'open', confirmNonce: t.localNonce, requestNonce: e.myNonce, ...(hs ? { hs } : {}) },
        { do: 'deliver', opened: e.opened },
        log('[resp_confirm -> resp_exchange] FIRST REQUEST'),
      )
    }
    case 'tick':
      return again(t, env, PATIENCE_MS, t.unproved ? 'This peer cannot prove its keys.' : 'The peer did not answer for a day.')
    case 'register':
      // A knock: the peer has not got our confirm. The same again, for a new nonce would part us from a peer that has and is deciding.
      return e.directed && t.line ? step(t, {}, { do: 'send', draft: t.line }) : step(t, {})
    case 'reconnect':
      // The original repeats it every second until our confirm arrives.
      return step(t, {})
    default:
      return step(t, {}, drop(`${e.type} in resp_confirm`))
  }
}

/** Said, and nothing else: anybody on the relay can send a request without proof, for our nonce is in the clear. */
const unproved = (t: ResponderThread, why: string): S => {
  const text = why === 'absent' ? 'This peer sent no proof of its keys.' : `The proof of this peer's keys was refused: ${why}.`
  return step(t, { unproved: true }, note(text))
}

const exchange = (t: ResponderThread, e: ResponderEvent, env: Env): S => {
  switch (e.type) {
    case 'request': {
      // Our answer was lost: the peer repeats its request, we repeat the answer. With the echo of that very answer it is no repeat (see below).
      if (t.line && e.myNonce === t.peerNonce && e.yourNonce !== t.localNonce) return step(t, {}, { do: 'send', draft: t.line })
      if (t.localNonce === null || e.yourNonce !== t.localNonce) return step(t, {}, drop('request that echoes no answer of ours'))
      // The outer message is unsigned: only a body sealed with the session key proves that the peer spoke.
      if (e.opened.kind === 'refused') return step(t, {}, { do: 'deliver', opened: e.opened })
      const turn = { peerNonce: e.myNonce, localNonce: null, line: null, tries: 0, since: env.now, dueAt: env.now + ANSWER_IDLE_MS } as const
      // An original can overwrite its own row with the request before, and then waits for ever: a fresh answer, and only that, gets it going again.
      if (e.seen) return step(t, turn, { do: 'unsend' }, { do: 'answered' })
      const count = t.exchangeCount + 1
      return step(
        t,
        { ...turn, exchangeCount: count },
        { do: 'unsend' },
        { do: 'record', flow: 'received', nonce: e.myNonce },
        { do: 'answered' },
        { do: 'deliver', opened: e.opened },
        log(`[resp_exchange -> resp_finalize] REQUEST RECEIVED #${count}`),
      )
    }
    case 'conclude': {
      if (t.localNonce === null || e.yourNonce !== t.localNonce) return step(t, {}, drop('conclude that echoes no answer of ours'))
      const reference = t.localReference ?? env.reference
      return send(
        t,
        { state: 'resp_finalize', peerReference: e.myRef, localReference: reference, exchangeCount: 0, finalizeRetryCount: 0, asking: null },
        { intent: 'finish', your_ref: e.myRef, my_ref: reference },
        env,
        { do: 'unask' },
        { do: 'answered' },
        log('[resp_exchange -> resp_finalize] REQUEST TO CONCLUDE'),
      )
    }
    case 'tick': {
      if (t.localNonce !== null) return again(t, env, PATIENCE_MS, 'The peer did not speak for a day.')
      if (t.peerNonce === null || (e.text === null && env.now < (t.dueAt ?? 0))) return step(t, {})
      const carried: Effect[] = e.text === null ? [] : [{ do: 'carried', message: e.text }]
      const draft: HsDraft = { intent: 'respond', your_nonce: t.peerNonce, my_nonce: env.nonce, body: e.text }
      return send(t, { localNonce: env.nonce }, draft, env, { do: 'record', flow: 'sent', nonce: env.nonce }, ...carried)
    }
    case 'register':
      return e.directed ? step(t, {}, { do: 'knock', kind: 'meet' }) : step(t, {})
    case 'askClose':
      return t.asking ? step(t, {}) : step(t, { asking: 'close' }, { do: 'ask', step: 'close' })
    case 'approved':
      return e.step === 'close' && t.asking === 'close' ? rest(t, 'ended', 'Ended on our side.') : step(t, {}, drop('nothing to approve'))
    default:
      return step(t, {}, drop(`${e.type} in resp_exchange`))
  }
}

const finalize = (t: ResponderThread, e: ResponderEvent, env: Env): S => {
  switch (e.type) {
    case 'close':
      if (e.yourRef !== t.localReference || e.myRef !== t.peerReference) return step(t, {}, drop('close with references that are not those concluded'))
      return closed(t, '[resp_finalize -> resp_ready] CLOSE SUCCESS')
    case 'conclude':
      // Our finish was lost.
      return t.line && e.myRef === t.peerReference ? step(t, {}, { do: 'send', draft: t.line }) : step(t, {}, drop('another conclude'))
    case 'reconnect': {
      // The peer can know our reference only from our finish: its closes were lost.
      if (e.yourRef !== t.localReference) return step(t, {}, drop('reconnect with a reference that is not ours'))
      const { thread, effects } = closed(t, '[resp_finalize -> resp_ready] CLOSE SUCCESS (seen by its reconnect)')
      return { thread, effects: [...effects, { do: 'knock', kind: 'reconnect' }] }
    }
    case 'request': {
      // Anybody can conclude in the peer's name, our nonce is in the clear. A sealed request that echoes it says that the peer did not.
      if (t.session === null || t.localNonce === null || e.yourNonce !== t.localNonce || e.seen || e.opened.kind === 'refused')
        return step(t, {}, drop('request in resp_finalize'))
      return exchange({ ...t, state: 'resp_exchange', localReference: null, peerReference: null, line: null }, e, env)
    }
    case 'tick':
      return again(t, env, ENDING_PATIENCE_MS, 'The peer did not close. Ended on our side.')
    case 'register':
      return e.directed ? step(t, {}, { do: 'knock', kind: 'meet' }) : step(t, {})
    default:
      return step(t, {}, drop(`${e.type} in resp_finalize`))
  }
}

/** Our reference stays: it is what the peer presents to reconnect. */
const closed = (t: ResponderThread, text: string): S =>
  step(
    t,
    { ...atRest, state: 'resp_ready', wanted: false },
    { do: 'unsend' },
    { do: 'forget' },
    { do: 'end', how: 'closed', reason: 'Closed by the peer; both sides hold the references.' },
    log(text),
  )
