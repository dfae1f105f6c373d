import { join } from 'node:path'
import { app, dialog, protocol } from 'electron'
import { createLog, levelFrom } from './console-log.ts'
import { sha256Hex } from './core/crypto/hash.ts'
import { toAppError } from './core/fault.ts'
import { systemClock, systemRandom } from './core/node-ports.ts'
import { openAppWallet } from './open-wallet.ts'
import { registerAppScheme } from './shell/app-protocol.ts'
import { chromiumFolder, readHsOnly, readName } from './shell/arguments.ts'
import { hardenApp } from './shell/harden.ts'
import { openShell } from './shell/open-shell.ts'
import { describeRuntime } from './shell/runtime.ts'
import { claimInstance } from './shell/single-instance.ts'
import type { MainWindow } from './shell/windows.ts'

const log = createLog(levelFrom(process.env['COUNTERSIGN_LOG']), console.error, () => new Date())
let window: MainWindow | null = null

const stop = (code: number, text: string): void => {
  console.error(`countersign: ${text}`)
  app.exit(code)
}

const start = async (home: string, name: string | null): Promise<void> => {
  await app.whenReady()
  const wallet = await openAppWallet({
    home,
    name,
    log,
    version: app.getVersion(),
    runtime: describeRuntime(process.versions),
    relayPort: process.env['COUNTERSIGN_RELAY_PORT'],
    hsOnly: readHsOnly(process.argv),
    downloads: process.env['COUNTERSIGN_DOWNLOADS'] ?? app.getPath('downloads'),
  })
  window = openShell({ wallet, log, name, outFolder: join(__dirname, '..'), sha256Hex, randomBytes: systemRandom.bytes, monotonic: systemClock.monotonic })
}

try {
  const name = readName(process.argv)
  const home = process.env['COUNTERSIGN_HOME'] ?? app.getPath('userData')
  app.setPath('userData', chromiumFolder(home, name))
  registerAppScheme(protocol)
  hardenApp(app, log)
  if (!claimInstance(app, () => window?.show())) stop(4, `IN_USE: Countersign is open already${name === null ? '' : ` for ${name}`}.`)
  else {
    start(home, name).catch((error: unknown) => {
      log.error('start failed', { error: error instanceof Error ? error.stack : String(error) })
      const { code, text } = toAppError(error)
      // Said first: the dialog waits for a hand, and there may be none.
      console.error(`countersign: ${code}: ${text}`)
      dialog.showErrorBox('Countersign cannot start', text)
      app.exit(code === 'IN_USE' ? 4 : 70)
    })
  }
} catch (error) {
  stop(2, `USAGE: ${error instanceof Error ? error.message : String(error)}`)
}
