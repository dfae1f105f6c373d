import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { removeTempFolders } from '../store/testing.fixture.ts'
import { type World, world } from './api.fixture.ts'
import { hostAllowed, originAllowed } from './hosts.ts'
import { startApiServer } from './server.ts'

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

/** What a raw connection gets back until the server ends it. */
const raw = async (w: World, send: (socket: Socket) => void): Promise<string> => {
  const socket = connect(w.server.port, '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  send(socket)
  await once(socket, 'close')
  return Buffer.concat(chunks).toString()
}
const request = (w: World, line: string, headers: readonly string[] = [], body = ''): string =>
  [line, `Host: 127.0.0.1:${w.server.port}`, ...headers, '', body].join('\r\n')

describe('the server', () => {
  it('ends a client that sends its headers without end', async () => {
    const w = await start({ limits: { server: { headersMs: 200, requestMs: 400, checkMs: 50 } } })
    const answer = await raw(w, (socket) => socket.write('GET /api/chain/clock HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow:'))
    expect(answer).toContain('408')
    expect(answer).toContain('{"ok":false,"error":"request_timeout"}')
  })

  it('ends a client that sends half a body, and writes nothing of it', async () => {
    const w = await start({ limits: { server: { headersMs: 200, requestMs: 400, checkMs: 50 } } })
    const machine = w.machine('half', true)
    const before = w.ledger.count(machine.genesis)
    const key = w.key(machine, 'operator')
    const headers = [`Authorization: Bearer ${key}`, 'Content-Type: application/json', 'Content-Length: 60']
    const answer = await raw(w, (socket) => socket.write(request(w, 'POST /api/chain/half/event HTTP/1.1', headers, '{"payload":{"a":')))
    expect(answer).not.toContain('201')
    expect(w.ledger.count(machine.genesis)).toBe(before)
    // A client that goes away in the middle is no different.
    await raw(w, (socket) => {
      socket.write(request(w, 'POST /api/chain/half/event HTTP/1.1', headers, '{"payload":{"a":'))
      socket.destroy()
    })
    expect((await w.call('GET', '/api/chain/half/state')).status).toBe(200)
    expect(w.ledger.count(machine.genesis)).toBe(before)
  })

  it('asks again who it is when a slow body is there', async () => {
    const w = await start()
    const machine = w.machine('slow', true)
    const key = w.key(machine, 'operator')
    const body = '{"payload":1}'
    const headers = [
      `Authorization: Bearer ${key}`,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      'Connection: close',
      'Expect: 100-continue',
    ]
    const answer = await raw(w, (socket) => {
      socket.write(request(w, 'POST /api/chain/slow/event HTTP/1.1', headers))
      // The server says "continue" once it has the headers; only the body is missing by then.
      socket.once('data', () => {
        w.store.apiKeys.remove(machine.genesis, w.store.apiKeys.of(machine.genesis)[0]!.id)
        socket.write(body)
      })
    })
    expect(answer).toContain('HTTP/1.1 401')
    expect(w.ledger.count(machine.genesis)).toBe(1)
  })

  it('stops reading a body that grows past its limit', async () => {
    const w = await start()
    const key = w.key(w.machine('big', true), 'operator')
    const headers = [`Authorization: Bearer ${key}`, 'Content-Type: application/json', 'Transfer-Encoding: chunked', 'Connection: close']
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    const answer = await raw(w, (socket) => {
      socket.write(request(w, 'POST /api/chain/big/event HTTP/1.1', headers))
      for (let i = 0; i < 4; i += 1) socket.write(chunk)
      socket.write('0\r\n\r\n')
    })
    expect(answer).toContain('HTTP/1.1 413')
    expect(answer).toContain('payload_too_large')
  })

  it('answers what is no request in its own form', async () => {
    const w = await start()
    expect(await raw(w, (socket) => socket.write('nonsense\r\n\r\n'))).toContain('{"ok":false,"error":"invalid_request"}')
    expect(await raw(w, (socket) => socket.write(request(w, 'GET / HTTP/1.1', [`X-Long: ${'y'.repeat(20_000)}`])))).toContain('HTTP/1.1 431')
    expect(await raw(w, (socket) => socket.write(request(w, 'GET /api/chain/clock HTTP/1.1', ['Upgrade: websocket', 'Connection: Upgrade'])))).toBe('')
    expect(await raw(w, (socket) => socket.write(request(w, 'CONNECT example.org:80 HTTP/1.1')))).not.toContain('200')
  })

  it('knows no path beside the table, and no other method', async () => {
    const w = await start()
    for (const path of ['/', '/api', '/api/chain', '/api/chain/x/y/z', '/api/chain/%2e%2e/state-machines', '/api/chain/clock/']) {
      const answer = await w.call('GET', path)
      expect([path, answer.status, answer.json]).toEqual([path, 404, { ok: false, error: 'not_found' }])
    }
    const wrong = await w.call('PUT', '/api/chain/clock')
    expect([wrong.status, wrong.json.error, wrong.headers.get('allow')]).toEqual([405, 'method_not_allowed', 'GET'])
    expect((await w.call('HEAD', '/api/chain/aggregate/sse')).status).toBe(405)
    expect((await w.call('OPTIONS', '/api/chain/clock')).status).toBe(405)
  })

  it('refuses a name that was made to point here, and a page of another origin', async () => {
    const w = await start()
    const { port } = w.server
    const asked = async (host: string, origin?: string): Promise<string> => {
      const lines = [`GET /api/chain/clock HTTP/1.1`, `Host: ${host}`, ...(origin === undefined ? [] : [`Origin: ${origin}`]), 'Connection: close', '', '']
      return (await raw(w, (socket) => socket.write(lines.join('\r\n')))).slice(9, 12)
    }
    expect(await asked(`127.0.0.1:${port}`)).toBe('200')
    expect(await asked(`localhost:${port}`)).toBe('200')
    expect(await asked(`rebound.example:${port}`)).toBe('403')
    expect(await asked('127.0.0.1.example')).toBe('403')
    expect(await asked(`127.0.0.1:${port}`, 'https://page.example')).toBe('403')
    expect(await asked(`127.0.0.1:${port}`, 'null')).toBe('403')
    expect(await asked(`127.0.0.1:${port}`, `http://127.0.0.1:${port}`)).toBe('200')
    const plain = await w.call('GET', '/api/chain/clock')
    expect([...plain.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    expect(plain.headers.get('cache-control')).toBe('no-store')
    expect(plain.headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('judges hosts and origins', () => {
    for (const host of ['localhost', 'LOCALHOST:3099', '127.0.0.1:1', '[::1]:3099', '127.9.9.9']) expect([host, hostAllowed(true, host)]).toEqual([host, true])
    for (const host of [undefined, '', 'a b', 'evil', '10.0.0.1', 'localhost.evil', 'user@localhost', '[::2]', 'localhost:99:1'])
      expect([host, hostAllowed(true, host)]).toEqual([host, false])
    expect(hostAllowed(false, 'ledger.lan:3099')).toBe(true)
    expect(hostAllowed(false, undefined)).toBe(false)
    expect(originAllowed(null, 'localhost')).toBe(true)
    expect(originAllowed('https://localhost', 'localhost')).toBe(false)
  })

  it('closes though somebody holds a connection, and a request in the middle', async () => {
    const w = await start()
    const key = w.key(w.machine('held', true), 'operator')
    const idle = raw(w, () => undefined)
    const kept = raw(w, (socket) => socket.write(request(w, 'GET /api/chain/clock HTTP/1.1')))
    const headers = [`Authorization: Bearer ${key}`, 'Content-Type: application/json', 'Content-Length: 60']
    const half = raw(w, (socket) => socket.write(request(w, 'POST /api/chain/held/event HTTP/1.1', headers, '{"payload":')))
    await w.call('GET', '/api/chain/clock')
    await w.server.close()
    expect(await idle).toBe('')
    expect(await kept).toContain('200 OK')
    expect(await half).not.toContain('201')
    await expect(w.call('GET', '/api/chain/clock')).rejects.toThrow()
  })

  it('says when its port is taken', async () => {
    const w = await start()
    const again = startApiServer(w.ports, { ledger: w.ledger, store: w.store, work: w.work, version: '0', port: w.server.port })
    await expect(again).rejects.toMatchObject({ code: 'IN_USE' })
    const elsewhere = startApiServer(w.ports, { ledger: w.ledger, store: w.store, work: w.work, version: '0', port: 0, host: '192.0.2.1' })
    await expect(elsewhere).rejects.toMatchObject({ code: 'RELAY' })
  })

  it('answers `locked` when the wallet is locked, and shows no more than that', async () => {
    const w = await start()
    const machine = w.machine('shut', true)
    const key = w.key(machine, 'admin')
    w.store.lock()
    for (const path of ['/api/chain/shut/state', '/api/chain/state-machines', '/api/chain/shut/explore']) {
      const answer = await w.call('GET', path, { key })
      expect([answer.status, answer.json]).toEqual([503, { ok: false, error: 'locked' }])
    }
  })

  it('never shows what went wrong inside', async () => {
    const lines: string[] = []
    const note = (text: string, fields?: object): void => void lines.push(`${text} ${JSON.stringify(fields)}`)
    const w = await start({}, { log: { debug: note, info: note, warn: note, error: note } })
    const key = w.key(w.machine('broken', true), 'operator')
    w.store.close()
    const answer = await w.call('POST', '/api/chain/broken/event', { key, body: {} })
    expect(answer.status).toBeGreaterThanOrEqual(500)
    expect(Object.keys(answer.json)).toEqual(['ok', 'error'])
    expect(answer.json.error).toMatch(/^[a-z_]+$/)
    expect(lines.join('\n')).not.toContain(key)
  })
})
