import { z } from 'zod'
import { Zeqond } from '../../ledger/fields.ts'
import type { Ledger } from '../../ledger/ledger-types.ts'
import { TICK_MS, ZEQOND_RULE, zeqondAt } from '../../ledger/zeqond.ts'
import type { StoredRow } from '../../store/ledger-records.ts'
import type { RowQuery } from '../../store/ledger-rows.ts'
import { rowDto, tickNumber } from '../dto.ts'
import { machineRoute, ok, type Route, refuse, route } from '../route.ts'

/** Clamped, not refused: clients of the original send what they like. */
const Limit = z
  .string()
  .regex(/^[0-9]{1,9}$/)
  .default('50')
  .transform((text) => Math.min(500, Math.max(1, Number(text))))

const public_ = { method: 'GET', access: 'public', budget: 'read', success: 200 } as const

export const readRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/chain/clock',
    id: 'clock',
    summary: 'The tick now, and by which rule',
    access: 'anyone',
    budget: 'read',
    success: 200,
    handle: ({ context }) => {
      const now = context.ports.clock.now()
      const zeqond = zeqondAt(now)
      return ok({ zeqond_rule: ZEQOND_RULE, zeqond, zeqond_number: tickNumber(zeqond), unix_ms: now, phase_ms: now % TICK_MS })
    },
  }),
  machineRoute({
    ...public_,
    path: '/api/chain/:slug/state',
    id: 'latestState',
    summary: 'The newest row and the signed head',
    handle: ({ context, machine }) => {
      const [last] = context.ledger.stored(machine.genesis, { limit: 1, newestFirst: true })
      return ok({ state: last === undefined ? null : rowDto(last), head: context.ledger.head(machine.genesis) })
    },
  }),
  machineRoute({
    ...public_,
    path: '/api/chain/:slug/block',
    id: 'blockAt',
    summary: 'The newest row of a tick',
    anonymous: [403, 'forbidden'],
    errors: [[404, 'no_block_at_zeqond']],
    query: z.object({ zeqond: Zeqond }),
    handle: ({ context, machine, query }) => {
      const [block] = context.ledger.stored(machine.genesis, { fromZeqond: query.zeqond, toZeqond: query.zeqond, limit: 1, newestFirst: true })
      return block === undefined ? refuse(404, 'no_block_at_zeqond') : ok({ block: rowDto(block) })
    },
  }),
  machineRoute({
    ...public_,
    path: '/api/chain/:slug/explore',
    id: 'explore',
    summary: 'Rows of a range of ticks, in pages with a stable cursor',
    query: z.object({ from: Zeqond.optional(), to: Zeqond.optional(), limit: Limit, after_id: Zeqond.optional() }),
    handle: ({ context, machine, query }) => {
      const from = query.from ?? machine.header.genesis_zeqond
      const after = query.after_id === undefined ? undefined : Number(query.after_id)
      const rows = pageFrom(context.ledger, machine.genesis, { fromZeqond: from, toZeqond: query.to, afterSeq: after, limit: query.limit })
      return ok({ slug: machine.slug, from, to: query.to ?? null, limit: query.limit, count: rows.length, ...pageOf(rows, from, query.after_id) })
    },
  }),
  machineRoute({
    ...public_,
    path: '/api/chain/:slug/pohc/validate',
    id: 'validateChain',
    summary: 'Recompute the chain, or a window of it',
    query: z.object({ from: Zeqond.optional(), to: Zeqond.optional() }),
    errors: [[503, 'busy']],
    handle: async ({ context, machine, query }) => {
      const report = await context.validations.run(context.ledger.verifying(machine.genesis, { from: query.from, to: query.to }))
      const { valid, count, broken_at, broken_seq, reason, missing, head } = report
      return ok({
        valid,
        count,
        broken_at: broken_at === null ? null : tickNumber(broken_at),
        genesis_zeqond: machine.header.genesis_zeqond,
        broken_seq,
        reason,
        missing,
        head: head === null ? null : { seq: head.seq, stateHash: head.stateHash, sig: head.sig },
        ...(count === 0 ? { message: 'empty range' } : {}),
      })
    },
  }),
]

/** Bytes of payloads in one answer; the page ends behind the row that reaches it. */
const PAGE_BYTES = 2_097_152
/** Rows taken from the store at a time. */
const STEP = 25

/** At most `limit` rows and not many more bytes than the above: a stranger may ask for the largest page there is. */
const pageFrom = (ledger: Ledger, genesis: string, query: RowQuery): StoredRow[] => {
  const rows: StoredRow[] = []
  let bytes = 0
  for (;;) {
    const limit = Math.min(STEP, query.limit - rows.length)
    const step = ledger.stored(genesis, { ...query, afterSeq: rows.at(-1)?.row.seq ?? query.afterSeq, limit })
    for (const stored of step) {
      rows.push(stored)
      bytes += JSON.stringify(stored.row.payload).length
      if (bytes >= PAGE_BYTES) return rows
    }
    if (step.length < limit || rows.length >= query.limit) return rows
  }
}

/** `next` is where to go on, also after the last row there is: whoever polls never starts again and misses nothing. */
const pageOf = (rows: readonly StoredRow[], from: string, afterId: string | undefined) => {
  const blocks = rows.map(rowDto)
  const last = rows.at(-1)?.row
  const next = last === undefined ? { from, after_id: afterId ?? null } : { from: last.zeqondNumber, after_id: String(last.seq) }
  return { blocks, rows: blocks, next }
}
