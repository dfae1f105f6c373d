import { once } from 'node:events'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { AppFault } from '../fault.ts'
import { encodeClientLine } from '../relay/envelope.ts'
import { openTestRelay, passphrase, type TestRelay, type TestWallet, until } from '../wallet.fixture.ts'

// A locked wallet on a real relay: it approves nothing, and what comes meanwhile is sealed until it is unlocked.

let relay: TestRelay
let alice: TestWallet
let bob: TestWallet

beforeAll(async () => {
  relay = await openTestRelay()
  alice = await relay.wallet('alice')
  bob = await relay.wallet('bob')
  await until('bob at alice', () => alice.wallet.appSnapshot({}).peers.find((p) => p.id === bob.id() && p.online))
})
afterAll(() => relay.close())

const unlock = (w: TestWallet, name: string): Promise<unknown> => w.wallet.identityUnlock({ name, passphrase: passphrase() })
const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (error instanceof AppFault) return error.code
    throw error
  }
  return 'nothing thrown'
}
const filesBelow = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => (statSync(join(folder, name)).isDirectory() ? filesBelow(join(folder, name)) : [join(folder, name)]))
/** Whether any file of the wallet has these bytes in it. */
const onDisk = (w: TestWallet, text: string): boolean => filesBelow(w.home).some((file) => readFileSync(file).includes(text))
const sealedLines = (w: TestWallet): number => {
  const file = filesBelow(w.home).find((path) => path.endsWith('countersign.db'))
  const database = new Database(file, { readonly: true })
  try {
    return (database.prepare('SELECT count(*) AS n FROM locked_line').get() as { n: number }).n
  } finally {
    database.close()
  }
}
const session = (w: TestWallet) => w.wallet.appSnapshot({}).sessions.find((s) => s.state === 'open')

it('counts what waits, and decides nothing', async () => {
  alice.wallet.peerPropose({ peer: bob.id() })
  await until('knock', () => bob.wallet.appSnapshot({}).knocks.find((k) => k.peer === alice.id()))
  const request = bob.wallet.peerAnswer({ peer: alice.id() })
  const hash = bob.wallet.shownHash({ id: request.id })
  bob.wallet.identityLock()
  expect(bob.wallet.appSnapshot({}).app).toMatchObject({ stage: 'locked', waiting: 1 })
  expect(bob.wallet.appSnapshot({}).requests).toEqual([])
  expect(bob.wallet.approvalCurrent({}).approval).toBeNull()
  const decide = (decision: 'approve' | 'reject') =>
    codeOf(() => bob.wallet.approvalDecide({ requestId: request.id, viewHash: hash, decision, scope: 'step', uncompared: false, reason: null }))
  expect([decide('approve'), decide('reject')]).toEqual(['LOCKED', 'LOCKED'])
  expect(codeOf(() => bob.wallet.approvalUndo({ requestId: request.id }))).toBe('LOCKED')
  expect(codeOf(() => bob.wallet.peerAnswer({ peer: alice.id() }))).toBe('LOCKED')
  await unlock(bob, 'bob')
  expect(bob.wallet.appSnapshot({}).requests.map((r) => r.id)).toEqual([request.id])
  expect(bob.wallet.appSnapshot({}).history).toEqual([])
})

it('an approval that is held when it locks is undecided', async () => {
  const request = await until('request', () => bob.wallet.appSnapshot({}).requests[0])
  const approval = bob.wallet.approvalCurrent({}).approval
  expect(approval?.requestId).toBe(request.id)
  expect(
    bob.wallet.approvalDecide({
      requestId: request.id,
      viewHash: bob.wallet.shownHash({ id: request.id }),
      decision: 'approve',
      scope: 'step',
      uncompared: false,
      reason: null,
    }).undoUntil,
  ).not.toBeNull()
  bob.wallet.identityLock()
  await unlock(bob, 'bob')
  expect(bob.wallet.appSnapshot({}).requests).toMatchObject([{ id: request.id, undoUntil: null }])
  expect(bob.wallet.appSnapshot({}).history).toEqual([])
})

