import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { AppFault } from '../fault.ts'
import { formatRemoteAddr } from './address.ts'
import { backoffDelay } from './backoff.ts'
import { parseClientConfig, parseServerConfig } from './config.ts'
import { connectionSentence } from './connection-error.ts'
import { decodeRelayLine } from './envelope.ts'
import { testPorts } from './fixtures.ts'
import { checkInbound } from './inbound.ts'
import { createPacing, type Paced } from './pacing.ts'
import { probeRelay } from './probe.ts'
import { startRelayServer } from './server.ts'
import { openClient, until } from './test-clients.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

describe('formatRemoteAddr', () => {
  const scopeOf = (name: string): number | null => (name === 'eth0' ? 2 : null)
  it.each([
    ['127.0.0.1', '127.0.0.1:5'],
    ['::1', '[::1]:5'],
    ['2001:db8::1', '[2001:db8::1]:5'],
    ['::ffff:10.0.0.1', '10.0.0.1:5'],
    ['fe80::1%eth0', '[fe80::1%2]:5'],
    ['fe80::1%3', '[fe80::1%3]:5'],
    ['fe80::1%gone', '[fe80::1%gone]:5'],
  ])('%s', (address, wanted) => expect(formatRemoteAddr(address, 5, scopeOf)).toBe(wanted))
})

describe('backoffDelay', () => {
  it('stays between half and all of the doubled figure, under the ceiling', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, fraction) => {
        const full = Math.min(15_000, 500 * 2 ** Math.min(attempt - 1, 30))
        const delay = backoffDelay({ minMs: 500, maxMs: 15_000, stableMs: 1 }, attempt, fraction)
        expect(delay).toBeGreaterThanOrEqual(full / 2)
        expect(delay).toBeLessThanOrEqual(full)
      }),
    )
  })
})

describe('pacing', () => {
  const join = (pacing: ReturnType<typeof createPacing>, count: number): Paced[] =>
    Array.from({ length: count }, () => {
      pacing.join()
      return { behind: false, ignored: false, taken: 0 }
    })
  it('holds senders up while more than half of the receivers lag, until they have caught up', () => {
    const pacing = createPacing(100, 10)
    const [a, b, c] = join(pacing, 4)
    if (a === undefined || b === undefined || c === undefined) throw new Error('three')
    pacing.lag(a, 101)
    expect(pacing.overloaded).toBe(false)
    pacing.lag(b, 101)
    expect(pacing.overloaded).toBe(true)
    pacing.lag(b, 60)
    expect(pacing.overloaded).toBe(true) // not yet
    pacing.lag(b, 50)
    expect(pacing.overloaded).toBe(false)
    pacing.lag(b, 101)
    pacing.leave(a)
    expect(pacing.overloaded).toBe(false)
  })
  it('stops counting one that hardly reads, until it has caught up', () => {
    const pacing = createPacing(100, 10)
    const [, lone] = join(pacing, 2)
    if (lone === undefined) throw new Error('two')
    pacing.lag(lone, 200)
    expect(pacing.overloaded).toBe(true)
    lone.taken = 10
    pacing.losePatience([lone])
    expect(pacing.overloaded).toBe(true) // it took enough
    pacing.losePatience([lone])
    expect(pacing.overloaded).toBe(false)
    pacing.lag(lone, 300)
    expect(pacing.overloaded).toBe(false)
    pacing.lag(lone, 0)
    pacing.lag(lone, 200)
    expect(pacing.overloaded).toBe(true)
  })
})

