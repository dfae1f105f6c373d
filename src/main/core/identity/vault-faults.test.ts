import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../crypto/bytes.ts'
import { ed25519PublicKey } from '../crypto/ed25519.ts'
import type { AppFault } from '../fault.ts'
import { type IdentityPublic, newIdentity } from './identity.ts'
import { type TestPorts, testPorts } from './ports.fixture.ts'
import { openVault, type Vault } from './vault.ts'

// Each call of the file system that an operation makes fails once (by three errors), or is the last before a power cut
// (with the names of unsynced files kept or lost). Afterwards an identity opens, and the operation can be repeated.

const HOME = '/disk/home'
const old = utf8('the old passphrase')
const next = utf8('the new passphrase')

interface Scene {
  readonly ports: TestPorts
  readonly vault: Vault
}
interface Operation {
  readonly name: string
  prepare(scene: Scene): Promise<unknown>
  run(scene: Scene): Promise<unknown>
  /** What must hold whether or not `run` succeeded. */
  check(vault: Vault, before: unknown, succeeded: boolean): Promise<void>
}

const opens = async (vault: Vault, name: string, passphrase: Uint8Array): Promise<string | null> => {
  try {
    const secret = await vault.unlockWithRecovery({ name, passphrase })
    return `${toHex(secret.signPriv.use(ed25519PublicKey))} ${secret.recoverySeed.use(toHex)}`
  } catch (error) {
    expect(['WRONG_PASSPHRASE', 'NOT_FOUND']).toContain((error as AppFault).code)
    return null
  }
}
const bystander = async ({ vault }: Scene): Promise<IdentityPublic> => vault.create({ name: 'bystander', passphrase: old })

const operations: readonly Operation[] = [
  {
    name: 'create',
    prepare: bystander,
    run: ({ vault }) => vault.create({ name: 'alice', passphrase: next }),
    check: async (vault, _, succeeded) => {
      const there = await opens(vault, 'alice', next)
      if (succeeded) expect(there).not.toBeNull()
      // Not there, or there whole: never a profile that is listed and does not open.
      expect(vault.list().map((e) => [e.readable, e.readable && e.profile.name])).toEqual(
        there === null
          ? [[true, 'bystander']]
          : [
              [true, 'alice'],
              [true, 'bystander'],
            ],
      )
      expect(await opens(vault, 'bystander', old)).not.toBeNull()
    },
  },
  {
    name: 'create in a home that is not there yet',
    prepare: async () => null,
    run: ({ vault }) => vault.create({ name: 'alice', passphrase: next }),
    check: async (vault, _, succeeded) => {
      const there = await opens(vault, 'alice', next)
      if (succeeded) expect(there).not.toBeNull()
      expect(vault.list()).toHaveLength(there === null ? 0 : 1)
    },
  },
  {
    name: 'adopt',
    prepare: bystander,
    run: ({ vault, ports }) => vault.adopt({ name: 'alice', passphrase: next, secret: newIdentity(ports) }),
    check: async (vault, _, succeeded) => {
      const there = await opens(vault, 'alice', next)
      if (succeeded) expect(there).not.toBeNull()
      expect(vault.list().every((e) => e.readable)).toBe(true)
    },
  },
  {
    name: 'changePassphrase',
    prepare: async ({ vault }) => {
      await vault.create({ name: 'alice', passphrase: utf8('the first passphrase') })
      await vault.changePassphrase({ name: 'alice', old: utf8('the first passphrase'), next: old })
      return opens(vault, 'alice', old)
    },
    run: ({ vault }) => vault.changePassphrase({ name: 'alice', old, next }),
    check: async (vault, before, succeeded) => {
      const [withOld, withNew] = [await opens(vault, 'alice', old), await opens(vault, 'alice', next)]
      // Exactly one of the two opens, and it is the same identity.
      expect([withOld, withNew].filter((x) => x !== null)).toEqual([before])
      if (succeeded) expect(withNew).toBe(before)
    },
  },
]

