import { describe, expect, it, vi } from 'vitest'
import { approvalCommandNames } from '../../../contract/channel-names.ts'
import type { Result } from '../../../contract/result.ts'
import { createGestureGate } from '../gesture-gate.ts'
import { approvalWindowCommands } from './approval.ts'
import { createRegistrar } from './registrar.ts'
import type { InvokeEventLike } from './sender.ts'

const frame = (origin: string) => ({ url: `${origin}/`, origin })
const decision = { requestId: 'r1', viewHash: '0'.repeat(64), decision: 'approve', scope: 'step', uncompared: false, reason: null }

const world = () => {
  const clock = { now: 1000 }
  const window = { mainFrame: frame('app://approval') }
  const handlers = new Map<string, (event: InvokeEventLike, ...args: unknown[]) => Promise<Result<unknown>>>()
  const wallet = {
    approvalCurrent: vi.fn(() => ({ approval: null, selfName: 'alice' })),
    approvalMove: vi.fn(() => ({})),
    approvalDecide: vi.fn(() => ({ undoUntil: null })),
    approvalUndo: vi.fn(() => ({})),
    approvalClose: vi.fn(() => ({})),
  }
  const hide = vi.fn()
  const gate = createGestureGate(() => clock.now)
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  const registrar = createRegistrar({ handle: (name, listener) => void handlers.set(name, listener) }, silent, () => clock.now)
  registrar.register(approvalWindowCommands({ wallet, gate, hide }, { origin: 'app://approval', contents: () => window }))
  const call = (name: string, args: unknown, event: InvokeEventLike = { senderFrame: window.mainFrame, sender: window }) => handlers.get(name)?.(event, args)
  return { clock, window, wallet, hide, gate, handlers, call }
}

describe('commands of the approval window', () => {
  it('has a handler for each channel of the contract', () => {
    expect([...world().handlers.keys()].sort()).toEqual([...approvalCommandNames].sort())
  })

  it('takes a decision only right after an input event of that window, and one for one', async () => {
    const { call, gate, clock, wallet } = world()
    expect(await call('approval.decide', decision)).toMatchObject({ ok: false, error: { code: 'FORBIDDEN' } })
    gate.record('mouseUp')
    clock.now += 1000
    expect(await call('approval.decide', decision)).toMatchObject({ ok: false, error: { code: 'FORBIDDEN' } })
    expect(wallet.approvalDecide).not.toHaveBeenCalled()
    gate.record('mouseUp')
    expect(await call('approval.decide', decision)).toEqual({ ok: true, value: { undoUntil: null } })
    expect(await call('approval.decide', decision)).toMatchObject({ ok: false, error: { code: 'FORBIDDEN' } })
    expect(wallet.approvalDecide).toHaveBeenCalledTimes(1)
  })

  it('takes nothing from anybody else, gesture or not, and a forged call does not use the gesture up', async () => {
    const { call, gate, wallet, window } = world()
    const main = { mainFrame: frame('app://main') }
    const forged: Record<string, InvokeEventLike> = {
      'the main window': { senderFrame: main.mainFrame, sender: main },
      'the main window under our origin': { senderFrame: frame('app://approval'), sender: { mainFrame: frame('app://approval') } },
      'a frame inside our window': { senderFrame: frame('app://approval'), sender: window },
      'a frame that is gone': { senderFrame: null, sender: window },
    }
    gate.record('mouseUp')
    for (const name of approvalCommandNames)
      for (const [who, event] of Object.entries(forged))
        expect(await call(name, decision, event), `${name} from ${who}`).toMatchObject({ ok: false, error: { code: 'FORBIDDEN' } })
    expect(wallet.approvalDecide).not.toHaveBeenCalled()
    expect(await call('approval.decide', decision)).toMatchObject({ ok: true })
  })

  it('refuses a decision that is not exactly of the contract', async () => {
    for (const bad of [{ ...decision, viewHash: 'x' }, { ...decision, decision: 'yes' }, { ...decision, more: 1 }, { ...decision, scope: 'all' }, null]) {
      const { call, gate, wallet } = world()
      gate.record('mouseUp')
      expect(await call('approval.decide', bad)).toMatchObject({ ok: false, error: { code: 'BAD_ARGUMENT' } })
      expect(wallet.approvalDecide).not.toHaveBeenCalled()
    }
  })

  it('puts the window away at close, deciding nothing', async () => {
    const { call, hide, wallet } = world()
    expect(await call('approval.close', {})).toMatchObject({ ok: true })
    expect(hide).toHaveBeenCalledTimes(1)
    expect(wallet.approvalDecide).not.toHaveBeenCalled()
  })
})
