import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import type { RunningApp } from './app.ts'
import { approvalReady, approve, chooseFile, choosePeer, goTo, openConversation, review, saveFile, say, snapshot, until } from './person.ts'

// The story that the ledgers tell: two people propose, accept, agree on a key, activate, talk, send a file, close, and
// anybody checks it from one file. Every decision by pointer; what is told is read from windows, disks and exit codes.

export interface Told {
  /** A fact that must hold; throws when it does not. */
  readonly fact: (text: string, holds: boolean) => void
  readonly shot: (page: Page, name: string) => Promise<void>
}

export interface Actors {
  readonly alice: RunningApp
  readonly bob: RunningApp
  /** Ids of alice and bob. */
  readonly a: string
  readonly b: string
  /** Where files that arrive for bob land. */
  readonly downloads: string
  /** An empty folder for what is written. */
  readonly folder: string
}

const FILE_BYTES = 20 * 1024 * 1024

const sessionOf = async (app: RunningApp) => (await snapshot(app)).sessions.filter((session) => session.profile === 'm2m').at(-1)
const speaksLedger = async (app: RunningApp, peer: string): Promise<boolean> => (await snapshot(app)).peers.some((p) => p.id === peer && p.profile === 'm2m')

/** From the choice of a peer to a sealed session; the same match words on both screens. */
export const shakeHands = async ({ alice, bob, a, b }: Actors, { fact, shot }: Told): Promise<string> => {
  await until('bob’s card', () => speaksLedger(alice, b))
  await until('alice’s card', () => speaksLedger(bob, a))
  const before = (await sessionOf(bob))?.id
  await choosePeer(alice, b)
  await alice.main.getByRole('button', { name: 'Propose session' }).click()
  const proposing = await review(alice)
  await shot(proposing, 'alice-propose')
  const proposed = await approve(alice, /Propose a session/, () => shot(proposing, 'alice-propose-ready'))
  fact(`alice approved: “${proposed}”`, proposed.startsWith('Propose'))

  const accepting = await review(bob)
  await accepting
    .locator('main')
    .filter({ hasText: /Accept/ })
    .waitFor({ timeout: 30_000 })
  await shot(accepting, 'bob-accept')
  await approvalReady(bob, /Accept/)
  await goTo(alice, 'Proposals')
  const words = async () => (await snapshot(alice)).handshakes.find((handshake) => handshake.ended === null)?.match
  await until('alice’s words to compare', async () => (await words()) != null)
  const match = await words()
  const shown = (await accepting.locator('main').innerText()).toLowerCase()
  await shot(alice.main, 'alice-waiting')
  await shot(accepting, 'bob-accept-ready')
  fact(
    `both screens show the same words: ${match?.words.join(' ')}, ${match?.chip}`,
    match != null && [...match.words, match.chip].every((word) => shown.includes(word)),
  )
  const accepted = await approve(bob, /Accept/)
  fact(`bob approved: “${accepted}”`, accepted.startsWith('Accept'))

  const keyed = [await approve(bob, /Agree on a session key/), await approve(alice, /Agree on a session key/)]
  fact(
    'both agreed on a session key',
    keyed.every((sentence) => sentence.startsWith('Agree')),
  )
  const activating = await review(alice)
  const active = [await approve(alice, /Activate/, () => shot(activating, 'alice-activate')), await approve(bob, /Activate/)]
  fact(
    'both activated the session',
    active.every((sentence) => sentence.startsWith('Activate')),
  )
  await until('both ledgers to be sealed', async () => {
    const [x, y] = [await sessionOf(alice), await sessionOf(bob)]
    return x?.id !== before && x?.id === y?.id && x?.evidence === 'SEALED' && y?.evidence === 'SEALED'
  })
  const [x, y] = [await sessionOf(alice), await sessionOf(bob)]
  fact(`both windows show session ${x?.id.slice(0, 8)}… open, sealed on both ledgers`, x?.id === y?.id && x?.state === 'open' && y?.state === 'open')
  fact(`both hold the same key, fingerprint ${x?.fingerprint}`, x?.fingerprint === y?.fingerprint && /^[0-9a-f]{8}$/.test(x?.fingerprint ?? ''))
  return x?.id ?? ''
}

