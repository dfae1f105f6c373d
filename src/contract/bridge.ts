import type { z } from 'zod'
import type { ApprovalCommands, ArgsOf, Commands, pushes, ResultOf } from './channels.ts'
import type { Result } from './result.ts'

export type CommandName = keyof Commands
export type ApprovalCommandName = keyof ApprovalCommands
export type PushName = keyof typeof pushes
export type PushOf<N extends PushName> = z.infer<(typeof pushes)[N]>

/**
 * What the main window's preload puts at `window.countersign`, and all that the document knows of the world outside.
 * `invoke` takes the names of `commands` only and resolves with a value also when the command failed; it rejects
 * when main could not be reached at all. Each `on` returns the function that ends the subscription.
 */
export interface Bridge {
  invoke<N extends CommandName>(name: N, args: ArgsOf<Commands[N]>): Promise<Result<ResultOf<Commands[N]>>>
  onPatch(handler: (push: PushOf<'push.patch'>) => void): () => void
  /** Progress of a key derivation, 0 to 1. */
  onKdf(handler: (push: PushOf<'push.kdf'>) => void): () => void
}

/** The same for the approval document, whose commands are others. */
export interface ApprovalBridge {
  invoke<N extends ApprovalCommandName>(name: N, args: ArgsOf<ApprovalCommands[N]>): Promise<Result<ResultOf<ApprovalCommands[N]>>>
  /** What is to be decided changed: ask for `approval.current`. */
  onApproval(handler: () => void): () => void
}
