import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plusTicks } from '../ledger/zeqond.ts'
import { approved, contradiction, env, mark, NOW, reduce, rejected, row, type ThreadName, TICK, threads, told } from './thread.fixture.ts'
import { dueOf, type Event, expiryOf, isOver, type StateName, type Thread } from './thread.ts'

const DAY = 111_196n
const y = '07'.repeat(16)
const words = { words: ['abandon', 'zoo'], chip: 3 }
const show = (opens = true): Event => ({ type: 'show', x: '04'.repeat(16), opens, words })

/** One row of a table: from, event, to, effects. */
type Line = readonly [from: ThreadName, what: string, event: Event, to: StateName, effects: readonly string[], at?: ReturnType<typeof env>]

const check = (lines: readonly Line[]): void => {
  it.each(lines.map(([from, what, event, to, effects, at]) => ({ from, what, event, to, effects, at: at ?? env() })))('$from | $what → $to', (line) => {
    const { from, event, to, effects, at } = line
    const done = reduce(from, event, at)
    expect(done.thread.state).toBe(to)
    expect(told(done)).toEqual(effects)
    // Pure: the same again gives the same.
    expect(reduce(from, event, at)).toEqual(done)
  })
}

describe('initiator', () => {
  check([
    ['i.none', 'propose', { type: 'propose' }, 'i.ask1', ['ask propose']],
    ['i.none', 'propose, barred', { type: 'propose' }, 'none', ['drop: no'], env({ barred: 'no' })],
    ['i.ask1', 'approved', approved('propose'), 'i.sent', ['append A1 decided', 'send propose']],
    ['i.ask1', 'approved, barred', approved('propose'), 'i.ask1', ['drop: no'], env({ barred: 'no' })],
    ['i.ask1', 'another step approved', approved('key'), 'i.ask1', ['drop: nothing to approve']],
    ['i.ask1', 'rejected', rejected('propose'), 'ended', ['unask', 'wipe all']],
    ['i.sent', 'ring', { type: 'ring', y }, 'i.sent', ['send show', 'changed']],
    ['i.sent', 'B1', row('B1'), 'i.acc', ['pinHead']],
    ['i.sent', 'B1, barred', row('B1'), 'i.sent', ['drop: no'], env({ barred: 'no' })],
    ['i.sent', 'B1 late', row('B1', { check: { ok: false, kind: 'late', why: 'late' } }), 'i.sent', ['drop: B1: late']],
    ['i.sent', 'B1 ahead of the clock', row('B1', { check: { ok: false, kind: 'ahead', why: 'ahead' } }), 'i.sent', ['drop: B1: ahead']],
    ['i.sent', 'B1 that contradicts', row('B1', { check: contradiction }), 'frozen', ['unask', 'close channel', 'wipe all', 'silence']],
    ['i.sent', 'B2 before B1', row('B2'), 'i.sent', ['drop: B2 in i.sent']],
    ['i.acc', 'B2', row('B2'), 'i.ask2', ['pinHead', 'makeEph', 'ask key']],
    ['i.acc', 'B2, barred', row('B2'), 'i.acc', ['drop: no'], env({ barred: 'no' })],
    ['i.acc', 'B2 that contradicts', row('B2', { check: contradiction }), 'frozen', ['unask', 'close channel', 'wipe all', 'silence']],
    ['i.ask2', 'approved', approved('key'), 'i.keyed', ['append A2 decided', 'derive', 'wipe eph', 'send key', 'ask activate']],
    [
      'i.ask2',
      'approved at the last tick',
      approved('key'),
      'i.keyed',
      ['append A2 decided', 'derive', 'wipe eph', 'send key', 'ask activate'],
      env({ later: DAY }),
    ],
    ['i.ask2', 'approved a tick too late', approved('key'), 'i.ask2', ['drop: It is too late for this step.'], env({ later: DAY + 1n })],
    ['i.ask2', 'approved, barred', approved('key'), 'i.ask2', ['drop: no'], env({ barred: 'no' })],
    ['i.keyed', 'approved', approved('activate'), 'i.act', ['append A3 decided', 'send activate']],
    ['i.keyed', 'approved too late', approved('activate'), 'i.keyed', ['drop: It is too late for this step.'], env({ later: DAY + 1n })],
    ['i.keyed', 'B3: kept', row('B3'), 'i.keyed', []],
    ['i.keyed', 'B3 with a wrong MAC', row('B3', { check: contradiction }), 'frozen', ['unask', 'close channel', 'wipe all', 'silence']],
    ['i.act', 'B3', row('B3'), 'open', ['pinHead', 'seal', 'send seal', 'open']],
    ['i.act', 'B3 with a wrong MAC', row('B3', { check: contradiction }), 'frozen', ['unask', 'close channel', 'wipe all', 'silence']],
    ['i.sent', 'glare', { type: 'glare' }, 'ended', ['unask', 'append abort glare', 'send abort', 'wipe all']],
    ['i.ask1', 'glare', { type: 'glare' }, 'ended', ['unask', 'wipe all']],
    ['i.acc', 'glare after an answer', { type: 'glare' }, 'i.acc', ['drop: answered already']],
  ])

  it('shows x for one y only, and again for the same', () => {
    const rung = reduce('i.sent', { type: 'ring', y }).thread
    expect(rung.words?.words).toHaveLength(2)
    expect(told(reduce(rung, { type: 'ring', y }))).toEqual(['send show'])
    const other = reduce(rung, { type: 'ring', y: '08'.repeat(16) })
    expect(told(other)).toEqual(['drop: a second ring'])
    expect(other.thread.words).toEqual(rung.words)
  })
  it('remembers what an approval of the rest covers, and keeps B3 with its place', () => {
    expect(reduce('i.ask1', approved('propose', true)).thread.rest).toBe(true)
    expect(reduce('i.ask1', approved('propose')).thread.rest).toBe(false)
    expect(reduce('i.keyed', row('B3')).thread.kept).toBe(40)
    expect(reduce({ ...threads['i.keyed'], kept: 40 }, approved('activate')).thread.kept).toBeNull()
  })
  it('an abort that is asked for when the session becomes active is asked for no more', () => {
    const wanting = reduce('i.keyed', { type: 'wantEnd' }).thread
    expect(wanting.asking).toEqual(['activate', 'abort'])
    const active = reduce(wanting, approved('activate'))
    expect([told(active)[0], active.thread.asking]).toEqual(['unask', []])
  })
})

