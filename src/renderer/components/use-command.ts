import { useCallback, useState } from 'react'
import type { AppError } from '../../contract/result.ts'
import type { Args, CommandName, Value } from '../bridge/bridge.ts'
import { call } from '../bridge/current.ts'

/**
 * One command behind a button: whether it is running and how it failed last. `run` gives the value, or undefined when
 * it failed (the error is then in `error`); a second press while it runs does nothing.
 */
export function useCommand<N extends CommandName>(
  name: N,
): {
  busy: boolean
  error: AppError | null
  run: (args: Args<N>) => Promise<Value<N> | undefined>
  forget: () => void
} {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<AppError | null>(null)
  const run = useCallback(
    async (args: Args<N>): Promise<Value<N> | undefined> => {
      setBusy(true)
      setError(null)
      const answer = await call(name, args)
      setBusy(false)
      if (answer.ok) return answer.value
      setError(answer.error)
      return undefined
    },
    [name],
  )
  const forget = useCallback(() => setError(null), [])
  return { busy, error, run, forget }
}
