import { AxeBuilder } from '@axe-core/playwright'
import { expect, type Page } from '@playwright/test'
import { type RunningApp, screenshot } from './app.ts'

const schemes = ['light', 'dark'] as const
const sizes = [
  [1200, 800],
  [900, 600],
] as const

/** What sticks out of the window sideways, or holds more than it shows without a way to get at it. */
const clipped = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const found: string[] = []
    for (const element of document.querySelectorAll<HTMLElement>('body *')) {
      const style = getComputedStyle(element)
      const box = element.getBoundingClientRect()
      // Artwork may run over the edge; it is drawn to.
      if (element.textContent?.trim() === '' || element.closest('svg, [aria-hidden=true], .sr') || box.width === 0 || style.visibility === 'hidden') continue
      const name = `${element.tagName.toLowerCase()} “${(element.textContent ?? '').trim().slice(0, 40)}”`
      if (box.right > innerWidth + 1 || box.left < -1) found.push(`${name} is at ${Math.round(box.left)}…${Math.round(box.right)} of ${innerWidth}`)
      const hides = style.overflowX === 'hidden' || style.overflowX === 'clip'
      if (hides && style.textOverflow !== 'ellipsis' && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 1)
        found.push(`${name} shows ${element.clientWidth} of ${element.scrollWidth}`)
    }
    return found
  })

/**
 * Looks at a page in light and dark, and at both sizes where its window has them: pictures into `test-results/screens`,
 * no serious or critical finding of axe, nothing cut off. Leaves it light and large.
 */
export const look = async (app: RunningApp, page: Page, name: string): Promise<void> => {
  const main = page === app.main
  for (const scheme of schemes) {
    await page.emulateMedia({ colorScheme: scheme })
    for (const [width, height] of main ? sizes : [[560, 720] as const]) {
      if (main) await resize(app, width, height)
      await page.mouse.move(1, height - 1)
      await screenshot(page, `look-${name}-${scheme}-${width}`)
      expect.soft(await clipped(page), `${name}, ${scheme}, ${width} wide`).toEqual([])
    }
    // Legacy: a new page for the frames' results, which axe wants otherwise, cannot be opened here.
    const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze()
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    const told = serious.map(
      ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html, any }) => `${html.slice(0, 120)} ${any[0]?.message ?? ''}`).join(' | ')}`,
    )
    expect.soft(told, `${name}, ${scheme}`).toEqual([])
  }
  await page.emulateMedia({ colorScheme: 'light' })
  if (main) await resize(app, 1200, 800)
}

const resize = async ({ electron, main }: RunningApp, width: number, height: number): Promise<void> => {
  await electron.evaluate(
    ({ BrowserWindow }, size) => {
      BrowserWindow.getAllWindows()
        .find((window) => window.webContents.getURL() === 'app://main/')
        ?.setSize(size[0], size[1])
    },
    [width, height] as const,
  )
  await expect.poll(() => main.evaluate(() => [innerWidth, innerHeight])).toEqual([width, height])
}
