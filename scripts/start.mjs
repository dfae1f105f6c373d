// @ts-check
/**
 * Opens the app for a person: `npm start`, or `npm start -- --name alice` for one of several side by side. Builds it
 * first (less than a second) and gives Electron the arguments.
 */
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { projectEnv, run } from './child-process.mjs'
import { openDisplay } from './display.mjs'
import { prepareElectron } from './electron-runtime.mjs'
import { ensureSystemPackages } from './system-packages.mjs'

const root = resolve(fileURLToPath(new URL('..', import.meta.url)))

async function main() {
  ensureSystemPackages()
  const [electron] = await Promise.all([prepareElectron(), run('electron-vite', ['build'], { cwd: root })])
  console.error(electron.why)
  const display = await openDisplay()
  if (display.env['DISPLAY']) console.error(`No display here: the window opens on a virtual one (DISPLAY=${display.env['DISPLAY']}).`)
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const child = spawn('electron', [...asRoot, root, ...process.argv.slice(2)], { stdio: 'inherit', env: { ...projectEnv, ...electron.env, ...display.env } })
  child.on('error', (error) => fail(error))
  child.on('close', (code) => {
    display.close()
    process.exit(code ?? 1)
  })
}

/** @param {Error} error */
function fail(error) {
  console.error(error.message)
  process.exit(1)
}

main().catch(fail)
