import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromUtf8, toHex, utf8 } from '../crypto/bytes.ts'
import { ed25519PublicKey } from '../crypto/ed25519.ts'
import { nodePorts } from '../node-ports.ts'
import type { Ports } from '../ports.ts'
import { type IdentitySecret, newIdentity, wipeSecret } from './identity.ts'
import { type TestPorts, testPorts } from './ports.fixture.ts'
import { openVault, type Vault } from './vault.ts'

const HOME = '/home/u/countersign'
const pass = utf8('correct horse battery')
const next = utf8('another good passphrase')

let ports: TestPorts
let vault: Vault
beforeEach(() => {
  ports = testPorts()
  vault = openVault(ports, HOME)
})
const fault = (code: string): unknown => expect.objectContaining({ name: 'AppFault', code })
const keyOf = (secret: IdentitySecret): string => toHex(secret.signPriv.use(ed25519PublicKey))

describe('create and unlock', () => {
  it('makes one readable profile that opens with its passphrase only', async () => {
    const made = await vault.create({ name: 'alice', passphrase: pass })
    expect(vault.list()).toEqual([{ readable: true, profile: made }])
    expect(vault.publicPart('alice')).toEqual(made)
    expect(vault.profileFolder('alice')).toBe(`${HOME}/alice`)
    const secret = await vault.unlock({ name: 'alice', passphrase: pass })
    expect(keyOf(secret)).toBe(made.signPub)
    expect(secret.recoverySeed).toBeNull()
    await expect(vault.unlock({ name: 'alice', passphrase: next })).rejects.toEqual(fault('WRONG_PASSPHRASE'))
    const whole = await vault.unlockWithRecovery({ name: 'alice', passphrase: pass })
    expect(whole.recoverySeed).toHaveLength(32)
    expect(whole.generation).toBe(0)
  })
  it('an empty or absent home is no profiles, not an error', () => {
    expect(vault.list()).toEqual([])
    ports.files.makeFolder(HOME)
    expect(vault.list()).toEqual([])
  })
  it('writes with mode 0600 and leaves no temporary file', async () => {
    await vault.create({ name: 'alice', passphrase: pass })
    await vault.changePassphrase({ name: 'alice', old: pass, next })
    expect(ports.files.list(`${HOME}/alice`).sort()).toEqual(['identity.json', 'identity.previous.json', 'throttle.json'])
    expect([...new Set(ports.disk.modes.values())]).toEqual([0o600])
  })
  it('syncs the file before it is renamed, and the folders after', async () => {
    await vault.create({ name: 'alice', passphrase: pass })
    const writes = ports.disk.calls.filter((c) => /^(create|write|sync|close|rename|syncFolder)/.test(c)).map((c) => c.replace(/\.[0-9a-f]{16}\.tmp/, '.tmp'))
    expect(writes).toEqual([
      'syncFolder countersign',
      'syncFolder u',
      'create .identity.json.tmp',
      'write',
      'sync',
      'close',
      'rename identity.json',
      'syncFolder alice',
    ])
  })
  it('shows the derivation progress', async () => {
    const seen: number[] = []
    await vault.create({ name: 'alice', passphrase: pass, onProgress: (f) => seen.push(f) })
    expect(seen).toEqual([0, 1])
    seen.length = 0
    await vault.changePassphrase({ name: 'alice', old: pass, next, onProgress: (f) => seen.push(f) })
    expect(seen).toEqual([0, 0.5, 0.5, 1])
  })
  it('wipes every derived key', async () => {
    await vault.create({ name: 'alice', passphrase: pass })
    await vault.unlock({ name: 'alice', passphrase: pass })
    await vault.changePassphrase({ name: 'alice', old: pass, next })
    await vault.unlock({ name: 'alice', passphrase: pass }).catch(() => {})
    expect(ports.kdf.keys).toHaveLength(5)
    expect(ports.kdf.keys.every((k) => k.every((b) => b === 0))).toBe(true)
    expect(ports.kdf.passphrases.every((k) => k.every((b) => b === 0))).toBe(true)
    expect(fromUtf8(pass)).toBe('correct horse battery')
  })
  it('refuses weak passphrases and bad names before anything is derived or written', async () => {
    await expect(vault.create({ name: 'alice', passphrase: utf8('password') })).rejects.toEqual(fault('WEAK_PASSPHRASE'))
    for (const name of ['../x', '', 'con', 'a/b', '.x', 'a\u202eb']) {
      await expect(vault.create({ name, passphrase: pass })).rejects.toEqual(fault('NAME'))
      await expect(vault.unlock({ name, passphrase: pass })).rejects.toEqual(fault('NAME'))
      await expect(vault.archive(name)).rejects.toEqual(fault('NAME'))
      await expect(vault.changePassphrase({ name, old: pass, next })).rejects.toEqual(fault('NAME'))
      expect(() => vault.profileFolder(name)).toThrow(fault('NAME') as Error)
      expect(() => vault.throttle(name)).toThrow(fault('NAME') as Error)
    }
    expect(ports.kdf.asked).toEqual([])
    expect(ports.disk.has(HOME)).toBe(false)
  })
  it('refuses names that are taken, in any spelling, also by strangers', async () => {
    await vault.create({ name: 'Zoë', passphrase: pass })
    ports.disk.put(`${HOME}/Cache/data`, 'x')
    ports.disk.put(`${HOME}/somefile`, 'x')
    const before = ports.kdf.asked.length
    for (const name of ['Zoë', 'zoë', 'ZOE\u0308', 'Cache', 'cache'])
      await expect(vault.create({ name, passphrase: pass }), name).rejects.toEqual(fault('EXISTS'))
    await expect(vault.create({ name: 'somefile', passphrase: pass })).rejects.toEqual(fault('UNREADABLE'))
    await expect(vault.adopt({ name: 'zoë', passphrase: pass, secret: newIdentity(ports) })).rejects.toEqual(fault('EXISTS'))
    expect(ports.kdf.asked).toHaveLength(before)
  })
  it('two creations of one name: one wins, the other is told', async () => {
    const results = await Promise.allSettled([vault.create({ name: 'alice', passphrase: pass }), vault.create({ name: 'alice', passphrase: next })])
    expect(results.map((r) => r.status)).toEqual(['fulfilled', 'rejected'])
    expect(keyOf(await vault.unlock({ name: 'alice', passphrase: pass }))).toBe(vault.publicPart('alice').signPub)
  })
  it('another vault that creates the same name while this one derives does not get overwritten', async () => {
    const mine = vault.create({ name: 'alice', passphrase: pass })
    const theirs = openVault({ ...ports, kdf: testPorts().kdf }, HOME).create({ name: 'alice', passphrase: next })
    const [a, b] = await Promise.allSettled([mine, theirs])
    expect([a.status, b.status].sort()).toEqual(['fulfilled', 'rejected'])
    const winner = a.status === 'fulfilled' ? a.value : b.status === 'fulfilled' ? b.value : null
    expect(vault.publicPart('alice')).toEqual(winner)
  })
  it.each([
    ['an identity', 'identity.json'],
    ["another program's file", 'data'],
  ])('%s that appears while the key is derived is not touched', async (_, file) => {
    const derive = ports.kdf.scrypt
    ports.kdf.scrypt = async (...args) => {
      const key = await derive(...args)
      ports.disk.put(`${HOME}/alice/${file}`, 'theirs')
      return key
    }
    await expect(vault.create({ name: 'alice', passphrase: pass })).rejects.toEqual(fault('EXISTS'))
    expect(ports.files.list(`${HOME}/alice`)).toEqual([file])
    expect(fromUtf8(ports.files.read(`${HOME}/alice/${file}`))).toBe('theirs')
  })
  it('an identity that appears in the last moment before the rename is not overwritten', async () => {
    const close = ports.files.close
    ports.files.close = (handle) => {
      close(handle)
      ports.disk.put(`${HOME}/alice/identity.json`, 'theirs')
    }
    await expect(vault.create({ name: 'alice', passphrase: pass })).rejects.toEqual(fault('EXISTS'))
    expect(fromUtf8(ports.files.read(`${HOME}/alice/identity.json`))).toBe('theirs')
    expect(ports.files.list(`${HOME}/alice`)).toEqual(['identity.json'])
  })
  it('nobody: NOT_FOUND, and nothing appears', async () => {
    await expect(vault.unlock({ name: 'nobody', passphrase: pass })).rejects.toEqual(fault('NOT_FOUND'))
    await expect(vault.archive('nobody')).rejects.toEqual(fault('NOT_FOUND'))
    expect(() => vault.publicPart('nobody')).toThrow(fault('NOT_FOUND') as Error)
    expect(ports.disk.has(`${HOME}/nobody`)).toBe(false)
  })
})

