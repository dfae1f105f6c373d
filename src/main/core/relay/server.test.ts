import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { encodeClientLine, encodeRelayLine } from './envelope.ts'
import { testPorts } from './fixtures.ts'
import type { RelayLimits } from './relay-limits.ts'
import { type RelayServer, startRelayServer } from './server.ts'
import { openClient, type TestClient, until } from './test-clients.ts'

const FAREWELL = 'Warning: Server disconnected.'
const servers: RelayServer[] = []
const clients: TestClient[] = []

const start = async (limits: Partial<RelayLimits> = {}, host = '127.0.0.1'): Promise<RelayServer> => {
  const server = await startRelayServer(testPorts, { host, port: 0, limits })
  servers.push(server)
  return server
}
/** Connects and waits until the relay knows it. */
const join = async (server: RelayServer, options: { readonly reading?: boolean } = {}): Promise<TestClient> => {
  const before = server.stats().clients
  const client = await openClient(server.port, { host: server.host, ...options })
  clients.push(client)
  await until(() => expect(server.stats().clients).toBe(before + 1))
  return client
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.destroy()
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

describe('relay: what the original does', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['a typed envelope', encodeClientLine({ to: null, intent: 'register', from: 'a' })],
    ['text that is no JSON', 'hello\n'],
    ['an empty line', '\n'],
    ['\\r stays', 'a\r\n'],
    ['escapes', '"\\/\b\f\t\u0000\u001f\u007f\n'],
    ['any script', 'h\u00e9\u2603\u{1f600}\ufeff\u2028\n'],
  ]
  it.each(cases)('sends the bytes of the original: %s', async (_, line) => {
    const server = await start()
    const [sender, receiver, other] = [await join(server), await join(server), await join(server)]
    sender.socket.write(line)
    const wanted = encodeRelayLine(sender.address, line)
    await until(() => expect(receiver.received()).toBe(wanted))
    await until(() => expect(other.received()).toBe(wanted))
    expect(sender.received()).toBe('')
  })

  it('writes IPv6 senders in brackets', async () => {
    const server = await start({}, '::1')
    const [sender, receiver] = [await join(server), await join(server)]
    sender.socket.write('x\n')
    await until(() => expect(receiver.received()).toBe(`{"remote_addr": "[::1]:${sender.socket.localPort}", "content": "x"}\n`))
  })

  it('relays unterminated data at the end of a connection, and says farewell without a newline', async () => {
    const server = await start()
    const [sender, receiver] = [await join(server), await join(server)]
    sender.socket.end('first\nunterminated')
    await until(() => expect(receiver.lines()).toEqual(['first', 'unterminated'].map((text) => encodeRelayLine(sender.address, text).trimEnd())))
    await until(() => expect(sender.ended()).toBe(true))
    expect(sender.received()).toBe(FAREWELL)
    await until(() => expect(server.stats().clients).toBe(1))
  })

  it('says farewell to all when it stops', async () => {
    const server = await start()
    const client = await join(server)
    const closing = server.close()
    await until(() => expect(client.received()).toBe(FAREWELL))
    client.socket.end()
    await closing
    expect(server.stats().clients).toBe(0)
  })

  it('puts a line together from single bytes', async () => {
    const server = await start()
    const [sender, receiver] = [await join(server), await join(server)]
    for (const byte of Buffer.from('h\u00e9llo \u{1f600}\n')) {
      sender.socket.write(Buffer.from([byte]))
      await new Promise(setImmediate)
    }
    await until(() => expect(receiver.received()).toBe(encodeRelayLine(sender.address, 'h\u00e9llo \u{1f600}')))
  })

  it('keeps the order of each sender, gives nobody his own lines, and the same order to all', async () => {
    const server = await start()
    const all = [await join(server), await join(server), await join(server), await join(server)]
    const count = 3000
    for (const [i, client] of all.entries()) {
      for (let k = 0; k < count; k += 50) {
        let block = ''
        for (let n = k; n < k + 50; n++) block += `${i}:${n}\n`
        client.socket.write(block)
        if (k % 500 === 0) await new Promise(setImmediate)
      }
    }
    await until(() => {
      for (const client of all) expect(client.lines().length).toBe(count * 3)
    })
    const contents = all.map((client) => client.lines().map((line) => (JSON.parse(line) as { content: string }).content))
    for (const [me, lines] of contents.entries()) {
      for (const from of all.keys()) {
        const numbers = lines.filter((line) => line.startsWith(`${from}:`)).map((line) => Number(line.slice(2)))
        expect(numbers).toEqual(from === me ? [] : Array.from({ length: count }, (_, n) => n))
      }
    }
    const without = (lines: string[] | undefined, a: number, b: number): string[] =>
      (lines ?? []).filter((line) => !line.startsWith(`${a}:`) && !line.startsWith(`${b}:`))
    expect(without(contents[0], 0, 1)).toEqual(without(contents[1], 0, 1))
  })
})

