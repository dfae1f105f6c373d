import { type ApprovalCommands, approvalCommands } from '../../../contract/index.ts'
import type { GestureGate } from '../gesture-gate.ts'
import type { WalletApi } from '../wallet-api.ts'
import type { Registration } from './registrar.ts'
import type { Sender } from './sender.ts'

export interface ApprovalContext {
  readonly wallet: Pick<WalletApi, 'approvalCurrent' | 'approvalMove' | 'approvalDecide' | 'approvalUndo' | 'approvalClose'>
  readonly gate: GestureGate
  /** Puts the approval window away. */
  readonly hide: () => void
}

/**
 * The commands of the approval window, and of no other. Thin on purpose: what a decision needs is checked by the
 * registrar (sender), the gate (a hand in this very window) and the wallet (hash of the view, expiry, trust, lock).
 */
export const approvalWindowCommands = (context: ApprovalContext, from: Sender): Registration<ApprovalCommands> => {
  const { wallet, gate, hide } = context
  return {
    channels: approvalCommands,
    from,
    handlers: {
      'approval.current': (args) => wallet.approvalCurrent(args),
      'approval.move': (args) => wallet.approvalMove(args),
      'approval.decide': (args) => wallet.approvalDecide(args),
      'approval.undo': (args) => wallet.approvalUndo(args),
      'approval.close': (args) => {
        hide()
        return wallet.approvalClose(args)
      },
    },
    guards: { 'approval.decide': () => gate.check() },
  }
}