describe('probeRelay', () => {
  it('finds a relay, with a line that no wallet takes for itself', async () => {
    const relay = await startRelayServer(testPorts, { port: 0 })
    cleanups.push(() => relay.close())
    const witness = await openClient(relay.port)
    cleanups.push(() => witness.socket.destroy())
    await until(() => expect(relay.stats().clients).toBe(1))
    expect(await probeRelay(testPorts, '127.0.0.1', relay.port)).toBe('relay')
    await until(() => expect(witness.lines().length).toBeGreaterThan(0))
    for (const line of witness.lines()) {
      const decoded = decodeRelayLine(line)
      expect(decoded.kind === 'message' && checkInbound(decoded.payload, 'me')).toEqual({ ok: false, why: 'elsewhere' })
    }
    await until(() => expect(relay.stats().clients).toBe(1))
  })
  it('tells a server of another kind from none', async () => {
    const echo = createServer((socket) => {
      socket.on('error', () => {})
      socket.pipe(socket)
    }).listen(0, '127.0.0.1')
    await once(echo, 'listening')
    const { port } = echo.address() as AddressInfo
    expect(await probeRelay(testPorts, '127.0.0.1', port, 300)).toBe('other')
    echo.close()
    await once(echo, 'close')
    expect(await probeRelay(testPorts, '127.0.0.1', port)).toBe('nothing')
  })
})

describe('configuration of the original', () => {
  // The template that comes with the original client, shortened.
  const template = `{
    "host": null, "port": null,
    "logger": { "log_level": "INFO" },
    "hyper_parameters": {
      "receiver": { "max_bytes_per_line": 65536, "read_timeout_seconds": null },
      "sender": { "concurrency_limit": 50 },
      "reconnection": { "retry_delay_seconds": 3, "primary_retry_limit": 5, "default_host": "localhost", "default_port": 8888, "default_retry_limit": null, "extra": 1 }
    }
  }`
  it('reads the client’s, and names what it does not use', () => {
    expect(parseClientConfig(template)).toEqual({
      host: null,
      port: null,
      reconnection: { retryDelaySeconds: 3, primaryRetryLimit: 5, defaultHost: 'localhost', defaultPort: 8888, defaultRetryLimit: null },
      ignored: ['hyper_parameters.receiver', 'hyper_parameters.reconnection.extra', 'hyper_parameters.sender', 'logger'],
    })
  })
  it('has the original’s defaults', () => {
    expect(parseClientConfig('{"host": "10.0.0.1", "port": 9}')).toEqual({
      host: '10.0.0.1',
      port: 9,
      reconnection: { retryDelaySeconds: 3, primaryRetryLimit: 3, defaultHost: '10.0.0.1', defaultPort: 9, defaultRetryLimit: 2 },
      ignored: [],
    })
  })
  it('reads the server’s', () => {
    expect(parseServerConfig('{"host": "0.0.0.0", "port": 8888, "version": "rust", "hyper_parameters": {"a": 1}}')).toEqual({
      host: '0.0.0.0',
      port: 8888,
      ignored: ['hyper_parameters', 'version'],
    })
  })
  it.each([
    '',
    '[]',
    '5',
    '{"port": "8888"}',
    '{"port": 70000}',
    '{"host": 5}',
    '{"host": "a b"}',
    '{"hyper_parameters": 5}',
    '{"hyper_parameters": {"reconnection": []}}',
    '{"hyper_parameters": {"reconnection": {"primary_retry_limit": -1}}}',
    '{"hyper_parameters": {"reconnection": {"retry_delay_seconds": "3"}}}',
    '['.repeat(9999),
  ])('refuses %s', (text) => {
    try {
      parseClientConfig(text)
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(AppFault)
      expect(error).toMatchObject({ code: 'FORMAT' })
    }
  })
})

describe('connectionSentence', () => {
  it('names the reason, also where each of several addresses failed', () => {
    const refused: NodeJS.ErrnoException = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' })
    expect(connectionSentence(refused)).toBe('Nothing listens at the relay’s address.')
    expect(connectionSentence(new AggregateError([refused]) as NodeJS.ErrnoException)).toBe('Nothing listens at the relay’s address.')
    expect(connectionSentence(new Error('strange 10.0.0.1'))).toBe('The connection to the relay failed.')
  })
})
