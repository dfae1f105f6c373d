import { afterAll, expect, it } from 'vitest'
import { signHead } from './ledger/head.ts'
import { ledgerWorld } from './ledger/ledger.fixture.ts'
import type { Ledger } from './ledger/ledger-types.ts'
import { createLedgerView } from './ledger-view.ts'
import { removeTempFolders } from './store/testing.fixture.ts'

afterAll(removeTempFolders)

const append = (ledger: Ledger, n: number): void => {
  for (let i = 0; i < n; i += 1) ledger.append(ledger.own().genesis, { type: 'event', payload: { type: 'note', payload: i } })
}

it('counts the places of lost rows, so that each row stands at its number', () => {
  const { ledger, sign, store } = ledgerWorld()
  const view = createLedgerView({ ledger, nameOf: (key) => key, peerOf: () => null })
  append(ledger, 3)
  expect([view.places(), view.rows({ before: null, limit: 10, session: null }).total]).toEqual([3, 3])
  const { genesis } = ledger.own()
  const floor = { genesis, seq: 5, stateHash: 'ab'.repeat(32) as never, zeqondNumber: ledger.state(genesis).zeqond }
  ledger.setRecovering('restored')
  ledger.skipTo({ ...floor, sig: signHead(sign, floor) })
  ledger.clearRecovering()
  append(ledger, 1)
  const { rows, total } = view.rows({ before: null, limit: 10, session: null })
  expect([rows.map(({ seq }) => seq), total]).toEqual([[6, 2, 1, 0], 7])
  expect([view.row(4), view.row(6)?.seq, view.machine(null).rows]).toEqual([null, 6, 4])
  store.close()
})
