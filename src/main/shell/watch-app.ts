import type { AppDto } from '../../contract/index.ts'
import type { WalletApi } from './wallet-api.ts'

/**
 * Calls with the state of the app whenever it may have changed, told or asked for (a `reset` tells nothing). Returns
 * what ends it.
 */
export const watchApp = (wallet: WalletApi, changed: (app: AppDto) => void): (() => void) => {
  let newest = 0
  return wallet.onPatch(({ seq, patch }) => {
    if (patch.kind !== 'app' && patch.kind !== 'reset') return
    newest = seq
    if (patch.kind === 'app') changed(patch.app)
    else void ask(seq)
  })

  async function ask(seq: number): Promise<void> {
    const { app } = await wallet.appSnapshot({})
    // Meanwhile something newer may have been told.
    if (seq === newest) changed(app)
  }
}
