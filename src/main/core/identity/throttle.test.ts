import { beforeEach, describe, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../crypto/bytes.ts'
import type { AppFault } from '../fault.ts'
import { type TestPorts, testPorts } from './ports.fixture.ts'
import { delayAfter } from './throttle.ts'
import { openVault, type Vault } from './vault.ts'

const HOME = '/home'
const FILE = `${HOME}/alice/throttle.json`
const BOOT = '/proc/sys/kernel/random/boot_id'
const right = utf8('the right passphrase')
const wrong = utf8('a wrong passphrase')
const HOUR = 3_600_000

let ports: TestPorts
let vault: Vault
const restart = (): void => {
  vault = openVault(ports, HOME)
}
const boot = (id: number): void => {
  ports.disk.put(BOOT, `${String(id).padStart(8, '0')}-1111-4111-8111-111111111111\n`)
  ports.clock.mono = 1
  restart()
}
const code = (passphrase = wrong): Promise<string> =>
  vault.unlock({ name: 'alice', passphrase }).then(
    () => 'opened',
    (error: AppFault) => error.code,
  )
const fail = async (times: number): Promise<void> => {
  for (let i = 0; i < times; i += 1) {
    const { retryAt } = vault.throttle('alice')
    if (retryAt !== null) ports.clock.pass(retryAt - ports.clock.now())
    expect(await code()).toBe('WRONG_PASSPHRASE')
  }
}

beforeEach(async () => {
  ports = testPorts()
  ports.disk.put(BOOT, '00000000-1111-4111-8111-111111111111\n')
  restart()
  await vault.create({ name: 'alice', passphrase: right })
})

describe('waits', () => {
  it('five are free, then 1 s doubling to 5 min', async () => {
    expect([0, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 1000].map(delayAfter)).toEqual([0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((s) => s * 1000))
    for (let n = 1; n <= 16; n += 1) {
      expect(await code()).toBe('WRONG_PASSPHRASE')
      const { failures, retryAt } = vault.throttle('alice')
      expect(failures).toBe(n)
      expect(retryAt).toBe(delayAfter(n) === 0 ? null : ports.clock.now() + delayAfter(n))
      if (retryAt === null) continue
      ports.clock.pass(delayAfter(n) - 1)
      expect(await code(right)).toBe('THROTTLED')
      ports.clock.pass(1)
    }
  })
  it('a refused attempt derives nothing, does not count, and says when', async () => {
    await fail(6)
    const asked = ports.kdf.asked.length
    const before = vault.throttle('alice')
    await expect(vault.unlock({ name: 'alice', passphrase: right })).rejects.toMatchObject({
      code: 'THROTTLED',
      retryAt: before.retryAt,
      message: expect.stringContaining('2 seconds') as string,
    })
    await expect(vault.changePassphrase({ name: 'alice', old: right, next: utf8('some new passphrase') })).rejects.toMatchObject({ code: 'THROTTLED' })
    await expect(vault.unlockWithRecovery({ name: 'alice', passphrase: right })).rejects.toMatchObject({ code: 'THROTTLED' })
    expect(vault.throttle('alice')).toEqual(before)
    expect(ports.kdf.asked).toHaveLength(asked)
  })
  it('the right passphrase after the wait clears the count', async () => {
    await fail(7)
    ports.clock.pass(4000)
    expect(await code(right)).toBe('opened')
    expect(vault.throttle('alice')).toEqual({ failures: 0, retryAt: null })
  })
  it('counts each way in: unlocking, changing the passphrase, opening the recovery seed', async () => {
    await code()
    await vault.changePassphrase({ name: 'alice', old: wrong, next: right }).catch(() => {})
    await vault.unlockWithRecovery({ name: 'alice', passphrase: wrong }).catch(() => {})
    expect(vault.throttle('alice').failures).toBe(3)
  })
  it('profiles wait apart', async () => {
    await vault.create({ name: 'bob', passphrase: right })
    await fail(6)
    expect(vault.throttle('bob')).toEqual({ failures: 0, retryAt: null })
    await expect(vault.unlock({ name: 'bob', passphrase: right })).resolves.toBeDefined()
  })
  it('parallel guesses go one at a time and share one count', async () => {
    const codes = await Promise.all(Array.from({ length: 12 }, () => code()))
    expect(codes).toEqual([...Array<string>(5).fill('WRONG_PASSPHRASE'), ...Array<string>(7).fill('THROTTLED')])
    expect(ports.kdf.mostActive).toBe(1)
    expect(vault.throttle('alice').failures).toBe(5)
  })
})

describe('restarts and clocks', () => {
  it('survives a restart of the app', async () => {
    await fail(6)
    const before = vault.throttle('alice')
    restart()
    expect(vault.throttle('alice')).toEqual(before)
    expect(await code(right)).toBe('THROTTLED')
  })
  it('killing the process while a guess is being derived does not make the guess free', async () => {
    await fail(4)
    const real = ports.kdf.scrypt
    let reached: () => void = () => {}
    const deriving = new Promise<void>((resolve) => {
      reached = resolve
    })
    ports.kdf.scrypt = () => {
      reached()
      return new Promise(() => {}) // the process dies here
    }
    void code()
    await deriving
    ports.kdf.scrypt = real
    restart()
    expect(vault.throttle('alice').failures).toBe(5)
    expect(await code(right)).toBe('THROTTLED')
  })
  it('moving the wall clock, either way, changes no wait while the machine runs', async () => {
    await fail(9) // 16 s
    for (const jump of [-10 * HOUR, 20 * HOUR, -HOUR]) {
      ports.clock.wall += jump
      expect(await code(right), `jump ${jump}`).toBe('THROTTLED')
      restart()
      expect(await code(right), `restart after ${jump}`).toBe('THROTTLED')
    }
    ports.clock.pass(15_999)
    expect(await code(right)).toBe('THROTTLED')
    ports.clock.pass(1)
    expect(await code(right)).toBe('opened')
  })
  it('after a restart of the machine the wall clock counts; set back, the wait starts again but ends', async () => {
    await fail(9)
    ports.clock.wall -= 1000 * HOUR
    boot(2)
    expect(await code(right)).toBe('THROTTLED')
    expect(vault.throttle('alice').retryAt).toBe(ports.clock.now() + 16_000)
    ports.clock.pass(16_000)
    expect(await code(right)).toBe('opened')
  })
  it('after a restart of the machine time that really passed counts', async () => {
    await fail(9)
    ports.clock.pass(16_000)
    boot(3)
    expect(vault.throttle('alice')).toEqual({ failures: 9, retryAt: null })
    expect(await code(right)).toBe('opened')
  })
  it('without a boot id the wall clock counts across restarts, and setting it back gains nothing', async () => {
    ports.disk.failOn(BOOT, 'ENOENT')
    restart()
    await fail(7)
    restart()
    ports.clock.wall -= 5000
    expect(await code(right)).toBe('THROTTLED')
    restart()
    ports.clock.wall -= 5000
    expect(await code(right)).toBe('THROTTLED')
    ports.clock.pass(4000)
    expect(await code(right)).toBe('opened')
  })
})

describe('the file', () => {
  it('holds no secret and is small', async () => {
    await fail(3)
    expect(Object.keys(JSON.parse(fromUtf8(ports.files.read(FILE))) as object).sort()).toEqual(['clock', 'failures', 'monoAt', 'v', 'wallAt'])
  })
  it.each([
    '',
    'rubbish',
    '{}',
    '{"v":1,"failures":-5,"wallAt":0,"monoAt":0,"clock":"x"}',
    '{"v":1,"failures":1e999,"wallAt":0,"monoAt":0,"clock":"x"}',
    '[]',
    'null',
  ])('damaged (%j): no free attempts, no lock-out', async (content) => {
    ports.disk.put(FILE, content)
    expect(await code(right)).toBe('THROTTLED')
    ports.clock.pass(1000)
    expect(['opened', 'THROTTLED']).toContain(await code(right))
  })
  it('that cannot be written: the count goes on in memory, and the right passphrase still opens', async () => {
    ports.disk.failOn('throttle.json', 'EROFS')
    for (let i = 0; i < 5; i += 1) expect(await code()).toBe('WRONG_PASSPHRASE')
    expect(await code(right)).toBe('THROTTLED')
    ports.clock.pass(1000)
    expect(await code(right)).toBe('opened')
  })
  it('files that cannot be right, and derivations that fail, do not count', async () => {
    const good = ports.files.read(`${HOME}/alice/identity.json`)
    ports.disk.put(`${HOME}/alice/identity.json`, 'rubbish')
    expect(await code()).toBe('FORMAT')
    ports.disk.put(`${HOME}/alice/identity.json`, good)
    const real = ports.kdf.scrypt
    ports.kdf.scrypt = () => Promise.reject(new Error('no memory'))
    await expect(vault.unlock({ name: 'alice', passphrase: right })).rejects.toThrow('no memory')
    ports.kdf.scrypt = real
    await expect(vault.unlock({ name: 'alice', passphrase: new Uint8Array(0) })).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
    expect(vault.throttle('alice').failures).toBe(0)
  })
})
