import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sha256Hex } from '../../crypto/hash.ts'
import { SecretBytes } from '../../crypto/secret.ts'
import { AppFault } from '../../fault.ts'
import { nodeFiles } from '../../node-ports.ts'
import type { FileRow } from '../../store/files.ts'
import { removeTempFolders } from '../../store/testing.fixture.ts'
import { arrived, createWorld, makeFile, noise, openSession, SESSION, type Side, undelivered, type World, write } from './channel.fixture.ts'
import { describeFile } from './describe-file.ts'
import { seal, streamKey } from './frame.ts'
import { CHUNK } from './header.ts'
import { movedOf } from './transfer.ts'

vi.setConfig({ testTimeout: 120_000 })
afterAll(removeTempFolders)

const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return error instanceof AppFault ? error.code : String(error)
  }
  return 'nothing thrown'
}
const failure = (code: string): Error => Object.assign(new Error(code), { code })

let world: World
beforeEach(() => {
  world = createWorld()
  openSession(world)
})
afterEach(() => {
  expect(world.reused).toEqual([])
  world.close()
})

const send = (bytes: Uint8Array, name = 'photo.bin', from: Side = world.alice): FileRow => from.channels.sendFile(SESSION, makeFile(from, name, bytes))
const only = (side: Side): FileRow => side.channels.files(SESSION)[0] ?? expect.fail('no file')
const stateOf = (side: Side): string => only(side).state
const over = (): boolean => ![world.alice, world.bob].some((side) => ['offered', 'moving', 'checking'].includes(only(side).state))
const inDownloads = (side: Side = world.bob): string[] => fs.readdirSync(side.downloads).sort()
const read = (name: string, side: Side = world.bob): Uint8Array => new Uint8Array(fs.readFileSync(join(side.downloads, name)))

describe('a file', () => {
  it.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 32 * CHUNK, 3_000_000])('of %i bytes arrives as it was', (size) => {
    const bytes = noise(size)
    send(bytes)
    expect(world.run(over)).toBe(true)
    expect([stateOf(world.alice), stateOf(world.bob)]).toEqual(['done', 'done'])
    expect(inDownloads()).toEqual(['photo.bin'])
    expect(Buffer.compare(read('photo.bin'), bytes)).toBe(0)
    expect(only(world.bob).path).toBe(join(world.bob.downloads, 'photo.bin'))
    expect(movedOf(only(world.alice))).toBe(size)
    expect(movedOf(only(world.bob))).toBe(size)
  })

  it('waits for the person, and tells both sides how far it is', () => {
    world.bob.accepting = false
    send(noise(100 * CHUNK))
    world.run(() => false, 20)
    expect([stateOf(world.alice), stateOf(world.bob)]).toEqual(['offered', 'offered'])
    expect(inDownloads()).toEqual([])
    world.bob.channels.acceptFile(only(world.bob).id, world.bob.downloads)
    expect(world.run(over)).toBe(true)
    for (const side of [world.alice, world.bob]) {
      const steps = side.fileNews.map((row) => row.next)
      expect(steps).toEqual([...steps].sort((x, y) => x - y))
      expect(steps).toEqual(expect.arrayContaining([32, 64, 96, 100]))
    }
    expect(codeOf(() => world.bob.channels.acceptFile(only(world.bob).id, world.bob.downloads))).toBe('STATE')
    expect(codeOf(() => world.bob.channels.acceptFile('0'.repeat(32), world.bob.downloads))).toBe('NOT_FOUND')
  })

  it('has at most 64 chunks on their way', () => {
    send(noise(200 * CHUNK))
    world.deliver()
    expect(stateOf(world.bob)).toBe('moving')
    while (world.queue.some(({ to }) => to === 'alice')) world.deliver(world.queue.findIndex(({ to }) => to === 'alice'))
    expect(world.queue.filter(({ to }) => to === 'bob')).toHaveLength(64)
  })

  it('goes beside texts', () => {
    send(noise(200 * CHUNK))
    world.deliver()
    write(world, world.alice, 'meanwhile')
    world.run(over)
    expect(arrived(world.bob)).toEqual(['meanwhile'])
  })

  it('and one the other way at the same time', () => {
    const [there, back] = [noise(90 * CHUNK, 'a'), noise(70 * CHUNK, 'b')]
    send(there, 'there')
    send(back, 'back', world.bob)
    expect(world.run(() => [world.alice, world.bob].every((side) => side.channels.files().every((row) => row.state === 'done')))).toBe(true)
    expect(Buffer.compare(read('there'), there)).toBe(0)
    expect(Buffer.compare(read('back', world.alice), back)).toBe(0)
  })

  it('takes its time over a slow transport', () => {
    const bytes = noise(150 * CHUNK)
    world.alice.room = 0
    send(bytes)
    for (let i = 0; i < 2_000 && !over(); i += 1) {
      world.alice.room = 3
      world.alice.channels.pump()
      world.deliverAll()
      world.pass(100)
    }
    expect(stateOf(world.bob)).toBe('done')
    // Slow is not lost: hardly a chunk went twice.
    expect([...world.used.keys()].filter((use) => use.startsWith('alice')).length).toBeLessThan(400)
  })
})