export const talkAndSend = async ({ alice, bob, a, b, downloads, folder }: Actors, { fact, shot }: Told): Promise<void> => {
  await openConversation(alice, b)
  await openConversation(bob, a)
  await say(alice, 'Here is the contract.')
  await bob.main.getByText('Here is the contract.', { exact: true }).first().waitFor({ timeout: 30_000 })
  await say(bob, 'Thank you, I am waiting for it.')
  await alice.main.getByText('Thank you, I am waiting for it.', { exact: true }).first().waitFor({ timeout: 30_000 })
  fact('each wrote, and the other’s window shows it', true)

  const path = join(folder, 'contract.bin')
  const bytes = randomBytes(FILE_BYTES)
  writeFileSync(path, bytes)
  await chooseFile(alice, path)
  await alice.main.getByRole('button', { name: 'Send a file…' }).click()
  const offered = await review(bob)
  const taken = await approve(bob, /Receive a file/, () => shot(offered, 'bob-file'))
  fact(`bob approved: “${taken}”`, taken.startsWith('Receive'))
  await until('the file to be on its way', async () => (await snapshot(bob)).files.some((file) => file.moved > 0))
  await shot(alice.main, 'alice-sending')
  await until('the file to arrive', async () => (await snapshot(bob)).files.some((file) => file.state === 'done'), 240_000)
  await until('alice to hear of it', async () => (await snapshot(alice)).files.some((file) => file.state === 'done'))
  const name = (await snapshot(bob)).files.find((file) => file.state === 'done')?.savedAs ?? ''
  const arrived = join(downloads, name)
  const same = existsSync(arrived) && createHash('sha256').update(readFileSync(arrived)).digest().equals(createHash('sha256').update(bytes).digest())
  fact(
    `a file of ${FILE_BYTES / 1024 ** 2} MiB arrived whole (${readdirSync(downloads).includes(name) ? statSync(arrived).size : 0} bytes, same SHA-256)`,
    same,
  )
  await shot(bob.main, 'bob-received')
}

export const closeOnLedger = async ({ alice, bob }: Actors, { fact, shot }: Told): Promise<void> => {
  await alice.main.getByRole('button', { name: 'Close session…' }).click()
  const closing = await review(alice)
  const closed = await approve(alice, /Close the session/, () => shot(closing, 'alice-close'))
  await until('both sessions closed', async () => (await sessionOf(alice))?.state === 'closed' && (await sessionOf(bob))?.state === 'closed', 90_000)
  fact(`alice approved: “${closed}”; both windows show the session closed`, closed.startsWith('Close'))
}

const node = (args: readonly string[]): { readonly code: number | null; readonly text: string } => {
  const { status, stdout, stderr } = spawnSync('node', ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', ...args], { cwd: process.cwd(), encoding: 'utf8' })
  return { code: status, text: `${stdout}${stderr}` }
}

/** Both ledgers in the window, one file on disk, and two programs that judge it alone; then the same file with one digit changed. */
export const auditByAnybody = async ({ alice, bob, folder }: Actors, { fact, shot }: Told): Promise<void> => {
  await goTo(alice, 'Ledger')
  await shot(alice.main, 'alice-ledger')
  await goTo(alice, 'Sessions')
  await alice.main.getByText('bob', { exact: true }).first().click()
  await alice.main.getByRole('button', { name: 'Show evidence' }).first().click()
  await alice.main.getByText('Everything that can be checked holds.').first().waitFor({ timeout: 30_000 })
  await shot(alice.main, 'alice-audit')
  fact('alice’s audit page: everything that can be checked holds', (await alice.main.getByText('What this cannot show').count()) > 0)

  const bundle = join(folder, 'evidence.countersign')
  await saveFile(alice, bundle)
  await alice.main.getByRole('button', { name: 'Save as a file…' }).click()
  await until('the bundle on disk', () => Promise.resolve(existsSync(bundle)))
  const first = node(['bin/countersign.js', 'audit', bundle])
  fact(`countersign audit: “${first.text.split('\n')[0]}”`, first.code === 0 && first.text.startsWith('Sound.'))
  const second = node(['verify/main.ts', bundle])
  fact('the second verifier, written from the text alone, agrees', second.code === 0)

  const text = readFileSync(bundle, 'utf8')
  const at = text.indexOf('"session_id":"') + 14
  const forged = join(folder, 'forged.countersign')
  writeFileSync(forged, `${text.slice(0, at)}${text[at] === '0' ? '1' : '0'}${text.slice(at + 1)}`)
  const [one, two] = [node(['bin/countersign.js', 'audit', forged]), node(['verify/main.ts', forged])]
  fact('with one digit changed both refuse it (exit code 1)', one.code === 1 && two.code === 1)

  await goTo(bob, 'Audit')
  await chooseFile(bob, forged)
  await bob.main.getByRole('button', { name: 'Choose file…' }).click()
  await bob.main.getByText('What was found').first().waitFor({ timeout: 30_000 })
  await until('the findings', async () => (await bob.main.getByText(/finding/).count()) > 0)
  await shot(bob.main, 'bob-forged')
}
