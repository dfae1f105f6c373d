import type { App, PowerMonitor } from 'electron'
import type { WalletApi } from './wallet-api.ts'
import { watchApp } from './watch-app.ts'

const CHECK_MS = 5_000

/**
 * Locks when the person is away: the system is locked, goes to sleep or changes user, or no key or pointer of theirs
 * reached a window of ours for as long as the settings say. A lock while nothing is open changes nothing.
 * @param monotonic milliseconds that only grow; while the system sleeps they may stand still, which `suspend` covers
 */
export const watchLockTriggers = (options: {
  readonly app: App
  readonly power: PowerMonitor
  readonly wallet: WalletApi
  readonly monotonic: () => number
}): (() => void) => {
  const { app, power, wallet, monotonic } = options
  let lastInput = monotonic()
  let idleMinutes = 0
  let open = false
  const touched = (): void => {
    lastInput = monotonic()
  }
  const lock = (): void => {
    if (open) void wallet.identityLock({})
  }

  app.on('web-contents-created', (_event, contents) => {
    contents.on('before-input-event', touched)
    contents.on('input-event', touched)
  })
  for (const event of ['lock-screen', 'suspend', 'user-did-resign-active'] as const) power.on(event as 'suspend', lock)
  const off = watchApp(wallet, (state) => {
    if (state.stage === 'open' && !open) touched()
    open = state.stage === 'open'
    idleMinutes = state.settings.idleLockMinutes
  })
  const timer = setInterval(() => {
    if (idleMinutes > 0 && monotonic() - lastInput >= idleMinutes * 60_000) lock()
  }, CHECK_MS)
  return () => {
    clearInterval(timer)
    off()
  }
}
