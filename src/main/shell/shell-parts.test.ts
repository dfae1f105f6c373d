import { EventEmitter } from 'node:events'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { AppDto } from '../../contract/index.ts'
import { createLog, levelFrom } from '../console-log.ts'
import type { Log } from '../core/ports.ts'
import { chromiumFolder, readName } from './arguments.ts'
import { createFileTokens } from './file-tokens.ts'
import { createBucket, fits } from './ipc/limits.ts'
import { forwardApprovals, forwardPushes } from './ipc/pushes.ts'
import { createSampleWallet, sampleResults } from './ipc/samples.fixture.ts'
import { watchLockTriggers } from './lock-triggers.ts'
import { reloadOnLock } from './reload-on-lock.ts'
import { describeRuntime } from './runtime.ts'
import { methodOf } from './wallet-api.ts'
import { watchApp } from './watch-app.ts'

describe('arguments', () => {
  test.each([
    [['electron', '.'], null],
    [['electron', '.', '--name', 'alice'], 'alice'],
    [['electron', '--name=alice', '.'], 'alice'],
    [['electron', '.', '--name', 'a b'], 'a b'],
  ])('%j names %s', (args, name) => {
    expect(readName(args)).toBe(name)
  })

  test.each([[['--name']], [['--name=']], [['--name', '']], [['--name', '--other']]])('%j is refused', (args) => {
    expect(() => readName(args)).toThrow('--name wants the name')
  })

  test('any name becomes one plain folder, two names two', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }).filter((name) => name.isWellFormed()),
        fc.string({ unit: 'grapheme' }).filter((name) => name.isWellFormed()),
        (one, two) => {
          const folder = chromiumFolder('/home', one)
          expect(join(folder, '..')).toBe(join('/home', '.window'))
          expect(folder).not.toBe(chromiumFolder('/home', null))
          expect(folder === chromiumFolder('/home', two)).toBe(one === two)
        },
      ),
    )
    for (const name of ['..', '.', '../../etc', 'a/b', '\\', '\u0000']) expect(join(chromiumFolder('/home', name), '..')).toBe('/home/.window')
  })
})

describe('file tokens', () => {
  test('stand for a path, cannot be guessed, and old ones are forgotten', () => {
    let next = 0
    const tokens = createFileTokens((length) => new Uint8Array(length).fill(next++))
    const first = tokens.add('/a')
    expect(first).toBe('00'.repeat(16))
    expect(tokens.path(first)).toBe('/a')
    expect(tokens.path('/a')).toBeNull()
    for (let count = 0; count < 15; count += 1) tokens.add('/b')
    expect(tokens.path(first)).toBe('/a')
    tokens.add('/c')
    expect(tokens.path(first)).toBeNull()
  })
})

describe('limits', () => {
  test('what fits is what a schema could want', () => {
    expect(fits({ a: 'x'.repeat(100), b: [1, null, true], c: { d: new Uint8Array(50) } }, 1000)).toBe(true)
    expect(fits('x'.repeat(500), 1000)).toBe(false)
    expect(fits(new Uint8Array(1001), 1000)).toBe(false)
    expect(fits({ ['k'.repeat(600)]: 1 }, 1000)).toBe(false)
    for (const strange of [new Map(), new Set(), new Date(), new Float64Array(1), 1n, new ArrayBuffer(1), /x/]) expect(fits({ strange }, 1000)).toBe(false)
  })

  test('size is monotone: what holds something too large is too large', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.integer({ min: 0, max: 2000 }), (value, bytes) => {
        const size = JSON.stringify(value).length
        if (fits(value, bytes)) expect(size).toBeLessThanOrEqual(12 * bytes + 64)
        if (!fits(value, bytes)) expect(fits([value], bytes)).toBe(false)
      }),
    )
  })

  test('deep and wide values end the reading early', () => {
    let deep: unknown = 1
    for (let level = 0; level < 100_000; level += 1) deep = [deep]
    expect(fits(deep, 1_000_000_000)).toBe(false)
    let read = 0
    const wide = new Proxy([1, 2, 3], { get: (target, key) => (key === 'length' ? 1_000_000 : ((read += 1), Reflect.get(target, key))) })
    expect(fits(wide, 1000)).toBe(false)
    expect(read).toBeLessThan(10)
  })

  test('a bucket gives its burst, then its rate', () => {
    let now = 0
    const bucket = createBucket({ bytes: 0, burst: 3, perSecond: 2 }, () => now)
    expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([0, 0, 0])
    expect(bucket.take()).toBe(500)
    now += 499
    expect(bucket.take()).toBe(1)
    now += 1
    expect(bucket.take()).toBe(0)
    now += 60_000
    expect([bucket.take(), bucket.take(), bucket.take(), bucket.take() > 0]).toEqual([0, 0, 0, true])
  })
})