describe('responder', () => {
  check([
    ['r.none', 'A1', row('A1'), 'r.ask1', ['pinHead', 'send ring', 'ask accept if automatic']],
    ['r.none', 'A1, barred', row('A1'), 'none', ['drop: no'], env({ barred: 'no' })],
    ['r.none', 'A1 that does not hold', row('A1', { check: contradiction }), 'none', ['drop: A1: SESSION_ID: wrong']],
    ['r.ask1', 'show', show(), 'r.ask1', ['changed', 'ask accept']],
    ['r.ask1', 'show that does not open', show(false), 'frozen', ['unask', 'close channel', 'wipe all', 'silence']],
    ['r.ask1', 'two seconds without words', { type: 'timer' }, 'r.ask1', ['ask accept'], env({ later: 3n })],
    ['r.ask1', 'approved', approved('accept'), 'r.acc', ['append B1 decided', 'send accept', 'makeEph', 'ask key']],
    ['r.ask1', 'approved at the last tick', approved('accept'), 'r.acc', ['append B1 decided', 'send accept', 'makeEph', 'ask key'], env({ later: DAY })],
    ['r.ask1', 'approved too late', approved('accept'), 'r.ask1', ['drop: The proposal has expired.'], env({ later: DAY + 1n })],
    ['r.ask1', 'approved, barred', approved('accept'), 'r.ask1', ['drop: no'], env({ barred: 'no' })],
    ['r.acc', 'approved', approved('key'), 'r.keyed', ['append B2 decided', 'send key']],
    ['r.acc', 'approved too late', approved('key'), 'r.acc', ['drop: It is too late for this step.'], env({ later: DAY + 1n })],
    ['r.keyed', 'A2', row('A2'), 'r.ask3', ['pinHead', 'derive', 'wipe eph', 'ask activate']],
    ['r.keyed', 'A2, barred', row('A2'), 'r.keyed', ['drop: no'], env({ barred: 'no' })],
    ['r.keyed', 'A2 late', row('A2', { check: { ok: false, kind: 'late', why: 'late' } }), 'r.keyed', ['drop: A2: late']],
    ['r.keyed', 'A2 that contradicts', row('A2', { check: contradiction }), 'frozen', ['unask', 'close channel', 'wipe all', 'silence']],
    ['r.acc', 'A2 before the own key', row('A2'), 'r.acc', ['drop: A2 in r.acc']],
    ['r.ask3', 'approved', approved('activate'), 'r.act', ['append B3 decided', 'send activate']],
    ['r.ask3', 'approved too late', approved('activate'), 'r.ask3', ['drop: It is too late for this step.'], env({ later: DAY + 1n })],
    ['r.ask3', 'A3: kept', row('A3'), 'r.ask3', []],
    ['r.act', 'A3', row('A3'), 'open', ['pinHead', 'seal', 'send seal', 'open']],
    ['r.act', 'A3 with a wrong MAC', row('A3', { check: contradiction }), 'frozen', ['unask', 'close channel', 'wipe all', 'silence']],
  ])

  it('rejects without a row, and silently when the peer was blocked with it', () => {
    const asked = reduce('r.ask1', show()).thread
    expect(told(reduce(asked, rejected('accept')))).toEqual(['unask', 'send abort', 'wipe all'])
    expect(told(reduce(asked, rejected('accept', true)))).toEqual(['unask', 'wipe all'])
  })
  it('asks once: words after the question only change what it shows', () => {
    const asked = reduce('r.ask1', { type: 'timer' }, env({ later: 3n })).thread
    expect(asked.asking).toEqual(['accept'])
    expect(told(reduce(asked, show()))).toEqual(['changed'])
    expect(told(reduce(reduce(asked, show()).thread, show()))).toEqual(['drop: the words are known'])
  })
  it('says who may stand between when the half of the words does not open', () => {
    expect(reduce('r.ask1', show(false)).effects.filter((e) => e.do === 'note' && e.level === 'danger')).toHaveLength(2)
  })
})

