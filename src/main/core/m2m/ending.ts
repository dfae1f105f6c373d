import type { EndReason } from './statement.ts'
import {
  type Check,
  drop,
  type Effect,
  type Env,
  type Event,
  hasRow,
  isActive,
  isHandshake,
  note,
  type RowEvent,
  type Step,
  step,
  TELL_MS,
  type Thread,
} from './thread.ts'

const REASONS: Readonly<Record<EndReason, string>> = {
  user: 'ended by a person',
  rejected: 'rejected',
  expired: 'nobody decided in time',
  glare: 'both had proposed; the other proposal stands',
  suite: 'no common suite',
  clock: 'the clocks disagree',
  key_changed: 'the keys changed',
  bad_peer: 'the peer does not keep to the protocol',
  lost_state: 'the keys of this handshake cannot be read any more',
  done: 'done',
  age: 'the keys had grown too old',
  revoked: 'the machine was revoked',
}
export const reasonText = (reason: EndReason): string => REASONS[reason]

interface How {
  readonly by: 'us' | 'them'
  readonly decision?: string | null
  /** The peer hears nothing of it. */
  readonly silent?: boolean
}

const LATER = ' Your ledger takes no rows at present: the end is written as soon as it does.'

interface EndRow {
  readonly effects: readonly Effect[]
  readonly owed: Thread['owed']
}

/** The end on the own chain and its message: made now, or owed while the chain takes no rows. What else ends with it waits for nothing. */
const endRow = (kind: 'abort' | 'close', reason: EndReason, decision: string | null, tell: boolean, env: Env): EndRow =>
  env.mute !== null
    ? { effects: [], owed: { decision, tell } }
    : { effects: [{ do: 'end', kind, reason, decision }, ...(tell ? [{ do: 'send', t: kind } as const] : [])], owed: null }

/** Before the own activate row: abort, on the chain only if the chain has a step of this session. */
const abort = (t: Thread, reason: EndReason, how: How, env: Env): Step => {
  // A proposal that never left is nobody's business.
  const tell = how.silent !== true && t.state !== 'i.ask1' && t.state !== 'none'
  const bare: EndRow = { effects: tell ? [{ do: 'send', t: 'abort' }] : [], owed: null }
  const { effects, owed } = hasRow(t) && t.rows.ownEnd === undefined ? endRow('abort', reason, how.decision ?? null, tell, env) : bare
  return step(
    t,
    { state: 'ended', since: env.now, end: { reason, by: how.by }, owed, x: null, asking: [], kept: null },
    { do: 'unask' },
    ...effects,
    { do: 'wipe', what: 'all' },
    note(`The handshake ended: ${reasonText(reason)}.${owed === null ? '' : LATER}`),
  )
}

/** After the own activate row: close. The keys stay until the peer's end is known or a minute has passed: its last messages may be on their way. */
const close = (t: Thread, reason: EndReason, how: How, env: Env): Step => {
  const { effects, owed } = t.rows.ownEnd === undefined ? endRow('close', reason, how.decision ?? null, true, env) : { effects: [], owed: t.owed }
  const closing = step(
    t,
    { state: 'closing', since: env.now, end: { reason, by: how.by }, owed, x: null, asking: [], kept: null },
    { do: 'unask' },
    ...effects,
    { do: 'closeChannel', reason },
    ...(owed === null ? [] : [note(`The session is being closed.${LATER}`)]),
  )
  if (t.rows.peerEnd === undefined) return closing
  const closed = over(closing.thread, env)
  return { thread: closed.thread, effects: [...closing.effects, ...closed.effects] }
}

const over = (t: Thread, env: Env): Step =>
  step(t, { state: 'closed', since: env.now }, { do: 'wipe', what: 'all' }, note(`The session is closed: ${reasonText(t.end?.reason ?? 'done')}.`))

/** Ends what runs, in the way the own chain still allows. */
export const finish = (t: Thread, reason: EndReason, how: How, env: Env): Step => (isActive(t) ? close(t, reason, how, env) : abort(t, reason, how, env))

/** The peer contradicted itself. Keys go; the rows stay as evidence; nothing is answered any more. */
export const freeze = (t: Thread, why: string, env: Env): Step =>
  step(
    t,
    { state: 'frozen', since: env.now, frozen: why, owed: null, x: null, asking: [], kept: null },
    { do: 'unask' },
    { do: 'closeChannel', reason: 'bad_peer' },
    { do: 'wipe', what: 'all' },
    { do: 'silence' },
    note(`This session is frozen: ${why}. Both chains are kept as evidence.`, 'danger'),
  )

/** A row whose guards do not hold: noise, or a contradiction that freezes. */
export const refused = (t: Thread, e: RowEvent, check: Extract<Check, { ok: false }>, env: Env): Step =>
  check.kind === 'contradiction' ? freeze(t, check.why, env) : drop(t, `${e.name}: ${check.why}`)

/** The peer's abort or close row. */
const peerEnd = (t: Thread, e: RowEvent, env: Env): Step => {
  // An end is never too late, and safe to follow before what led to it is shown.
  if (!e.check.ok && e.check.kind !== 'late' && e.check.kind !== 'hidden') return refused(t, e, e.check, env)
  const seen: Thread = { ...t, rows: { ...t.rows, peerEnd: e.mark } }
  if (t.state === 'closing') return prefixed({ do: 'pinHead', seq: e.mark.seq }, over(seen, env))
  return prefixed({ do: 'pinHead', seq: e.mark.seq }, finish(seen, e.reason ?? 'user', { by: 'them' }, env))
}

const prefixed = (first: Effect, s: Step): Step => ({ thread: s.thread, effects: [first, ...s.effects] })