describe('loss', () => {
  it('of a chunk is asked for after 500 ms, and sending goes back there', () => {
    const bytes = noise(100 * CHUNK)
    send(bytes)
    world.deliver()
    while (world.queue.some(({ to }) => to === 'alice')) world.deliver(world.queue.findIndex(({ to }) => to === 'alice'))
    world.queue.splice(40, 1)
    world.deliverAll()
    expect(only(world.bob).next).toBe(32)
    const before = world.clock.wall
    expect(world.bob.channels.nextDue()).toBeLessThanOrEqual(before + 500)
    expect(world.run(over)).toBe(true)
    expect(Buffer.compare(read('photo.bin'), bytes)).toBe(0)
    expect(world.clock.wall - before).toBeLessThan(3_000)
  })

  it('of everything for a minute only delays it', () => {
    const bytes = noise(100 * CHUNK)
    send(bytes)
    world.deliver()
    for (let i = 0; i < 60; i += 1) {
      world.queue = []
      world.pass(1_000)
    }
    expect(world.run(over)).toBe(true)
    expect(Buffer.compare(read('photo.bin'), bytes)).toBe(0)
  })
})

describe('chunks and news', () => {
  it('64 ahead are kept, others dropped', () => {
    const stream = { sessionId: SESSION, dir: 'a2b' as const, e: 0, s: 'ab'.repeat(16) }
    const key = streamKey(SecretBytes.take(new Uint8Array(32).fill(1)), stream.s)
    send(noise(100 * CHUNK))
    world.deliver()
    const { f } = only(world.bob)
    const say = (n: number, i: number, length = CHUNK): void => {
      const header = { t: 'chunk', m: -1, a: 0, f, i }
      world.bob.channels.frame(world.alice.id, seal(key, stream, n, { header, body: new Uint8Array(length) }))
    }
    say(0, 63)
    expect(world.bob.dropped).toEqual([])
    say(1, 64)
    expect(world.bob.dropped).toHaveLength(1)
    say(2, 0, CHUNK - 1)
    expect(world.bob.dropped).toHaveLength(2)
  })

  it('do not pile up while the sender is away', () => {
    send(noise(100 * CHUNK))
    world.deliver()
    for (let i = 0; i < 300; i += 1) {
      world.queue = []
      world.pass(1_000)
    }
    expect(world.bob.store.channel.messages(SESSION, 'out').length).toBeLessThanOrEqual(2)
  })
})

