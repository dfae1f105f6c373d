import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openTestRelay, type TestRelay, type TestWallet, until } from './wallet.fixture.ts'

let relay: TestRelay
let folder: string
beforeEach(async () => {
  relay = await openTestRelay()
  folder = mkdtempSync(join(tmpdir(), 'countersign-m2m-'))
})
afterEach(async () => {
  await relay.close()
  rmSync(folder, { recursive: true, force: true })
})

const stateOf = (w: TestWallet): string | undefined => w.wallet.appSnapshot({}).sessions.at(-1)?.state
const evidenceOf = (w: TestWallet): string | null | undefined => w.wallet.appSnapshot({}).sessions.at(-1)?.evidence

const meet = async (alice: TestWallet, bob: TestWallet): Promise<void> => {
  await until('alice to see bob’s card', () => alice.wallet.appSnapshot({}).peers.some((p) => p.id === bob.id() && p.profile === 'm2m'))
  await until('bob to see alice’s card', () => bob.wallet.appSnapshot({}).peers.some((p) => p.id === alice.id() && p.profile === 'm2m'))
}

const shakeHands = async (alice: TestWallet, bob: TestWallet): Promise<void> => {
  alice.wallet.peerPropose({ peer: bob.id() })
  await alice.approve('propose')
  await bob.approve('accept')
  await bob.approve('key')
  await alice.approve('key')
  await alice.approve('activate')
  await bob.approve('activate')
  await until('both sealed', () => evidenceOf(alice) === 'SEALED' && evidenceOf(bob) === 'SEALED')
}

describe('two wallets, m2m', () => {
  it('propose, approve each step, seal, talk, send a file, close, audit', { timeout: 60_000 }, async () => {
    const alice = await relay.wallet('alice', { m2m: true })
    const bob = await relay.wallet('bob', { m2m: true })
    await meet(alice, bob)
    await shakeHands(alice, bob)

    const session = alice.wallet.appSnapshot({}).sessions[0]!
    expect(session).toMatchObject({ profile: 'm2m', state: 'open', suite: 'x25519' })
    expect(bob.wallet.appSnapshot({}).sessions[0]!.id).toBe(session.id)
    alice.wallet.sessionSend({ session: session.id, text: 'hello bob' })
    await until('the text', () => bob.events.some((e) => e.event === 'message' && e.text === 'hello bob'))
    await until('delivered', () =>
      alice.wallet.sessionMessages({ peer: bob.id(), before: null }).messages.some((m) => m.text === 'hello bob' && m.state === 'done'),
    )

    const path = join(folder, 'report.bin')
    const content = Buffer.alloc(300_000, 7)
    writeFileSync(path, content)
    await alice.wallet.sessionSendFile({ session: session.id, path })
    await bob.approve('file')
    const arrived = await until('the file', () => bob.wallet.appSnapshot({}).files.find((f) => f.state === 'done'))
    expect(readFileSync(join(bob.home, 'bob', arrived.savedAs ?? '')).equals(content)).toBe(true)

    const closing = alice.wallet.sessionClose({ session: session.id })
    expect(closing.step).toBe('close')
    await alice.approve('close')
    await until('both closed', () => stateOf(alice) === 'closed' && stateOf(bob) === 'closed')

    for (const [self, peer] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      const audit = self.wallet.auditPeer({ peer: peer.id(), session: session.id })
      expect(audit.findings).toEqual([])
      expect(audit).toMatchObject({ ok: true, status: 'SEALED', pinned: true })
      expect(audit.sessions[0]).toMatchObject({ confirmed: true, sessionId: session.id })
      expect(audit.links.every((link) => link.ok)).toBe(true)
    }
    const bundle = join(folder, 'evidence.countersign')
    alice.wallet.auditSave({ peer: bob.id(), session: session.id, what: 'bundle', path: bundle })
    const judged = await bob.wallet.auditFile({ path: bundle })
    expect(judged).toMatchObject({ ok: true, status: 'SEALED' })
    expect(await alice.wallet.ledgerVerify({})).toMatchObject({ valid: true, count: 6 })
    expect(alice.wallet.ledgerTokens({}).tokens).toHaveLength(6)
    expect(alice.wallet.ledgerTokens({}).tokens.every((t) => t.holds)).toBe(true)
  })
})
