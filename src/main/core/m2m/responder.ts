import { both, freeze, refused } from './ending.ts'
import { drop, type Effect, type Env, type Event, expiryOf, inTime, isHandshake, note, type RowEvent, type Step, step, type Thread } from './thread.ts'

type Approved = Extract<Event, { type: 'approved' }>
type Show = Extract<Event, { type: 'show' }>

/** The responder: `r.ask1 → r.acc → r.keyed → r.ask3 → r.act → open` (docs/handshake.md). Pure. */
export const responder = (t: Thread, e: Event, env: Env): Step => {
  // The wait for the words is over before the proposal is.
  if (e.type === 'timer' && t.state === 'r.ask1' && env.now < (expiryOf(t) ?? Number.POSITIVE_INFINITY)) return question(t)
  return both(t, e, env) ?? own(t, e, env)
}

const own = (t: Thread, e: Event, env: Env): Step => {
  switch (e.type) {
    case 'approved':
      return approved(t, e, env)
    case 'show':
      return show(t, e, env)
    case 'row':
      return row(t, e, env)
    default:
      return drop(t, `${e.type} in ${t.state}`)
  }
}

const question = (t: Thread): Step =>
  t.asking.includes('accept') ? drop(t, 'asked already') : step(t, { asking: [...t.asking, 'accept'] }, { do: 'ask', step: 'accept', auto: false })

const show = (t: Thread, e: Show, env: Env): Step => {
  if (!isHandshake(t.state)) return drop(t, 'a show for no open proposal')
  if (!e.opens) {
    const frozen = freeze(t, 'its half of the match words is not the one it committed to', env)
    return { thread: frozen.thread, effects: [...frozen.effects, note('Somebody may stand between you and this peer. Compare keys by another way.', 'danger')] }
  }
  if (t.x !== null) return drop(t, 'the words are known')
  const shown = step(t, { x: e.x, words: e.words }, { do: 'changed' })
  if (t.state !== 'r.ask1' || t.asking.includes('accept')) return shown
  const asked = question(shown.thread)
  return { thread: asked.thread, effects: [...shown.effects, ...asked.effects] }
}

const approved = (t: Thread, e: Approved, env: Env): Step => {
  // A policy answers without a question having been put.
  const accepting = t.state === 'r.ask1' && e.step === 'accept'
  if (!accepting && !t.asking.includes(e.step)) return drop(t, 'nothing to approve')
  if (env.barred !== null) return drop(t, env.barred)
  const asking = t.asking.filter((s) => s !== e.step)
  const rest = t.rest || e.rest
  switch (t.state) {
    case 'r.ask1':
      if (!inTime(t, 'B1', env)) return drop(t, 'The proposal has expired.')
      return step(
        t,
        { state: 'r.acc', since: env.now, asking: [...asking, 'key'], rest },
        { do: 'append', row: 'B1', decision: e.decision },
        { do: 'send', t: 'accept' },
        { do: 'makeEph' },
        { do: 'ask', step: 'key', auto: false },
      )
    case 'r.acc':
      if (!inTime(t, 'B2', env)) return drop(t, 'It is too late for this step.')
      return step(t, { state: 'r.keyed', since: env.now, asking, rest }, { do: 'append', row: 'B2', decision: e.decision }, { do: 'send', t: 'key' })
    case 'r.ask3':
      if (!inTime(t, 'B3', env)) return drop(t, 'It is too late for this step.')
      return step(
        t,
        { state: 'r.act', since: env.now, asking: [], rest, kept: null },
        ...(asking.length === 0 ? [] : [{ do: 'unask' } as const]),
        { do: 'append', row: 'B3', decision: e.decision },
        { do: 'send', t: 'activate' },
      )
    default:
      return drop(t, `approved ${e.step} in ${t.state}`)
  }
}

const row = (t: Thread, e: RowEvent, env: Env): Step => {
  if (!e.check.ok) return t.state === 'none' ? drop(t, `${e.name}: ${e.check.why}`) : refused(t, e, e.check, env)
  const seen = { rows: { ...t.rows, [e.name]: e.mark } }
  const pin: Effect = { do: 'pinHead', seq: e.mark.seq }
  const at = `${t.state} ${e.name}`
  if (at === 'none A1') {
    if (env.barred !== null) return drop(t, env.barred)
    return step(t, { ...seen, state: 'r.ask1', since: env.now }, pin, { do: 'send', t: 'ring' }, { do: 'ask', step: 'accept', auto: true })
  }
  if (at === 'r.keyed A2') {
    if (env.barred !== null) return drop(t, env.barred)
    return step(
      t,
      { ...seen, state: 'r.ask3', since: env.now, asking: [...t.asking, 'activate'] },
      pin,
      { do: 'derive' },
      { do: 'wipe', what: 'eph' },
      { do: 'ask', step: 'activate', auto: false },
    )
  }
  if (at === 'r.ask3 A3') return step(t, { kept: e.mark.seq })
  // The seal is a row: it is looked at again when the ledger takes one.
  if (at === 'r.act A3' && env.mute !== null) return drop(t, env.mute)
  if (at === 'r.act A3') return step(t, { ...seen, state: 'open', since: env.now }, pin, { do: 'seal' }, { do: 'send', t: 'seal' }, { do: 'open' })
  return drop(t, `${e.name} in ${t.state}`)
}