describe('a restart', () => {
  const moveSome = (): void => {
    send(noise(300 * CHUNK))
    for (let i = 0; i < 110; i += 1) {
      world.deliver()
      if (i % 10 === 0) world.pass(1)
    }
    expect(stateOf(world.bob)).toBe('moving')
    expect(only(world.bob).next).toBeGreaterThan(0)
  }

  it.each(['alice', 'bob'] as const)('of %s in the middle goes on from what is safe', (name) => {
    moveSome()
    const safe = only(world.bob).next
    world.queue = []
    world.used.clear()
    world.restart(world[name])
    expect(world.run(over)).toBe(true)
    expect(stateOf(world.bob)).toBe('done')
    expect(Buffer.compare(read('photo.bin'), noise(300 * CHUNK))).toBe(0)
    expect(inDownloads()).toEqual(['photo.bin'])
    expect([...world.used.keys()].filter((use) => use.startsWith('alice')).length).toBeLessThan(2 * (300 - safe) + 100)
  })

  it('of the receiver while the offer waits keeps it', () => {
    world.bob.accepting = false
    send(noise(3 * CHUNK))
    world.deliverAll()
    world.restart(world.bob)
    world.restart(world.alice)
    world.run(() => false, 10)
    expect(world.bob.channels.files()).toHaveLength(1)
    world.bob.channels.acceptFile(only(world.bob).id, world.bob.downloads)
    expect(world.run(over)).toBe(true)
    expect(stateOf(world.alice)).toBe('done')
  })

  it('of the sender offers again what the receiver knows of, once', () => {
    world.bob.accepting = false
    send(noise(3 * CHUNK))
    world.run(() => world.alice.store.channel.messages(SESSION, 'out').length === 0)
    for (let i = 0; i < 3; i += 1) world.restart(world.alice)
    expect(world.alice.store.channel.messages(SESSION, 'out').map(({ header }) => header['t'])).toEqual(['file'])
    world.run(() => false, 10)
    expect(world.bob.channels.files()).toHaveLength(1)
    expect(world.bob.dropped).toEqual([])
  })

  it('of the sender hears what it missed', () => {
    world.bob.accepting = false
    send(noise(3 * CHUNK))
    world.deliverAll()
    world.bob.channels.refuseFile(only(world.bob).id)
    world.queue = []
    world.restart(world.alice)
    expect(world.run(over)).toBe(true)
    expect([stateOf(world.alice), stateOf(world.bob)]).toEqual(['refused', 'refused'])
  })

  it.each(['before the rename', 'after the rename', 'before the hash is done'])('at the end, %s, makes one file', (when) => {
    const bytes = noise(100 * CHUNK)
    send(bytes)
    let struck = false
    const strike = (): void => {
      if (struck) return
      struck = true
      throw new Error('killed')
    }
    if (when === 'before the rename')
      world.bob.files.rename = (from, to) => {
        // What cannot be caught here is a kill; the place taken stays, as it would.
        if (struck) return nodeFiles.rename(from, to)
        struck = true
        world.bob.files.remove = () => undefined
        throw new Error('killed')
      }
    if (when === 'after the rename') {
      world.bob.files.syncFolder = () => {
        vi.spyOn(world.bob.work, 'run').mockImplementationOnce(() => {
          struck = true
          throw new Error('killed')
        })
      }
    }
    if (when === 'before the hash is done') world.bob.files.openRead = (path) => (path.endsWith('.part') ? strike() : undefined, nodeFiles.openRead(path))
    // Stop the world before the failure is told: only the disk and the database stay.
    const rows = world.bob.store.files
    const put = rows.put
    if (when !== 'after the rename')
      vi.spyOn(rows, 'put').mockImplementation((row) => {
        if (row.state === 'failed') throw new Error('killed')
        put(row)
      })
    expect(() => world.run(over)).toThrow('killed')
    expect(struck).toBe(true)
    for (const key of ['rename', 'syncFolder', 'openRead', 'remove'] as const) delete world.bob.files[key]
    world.restart(world.bob)
    expect(world.run(over)).toBe(true)
    expect([stateOf(world.alice), stateOf(world.bob)]).toEqual(['done', 'done'])
    expect(inDownloads()).toEqual(['photo.bin'])
    expect(Buffer.compare(read('photo.bin'), bytes)).toBe(0)
  })
})