describe('change, adopt, archive, revert', () => {
  it('a changed passphrase opens the same identity, the old one does not; the generation before is kept', async () => {
    const made = await vault.create({ name: 'alice', passphrase: pass })
    const before = await vault.unlockWithRecovery({ name: 'alice', passphrase: pass })
    const old = ports.files.read(`${HOME}/alice/identity.json`)
    await vault.changePassphrase({ name: 'alice', old: pass, next })
    await expect(vault.unlock({ name: 'alice', passphrase: pass })).rejects.toEqual(fault('WRONG_PASSPHRASE'))
    const after = await vault.unlockWithRecovery({ name: 'alice', passphrase: next })
    expect(keyOf(after)).toBe(made.signPub)
    expect(after.recoverySeed.use(toHex)).toBe(before.recoverySeed.use(toHex))
    expect(ports.files.read(`${HOME}/alice/identity.previous.json`)).toEqual(old)
  })
  it('a wrong old or a weak new passphrase changes nothing', async () => {
    await vault.create({ name: 'alice', passphrase: pass })
    const old = ports.files.read(`${HOME}/alice/identity.json`)
    await expect(vault.changePassphrase({ name: 'alice', old: next, next })).rejects.toEqual(fault('WRONG_PASSPHRASE'))
    await expect(vault.changePassphrase({ name: 'alice', old: pass, next: utf8('weak') })).rejects.toEqual(fault('WEAK_PASSPHRASE'))
    expect(ports.files.read(`${HOME}/alice/identity.json`)).toEqual(old)
    expect(vault.throttle('alice').failures).toBe(1)
  })
  it('adopts a foreign identity as it is, and gives it a recovery seed', async () => {
    const secret: IdentitySecret = { ...newIdentity(ports), recoverySeed: null, createdAt: '2020-05-05T05:05:05+00:00' }
    const made = await vault.adopt({ name: 'old friend', secret, passphrase: pass })
    expect(made).toMatchObject({ name: 'old friend', myId: secret.myId, createdAt: '2020-05-05T05:05:05+00:00', signPub: keyOf(secret) })
    expect((await vault.unlockWithRecovery({ name: 'old friend', passphrase: pass })).recoverySeed).toHaveLength(32)
    expect(secret.signPriv.wiped).toBe(false)
  })
  it('adopts a restored one with its seed and generation', async () => {
    const secret = { ...newIdentity(ports), generation: 7 }
    await vault.adopt({ name: 'restored', secret, passphrase: pass })
    const back = await vault.unlockWithRecovery({ name: 'restored', passphrase: pass })
    expect([back.generation, back.recoverySeed.use(toHex)]).toEqual([7, secret.recoverySeed.use(toHex)])
  })
  it('archives twice under one name without losing either', async () => {
    const places = []
    for (let i = 0; i < 3; i += 1) {
      await vault.create({ name: 'alice', passphrase: pass })
      places.push(await vault.archive('alice'))
    }
    expect(places).toEqual([`${HOME}/.archive/alice 20260102T030405`, `${HOME}/.archive/alice 20260102T030405 2`, `${HOME}/.archive/alice 20260102T030405 3`])
    for (const place of places) expect(ports.disk.has(`${place}/identity.json`)).toBe(true)
    expect(vault.list()).toEqual([])
  })
  it('archives what cannot be read', async () => {
    ports.disk.put(`${HOME}/broken/identity.json`, 'x')
    await vault.archive('broken')
    expect(vault.list()).toEqual([])
  })
  it('puts the previous generation back, and keeps the damaged file', async () => {
    const made = await vault.create({ name: 'alice', passphrase: pass })
    await expect(vault.revertToPrevious('alice')).rejects.toEqual(fault('NOT_FOUND'))
    await vault.changePassphrase({ name: 'alice', old: pass, next })
    ports.disk.put(`${HOME}/alice/identity.json`, 'rubbish')
    await expect(vault.unlock({ name: 'alice', passphrase: next })).rejects.toEqual(fault('FORMAT'))
    expect(await vault.revertToPrevious('alice')).toEqual(made)
    expect(keyOf(await vault.unlock({ name: 'alice', passphrase: pass }))).toBe(made.signPub)
    expect(fromUtf8(ports.files.read(`${HOME}/alice/identity.damaged.json`))).toBe('rubbish')
  })
})

