import { AppFault } from '../fault.ts'
import type { ChainRecord } from '../store/ledger-records.ts'
import { type Bundle, type BundleChain, type BundlePin, signBundle } from './bundle.ts'
import { isObject } from './fields.ts'
import { type Head, sameHead } from './head.ts'
import type { LedgerDeps } from './ledger-types.ts'
import type { Machines } from './machines.ts'
import { inputOf, ownEventOf } from './payload.ts'
import type { Reading } from './reading.ts'
import type { Row } from './row.ts'

export interface ExportOptions {
  /** Genesis of an own or hosted machine; left out: the identity's. It signs the file. */
  readonly own?: string | undefined
  /** Genesis of the followed chain; null for an hs peer, which has none. */
  readonly peer: string | null
  /** Nonces; null = all between the two. */
  readonly sessions: readonly string[] | null
  /** `confirm` keys by session id, hex. */
  readonly confirmKeys?: Readonly<Record<string, string>> | undefined
  readonly pins?: readonly BundlePin[] | undefined
  /** The signed hs behind `hs.step` rows of the own chain. */
  readonly legacyHs?: Bundle['legacy_hs'] | undefined
}

const ALWAYS_WHOLE: readonly string[] = ['m2m.rotate', 'm2m.revoke', 'machine.custody']

const field = (value: unknown, name: string): string | null => {
  const held = isObject(value) ? value[name] : null
  return typeof held === 'string' ? held : null
}

/** The session a row speaks of, if it is one of the two parties'. */
const nonceOf = (row: Row, other: string | null): string | null => {
  if (row.transitionType !== 'contract' && ownEventOf(row.transitionType, row.payload)?.type.startsWith('m2m.') !== true) return null
  const input = inputOf(row.payload)
  return other === null || field(input, 'peer_genesis') === other ? field(input, 'session_nonce') : null
}

/** Withholds every payload that is not about these sessions: what else a party does is not the auditor's business. */
const disclose = (rows: readonly Row[], nonces: ReadonlySet<string>, other: string | null, seqs: ReadonlySet<number>): Row[] => {
  const about = (row: Row): boolean => nonces.has(nonceOf(row, other) ?? '')
  const contracts = new Set(rows.filter(about).flatMap((row) => (row.transitionType === 'contract' ? [field(row.payload, 'contract_id')] : [])))
  return rows.map((row) => {
    const ofContract = row.transitionType === 'contract' || row.transitionType === 'contract_created'
    const whole =
      about(row) ||
      (ofContract && contracts.has(field(row.payload, 'contract_id'))) ||
      ALWAYS_WHOLE.includes(ownEventOf(row.transitionType, row.payload)?.type ?? '') ||
      seqs.has(row.seq)
    return whole ? row : { ...row, payload: null }
  })
}

const distinct = (heads: readonly Head[]): Head[] => heads.filter((head, i) => heads.findIndex((other) => sameHead(other, head)) === i)

/** Bundles and chains for others to check (docs/ledger.md, "Bundles"). */
export const createExport = ({ store }: Pick<LedgerDeps, 'store'>, reading: Reading, machines: Machines) => {
  const bundleChain = (chain: ChainRecord, rows: readonly Row[], head: Head | null): BundleChain => ({ ...chain.info.header, rows: [...rows], head })

  return {
    /** The chain as a bundle holds it, rows as they are stored. @throws AppFault NOT_FOUND. */
    chainOf: (genesis: string): BundleChain => {
      const chain = reading.find(genesis)
      const { rows } = reading.wholeChain(chain)
      return bundleChain(chain, rows, reading.headOfChain(chain))
    },

    /** @throws AppFault NOT_FOUND for a machine or a session that is not here, STATE when the key in force is not at hand. */
    exportBundle: (options: ExportOptions): Bundle => {
      const own = options.own === undefined ? machines.own() : machines.find(options.own)
      const peer = options.peer === null ? null : reading.find(options.peer)
      if (peer !== null && peer.kind !== 'followed') throw new AppFault('NOT_FOUND', 'This machine is not followed.')
      const sides = [
        { chain: own as ChainRecord, other: options.peer },
        ...(peer === null ? [] : [{ chain: peer as ChainRecord, other: own.state.genesis as string }]),
      ].map(({ chain, other }) => ({ chain, other, rows: reading.wholeChain(chain).rows }))
      const between = new Set(sides.flatMap(({ rows, other }) => rows.flatMap((row) => nonceOf(row, other) ?? [])))
      const absent = options.sessions?.find((nonce) => !between.has(nonce))
      if (absent !== undefined) throw new AppFault('NOT_FOUND', 'There is no such session between the two.')
      // An hs peer has no sessions of this kind; what the own chain holds of others stays here.
      const nonces = options.sessions === null ? (peer === null ? new Set<string>() : between) : new Set(options.sessions)
      const legacy = options.legacyHs ?? []
      const seqs = new Set(legacy.map(({ row_seq }) => row_seq))
      const forked = peer?.info.fork?.proof?.heads ?? []
      const heads = peer === null ? [] : distinct([...store.keptHeads.all(peer.id).map(({ head }) => head), ...forked])
      return machines.withSeed(own, (seed) =>
        signBundle(seed, {
          made_at: machines.nowTick(),
          exporter: own.state.genesis,
          chains: sides.map(({ chain, other, rows }) =>
            bundleChain(chain, disclose(rows, nonces, other, chain === own ? seqs : new Set()), reading.headOfChain(chain)),
          ),
          sessions: options.sessions,
          confirm_keys: options.confirmKeys ?? {},
          heads,
          pins: options.pins ?? [],
          legacy_hs: legacy,
        }),
      )
    },
  }
}