describe('what goes wrong', () => {
  it('a file that is not what was offered is deleted', () => {
    const file = makeFile(world.alice, 'photo.bin', noise(70 * CHUNK))
    world.alice.channels.sendFile(SESSION, { ...file, hash: '0'.repeat(64) })
    expect(world.run(over)).toBe(true)
    expect([stateOf(world.alice), stateOf(world.bob)]).toEqual(['failed', 'failed'])
    expect(only(world.bob).reason).toMatch(/hash/)
    expect(inDownloads()).toEqual([])
  })

  it('a file that is changed while it is sent is given up on both sides', () => {
    const file = makeFile(world.alice, 'photo.bin', noise(200 * CHUNK))
    world.alice.channels.sendFile(SESSION, file)
    for (let i = 0; i < 40; i += 1) world.deliver()
    fs.appendFileSync(file.path, 'x')
    expect(world.run(over)).toBe(true)
    expect([stateOf(world.alice), stateOf(world.bob)]).toEqual(['failed', 'cancelled'])
    expect(only(world.alice).reason).toMatch(/changed/)
    expect(inDownloads()).toEqual([])
    write(world, world.alice, 'the session goes on')
    world.run(() => undelivered(world.alice).length === 0)
    expect(arrived(world.bob)).toEqual(['the session goes on'])
  })

  it('one that has other bytes and the same length, too', () => {
    const file = makeFile(world.alice, 'photo.bin', noise(200 * CHUNK))
    world.alice.channels.sendFile(SESSION, file)
    for (let i = 0; i < 40; i += 1) world.deliver()
    fs.utimesSync(file.path, 1, 1)
    expect(world.run(over)).toBe(true)
    expect(stateOf(world.alice)).toBe('failed')
    expect(only(world.alice).reason).toMatch(/changed/)
  })

  it('one that is gone after a restart, too', () => {
    const file = makeFile(world.alice, 'photo.bin', noise(200 * CHUNK))
    world.alice.channels.sendFile(SESSION, file)
    for (let i = 0; i < 40; i += 1) world.deliver()
    fs.rmSync(file.path)
    world.restart(world.alice)
    expect(world.run(over)).toBe(true)
    expect([stateOf(world.alice), stateOf(world.bob)]).toEqual(['failed', 'cancelled'])
  })

  it('one that is not there, or has another size than it had, is not offered', () => {
    const file = makeFile(world.alice, 'photo.bin', noise(10))
    expect(codeOf(() => world.alice.channels.sendFile(SESSION, { ...file, path: `${file.path}x` }))).toBe('UNREADABLE')
    expect(codeOf(() => world.alice.channels.sendFile(SESSION, { ...file, size: 11 }))).toBe('STATE')
    expect(codeOf(() => world.alice.channels.sendFile(SESSION, { ...file, path: world.alice.downloads }))).toBe('UNREADABLE')
    expect(world.alice.channels.files()).toEqual([])
  })

  it.each(['writeAt', 'sync', 'rename'] as const)('a full disk (%s) ends the file, not the session', (call) => {
    const overrides: Partial<Record<typeof call, () => void>> = {
      [call]: () => {
        throw failure('ENOSPC')
      },
    }
    Object.assign(world.bob.files, overrides)
    send(noise(100 * CHUNK))
    expect(world.run(over)).toBe(true)
    expect([stateOf(world.alice), stateOf(world.bob)]).toEqual(['failed', 'failed'])
    expect(only(world.bob).reason).toBe('The disk is full.')
    expect(inDownloads()).toEqual([])
    write(world, world.alice, 'the session goes on')
    world.run(() => undelivered(world.alice).length === 0)
    expect(arrived(world.bob)).toEqual(['the session goes on'])
  })

  it('a folder that takes nothing leaves the offer as it was', () => {
    world.bob.accepting = false
    send(noise(10))
    world.deliverAll()
    expect(codeOf(() => world.bob.channels.acceptFile(only(world.bob).id, join(world.bob.downloads, 'nowhere')))).toBe('UNREADABLE')
    expect(stateOf(world.bob)).toBe('offered')
  })

  it('a database that is full at the end is tried again, not without a pause', () => {
    send(noise(40 * CHUNK))
    world.run(() => stateOf(world.bob) === 'checking')
    world.bob.faults = 3
    const began = world.clock.wall
    for (let i = 0; i < 50 && stateOf(world.bob) !== 'done'; i += 1) {
      world.bob.channels.tick()
      const due = world.bob.channels.nextDue() ?? 0
      if (stateOf(world.bob) !== 'done') world.clock.mono += due - world.clock.wall
      world.clock.wall = Math.max(world.clock.wall, due)
    }
    expect(stateOf(world.bob)).toBe('done')
    expect(world.clock.wall - began).toBeGreaterThanOrEqual(15_000)
    expect(inDownloads()).toContain('photo.bin')
  })

  it('a database that takes nothing leaves no temporary file', () => {
    world.bob.accepting = false
    send(noise(10))
    world.deliverAll()
    const put = vi.spyOn(world.bob.store.files, 'put').mockImplementation(() => {
      throw new AppFault('DISK_FULL', 'full')
    })
    expect(codeOf(() => world.bob.channels.acceptFile(only(world.bob).id, world.bob.downloads))).toBe('DISK_FULL')
    put.mockRestore()
    expect(inDownloads()).toEqual([])
    expect(stateOf(world.bob)).toBe('offered')
    world.bob.channels.acceptFile(only(world.bob).id, world.bob.downloads)
    expect(world.run(over)).toBe(true)
    expect(stateOf(world.bob)).toBe('done')
  })

  it('an approval that fails after it leaves no temporary file', () => {
    const { bob } = world
    bob.accepting = false
    send(noise(10))
    world.deliverAll()
    const approve = (fails: boolean): void =>
      bob.work.run(() => {
        bob.channels.acceptFile(only(bob).id, bob.downloads)
        expect(inDownloads()).toHaveLength(1)
        if (fails) throw new AppFault('DISK_FULL', 'from the test')
      })
    expect(codeOf(() => approve(true))).toBe('DISK_FULL')
    expect([inDownloads(), stateOf(bob)]).toEqual([[], 'offered'])
    approve(false)
    // What fails later is not about this file any more.
    expect(codeOf(() => bob.work.run(() => bob.channels.acceptFile('0'.repeat(32), bob.downloads)))).toBe('NOT_FOUND')
    expect(inDownloads()).toHaveLength(1)
    expect(world.run(over)).toBe(true)
    expect([inDownloads(), stateOf(bob)]).toEqual([['photo.bin'], 'done'])
  })
})