describe('both', () => {
  const closes = ['unask', 'append close user decided', 'send close', 'close channel']
  const mirrored = (reason: string) => ['pinHead', 'unask', `append close ${reason}`, 'send close', 'close channel', 'wipe all']
  check([
    ['i.open', 'seal', row('B4'), 'open', ['pinHead']],
    ['r.open', 'seal', row('A4'), 'open', ['pinHead']],
    ['i.open', 'a seal of another row', row('B4', { check: contradiction }), 'frozen', ['unask', 'close channel', 'wipe all', 'silence']],
    ['i.open', 'close is asked for', { type: 'wantEnd' }, 'open', ['ask close']],
    ['i.open', 'peer close', row('peerEnd', { reason: 'done' }), 'closed', mirrored('done')],
    ['i.open', 'channel closed', { type: 'channelClosed', reason: 'done' }, 'closing', ['unask', 'append close done', 'send close', 'close channel']],
    ['i.open', 'age', { type: 'channelClosed', reason: 'age' }, 'closing', ['unask', 'append close age', 'send close', 'close channel']],
    ['i.open', 'keys changed', { type: 'stop', reason: 'key_changed' }, 'closing', ['unask', 'append close key_changed', 'send close', 'close channel']],
    ['i.open', 'the channel is gone', { type: 'lost' }, 'closing', ['unask', 'append close lost_state', 'send close', 'close channel']],
    ['i.open', 'a message was given up', { type: 'gaveUp' }, 'open', ['drop: a message was given up']],
    ['i.open', 'an abort without row', { type: 'peerAbort', reason: 'user' }, 'open', ['drop: an abort while open']],
    ['i.closing', 'peer close', row('peerEnd', { reason: 'user' }), 'closed', ['pinHead', 'wipe all']],
    ['i.closing', '60 s', { type: 'timer' }, 'closed', ['wipe all'], env({ later: 78n })],
    ['i.sent', 'peer abort with row', row('peerEnd', { reason: 'rejected' }), 'ended', ['pinHead', 'unask', 'append abort rejected', 'send abort', 'wipe all']],
    ['i.sent', 'peer abort without row', { type: 'peerAbort', reason: 'rejected' }, 'ended', ['unask', 'append abort rejected', 'send abort', 'wipe all']],
    ['r.ask1', 'peer abort', row('peerEnd', { reason: 'user' }), 'ended', ['pinHead', 'unask', 'send abort', 'wipe all']],
    ['i.act', 'peer abort', row('peerEnd', { reason: 'user' }), 'closed', mirrored('user')],
    ['i.act', 'peer abort without row', { type: 'peerAbort', reason: 'user' }, 'closing', ['unask', 'append close user', 'send close', 'close channel']],
    ['i.act', 'gave up', { type: 'gaveUp' }, 'closing', ['unask', 'append close expired', 'send close', 'close channel']],
    ['r.act', 'gave up', { type: 'gaveUp' }, 'closing', ['unask', 'append close expired', 'send close', 'close channel']],
    ['i.sent', 'gave up', { type: 'gaveUp' }, 'ended', ['unask', 'append abort expired', 'send abort', 'wipe all']],
    ['r.keyed', 'gave up', { type: 'gaveUp' }, 'ended', ['unask', 'append abort expired', 'send abort', 'wipe all']],
    ['i.ask2', 'rejected', rejected('key'), 'ended', ['unask', 'append abort rejected', 'send abort', 'wipe all']],
    ['r.ask3', 'rejected', rejected('activate'), 'ended', ['unask', 'append abort rejected', 'send abort', 'wipe all']],
    ['r.keyed', 'keys changed', { type: 'stop', reason: 'key_changed' }, 'ended', ['unask', 'append abort key_changed', 'send abort', 'wipe all']],
    ['r.keyed', 'lost', { type: 'lost' }, 'ended', ['unask', 'append abort lost_state', 'send abort', 'wipe all']],
    ['i.act', 'lost', { type: 'lost' }, 'closing', ['unask', 'append close lost_state', 'send close', 'close channel']],
    ['i.act', 'fork proved', { type: 'fork', why: 'two heads' }, 'frozen', ['unask', 'close channel', 'wipe all', 'silence']],
    ['i.open', 'fork proved', { type: 'fork', why: 'two heads' }, 'frozen', ['unask', 'close channel', 'wipe all', 'silence']],
    ['i.closed', 'fork proved', { type: 'fork', why: 'two heads' }, 'frozen', ['unask', 'close channel', 'wipe all', 'silence']],
    ['i.frozen', 'anything', row('B1'), 'frozen', ['drop: frozen']],
    ['i.ended', 'an accept that crossed it', row('B1'), 'ended', ['pinHead', 'send abort']],
    ['i.ended', "the peer's own end", row('peerEnd'), 'ended', ['pinHead']],
    ['i.closed', 'an activate row that crossed it', row('B3'), 'closed', ['pinHead', 'send close']],
    ['i.ended', 'its abort was given up: told again', { type: 'gaveUp' }, 'ended', ['send abort']],
    ['i.closed', 'its close was given up: told again', { type: 'gaveUp' }, 'closed', ['send close']],
    ['i.ended', 'given up for a week', { type: 'gaveUp' }, 'ended', ['drop: a message was given up'], env({ later: 800_000n })],
  ])

  const mute = env({ mute: 'not now' })
  const owed = (decision: string | null = null, tell = true) => ({ decision, tell })
  const pay = (over: Partial<Extract<Event, { type: 'pay' }>> = {}): Event => ({ type: 'pay', rows: {}, sessionId: null, reachable: true, ...over })
  describe('while the own ledger takes no rows', () => {
    check([
      ['i.sent', 'a block', { type: 'stop', reason: 'user' }, 'ended', ['unask', 'wipe all'], mute],
      ['i.open', 'a block', { type: 'stop', reason: 'user' }, 'closing', ['unask', 'close channel'], mute],
      ['i.open', "the peer's close", row('peerEnd', { reason: 'user' }), 'closed', ['pinHead', 'unask', 'close channel', 'wipe all'], mute],
      ['i.acc', 'abort without row', { type: 'peerAbort', reason: 'user' }, 'ended', ['unask', 'wipe all'], mute],
      ['i.open', 'channel closed', { type: 'channelClosed', reason: 'age' }, 'closing', ['unask', 'close channel'], mute],
      ['i.keyed', 'lost', { type: 'lost' }, 'ended', ['unask', 'wipe all'], mute],
      ['r.ask1', 'no own row: nothing is owed', { type: 'stop', reason: 'user' }, 'ended', ['unask', 'send abort', 'wipe all'], mute],
      ['i.sent', 'its time is over: it waits', { type: 'timer' }, 'i.sent', ['drop: not now'], mute],
      ['i.closing', 'its minute is over', { type: 'timer' }, 'closed', ['wipe all'], mute],
      ['i.act', 'the activate row: no seal could be written', row('B3'), 'i.act', ['drop: not now'], mute],
      ['r.act', 'the activate row: no seal could be written', row('A3'), 'r.act', ['drop: not now'], mute],
      ['i.ended', 'nothing is owed', pay(), 'ended', ['drop: nothing is owed']],
    ])
    it('the end is owed with its decision, and paid once', () => {
      const asking = reduce('i.acc', { type: 'wantEnd' }).thread
      const ended = reduce(asking, approved('abort'), mute).thread
      expect(ended).toMatchObject({ state: 'ended', owed: owed('da'.repeat(32)) })
      expect(told(reduce(ended, pay(), mute))).toEqual(['drop: not now'])
      // A row of the peer's that crossed it is not answered with a row that is not there.
      expect(told(reduce(ended, row('B2')))).toEqual(['pinHead'])
      expect(told(reduce(ended, { type: 'gaveUp' }))).toEqual(['drop: a message was given up'])
      const paid = reduce(ended, pay())
      expect([paid.thread.owed, told(paid)]).toEqual([null, ['append abort user decided', 'send abort']])
      expect(told(reduce(paid.thread, pay()))).toEqual(['drop: nothing is owed'])
    })
    it('to a peer that was blocked, or whose card is gone, nothing is said', () => {
      const silent = reduce('i.ask2', rejected('key', true), mute).thread
      expect(told(reduce(silent, pay()))).toEqual(['append abort rejected'])
      const gone = reduce('i.open', { type: 'stop', reason: 'user' }, mute).thread
      expect(told(reduce(gone, pay({ reachable: false })))).toEqual(['append close user'])
    })
    it('what another copy wrote meanwhile counts: no second end, and a close after an activate row', () => {
      const ended = reduce('i.keyed', { type: 'stop', reason: 'user' }, mute).thread
      expect(told(reduce(ended, pay({ rows: { ownEnd: mark(50) } })))).toEqual(['send abort'])
      const active = reduce(ended, pay({ rows: { A3: mark(50) } }))
      expect([active.thread.rows.A3, told(active)]).toEqual([mark(50), ['append close user', 'send close']])
      // Its end would have to name the session id.
      const early = reduce('i.sent', { type: 'stop', reason: 'user' }, mute).thread
      const without = reduce(early, pay({ rows: { A2: mark(50) } }))
      expect([told(without), without.thread.owed]).toEqual([['drop: rows of the peer are needed first'], owed()])
    })
    it('a peer that is caught is owed nothing', () => {
      const ended = reduce('i.keyed', { type: 'stop', reason: 'user' }, mute).thread
      expect(reduce(ended, { type: 'fork', why: 'two heads' }).thread).toMatchObject({ state: 'frozen', owed: null })
    })
  })

  it('close is approved, then closing; a second wish is none', () => {
    const asking = reduce('i.open', { type: 'wantEnd' }).thread
    expect(told(reduce(asking, { type: 'wantEnd' }))).toEqual(['drop: the end is asked for already'])
    const closing = reduce(asking, approved('close'))
    expect([closing.thread.state, told(closing)]).toEqual(['closing', closes])
    expect(reduce(asking, rejected('close')).thread).toMatchObject({ state: 'open', asking: [] })
    expect(told(reduce('i.open', approved('close')))).toEqual(['drop: nothing to end'])
  })
  it('abort by hand goes on the chain with its decision', () => {
    const asking = reduce('i.acc', { type: 'wantEnd' })
    expect(told(asking)).toEqual(['ask abort'])
    expect(told(reduce(asking.thread, approved('abort')))).toEqual(['unask', 'append abort user decided', 'send abort', 'wipe all'])
  })
  it('an end of the peer is followed though rows before it are late or hidden', () => {
    for (const kind of ['late', 'hidden'] as const)
      expect(reduce('i.sent', row('peerEnd', { check: { ok: false, kind, why: '' }, reason: 'user' })).thread.state).toBe('ended')
    expect(reduce('i.sent', row('peerEnd', { check: { ok: false, kind: 'ahead', why: '' } })).thread.state).toBe('i.sent')
  })
  it.each(['i.sent', 'i.acc', 'i.ask2', 'i.keyed', 'i.act', 'r.ask1', 'r.acc', 'r.keyed', 'r.ask3', 'r.act'] as const)('%s runs out', (name) => {
    const due = dueOf(name === 'r.ask1' ? { ...threads['r.ask1'], asking: ['accept'] } : threads[name]) as number
    const own = ['i.ask2', 'i.keyed', 'r.ask1', 'r.acc', 'r.ask3'].includes(name)
    // A row of the peer's may come the clock's tolerance later.
    expect(due).toBe(NOW + Number(DAY + 1n + (own ? 0n : 77n)) * 777)
    const done = reduce(name === 'r.ask1' ? { ...threads['r.ask1'], asking: ['accept'] } : name, { type: 'timer' }, env({ now: due }))
    expect(done.thread.state).toBe(name.endsWith('act') ? 'closing' : 'ended')
    expect(done.thread.end).toEqual({ reason: 'expired', by: 'us' })
    expect(told(done).filter((e) => e.startsWith('append'))).toEqual(
      name === 'r.ask1' ? [] : [name.endsWith('act') ? 'append close expired' : 'append abort expired'],
    )
  })
  it('a proposal by policy runs out after 386 ticks, by hand after 111,196', () => {
    for (const lifetime of [386n, 111_196n]) {
      const t: Thread = { ...threads['i.sent'], expires: plusTicks(TICK, lifetime) }
      expect(expiryOf(t)).toBe(NOW + Number(lifetime + 78n) * 777)
    }
  })
})

