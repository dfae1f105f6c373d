import { useCallback, useEffect, useRef, useState } from 'react'
import { theBridge } from '../../bridge/current.ts'
import { readRows, rowPage } from '../../state/connect.ts'
import { useStore } from '../../state/store.ts'
import { missingPages } from './window-of.ts'

/** How long a place in the list must hold before it is read, milliseconds. */
const settle = 80

/** Reads the rows `low` to `high` (row numbers, included) where they are missing; each page once at a time. */
export function useRows(low: number, high: number, total: number | null): { failed: boolean; again: () => void } {
  const under = useRef(new Set<number | null>())
  const [failed, setFailed] = useState(false)
  const [tries, setTries] = useState(0)
  const read = useCallback(async (before: number | null): Promise<void> => {
    if (under.current.has(before)) return
    under.current.add(before)
    const done = await readRows(theBridge(), before)
    under.current.delete(before)
    if (!done) setFailed(true)
  }, [])
  // The newest page is read anew whenever the page is opened: what witnesses a row comes later than the row.
  useEffect(() => {
    void read(null)
  }, [read])
  // biome-ignore lint/correctness/useExhaustiveDependencies: a further try reads again
  useEffect(() => {
    if (total === null || failed) return undefined
    // What only flies past while the list is dragged is not asked for.
    const timer = setTimeout(() => {
      const { rows } = useStore.getState().model.ledger
      for (const end of missingPages(low, high, total, rowPage, (seq) => rows[seq] !== undefined)) void read(end)
    }, settle)
    return () => clearTimeout(timer)
  }, [low, high, total, failed, tries, read])
  const again = (): void => {
    setFailed(false)
    setTries(tries + 1)
    if (total === null) void read(null)
  }
  return { failed, again }
}
