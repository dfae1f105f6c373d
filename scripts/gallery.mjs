/**
 * Builds the renderer with a fake bridge and takes a picture of every scene (src/renderer/gallery/scenes.ts,
 * approval-scenes.ts), under the product's content security policy. For looking; not part of the product or of its tests.
 *   node scripts/gallery.mjs OUT_FOLDER [scene-prefix] [light,dark,hc] [1200x800,900x600]
 * AXE=1 also lists what axe finds. Needs a Chromium in $CHROMIUM or at /usr/bin/chromium, or an Electron in $ELECTRON (and a display). Exit 1 when a page reports an error or breaks the policy.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, resolve } from 'node:path'
import AxeBuilder from '@axe-core/playwright'
import { _electron, chromium } from '@playwright/test'
import react from '@vitejs/plugin-react'
import { build } from 'vite'

const [out = 'gallery', prefix = '', themes = 'light,dark', sizes = '1200x800,900x600'] = process.argv.slice(2)
const root = resolve(import.meta.dirname, '../src/renderer')
const dist = resolve(import.meta.dirname, '../node_modules/.cache/gallery')
await build({
  configFile: false,
  root,
  base: './',
  logLevel: 'error',
  plugins: [react()],
  build: {
    target: 'chrome114',
    outDir: dist,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: [join(root, 'gallery/index.html'), join(root, 'gallery/approval.html')] },
  },
})

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.woff2': 'font/woff2' }
const server = createServer((request, response) => {
  const path = new URL(request.url ?? '/', 'http://x').pathname
  try {
    const body = readFileSync(join(dist, path))
    response.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream', 'content-security-policy': policy }).end(body)
  } catch {
    response.writeHead(404).end()
  }
})
await new Promise((done) => server.listen(0, '127.0.0.1', done))
const at = `http://127.0.0.1:${server.address().port}/gallery`

const { scenes } = await import('../src/renderer/gallery/scenes.ts')
const { approvalScenes } = await import('../src/renderer/gallery/approval-scenes.ts')
const isApproval = (name) => name in approvalScenes
/** The approval window has one size. */
const approvalSize = { width: 560, height: 720 }
let problems = 0
mkdirSync(out, { recursive: true })

const browser = process.env.ELECTRON
  ? null
  : await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--force-color-profile=srgb'] })

async function draw(page, name, scene, file) {
  const note = (text) => {
    problems += 1
    console.error(`${name}: ${text}`)
  }
  const onConsole = (message) => {
    if (message.type() === 'error' && !message.location().url.endsWith('favicon.ico')) note(message.text())
  }
  const onError = (error) => note(error.message)
  page.on('console', onConsole)
  page.on('pageerror', onError)
  await page.goto(`${at}/${isApproval(name) ? 'approval' : 'index'}.html?scene=${name}`)
  await page.waitForSelector(isApproval(name) ? '.article' : '#root *')
  for (const [selector, text] of scene.act ?? []) {
    if (text === undefined) await page.click(selector, { timeout: 5000 })
    else await page.fill(selector, text, { timeout: 5000 })
  }
  await page.evaluate(() => document.fonts.ready.then(() => undefined))
  // Long enough for the debounced strength meter and one frame of progress.
  await page.waitForTimeout(scene.act === undefined ? 120 : 450)
  await page.screenshot({ path: file })
  if (process.env.AXE && browser !== null) {
    const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze()
    for (const found of violations)
      note(
        `axe ${found.impact} ${found.id}: ${found.nodes.map((node) => `${node.target.join(' ')} ${node.any.map((check) => check.message).join(' ')}`).join(' | ')}`,
      )
  }
  page.off('console', onConsole)
  page.off('pageerror', onError)
}

const wanted = Object.entries({ ...scenes, ...approvalScenes }).filter(([name]) => prefix.split(',').some((p) => name.startsWith(p)))
for (const size of sizes.split(',')) {
  const [width, height] = size.split('x').map(Number)
  for (const theme of themes.split(',')) {
    const media = { colorScheme: theme === 'dark' ? 'dark' : 'light', contrast: theme === 'hc' ? 'more' : 'no-preference', reducedMotion: 'reduce' }
    const file = (name) => join(out, `${name}-${width < 1000 ? '900-' : ''}${theme}.png`)
    if (browser !== null) {
      const context = await browser.newContext({ viewport: { width, height }, ...media })
      for (const [name, scene] of wanted) {
        if (isApproval(name) && width < 1000) continue
        const page = await context.newPage()
        if (isApproval(name)) await page.setViewportSize(approvalSize)
        await draw(page, name, scene, file(name))
        await page.close()
      }
      await context.close()
    } else {
      // The runtime the product runs in, for what an older Chromium does differently.
      const main = join(dist, 'main.cjs')
      writeFileSync(
        main,
        `const { app, BrowserWindow } = require('electron'); app.whenReady().then(() => new BrowserWindow({ width: ${width}, height: ${height}, frame: false, webPreferences: { sandbox: true } }).loadURL('about:blank'))`,
      )
      const electron = await _electron.launch({ executablePath: process.env.ELECTRON, args: ['--no-sandbox', main] })
      const page = await electron.firstWindow()
      await page.emulateMedia(media)
      for (const [name, scene] of wanted) {
        if (isApproval(name)) await page.setViewportSize(approvalSize)
        await draw(page, name, scene, file(name))
      }
      await electron.close()
    }
  }
}
await browser?.close()
server.close()
process.exit(problems === 0 ? 0 : 1)
