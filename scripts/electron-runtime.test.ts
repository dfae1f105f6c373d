import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { checkIntegrity, placeDefaultApp, removeLeftovers } from './electron-runtime/fallback.mjs'
import { findPinned, isComplete } from './electron-runtime/pinned.mjs'
import { forNodeApi8, sourceEdits, sqliteDefines } from './electron-runtime/sqlite-addon.mjs'
import { prepareElectron } from './electron-runtime.mjs'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-runtime-'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

describe('the sources of better-sqlite3 for Node-API 8', () => {
  const sources = resolve(import.meta.dirname, '../node_modules/better-sqlite3')
  const held = 'class HeldString {};'
  const read = (file: string): string => readFileSync(join(sources, 'src', file), 'utf8')

  test('the installed version is as expected: every edit finds its places, and no reference to a string is left', () => {
    for (const file of Object.keys(sourceEdits)) {
      const edited = forNodeApi8(file, read(file), held)
      expect(edited).not.toBe(read(file))
      expect(edited).toContain('HeldString')
      expect(edited).not.toContain('Reference<Napi::String>')
    }
    expect(forNodeApi8('better_sqlite3.cpp', read('better_sqlite3.cpp'), held)).toContain(`#include <napi.h>\n${held}`)
  })

  test.each(Object.keys(sourceEdits))('%s with one place more or fewer is refused', (file) => {
    const find = sourceEdits[file]?.[0]?.find as string
    expect(() => forNodeApi8(file, read(file) + find, held)).toThrow(`src/${file} is not as expected`)
    expect(() => forNodeApi8(file, read(file).replace(find, ''), held)).toThrow(`src/${file} is not as expected`)
    expect(() => forNodeApi8(file, '', held)).toThrow('stands there 0 times')
  })

  test('a reference to a string in a file nobody edits is refused', () => {
    expect(forNodeApi8('objects/database.cpp', 'int x;', held)).toBe('int x;')
    expect(() => forNodeApi8('objects/database.cpp', 'Napi::Reference<Napi::String> name;', held)).toThrow('still keeps')
  })

  test('SQLite is compiled with the same switches as the prebuilt one', () => {
    const defines = sqliteDefines(readFileSync(join(sources, 'deps/defines.gypi'), 'utf8'))
    expect(defines).toContain('-DSQLITE_DQS=0')
    expect(defines).toContain('-DSQLITE_ENABLE_FTS5')
    expect(() => sqliteDefines('{ defines: [] }')).toThrow('no defines')
  })
})

describe('the fallback', () => {
  test('a file of another integrity is refused', async () => {
    const file = join(folder, 'x.tgz')
    writeFileSync(file, 'abc')
    const integrity = 'sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw=='
    await expect(checkIntegrity(file, integrity)).resolves.toBeUndefined()
    writeFileSync(file, 'abd')
    await expect(checkIntegrity(file, integrity)).rejects.toThrow('is not what it should be')
  })

  test('what an interrupted preparation left is removed, what a running one has is not', () => {
    const dead = spawnSync(process.execPath, ['-e', '']).pid
    for (const name of [`work-${dead}`, `work-${process.pid}`, 'electron-25.1.1']) mkdirSync(join(folder, name))
    removeLeftovers(folder)
    expect(readdirSync(folder).sort()).toEqual(['electron-25.1.1', `work-${process.pid}`])
  })

  test('the default app is written where it differs, and only there', () => {
    const app = join(folder, 'resources/app')
    placeDefaultApp(app, '/addon.node')
    expect(readdirSync(app).sort()).toEqual(['addon.json', 'main.cjs', 'package.json', 'polyfill.cjs'])
    expect(readFileSync(join(app, 'addon.json'), 'utf8')).toBe('"/addon.node"')
    for (const name of readdirSync(app)) utimesSync(join(app, name), 1, 1)
    writeFileSync(join(app, 'polyfill.cjs'), 'old')
    placeDefaultApp(app, '/addon.node')
    expect(readFileSync(join(app, 'polyfill.cjs'), 'utf8')).toContain('dlopen')
    expect(statSync(join(app, 'main.cjs')).mtimeMs).toBe(1000)
  })
})

