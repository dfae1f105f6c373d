import { createPrivateKey, sign } from 'node:crypto'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { canonicalBytes } from '../src/main/core/crypto/canonical-json.ts'
import { ledgerWorld } from '../src/main/core/ledger/ledger.fixture.ts'
import { tempFolder } from '../src/main/core/store/testing.fixture.ts'
import { type Figure, figure, millis } from './measure.ts'

/** What a row costs at least: one signature and one insert of its bytes, in a database of the same settings. */
const bareRows = (count: number, batch: number): number => {
  const database = new Database(join(tempFolder(), 'bare.db'))
  try {
    database.pragma('journal_mode = WAL')
    database.pragma('synchronous = FULL')
    database.exec('CREATE TABLE row (id INTEGER PRIMARY KEY, body BLOB)')
    const insert = database.prepare('INSERT INTO row (body) VALUES (?)')
    const key = createPrivateKey({
      key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 1)]),
      format: 'der',
      type: 'pkcs8',
    })
    const body = Buffer.alloc(800, 0x20)
    const some = database.transaction(() => {
      for (let i = 0; i < batch; i += 1) insert.run(Buffer.concat([body, sign(null, body.subarray(0, 256), key)]))
    })
    return (
      (count /
        millis(() => {
          for (let done = 0; done < count; done += batch) some()
        })) *
      1000
    )
  } finally {
    database.close()
  }
}

/** Rows a second into the real store, signed, verified again before they are stored, sealed; each on disk when its transaction ends. */
export const appendRows = (count: number, batch: number): Figure => {
  const { ledger, store, work } = ledgerWorld()
  try {
    const { genesis } = ledger.own()
    const draft = (i: number) => ({ type: 'event' as const, payload: { type: 'note', payload: { i, text: 'x'.repeat(100) } } })
    if (canonicalBytes(draft(0).payload).length > 300) throw new Error('a larger row than the reference has')
    const append = (from: number): void =>
      work.run(() => {
        for (let i = from; i < from + batch; i += 1) ledger.append(genesis, draft(i))
      })
    append(0)
    const ours =
      (count /
        millis(() => {
          for (let done = 0; done < count; done += batch) append(done)
        })) *
      1000
    const name = batch === 1 ? 'append rows one by one' : `append rows, ${batch} a transaction`
    const least = batch === 1 ? 1000 : 5000
    return figure(`${name}, synchronous=FULL`, [ours, 'rows/s'], ['sign and insert, bare', bareRows(count, batch)], `≥ ${least}/s`, (value) => value >= least)
  } finally {
    store.close()
  }
}
