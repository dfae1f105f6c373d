// @ts-check
/** The pinned Electron: the package is installed without its binary, which its own install.js downloads from GitHub. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { run } from '../child-process.mjs'

/** How long a start may wait for the download. */
export const DOWNLOAD_LIMIT_MS = 20_000
/** A download that was too slow is not tried again for a day: nobody wants to wait 20 s at each start. */
const SLOW_FOR_MS = 24 * 3600 * 1000

/**
 * The pinned Electron's folder, or why it cannot be had.
 * @param {{ root: string, cache: string, insist: boolean, limitMs?: number }} options `insist`: wait as long as it takes
 * @returns {Promise<{ version: string, dist: string } | { version: string, why: string }>}
 */
export async function findPinned({ root, cache, insist, limitMs = DOWNLOAD_LIMIT_MS }) {
  const require = createRequire(join(root, 'package.json'))
  const home = dirname(require.resolve('electron/package.json'))
  const { version } = require('electron/package.json')
  const dist = join(home, 'dist')
  if (isComplete(home, version)) return { version, dist }

  const mark = join(cache, `slow-${version}`)
  if (!insist && existsSync(mark) && Date.now() - Number(readFileSync(mark, 'utf8')) < SLOW_FOR_MS) {
    return { version, why: `its download took over ${limitMs / 1000} s less than a day ago` }
  }
  const { ELECTRON_OVERRIDE_DIST_PATH: _, ...env } = process.env
  try {
    await run(process.execPath, [join(home, 'install.js')], { env, timeout: insist ? 3_600_000 : limitMs })
  } catch (error) {
    if (!(/** @type {{ late?: boolean }} */ (error).late)) return { version, why: 'its binary is not here and cannot be downloaded' }
    mkdirSync(cache, { recursive: true })
    writeFileSync(mark, String(Date.now()))
    return { version, why: `its binary is not here and cannot be downloaded within ${limitMs / 1000} s` }
  }
  return isComplete(home, version) ? { version, dist } : { version, why: 'its installer left no complete binary' }
}

/**
 * Whether the binary is all there, by the marks that Electron's own installer leaves last.
 * @param {string} home folder of the package
 * @param {string} version
 */
export function isComplete(home, version) {
  try {
    const executable = readFileSync(join(home, 'path.txt'), 'utf8')
    return readFileSync(join(home, 'dist/version'), 'utf8').trim().replace(/^v/, '') === version && existsSync(join(home, 'dist', executable))
  } catch {
    return false
  }
}
