import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { noOrders, type StandingOrders } from './approvals/policy.ts'
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

const auto: StandingOrders = { ...noOrders, policy: { default: 'auto', peers: {} } }
const decisions = (w: TestWallet): string[] =>
  w.wallet
    .appSnapshot({})
    .history.map((d) => `${d.step} ${d.decision} ${d.by}`)
    .sort()

describe('what a person decides', () => {
  it('the rest of a handshake with its first step: two prompts, and the log says who decided what', { timeout: 60_000 }, async () => {
    const [alice, bob] = [await relay.wallet('alice', { m2m: true }), await relay.wallet('bob', { m2m: true })]
    await meet(alice, bob)
    alice.wallet.peerPropose({ peer: bob.id() })
    await alice.approve('propose', 'handshake')
    await bob.approve('accept', 'handshake')
    await until('both sealed', () => evidenceOf(alice) === 'SEALED' && evidenceOf(bob) === 'SEALED')
    expect(decisions(alice)).toEqual(['activate auto person-earlier', 'key auto person-earlier', 'propose approve person'])
    expect(decisions(bob)).toEqual(['accept approve person', 'activate auto person-earlier', 'key auto person-earlier'])
    expect(alice.wallet.auditPeer({ peer: bob.id(), session: null })).toMatchObject({ ok: true, status: 'SEALED' })
  })

  it('a rejected proposal leaves nothing on the ledger of who rejected it', { timeout: 60_000 }, async () => {
    const [alice, bob] = [await relay.wallet('alice', { m2m: true, orders: auto }), await relay.wallet('bob', { m2m: true })]
    await meet(alice, bob)
    alice.wallet.peerPropose({ peer: bob.id() })
    await bob.reject('accept')
    await until('alice to hear of it', () => alice.wallet.appSnapshot({}).handshakes.some((h) => h.ended?.reason === 'rejected'))
    expect(bob.wallet.appSnapshot({}).app.machine?.rows).toBe(0)
    expect(bob.wallet.appSnapshot({}).handshakes.filter((h) => h.ended === null)).toEqual([])
    // Her contract, her proposal, her abort.
    expect(alice.wallet.ledgerRows({ before: null, limit: 10, session: null }).rows.map((r) => r.title)).toEqual([
      'Aborted the handshake with bob',
      'Proposed a session to bob',
      'Contract of a handshake',
    ])
  })

  it('a first contact without words to compare needs the tick', { timeout: 60_000 }, async () => {
    const [alice, bob] = [await relay.wallet('alice', { m2m: true, orders: auto }), await relay.wallet('bob', { m2m: true })]
    await meet(alice, bob)
    alice.wallet.peerPropose({ peer: bob.id() })
    const request = await until('the words', () => {
      const waiting = bob.wallet.appSnapshot({}).requests.find((r) => r.step === 'accept')
      if (!waiting) return null
      bob.wallet.requestReview({ id: waiting.id })
      const { approval } = bob.wallet.approvalCurrent({})
      return approval?.view.match.state === 'shown' ? approval : null
    })
    expect(request.view).toMatchObject({ profile: 'm2m', step: 'accept', compare: false, rest: true, grade: 2 })
    expect(request.view.match).toEqual({ state: 'shown', value: alice.wallet.appSnapshot({}).handshakes[0]?.match })
    expect(request.view.rows.map((r) => r.type)).toEqual(['contract_created', 'contract proposed → accepted_pending'])
  })

  it('both propose at once: one session comes of it', { timeout: 60_000 }, async () => {
    const [alice, bob] = [await relay.wallet('alice', { m2m: true, orders: auto }), await relay.wallet('bob', { m2m: true, orders: auto })]
    await meet(alice, bob)
    alice.wallet.peerPropose({ peer: bob.id() })
    bob.wallet.peerPropose({ peer: alice.id() })
    await until('both sealed', () => evidenceOf(alice) === 'SEALED' && evidenceOf(bob) === 'SEALED')
    const open = (w: TestWallet) =>
      w.wallet
        .appSnapshot({})
        .sessions.filter((s) => s.state === 'open')
        .map((s) => s.id)
    expect(open(alice)).toEqual(open(bob))
    expect(open(alice)).toHaveLength(1)
    // No person was asked, and the log does not say that one was.
    expect(decisions(alice).filter((d) => !d.endsWith('policy'))).toEqual([])
    expect(alice.wallet.auditPeer({ peer: bob.id(), session: null })).toMatchObject({ ok: true })
  })
})

describe('an hs peer', () => {
  it('has no ledger: our own keeps each step, and the audit says what that cannot show', { timeout: 60_000 }, async () => {
    const meetAny = { ...auto, meet: 'any' }
    const alice = await relay.wallet('alice', { m2m: true, orders: { ...auto, propose: 'any' } })
    const dave = await relay.wallet('dave', { orders: meetAny })
    await until('an hs session', () => stateOf(alice) === 'open' && stateOf(dave) === 'open')
    const audit = alice.wallet.auditPeer({ peer: dave.id(), session: null })
    expect(audit.verdict).toContain('records 2 steps with dave, 1 of them with what the peer signed')
    expect(audit.lanes).toHaveLength(1)
    expect(audit.lanes[0]?.rows.map((r) => r.title)).toEqual(['Confirm, with dave (HSAgent)', 'First request, with dave (HSAgent)'])
    expect(audit.limits.join(' ')).toMatch(/Only one party’s ledger/)
    const path = join(folder, 'legacy.countersign')
    alice.wallet.auditSave({ peer: dave.id(), session: null, what: 'bundle', path })
    expect(JSON.parse(readFileSync(path, 'utf8')).legacy_hs).toHaveLength(1)
    expect(await alice.wallet.auditFile({ path })).toMatchObject({ ok: true })
  })
})

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
    // Never beside the database: the peer names its files.
    expect(readFileSync(join(bob.home, 'bob', 'received', arrived.savedAs ?? '')).equals(content)).toBe(true)

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
