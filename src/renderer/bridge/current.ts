import type { Result } from '../../contract/result.ts'
import type { Args, Bridge, CommandName, Value } from './bridge.ts'

let current: Bridge | null = null

/** Sets the bridge all commands go through; called once, before the first render. */
export function installBridge(bridge: Bridge): void {
  current = bridge
}

export function theBridge(): Bridge {
  if (current === null) throw new Error('no bridge installed')
  return current
}

/**
 * Runs a command of the contract. Never rejects: a call that could not be made at all (the preload is missing, main
 * refused the sender) comes back as an error value like any other, because a screen must be able to show it.
 */
export async function call<N extends CommandName>(name: N, args: Args<N>): Promise<Result<Value<N>>> {
  try {
    return await theBridge().invoke(name, args)
  } catch {
    return { ok: false, error: { code: 'INTERNAL', text: 'The window could not reach the wallet. Lock it and open it again.' } }
  }
}
