import type { ChainState } from '../ledger/chain.ts'
import type { Connection } from './connection.ts'
import { corrupt } from './faults.ts'
import { type ChainRecord, FollowedInfo, type FollowedRecord, MachineInfo, type MachineRecord, StoredState } from './ledger-records.ts'
import { nextId } from './row-ids.ts'
import type { Sealing } from './sealing.ts'

/** A record that has no number yet. */
type NewChain = Omit<MachineRecord, 'id'> | Omit<FollowedRecord, 'id'>

/** `chain`: machines of this wallet and the chains of peers, each with its state "verified up to here". */
export interface Chains {
  /** @returns the chain's number; rows, heads and contracts hang on it. */
  add(chain: NewChain): number
  /** Replaces info and state. */
  put(chain: ChainRecord): void
  /** Replaces the state alone, which each row changes. */
  putState(chain: ChainRecord): void
  get(genesis: string): ChainRecord | undefined
  own(): MachineRecord | undefined
  /** An own or hosted machine by its slug. */
  bySlug(slug: string): MachineRecord | undefined
  byPeer(peerId: string): FollowedRecord[]
  /** Own and hosted, oldest first. */
  machines(): MachineRecord[]
  followed(): FollowedRecord[]
  followedCount(): number
}

const columns = 'id, genesis, kind, name, sealed, state'

export const createChains = (db: Connection, sealing: Sealing): Chains => {
  const read = (raw: unknown): ChainRecord => {
    const row = raw as { id: number; genesis: string; kind: ChainRecord['kind']; name: string; sealed: unknown; state: unknown }
    const key = [row.id, row.genesis, row.kind, row.name]
    const state: ChainState = sealing.recall('chain.state', key, row.state, StoredState)
    if (row.kind === 'followed') return { id: row.id, kind: row.kind, info: sealing.recall('chain.sealed', key, row.sealed, FollowedInfo), state }
    // That of a hosted machine has its private keys.
    const open = row.kind === 'own' ? sealing.recall : sealing.open
    return { id: row.id, kind: row.kind, info: open('chain.sealed', key, row.sealed, MachineInfo), state }
  }
  const nameOf = (chain: NewChain): string =>
    chain.kind === 'followed' ? sealing.blind('peer', chain.info.peerId) : sealing.blind('slug', chain.info.header.slug)
  const write = (sql: string, id: number, chain: NewChain): void => {
    const genesis = sealing.blind('genesis', chain.state.genesis)
    const name = nameOf(chain)
    const key = [id, genesis, chain.kind, name]
    const info = chain.kind === 'followed' ? FollowedInfo.parse(chain.info) : MachineInfo.parse(chain.info)
    const sealed = sealing.seal('chain.sealed', key, info)
    if (db.run(sql, genesis, chain.kind, name, sealed, sealing.sealKnown('chain.state', key, StoredState.parse(chain.state)), id).changes !== 1)
      throw corrupt(`table chain, row ${id}`)
  }
  const machine = (chain: ChainRecord | undefined): MachineRecord | undefined => (chain?.kind === 'followed' ? undefined : chain)
  const all = (where: string): ChainRecord[] => {
    sealing.mustBeUnlocked()
    return db.all(`SELECT ${columns} FROM chain WHERE ${where} ORDER BY id`).map(read)
  }
  return {
    add: (chain) =>
      db.transaction(() => {
        const id = nextId(db, 'chain')
        write('INSERT INTO chain (genesis, kind, name, sealed, state, id) VALUES (?, ?, ?, ?, ?, ?)', id, chain)
        return id
      }),
    put: (chain) => write('UPDATE chain SET genesis = ?, kind = ?, name = ?, sealed = ?, state = ? WHERE id = ?', chain.id, chain),
    putState: (chain) => {
      const { id, kind, state } = chain
      const genesis = sealing.blind('genesis', state.genesis)
      const name = nameOf(chain)
      const sealed = sealing.sealKnown('chain.state', [id, genesis, kind, name], StoredState.parse(state))
      if (db.run('UPDATE chain SET state = ? WHERE id = ? AND genesis = ? AND kind = ? AND name = ?', sealed, id, genesis, kind, name).changes !== 1)
        throw corrupt(`table chain, row ${id}`)
    },
    get: (genesis) => {
      const raw = db.get(`SELECT ${columns} FROM chain WHERE genesis = ?`, sealing.blind('genesis', genesis))
      return raw === undefined ? undefined : read(raw)
    },
    own: () => {
      sealing.mustBeUnlocked()
      // Written out: a parameter would not do for the partial index, and every peer's chain would be looked at.
      const raw = db.get(`SELECT ${columns} FROM chain WHERE kind = 'own'`)
      return raw === undefined ? undefined : machine(read(raw))
    },
    bySlug: (slug) => {
      const raw = db.get(`SELECT ${columns} FROM chain WHERE name = ? AND kind <> 'followed'`, sealing.blind('slug', slug))
      return raw === undefined ? undefined : machine(read(raw))
    },
    byPeer: (peerId) =>
      db
        .all(`SELECT ${columns} FROM chain WHERE name = ? AND kind = 'followed' ORDER BY id`, sealing.blind('peer', peerId))
        .map(read)
        .filter((chain) => chain.kind === 'followed'),
    machines: () => all("kind <> 'followed'").filter((chain) => chain.kind !== 'followed'),
    followedCount: () => (db.get("SELECT count(*) AS n FROM chain WHERE kind = 'followed'") as { n: number }).n,
    followed: () => all("kind = 'followed'").filter((chain) => chain.kind === 'followed'),
  }
}
