import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Ports } from '../ports.ts'
import { encodeClientLine, encodeRelayLine } from './envelope.ts'
import { testPorts } from './fixtures.ts'
import { startRelayServer } from './server.ts'
import { createTcpTransport, type TcpTransportOptions } from './tcp-transport.ts'
import { until } from './test-clients.ts'
import type { Transport, TransportEvent } from './transport.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A bare server that hands its sockets out. */
const listen = async (port = 0): Promise<{ server: Server; port: number; sockets: Socket[] }> => {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    sockets.push(socket)
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { server, port: (server.address() as AddressInfo).port, sockets }
}
const open = (
  port: number,
  options: Partial<TcpTransportOptions> = {},
  ports: Ports = testPorts,
): { transport: Transport; events: TransportEvent[]; lines: () => string[] } => {
  const transport = createTcpTransport(ports, { host: '127.0.0.1', port, backoff: { minMs: 1, maxMs: 4 }, ...options })
  const events: TransportEvent[] = []
  transport.on((event) => events.push(event))
  cleanups.push(() => transport.stop())
  return { transport, events, lines: () => events.flatMap((event) => (event.type === 'line' ? [event.line] : [])) }
}
const connected = (transport: Transport): Promise<void> => until(() => expect(transport.state.name).toBe('connected'))

