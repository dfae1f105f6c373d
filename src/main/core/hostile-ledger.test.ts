import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startApiServer } from './api/server.ts'
import { noOrders } from './approvals/policy.ts'
import type { PeerId } from './brand.ts'
import { toHex } from './crypto/bytes.ts'
import type { Json } from './crypto/canonical-json.ts'
import { audit } from './ledger/audit.ts'
import { signHead } from './ledger/head.ts'
import { payloadHash, type Row, stateHash, statementHash } from './ledger/row.ts'
import { Party, story } from './ledger/story.fixture.ts'
import { zeqondAt } from './ledger/zeqond.ts'
import { boxPayload, wireOf } from './m2m/box.ts'
import { makeCard } from './m2m/card.ts'
import { type Body, encodeBody } from './m2m/message.ts'
import { systemClock } from './node-ports.ts'
import { ledgerOf, length, machine, noticed, openAuto, own, quiet, sees, shake, snapshot } from './recovery.fixture.ts'
import { encodeClientLine, type SendableObject } from './relay/envelope.ts'
import { openClient } from './relay/test-clients.ts'
import { openTestRelay, passphrase, type TestRelay, type TestWallet, testPorts, until } from './wallet.fixture.ts'

// Rows of docs/hostile-scenarios.md that no other test acts out. The attacker changes bytes on the disk or on the wire, and nothing else.

const found = (a: unknown, b: unknown, expectGenesis?: readonly string[]) =>
  audit({ a, b } as Parameters<typeof audit>[0], expectGenesis === undefined ? {} : { expect: expectGenesis }).report.findings.map(
    ({ code, rows }) => `${code} ${rows[0]?.chain ?? ''}${rows[0]?.at ?? ''}`,
  )

describe('bytes of a chain changed by whoever holds them', () => {
  /** Another ephemeral in B2, and as much of the row made to fit as the attacker can. */
  const swapped = (fit: 'nothing' | 'hashes' | 'head'): string[] => {
    const told = story()
    const raw = told.b.raw()
    const at = raw.rows.findIndex((row) => row.stateHash === told.rows.B2?.stateHash)
    const row = raw.rows[at] as Row
    const { input, ...rest } = row.payload as { input: Record<string, Json> }
    const payload = { ...rest, input: { ...input, ecdh_pub: Party.keysOf(77).kx_pub } }
    const { stateHash: _hash, headSig, ...content } = { ...row, payload, ...(fit === 'nothing' ? {} : { payloadHash: payloadHash(payload) }) }
    const hash = fit === 'nothing' ? row.stateHash : stateHash(content)
    const sig = fit === 'head' ? signHead(told.b.seed, { genesis: told.b.genesis, seq: row.seq, stateHash: hash, zeqondNumber: row.zeqondNumber }) : headSig
    raw.rows[at] = { ...content, stateHash: hash, headSig: sig }
    return found(told.a.raw(), raw)
  }
  it.each([
    ['nothing', 'PAYLOAD_HASH b2'],
    ['hashes', 'HEAD_SIG b2'],
    // Even with the key of the ledger's host: the step was signed over the ephemeral.
    ['head', 'STEP_SIG b2'],
  ] as const)('another ephemeral in the key step, with %s made to fit: %s', (fit, finding) => {
    expect(swapped(fit)).toContain(finding)
  })

  it('a proposal copied onto a ledger of another name convicts the copyist, not who wrote it', () => {
    const told = story({ until: 'A1' })
    const mallory = new Party('mallory', 33)
    for (const row of told.a.rows) mallory.append(row.transitionType, row.payload)
    const findings = found(mallory.raw(), told.b.raw())
    expect(findings).toEqual(expect.arrayContaining(['STEP_SIG a1', 'STATEMENT_BINDING a1']))
    expect(findings.every((one) => / a\d/.test(one))).toBe(true)
    expect(found(told.a.raw(), told.b.raw())).toEqual([])
  })

  it('a ledger of the same slug and other keys is not the party that was meant', () => {
    const told = story()
    const squatter = new Party('bob', 33)
    story({ nonce: '21'.repeat(32), responderNonce: '22'.repeat(32) }, new Party('carol', 11), squatter)
    expect(found(told.a.raw(), squatter.raw(), [told.a.genesis, told.b.genesis])).toContain('PEER_MISMATCH bheader')
    // Nobody said who is expected: it is the steps that name somebody else, so there is no session between the two.
    expect(audit({ a: told.a.raw(), b: squatter.raw() }).report.sessions).toEqual([])
  })
})

