import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { canonicalBytes, type Json } from '../src/main/core/crypto/canonical-json.ts'
import { sha256Hex } from '../src/main/core/crypto/hash.ts'
import { launch, type RunningApp, screenshot, temporaryHome } from './app.ts'
import { bringRequest, endAll, makePair, openSession, ownId, stageOf } from './pair.ts'
import { chooseFile, createIdentity, freePort, goTo, passphrase, saveFile, snapshot } from './person.ts'

const ends: (() => Promise<void>)[] = []
test.afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** Profiles of a home; Chromium's own folder and the archive are beside them. */
const created = (home: string): string[] => readdirSync(home).filter((name) => !name.startsWith('.') && !name.endsWith('.csbackup'))

const writeBackup = async ({ main }: RunningApp): Promise<void> => {
  await main.getByLabel('Your passphrase', { exact: true }).fill(passphrase)
  await main.getByRole('button', { name: 'Write backup…' }).click()
}

const openRestore = async (app: RunningApp, file: string, name: string): Promise<void> => {
  await chooseFile(app, file)
  await app.main.getByRole('radio', { name: /Restore from a backup/ }).click()
  await app.main.getByRole('button', { name: 'Choose file…' }).click()
  await expect(app.main.getByRole('button', { name: 'Choose another…' })).toBeVisible()
  await app.main.getByLabel('Name of this identity').fill(name)
}

const restore = async ({ main }: RunningApp, words: string): Promise<void> => {
  await main.getByLabel('Passphrase of the backup').fill(words)
  await main.getByRole('button', { name: 'Restore identity' }).click()
}

const refusal = ({ main }: RunningApp) => main.locator('[role=alert][data-code]')

interface BackupFile {
  readonly v: string
  readonly check: string
  readonly public: { readonly [key: string]: string }
  readonly kdf: { readonly [key: string]: string | number }
  readonly boxes: { readonly contents: { readonly nonce: string; readonly sealed: string } }
}

/** Another character at the beginning of a text, of the same alphabet. */
const flipped = (text: string): string => (text.startsWith('B') || text.startsWith('b') ? 'c' : 'b') + text.slice(1)

