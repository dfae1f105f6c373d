import * as fs from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, describe, expect, it } from 'vitest'
import { nodeFiles } from '../node-ports.ts'
import { bundledMigrations } from './migrations.ts'
import { openStore } from './store.ts'
import {
  columnKey,
  copyBeforeNext,
  edit,
  faultOf,
  fill,
  filled,
  migrationsFolder,
  myId,
  open,
  removeTempFolders,
  tempFolder,
  testPorts,
  threadRow,
  withSecond,
} from './testing.fixture.ts'

afterAll(removeTempFolders)

describe('migrations', () => {
  it('are bundled as the folder holds them', () => {
    const inFolder = fs.readdirSync(migrationsFolder).sort()
    expect(bundledMigrations.map((migration) => migration.name)).toEqual(inFolder)
    for (const { name, sql } of bundledMigrations) expect(sql).toBe(fs.readFileSync(join(migrationsFolder, name), 'utf8'))
  })

  it('copy the database first, then change it, and keep every row', () => {
    const folder = filled()
    const migrationsDir = withSecond(folder, 'ALTER TABLE peer ADD COLUMN note TEXT; CREATE TABLE later (id INTEGER PRIMARY KEY);')
    const store = open(folder, { migrationsDir })
    store.unlock(columnKey())
    expect(store.threads.all()).toEqual([threadRow(), threadRow({ role: 'responder', state: 'resp_ready' })])
    store.close()
    expect(edit(folder, (database) => database.pragma('user_version', { simple: true }))).toBe(bundledMigrations.length + 1)
    const copy = new Database(join(folder, copyBeforeNext), { readonly: true })
    expect([
      copy.pragma('user_version', { simple: true }),
      copy.pragma('integrity_check', { simple: true }),
      copy.prepare('SELECT count(*) FROM peer').pluck().get(),
    ]).toEqual([bundledMigrations.length, 'ok', 2])
    copy.close()
  })

  it('bring a database of the first version to the present one', () => {
    const folder = tempFolder()
    const first = `${folder}-first`
    fs.mkdirSync(first)
    fs.copyFileSync(join(migrationsFolder, '0001-foundation.sql'), join(first, '0001-foundation.sql'))
    const old = open(folder, { migrationsDir: first })
    fill(old)
    old.close()
    const store = open(folder)
    store.unlock(columnKey())
    expect([store.peers.count(), store.chains.machines(), store.tokens.all(), store.decisions.verifyChain().holds]).toEqual([2, [], [], true])
    store.close()
    expect(fs.existsSync(join(folder, 'countersign.db.before-0002'))).toBe(true)
  })

  it.each([
    ['a mistake at its end', 'CREATE TABLE later (id INTEGER PRIMARY KEY); DROP TABLE peer; SELECT nonsense FROM nowhere;', 'CORRUPT'],
    ['a rule that a row breaks', 'CREATE TABLE later (id INTEGER PRIMARY KEY CHECK(id > 5)); INSERT INTO later VALUES (1);', 'CORRUPT'],
  ])('leave the database as it was after %s', (_, sql, code) => {
    const folder = filled()
    const migrationsDir = withSecond(folder, sql)
    expect(faultOf(() => open(folder, { migrationsDir })).code).toBe(code)
    const store = open(folder)
    store.unlock(columnKey())
    expect(store.peers.count()).toBe(2)
    store.close()
  })

  it('do not begin without room for the copy', () => {
    const folder = filled()
    const migrationsDir = withSecond(folder, 'DROP TABLE peer;')
    const ports = testPorts({
      createExclusive: (path, mode) => {
        if (path.includes('before')) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
        return nodeFiles.createExclusive(path, mode)
      },
    })
    expect(faultOf(() => openStore(ports, { folder, myId, migrationsDir })).code).toBe('DISK_FULL')
    const store = open(folder)
    expect(store.peers.count()).toBe(2)
    store.close()
  })
})

