import { useEffect, useState } from 'react'
import { theBridge } from '../bridge/current.ts'

/** Progress of the key derivation, 0 to 1, while `active`; the values are those of the derivation itself. */
export function useKdf(active: boolean): number {
  const [fraction, setFraction] = useState(0)
  useEffect(() => {
    if (!active) return undefined
    setFraction(0)
    return theBridge().onKdf((push) => setFraction(push.fraction))
  }, [active])
  return fraction
}
