import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, lstatSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noOrders } from '../src/main/core/approvals/policy.ts'
import { systemClock } from '../src/main/core/node-ports.ts'
import { openTestRelay, passphrase, type TestRelay, type TestWallet, until } from '../src/main/core/wallet.fixture.ts'
import { connect, HandoverError, type Message, type Session } from './program.ts'

// Two real wallets: alice's decides every step of a handshake by policy, a program never.

const UNDO_MS = 3_000
const quick = { ...systemClock, schedule: (ms: number, run: () => void) => systemClock.schedule(ms === UNDO_MS ? 1 : ms, run) }
const orders = { ...noOrders, policy: { default: 'auto' as const, peers: {} } }

let relay: TestRelay
let alice: TestWallet
let bob: TestWallet
let session: string

const folderOf = (w: TestWallet, name: string): string => join(w.home, name)
const openSession = async (): Promise<string> => {
  const before = alice.wallet.appSnapshot({}).sessions.map(({ id }) => id)
  alice.wallet.peerPropose({ peer: bob.id() })
  for (const step of ['accept', 'key', 'activate']) await bob.approve(step)
  const fresh = await until('a session', () => alice.wallet.appSnapshot({}).sessions.find((s) => s.state === 'open' && !before.includes(s.id)))
  await until('bob’s', () => bob.wallet.appSnapshot({}).sessions.some((s) => s.id === fresh.id && s.state === 'open'))
  return fresh.id
}
const requests = (w: TestWallet) => w.wallet.appSnapshot({}).requests.filter((r) => r.step === 'handover')
const ask = (w: TestWallet, name: string, program: string, id: string | null = session): Promise<Session> =>
  connect({ folder: folderOf(w, name), program, session: id })
const reasonOf = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'let in',
    (error: unknown) => (error instanceof HandoverError ? error.reason : String(error)),
  )
const next = async (program: Session): Promise<Message> => {
  for await (const message of program) return message
  throw new Error(`ended: ${await program.closed}`)
}

beforeAll(async () => {
  relay = await openTestRelay()
  alice = await relay.wallet('alice', { m2m: true, orders, ports: { clock: quick } })
  bob = await relay.wallet('bob', { m2m: true, ports: { clock: quick } })
  await until('alice to see bob’s card', () => alice.wallet.appSnapshot({}).peers.some((p) => p.id === bob.id() && p.profile === 'm2m'))
  await until('bob to see alice’s card', () => bob.wallet.appSnapshot({}).peers.some((p) => p.id === alice.id() && p.profile === 'm2m'))
  session = await openSession()
}, 60_000)
afterAll(() => relay.close())

