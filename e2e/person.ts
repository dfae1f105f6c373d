import { createServer } from 'node:net'
import type { Page } from '@playwright/test'
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
  await main.getByRole('heading', { name: 'Write a backup' }).waitFor({ timeout: 45_000 })
}

export const skipBackup = async ({ main }: RunningApp): Promise<void> => {
  await main.getByRole('button', { name: 'Later' }).click()
  await page(main, 'Peers').first().waitFor()
}

const page = (main: Page, name: string) =>
  main.getByRole('navigation').getByRole('link', { name }).or(main.getByRole('navigation').getByRole('button', { name }))

export const goTo = async ({ main }: RunningApp, name: 'Peers' | 'Proposals' | 'Sessions' | 'Ledger' | 'Audit' | 'Settings'): Promise<void> => {
  await page(main, name).first().click()
  await main.getByRole('heading', { name, exact: true }).first().waitFor()
}

/** What the window knows, asked through its own bridge. */
export const snapshot = ({ main }: RunningApp): Promise<Snapshot> =>
  main.evaluate(async () => {
    const { countersign } = window as unknown as {
      countersign: { invoke(name: string, args: object): Promise<{ ok: boolean; value?: unknown; error?: { text: string } }> }
    }
    const answer = await countersign.invoke('app.snapshot', {})
    if (!answer.ok) throw new Error(answer.error?.text)
    return answer.value as Snapshot
  })
type Snapshot = import('../src/contract/dto.ts').Snapshot

/** What the window calls a peer, waiting for it to appear. */
export const labelOf = async (app: RunningApp, id: string): Promise<string> => {
  await until(`peer ${id.slice(0, 8)}`, async () => (await snapshot(app)).peers.some((peer) => peer.id === id))
  return (await snapshot(app)).peers.find((peer) => peer.id === id)?.label ?? id
}

/** Chooses a peer by the beginning of its id and asks it for a session. */
export const choosePeer = async (app: RunningApp, id: string): Promise<void> => {
  await goTo(app, 'Peers')
  await app.main
    .getByText(await labelOf(app, id), { exact: true })
    .first()
    .click({ timeout: 30_000 })
}

/** Polls until it holds; the message names what was waited for. */
export const until = async (what: string, holds: () => Promise<boolean>, ms = 45_000): Promise<void> => {
  const end = Date.now() + ms
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited in vain for: ${what}`)
    await new Promise((next) => setTimeout(next, 100))
  }
}

/** The approval window, once it shows a request. */
export const review = async (app: RunningApp): Promise<Page> => {
  const approval = await app.approval()
  await approval.locator('[data-action=reject]').waitFor({ timeout: 30_000 })
  return approval
}

/** Reads the request to its end and waits until its button is ready; returns the sentence that is decided. */
export const approvalReady = async (app: RunningApp, expected: RegExp): Promise<string> => {
  const approval = await review(app)
  await approval.locator('main').filter({ hasText: expected }).waitFor({ timeout: 30_000 })
  await approval.locator('main').hover()
  await approval.mouse.wheel(0, 5_000)
  await approval.locator('[data-action=approve][data-phase=ready]').waitFor({ timeout: 15_000 })
  return ((await approval.locator('h1, h2').filter({ hasText: expected }).first().textContent()) ?? '').trim()
}

/**
 * Presses the button when it is ready, by pointer; holds it where it asks for that. Returns the sentence that was
 * decided. A window that came up under the pointer takes the readiness away again, by design: then a person presses
 * once more, and so does this.
 */
export const approve = async (app: RunningApp, expected: RegExp, before: () => Promise<void> = () => Promise.resolve()): Promise<string> => {
  const waits = async () => (await snapshot(app)).requests.find((request) => expected.test(request.sentence) && request.undoUntil === null)?.id
  let sentence = await approvalReady(app, expected)
  await before()
  const id = await waits()
  for (let tries = 1; ; tries += 1) {
    await press(await app.approval())
    const decided = await until('the press to count', async () => (await waits()) !== id, 4_000).then(
      () => true,
      () => false,
    )
    if (decided) return sentence
    if (tries === 3) throw new Error(`pressed three times in vain: ${sentence}`)
    sentence = await approvalReady(app, expected)
  }
}

const press = async (approval: Page): Promise<void> => {
  const button = approval.locator('[data-action=approve]')
  if (!/hold/i.test((await button.textContent()) ?? '')) return button.click()
  await button.hover()
  await approval.mouse.down()
  // Let go when the button says that it was held for long enough; a hold that was broken off is let go of as well.
  await approval
    .locator('[data-action=approve][data-hold=full]')
    .waitFor({ timeout: 4_000 })
    .catch(() => {})
  await approval.mouse.up()
}

/** The system's own dialogs cannot be operated by a test; what the person would choose in them is put in their place. */
export const saveFile = (app: RunningApp, path: string): Promise<void> =>
  app.electron.evaluate(({ dialog }, filePath) => {
    dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath })
  }, path)
export const chooseFile = (app: RunningApp, path: string): Promise<void> =>
  app.electron.evaluate(({ dialog }, filePath) => {
    dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [filePath] })
  }, path)

export const reject = async (app: RunningApp): Promise<void> => {
  const approval = await review(app)
  await approval.locator('[data-action=reject]').click()
}

/** Writes into the open session and sends it. */
export const say = async ({ main }: RunningApp, text: string): Promise<void> => {
  await main.getByRole('textbox', { name: /Write to/ }).fill(text)
  await main.getByRole('button', { name: 'Send', exact: true }).click()
}

export const openConversation = async (app: RunningApp, id: string): Promise<void> => {
  await goTo(app, 'Sessions')
  await app.main
    .getByText(await labelOf(app, id), { exact: true })
    .first()
    .click()
  await app.main.getByRole('textbox', { name: /Write to/ }).waitFor()
}

export const lastSession = async (app: RunningApp) => (await snapshot(app)).sessions.at(-1)
