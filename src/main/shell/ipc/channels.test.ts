import { beforeEach, describe, expect, test } from 'vitest'
import {
  approvalCommandNames,
  approvalCommands,
  approvalPushes,
  approvalPushNames,
  commandNames,
  commands,
  pushes,
  pushNames,
  type Result,
} from '../../../contract/index.ts'
import { AppFault } from '../../core/fault.ts'
import type { Log } from '../../core/ports.ts'
import { createGestureGate } from '../gesture-gate.ts'
import { methodOf, type ShellCommand } from '../wallet-api.ts'
import { approvalWindowCommands } from './approval.ts'
import { mainWindowCommands } from './main-window.ts'
import { createRegistrar, type IpcLike } from './registrar.ts'
import { createSampleWallet, sampleArgs, sampleResults } from './samples.fixture.ts'
import type { InvokeEventLike } from './sender.ts'

/** Every channel of the contract, through the real registrar and the real handlers, with a wallet of samples. */
type Name = keyof typeof sampleResults
const shellCommands: readonly ShellCommand[] = ['file.choose', 'window.minimize', 'window.maximize', 'window.close']
const isApproval = (name: string): boolean => name in approvalCommands
const allNames = [...commandNames, ...approvalCommandNames] as const

const documentAt = (origin: string) => ({ mainFrame: { origin, url: `${origin}/` } })
const mainContents = documentAt('app://main')
const approvalContents = documentAt('app://approval')

const setup = () => {
  const handlers = new Map<string, Parameters<IpcLike['handle']>[1]>()
  const logged: string[] = []
  const write = (level: string) => (text: string, fields?: unknown) => void logged.push(`${level} ${text} ${JSON.stringify(fields)}`)
  const log: Log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
  const sample = createSampleWallet()
  let now = 0
  const gate = createGestureGate(() => now)
  const registrar = createRegistrar({ handle: (name, listener) => void handlers.set(name, listener) }, log, () => now)
  const window = { minimize: () => {}, maximize: () => {}, unmaximize: () => {}, close: () => {}, isMaximized: () => true }
  const dialog = {
    showOpenDialog: async () => ({ canceled: false, filePaths: ['/chosen/alice.csbackup'] }),
    showSaveDialog: async () => ({ canceled: false, filePath: '/chosen/save' }),
  }
  const context = {
    wallet: sample.wallet,
    dialog: dialog as never,
    window: () => window as never,
    tokens: { add: () => '0'.repeat(32), path: (token: string) => (token === '0'.repeat(32) ? '/chosen/file' : null) },
  }
  registrar.register(mainWindowCommands(context, { origin: 'app://main', contents: () => mainContents }))
  registrar.register(approvalWindowCommands({ wallet: sample.wallet, gate, hide: () => {} }, { origin: 'app://approval', contents: () => approvalContents }))

  const call = async (event: InvokeEventLike, name: string, ...args: unknown[]): Promise<Result<unknown>> => {
    const handler = handlers.get(name)
    if (handler === undefined) throw new Error(`no handler for ${name}`)
    gate.record('mouseDown')
    return handler(event, ...args)
  }
  const honest = (name: string): InvokeEventLike => {
    const contents = isApproval(name) ? approvalContents : mainContents
    return { sender: contents, senderFrame: contents.mainFrame }
  }
  return { handlers, logged, sample, registrar, call, honest, pass: (ms: number) => (now += ms) }
}

let world: ReturnType<typeof setup>
beforeEach(() => {
  world = setup()
})
const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.error.code)

describe('the lists of channels agree', () => {
  test('names for the preloads are the schemas, in the same order', () => {
    expect([...commandNames]).toEqual(Object.keys(commands))
    expect([...approvalCommandNames]).toEqual(Object.keys(approvalCommands))
    expect([...pushNames]).toEqual(Object.keys(pushes))
    expect([...approvalPushNames]).toEqual(Object.keys(approvalPushes))
  })

  test('there is exactly one handler for each', () => {
    expect([...world.handlers.keys()].sort()).toEqual([...allNames].sort())
  })
})

