import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { removeTempFolders, testPorts } from '../store/testing.fixture.ts'
import { type World, world } from './api.fixture.ts'
import { createStreams } from './streams.ts'

const open: World[] = []
const start = async (...options: Parameters<typeof world>): Promise<World> => {
  const w = await world(...options)
  open.push(w)
  return w
}
afterEach(async () => {
  for (const w of open.splice(0)) await w.close()
})
afterAll(removeTempFolders)

/** Long, for a computer that does other things. */
const until = (check: () => unknown): Promise<unknown> => vi.waitFor(check, { timeout: 20_000 })

/** A stream that is read as it comes. */
const listen = async (w: World, path: string) => {
  const stop = new AbortController()
  const response = await fetch(w.url + path, { signal: stop.signal })
  const heard = { text: '', ended: false, whole: false, status: response.status, stop: () => stop.abort() }
  void (async () => {
    try {
      for await (const chunk of response.body!) heard.text += new TextDecoder().decode(chunk as Uint8Array)
      heard.whole = true
    } catch {
      // Ended by the server, or by the test.
    }
    heard.ended = true
  })()
  await until(() => expect(heard.text + String(heard.ended)).toMatch(/:ready|true/))
  return heard
}
const event = (w: World, genesis: string) => w.ledger.append(genesis, { type: 'event', payload: { type: 'event', payload: null } })
const dataOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => JSON.parse(line.slice(6)) as Record<string, unknown>)

describe('event streams', () => {
  it('tell of each row, in the documented fields', async () => {
    const w = await start()
    const [a, b] = [w.machine('a', true), w.machine('b', true)]
    const [one, all] = [await listen(w, '/api/chain/a/explore/sse'), await listen(w, '/api/chain/aggregate/sse')]
    const row = event(w, a.genesis)
    event(w, b.genesis)
    await until(() => expect(dataOf(all.text)).toHaveLength(2))
    const told = { slug: 'a', type: 'event', zeqond: Number(row.zeqondNumber), stateHash: row.stateHash, transitionId: row.transitionId }
    expect(dataOf(one.text)).toEqual([told])
    expect(dataOf(all.text)).toEqual([{ ...told, sm_id: a.id, parent_origin: 'countersign' }, expect.objectContaining({ slug: 'b', sm_id: b.id })])
    expect(one.text.startsWith(':ready\n\n')).toBe(true)
  })

  it('tell nothing of a private machine, and end when it becomes one', async () => {
    const w = await start()
    const [a, secret] = [w.machine('a', true), w.machine('secret', false)]
    const [mine, all] = [await listen(w, '/api/chain/a/explore/sse'), await listen(w, '/api/chain/aggregate/sse')]
    event(w, secret.genesis)
    w.ledger.update(a.genesis, { isPublic: false })
    event(w, a.genesis)
    await until(() => expect(mine.ended).toBe(true))
    w.ledger.update(a.genesis, { isPublic: true })
    event(w, a.genesis)
    await until(() => expect(dataOf(all.text)).toHaveLength(1))
    expect(dataOf(mine.text)).toEqual([])
  })

  it('take a key in the address, and end when it is revoked', async () => {
    const w = await start()
    const secret = w.machine('secret', false)
    const key = w.key(secret, 'viewer')
    const heard = await listen(w, `/api/chain/secret/explore/sse?token=${key}`)
    event(w, secret.genesis)
    await until(() => expect(dataOf(heard.text)).toHaveLength(1))
    const [row] = w.store.apiKeys.of(secret.genesis)
    w.store.apiKeys.remove(secret.genesis, row!.id)
    event(w, secret.genesis)
    await until(() => expect(heard.ended).toBe(true))
    expect(dataOf(heard.text)).toHaveLength(1)
  })

  it('beat while nothing happens, and end when the wallet is locked', async () => {
    const w = await start({ limits: { streams: { heartbeatMs: 20 } } })
    w.machine('a', true)
    const heard = await listen(w, '/api/chain/a/explore/sse')
    await until(() => expect(heard.text.match(/:heartbeat\n\n/g)?.length ?? 0).toBeGreaterThan(1))
    w.store.lock()
    await until(() => expect(heard.ended).toBe(true))
  })

  it('are bounded for each address and in all, and their places come back', async () => {
    const w = await start({ limits: { streams: { perAddress: 3, all: 10 } } })
    w.machine('a', true)
    const heard = []
    for (let i = 0; i < 3; i += 1) heard.push(await listen(w, '/api/chain/a/explore/sse'))
    const refused = await w.call('GET', '/api/chain/aggregate/sse')
    expect([refused.status, refused.json]).toEqual([429, { ok: false, error: 'too_many_streams' }])
    heard[0]!.stop()
    await until(async () => {
      const again = await listen(w, '/api/chain/a/explore/sse')
      expect(again.status).toBe(200)
    })
  })

  it('end with the server', async () => {
    const w = await start()
    w.machine('a', true)
    const heard = await listen(w, '/api/chain/a/explore/sse')
    await w.server.close()
    await until(() => expect(heard.ended).toBe(true))
    // By its last chunk, not by a broken connection.
    expect(heard.whole).toBe(true)
  })

  it('drop a client that does not read', async () => {
    const w = await start({ limits: { streams: { behind: 4 } } })
    const a = w.machine('a', true)
    const socket = connect(w.server.port, '127.0.0.1')
    await once(socket, 'connect')
    socket.on('error', () => undefined)
    socket.write(`GET /api/chain/a/explore/sse HTTP/1.1\r\nHost: 127.0.0.1:${w.server.port}\r\nConnection: close\r\n\r\n`)
    await once(socket, 'data')
    socket.pause()
    let closed = false
    socket.on('close', () => {
      closed = true
    })
    // All in one turn, so that not even the kernel's buffers are emptied in between.
    w.work.run(() => {
      for (let i = 0; i < 40; i += 1) event(w, a.genesis)
    })
    socket.resume()
    await until(() => expect(closed).toBe(true))
  })
})

describe('the hub of streams', () => {
  const hub = (behind: number) => {
    let listener: (machine: never, row: never) => void = () => undefined
    const ledger = {
      on: (heard: typeof listener) => {
        listener = heard
        return () => undefined
      },
    }
    const streams = createStreams(testPorts(), ledger as never, { all: 2, perAddress: 2, behind, heartbeatMs: 1 })
    const subscription = { address: 'x', allowed: () => true, pick: () => ({ a: 1 }) }
    return { streams, subscription, fire: () => listener({} as never, {} as never) }
  }

  it('forgets a client that is too far behind', () => {
    const { streams, subscription, fire } = hub(3)
    streams.open(subscription)
    expect(streams.size).toBe(1)
    for (let i = 0; i < 2; i += 1) fire()
    expect(streams.size).toBe(1)
    fire()
    expect(streams.size).toBe(0)
  })

  it('forgets who goes away, and takes nobody after its end', async () => {
    const { streams, subscription } = hub(3)
    const stream = streams.open(subscription)
    await stream.cancel()
    expect(streams.size).toBe(0)
    streams.close()
    expect(() => streams.open(subscription)).toThrow('too_many_streams')
  })
})