describe('relay: what the original does not survive', () => {
  it('a burst larger than every buffer arrives whole at clients that read', async () => {
    const server = await start({ queueBytes: 1024 * 1024 })
    const [sender, ...receivers] = [await join(server), await join(server), await join(server)]
    const count = 40_000
    const line = `${'x'.repeat(199)}\n`
    for (let i = 0; i < count; i += 100) sender?.socket.write(line.repeat(100))
    const wanted = encodeRelayLine(sender?.address ?? '', line).length * count
    await until(() => {
      for (const receiver of receivers) expect(receiver.socket.bytesRead).toBe(wanted)
    })
    expect(server.stats().ejected.slow).toBe(0)
    expect(server.stats().heldBytes).toBeLessThan(4 * 1024 * 1024)
  })

  it('W5: one that does not read delays nobody, and is disconnected with a notice', async () => {
    const server = await start({ queueBytes: 1024 * 1024 })
    const [sender, reader] = [await join(server), await join(server)]
    const stalled = await join(server, { reading: false })
    const line = `${'x'.repeat(999)}\n`
    let sent = 0
    // As long as it takes to fill the stalled one's kernel buffers and its queue.
    while (server.stats().ejected.slow === 0) {
      sender.socket.write(line.repeat(100))
      sent += 100
      await until(() => expect(reader.socket.bytesRead).toBe(encodeRelayLine(sender.address, line).length * sent))
      expect(sent).toBeLessThan(100_000)
    }
    expect(server.stats().ejected.slow).toBe(1)
    const rest: Buffer[] = []
    stalled.socket.on('data', (chunk: Buffer) => rest.push(chunk))
    stalled.socket.resume()
    await until(() => expect(stalled.ended() || stalled.closed()).toBe(true))
    const text = Buffer.concat(rest).toString('latin1')
    const lines = text.split('\n')
    // Whole lines, then the notice, then the farewell.
    expect(lines.slice(-2)).toEqual(['Warning: You do not read fast enough.', FAREWELL])
    for (const got of lines.slice(0, -2)) expect(got.length).toBe(encodeRelayLine(sender.address, line).length - 1)
  })

  it('a lone receiver that does not read holds its sender up for a moment only', async () => {
    const server = await start({ queueBytes: 1024 * 1024, patienceMs: 50 })
    const sender = await join(server)
    await join(server, { reading: false })
    const line = `${'x'.repeat(999)}\n`
    for (let i = 0; i < 200; i++) sender.socket.write(line.repeat(100))
    await until(() => expect(server.stats().ejected.slow).toBe(1))
    await until(() => expect(server.stats().lines).toBe(20_000))
  })

  it('what held-up senders have sent is bounded; one over the bound is disconnected with a notice', async () => {
    const server = await start({ queueBytes: 1024 * 1024, patienceMs: 600_000, heldBytes: 0 })
    const sender = await join(server)
    sender.socket.on('error', () => {})
    const stalled = await join(server, { reading: false })
    const line = `${'x'.repeat(999)}\n`
    for (let i = 0; i < 200; i++) sender.socket.write(line.repeat(100))
    await until(() => expect(server.stats().ejected.flood).toBe(1))
    await until(() => expect(sender.received()).toBe(`Warning: You send more than the others can read.\n${FAREWELL}`))
    expect(stalled.ended()).toBe(false)
  })

  it('W6: resets of thirty receivers harm no sender', async () => {
    const server = await start()
    const [sender, receiver] = [await join(server), await join(server)]
    const doomed: TestClient[] = []
    for (let i = 0; i < 30; i++) doomed.push(await join(server))
    for (const [i, client] of doomed.entries()) {
      sender.socket.write(`${i}\n`)
      client.socket.resetAndDestroy()
    }
    sender.socket.write('last\n')
    await until(() => expect(receiver.lines().length).toBe(31))
    await until(() => expect(server.stats().clients).toBe(2))
    expect(sender.received()).toBe('')
    expect(sender.ended()).toBe(false)
  })

  it('W3: a line whose escapes make it too long is not relayed, its sender is told and stays', async () => {
    const server = await start()
    const [sender, receiver] = [await join(server), await join(server)]
    sender.socket.write(`${'"'.repeat(40_000)}\n${'a'.repeat(70_000)}\nnext\n`)
    await until(() => expect(receiver.received()).toBe(encodeRelayLine(sender.address, 'next')))
    await until(() => expect(sender.lines().length).toBe(2))
    for (const notice of sender.lines()) expect(notice).toMatch(/^Warning: Line not relayed/)
    expect(server.stats().tooLong).toBe(2)
  })

  it('never relays a line over 65,536 bytes, and one of exactly that', async () => {
    const server = await start()
    const [sender, receiver] = [await join(server), await join(server)]
    const room = 65_536 - encodeRelayLine(sender.address, '').length
    sender.socket.write(`${'a'.repeat(room + 1)}\n`)
    sender.socket.write(`${'b'.repeat(room)}\n`)
    await until(() => expect(receiver.received().length).toBe(65_536))
    expect(receiver.received()).toBe(encodeRelayLine(sender.address, 'b'.repeat(room)))
  })

  it('a line that is no UTF-8 ends its sender’s connection, as in the original, and nobody else’s', async () => {
    const server = await start()
    const [sender, receiver] = [await join(server), await join(server)]
    sender.socket.write(Buffer.concat([Buffer.from('good\n'), Buffer.from([0xff, 0xfe, 0x0a]), Buffer.from('lost\n')]))
    await until(() => expect(sender.ended()).toBe(true))
    expect(sender.received()).toBe(`Warning: Only UTF-8 text is relayed.\n${FAREWELL}`)
    expect(receiver.received()).toBe(encodeRelayLine(sender.address, 'good'))
  })

  it('a line without end ends its sender’s connection', async () => {
    const server = await start({ endlessLineBytes: 200_000 })
    const [sender, receiver] = [await join(server), await join(server)]
    sender.socket.on('error', () => {})
    for (let i = 0; i < 40; i++) sender.socket.write('x'.repeat(10_000))
    await until(() => expect(server.stats().ejected.endless).toBe(1))
    await until(() => expect(server.stats().clients).toBe(1))
    expect(receiver.received()).toBe('')
  })

  it('unfinished lines are bounded in all; the oldest gives way', async () => {
    const server = await start({ unfinishedBytes: 100_000 })
    const oldest = await join(server)
    oldest.socket.write('x'.repeat(40_000))
    await until(() => expect(server.stats().heldBytes).toBeGreaterThanOrEqual(40_000))
    const second = await join(server)
    second.socket.write('y'.repeat(40_000))
    await until(() => expect(server.stats().heldBytes).toBeGreaterThanOrEqual(80_000))
    const third = await join(server)
    third.socket.write('z'.repeat(40_000))
    await until(() => expect(oldest.ended()).toBe(true))
    expect(oldest.received()).toBe(`Warning: Your line took too long.\n${FAREWELL}`)
    third.socket.write('\n')
    await until(() => expect(second.lines().length).toBe(1))
    expect(server.stats().ejected.unfinished).toBe(1)
  })

  it('refuses connections over the cap with a notice, and takes them again when there is room', async () => {
    const server = await start({ maxClients: 2 })
    const [first] = [await join(server), await join(server)]
    const extra = await openClient(server.port)
    clients.push(extra)
    await until(() => expect(extra.ended()).toBe(true))
    expect(extra.received()).toBe('Warning: This relay is full.\n')
    expect(server.stats().refused).toBe(1)
    first?.socket.destroy()
    await until(() => expect(server.stats().clients).toBe(1))
    await join(server)
  })

  it('serves many idle clients, each exactly once', async () => {
    const server = await start()
    const many: TestClient[] = []
    for (let i = 0; i < 600; i++) many.push(await join(server))
    const sender = await join(server)
    sender.socket.write('to all\nand again\n')
    const wanted = encodeRelayLine(sender.address, 'to all') + encodeRelayLine(sender.address, 'and again')
    await until(() => {
      for (const client of many) expect(client.received()).toBe(wanted)
    })
  })

  it('says IN_USE where something listens already', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const address = taken.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await expect(startRelayServer(testPorts, { port })).rejects.toMatchObject({ code: 'IN_USE' })
    taken.close()
    await expect(startRelayServer(testPorts, { host: '203.0.113.1', port: 0 })).rejects.toMatchObject({ code: 'RELAY' })
  })
})