describe('the pinned Electron', () => {
  const home = (): string => join(folder, 'node_modules/electron')
  const options = (limitMs = 60_000) => ({ root: folder, cache: join(folder, 'cache'), insist: false, limitMs })
  const install = (script: string): void => {
    mkdirSync(home(), { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{}')
    writeFileSync(join(home(), 'package.json'), '{ "name": "electron", "version": "45.4.1" }')
    writeFileSync(join(home(), 'install.js'), script)
  }
  const complete = `
    const fs = require('fs'), dist = __dirname + '/dist'
    fs.mkdirSync(dist); fs.writeFileSync(dist + '/version', 'v45.4.1'); fs.writeFileSync(dist + '/electron', '')
    fs.writeFileSync(__dirname + '/path.txt', 'electron')`

  test('its installer is run once, and its binary found from then on', async () => {
    install(complete)
    expect(await findPinned(options())).toEqual({ version: '45.4.1', dist: join(home(), 'dist') })
    writeFileSync(join(home(), 'install.js'), 'process.exit(1)')
    expect(await findPinned(options())).toEqual({ version: '45.4.1', dist: join(home(), 'dist') })
  })

  test('an incomplete binary is none', () => {
    install('')
    mkdirSync(join(home(), 'dist'))
    writeFileSync(join(home(), 'dist/electron'), '')
    expect(isComplete(home(), '45.4.1')).toBe(false)
    writeFileSync(join(home(), 'dist/version'), '45.4.1')
    expect(isComplete(home(), '45.4.1')).toBe(false)
    writeFileSync(join(home(), 'path.txt'), 'electron')
    expect(isComplete(home(), '45.4.1')).toBe(true)
    expect(isComplete(home(), '45.4.2')).toBe(false)
  })

  test('an installer that fails, or says it did not, is a reason', async () => {
    install('process.exit(1)')
    expect(await findPinned(options())).toEqual({ version: '45.4.1', why: 'its binary is not here and cannot be downloaded' })
    install('')
    expect(await findPinned(options())).toEqual({ version: '45.4.1', why: 'its installer left no complete binary' })
  })

  test('a download over the limit is killed with all it started, and not tried again for a day', async () => {
    const pidFile = join(folder, 'pid')
    install(`
      const { spawn } = require('child_process')
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })
      require('fs').writeFileSync(${JSON.stringify(pidFile)}, String(child.pid))
      setInterval(() => {}, 1000)`)
    const looking = findPinned(options(3_000))
    await vi.waitUntil(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '', { timeout: 20_000 }).catch(() => {})
    expect(await looking).toEqual({ version: '45.4.1', why: 'its binary is not here and cannot be downloaded within 3 s' })
    if (existsSync(pidFile)) await vi.waitUntil(() => !running(Number(readFileSync(pidFile, 'utf8'))), { timeout: 20_000 })

    install(complete)
    expect(await findPinned(options(3_000))).toMatchObject({ why: 'its download took over 3 s less than a day ago' })
    expect(await findPinned({ ...options(), insist: true })).toHaveProperty('dist')
  })

  const running = (pid: number): boolean => {
    try {
      process.kill(pid, 0)
      // A zombie that nobody has waited for yet is dead.
      return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    } catch {
      return false
    }
  }
})

describe('the choice', () => {
  test('an unknown one is refused', async () => {
    vi.stubEnv('ELECTRON_OVERRIDE_DIST_PATH', undefined)
    await expect(prepareElectron({ choice: 'newest' })).rejects.toThrow('neither pinned nor fallback')
  })

  test('one that the environment gives is taken as it is, if it is one', async () => {
    vi.stubEnv('ELECTRON_OVERRIDE_DIST_PATH', folder)
    await expect(prepareElectron({ choice: undefined })).rejects.toThrow('holds no Electron')
    writeFileSync(join(folder, 'version'), '46.0.0\n')
    expect(await prepareElectron({ choice: undefined })).toEqual({
      kind: 'given',
      version: '46.0.0',
      dist: folder,
      why: 'Electron 46.0.0 (as ELECTRON_OVERRIDE_DIST_PATH asks)',
      env: { ELECTRON_OVERRIDE_DIST_PATH: folder, ELECTRON_EXEC_PATH: join(folder, 'electron') },
    })
  })
})
