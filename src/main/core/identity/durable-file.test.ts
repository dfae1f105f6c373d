import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../crypto/bytes.ts'
import { nodeFiles, systemClock, systemRandom } from '../node-ports.ts'
import { readFile, writeDurably } from './durable-file.ts'
import { testPorts } from './ports.fixture.ts'

describe('writing durably', () => {
  const target = { folder: '/d', name: 'backup', what: 'the backup' }
  it('removes its own leftovers and nothing else: the folder may be full of other things', () => {
    const { disk, files, random } = testPorts()
    const strangers = ['.backup.tmp', '.other.0123456789abcdef.tmp', 'backup.0123456789abcdef.tmp', '.backup.0123456789abcdeg.tmp', 'letter.txt']
    for (const name of ['.backup.0123456789abcdef.tmp', ...strangers]) disk.put(`/d/${name}`, 'x')
    writeDurably({ files, random }, { ...target, bytes: utf8('new') })
    expect(files.list('/d').sort()).toEqual(['backup', ...strangers].sort())
  })
  it('replaces, or refuses to', () => {
    const { disk, files, random } = testPorts()
    disk.put('/d/backup', 'old')
    expect(() => writeDurably({ files, random }, { ...target, bytes: utf8('new'), mustBeNew: true })).toThrow(expect.objectContaining({ code: 'EXISTS' }))
    expect(fromUtf8(files.read('/d/backup'))).toBe('old')
    writeDurably({ files, random }, { ...target, bytes: utf8('new'), previous: 'backup.old' })
    expect([fromUtf8(files.read('/d/backup')), fromUtf8(files.read('/d/backup.old'))]).toEqual(['new', 'old'])
  })
  it('a folder that may be written but not listed is no obstacle', () => {
    const { disk, files, random } = testPorts()
    disk.put('/d/x', '')
    const unlisted = {
      ...files,
      list: (): string[] => {
        throw Object.assign(new Error('EACCES'), { code: 'EACCES' })
      },
    }
    writeDurably({ files: unlisted, random }, { ...target, bytes: utf8('new') })
    expect(fromUtf8(files.read('/d/backup'))).toBe('new')
  })
  it('no folder, full disk, refusal: different faults', () => {
    const { disk, files, random } = testPorts()
    expect(() => writeDurably({ files, random }, { ...target, bytes: utf8('new') })).toThrow(expect.objectContaining({ code: 'UNREADABLE' }))
    disk.put('/d/x', '')
    for (const [errno, code] of [
      ['ENOSPC', 'DISK_FULL'],
      ['EDQUOT', 'DISK_FULL'],
      ['EROFS', 'UNREADABLE'],
      ['EACCES', 'UNREADABLE'],
    ] as const) {
      disk.reset()
      disk.failOn('.tmp', errno)
      expect(() => writeDurably({ files, random }, { ...target, bytes: utf8('new') }), errno).toThrow(expect.objectContaining({ code }))
    }
    disk.reset()
    expect(() => readFile(files, '/d/nothing', 'backup')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
    expect(() => readFile(files, '/d', 'backup')).toThrow(expect.objectContaining({ code: 'UNREADABLE' }))
  })
})

describe('the real ports', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'files-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('files: exclusive creation with its mode, whole writes, rename, list, remove, exists', () => {
    const path = join(folder, 'a')
    const handle = nodeFiles.createExclusive(path, 0o600)
    const big = new Uint8Array(3_000_000).fill(7)
    nodeFiles.write(handle, big)
    nodeFiles.sync(handle)
    nodeFiles.close(handle)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(Buffer.compare(nodeFiles.read(path), big)).toBe(0)
    expect(() => nodeFiles.createExclusive(path, 0o600)).toThrow(expect.objectContaining({ code: 'EEXIST' }))
    nodeFiles.rename(path, join(folder, 'b'))
    nodeFiles.syncFolder(folder)
    expect(nodeFiles.list(folder)).toEqual(['b'])
    expect([nodeFiles.exists(path), nodeFiles.exists(join(folder, 'b')), nodeFiles.exists(join(folder, 'b', 'under a file'))]).toEqual([false, true, false])
    nodeFiles.remove(join(folder, 'b'))
    expect(readdirSync(folder)).toEqual([])
    expect(() => nodeFiles.read(path)).toThrow(expect.objectContaining({ code: 'ENOENT' }))
    expect(() => nodeFiles.syncFolder(path)).toThrow(expect.objectContaining({ code: 'ENOENT' }))
  })
  it('files: does not follow a link when it creates', () => {
    writeFileSync(join(folder, 'victim'), 'theirs')
    const { symlinkSync } = process.getBuiltinModule('node:fs')
    symlinkSync(join(folder, 'victim'), join(folder, 'link'))
    expect(() => nodeFiles.createExclusive(join(folder, 'link'), 0o600)).toThrow(expect.objectContaining({ code: 'EEXIST' }))
    expect(readFileSync(join(folder, 'victim'), 'utf8')).toBe('theirs')
  })
  it('"cannot look" is not "is not there"', () => {
    // A path longer than the system takes: refused, with root's rights too.
    expect(() => nodeFiles.exists(join(folder, 'x'.repeat(5000)))).toThrow(expect.objectContaining({ code: 'ENAMETOOLONG' }))
  })
  it('clock: timers fire once, in order, after the present call; a cancelled one never', async () => {
    const order: string[] = []
    await new Promise<void>((resolve) => {
      systemClock.schedule(20, () => {
        order.push('later')
        resolve()
      })
      const cancel = systemClock.schedule(1, () => order.push('cancelled'))
      systemClock.schedule(0, () => order.push('soon'))
      cancel()
      cancel()
      order.push('now')
    })
    expect(order).toEqual(['now', 'soon', 'later'])
  })
  it('clock: a wait longer than a platform timer takes does not fire at once', async () => {
    let fired = false
    const cancel = systemClock.schedule(2 ** 31 + 1000, () => {
      fired = true
    })
    await new Promise<void>((resolve) => void systemClock.schedule(20, resolve))
    cancel()
    expect(fired).toBe(false)
  })
  it('clock and chance', () => {
    const [a, b] = [systemClock.monotonic(), systemClock.monotonic()]
    expect(b).toBeGreaterThanOrEqual(a)
    expect(systemClock.zoneOffsetMinutes(Date.UTC(2026, 0, 1))).toBe(-new Date(Date.UTC(2026, 0, 1)).getTimezoneOffset() + 0)
    expect(systemRandom.bytes(32)).not.toEqual(systemRandom.bytes(32))
    expect(systemRandom.bytes(0)).toHaveLength(0)
  })
})
