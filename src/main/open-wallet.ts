import { kdfWorkerPath } from './core/identity/kdf-worker-path.ts'
import { nodePorts } from './core/node-ports.ts'
import type { Log } from './core/ports.ts'
import { openWallet } from './core/wallet.ts'
import type { WalletApi } from './shell/wallet-api.ts'

export interface OpenOptions {
  /** Folder that holds one folder a profile. */
  readonly home: string
  /** The profile of `--name`, null for the picker. */
  readonly name: string | null
  readonly log: Log
  /** Shown in Settings: which Electron runs. */
  readonly runtime: string
  readonly version: string
}

/** Opens the wallet for the window. */
export const openAppWallet = ({ log, ...options }: OpenOptions): Promise<WalletApi> => openWallet(nodePorts({ log, kdfWorker: kdfWorkerPath }), options)
