import { createServer } from 'node:net'
import { expect, type Page } from '@playwright/test'
import type { RunningApp } from './app.ts'

// What a person does with the windows: real pointer and key events on what is visible, nothing behind it.

export const passphrase = 'a fine long passphrase'

/** A port of loopback that was free a moment ago, for an embedded relay that no other run shares. */
export const freePort = (): Promise<number> =>
  new Promise((done, failed) => {
    const server = createServer()
    server.on('error', failed)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => done(port))
    })
  })

/** Onboarding up to the offer of a backup. */
export const createIdentity = async ({ main }: RunningApp, name: string): Promise<void> => {
  await main.getByLabel('Name of this identity').fill(name)
  await main.getByLabel('Passphrase', { exact: true }).fill(passphrase)
  await main.getByLabel('Passphrase once more').fill(passphrase)
  await main.getByRole('button', { name: 'Create identity' }).click()
  await expect(main.getByRole('heading', { name: 'Write a backup' })).toBeVisible({ timeout: 45_000 })
}

export const skipBackup = async ({ main }: RunningApp): Promise<void> => {
  await main.getByRole('button', { name: 'Later' }).click()
  await expect(page(main, 'Peers')).toBeVisible()
}

const page = (main: Page, name: string) => main.getByRole('navigation').getByRole('link', { name }).or(main.getByRole('navigation').getByRole('button', { name }))

export const goTo = async ({ main }: RunningApp, name: 'Peers' | 'Proposals' | 'Sessions' | 'Settings'): Promise<void> => {
  await page(main, name).first().click()
  await expect(main.getByRole('heading', { name, exact: true }).first()).toBeVisible()
}

/** What the window knows, asked through its own bridge. */
export const snapshot = ({ main }: RunningApp): Promise<Snapshot> =>
  main.evaluate(async () => {
    const { countersign } = window as unknown as { countersign: { invoke(name: string, args: object): Promise<{ ok: boolean; value?: unknown; error?: { text: string } }> } }
    const answer = await countersign.invoke('app.snapshot', {})
    if (!answer.ok) throw new Error(answer.error?.text)
    return answer.value as Snapshot
  })
type Snapshot = import('../src/contract/dto.ts').Snapshot

/** Chooses a peer by the beginning of its id and asks it for a session. */
export const choosePeer = async (app: RunningApp, id: string): Promise<void> => {
  await goTo(app, 'Peers')
  const row = app.main.getByText(id.slice(0, 8)).first()
  await expect(row).toBeVisible({ timeout: 30_000 })
  await row.click()
}

/** Opens the oldest request from the list, if its window is not already there. */
export const review = async (app: RunningApp): Promise<Page> => {
  const approval = await app.approval()
  await expect(approval.locator('[data-action=reject]')).toBeVisible({ timeout: 30_000 })
  return approval
}

/** Reads to the end, waits until the button is ready, presses it; a hold where it asks for one. Returns the decision's sentence. */
export const approve = async (app: RunningApp, expected: RegExp): Promise<string> => {
  const approval = await review(app)
  await expect(approval.locator('main')).toContainText(expected, { timeout: 30_000 })
  const sentence = (await approval.locator('h1, h2').first().textContent()) ?? ''
  await approval.locator('main').hover()
  await approval.mouse.wheel(0, 5_000)
  const button = approval.locator('[data-action=approve]')
  await expect(button).toHaveAttribute('data-phase', 'ready', { timeout: 15_000 })
  if (/hold/i.test((await button.textContent()) ?? '')) {
    await button.hover()
    await approval.mouse.down()
    // The hold is a gesture of 1.2 s; the button says when it is full.
    await approval.waitForTimeout(1_350)
    await approval.mouse.up()
  } else await button.click()
  return sentence.trim()
}

export const reject = async (app: RunningApp): Promise<void> => {
  const approval = await review(app)
  await approval.locator('[data-action=reject]').click()
}

/** Writes into the open session and sends it. */
export const say = async ({ main }: RunningApp, text: string): Promise<void> => {
  await main.getByRole('textbox', { name: /Write to/ }).fill(text)
  await main.getByRole('button', { name: 'Send' }).click()
}

export const openConversation = async (app: RunningApp, id: string): Promise<void> => {
  await goTo(app, 'Sessions')
  await app.main.getByText(id.slice(0, 8)).first().click()
  await expect(app.main.getByRole('textbox', { name: /Write to/ })).toBeVisible()
}

export const lastSession = async (app: RunningApp) => (await snapshot(app)).sessions.at(-1)