let relay: TestRelay
let folder: string
beforeEach(async () => {
  relay = await openTestRelay()
  folder = mkdtempSync(join(tmpdir(), 'countersign-hostile-'))
})
afterEach(async () => {
  await relay.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Stranger {
  readonly id: PeerId
  readonly party: Party
  readonly rows: readonly Row[]
  /** The relay line of a proposal with these rows. */
  readonly line: (rows?: readonly Row[]) => string
  /** The relay line that shows its card. */
  readonly register: () => string
}

/** Somebody who was never met, with a ledger of its own that proposes to the wallet. */
const stranger = (target: TestWallet, byte: number, as?: string): Stranger => {
  const party = new Party(`s${byte}`, byte, zeqondAt(Date.now()))
  const { ledger } = target.wallet.openLedger()
  const { genesis, slug } = ledger.own()
  const peer = { genesis, header: { slug }, keys: { sign_pub: ledger.keyInForce(genesis).signPub }, tick: party.tick } as unknown as Party
  story({ until: 'A1', nonce: toHex(new Uint8Array(32).fill(byte)) }, party, peer)
  const id = (as ?? `stranger-${byte}`) as PeerId
  const { origin_id, genesis_zeqond, sign_pub, kx_pub, next } = party.header
  const at = zeqondAt(Date.now())
  const about = { v: 'zeq-card/1' as const, id, name: `s${byte}`, origin_id, genesis_zeqond, sign_pub, kx_pub, next }
  const card = makeCard({ ...about, rotations: [], suites: ['x25519'], public: true, head: null, at }, party.seed)
  const line = (rows: readonly Row[] = party.rows): string => {
    const common = { v: 1, t: 'propose', id: toHex(new Uint8Array(16).fill(byte)), re: null, sg: party.genesis, tg: genesis, at }
    const body = encodeBody({ ...common, card, rows, tokens: [] } as unknown as Body)
    return encodeClientLine({ ...boxPayload(target.id() as PeerId, wireOf(body, false, party.seed), id) } as unknown as SendableObject)
  }
  const register = (): string =>
    encodeClientLine({ to: null, intent: 'register', name: `s${byte}`, m2m: { v: 'zeq-m2m/1', card }, from: id } as unknown as SendableObject)
  return { id, party, rows: party.rows, line, register }
}
const setPrivate = (w: TestWallet) => ledgerOf(w).update(own(w), { isPublic: false })
const accepts = (w: TestWallet) => snapshot(w).requests.filter((r) => r.step === 'accept')

describe('strangers on the relay', () => {
  it('however many propose, known peers and the person’s own wishes find a place', { timeout: 60_000 }, async () => {
    const alice = await relay.wallet('alice', { m2m: true })
    const bob = await openAuto(relay, 'bob')
    await sees(alice, bob)
    const client = await openClient(relay.port)
    for (let byte = 100; byte < 155; byte += 1) client.socket.write(stranger(alice, byte).line())
    await until('those beyond fifty to be put off', () => alice.events.filter((e) => e.event === 'drop' && /too many strangers/.test(e.why)).length >= 1)
    await until('fifty questions', () => accepts(alice).length === 50)
    expect(length(alice)).toBe(0)
    alice.wallet.peerPropose({ peer: bob.id() })
    expect(snapshot(alice).requests.some((r) => r.step === 'propose' && r.peer === bob.id())).toBe(true)
    client.socket.destroy()
  })

  it('a proposal played back after it was rejected, also to a new process, is asked about no second time', { timeout: 60_000 }, async () => {
    const alice = await relay.wallet('alice', { m2m: true })
    const mallory = stranger(alice, 101)
    const client = await openClient(relay.port)
    client.socket.write(mallory.line())
    await alice.reject('accept')
    // The very line, and the same rows in another message.
    client.socket.write(mallory.line())
    await alice.wallet.close()
    const again = await relay.wallet('alice', { m2m: true, home: alice.home, create: false })
    await again.wallet.identityUnlock({ name: 'alice', passphrase: passphrase() })
    await until('the relay', () => snapshot(again).app.relay.state === 'connected')
    client.socket.write(mallory.line())
    const known = stranger(again, 102)
    client.socket.write(known.line())
    await until('the one behind it', () => accepts(again).length > 0)
    expect(accepts(again).map((r) => r.peer)).toEqual([known.id])
    client.socket.destroy()
  })

  it('a proposal copied from somebody else’s ledger is refused, and nobody is asked', { timeout: 60_000 }, async () => {
    const alice = await relay.wallet('alice', { m2m: true })
    const honest = stranger(alice, 103)
    const mallory = stranger(alice, 104)
    const copyist = new Party('s104', 104, mallory.party.header.genesis_zeqond)
    for (const row of honest.rows) copyist.append(row.transitionType, row.payload, { tick: row.zeqondNumber })
    const client = await openClient(relay.port)
    client.socket.write(mallory.line(copyist.rows))
    await until('it to be refused', () => alice.events.some((e) => e.event === 'drop' && /does not hold: STEP_SIG/.test(e.why)))
    expect(accepts(alice)).toEqual([])
    expect(length(alice)).toBe(0)
    client.socket.destroy()
  })
})

describe('a card under the id of a pinned peer of the older profile', () => {
  it('freezes it until the person decides, and does not take its place', { timeout: 60_000 }, async () => {
    const orders = { ...noOrders, policy: { default: 'auto' as const, peers: {} }, meet: 'any' }
    const alice = await relay.wallet('alice', { m2m: true, orders: { ...orders, propose: 'any' } })
    const dave = await relay.wallet('dave', { orders })
    const open = (w: TestWallet) => snapshot(w).sessions.find((s) => s.state === 'open')
    await until('an hs session', () => open(alice) && open(dave))
    const client = await openClient(relay.port)
    const dto = () => snapshot(alice).peers.find((p) => p.id === dave.id())
    const thief = stranger(alice, 105, dave.id())
    client.socket.write(thief.register())
    await until('the change', () => dto()?.trust === 'changed')
    alice.wallet.peerKeepKey({ peer: dave.id() })
    expect(dto()).toMatchObject({ trust: 'pinned', profile: 'hs', genesis: null })
    // The thief’s next card is put aside, and dave is heard as before.
    client.socket.write(stranger(alice, 105, dave.id()).register())
    await until('it to be put aside', () => alice.events.some((e) => e.event === 'drop' && /put aside/.test(e.why)))
    expect(dto()).toMatchObject({ trust: 'pinned', profile: 'hs', genesis: null })
    dave.wallet.sessionSend({ session: open(dave)?.id ?? '', text: 'still here' })
    await until('dave to be heard', () => alice.events.some((e) => e.event === 'message' && e.text === 'still here'))
    client.socket.destroy()
  })
})

describe('wallets on a real relay', () => {
  it('several sessions with one peer, interleaved, over a relay that goes away in the middle: each whole, none mixed with another', {
    timeout: 90_000,
  }, async () => {
    const [alice, bob] = [await openAuto(relay, 'alice'), await openAuto(relay, 'bob')]
    await sees(alice, bob)
    await sees(bob, alice)
    alice.wallet.peerPropose({ peer: bob.id() })
    alice.wallet.peerPropose({ peer: bob.id() })
    await relay.stop()
    await relay.restart()
    const sealed = (w: TestWallet) => snapshot(w).sessions.filter((s) => s.evidence === 'SEALED')
    await until('two sealed', () => sealed(alice).length === 2 && sealed(bob).length === 2, 40_000)
    const third = await shake(bob, alice)
    const ids = sealed(alice).map((s) => s.id)
    expect(new Set(ids).size).toBe(3)
    expect(sealed(bob).map((s) => s.id)).toEqual(expect.arrayContaining(ids))
    for (const [i, session] of ids.entries()) alice.wallet.sessionSend({ session, text: `text ${i}` })
    const heard = () => bob.events.flatMap((e) => (e.event === 'message' ? [`${ids.indexOf(e.session)} ${e.text}`] : [])).sort()
    await until('all texts', () => heard().length === 3)
    expect(heard()).toEqual(['0 text 0', '1 text 1', '2 text 2'])
    expect(ids).toContain(third)
    const judged = alice.wallet.auditPeer({ peer: bob.id(), session: null })
    expect(judged).toMatchObject({ ok: true, findings: [] })
    expect(judged.sessions.map((s) => s.status)).toEqual(['SEALED', 'SEALED', 'SEALED'])
    // Contract, three steps and a seal of each session, and nothing twice.
    expect([length(alice), length(bob)]).toEqual([15, 15])
  })

  it('a proposal is read whole by anybody who begins at the first row, and is what the acceptance names; from now on there is nothing', {
    timeout: 60_000,
  }, async () => {
    const [alice, bob] = [await openAuto(relay, 'alice'), await openAuto(relay, 'bob')]
    await shake(alice, bob)
    const { ledger, store, work } = alice.wallet.openLedger()
    const api = await startApiServer(testPorts(), { ledger, store, work, version: '0', port: 0 })
    try {
      const explore = async (query: string): Promise<readonly Row[]> => {
        const answer = await fetch(`http://127.0.0.1:${api.port}/api/chain/${ledger.own().slug}/explore${query}`)
        return ((await answer.json()) as { blocks: readonly Row[] }).blocks
      }
      const a1 = (await explore(''))[1]!
      const { input } = a1.payload as { input: { [key: string]: Json } }
      const accept = bob.wallet.openLedger().ledger.row(own(bob), 1)?.payload as { input: { [key: string]: Json } }
      expect(accept.input).toMatchObject({ kind: 'accept', ack_hash: a1.stateHash, ack_stmt_hash: statementHash(input) })
      expect(await explore(`?from=${BigInt(zeqondAt(Date.now())) + 1n}&limit=20`)).toEqual([])
      // Of a private ledger a stranger learns over HTTP not even that it is there.
      setPrivate(alice)
      expect((await fetch(`http://127.0.0.1:${api.port}/api/chain/${ledger.own().slug}/explore`)).status).toBe(401)
      expect((await fetch(`http://127.0.0.1:${api.port}/api/chain/nobody/explore`)).status).toBe(401)
    } finally {
      await api.close()
    }
  })

  it('who is about to publish is told that it is for ever; on a private ledger there is nothing to say', { timeout: 60_000 }, async () => {
    const [alice, bob] = [await relay.wallet('alice', { m2m: true }), await openAuto(relay, 'bob')]
    await sees(alice, bob)
    const notice = async (): Promise<readonly string[]> => {
      alice.wallet.peerPropose({ peer: bob.id() })
      const request = await until('the question', () => snapshot(alice).requests.find((r) => r.step === 'propose'))
      alice.wallet.requestReview({ id: request.id })
      const view = alice.wallet.approvalCurrent({}).approval?.view
      await alice.reject('propose')
      return view?.notice ?? ['no view']
    }
    expect(await notice()).toEqual([expect.stringContaining('for ever') as string])
    setPrivate(alice)
    expect(await notice()).toEqual([])
  })

  it.each([1, -1])('two clocks %d h apart: nothing is agreed, and whose clock differs is said', { timeout: 60_000 }, async (hours) => {
    const shifted = { ...systemClock, now: () => systemClock.now() + hours * 3_600_000 }
    const alice = await openAuto(relay, 'alice')
    const bob = await relay.wallet('bob', { m2m: true, orders: { ...noOrders, policy: { default: 'auto', peers: {} } }, ports: { clock: shifted } })
    const [late, early] = hours > 0 ? [alice, bob] : [bob, alice]
    // The one that is behind takes no card from the future; the other takes a card that is an hour old, and its proposal is not acted on.
    await until('the card of the one behind', () => snapshot(early).peers.some((p) => p.id === late.id() && p.genesis !== null))
    await until('the card from the future to be refused', () => late.events.some((e) => e.event === 'drop' && /clock|ahead/.test(e.why)))
    expect(snapshot(late).peers.find((p) => p.id === early.id())?.genesis ?? null).toBeNull()
    expect(noticed(late, /clock of this peer is 60 min ahead of yours/)).toMatchObject({ peer: early.id(), level: 'caution' })
    early.wallet.peerPropose({ peer: late.id() })
    await until('the proposal to be refused', () => late.events.some((e) => e.event === 'drop' && /card, .*(clock|ahead)/.test(e.why)))
    expect(snapshot(late).requests).toEqual([])
    expect(length(late)).toBe(0)
    expect(snapshot(late).sessions).toEqual([])
  })
})

/** Changes a database that no process has open. */
const edit = (home: string, name: string, ...sql: string[]): number => {
  const database = new Database(join(home, name, 'countersign.db'))
  try {
    return sql.reduce((sum, one) => sum + database.prepare(one).run().changes, 0)
  } finally {
    database.close()
  }
}

describe('the database edited while the wallet is closed', () => {
  /** Two sealed sessions with bob, then both processes are gone. */
  const closed = async (): Promise<{ readonly home: string; readonly bob: string }> => {
    const [alice, bob] = [await openAuto(relay, 'alice'), await openAuto(relay, 'bob')]
    await shake(alice, bob)
    await shake(alice, bob)
    await quiet(alice)
    await quiet(bob)
    const id = bob.id()
    await alice.wallet.close()
    await bob.wallet.close()
    return { home: alice.home, bob: id }
  }
  const own0 = "SELECT id FROM chain WHERE kind = 'own'"

  it('rows, states, secrets and cards taken out, put elsewhere or swapped: a clear fault or a wallet that knows what it lost', {
    timeout: 120_000,
  }, async () => {
    const { home, bob } = await closed()
    const lonely = await openTestRelay()
    try {
      const opened = async (name: string, ...sql: string[]): Promise<{ w: TestWallet; fault: string | null }> => {
        const copy = join(folder, name)
        cpSync(home, copy, { recursive: true })
        expect(edit(copy, 'alice', ...sql), name).toBeGreaterThan(0)
        const w = await lonely.wallet('alice', { m2m: true, home: copy, create: false })
        const fault = await w.wallet.identityUnlock({ name: 'alice', passphrase: passphrase() }).then(
          () => null,
          (error: unknown) => String((error as { code?: unknown }).code),
        )
        return { w, fault }
      }
      const swap = (table: string, key: string, column = 'sealed') =>
        `UPDATE ${table} SET ${column} = (SELECT o.${column} FROM ${table} o WHERE o.${key} <> ${table}.${key} LIMIT 1)`

      const threads = await opened('threads', swap('m2m_thread', 'thread_id'))
      expect(threads.fault).toBe('CORRUPT')

      const cards = await opened('cards', 'DELETE FROM m2m_card')
      expect(cards.fault).toBeNull()
      expect(snapshot(cards.w).peers.find((p) => p.id === bob)).toMatchObject({ trust: 'pinned', profile: 'm2m' })
      // Somebody says in the older profile to be bob: no step back to it.
      await until('the relay', () => snapshot(cards.w).app.relay.state === 'connected')
      const client = await openClient(lonely.port)
      client.socket.write(encodeClientLine({ to: null, intent: 'register', name: 'bob', from: bob as PeerId }))
      client.socket.write(
        encodeClientLine({ to: cards.w.id(), intent: 'reconnect', my_ref: null, peer_ref: null, from: bob as PeerId } as unknown as SendableObject),
      )
      await until('it to be dropped', () => cards.w.events.some((e) => e.event === 'drop' && /older profile/.test(e.why)))
      expect(snapshot(cards.w).knocks).toEqual([])
      // Nor do we take one ourselves: without its card nothing is proposed to it, in either profile.
      expect(() => cards.w.wallet.peerPropose({ peer: bob })).toThrow(/card/)
      expect(snapshot(cards.w).peers.find((p) => p.id === bob)).toMatchObject({ wanted: false, may: { answer: false, reconnect: false } })
      client.socket.destroy()

      const last = await opened('last', `DELETE FROM chain_row WHERE chain = (${own0}) AND seq = (SELECT max(seq) FROM chain_row WHERE chain = (${own0}))`)
      expect([last.fault, last.fault === null ? machine(last.w).recovering : null]).toEqual([null, expect.anything()])

      const middle = await opened('middle', `DELETE FROM chain_row WHERE chain = (${own0}) AND seq = 2`)
      expect(middle.fault).toBeNull()
      expect(await middle.w.wallet.ledgerVerify({})).toMatchObject({ valid: false, brokenSeq: expect.any(Number) as number })

      const secrets = await opened('secrets', swap('channel_secret', 'rowid'))
      // Keys of the other session open nothing: that session ends, and says why. The other one has its own.
      expect(secrets.fault).toBeNull()
      expect(
        snapshot(secrets.w)
          .sessions.map((s) => [s.state, s.may.send, /cannot be read/.test(s.reason ?? '')])
          .sort(),
      ).toEqual([
        ['closed', false, true],
        ['open', true, false],
      ])

      for (const { w } of [threads, cards, last, middle, secrets]) await w.wallet.close()
    } finally {
      await lonely.close()
    }
  })

  it('a request that waits, changed in what it asks: not approved as what it was', { timeout: 60_000 }, async () => {
    const [alice, bob] = [await relay.wallet('alice', { m2m: true }), await openAuto(relay, 'bob')]
    await sees(alice, bob)
    alice.wallet.peerPropose({ peer: bob.id() })
    await until('the question', () => snapshot(alice).requests.length === 1)
    await alice.wallet.close()
    expect(edit(alice.home, 'alice', 'UPDATE request SET peer_id = request_id')).toBe(1)
    const again = await relay.wallet('alice', { m2m: true, home: alice.home, create: false })
    await expect(again.wallet.identityUnlock({ name: 'alice', passphrase: passphrase() })).rejects.toMatchObject({ code: 'CORRUPT' })
  })
})