describe('opening', () => {
  it('refuses a database from the future and changes no byte of it', () => {
    const folder = filled()
    edit(folder, (database) => database.pragma('user_version = 70'))
    const before = fs.readFileSync(join(folder, 'countersign.db'))
    const fault = faultOf(() => open(folder))
    expect([fault.code, fault.message]).toEqual([
      'FUTURE',
      expect.stringContaining(`database version 70, this one knows ${bundledMigrations.length}`) as string,
    ])
    expect(fs.readFileSync(join(folder, 'countersign.db')).equals(before)).toBe(true)
    // The refusal has let go of the profile.
    edit(folder, (database) => database.pragma(`user_version = ${bundledMigrations.length}`))
    open(folder).close()
  })

  const damage: readonly [string, (path: string) => void][] = [
    ['empty', (path) => fs.truncateSync(path, 0)],
    ['cut in the middle of a page', (path) => fs.truncateSync(path, 10_000)],
    ['cut at a page', (path) => fs.truncateSync(path, 3 * 4096)],
    ['not a database', (path) => fs.writeFileSync(path, 'Dear diary, '.repeat(1000))],
    ['random bytes in a page', (path) => writeAt(path, 4096 * 2, Buffer.alloc(4096, 0xa5))],
    ['zeros in a page', (path) => writeAt(path, 4096 * 4, Buffer.alloc(4096))],
    ['its mark overwritten', (path) => writeAt(path, 68, Buffer.alloc(4))],
    [
      'another program’s',
      (path) => {
        fs.rmSync(path)
        const other = new Database(path)
        other.exec('CREATE TABLE note (text TEXT)')
        other.close()
      },
    ],
  ]
  const writeAt = (path: string, offset: number, bytes: Buffer): void => {
    const handle = fs.openSync(path, 'r+')
    fs.writeSync(handle, bytes, 0, bytes.length, offset)
    fs.closeSync(handle)
  }

  it.each(damage)('says CORRUPT and what to do when the file is %s', (_, harm) => {
    const folder = filled()
    harm(join(folder, 'countersign.db'))
    const before = fs.readFileSync(join(folder, 'countersign.db'))
    const fault = faultOf(() => open(folder))
    expect([fault.code, fault.message]).toEqual(['CORRUPT', expect.stringContaining('restore a backup') as string])
    expect(fault.message.length).toBeLessThan(1000)
    expect(fs.readFileSync(join(folder, 'countersign.db')).equals(before)).toBe(true)
  })

  it('does not take a missing database for a fresh start while its journal is there', () => {
    const folder = filled()
    fs.rmSync(join(folder, 'countersign.db'))
    fs.writeFileSync(join(folder, 'countersign.db-wal'), 'left over')
    expect(faultOf(() => open(folder)).code).toBe('CORRUPT')
  })

  it('refuses another identity’s database', () => {
    const fault = faultOf(() => open(filled(), { myId: 'somebody else' }))
    expect([fault.code, fault.message]).toEqual(['CORRUPT', expect.stringContaining('belongs to another identity') as string])
  })

  it('starts again after a stop in the middle of making the database', () => {
    const folder = tempFolder()
    const ports = testPorts({
      rename: () => {
        throw Object.assign(new Error('stopped'), { code: 'EIO' })
      },
    })
    expect(faultOf(() => openStore(ports, { folder, myId })).code).toBe('UNREADABLE')
    expect(fs.existsSync(join(folder, 'countersign.db'))).toBe(false)
    const store = open(folder)
    fill(store)
    expect(store.peers.count()).toBe(2)
    store.close()
    expect(fs.readdirSync(folder).sort()).toEqual(['countersign.db', 'profile.lock'])
  })

  it('says what the file system refused', () => {
    const refusing = (code: string) =>
      testPorts({
        createExclusive: () => {
          throw Object.assign(new Error(code), { code })
        },
      })
    expect(faultOf(() => openStore(refusing('ENOSPC'), { folder: tempFolder(), myId })).code).toBe('DISK_FULL')
    expect(faultOf(() => openStore(refusing('EACCES'), { folder: tempFolder(), myId })).code).toBe('UNREADABLE')
    const file = join(tempFolder(), 'file')
    fs.writeFileSync(file, '')
    expect(faultOf(() => open(join(file, 'profile'))).code).toBe('UNREADABLE')
    const garbage = tempFolder()
    fs.writeFileSync(join(garbage, 'profile.lock'), 'not SQLite, not empty. '.repeat(100))
    expect(faultOf(() => open(garbage)).code).toBe('CORRUPT')
  })
})