const timer = (t: Thread, env: Env): Step | null => {
  if (t.state === 'closing') return over(t, env)
  if (!isHandshake(t.state)) return null
  // Nobody waits for it, and a clock in doubt says nothing of the time that has passed.
  return env.mute !== null ? drop(t, env.mute) : finish(t, 'expired', { by: 'us' }, env)
}

/** The end that was owed. Rows that another copy of this profile wrote meanwhile count: nothing is written twice, and after an activate row it is a close. */
const pay = (t: Thread, e: Extract<Event, { type: 'pay' }>, env: Env): Step => {
  const { owed } = t
  if (owed === null || env.mute !== null) return drop(t, env.mute ?? 'nothing is owed')
  const whole: Thread = { ...t, rows: { ...e.rows, ...t.rows }, sessionId: t.sessionId ?? e.sessionId, owed: null }
  if (whole.sessionId === null && (isActive(whole) || whole.rows.A2 !== undefined)) return drop(t, 'rows of the peer are needed first')
  const kind = isActive(whole) ? 'close' : 'abort'
  const row: Effect[] = whole.rows.ownEnd === undefined ? [{ do: 'end', kind, reason: t.end?.reason ?? 'user', decision: owed.decision }] : []
  return step(whole, {}, ...row, ...(owed.tell && e.reachable ? [{ do: 'send', t: kind } as const] : []))
}

/** A message was not answered within its time. */
const gaveUp = (t: Thread, env: Env): Step => {
  if (isHandshake(t.state) && t.state !== 'i.ask1' && t.state !== 'r.ask1') return finish(t, 'expired', { by: 'us' }, env)
  // The peer may still hold the session open: it is told again for some days.
  if ((t.state === 'ended' || t.state === 'closed') && t.rows.ownEnd !== undefined && t.rows.peerEnd === undefined && env.now < t.since + TELL_MS)
    return step(t, {}, { do: 'send', t: isActive(t) ? 'close' : 'abort' })
  return drop(t, 'a message was given up')
}

const wantEnd = (t: Thread): Step => {
  const which = isActive(t) ? 'close' : 'abort'
  if (t.asking.includes(which)) return drop(t, 'the end is asked for already')
  return step(t, { asking: [...t.asking, which] }, { do: 'ask', step: which, auto: false })
}

/**
 * What holds for both roles: ends of every kind (docs/handshake.md). Null: the event is the role's. An ended thread
 * answers a peer that does not know it yet with the end again.
 */
export const both = (t: Thread, e: Event, env: Env): Step | null => {
  if (e.type === 'fork') return t.state === 'frozen' || t.state === 'none' ? drop(t, 'already frozen') : freeze(t, e.why, env)
  if (t.state === 'frozen') return drop(t, 'frozen')
  if (e.type === 'pay') return pay(t, e, env)
  if (e.type === 'gaveUp') return gaveUp(t, env)
  if (t.state === 'ended' || t.state === 'closed') return afterEnd(t, e, env)
  switch (e.type) {
    case 'row':
      if (e.name === 'peerEnd') return peerEnd(t, e, env)
      return t.state === 'open' || t.state === 'closing' ? seal(t, e, env) : null
    case 'peerAbort':
      // Once it has opened the session it can only close it, by a row.
      return t.state === 'closing' || t.state === 'open' ? drop(t, `an abort while ${t.state}`) : finish(t, e.reason, { by: 'them' }, env)
    case 'timer':
      return timer(t, env)
    case 'wantEnd':
      return t.state === 'closing' ? drop(t, 'it is closing') : wantEnd(t)
    case 'approved':
      if (e.step !== 'close' && e.step !== 'abort') return null
      if (!t.asking.includes(e.step) || (e.step === 'abort' && isActive(t))) return drop(t, 'nothing to end')
      return finish(t, 'user', { by: 'us', decision: e.decision }, env)
    case 'rejected':
      if (e.step === 'close' || e.step === 'abort') return step(t, { asking: t.asking.filter((s) => s !== e.step) })
      if (!t.asking.includes(e.step)) return drop(t, 'nothing to reject')
      return finish(t, e.reason, { by: 'us', silent: e.silent }, env)
    case 'channelClosed':
      return t.state === 'open' ? finish(t, e.reason, { by: 'them' }, env) : drop(t, 'the channel is closed already')
    case 'lost':
      return t.state === 'closing' ? over(t, env) : finish(t, 'lost_state', { by: 'us' }, env)
    case 'stop':
      return t.state === 'closing' ? over(t, env) : finish(t, e.reason, { by: 'us' }, env)
    default:
      return null
  }
}

/** Rows of the peer's while the session is open or closing: its seal, or ones it wrote before it knew of the end. */
const seal = (t: Thread, e: RowEvent, env: Env): Step => {
  if (!e.check.ok) return refused(t, e, e.check, env)
  const seen = { rows: { ...t.rows, [e.name]: e.mark } }
  return step(t, seen, { do: 'pinHead', seq: e.mark.seq })
}

const afterEnd = (t: Thread, e: Event, env: Env): Step => {
  if (e.type === 'row') {
    if (!e.check.ok && e.check.kind !== 'late' && e.check.kind !== 'hidden') return refused(t, e, e.check, env)
    const seen = { rows: { ...t.rows, [e.name]: e.mark } }
    // It crossed the end: the peer is told again, since its answer shows that it did not know.
    const told = t.owed !== null || e.name === 'peerEnd' || e.name === 'A4' || e.name === 'B4'
    const tell: Effect[] = told ? [] : [{ do: 'send', t: isActive(t) ? 'close' : 'abort' }]
    return step(t, seen, { do: 'pinHead', seq: e.mark.seq }, ...tell)
  }
  return drop(t, 'it is over')
}