const stage = async (operation: Operation): Promise<{ scene: Scene; before: unknown }> => {
  const ports = testPorts()
  ports.files.makeFolder('/disk')
  ports.files.syncFolder('/')
  const scene = { ports, vault: openVault(ports, HOME) }
  const before = await operation.prepare(scene)
  ports.disk.reset()
  return { scene, before }
}

const countCalls = async (operation: Operation): Promise<string[]> => {
  const { scene } = await stage(operation)
  await operation.run(scene)
  return [...scene.ports.disk.calls]
}

const attempt = (run: Promise<unknown>): Promise<AppFault | null> =>
  run.then(
    () => null,
    (error: AppFault) => error,
  )

/** Waits between attempts are not what is tested here. */
const rested = ({ ports }: Scene): Vault => {
  ports.clock.pass(3_600_000)
  return openVault(ports, HOME)
}

describe.each(operations)('$name', (operation) => {
  it.each(['ENOSPC', 'EIO', 'EACCES'])('any one call fails with %s: a clear fault or no harm, an identity opens, and a second try succeeds', async (code) => {
    const calls = await countCalls(operation)
    expect(calls.length).toBeGreaterThan(8)
    let failed = 0
    for (let i = 0; i < calls.length; i += 1) {
      const where = `call ${i} (${calls[i]})`
      const { scene, before } = await stage(operation)
      scene.ports.disk.failAt(i, code, false)
      const error = await attempt(operation.run(scene))
      scene.ports.disk.reset()
      if (error !== null) {
        failed += 1
        expect(error.name, where).toBe('AppFault')
        // A failed fsync of the folder after the rename says that the change is made, whatever the reason.
        const afterTheChange = calls[i] === 'syncFolder alice'
        expect(error.code, where).toBe(code === 'ENOSPC' && !afterTheChange ? 'DISK_FULL' : 'UNREADABLE')
        expect(/change .* is made/.test(error.message), where).toBe(afterTheChange)
        expect(error.message, where).not.toContain(HOME)
      }
      await operation.check(rested(scene), before, error === null)
      // Where the failure came after the change, the second try finds it made.
      const second = await attempt(operation.run({ ports: scene.ports, vault: rested(scene) }))
      if (second !== null) expect(['EXISTS', 'WRONG_PASSPHRASE'], where).toContain(second.code)
      await operation.check(rested(scene), before, true)
      expect(
        scene.ports.files.list(`${HOME}/alice`).filter((n) => n.endsWith('.tmp')),
        where,
      ).toEqual([])
    }
    expect(failed).toBeGreaterThan(5)
  })
  it.each(['kept', 'lost'] as const)('a power cut at any call, unsynced names %s: an identity opens, and a second try succeeds', async (names) => {
    const calls = await countCalls(operation)
    for (let i = 0; i <= calls.length; i += 1) {
      const { scene, before } = await stage(operation)
      if (i < calls.length) scene.ports.disk.failAt(i, 'EIO', true)
      const error = await attempt(operation.run(scene))
      scene.ports.disk.powerCut(names)
      scene.ports.disk.reset()
      await operation.check(rested(scene), before, error === null)
      const second = await attempt(operation.run({ ports: scene.ports, vault: rested(scene) }))
      if (second !== null) expect(['EXISTS', 'WRONG_PASSPHRASE'], `call ${i} (${calls[i]})`).toContain(second.code)
      await operation.check(rested(scene), before, true)
    }
  })
})

describe('a full disk that stays full', () => {
  it('still lets the person unlock', async () => {
    const ports = testPorts()
    const vault = openVault(ports, HOME)
    const made = await vault.create({ name: 'alice', passphrase: old })
    ports.disk.failOn('.tmp', 'ENOSPC')
    expect(await opens(vault, 'alice', old)).toContain(made.signPub)
    await expect(vault.changePassphrase({ name: 'alice', old, next })).rejects.toMatchObject({ code: 'DISK_FULL' })
    expect(await opens(vault, 'alice', old)).toContain(made.signPub)
    expect(ports.lines.some((l) => l.level === 'warn')).toBe(true)
  })
})
