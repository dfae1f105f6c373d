import { app, dialog, ipcMain, Menu, powerMonitor, session } from 'electron'
import type { Log } from '../core/ports.ts'
import { appOrigin, readAppFiles, serveApp } from './app-protocol.ts'
import { createApprovalWindow } from './approval-window.ts'
import { createFileTokens } from './file-tokens.ts'
import { approvalWindowCommands } from './ipc/approval.ts'
import { mainWindowCommands } from './ipc/main-window.ts'
import { forwardApprovals, forwardPushes } from './ipc/pushes.ts'
import { createRegistrar } from './ipc/registrar.ts'
import { watchLockTriggers } from './lock-triggers.ts'
import { reloadOnLock } from './reload-on-lock.ts'
import type { WalletApi } from './wallet-api.ts'
import { type MainWindow, openMainWindow } from './windows.ts'

export interface ShellOptions {
  readonly wallet: WalletApi
  readonly log: Log
  /** The profile of `--name`, null without one. */
  readonly name: string | null
  /** Absolute path of the build's output. */
  readonly outFolder: string
  /** Handed in, because the shell does no cryptography. */
  readonly sha256Hex: (bytes: Uint8Array) => string
  readonly randomBytes: (length: number) => Uint8Array
  /** Milliseconds that only grow. */
  readonly monotonic: () => number
}

/** Everything with a window, around a wallet that is open: called once, when the app is ready. */
export const openShell = (options: ShellOptions): MainWindow => {
  const { wallet, log, name, outFolder, monotonic } = options
  const devTools = !app.isPackaged
  // The window draws its own title bar; an application menu would bring reload and developer tools back.
  Menu.setApplicationMenu(null)
  watchLockTriggers({ app, power: powerMonitor, wallet, monotonic })
  serveApp(session.defaultSession, readAppFiles(outFolder, options.sha256Hex), log)

  // Handlers first: a document may call as soon as it runs.
  let window: MainWindow | null = null
  const current = () => window?.current() ?? null
  const contents = () => current()?.webContents ?? null
  const approval = createApprovalWindow({ outFolder, devTools, parent: current, monotonic, onHidden: () => void wallet.approvalClose({}) })
  const registrar = createRegistrar(ipcMain, log, monotonic)
  registrar.register(
    mainWindowCommands({ wallet, dialog, window: current, tokens: createFileTokens(options.randomBytes) }, { origin: appOrigin('main'), contents }),
  )
  registrar.register(
    approvalWindowCommands({ wallet, gate: approval.gate, hide: approval.hide }, { origin: appOrigin('approval'), contents: approval.contents }),
  )
  forwardPushes(wallet, contents, log)
  forwardApprovals(wallet, approval.contents)
  reloadOnLock(wallet, [contents, approval.contents])
  wallet.onReview(approval.review)

  app.on('before-quit', approval.release)
  app.on('window-all-closed', () => app.quit())
  app.on('will-quit', (event) => {
    event.preventDefault()
    // exit, not quit: a quit asked for while this event is still being handled is ignored.
    void wallet
      .close()
      .catch((error: unknown) => log.error('close failed', { error: String(error) }))
      .finally(() => app.exit(0))
  })

  window = openMainWindow({ outFolder, devTools, title: name === null ? 'Countersign' : `${name} · Countersign` })
  return window
}