describe('pushes', () => {
  const world = () => {
    const sent: unknown[][] = []
    const errors: string[] = []
    const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: (text) => void errors.push(text) }
    const target = { destroyed: false, isDestroyed: () => target.destroyed, send: (...args: unknown[]) => void sent.push(args) }
    const sample = createSampleWallet()
    return { sent, errors, log, target, sample }
  }

  test('go to the window as they are, and end when asked', () => {
    const { sent, target, sample, log } = world()
    const end = forwardPushes(sample.wallet, () => target, log)
    sample.push('onPatch', { seq: 1, patch: { kind: 'reset' } })
    sample.push('onKdf', { fraction: 0.5 })
    expect(sent).toEqual([
      ['push.patch', { seq: 1, patch: { kind: 'reset' } }],
      ['push.kdf', { fraction: 0.5 }],
    ])
    end()
    sample.push('onKdf', { fraction: 1 })
    expect(sent.length).toBe(2)
  })

  test('that do not fit their schema are dropped and logged, without what was in them', () => {
    const { sent, errors, target, sample, log } = world()
    forwardPushes(sample.wallet, () => target, log)
    sample.push('onPatch', { seq: 1, patch: { kind: 'reset' }, privateKey: 'f00d' })
    sample.push('onKdf', { fraction: 2 })
    expect(sent).toEqual([])
    expect(errors).toEqual(['push does not fit its schema', 'push does not fit its schema'])
  })

  test('to a window that is gone or not there do nothing', () => {
    const { sent, target, sample, log } = world()
    target.destroyed = true
    forwardPushes(sample.wallet, () => target, log)
    forwardPushes(sample.wallet, () => null, log)
    sample.push('onKdf', { fraction: 0.5 })
    expect(sent).toEqual([])
  })

  test('of the approval say only that something changed', () => {
    const { sent, target, sample } = world()
    forwardApprovals(sample.wallet, () => target)
    sample.push('onApproval')
    expect(sent).toEqual([['push.approval', {}]])
    // Brought up again, it may still show what it showed when it was put away.
    sample.push('onReview')
    expect(sent).toHaveLength(2)
  })
})

describe('lock triggers', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())
  const opened = (change: Partial<AppDto>, idleLockMinutes = 1) => {
    const { app } = sampleResults['app.snapshot']
    return { seq: 1, patch: { kind: 'app', app: { ...app, ...change, settings: { ...app.settings, idleLockMinutes } } } }
  }
  const world = () => {
    const app = new EventEmitter()
    const power = new EventEmitter()
    const sample = createSampleWallet()
    const end = watchLockTriggers({ app: app as never, power: power as never, wallet: sample.wallet, monotonic: () => Date.now() })
    const contents = new EventEmitter()
    app.emit('web-contents-created', {}, contents)
    return { power, sample, end, contents, locks: () => sample.calls.filter(({ method }) => method === 'identityLock').length }
  }

  test.each(['lock-screen', 'suspend', 'user-did-resign-active'])('%s locks what is open, and only that', (name) => {
    const { power, sample, locks } = world()
    power.emit(name)
    expect(locks()).toBe(0)
    sample.push('onPatch', opened({ stage: 'open' }))
    power.emit(name)
    expect(locks()).toBe(1)
  })

  test('idle as long as the settings say, it locks; input starts the time again', () => {
    const { sample, contents, locks } = world()
    sample.push('onPatch', opened({ stage: 'open' }))
    vi.advanceTimersByTime(50_000)
    contents.emit('before-input-event')
    vi.advanceTimersByTime(55_000)
    expect(locks()).toBe(0)
    vi.advanceTimersByTime(10_000)
    expect(locks()).toBeGreaterThan(0)
  })

  test('0 minutes is never, and locked is not locked again', () => {
    const { sample, locks, end } = world()
    sample.push('onPatch', opened({ stage: 'open' }, 0))
    vi.advanceTimersByTime(10 * 3600_000)
    sample.push('onPatch', opened({ stage: 'locked' }, 1))
    vi.advanceTimersByTime(10 * 3600_000)
    expect(locks()).toBe(0)
    end()
  })
})

