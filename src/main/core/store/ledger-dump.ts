import { z } from 'zod'
import { startChain } from '../ledger/chain.ts'
import { Genesis } from '../ledger/fields.ts'
import { Head, headOf } from '../ledger/head.ts'
import { ownEventOf } from '../ledger/payload.ts'
import { Rotate } from '../ledger/rotation.ts'
import { TallyToken } from '../ledger/tally.ts'
import type { Chains } from './chains.ts'
import type { Contracts } from './contracts.ts'
import type { KeptHeads } from './kept-heads.ts'
import { ContractRecord, FollowedInfo, type FollowedRecord, MachineInfo, RowBody, StoredState } from './ledger-records.ts'
import type { LedgerRows } from './ledger-rows.ts'
import type { Tokens } from './tokens.ts'

/**
 * The ledger in a backup: own and hosted machines whole, with the keys of the hosted ones; of peers' chains only who they are and the highest
 * signed heads, which is what a restored profile has to be held against. Their rows come again from the peers.
 */
export const LedgerDump = z.strictObject({
  machines: z
    .array(z.strictObject({ kind: z.enum(['own', 'host']), info: MachineInfo, state: StoredState, rows: z.array(RowBody).max(2_000_000) }))
    .max(10_000),
  contracts: z.array(ContractRecord).max(500_000),
  tokens: z.array(TallyToken).max(1_000_000),
  followed: z.array(z.strictObject({ info: FollowedInfo, genesis: Genesis, rotations: z.array(Rotate).max(1000), heads: z.array(Head).max(1000) })).max(50_000),
})
export type LedgerDump = z.infer<typeof LedgerDump>

export interface LedgerTables {
  readonly chains: Chains
  readonly ledgerRows: LedgerRows
  readonly keptHeads: KeptHeads
  readonly contracts: Contracts
  readonly tokens: Tokens
}

const PAGE = 1_000

export const createLedgerDump = ({ chains, ledgerRows, keptHeads, contracts, tokens }: LedgerTables) => {
  const allRows = (chain: number): RowBody[] => {
    const rows: RowBody[] = []
    for (;;) {
      const page = ledgerRows.page(chain, { afterSeq: rows.at(-1)?.row.seq, limit: PAGE })
      rows.push(...page.map(({ id: _, ...body }) => body))
      if (page.length < PAGE) return rows
    }
  }
  const headsOf = (chain: FollowedRecord): Head[] => {
    const last = ledgerRows.last(chain.id)
    return [...(last === undefined ? [] : [headOf(chain.state.genesis, last.row)]), ...keptHeads.all(chain.id).map(({ head }) => head)]
  }
  const rotationsOf = (chain: FollowedRecord): Rotate[] =>
    chain.state.epochs.flatMap(({ generation, from }) => {
      const row = generation === 0 ? undefined : ledgerRows.at(chain.id, from)?.row
      const event = row === undefined ? null : ownEventOf(row.transitionType, row.payload)
      return event?.type === 'm2m.rotate' ? [Rotate.parse(event.input)] : []
    })

  return {
    empty: (): boolean => chains.machines().length === 0 && chains.followed().length === 0,
    dump: (): LedgerDump => {
      const machines = chains.machines()
      return {
        machines: machines.map(({ id, kind, info, state }) => ({ kind, info, state, rows: allRows(id) })),
        contracts: machines.flatMap(({ id }) => contracts.ofChain(id)),
        tokens: tokens.all(),
        followed: chains.followed().map((chain) => ({ info: chain.info, genesis: chain.state.genesis, rotations: rotationsOf(chain), heads: headsOf(chain) })),
      }
    },
    /** Every machine comes back recovering: rows may have been signed after the backup was made, and a second one for the same place cannot be undone. */
    load: (dump: LedgerDump): void => {
      const ids = new Map<string, number>()
      for (const { kind, info, state, rows } of dump.machines) {
        const recovering = { reason: 'restored', at: info.updatedAt, head: info.recovering?.head ?? null } as const
        const id = chains.add({ kind, info: { ...info, recovering, clockAt: null }, state })
        ids.set(state.genesis, id)
        for (const body of rows) ledgerRows.add(id, body)
      }
      for (const contract of dump.contracts) {
        const id = ids.get(contract.genesis)
        if (id !== undefined) contracts.put(id, contract)
      }
      for (const token of dump.tokens) tokens.add(token)
      for (const { info, heads } of dump.followed) {
        const id = chains.add({ kind: 'followed', info: { ...info, gaps: [] }, state: startChain(info.header) })
        for (const head of heads) keptHeads.add(id, head)
      }
    },
  }
}
