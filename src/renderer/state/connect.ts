import type { Bridge, Push } from '../bridge/bridge.ts'
import { applyPatch, emptyModel, fromSnapshot, withPage, withRows } from './model.ts'
import { useStore } from './store.ts'

/**
 * Keeps the store in step with the core: one snapshot, then patches. A missing sequence number or a `reset` asks for
 * the snapshot again; patches that arrive meanwhile wait and are applied if they are newer than it.
 * Returns the function that ends it.
 */
export function connect(bridge: Bridge): () => void {
  let stopped = false
  let loading = false
  let waiting: Push[] = []

  const take = (push: Push): void => {
    const { model } = useStore.getState()
    if (push.seq <= model.seq) return
    if (push.seq !== model.seq + 1) {
      waiting = [push]
      void load()
      return
    }
    const next = applyPatch(model, push.seq, push.patch)
    useStore.setState({ model: next })
    if (push.patch.kind === 'reset') void load()
  }

  const load = async (): Promise<void> => {
    if (loading) return
    loading = true
    const answer = await bridge.invoke('app.snapshot', {}).catch(() => unreachable)
    if (stopped) return
    loading = false
    if (!answer.ok) {
      waiting = []
      useStore.setState({ model: emptyModel, ready: false, fault: answer.error })
      return
    }
    useStore.setState({ model: fromSnapshot(answer.value), ready: true, fault: null })
    const late = waiting
    waiting = []
    for (const push of late) {
      if (loading) waiting.push(push)
      else take(push)
    }
  }

  const off = bridge.onPatch((push) => {
    if (stopped) return
    if (loading) waiting.push(push)
    else take(push)
  })
  void load()
  return () => {
    stopped = true
    off()
  }
}

/** Main could not be reached at all. */
const unreachable = { ok: false, error: { code: 'INTERNAL', text: 'The window could not reach the wallet.' } } as const

/** Reads a page of a conversation, the newest or the one before `before`, into the store. */
export async function readMessages(bridge: Bridge, peer: string, before: number | null): Promise<boolean> {
  const answer = await bridge.invoke('session.messages', { peer, before }).catch(() => unreachable)
  if (!answer.ok) return false
  useStore.setState((state) => ({ model: withPage(state.model, peer, answer.value) }))
  return true
}

/** Rows of the own ledger that are read at once. */
export const rowPage = 200

/** Reads the page of the own ledger whose rows end before `before` (the newest for null) into the store. */
export async function readRows(bridge: Bridge, before: number | null): Promise<boolean> {
  const asked = { before, limit: rowPage }
  const answer = await bridge.invoke('ledger.rows', { ...asked, session: null }).catch(() => unreachable)
  if (!answer.ok) return false
  useStore.setState((state) => ({ model: withRows(state.model, answer.value, asked) }))
  return true
}