describe('list', () => {
  it('shows each unreadable profile with its own reason, beside the good ones', async () => {
    const good = await vault.create({ name: 'good', passphrase: pass })
    const text = fromUtf8(ports.files.read(`${HOME}/good/identity.json`))
    ports.disk.put(`${HOME}/cut/identity.json`, text.slice(0, 200))
    ports.disk.put(`${HOME}/future/identity.json`, text.replace('id.v2', 'id.v3'))
    ports.disk.put(`${HOME}/flipped/identity.json`, text.replace('"check": "', '"check": "0').replace(/.("\n\})/, '$1'))
    ports.disk.put(`${HOME}/cheap/identity.json`, text.replace('131072', '1024'))
    ports.disk.put(`${HOME}/renamed/identity.json`, text)
    ports.disk.put(`${HOME}/locked away/identity.json`, text)
    ports.disk.put(`${HOME}/only previous/identity.previous.json`, text)
    ports.disk.put(`${HOME}/Cache/x`, 'not a profile')
    ports.disk.put(`${HOME}/.hidden/identity.json`, text)
    ports.disk.failOn('locked away', 'EACCES')
    const seen = Object.fromEntries(vault.list().map((e) => (e.readable ? [e.profile.name, e.profile] : [e.name, e.error.code])))
    expect(seen).toEqual({
      good,
      cut: 'TRUNCATED',
      future: 'VERSION',
      flipped: 'FORMAT',
      cheap: 'KDF_BOUNDS',
      renamed: 'NAME',
      'locked away': 'UNREADABLE',
      'only previous': 'NOT_FOUND',
    })
    const texts = vault.list().flatMap((e) => (e.readable ? [] : [e.error.text]))
    expect(new Set(texts).size).toBe(texts.length)
    for (const t of texts) expect(t).not.toContain(HOME)
  })
  it('an unreadable home is an error, never "no profiles"', async () => {
    await vault.create({ name: 'alice', passphrase: pass })
    ports.disk.failOn('countersign', 'EACCES')
    expect(() => vault.list()).toThrow(fault('UNREADABLE') as Error)
    await expect(vault.create({ name: 'bob', passphrase: pass })).rejects.toEqual(fault('UNREADABLE'))
    await expect(vault.unlock({ name: 'alice', passphrase: pass })).rejects.toEqual(fault('UNREADABLE'))
  })
})

describe('on a real disk, with real scrypt', () => {
  let home: string
  let real: Ports
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'vault-'))
    real = nodePorts({ log: ports.log, kdfWorker: new URL('./kdf.worker.ts', import.meta.url) })
  })
  afterEach(() => rmSync(home, { recursive: true }))

  it('creates, unlocks in another vault, changes, adopts; modes and leftovers are right', async () => {
    const inside = join(home, 'deeper', 'home')
    const fractions: number[] = []
    const made = await openVault(real, inside).create({ name: 'alice', passphrase: pass, onProgress: (f) => fractions.push(f) })
    expect(fractions.length).toBeGreaterThan(100)
    const folder = join(inside, 'alice')
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(statSync(join(folder, 'identity.json')).mode & 0o777).toBe(0o600)
    const other = openVault(real, inside)
    await expect(other.unlock({ name: 'alice', passphrase: next })).rejects.toEqual(fault('WRONG_PASSPHRASE'))
    await other.changePassphrase({ name: 'alice', old: pass, next })
    const daily = await other.unlock({ name: 'alice', passphrase: next })
    expect(keyOf(daily)).toBe(made.signPub)
    expect(readdirSync(folder).sort()).toEqual(['identity.json', 'identity.previous.json', 'throttle.json'])
    for (const f of readdirSync(folder)) expect(statSync(join(folder, f)).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(folder, 'identity.json'), 'utf8')).not.toContain(daily.signPriv.use(toHex))
    wipeSecret(daily)
    const moved = await other.archive('alice')
    expect(existsSync(join(moved, 'identity.json'))).toBe(true)
    expect(other.list()).toEqual([])
  })
  it('a folder the system refuses is UNREADABLE, not empty', async () => {
    // Root may read everything, so what is refused here is the kind: a folder where the file should be, a file where the home should be.
    await openVault({ ...real, kdf: ports.kdf }, home).create({ name: 'alice', passphrase: pass })
    rmSync(join(home, 'alice', 'identity.json'))
    real.files.makeFolder(join(home, 'alice', 'identity.json'))
    expect(openVault(real, home).list()).toMatchObject([{ readable: false, name: 'alice', error: { code: 'UNREADABLE' } }])
    writeFileSync(join(home, 'file'), '')
    expect(() => openVault(real, join(home, 'file')).list()).toThrow(fault('UNREADABLE') as Error)
    if (process.getuid?.() !== 0) {
      chmodSync(join(home, 'alice'), 0)
      expect(openVault(real, home).list()).toMatchObject([{ readable: false, error: { code: 'UNREADABLE' } }])
      chmodSync(join(home, 'alice'), 0o700)
    }
  })
})
