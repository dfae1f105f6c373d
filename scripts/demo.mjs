// @ts-check
/**
 * `npm run demo`: prepares what is needed, builds, and lets two wallets meet in real windows (e2e/demo.ts). Exit code 0
 * only if every step really happened.
 *
 *   node scripts/demo.mjs [--app FOLDER]   FOLDER: another build of the app, with its package.json
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
  const args = process.argv.slice(2)
  const given = args[0] === '--app' ? args[1] : undefined
  if (args.length > 0 && given === undefined) throw new Error('usage: npm run demo [-- --app FOLDER]')
  const build = given === undefined ? run('electron-vite', ['build', '--logLevel', 'warn'], { cwd: root }) : Promise.resolve()
  const [electron] = await Promise.all([prepareElectron(), build])
  console.log(electron.why)
  const display = await openDisplay()
  // Node strips the types; it would rather have package.json say that files with `import` are modules.
  const story = spawn('node', ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', 'e2e/demo.ts'], {
    cwd: root,
    stdio: 'inherit',
    env: { ...projectEnv, ...electron.env, ...display.env, COUNTERSIGN_DEMO_APP: resolve(given ?? root) },
  })
  story.on('error', fail)
  story.on('close', (code) => {
    display.close()
    process.exit(code ?? 1)
  })
}

/** @param {Error} error */
function fail(error) {
  console.error(`demo: ${error.message}`)
  process.exit(1)
}

main().catch(fail)
