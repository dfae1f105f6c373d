import type { WalletApi } from './wallet-api.ts'
import { watchApp } from './watch-app.ts'

interface Reloadable {
  isDestroyed(): boolean
  reload(): void
}

/**
 * When the wallet locks, the documents start anew: what they had drawn, names and messages among it, goes with their
 * memory. Returns what ends it.
 */
export const reloadOnLock = (wallet: WalletApi, documents: readonly (() => Reloadable | null)[]): (() => void) => {
  let open = false
  return watchApp(wallet, (app) => {
    const locked = open && app.stage !== 'open'
    open = app.stage === 'open'
    if (!locked) return
    for (const document of documents) {
      const contents = document()
      if (contents !== null && !contents.isDestroyed()) contents.reload()
    }
  })
}