describe('TCP transport', () => {
  it('carries lines both ways through the relay', async () => {
    const relay = await startRelayServer(testPorts, { port: 0 })
    cleanups.push(() => relay.close())
    const [a, b] = [open(relay.port), open(relay.port)]
    a.transport.start()
    b.transport.start()
    await until(() => expect(relay.stats().clients).toBe(2))
    await Promise.all([connected(a.transport), connected(b.transport)])
    const line = encodeClientLine({ from: 'é', to: null, intent: 'register' })
    expect(a.transport.send(line)).toBe(true)
    await until(() => expect(b.lines().length).toBe(1))
    const got = JSON.parse(b.lines()[0] ?? '') as { remote_addr: string }
    expect(`${b.lines()[0]}\n`).toBe(encodeRelayLine(got.remote_addr, line))
    expect(a.lines()).toEqual([])
  })

  it('goes off, connecting, connected, waiting, and comes back when the relay does', async () => {
    const first = await listen()
    const { transport, events } = open(first.port)
    expect(transport.state).toEqual({ name: 'off' })
    expect(transport.send('x\n')).toBe(false)
    transport.start()
    transport.start()
    await connected(transport)
    expect(first.sockets.length).toBe(1)
    first.server.close()
    for (const socket of first.sockets) socket.destroy()
    await until(() => expect(events.filter((event) => event.type === 'state' && event.state.name === 'waiting').length).toBeGreaterThan(2))
    const second = await listen(first.port)
    await connected(transport)
    expect(second.sockets.length).toBe(1)
    const names = events.flatMap((event) => (event.type === 'state' ? [event.state.name] : []))
    expect(names.slice(0, 3)).toEqual(['connecting', 'connected', 'waiting'])
    await transport.stop()
    expect(transport.state).toEqual({ name: 'off' })
  })

  it('counts failures, backs off, and begins anew after a connection that held', async () => {
    let wall = 1_000_000
    const delays: number[] = []
    let elapsed = 0
    const ports: Ports = {
      ...testPorts,
      random: { bytes: (length) => new Uint8Array(length) },
      clock: {
        ...testPorts.clock,
        now: () => wall,
        monotonic: () => elapsed,
        schedule: (ms, run) => {
          if (ms >= 10_000) return () => {} // deadlines that do not come
          delays.push(ms)
          return testPorts.clock.schedule(0, run)
        },
      },
    }
    const gate = await listen()
    gate.server.on('connection', (socket: Socket) => socket.destroy())
    const { transport, events } = open(gate.port, { backoff: { minMs: 1000, maxMs: 4000, stableMs: 5000 }, quietMs: 60_000 }, ports)
    transport.start()
    await until(() => expect(delays.length).toBeGreaterThan(4))
    expect(delays.slice(0, 4)).toEqual([500, 1000, 2000, 2000])
    const waits = events.flatMap((event) => (event.type === 'state' && event.state.name === 'waiting' ? [event.state] : []))
    expect(waits[2]).toMatchObject({ attempt: 3, retryAt: wall + 2000 })
    expect(waits[0]?.error).toMatch(/^The relay .*connection\.$/)
    // One connection that holds:
    gate.server.removeAllListeners('connection')
    const held: Socket[] = []
    gate.server.on('connection', (socket: Socket) => held.push(socket))
    await until(() => expect(held.length).toBeGreaterThan(0))
    await connected(transport)
    elapsed += 5000
    wall += 5000
    const before = delays.length
    for (const socket of held) socket.destroy()
    await until(() => expect(delays.length).toBeGreaterThan(before))
    expect(delays[before]).toBe(500)
  })

  it('says no when its buffer is full, takes nothing of that line, and says when there is room', async () => {
    const { port, sockets } = await listen()
    const { transport, events } = open(port, { bufferBytes: 256 * 1024 })
    transport.start()
    await connected(transport)
    await until(() => expect(sockets.length).toBe(1))
    sockets[0]?.pause()
    const line = `${'x'.repeat(9_999)}\n`
    let taken = 0
    while (transport.send(line)) taken += 1
    expect(transport.send(line)).toBe(false)
    expect(events.some((event) => event.type === 'writable')).toBe(false)
    let arrived = 0
    sockets[0]?.on('data', (chunk: Buffer) => {
      arrived += chunk.length
    })
    sockets[0]?.resume()
    await until(() => expect(events.some((event) => event.type === 'writable')).toBe(true))
    await until(() => expect(arrived).toBe(taken * line.length))
    expect(transport.send(line)).toBe(true)
  })

  it('refuses what must not go to a relay', () => {
    const { transport } = open(9)
    for (const line of ['', 'x', 'x\ny\n', 'x\n\n', `${'"'.repeat(40_000)}\n`])
      expect(() => transport.send(line), JSON.stringify(line.slice(0, 9))).toThrow(/newline|too long/)
    expect(() => createTcpTransport(testPorts, { host: 'a', port: 0 })).toThrow(/not a port/)
  })

  it('reports lines that are too long or no UTF-8, and goes on', async () => {
    const { port, sockets } = await listen()
    const { transport, events } = open(port)
    transport.start()
    await until(() => expect(sockets.length).toBe(1))
    sockets[0]?.write(
      Buffer.concat([Buffer.alloc(100_000, 'a'), Buffer.from('\n'), Buffer.from([0xff, 0x0a]), Buffer.from('good é\nWarning: Server disconnected.')]),
    )
    sockets[0]?.end()
    await until(() => expect(events.filter((event) => event.type !== 'state').length).toBe(4))
    const seen = events.filter((event) => event.type !== 'state')
    expect(seen.map((event) => event.type)).toEqual(['tooLong', 'notUtf8', 'line', 'line'])
    expect(seen[2]).toEqual({ type: 'line', line: 'good é' })
    expect(seen[3]).toEqual({ type: 'line', line: 'Warning: Server disconnected.' })
  })

  it('delivers what it accepted before it stops', async () => {
    const { port, sockets } = await listen()
    const { transport } = open(port)
    transport.start()
    await connected(transport)
    await until(() => expect(sockets.length).toBe(1))
    let arrived = ''
    sockets[0]?.on('data', (chunk: Buffer) => {
      arrived += chunk.toString()
    })
    transport.send('last words\n')
    await transport.stop()
    await until(() => expect(arrived).toBe('last words\n'))
    expect(transport.send('x\n')).toBe(false)
  })

  it('survives a handler that throws, and one that stops it', async () => {
    const { port } = await listen()
    const { transport, events } = open(port)
    transport.on(() => {
      throw new Error('handler')
    })
    transport.start()
    await connected(transport)
    await transport.stop()
    const stopper = open(port)
    stopper.transport.on((event) => {
      if (event.type === 'state' && event.state.name === 'connecting') void stopper.transport.stop()
    })
    stopper.transport.start()
    expect(stopper.transport.state).toEqual({ name: 'off' })
    expect(events.at(-1)).toEqual({ type: 'state', state: { name: 'off' } })
  })

  it('finds out that a silent relay is gone, and leaves one alone that is only silent', async () => {
    const { server, port, sockets } = await listen()
    const { transport, events } = open(port, { quietMs: 30 })
    transport.start()
    await until(() => expect(sockets.length).toBeGreaterThan(3)) // looked several times, and stayed
    expect(events.filter((event) => event.type === 'state').map((event) => event.state.name)).toEqual(['connecting', 'connected'])
    // The listener goes, the connection stays open and silent: a machine that was switched off looks like this.
    server.close()
    await until(() =>
      expect(
        events.some((event) => event.type === 'state' && event.state.name === 'waiting' && event.state.error === 'The relay does not answer any more.'),
      ).toBe(true),
    )
  })
})
