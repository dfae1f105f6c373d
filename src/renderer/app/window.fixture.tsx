import { cleanup, render, waitFor } from '@testing-library/react'
import { afterEach, beforeAll, beforeEach, expect, vi } from 'vitest'
import { commands } from '../../contract/channels.ts'
import type { Snapshot } from '../../contract/dto.ts'
import type { Bridge, Push } from '../bridge/bridge.ts'
import { installBridge } from '../bridge/current.ts'
import { emptyModel } from '../state/model.ts'
import { useStore } from '../state/store.ts'
import { useUi } from '../state/ui.ts'
import { App } from './app.tsx'

interface Call {
  readonly name: string
  readonly args: Record<string, unknown>
}
let calls: Call[] = []
let handler: (push: Push) => void = () => undefined

/** What the core answers, by command; an empty value where nothing is given. Empty before each test. */
export const answers: Record<string, (args: Record<string, unknown>) => unknown> = {}

/** Sends a patch, as the core would. */
export const push = (one: Push): void => handler(one)

/** Opens the window on a snapshot. Each command's arguments are checked against the contract as main would. */
export async function open(start: Snapshot): Promise<void> {
  const bridge = {
    invoke: vi.fn(async (name: keyof typeof commands, args: Record<string, unknown>) => {
      // A copy, as crossing the bridge makes one: what the window wipes afterwards must not be what we look at. (And
      // jsdom's TextEncoder makes arrays of another realm.)
      const copy = Object.fromEntries(
        Object.entries(args).map(([key, value]) => [key, ArrayBuffer.isView(value) ? Uint8Array.from(value as Uint8Array) : value]),
      )
      const checked = commands[name].args.safeParse(copy)
      calls.push({ name, args: copy })
      if (!checked.success) return { ok: false, error: { code: 'BAD_ARGUMENT', text: `${name}: ${checked.error.message}` } }
      if (name === 'app.snapshot') return { ok: true, value: start }
      const answer = answers[name]
      return answer === undefined ? { ok: true, value: {} } : answer(args)
    }),
    onPatch: (given: (push: Push) => void) => {
      handler = given
      return () => undefined
    },
    onKdf: () => () => undefined,
  }
  installBridge(bridge as unknown as Bridge)
  render(<App />)
  await waitFor(() => expect(useStore.getState().ready).toBe(true))
}
/** Arguments of each call of a command so far. */
export const called = (name: string): Record<string, unknown>[] => calls.filter((call) => call.name === name).map((call) => call.args)
/** To be called once at the top of a test file: a fresh window before each test. */
export function freshWindow(): void {
  beforeAll(() => {
    vi.stubGlobal(
      'ResizeObserver',
      class {
        observe(): void {}
        unobserve(): void {}
        disconnect(): void {}
      },
    )
    // jsdom has the element and not its methods.
    HTMLDialogElement.prototype.showModal = function showModal() {
      this.open = true
    }
    HTMLDialogElement.prototype.close = function close() {
      this.open = false
    }
  })
  beforeEach(() => {
    calls = []
    for (const name of Object.keys(answers)) delete answers[name]
    localStorage.clear()
    useStore.setState({ model: emptyModel, ready: false, fault: null })
    useUi.setState(useUi.getInitialState(), true)
  })
  afterEach(cleanup)
}
