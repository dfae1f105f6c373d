import { AppFault } from './core/fault.ts'
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
  /** `COUNTERSIGN_RELAY_PORT`: port of the embedded relay for profiles that have not set one. */
  readonly relayPort: string | undefined
  /** Folder where files of sessions land: `COUNTERSIGN_DOWNLOADS`, else the platform's. */
  readonly downloads: string
  /** Speaks only the hs profile. */
  readonly hsOnly: boolean
}

const portOf = (text: string | undefined): { relayPort?: number } => {
  if (text === undefined || text === '') return {}
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new AppFault('BAD_ARGUMENT', 'COUNTERSIGN_RELAY_PORT is not a port.')
  return { relayPort: port }
}

/** Opens the wallet for the window. */
export const openAppWallet = async ({ log, relayPort, ...options }: OpenOptions): Promise<WalletApi> =>
  openWallet(nodePorts({ log, kdfWorker: kdfWorkerPath }), { ...options, ...portOf(relayPort), servesApi: true })
