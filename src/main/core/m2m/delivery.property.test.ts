import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import { removeTempFolders, testPorts } from '../store/testing.fixture.ts'
import { copy, deliver, pass, settle, type Wallet, wallet } from './delivery.fixture.ts'
import type { Outgoing } from './message.ts'

afterAll(removeTempFolders)

const side = fc.boolean()
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('send' as const), side, rows: fc.boolean(), thread: fc.nat(2) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('deliver' as const), side, place: fc.nat(30), keep: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('lose' as const), side, place: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fail' as const), side }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('quiet' as const), side, count: fc.integer({ min: 30, max: 60 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 30_000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), side }) },
)

/** What was sent, by who is to get it. */
interface Sent {
  readonly thread: string
  /** Of a message without rows its number, of one with rows the row's seq. */
  readonly plain: string | null
  readonly seq: number | null
}

it('every message reaches its handler exactly once, those with rows in the order of their thread, whatever the wire and the processes do', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 70 }), (steps) => {
      const ports = testPorts()
      const [a, b] = [wallet('Alice', 1, ports), wallet('Bob', 3, ports)]
      for (const [one, other] of [
        [a, b],
        [b, a],
      ] as const)
        one.delivery.importCard(copy(other.delivery.card()))
      const sent = new Map<Wallet, Sent[]>([
        [a, []],
        [b, []],
      ])
      let serial = 0
      const pick = (one: boolean): readonly [Wallet, Wallet] => (one ? [a, b] : [b, a])
      const take = (from: Wallet, place: number, keep: boolean): Record<string, unknown> | undefined => {
        const index = from.line.length === 0 ? 0 : place % from.line.length
        return keep ? from.line[index] : from.line.splice(index, 1)[0]
      }
      for (const one of steps) {
        if (one.do === 'time') pass(one.ms, a, b)
        else {
          const [self, peer] = pick(one.side)
          if (one.do === 'quiet') for (let i = 0; i < one.count; i += 1) self.event('of no concern to the other')
          if (one.do === 'restart') self.restart()
          if (one.do === 'lose') take(self, one.place, false)
          if (one.do === 'fail') {
            self.handler = () => {
              self.handler = () => null
              throw new Error('a fault in the middle of a transaction')
            }
          }
          if (one.do === 'send') {
            const thread = `t${one.thread}`
            self.world.work.run(() => {
              const row = one.rows ? self.event('for the other') : null
              const plain = row === null ? String((serial += 1)).padStart(32, '0') : null
              const message = row === null ? { t: 'ring', a1: 'aa'.repeat(32), y: plain } : { t: 'seal', rows: [row] }
              self.delivery.send(peer.id, message as Outgoing, { thread })
              sent.get(peer)!.push({ thread, plain, seq: row?.seq ?? null })
            })
          }
          if (one.do === 'deliver') {
            const payload = take(self, one.place, one.keep)
            if (payload !== undefined) attempt(() => deliver(peer, self, payload))
          }
        }
      }
      // The wire holds from now on.
      for (const one of [a, b]) one.handler = () => null
      for (let i = 0; i < 200 && [a, b].some((one) => one.world.store.m2mOutbox.count() > 0); i += 1) {
        settle(a, b)
        pass(61_000, a, b)
      }
      settle(a, b)
      for (const one of [a, b]) {
        const due = sent.get(one)!
        expect(one.inbox.flatMap((m) => (m.t === 'ring' ? [m.y] : [])).sort()).toEqual(due.flatMap((s) => s.plain ?? []).sort())
        const seqs = one.inbox.flatMap((m) => (m.t === 'seal' ? [m.rows.map((row) => row.row.seq)] : []))
        expect(seqs.every((rows) => rows.length === 1)).toBe(true)
        const order = seqs.flat()
        expect([...order].sort((x, y) => x - y)).toEqual(due.flatMap((s) => s.seq ?? []))
        for (const thread of new Set(due.map((s) => s.thread))) {
          const ours = due.flatMap((s) => (s.thread === thread && s.seq !== null ? [s.seq] : []))
          expect(order.filter((seq) => ours.includes(seq))).toEqual(ours)
        }
        expect(one.world.store.m2mOutbox.count()).toBe(0)
        expect(one.world.store.m2mInbox.parkedCount(null)).toBe(0)
        expect(one.gaveUp).toEqual([])
        expect(one.forks).toEqual([])
        one.world.store.close()
      }
    }),
    { numRuns: 40 },
  )
}, 240_000)

const attempt = (run: () => void): void => {
  try {
    run()
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('a fault'))) throw error
  }
}
