// @ts-check
/** A display for windows: the one that is there, or a virtual one of our own (Xvfb) for the time of a run. */
import { spawn } from 'node:child_process'
import { killGroup, killWithUs } from './child-process.mjs'

const SCREEN = '1600x1200x24'
const START_LIMIT_MS = 15_000

/**
 * Resolves with what to add to the environment and with what ends the virtual display again. Xvfb chooses a free
 * display number by itself, so runs side by side do not meet.
 * @returns {Promise<{ env: Record<string, string>, close: () => void }>}
 */
export async function openDisplay() {
  if (process.platform !== 'linux' || process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY']) return { env: {}, close: () => {} }
  const server = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', SCREEN, '-nolisten', 'tcp', '-noreset'], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  const release = killWithUs(server)
  const number = await new Promise((resolve, reject) => {
    let told = ''
    let said = ''
    const late = setTimeout(() => reject(new Error(`Xvfb did not start within ${START_LIMIT_MS / 1000} s. ${said}`)), START_LIMIT_MS)
    server.stdio[3]?.on('data', (text) => {
      told += text
      if (!told.includes('\n')) return
      clearTimeout(late)
      resolve(told.trim())
    })
    server.stderr?.on('data', (text) => (said += text))
    server.on('error', (error) => reject(new Error(`Xvfb cannot be started: ${error.message}`)))
    server.on('exit', (code) => reject(new Error(`Xvfb ended with ${code}. ${said}`)))
  })
  return {
    env: { DISPLAY: `:${number}` },
    close: () => {
      release()
      killGroup(server.pid)
    },
  }
}