describe('any events in any order', () => {
  const steps = ['propose', 'accept', 'key', 'activate', 'close', 'abort'] as const
  const pay: Event = { type: 'pay', rows: {}, sessionId: 'dd'.repeat(32), reachable: true }
  const events: fc.Arbitrary<Event> = fc.oneof(
    fc.record({ type: fc.constant('propose' as const) }),
    fc.record({ type: fc.constant('approved' as const), step: fc.constantFrom(...steps), decision: fc.constant(null), rest: fc.boolean() }),
    fc.record({ type: fc.constant('rejected' as const), step: fc.constantFrom(...steps), reason: fc.constant('rejected' as const), silent: fc.boolean() }),
    fc.constantFrom<Event>({ type: 'wantEnd' }, { type: 'timer' }, { type: 'gaveUp' }, { type: 'glare' }, { type: 'lost' }, { type: 'ring', y }, show()),
    fc.constant<Event>(pay),
    fc.constantFrom<Event>({ type: 'channelClosed', reason: 'done' }, { type: 'stop', reason: 'user' }, { type: 'peerAbort', reason: 'user' }),
    fc.constantFrom('A1', 'A2', 'A3', 'A4', 'B1', 'B2', 'B3', 'B4', 'peerEnd').map((name): Event => row(name as 'A1')),
  )
  const ORDER = ['A1', 'B1', 'B2', 'A2', 'A3', 'B3']

  it.each(['i.none', 'r.none'] as const)('%s: one ephemeral, rows in order, nothing after an end, no channel without the peer’s activate row', (name) => {
    fc.assert(
      fc.property(fc.array(fc.tuple(events, fc.boolean()), { maxLength: 40 }), (list) => {
        let t: Thread = threads[name]
        let ephemerals = 0
        let seq = 100
        const own: string[] = []
        // At the end the ledger takes rows, and what is owed is paid.
        for (const [event, takesRows] of [...list, [pay, true] as const]) {
          const done = reduce(t, event, takesRows ? env() : env({ mute: 'not now' }))
          if (!takesRows) expect(told(done).filter((one) => /^append (abort|close)/.test(one))).toEqual([])
          const wasOver = isOver(t.state)
          t = done.thread
          for (const e of done.effects) {
            if (e.do === 'makeEph') ephemerals += 1
            if (e.do === 'append') {
              own.push(e.row)
              seq += 1
              t = { ...t, rows: { ...t.rows, [e.row]: mark(seq) } }
            }
            if (e.do === 'end') {
              own.push('end')
              seq += 1
              t = { ...t, rows: { ...t.rows, ownEnd: mark(seq) } }
            }
            if (e.do === 'derive') expect([t.rows.A1, t.rows.B1, t.rows.B2, t.rows.A2].includes(undefined)).toBe(false)
            if (e.do === 'open') expect(name === 'i.none' ? t.rows.B3 : t.rows.A3).toBeDefined()
            if (e.do === 'append' || e.do === 'makeEph' || e.do === 'open' || e.do === 'derive') expect(wasOver).toBe(false)
          }
        }
        expect(ephemerals).toBeLessThanOrEqual(1)
        expect(own.filter((one) => one !== 'end')).toEqual(ORDER.filter((one) => own.includes(one)))
        expect(own.indexOf('end') === -1 || own.indexOf('end') === own.length - 1).toBe(true)
        expect(t.owed).toBeNull()
        if ((t.state === 'ended' || t.state === 'closed') && own.length > 0) expect(own.at(-1)).toBe('end')
      }),
      { numRuns: 2_000 },
    )
  })
})
