import { both, finish, refused } from './ending.ts'
import { matchWords } from './match-words.ts'
import { drop, type Effect, type Env, type Event, inTime, isHandshake, type RowEvent, type Step, step, type Thread } from './thread.ts'

type Approved = Extract<Event, { type: 'approved' }>

/**
 * The initiator: `i.ask1 → i.sent → i.acc → i.ask2 → i.keyed → i.act → open` (docs/handshake.md). Pure: the
 * same thread, event and env give the same step.
 */
export const initiator = (t: Thread, e: Event, env: Env): Step => both(t, e, env) ?? own(t, e, env)

const own = (t: Thread, e: Event, env: Env): Step => {
  switch (e.type) {
    case 'propose':
      if (t.state !== 'none') return drop(t, 'proposed already')
      if (env.barred !== null) return drop(t, env.barred)
      return step(t, { state: 'i.ask1', since: env.now, asking: ['propose'] }, { do: 'ask', step: 'propose', auto: false })
    case 'approved':
      return approved(t, e, env)
    case 'ring':
      return ring(t, e.y)
    case 'glare':
      // Only what nobody has answered yet gives way.
      return t.state === 'i.ask1' || t.state === 'i.sent' ? finish(t, 'glare', { by: 'us' }, env) : drop(t, 'answered already')
    case 'row':
      return row(t, e, env)
    default:
      return drop(t, `${e.type} in ${t.state}`)
  }
}

const approved = (t: Thread, e: Approved, env: Env): Step => {
  if (!t.asking.includes(e.step)) return drop(t, 'nothing to approve')
  if (env.barred !== null) return drop(t, env.barred)
  const asking = t.asking.filter((s) => s !== e.step)
  const rest = t.rest || e.rest
  switch (t.state) {
    case 'i.ask1':
      return step(t, { state: 'i.sent', since: env.now, asking, rest }, { do: 'append', row: 'A1', decision: e.decision }, { do: 'send', t: 'propose' })
    case 'i.ask2':
      if (!inTime(t, 'A2', env)) return drop(t, 'It is too late for this step.')
      return step(
        t,
        { state: 'i.keyed', since: env.now, asking: [...asking, 'activate'], rest },
        { do: 'append', row: 'A2', decision: e.decision },
        { do: 'derive' },
        { do: 'wipe', what: 'eph' },
        { do: 'send', t: 'key' },
        { do: 'ask', step: 'activate', auto: false },
      )
    case 'i.keyed':
      if (!inTime(t, 'A3', env)) return drop(t, 'It is too late for this step.')
      return step(
        t,
        { state: 'i.act', since: env.now, asking: [], rest, kept: null },
        // An abort that is still being asked for would now be a close.
        ...(asking.length === 0 ? [] : [{ do: 'unask' } as const]),
        { do: 'append', row: 'A3', decision: e.decision },
        { do: 'send', t: 'activate' },
      )
    default:
      return drop(t, `approved ${e.step} in ${t.state}`)
  }
}

/**
 * The first ring for this A1 fixes y; x is shown only after that, and never for another y: an attacker between the two must
 * guess the words.
 */
const ring = (t: Thread, y: string): Step => {
  const a1 = t.rows.A1
  if (!isHandshake(t.state) || a1 === undefined || t.x === null) return drop(t, 'a ring for no open proposal')
  if (t.y !== null) return t.y === y ? step(t, {}, { do: 'send', t: 'show' }) : drop(t, 'a second ring')
  return step(t, { y, words: matchWords({ a1: a1.hash, x: t.x, y }) }, { do: 'send', t: 'show' }, { do: 'changed' })
}

const row = (t: Thread, e: RowEvent, env: Env): Step => {
  if (!e.check.ok) return refused(t, e, e.check, env)
  const seen = { rows: { ...t.rows, [e.name]: e.mark } }
  const pin: Effect = { do: 'pinHead', seq: e.mark.seq }
  const at = `${t.state} ${e.name}`
  if (at === 'i.sent B1') {
    if (env.barred !== null) return drop(t, env.barred)
    return step(t, { ...seen, state: 'i.acc', since: env.now, responderNonce: e.responderNonce ?? null, suite: e.suite ?? null }, pin)
  }
  if (at === 'i.acc B2') {
    if (env.barred !== null) return drop(t, env.barred)
    return step(t, { ...seen, state: 'i.ask2', since: env.now, asking: [...t.asking, 'key'] }, pin, { do: 'makeEph' }, { do: 'ask', step: 'key', auto: false })
  }
  // The peer was quicker; what it holds is looked at once the own row is written.
  if (at === 'i.keyed B3') return step(t, { kept: e.mark.seq })
  // The seal is a row: it is looked at again when the ledger takes one.
  if (at === 'i.act B3' && env.mute !== null) return drop(t, env.mute)
  if (at === 'i.act B3') return step(t, { ...seen, state: 'open', since: env.now }, pin, { do: 'seal' }, { do: 'send', t: 'seal' }, { do: 'open' })
  return drop(t, `${e.name} in ${t.state}`)
}
