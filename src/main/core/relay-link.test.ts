import { afterEach, describe, expect, it } from 'vitest'
import { startRelayServer } from './relay/server.ts'
import { createRelayLink, type RelayLink } from './relay-link.ts'
import { openTestRelay, type TestWallet, testPorts, until } from './wallet.fixture.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
const free = async (): Promise<number> => {
  const server = await startRelayServer(testPorts(), { port: 0 })
  await server.close()
  return server.port
}
const link = (port: number): RelayLink => {
  const made = createRelayLink(testPorts(), { mode: 'embedded', host: '127.0.0.1', port })
  closing.push(() => made.stop())
  made.start()
  return made
}

describe('the embedded relay of two apps on one machine', () => {
  it('is run by the first, joined by the second, and taken over when the first goes', async () => {
    const port = await free()
    const first = link(port)
    await until('the first is connected', () => first.state.name === 'connected')
    const second = link(port)
    await until('the second is connected', () => second.state.name === 'connected')
    expect([first.dto().joined, second.dto().joined]).toEqual([false, true])
    await first.stop()
    await until('the second runs it now', () => second.state.name === 'connected' && !second.dto().joined)
    const third = link(port)
    await until('a third joins', () => third.state.name === 'connected' && third.dto().joined)
  })

  it('moves to another port while it runs, and can be turned off', async () => {
    const [one, two] = [await free(), await free()]
    const moving = link(one)
    await until('connected', () => moving.state.name === 'connected')
    await moving.use({ mode: 'embedded', host: '127.0.0.1', port: two })
    await until('connected again', () => moving.state.name === 'connected')
    expect(moving.dto()).toMatchObject({ port: two, joined: false, error: null })
    await moving.stop()
    expect(moving.state.name).toBe('off')
    // The port is free again: nothing of it is left.
    const server = await startRelayServer(testPorts(), { port: two })
    await server.close()
  })
})

describe('a relay that goes and comes back', () => {
  const session = (w: TestWallet) => w.wallet.appSnapshot({}).sessions.find((s) => s.state === 'open')

  it('leaves the session open; what was written meanwhile arrives once', async () => {
    const relay = await openTestRelay()
    closing.push(() => relay.close())
    const orders = { policy: { default: 'auto', peers: {} }, meet: null, propose: null, closeAfter: null, reconnect: false } as const
    const alice = await relay.wallet('alice', { orders: { ...orders, propose: 'any' } })
    const bob = await relay.wallet('bob', { orders: { ...orders, meet: 'any' } })
    await until('open on both sides', () => session(alice) && session(bob))
    const [writer, reader] = [alice, bob]
    await relay.stop()
    await until('both notice', () => [alice, bob].every((w) => w.wallet.appSnapshot({}).app.relay.state !== 'connected'))
    writer.wallet.sessionSend({ session: session(writer)!.id, text: 'written without a relay' })
    await relay.restart()
    await until('it arrives', () => heard(reader, writer).includes('written without a relay'), 60_000)
    expect(heard(reader, writer).filter((text) => text === 'written without a relay')).toHaveLength(1)
    expect(session(writer)).toBeDefined()
  })

  const heard = (reader: TestWallet, writer: TestWallet): string[] =>
    reader.wallet
      .sessionMessages({ peer: writer.id(), before: null })
      .messages.filter((m) => m.direction === 'theirs')
      .map((m) => m.text)
})

describe('a profile', () => {
  it('belongs to one process at a time', async () => {
    const relay = await openTestRelay()
    closing.push(() => relay.close())
    const alice = await relay.wallet('alice')
    await expect(relay.wallet('alice', { home: alice.home, create: false })).rejects.toMatchObject({ code: 'IN_USE' })
  })
})