test('a backup is proved, is refused when anything of it was altered, and restores the same identity once', async () => {
  const homes = { alice: temporaryHome(), elsewhere: temporaryHome() }
  const apps: RunningApp[] = []
  ends.push(async () => {
    await endAll(apps)
    for (const home of Object.values(homes)) home.remove()
  })
  const env = { COUNTERSIGN_RELAY_PORT: String(await freePort()) }
  const alice = await launch({ home: homes.alice.path, name: 'alice', env })
  apps.push(alice)
  const file = join(homes.alice.path, 'alice.csbackup')
  await createIdentity(alice, 'alice')
  await saveFile(alice, file)
  await writeBackup(alice)
  await expect(alice.main.getByRole('heading', { name: 'Backup proved' })).toBeVisible({ timeout: 30_000 })
  for (const line of ['Written', 'Read back from the disk', 'Opened with the passphrase', 'Signed a challenge; the public key is yours'])
    await expect(alice.main.getByText(line, { exact: true })).toBeVisible()
  await expect(alice.main.getByText('alice.csbackup')).toBeVisible()
  await screenshot(alice.main, 'backup-proved')
  await alice.main.getByRole('button', { name: 'Open Countersign' }).click()
  const own = (await snapshot(alice)).app
  expect(own.backup.verifiedAt).not.toBeNull()

  // Two of one identity never share a relay; here they would only drop each other's lines.
  const elsewhere = await launch({ home: homes.elsewhere.path, name: 'alice', env: { COUNTERSIGN_RELAY_PORT: String(await freePort()) } })
  apps.push(elsewhere)
  const copy = join(homes.elsewhere.path, 'copy.csbackup')
  const whole = readFileSync(file)
  const parsed = JSON.parse(whole.toString('utf8')) as BackupFile
  writeFileSync(copy, whole)
  await openRestore(elsewhere, copy, 'alice')
  const refused = async (content: Uint8Array | string, words: string, text: RegExp): Promise<void> => {
    // The same chosen file, altered since: what counts is what is there when it is opened.
    writeFileSync(copy, content)
    await restore(elsewhere, words)
    await expect(refusal(elsewhere)).toHaveText(text, { timeout: 30_000 })
    expect(created(homes.elsewhere.path)).toEqual([])
    expect(await stageOf(elsewhere)).toBe('onboarding')
  }
  const written = (value: object): string => `${JSON.stringify(value, null, 2)}\n`
  const { kdf, boxes } = parsed
  expect(written(parsed)).toBe(whole.toString('utf8'))
  const damaged = /^The backup is damaged/
  await refused(written({ ...parsed, public: { ...parsed.public, name: flipped('alice') } }), passphrase, damaged)
  await refused(written({ ...parsed, kdf: { ...kdf, salt: flipped(String(kdf['salt'])) } }), passphrase, damaged)
  await refused(written({ ...parsed, boxes: { contents: { ...boxes.contents, sealed: flipped(boxes.contents.sealed) } } }), passphrase, damaged)
  await refused(whole.subarray(0, whole.length - 100), passphrase, /^The backup is cut off/)
  await screenshot(elsewhere.main, 'backup-cut-off')
  // Whoever alters it on purpose computes the checksum as well; the sealing still finds it.
  const { check: _old, ...rest } = parsed
  const body = { ...rest, public: { ...parsed.public, name: 'mallory' } }
  await refused(written({ ...body, check: sha256Hex(canonicalBytes(body as Json)) }), passphrase, /^The passphrase is wrong, or the backup was altered/)
  await refused(whole, 'not the passphrase at all', /^The passphrase is wrong, or the backup was altered/)
  await screenshot(elsewhere.main, 'backup-refused')

  writeFileSync(copy, whole)
  await restore(elsewhere, passphrase)
  await expect.poll(() => stageOf(elsewhere), { timeout: 45_000 }).toBe('open')
  const back = (await snapshot(elsewhere)).app.profile
  expect([back?.myId, back?.signPub, back?.kxPub]).toEqual([own.profile?.myId, own.profile?.signPub, own.profile?.kxPub])
  expect(created(homes.elsewhere.path)).toEqual(['alice'])

  // Where this identity lives already there must not be a second of it, under whatever name.
  const before = created(homes.alice.path)
  await alice.main.getByRole('button', { name: 'Lock', exact: true }).click()
  await alice.main.getByRole('button', { name: 'Switch identity' }).click()
  await alice.main.getByRole('button', { name: /Another identity/ }).click()
  await openRestore(alice, file, 'alice-again')
  await restore(alice, passphrase)
  await expect(refusal(alice)).toHaveText(/^This identity is here already, as “alice”/, { timeout: 30_000 })
  await screenshot(alice.main, 'backup-here-already')
  expect(created(homes.alice.path)).toEqual(before)

  // A forgotten passphrase: the profile is moved aside, nothing of it is lost, and the backup takes its place.
  await alice.main.getByRole('button', { name: 'Back' }).click()
  await alice.main.getByRole('button', { name: /^alice/ }).click()
  await alice.main.getByRole('button', { name: 'Forgot the passphrase' }).click()
  await alice.main.getByRole('dialog').getByRole('button', { name: 'Move aside and restore' }).click()
  await expect.poll(() => created(homes.alice.path)).toEqual([])
  expect(readdirSync(join(homes.alice.path, '.archive'))).toHaveLength(1)
  await openRestore(alice, file, 'alice')
  await restore(alice, passphrase)
  await expect.poll(() => stageOf(alice), { timeout: 45_000 }).toBe('open')
  expect(created(homes.alice.path)).toEqual(before)
})

test('a backup written in Settings brings the peers, their pins, names and decisions to another home', async () => {
  const pair = await makePair()
  ends.push(pair.end)
  const home = temporaryHome()
  const apps: RunningApp[] = []
  ends.push(async () => {
    await endAll(apps)
    home.remove()
  })
  await bringRequest(pair)
  await openSession(pair)
  const { alice, b } = pair
  const file = join(home.path, 'alice.csbackup')
  await goTo(alice, 'Settings')
  await alice.main.getByRole('navigation', { name: 'Sections' }).getByRole('button', { name: 'Backup' }).click()
  await saveFile(alice, file)
  await writeBackup(alice)
  await expect(alice.main.getByText(/^Proved /)).toBeVisible({ timeout: 30_000 })
  await expect(alice.main.getByText('Every pinned peer is in it.')).toBeVisible()
  const before = await snapshot(alice)
  await pair.alice.kill()

  const elsewhere = await launch({ home: home.path, name: 'alice', env: { COUNTERSIGN_RELAY_PORT: String(before.app.relay.port) } })
  apps.push(elsewhere)
  await openRestore(elsewhere, file, 'alice')
  await restore(elsewhere, passphrase)
  await expect.poll(() => stageOf(elsewhere), { timeout: 45_000 }).toBe('open')
  expect(await ownId(elsewhere)).toBe(pair.a)
  const after = await snapshot(elsewhere)
  const pins = (all: typeof after) =>
    all.peers.map(({ id, name, label, signPub, kxPub, trust, pinnedAt }) => ({ id, name, label, signPub, kxPub, trust, pinnedAt }))
  expect(pins(after)).toEqual(pins(before))
  expect(after.peers.find((peer) => peer.id === b)?.trust).toBe('pinned')
  expect(after.history).toEqual(before.history)
  expect(after.sessions.map(({ id }) => id)).toEqual(before.sessions.map(({ id }) => id))
  await goTo(elsewhere, 'Peers')
  await expect(elsewhere.main.getByText('bob', { exact: true }).first()).toBeVisible()
  await screenshot(elsewhere.main, 'backup-restored')
})