it('works on what came while it was locked, which lay on the disk sealed', async () => {
  const peer = bob.id()
  alice.wallet.identityLock()
  await bob.approve('confirm')
  // Somebody else says something that would be found.
  const marker = 'PLAINTEXT-THAT-MUST-NOT-LIE-ABOUT'
  const socket = connect(relay.port, '127.0.0.1')
  await once(socket, 'connect')
  const lines = [
    { to: alice.id(), intent: 'request', your_nonce: 'a', my_nonce: `${marker}-nonce`, message: marker, from: `${marker}-id` },
    { to: null, intent: 'knock', peer: alice.id(), from: `${marker}-knocker` },
  ]
  for (const line of lines) socket.write(encodeClientLine(line))
  // Both, and bob's confirm.
  await until('three sealed lines', () => sealedLines(alice) >= 3)
  expect(onDisk(alice, marker)).toBe(false)
  expect(alice.wallet.appSnapshot({})).toMatchObject({ requests: [], knocks: [], app: { stage: 'locked' } })
  await unlock(alice, 'alice')
  expect(sealedLines(alice)).toBe(0)
  expect(alice.wallet.appSnapshot({}).knocks.map((k) => k.peer)).toEqual([`${marker}-knocker`])
  expect(alice.wallet.appSnapshot({}).requests).toMatchObject([{ step: 'request', peer }])
  expect(onDisk(alice, marker)).toBe(false)
  socket.destroy()
  await alice.approve('request')
  const [a, b] = [await until('session of alice', () => session(alice)), await until('session of bob', () => session(bob))]
  expect(a.id).toBe(b.id)
  expect(a.peer).toBe(peer)
})

it('a session survives the lock: the same key, and what was said meanwhile is heard', async () => {
  // The request goes out while bob is locked: it has to be alice's turn.
  const before = await until('turn of alice', () => [session(alice)].find((s) => s?.turn === 'us'))
  bob.wallet.identityLock()
  alice.wallet.sessionSend({ session: before!.id, text: 'said to a locked wallet' })
  await until('sent', () =>
    alice.wallet.sessionMessages({ peer: before!.peer, before: null }).messages.find((m) => m.text === 'said to a locked wallet' && m.state === 'sent'),
  )
  expect(onDisk(bob, 'said to a locked wallet')).toBe(false)
  await unlock(bob, 'bob')
  const messages = (): string[] =>
    bob.wallet
      .sessionMessages({ peer: alice.id(), before: null })
      .messages.filter((m) => m.direction === 'theirs')
      .map((m) => m.text)
  await until('heard', () => messages().includes('said to a locked wallet'))
  expect(messages()).toEqual(['said to a locked wallet'])
  expect(session(bob)).toMatchObject({ id: before!.id, fingerprint: before!.fingerprint })
  expect(onDisk(bob, 'said to a locked wallet')).toBe(false)
})

it('rejects all waiting once it is unlocked, and says when that was decided', async () => {
  const request = alice.wallet.sessionClose({ session: session(alice)!.id })
  alice.wallet.identityLock()
  expect(codeOf(() => alice.wallet.requestRejectAll({ peer: 'x' }))).toBe('LOCKED')
  expect(alice.wallet.requestRejectAll({ peer: null })).toEqual({ rejected: 1 })
  expect(alice.wallet.appSnapshot({}).app.waiting).toBe(1)
  await unlock(alice, 'alice')
  expect(alice.wallet.appSnapshot({}).requests).toEqual([])
  expect(alice.wallet.appSnapshot({}).history.find((h) => h.step === 'conclude')).toMatchObject({
    decision: 'reject',
    by: 'person',
    reason: 'Rejected while locked.',
  })
  expect(session(alice)).toBeDefined()
  // Asked for once, it does not reject the next ones.
  const next = alice.wallet.sessionClose({ session: session(alice)!.id })
  expect(next.id).not.toBe(request.id)
  alice.wallet.identityLock()
  await unlock(alice, 'alice')
  expect(alice.wallet.appSnapshot({}).requests.map((r) => r.id)).toEqual([next.id])
})
