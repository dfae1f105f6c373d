import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { openTestRelay, passphrase, type TestRelay, type TestWallet, until } from './wallet.fixture.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
const orders = (changes: object) =>
  ({ policy: { default: 'auto', peers: {} }, meet: null, propose: null, closeAfter: null, reconnect: false, ...changes }) as const
const open = (w: TestWallet) => w.wallet.appSnapshot({}).sessions.find((s) => s.state === 'open')

const restoredElsewhere = async (relay: TestRelay, from: TestWallet): Promise<TestWallet> => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-backup-'))
  closing.push(async () => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'a.csbackup')
  await from.wallet.identityBackup({ passphrase: passphrase(), messages: true, path })
  await from.wallet.close()
  const restored = await relay.wallet('alice', { create: false })
  await restored.wallet.identityRestore({ path, name: 'alice', passphrase: passphrase() })
  return restored
}

describe('a backup made in the middle of something', () => {
  it('restores to rest: the session is over, the pin stays, a new session can be opened', async () => {
    const relay = await openTestRelay()
    closing.push(() => relay.close())
    const alice = await relay.wallet('alice')
    const bob = await relay.wallet('bob', { orders: orders({ meet: 'any' }) })
    await until('bob', () => alice.wallet.appSnapshot({}).peers.find((p) => p.id === bob.id()))
    alice.wallet.peerPropose({ peer: bob.id() })
    await alice.approve('request')
    const session = await until('open', () => open(alice))
    alice.wallet.sessionSend({ session: session.id, text: 'before the backup' })
    // A request waits and a session is open when the backup is made.
    alice.wallet.sessionClose({ session: session.id })
    expect(alice.wallet.appSnapshot({}).requests.map((r) => r.step)).toEqual(['conclude'])
    const restored = await restoredElsewhere(relay, alice)
    const after = restored.wallet.appSnapshot({})
    expect(after.sessions.map((s) => [s.id, s.state, s.reason])).toEqual([[session.id, 'ended', 'This wallet was restored from a backup.']])
    expect(after.requests).toEqual([])
    expect(after.peers.find((p) => p.id === bob.id())).toMatchObject({ trust: 'pinned', may: { propose: true } })
    expect(after.app.backup.fileName).toBe('a.csbackup')
    // Bob's side still holds the old session; the knock asks him to begin anew, and by policy he does.
    restored.wallet.peerPropose({ peer: bob.id() })
    await restored.approve('request')
    const again = await until('open again', () => open(restored))
    expect(again.id).not.toBe(session.id)
  }, 60_000)

  it('is refused beside the identity it was made of', async () => {
    const relay = await openTestRelay()
    closing.push(() => relay.close())
    const alice = await relay.wallet('alice')
    const path = join(alice.home, 'a.csbackup')
    await alice.wallet.identityBackup({ passphrase: passphrase(), messages: false, path })
    await expect(alice.wallet.identityRestore({ path, name: 'other', passphrase: passphrase() })).rejects.toMatchObject({ code: 'EXISTS' })
    expect(alice.wallet.appSnapshot({}).app.profile?.name).toBe('alice')
  })
})