describe('ending it', () => {
  const midway = (): void => {
    send(noise(200 * CHUNK))
    for (let i = 0; i < 60; i += 1) world.deliver()
    expect(stateOf(world.bob)).toBe('moving')
  }

  it('the receiver can refuse', () => {
    world.bob.accepting = false
    send(noise(10))
    world.deliverAll()
    world.bob.channels.refuseFile(only(world.bob).id)
    world.run(over)
    expect([stateOf(world.alice), stateOf(world.bob)]).toEqual(['refused', 'refused'])
    expect(codeOf(() => world.bob.channels.refuseFile(only(world.bob).id))).toBe('STATE')
  })

  it.each(['alice', 'bob'] as const)('%s can cancel in the middle', (name) => {
    midway()
    world[name].channels.cancelFile(only(world[name]).id)
    world.run(over)
    world.run(() => false, 5)
    expect([stateOf(world.alice), stateOf(world.bob)]).toEqual(['cancelled', 'cancelled'])
    expect(inDownloads()).toEqual([])
    expect(codeOf(() => world[name].channels.cancelFile(only(world[name]).id))).toBe('STATE')
  })

  it('an offer can be taken back', () => {
    world.bob.accepting = false
    const row = send(noise(10))
    world.deliverAll()
    world.alice.channels.cancelFile(row.id)
    world.run(over)
    expect([stateOf(world.alice), stateOf(world.bob)]).toEqual(['cancelled', 'cancelled'])
  })

  it('the session ends it', () => {
    midway()
    world.alice.channels.close(SESSION, 'user')
    world.run(() => world.bob.closed.length > 0)
    expect([stateOf(world.alice), stateOf(world.bob)]).toEqual(['failed', 'failed'])
    expect(inDownloads()).toEqual([])
    expect(codeOf(() => send(noise(10), 'other'))).toBe('STATE')
  })

  it('leaves no temporary file when the process ends before it is deleted', () => {
    midway()
    world.bob.files.remove = () => {
      throw failure('EIO')
    }
    world.bob.channels.cancelFile(only(world.bob).id)
    expect(inDownloads()).toHaveLength(1)
    delete world.bob.files.remove
    world.restart(world.bob)
    expect(inDownloads()).toEqual([])
  })
})

