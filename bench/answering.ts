import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mintKey } from '../src/main/core/api/credentials.ts'
import { startApiServer } from '../src/main/core/api/server.ts'
import { ledgerWorld } from '../src/main/core/ledger/ledger.fixture.ts'
import { systemClock } from '../src/main/core/node-ports.ts'
import { tempFolder, testPorts } from '../src/main/core/store/testing.fixture.ts'
import { type Figure, figure, percentile } from './measure.ts'

const PER_SECOND = 100
const plenty = { spin_up: 1e6, write: 1e6, read: 1e6 }

const LANES = 32

/**
 * Calls `once` a hundred times a second, at most 32 at a time; milliseconds from when each was due, so that falling behind shows.
 * The first half second is left out.
 */
const steadily = async (seconds: number, once: (i: number) => Promise<void>): Promise<number[]> => {
  const start = performance.now()
  const taken: number[] = []
  const lane = async (first: number): Promise<void> => {
    for (let i = first; i < PER_SECOND * seconds; i += LANES) {
      const due = start + (i * 1000) / PER_SECOND
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())))
      await once(i)
      if (i >= PER_SECOND / 2) taken.push(performance.now() - Math.max(start, due))
    }
  }
  await Promise.all(Array.from({ length: LANES }, (_, i) => lane(i)))
  return taken
}

const ask = async (url: string, init?: RequestInit): Promise<string> => {
  const response = await fetch(url, init)
  const text = await response.text()
  if (!response.ok) throw new Error(`${response.status} ${text.slice(0, 200)}`)
  return text
}

/** From the POST of an event until its signed row is in `explore`, at 100 a second, beside two requests to a server that does nothing. */
export const postUntilVisible = async (seconds: number): Promise<Figure> => {
  // On the real clock: with one that stands still all rows share a tick, and a page of 500 of them never shows the newest.
  const ports = { ...testPorts(), clock: systemClock }
  const made = ledgerWorld('Alice', 1, tempFolder(), ports)
  const machine = made.ledger.create({ slug: 'bench', isPublic: true })
  const { secret, row } = mintKey(ports, { genesis: machine.genesis, name: 'bench', scope: 'operator', tier: 'standard', expiresAt: null })
  made.store.apiKeys.add(row)
  const server = await startApiServer(ports, { ledger: made.ledger, store: made.store, work: made.work, version: '0', port: 0, limits: { rate: plenty } })
  const bare = createServer((request, response) => {
    request.resume().on('end', () => response.setHeader('content-type', 'application/json').end('{"ok":true}'))
  })
  await new Promise<void>((resolve) => bare.listen(0, '127.0.0.1', resolve))
  try {
    const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' }
    const post = (i: number): RequestInit => ({ method: 'POST', headers, body: JSON.stringify({ type: 'note', payload: { i } }) })
    const base = `http://127.0.0.1:${server.port}/api/chain/bench`
    const ours = await steadily(seconds, async (i) => {
      const { transitionId, zeqondNumber } = JSON.parse(await ask(`${base}/event`, post(i))) as { transitionId: string; zeqondNumber: number }
      while (!(await ask(`${base}/explore?from=${zeqondNumber}&limit=500`)).includes(transitionId));
    })
    const nothing = `http://127.0.0.1:${(bare.address() as AddressInfo).port}/`
    const least = await steadily(seconds, async (i) => {
      await ask(nothing, post(i))
      await ask(nothing)
    })
    const reference = ['two requests to a bare server, p99', percentile(least, 0.99)] as const
    return figure('POST until its row is in explore, 100/s, p99', [percentile(ours, 0.99), 'ms'], reference, '< 50 ms', (value) => value < 50)
  } finally {
    bare.closeAllConnections()
    bare.close()
    await server.close()
    made.store.close()
  }
}
