import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Snapshot } from '../../contract/dto.ts'
import type { Bridge, Push } from '../bridge/bridge.ts'
import { app, snapshot } from '../gallery/data.ts'
import { connect, readMessages } from './connect.ts'
import { emptyModel } from './model.ts'
import { useStore } from './store.ts'

/** A bridge whose snapshots are answered by hand. */
function rig(): {
  bridge: Bridge
  push: (push: Push) => void
  answer: (snapshot: Snapshot) => Promise<void>
  refuse: () => Promise<void>
  asked: () => number
} {
  let handler: (push: Push) => void = () => undefined
  const open: ((value: unknown) => void)[] = []
  let asked = 0
  const invoke = vi.fn(async () => {
    asked += 1
    return new Promise((resolve) => open.push(resolve))
  })
  const flush = async (): Promise<void> => {
    for (let i = 0; i < 5; i += 1) await Promise.resolve()
  }
  return {
    bridge: {
      invoke: invoke as unknown as Bridge['invoke'],
      onPatch: (given) => {
        handler = given
        return () => {
          handler = () => undefined
        }
      },
      onKdf: () => () => undefined,
    },
    push: (push) => handler(push),
    answer: async (value) => {
      open.shift()?.({ ok: true, value })
      await flush()
    },
    refuse: async () => {
      open.shift()?.({ ok: false, error: { code: 'FORBIDDEN', text: 'no' } })
      await flush()
    },
    asked: () => asked,
  }
}
const appPatch = (seq: number, waiting: number): Push => ({ seq, patch: { kind: 'app', app: { ...app, waiting } } })
const waiting = (): number | undefined => useStore.getState().model.app?.waiting

describe('keeping in step with the core', () => {
  beforeEach(() => useStore.setState({ model: emptyModel, ready: false, fault: null }))

  it('applies patches that follow the snapshot, and ignores those it already contains', async () => {
    const { bridge, push, answer, asked } = rig()
    connect(bridge)
    await answer(snapshot)
    push(appPatch(7, 99))
    expect(waiting()).toBe(4)
    push(appPatch(8, 5))
    expect(waiting()).toBe(5)
    expect(asked()).toBe(1)
  })

  it('holds patches back while the snapshot is on its way', async () => {
    const { bridge, push, answer } = rig()
    connect(bridge)
    push(appPatch(6, 1))
    push(appPatch(7, 2))
    push(appPatch(8, 3))
    expect(waiting()).toBeUndefined()
    await answer(snapshot)
    expect(waiting()).toBe(3)
    expect(useStore.getState().model.seq).toBe(8)
  })

  it('asks for the snapshot again after a gap, and loses nothing that came meanwhile', async () => {
    const { bridge, push, answer, asked } = rig()
    connect(bridge)
    await answer(snapshot)
    push(appPatch(9, 70))
    expect(waiting()).toBe(4)
    push(appPatch(10, 71))
    expect(asked()).toBe(2)
    await answer({ ...snapshot, seq: 9, app: { ...app, waiting: 70 } })
    expect(waiting()).toBe(71)
    expect(asked()).toBe(2)
  })

  it('asks once more when what waited does not fit either', async () => {
    const { bridge, push, answer, asked } = rig()
    connect(bridge)
    push(appPatch(12, 50))
    await answer(snapshot)
    expect(asked()).toBe(2)
    await answer({ ...snapshot, seq: 11 })
    expect(waiting()).toBe(50)
  })

  it('is empty at once on a reset, then as the new snapshot says', async () => {
    const { bridge, push, answer, asked } = rig()
    connect(bridge)
    await answer(snapshot)
    push({ seq: 8, patch: { kind: 'reset' } })
    expect(useStore.getState().model.peers).toEqual([])
    expect(useStore.getState().model.app).toBeNull()
    expect(asked()).toBe(2)
    await answer({ ...snapshot, seq: 8, app: { ...app, stage: 'locked' } })
    expect(useStore.getState().model.app?.stage).toBe('locked')
    expect(useStore.getState().model.peers).toEqual([])
  })

  it('shows why there is no snapshot', async () => {
    const { bridge, refuse } = rig()
    connect(bridge)
    await refuse()
    expect(useStore.getState().fault?.code).toBe('FORBIDDEN')
    expect(useStore.getState().ready).toBe(false)
  })

  it('does nothing after it was ended', async () => {
    const { bridge, push, answer } = rig()
    const end = connect(bridge)
    await answer(snapshot)
    end()
    push(appPatch(8, 5))
    expect(waiting()).toBe(4)
  })

  it('reads no page of messages into a locked wallet', async () => {
    useStore.setState({ model: { ...emptyModel, app: { ...app, stage: 'locked' } } })
    const bridge = { invoke: async () => ({ ok: true, value: { messages: [], more: true } }) } as unknown as Bridge
    expect(await readMessages(bridge, 'x', null)).toBe(true)
    expect(useStore.getState().model.conversations).toEqual({})
  })
})
