import type { ApprovalCommandName, ApprovalCommands, ArgsOf, CommandName, Commands, PushOf, ResultOf } from '../../contract/index.ts'

/** Commands that the shell answers by itself, because they are about windows and dialogs only. */
export type ShellCommand = 'file.choose' | 'window.minimize' | 'window.maximize' | 'window.close'
export type WalletCommand = Exclude<CommandName, ShellCommand>

type MethodName<N extends string> = N extends `${infer Area}.${infer Verb}` ? `${Area}${Capitalize<Verb>}` : never
/** A result now or later; nothing at all where the channel's result is the empty object. */
export type Answer<T> = T extends Record<string, never> ? T | void | Promise<T | void> : T | Promise<T>

/**
 * Where the renderer names no path, the wallet needs one: the person chose it in a dialog of main (`path`, absolute).
 */
type WalletArgs<N extends WalletCommand> = N extends 'identity.backup' | 'identity.export' | 'audit.save'
  ? ArgsOf<Commands[N]> & { readonly path: string }
  : N extends 'identity.restore' | 'identity.import' | 'session.sendFile' | 'audit.file'
    ? Omit<ArgsOf<Commands[N]>, 'file'> & { readonly path: string }
    : ArgsOf<Commands[N]>

type WalletCommands = { readonly [N in WalletCommand as MethodName<N>]: (args: WalletArgs<N>) => Answer<ResultOf<Commands[N]>> }
type WalletApprovals = { readonly [N in ApprovalCommandName as MethodName<N>]: (args: ArgsOf<ApprovalCommands[N]>) => Answer<ResultOf<ApprovalCommands[N]>> }

/**
 * What the shell needs of the wallet: a method for each channel of the contract, named after it (`peer.propose` is
 * `peerPropose`, `approval.decide` is `approvalDecide`), with the channel's arguments and result. A command that
 * fails throws or rejects with an AppFault. Byte arrays among the arguments are wiped when the method has settled:
 * keep none of them. Each `on` returns the function that ends the subscription.
 */
export interface WalletApi extends WalletCommands, WalletApprovals {
  onPatch(listener: (push: PushOf<'push.patch'>) => void): () => void
  /** Progress of a key derivation, 0 to 1. */
  onKdf(listener: (push: PushOf<'push.kdf'>) => void): () => void
  /** The approval on top of the queue, or anything `approval.current` would return, changed. */
  onApproval(listener: () => void): () => void
  /** The person should see the approval window now: by `request.review`, or because a wanted step came to decide. */
  onReview(listener: () => void): () => void
  /** Locks, closes the database and the connections. Nothing is called after it. */
  close(): Promise<void>
}

/** The wallet's method for a channel. */
export const methodOf = <N extends CommandName | ApprovalCommandName>(name: N): MethodName<N> =>
  name.replace(/[.](.)/, (_dot, letter: string) => letter.toUpperCase()) as MethodName<N>