describe('the name', () => {
  it('is a free one: nothing there is overwritten', () => {
    fs.writeFileSync(join(world.bob.downloads, 'photo.bin'), 'mine')
    fs.writeFileSync(join(world.bob.downloads, 'photo (2).bin'), 'mine too')
    send(noise(10))
    world.run(over)
    expect(inDownloads()).toEqual(['photo (2).bin', 'photo (3).bin', 'photo.bin'])
    expect(fs.readFileSync(join(world.bob.downloads, 'photo.bin'), 'utf8')).toBe('mine')
    expect(read('photo (3).bin')).toHaveLength(10)
  })

  it('of a link is not followed', () => {
    const target = join(world.bob.downloads, '..', 'elsewhere')
    fs.symlinkSync(target, join(world.bob.downloads, 'photo.bin'))
    send(noise(10))
    world.run(over)
    expect(fs.existsSync(target)).toBe(false)
    expect(inDownloads()).toEqual(['photo (2).bin', 'photo.bin'])
  })

  it('that a peer makes up stays in the folder, and is a file like any other', () => {
    fs.mkdirSync(join(world.bob.downloads, 'sub'))
    const names = ['../../escape', '/etc/passwd', 'sub/below', 'C:\\boot.ini', '..', 'CON.txt', 'photo\u202egpj.exe', '.hidden', 'x'.repeat(255)]
    const stream = { sessionId: SESSION, dir: 'a2b' as const, e: 0, s: 'ab'.repeat(16) }
    const key = streamKey(SecretBytes.take(new Uint8Array(32).fill(1)), stream.s)
    let n = 0
    const say = (header: { t: string; m: number; a: number }, body: Uint8Array): void => {
      world.bob.channels.frame(world.alice.id, seal(key, stream, n, { header, body }))
      n += 1
    }
    const hash = sha256Hex(Uint8Array.of(1))
    for (const [i, name] of names.entries()) {
      const f = i.toString(16).padStart(32, '0')
      const offer = { t: 'file', m: i, a: 0, f, name, size: 1, hash, chunk: CHUNK }
      say(offer, new Uint8Array(0))
      const chunk = { t: 'chunk', m: -1, a: 0, f, i: 0 }
      say(chunk, Uint8Array.of(1))
    }
    for (let i = 0; i < 5; i += 1) world.bob.channels.tick()
    expect(world.bob.channels.files().map((row) => row.state)).toEqual(names.map(() => 'done'))
    expect(inDownloads()).toEqual([
      'C__boot.ini',
      '_.._escape',
      '_CON.txt',
      '_etc_passwd',
      'file',
      'hidden',
      'photogpj.exe',
      'sub',
      'sub_below',
      'x'.repeat(200),
    ])
    expect(fs.readdirSync(join(world.bob.downloads, 'sub'))).toEqual([])
  })

  it('of a file of another size, hash or place in the same session does not touch the first', () => {
    send(noise(3 * CHUNK))
    world.deliverAll()
    const { f } = only(world.alice)
    world.bob.channels.frame(world.alice.id, JSON.parse('{"k":"none"}'))
    const stream = { sessionId: SESSION, dir: 'a2b' as const, e: 0, s: 'ab'.repeat(16) }
    const key = streamKey(SecretBytes.take(new Uint8Array(32).fill(1)), stream.s)
    const header = { t: 'file', m: 1, a: 0, f, name: 'other', size: 5, hash: '0'.repeat(64), chunk: CHUNK }
    world.bob.channels.frame(world.alice.id, seal(key, stream, 0, { header, body: new Uint8Array(0) }))
    expect(world.bob.dropped).toContain('offer under the name of another file')
    expect(world.bob.channels.files()).toHaveLength(1)
  })
})

describe('offers', () => {
  it('beyond 64 that wait are refused unseen', () => {
    world.bob.accepting = false
    for (let i = 0; i < 66; i += 1) send(noise(1), `file ${i}`)
    world.run(() => undelivered(world.alice).length === 0 && world.alice.channels.files().filter((row) => row.state === 'refused').length === 2)
    expect(world.bob.channels.files()).toHaveLength(64)
    expect(world.alice.channels.files().filter((row) => row.state === 'refused')).toHaveLength(2)
  })
})

it('describes a file as sendFile wants it', async () => {
  const bytes = noise(5_000_000)
  const file = makeFile(world.alice, 'long.bin', bytes)
  expect(await describeFile(world.alice.ports, file.path)).toEqual(file)
  await expect(describeFile(world.alice.ports, `${file.path}x`)).rejects.toThrow(AppFault)
})
