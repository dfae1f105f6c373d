import type { Head } from './ledger/head.ts'
import { zeqondAt } from './ledger/zeqond.ts'
import { passphrase, type TestRelay, type TestWallet, until } from './wallet.fixture.ts'

// For tests of restoring and witnessing: wallets that shake hands by policy, and what can be read of them.

const auto = { policy: { default: 'auto', peers: {} }, meet: null, propose: null, closeAfter: null, reconnect: false } as const

/** A new wallet, or with `home` the one that is there, locked. */
export const openAuto = (relay: TestRelay, name: string, home?: string): Promise<TestWallet> =>
  relay.wallet(name, { m2m: true, orders: auto, ...(home === undefined ? {} : { home, create: false }) })
export const reopen = async (relay: TestRelay, name: string, home: string): Promise<TestWallet> => {
  const again = await openAuto(relay, name, home)
  await again.wallet.identityUnlock({ name, passphrase: passphrase() })
  return again
}
export const restoreAuto = async (relay: TestRelay, path: string, name = 'alice'): Promise<TestWallet> => {
  const restored = await relay.wallet(name, { m2m: true, orders: auto, create: false })
  await restored.wallet.identityRestore({ path, name, passphrase: passphrase() })
  return restored
}

export const snapshot = (w: TestWallet) => w.wallet.appSnapshot({})
export const machine = (w: TestWallet) => {
  const dto = snapshot(w).app.machine
  if (dto === null) throw new Error('the wallet is locked')
  return dto
}
export const ledgerOf = (w: TestWallet) => w.wallet.openLedger().ledger
export const own = (w: TestWallet) => ledgerOf(w).own().genesis
export const length = (w: TestWallet): number => ledgerOf(w).state(own(w)).nextSeq
export const noticed = (w: TestWallet, text: RegExp) => snapshot(w).notices.find((n) => text.test(n.text))
export const peerOf = (self: TestWallet, peer: TestWallet) => {
  const dto = snapshot(self).peers.find((p) => p.id === peer.id())
  if (dto === undefined) throw new Error('the peer is not known')
  return dto
}
export const write = (w: TestWallet, n: number) => ledgerOf(w).append(own(w), { type: 'event', payload: { type: 'note', payload: n } })
export const sees = (self: TestWallet, peer: TestWallet) =>
  until(`the card of ${peer.id()}`, () => snapshot(self).peers.find((p) => p.id === peer.id() && p.profile === 'm2m' && p.genesis !== null))
/** A card made in the same tick as a row says nothing of it. */
export const afterTick = (head: Head) => until('the next tick', () => BigInt(zeqondAt(Date.now())) > BigInt(head.zeqondNumber))
/** Everything that it wanted sent was answered. */
export const quiet = (w: TestWallet) => until('all to be answered', () => w.wallet.openLedger().store.m2mOutbox.all().length === 0)

/** A handshake between policies, to its seals. @returns the session's id. */
export const shake = async (a: TestWallet, b: TestWallet): Promise<string> => {
  await sees(a, b)
  await sees(b, a)
  const before = new Set(snapshot(a).sessions.map((s) => s.id))
  a.wallet.peerPropose({ peer: b.id() })
  const sealed = (w: TestWallet) => snapshot(w).sessions.find((s) => !before.has(s.id) && s.evidence === 'SEALED')
  const session = await until('sealed', () => sealed(a) && sealed(b) && sealed(a))
  return session.id
}
