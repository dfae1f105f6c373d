import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { noOrders } from './approvals/policy.ts'
import { systemClock } from './node-ports.ts'
import { ledgerOf, length, machine, openAuto, reopen, sees, shake, snapshot } from './recovery.fixture.ts'
import { openTestRelay, passphrase, type TestRelay, type TestWallet, until } from './wallet.fixture.ts'

// What fails in one part of an open profile, and what the others do meanwhile.

const switched = vi.hoisted(() => ({ fails: false, stopped: 0 }))
vi.mock('./api-switch.ts', async (load) => {
  const real = await load<typeof import('./api-switch.ts')>()
  return {
    ...real,
    createApiSwitch: (...args: Parameters<typeof real.createApiSwitch>) => {
      if (switched.fails) throw new Error('no switch today')
      return real.createApiSwitch(...args)
    },
  }
})
vi.mock('./profile.ts', async (load) => {
  const real = await load<typeof import('./profile.ts')>()
  return {
    ...real,
    openProfile: (...args: Parameters<typeof real.openProfile>) => {
      const profile = real.openProfile(...args)
      return {
        ...profile,
        stop: () => {
          switched.stopped += 1
          profile.stop()
        },
      }
    },
  }
})

let relay: TestRelay
beforeEach(async () => {
  Object.assign(switched, { fails: false, stopped: 0 })
  relay = await openTestRelay()
})
afterEach(async () => {
  await relay.close()
})

const fileIn = (home: string, name: string): string | undefined => {
  const found = readdirSync(home, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith(name))
  return found === undefined ? undefined : join(home, found)
}
const sessionsOf = (w: TestWallet) => snapshot(w).sessions.map((s) => s.state)
const peerPolicy = (w: TestWallet, peer: TestWallet) => snapshot(w).peers.find((p) => p.id === peer.id())?.policy.kind

describe('while the own ledger takes no rows', () => {
  it('a peer can be blocked; the close is written when the ledger goes on', { timeout: 60_000 }, async () => {
    const [alice, bob] = [await openAuto(relay, 'alice'), await openAuto(relay, 'bob')]
    await shake(alice, bob)
    const before = length(alice)
    ledgerOf(alice).setRecovering('restored')
    alice.wallet.peerPolicy({ peer: bob.id(), policy: { kind: 'block' } })
    expect([peerPolicy(alice, bob), sessionsOf(alice)]).toEqual(['block', ['frozen']])
    const { id } = snapshot(alice).sessions[0]!
    expect(() => alice.wallet.sessionSend({ session: id, text: 'still there?' })).toThrow('frozen')
    expect(length(alice)).toBe(before)
    alice.wallet.ledgerGoOn({})
    expect(length(alice)).toBe(before + 1)
    expect((await alice.wallet.ledgerVerify({})).valid).toBe(true)
  })

  it('a peer can be forgotten; the close is written at the next start, where nobody is left to ask', { timeout: 60_000 }, async () => {
    const [alice, bob] = [await openAuto(relay, 'alice'), await openAuto(relay, 'bob')]
    await shake(alice, bob)
    const before = length(alice)
    ledgerOf(alice).setRecovering('restored')
    alice.wallet.peerForget({ peer: bob.id() })
    expect([sessionsOf(alice), length(alice)]).toEqual([['closing'], before])
    await bob.wallet.close()
    await alice.wallet.close()
    const again = await reopen(relay, 'alice', alice.home)
    expect(machine(again).recovering).toBeNull()
    expect(length(again)).toBe(before + 1)
    expect((await again.wallet.ledgerVerify({})).valid).toBe(true)
  })

  it('a session can be closed, and the peer hears of it later', { timeout: 60_000 }, async () => {
    const [alice, bob] = [await openAuto(relay, 'alice'), await openAuto(relay, 'bob')]
    await shake(alice, bob)
    const before = length(alice)
    ledgerOf(alice).setRecovering('restored')
    const { id } = snapshot(alice).sessions[0]!
    alice.wallet.sessionClose({ session: id })
    expect(sessionsOf(alice)).toEqual(['closing'])
    expect(length(alice)).toBe(before)
    alice.wallet.ledgerGoOn({})
    expect(length(alice)).toBe(before + 1)
    await until('bob to take it', () => sessionsOf(bob)[0] === 'closed')
  })
})

describe('a clock in doubt', () => {
  it('a peer can be blocked; the close is written when the clock is confirmed', { timeout: 60_000 }, async () => {
    let ahead = 0
    const clock = { ...systemClock, now: () => systemClock.now() + ahead }
    const bob = await openAuto(relay, 'bob')
    const alice = await relay.wallet('alice', { m2m: true, orders: { ...noOrders, policy: { default: 'auto', peers: {} } }, ports: { clock } })
    await shake(alice, bob)
    const before = length(alice)
    ahead = 31 * 86_400_000
    alice.wallet.peerPolicy({ peer: bob.id(), policy: { kind: 'block' } })
    expect([peerPolicy(alice, bob), length(alice)]).toEqual(['block', before])
    expect(machine(alice).recovering).toMatchObject({ kind: 'clock' })
    alice.wallet.ledgerGoOn({})
    expect(length(alice)).toBe(before + 1)
  })
})

describe('a part that cannot begin', () => {
  it('does not keep the others from it', { timeout: 60_000 }, async () => {
    const [alice, bob] = [await openAuto(relay, 'alice'), await openAuto(relay, 'bob')]
    await shake(alice, bob)
    await alice.wallet.close()
    const database = new Database(String(fileIn(alice.home, 'countersign.db')))
    database.exec("UPDATE channel SET sealed = x'00'")
    database.close()
    const errors: string[] = []
    const log = { debug: () => {}, info: () => {}, warn: () => {}, error: (text: string) => void errors.push(text) }
    const again = await relay.wallet('alice', { m2m: true, home: alice.home, create: false, ports: { log } })
    await again.wallet.identityUnlock({ name: 'alice', passphrase: passphrase() })
    expect(errors.filter((text) => text.includes('start'))).toEqual(['the start of the channels failed'])
    expect(snapshot(again).notices.some((n) => n.level === 'danger')).toBe(true)
    // Local programs are heard, and the peer is.
    await until('the socket', () => fileIn(alice.home, 'programs.sock'))
    await sees(again, bob)
    // Its sessions were not judged by channels that nobody looked at.
    expect(sessionsOf(again)).toEqual(['open'])
  })
})

describe('an unlock that fails late', () => {
  it('stops the profile that was opened, and the next one finds it as it was', { timeout: 60_000 }, async () => {
    const alice = await openAuto(relay, 'alice')
    await alice.wallet.close()
    const again = await openAuto(relay, 'alice', alice.home)
    Object.assign(switched, { fails: true, stopped: 0 })
    await expect(again.wallet.identityUnlock({ name: 'alice', passphrase: passphrase() })).rejects.toThrow('no switch today')
    expect(switched.stopped).toBe(1)
    await until('the socket to go', () => fileIn(alice.home, 'programs.sock') === undefined)
    switched.fails = false
    await again.wallet.identityUnlock({ name: 'alice', passphrase: passphrase() })
    expect(snapshot(again).app.stage).toBe('open')
  })
})
