import { expect, test } from '@playwright/test'
import { launch, screenshot, temporaryHome } from './app.ts'
import { approve, choosePeer, createIdentity, freePort, goTo, openConversation, say, skipBackup, snapshot } from './person.ts'

test('two windows that speak hs meet, approve each step, talk, close and reconnect', async () => {
  test.setTimeout(180_000)
  const homes = [temporaryHome(), temporaryHome()] as const
  const env = { COUNTERSIGN_RELAY_PORT: String(await freePort()) }
  const alice = await launch({ home: homes[0].path, name: 'alice', env, args: ['--hs-only'] })
  const bob = await launch({ home: homes[1].path, name: 'bob', env, args: ['--hs-only'] })
  try {
    await screenshot(alice.main, 'story-01-onboarding')
    await createIdentity(alice, 'alice')
    await createIdentity(bob, 'bob')
    await screenshot(alice.main, 'story-02-backup-offer')
    await skipBackup(alice)
    await skipBackup(bob)
    const [a, b] = [(await snapshot(alice)).app.profile?.myId ?? '', (await snapshot(bob)).app.profile?.myId ?? '']
    await choosePeer(alice, b)
    await screenshot(alice.main, 'story-03-peer')
    await alice.main.getByRole('button', { name: 'Propose session' }).click()
    await goTo(bob, 'Proposals')
    await expect(bob.main.getByText('alice', { exact: true }).first()).toBeVisible({ timeout: 20_000 })
    await screenshot(bob.main, 'story-04-knock')
    await bob.main
      .getByRole('button', { name: /Answer/ })
      .first()
      .click()
    const approval = await bob.approval()
    await expect(approval.locator('main')).toContainText('Answer')
    await screenshot(approval, 'story-05-approval')
    await approve(bob, /Answer/)
    await screenshot(approval, 'story-06-approved')
    await approve(alice, /Open a session/)
    await expect.poll(async () => (await snapshot(alice)).sessions.map((s) => s.state), { timeout: 30_000 }).toEqual(['open'])
    await expect.poll(async () => (await snapshot(bob)).sessions.map((s) => s.state), { timeout: 30_000 }).toEqual(['open'])
    await openConversation(alice, b)
    await openConversation(bob, a)
    await say(alice, 'Hello bob, this is alice')
    await expect(bob.main.getByText('Hello bob, this is alice')).toBeVisible({ timeout: 20_000 })
    await say(bob, 'Hello alice')
    await expect(alice.main.getByText('Hello alice')).toBeVisible({ timeout: 20_000 })
    await screenshot(alice.main, 'story-07-session')
    await screenshot(bob.main, 'story-08-session')
    await alice.main.getByRole('button', { name: 'Close session…' }).click()
    const closing = await alice.approval()
    await expect(closing.locator('main')).toContainText('Close the session')
    await screenshot(closing, 'story-09-close')
    await approve(alice, /Close the session/)
    await expect.poll(async () => (await snapshot(bob)).sessions.map((s) => s.state), { timeout: 30_000 }).toEqual(['closed'])
    await screenshot(alice.main, 'story-10-closed')
  } finally {
    await alice.close()
    await bob.close()
    for (const home of homes) home.remove()
  }
})