describe('the state of the app', () => {
  const { app } = sampleResults['app.snapshot']

  test('is told by its patch, and asked for after a reset', async () => {
    const sample = createSampleWallet()
    const stages: string[] = []
    watchApp(sample.wallet, ({ stage }) => stages.push(stage))
    sample.push('onPatch', { seq: 1, patch: { kind: 'app', app: { ...app, stage: 'locked' } } })
    sample.push('onPatch', { seq: 2, patch: { kind: 'peerGone', id: 'bob' } })
    expect(stages).toEqual(['locked'])
    sample.push('onPatch', { seq: 3, patch: { kind: 'reset' } })
    await vi.waitUntil(() => stages.length === 2)
    expect(stages).toEqual(['locked', 'open'])
  })

  test('that was asked for gives way to one told meanwhile', async () => {
    const sample = createSampleWallet()
    const stages: string[] = []
    watchApp(sample.wallet, ({ stage }) => stages.push(stage))
    sample.push('onPatch', { seq: 1, patch: { kind: 'reset' } })
    sample.push('onPatch', { seq: 2, patch: { kind: 'app', app: { ...app, stage: 'locked' } } })
    await sample.wallet.appSnapshot({})
    await Promise.resolve()
    expect(stages).toEqual(['locked'])
  })
})

describe('reload on lock', () => {
  const stage = (value: AppDto['stage']) => ({ seq: 1, patch: { kind: 'app', app: { ...sampleResults['app.snapshot'].app, stage: value } } })

  test('the documents start anew when an open wallet locks, and at no other time', () => {
    const sample = createSampleWallet()
    const reloads: string[] = []
    const document = (name: string, destroyed = false) => ({ isDestroyed: () => destroyed, reload: () => void reloads.push(name) })
    reloadOnLock(sample.wallet, [() => document('main'), () => document('gone', true), () => null, () => document('approval')])
    for (const value of ['onboarding', 'locked', 'open', 'open'] as const) sample.push('onPatch', stage(value))
    expect(reloads).toEqual([])
    sample.push('onPatch', stage('locked'))
    expect(reloads).toEqual(['main', 'approval'])
    sample.push('onPatch', stage('locked'))
    expect(reloads.length).toBe(2)
  })
})

test('a log keeps to its level and its lines', () => {
  const lines: string[] = []
  const log = createLog(
    'warn',
    (line) => lines.push(line),
    () => new Date(0),
  )
  log.info('quiet')
  log.warn('said', { name: 'x\ny' })
  expect(lines).toEqual(['1970-01-01T00:00:00.000Z warn said {"name":"x\\ny"}'])
  expect([levelFrom('debug'), levelFrom('loud'), levelFrom(undefined)]).toEqual(['debug', 'warn', 'warn'])
})

test('the fallback runtime is named as what it is', () => {
  expect(describeRuntime({ electron: '45.4.1', chrome: '150', node: '24' })).toBe('Electron 45.4.1, Chromium 150, Node 24')
  expect(describeRuntime({ electron: '25.1.1', chrome: '114', node: '18' })).toContain('not for real keys')
})

test('a channel names its method', () => {
  expect([methodOf('peer.keepKey'), methodOf('request.rejectAll'), methodOf('approval.decide')]).toEqual(['peerKeepKey', 'requestRejectAll', 'approvalDecide'])
})