describe('two programs, two wallets', () => {
  it('talk through a session that both persons handed over, and leave', { timeout: 60_000 }, async () => {
    let asked = 0
    const waiting = connect({ folder: folderOf(alice, 'alice'), program: 'ledger sync', onAsked: () => (asked += 1) })
    await until('alice is asked', () => requests(alice).length === 1)
    const { id } = requests(alice)[0]!
    // The event that `countersign agent --json` prints.
    const event = alice.events.find((e) => e.event === 'request' && e.id === id)
    expect(event).toMatchObject({ step: 'handover', peer: bob.id(), view: { grade: 3, profile: 'm2m', rows: [] } })
    expect(JSON.stringify(event)).toContain('ledger sync')
    await alice.approve('handover')
    const left = await waiting
    expect(asked).toBe(1)
    expect(left).toMatchObject({ id: session, peer: bob.id() })

    const rightWaiting = ask(bob, 'bob', 'receiver')
    await bob.approve('handover')
    const right = await rightWaiting

    const bytes = Uint8Array.from({ length: 22_000 }, (_, i) => i % 251)
    await left.send('rows', bytes)
    expect(await next(right)).toEqual({ kind: 'app', name: 'rows', data: bytes })
    await right.send('ok', new Uint8Array())
    expect(await next(left)).toEqual({ kind: 'app', name: 'ok', data: new Uint8Array() })
    await left.sendText('three rows came')
    expect(await next(right)).toEqual({ kind: 'text', text: 'three rows came' })
    // What a program says as text stands in the conversation.
    expect(alice.wallet.sessionMessages({ peer: bob.id(), before: null }).messages.some((m) => m.text === 'three rows came')).toBe(true)

    const many = Array.from({ length: 200 }, (_, i) => left.send('n', Uint8Array.of(i)))
    const got: number[] = []
    for await (const message of right) {
      got.push(message.kind === 'app' ? (message.data[0] ?? -1) : -1)
      if (got.length === 200) break
    }
    await Promise.all(many)
    expect(got).toEqual(Array.from({ length: 200 }, (_, i) => i))

    right.close()
    await until('bob’s wallet knows', () =>
      bob.wallet.sessionMessages({ peer: alice.id(), before: null }).messages.some((m) => m.text === 'The program “receiver” left.'),
    )
    await left.send('nobody', Uint8Array.of(1))
    await until('counted as before', () => bob.events.some((e) => e.event === 'drop' && e.why.includes('nobody')))
    left.close()
    expect(await left.closed).toBe('left')
    expect(await reasonOf(left.send('late', new Uint8Array()))).toBe('left')
  })

  it('a rejection; and no policy lets a program in', async () => {
    const waiting = reasonOf(ask(alice, 'alice', 'stranger'))
    await until('alice is asked', () => requests(alice).length === 1)
    await alice.reject('handover')
    expect(await waiting).toBe('rejected')
    expect(alice.events.filter((e) => e.event === 'decision' && e.step === 'handover').every((e) => e.event === 'decision' && e.by === 'person')).toBe(true)
  })

  it('a program that dies takes its request with it', async () => {
    const abort = new AbortController()
    const waiting = reasonOf(connect({ folder: folderOf(alice, 'alice'), program: 'short-lived', session, signal: abort.signal }))
    await until('alice is asked', () => requests(alice).length === 1)
    abort.abort()
    expect(await waiting).toBe('left')
    await until('nothing is asked any more', () => requests(alice).length === 0)
  })

  it('a session that is closed ends the program’s stream', { timeout: 60_000 }, async () => {
    const waiting = ask(alice, 'alice', 'sync')
    await alice.approve('handover')
    const program = await waiting
    bob.wallet.sessionClose({ session })
    await bob.approve('close')
    expect(await program.closed).toBe('session-over')
    expect(await reasonOf(ask(alice, 'alice', 'sync'))).toBe('no-session')
    expect(await reasonOf(ask(alice, 'alice', 'sync', null))).toBe('no-session')
    await until('both are over', () => [alice, bob].every((w) => w.wallet.appSnapshot({}).sessions.every((s) => s.state !== 'open')))
    session = await openSession()
  })

  it('a relay that is away: messages are taken until there is no room, and go on later', { timeout: 120_000 }, async () => {
    const waiting = ask(alice, 'alice', 'sync')
    await alice.approve('handover')
    const program = await waiting
    const rightWaiting = ask(bob, 'bob', 'receiver')
    await bob.approve('handover')
    const right = await rightWaiting
    await relay.stop()
    let taken = 0
    const all = Array.from({ length: 100 }, (_, i) =>
      program.send('n', Uint8Array.of(i)).then(() => {
        taken += 1
      }),
    )
    await until('the channel is full', () => taken === 64)
    await relay.restart()
    await Promise.all(all)
    const got: number[] = []
    for await (const message of right) {
      got.push(message.kind === 'app' ? (message.data[0] ?? -1) : -1)
      if (got.length === 100) break
    }
    expect(got).toEqual(Array.from({ length: 100 }, (_, i) => i))
    program.close()
    right.close()
  })

  it('locking ends it, and closes the door; a request of a former time is withdrawn', { timeout: 60_000 }, async () => {
    const folder = folderOf(alice, 'alice')
    const waiting = ask(alice, 'alice', 'sync')
    await alice.approve('handover')
    const program = await waiting
    expect(lstatSync(join(folder, 'programs.sock')).mode & 0o777).toBe(0o600)
    expect(lstatSync(folder).mode & 0o777).toBe(0o700)
    alice.wallet.identityLock()
    expect(await program.closed).toBe('locked')
    expect(existsSync(join(folder, 'programs.sock'))).toBe(false)
    expect(await reasonOf(ask(alice, 'alice', 'sync'))).toBe('not-there')

    await alice.wallet.identityUnlock({ name: 'alice', passphrase: passphrase() })
    expect(requests(alice)).toEqual([])
    const again = ask(alice, 'alice', 'sync')
    await until('asked again', () => requests(alice).length === 1)
    alice.wallet.identityLock()
    expect(await reasonOf(again)).toBe('locked')
    // As a process leaves it that is killed.
    const code = `require('node:net').createServer().listen(${JSON.stringify(join(folder, 'programs.sock'))}, () => process.stdout.write('up'))`
    const killed = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'ignore'] })
    await once(killed.stdout, 'data')
    killed.kill('SIGKILL')
    await once(killed, 'exit')
    expect(existsSync(join(folder, 'programs.sock'))).toBe(true)
    await alice.wallet.identityUnlock({ name: 'alice', passphrase: passphrase() })
    expect(requests(alice)).toEqual([])
    const third = ask(alice, 'alice', 'sync', null)
    await alice.approve('handover')
    expect((await third).id).toBe(session)
    ;(await third).close()
  })

  it('what a program must not send is refused before it is sent', async () => {
    const waiting = ask(alice, 'alice', 'sync')
    await alice.approve('handover')
    const program = await waiting
    await expect(program.send('', new Uint8Array())).rejects.toThrow(RangeError)
    await expect(program.send('a', new Uint8Array(22_001))).rejects.toThrow(RangeError)
    await expect(program.sendText('a'.repeat(5_001))).rejects.toThrow(RangeError)
    await expect(program.sendText('\ud800')).rejects.toThrow(RangeError)
    await program.sendText('\u{1f600}'.repeat(2_500))
    program.close()
  })

  it('a peer that is blocked while the relay is away: the program is disconnected at once', async () => {
    const waiting = ask(alice, 'alice', 'sync')
    await alice.approve('handover')
    const program = await waiting
    await relay.stop()
    await until('the relay is away', () => alice.wallet.appSnapshot({}).app.relay.state !== 'connected')
    alice.wallet.peerPolicy({ peer: bob.id(), policy: { kind: 'block' } })
    expect(await program.closed).toBe('session-over')
    await relay.restart()
  })

  it('no wallet there', async () => {
    expect(await reasonOf(connect({ folder: join(alice.home, 'nobody'), program: 'sync' }))).toBe('not-there')
    writeFileSync(join(alice.home, 'programs.sock'), '')
    expect(await reasonOf(connect({ folder: alice.home, program: 'sync' }))).toBe('not-there')
  })
})
