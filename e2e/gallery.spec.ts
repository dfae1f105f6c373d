import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { launch, temporaryHome } from './app.ts'
import { look } from './looks.ts'
import { bringRequest, endAll, makePair, stageOf } from './pair.ts'
import { approvalReady, approve, createIdentity, goTo, openConversation, passphrase, saveFile, say, skipBackup, snapshot } from './person.ts'

test('the first start, unlocking, and pages with nothing in them yet', async () => {
  test.setTimeout(120_000)
  const home = temporaryHome()
  const app = await launch({ home: home.path, name: 'alice' })
  const { main } = app
  try {
    await main.getByLabel('Name of this identity').fill('alice')
    await main.getByLabel('Passphrase', { exact: true }).fill('weak')
    await main.getByRole('button', { name: 'Create identity' }).click()
    await look(app, main, 'onboarding-create')
    await main.getByRole('radio', { name: /Restore from a backup/ }).click()
    await main.getByRole('button', { name: 'Restore identity' }).click()
    await look(app, main, 'onboarding-restore')
    await main.getByRole('radio', { name: /Import an HSAgent/ }).click()
    await look(app, main, 'onboarding-import')
    await main.getByRole('radio', { name: /Create a new identity/ }).click()
    await createIdentity(app, 'alice')
    await look(app, main, 'backup-offer')
    await saveFile(app, join(home.path, 'alice.csbackup'))
    await main.getByLabel('Your passphrase', { exact: true }).fill(passphrase)
    await main.getByRole('button', { name: 'Write backup…' }).click()
    await expect(main.getByRole('heading', { name: 'Backup proved' })).toBeVisible({ timeout: 30_000 })
    await look(app, main, 'backup-proved')
    await main.getByRole('button', { name: 'Open Countersign' }).click()
    for (const page of ['Peers', 'Proposals', 'Sessions'] as const) {
      await goTo(app, page)
      await look(app, main, `${page.toLowerCase()}-empty`)
    }
    await main.getByRole('button', { name: 'Lock', exact: true }).click()
    await expect.poll(() => stageOf(app)).toBe('locked')
    await look(app, main, 'unlock')
    await main.getByLabel('Passphrase', { exact: true }).fill('not the passphrase')
    await main.getByRole('button', { name: 'Unlock' }).click()
    await expect(main.getByText('1 failed attempt.')).toBeVisible({ timeout: 15_000 })
    await look(app, main, 'unlock-wrong')
    await main.getByRole('button', { name: 'Forgot the passphrase' }).click()
    await look(app, main, 'unlock-forgot')
    await main.getByRole('button', { name: 'Try again' }).click()
    await main.getByRole('button', { name: 'Switch identity' }).click()
    await expect(main.getByRole('heading', { name: 'Which identity' })).toBeVisible()
    await look(app, main, 'picker')
  } finally {
    await endAll([app])
    home.remove()
  }
})

test('Settings', async () => {
  test.setTimeout(120_000)
  const home = temporaryHome()
  const app = await launch({ home: home.path, name: 'alice' })
  const { main } = app
  try {
    await createIdentity(app, 'alice')
    await skipBackup(app)
    await goTo(app, 'Settings')
    for (const section of ['Identity', 'Backup', 'Passphrase', 'Lock', 'Policies', 'Relay', 'Appearance', 'About']) {
      await main.getByRole('navigation', { name: 'Sections' }).getByRole('button', { name: section, exact: true }).click()
      await expect(main.getByRole('heading', { name: section, exact: true })).toBeVisible()
      await look(app, main, `settings-${section.toLowerCase()}`)
    }
  } finally {
    await endAll([app])
    home.remove()
  }
})

test('a handshake, a session and its end, in the window and in the approvals', async () => {
  test.setTimeout(180_000)
  const pair = await makePair()
  try {
    const { alice, bob, a, b } = pair
    await goTo(bob, 'Peers')
    await look(bob, bob.main, 'peers-stranger')
    await bringRequest(pair)
    const approval = await bob.approval()
    await look(bob, approval, 'approval-confirm-unread')
    await look(bob, bob.main, 'proposals-waiting')
    await approvalReady(bob, /Answer/)
    await look(bob, approval, 'approval-confirm-ready')
    await approval.locator('[data-action=advanced]').click()
    await look(bob, approval, 'approval-advanced')
    await approve(bob, /Answer/)
    await approval.locator('[data-action=undo]').waitFor()
    await look(bob, approval, 'approval-undo')
    await approvalReady(alice, /Open a session/)
    await look(alice, await alice.approval(), 'approval-request')
    await approve(alice, /Open a session/)
    await expect.poll(async () => (await snapshot(bob)).sessions.map(({ state }) => state), { timeout: 30_000 }).toEqual(['open'])
    await goTo(alice, 'Peers')
    await look(alice, alice.main, 'peers-pinned')
    await alice.main.getByRole('button', { name: 'More actions' }).click()
    await alice.main.getByRole('menuitem', { name: 'Name this peer…' }).click()
    await look(alice, alice.main, 'peers-name')
    await alice.main.getByRole('button', { name: 'Cancel' }).click()
    await goTo(bob, 'Sessions')
    await look(bob, bob.main, 'sessions')
    await openConversation(alice, b)
    await openConversation(bob, a)
    await say(alice, 'Hello bob, this is alice. The words on your screen are the ones I see here; read me the second half of them and I read you the first.')
    await expect(bob.main.getByText(/Hello bob/)).toBeVisible({ timeout: 20_000 })
    await say(bob, 'They match.\nThank you.')
    await expect(alice.main.getByText(/They match/)).toBeVisible({ timeout: 20_000 })
    await look(alice, alice.main, 'session')
    await alice.main.getByRole('button', { name: 'Close session…' }).click()
    await approvalReady(alice, /Close the session/)
    await look(alice, await alice.approval(), 'approval-close')
    await approve(alice, /Close the session/)
    await expect.poll(async () => (await snapshot(bob)).sessions.map(({ state }) => state), { timeout: 30_000 }).toEqual(['closed'])
    await look(alice, alice.main, 'session-closed')
    await goTo(bob, 'Proposals')
    await look(bob, bob.main, 'proposals-history')
  } finally {
    await pair.end()
  }
})
