import { approvalPushes, pushes } from '../../../contract/index.ts'
import type { Log } from '../../core/ports.ts'
import type { WalletApi } from '../wallet-api.ts'

interface Target {
  isDestroyed(): boolean
  send(name: string, value: unknown): void
}

/**
 * Sends the wallet's pushes to the main window. A push that does not fit its schema is dropped and logged: the gap in
 * `seq` makes the window ask for the snapshot, whose schema is checked as well. Returns what ends it.
 */
export const forwardPushes = (wallet: WalletApi, target: () => Target | null, log: Log): (() => void) => {
  const send = (name: keyof typeof pushes, value: unknown): void => {
    const contents = target()
    if (contents === null || contents.isDestroyed()) return
    const parsed = pushes[name].safeParse(value)
    if (parsed.success) contents.send(name, parsed.data)
    else log.error('push does not fit its schema', { name, issues: parsed.error.issues.map(({ path, code }) => `${path.join('.')}: ${code}`) })
  }
  const ends = [wallet.onPatch((push) => send('push.patch', push)), wallet.onKdf((push) => send('push.kdf', push))]
  return () => {
    for (const end of ends) end()
  }
}

/**
 * Tells the approval window that what it shows may have changed, also when it is brought up again: after unlocking it
 * still shows that nothing waits. It then asks. Returns what ends it.
 */
export const forwardApprovals = (wallet: Pick<WalletApi, 'onApproval' | 'onReview'>, target: () => Target | null): (() => void) => {
  const tell = (): void => {
    const contents = target()
    if (contents !== null && !contents.isDestroyed()) contents.send('push.approval', approvalPushes['push.approval'].parse({}))
  }
  const ends = [wallet.onApproval(tell), wallet.onReview(tell)]
  return () => {
    for (const end of ends) end()
  }
}
