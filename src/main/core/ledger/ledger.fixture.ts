import type { SecretBytes } from '../crypto/secret.ts'
import type { Store } from '../store/store.ts'
import { columnKey, open as openStore, type TestPorts, tempFolder, testPorts } from '../store/testing.fixture.ts'
import { createWork, type Work } from '../work.ts'
import { startChain } from './chain.ts'
import { nextCommitment } from './genesis.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { Party } from './story.fixture.ts'

/** One wallet's ledger over a real store. `byte` fills its keys, as `Party` does. */
export interface LedgerWorld {
  readonly folder: string
  readonly ports: TestPorts
  readonly store: Store
  readonly work: Work
  readonly ledger: Ledger
  readonly sign: SecretBytes
  /** Closes and opens again from the files. */
  again(): LedgerWorld
}

export const keysOf = (byte: number) => Party.keysOf(byte)

export const ledgerWorld = (name = 'Alice', byte = 1, folder = tempFolder(), ports = testPorts()): LedgerWorld => {
  const store = openStore(folder)
  store.unlock(columnKey())
  const work = createWork({ transaction: store.transaction, store: () => 1, publish: () => undefined })
  const keys = keysOf(byte)
  const self = { name, signPub: keys.sign_pub, kxPub: keys.kx_pub, signPriv: keys.seed }
  const ledger = createLedger({ ports, store, work, self, next: nextCommitment(keysOf(byte + 100)) })
  return {
    folder,
    ports,
    store,
    work,
    ledger,
    sign: keys.seed,
    again: () => {
      store.close()
      return ledgerWorld(name, byte, folder, ports)
    },
  }
}

/** The own machine as somebody who writes rows by hand: `write` puts what he wrote on its chain. */
export const ownParty = (world: LedgerWorld, byte = 1): Party & { write(): void } => {
  const { header } = world.ledger.own()
  const party = Object.assign(new Party(header.slug, byte, header.genesis_zeqond), { header, state: startChain(header) })
  return Object.assign(party, {
    write: () => {
      world.ledger.setRecovering('restored')
      const offered = world.ledger.adoptRows(party.rows)
      if (offered.kind !== 'extended') throw new Error(JSON.stringify(offered))
      world.ledger.clearRecovering()
    },
  })
}