describe.each(allNames.map((name) => [name] as [Name]))('%s', (name) => {
  test('valid arguments reach the wallet, and its result comes back', async () => {
    const result = await world.call(world.honest(name), name, sampleArgs()[name])
    expect(result).toEqual({ ok: true, value: sampleResults[name] })
    const methods = world.sample.calls.map(({ method }) => method)
    if (!shellCommands.some((own) => own === name)) expect(methods).toContain(methodOf(name))
  })

  test('any other sender is refused and nothing runs', async () => {
    const { sender, senderFrame } = world.honest(name)
    const other = isApproval(name) ? mainContents : approvalContents
    const own = isApproval(name) ? 'app://approval' : 'app://main'
    const twin = documentAt(own)
    const disposed = {
      get origin(): string {
        throw new Error('Render frame was disposed')
      },
      url: '',
    }
    const forged: InvokeEventLike[] = [
      { sender, senderFrame: null },
      { sender: other, senderFrame: other.mainFrame },
      { sender: other, senderFrame },
      { sender, senderFrame: other.mainFrame },
      // A frame inside the document, of the same origin.
      { sender, senderFrame: { origin: own, url: `${own}/` } },
      // Another window brought to the same document.
      { sender: twin, senderFrame: twin.mainFrame },
      { sender: twin, senderFrame },
      { sender, senderFrame: disposed },
    ]
    for (const event of forged) expect(codeOf(await world.call(event, name, sampleArgs()[name]))).toBe('FORBIDDEN')

    // The right window, brought to another document.
    const documents = [
      { origin: own, url: `${own}/?elsewhere` },
      { origin: own, url: 'about:blank' },
      { origin: 'https://example.org', url: `${own}/` },
      { origin: 'null', url: `${own}/` },
      { origin: '', url: '' },
    ]
    const contents = sender as { mainFrame: InvokeEventLike['senderFrame'] }
    const before = contents.mainFrame
    for (const mainFrame of documents) {
      contents.mainFrame = mainFrame
      expect(codeOf(await world.call({ sender, senderFrame: mainFrame }, name, sampleArgs()[name]))).toBe('FORBIDDEN')
    }
    contents.mainFrame = before
    expect(world.sample.calls).toEqual([])
    expect(world.registrar.refused.sender).toBe(forged.length + documents.length)
  })

  test('arguments that do not fit the schema are refused and nothing runs', async () => {
    const valid = sampleArgs()[name] as Record<string, unknown>
    const bad: unknown[][] = [
      [],
      [valid, valid],
      [null],
      [undefined],
      ['text'],
      [[]],
      [new Map()],
      [{ ...valid, unexpected: 1 }],
      [{ ...valid, ['__proto__x']: {} }],
      ...Object.keys(valid).flatMap((key) => [[{ ...valid, [key]: Symbol.iterator.toString() + '\u0000'.repeat(9000) }], [{ ...valid, [key]: { deep: [] } }]]),
    ]
    const optional = name === 'settings.set'
    if (!optional) for (const key of Object.keys(valid)) bad.push([Object.fromEntries(Object.entries(valid).filter(([other]) => other !== key))])
    let asked = 0
    for (const args of bad) {
      world.pass(60_000)
      expect([codeOf(await world.call(world.honest(name), name, ...args)), args]).toEqual(['BAD_ARGUMENT', args])
      asked += 1
    }
    expect(world.sample.calls).toEqual([])
    expect(world.registrar.refused.size + world.registrar.refused.arguments).toBe(asked)
  })

  test('huge and deep arguments are refused before they are looked at', async () => {
    let deep: unknown = 1
    for (let level = 0; level < 5000; level += 1) deep = { deep }
    for (const huge of [{ a: 'x'.repeat(100_000) }, { a: new Uint8Array(100_000) }, Array.from({ length: 50_000 }, () => 0), deep]) {
      world.pass(60_000)
      expect(codeOf(await world.call(world.honest(name), name, huge))).toBe('BAD_ARGUMENT')
    }
    expect(world.registrar.refused.size).toBe(4)
  })

  test('a flood is held back, and passes again after a while', async () => {
    let held = 0
    for (let count = 0; count < 100; count += 1) if (codeOf(await world.call(world.honest(name), name, sampleArgs()[name])) === 'RATE') held += 1
    expect(held).toBeGreaterThanOrEqual(40)
    world.pass(10_000)
    expect(codeOf(await world.call(world.honest(name), name, sampleArgs()[name]))).toBe('ok')
  })

  if (!shellCommands.some((own) => own === name)) {
    test('a result that does not fit the schema is not passed on', async () => {
      world.sample.answer = () => ({ secret: 'f00d' })
      const result = await world.call(world.honest(name), name, sampleArgs()[name])
      expect(codeOf(result)).toBe('INTERNAL')
      expect(JSON.stringify(result)).not.toContain('f00d')
    })

    test('a fault of the wallet is a value; any other error keeps its text inside', async () => {
      world.sample.answer = () => {
        throw new AppFault('THROTTLED', 'Wait a little.', { retryAt: 5 })
      }
      expect(await world.call(world.honest(name), name, sampleArgs()[name])).toEqual({
        ok: false,
        error: { code: 'THROTTLED', text: 'Wait a little.', retryAt: 5 },
      })
      world.sample.answer = () => {
        throw new Error('/home/alice/secret')
      }
      const result = await world.call(world.honest(name), name, sampleArgs()[name])
      expect(codeOf(result)).toBe('INTERNAL')
      expect(JSON.stringify(result)).not.toContain('secret')
    })
  }
})

test('byte arrays among the arguments are wiped when the call is over', async () => {
  for (const name of ['identity.create', 'identity.passphrase', 'identity.import'] as const) {
    const args = sampleArgs()[name] as Record<string, unknown>
    await world.call(world.honest(name), name, args)
    const arrays = Object.values(args).filter((value) => value instanceof Uint8Array)
    expect(arrays.length).toBeGreaterThan(0)
    for (const bytes of arrays) expect(bytes.every((byte) => byte === 0)).toBe(true)
  }
})

test('a decision needs a gesture of its own', async () => {
  const handler = world.handlers.get('approval.decide')
  expect(codeOf((await handler?.(world.honest('approval.decide'), sampleArgs()['approval.decide'])) as Result<unknown>)).toBe('FORBIDDEN')
  expect(world.sample.calls).toEqual([])
  expect(world.registrar.refused.guard).toBe(1)
})

test('a token that was never given out opens no file', async () => {
  const result = await world.call(world.honest('identity.restore'), 'identity.restore', { ...sampleArgs()['identity.restore'], file: 'f'.repeat(32) })
  expect(codeOf(result)).toBe('NOT_FOUND')
  expect(world.sample.calls).toEqual([])
})
