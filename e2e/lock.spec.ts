import { expect, test } from '@playwright/test'
import { launch, screenshot, temporaryHome } from './app.ts'

/** The real wallet in the real window: made, locked, opened again. */
test('an identity is made, locked and unlocked, and the document starts anew with the lock', async () => {
  const home = temporaryHome()
  const app = await launch({ home: home.path, name: 'alice' })
  const { main } = app
  try {
    await main.getByLabel('Name of this identity').fill('alice')
    await main.getByLabel('Passphrase', { exact: true }).fill('a fine long passphrase')
    await main.getByLabel('Passphrase once more').fill('a fine long passphrase')
    await main.getByRole('button', { name: 'Create identity' }).click()
    await expect.poll(async () => stageOf(main), { timeout: 30_000 }).toBe('open')
    await screenshot(main, 'lock-1-open')

    await main.evaluate(() => Object.assign(window, { remembered: 'a name of a peer' }))
    expect(await main.evaluate(() => 'remembered' in window)).toBe(true)
    await main.evaluate(
      () => void (window as unknown as { countersign: { invoke(name: string, args: object): Promise<unknown> } }).countersign.invoke('identity.lock', {}),
    )
    await expect.poll(() => main.evaluate(() => 'remembered' in window).catch(() => true)).toBe(false)
    await expect.poll(async () => stageOf(main)).toBe('locked')
    await screenshot(main, 'lock-2-locked')

    await main.getByLabel('Passphrase', { exact: true }).fill('not the passphrase')
    await main.getByRole('button', { name: 'Unlock' }).click()
    await expect(main.getByText(/passphrase .*(wrong|not)|wrong/i).first()).toBeVisible()
    expect(await stageOf(main)).toBe('locked')
    await screenshot(main, 'lock-3-refused')
    await main.getByLabel('Passphrase', { exact: true }).fill('a fine long passphrase')
    await main.getByRole('button', { name: 'Unlock' }).click()
    await expect.poll(async () => stageOf(main), { timeout: 30_000 }).toBe('open')
  } finally {
    await app.close()
    home.remove()
  }
})

const stageOf = (page: import('@playwright/test').Page): Promise<string> =>
  page
    .evaluate(async () => {
      const { countersign } = window as unknown as {
        countersign: { invoke(name: string, args: object): Promise<{ ok: boolean; value?: { app: { stage: string } }; error?: { code: string } }> }
      }
      const answer = await countersign.invoke('app.snapshot', {})
      return answer.value?.app.stage ?? answer.error?.code ?? '?'
    })
    .catch(() => 'reloading')
