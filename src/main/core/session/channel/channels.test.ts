import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { toHex } from '../../crypto/bytes.ts'
import { SecretBytes } from '../../crypto/secret.ts'
import { x25519PublicKey } from '../../crypto/x25519.ts'
import { AppFault } from '../../fault.ts'
import { edit, removeTempFolders } from '../../store/testing.fixture.ts'
import { arrived, createWorld, openSession, SESSION, undelivered, type World, write } from './channel.fixture.ts'
import { pack, seal, streamKey } from './frame.ts'
import { createPace } from './pace.ts'

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
const key = (byte: number): SecretBytes => SecretBytes.take(new Uint8Array(32).fill(byte))

/** A frame as a peer with the keys could make it. */
const forged = (over: { header: { t: string; m: number; a: number; [key: string]: string | number | boolean }; s?: string; n?: number; body?: Uint8Array }) => {
  const stream = { sessionId: SESSION, dir: 'a2b' as const, e: 0, s: over.s ?? 'ab'.repeat(16) }
  return seal(streamKey(key(1), stream.s), stream, over.n ?? 0, { header: over.header, body: over.body ?? new Uint8Array(0) })
}

let world: World
beforeEach(() => {
  world = createWorld()
  openSession(world)
})
afterEach(() => {
  expect(world.reused).toEqual([])
  world.close()
})

describe('texts', () => {
  it('arrive in order, both ways, and are told as delivered', () => {
    const texts = ['one', 'two', '漢字 😀', 'x'.repeat(22_000)]
    for (const text of texts) write(world, world.alice, text)
    write(world, world.bob, 'hello back')
    expect(undelivered(world.alice)).toHaveLength(4)
    expect(world.run(() => undelivered(world.alice).length === 0 && undelivered(world.bob).length === 0)).toBe(true)
    expect(arrived(world.bob)).toEqual(texts)
    expect(arrived(world.alice)).toEqual(['hello back'])
    expect(world.alice.store.channel.messages(SESSION, 'out')).toEqual([])
  })

  it('leave after the commit only, and not at all when it fails', () => {
    expect(() =>
      world.alice.work.run(() => {
        world.alice.channels.sendText(SESSION, 'never', 1)
        world.alice.channels.pump()
        expect(world.queue).toHaveLength(0)
        throw new Error('no')
      }),
    ).toThrow('no')
    expect(world.queue).toHaveLength(0)
    write(world, world.alice, 'after')
    world.run(() => undelivered(world.alice).length === 0)
    expect(arrived(world.bob)).toEqual(['after'])
  })

  it('are not acknowledged when the receiver could not store them', () => {
    write(world, world.alice, 'hold')
    const add = vi.spyOn(world.bob.store.messages, 'add').mockImplementation(() => {
      throw new AppFault('DISK_FULL', 'full')
    })
    expect(() => world.deliverAll()).toThrow('full')
    world.queue = []
    expect(arrived(world.bob)).toEqual([])
    add.mockRestore()
    expect(world.run(() => undelivered(world.alice).length === 0)).toBe(true)
    expect(arrived(world.bob)).toEqual(['hold'])
  })

  it('may have 256 KiB and not one byte more', () => {
    const long = `${'é'.repeat(131_071)}ab`
    expect(Buffer.byteLength(long)).toBe(262_144)
    write(world, world.alice, long)
    expect(codeOf(() => write(world, world.alice, `${long}c`))).toBe('BAD_ARGUMENT')
    expect(codeOf(() => write(world, world.alice, ''))).toBe('BAD_ARGUMENT')
    expect(codeOf(() => write(world, world.alice, '\ud800'))).toBe('BAD_ARGUMENT')
    write(world, world.alice, 'next')
    // The receiver restarts between the parts.
    for (let i = 0; i < 5; i += 1) world.deliver()
    world.restart(world.bob)
    expect(world.run(() => undelivered(world.alice).length === 0)).toBe(true)
    expect(arrived(world.bob)).toEqual([long, 'next'])
    expect(world.bob.store.channel.messages(SESSION, 'in')).toEqual([])
  })

  it('that are not UTF-8, or parts that do not fit, are dropped and the rest goes on', () => {
    const s = 'cd'.repeat(16)
    const say = (n: number, header: Record<string, string | number>, body: string | Uint8Array) =>
      world.bob.channels.frame(
        world.alice.id,
        forged({ s, n, header: { t: 'text', m: n, a: 0, ...header }, body: typeof body === 'string' ? Buffer.from(body) : body }),
      )
    say(0, {}, Uint8Array.of(0xff))
    say(1, { part: 1, of: 2 }, 'second without a first')
    say(2, { part: 0, of: 3 }, 'begun')
    say(3, { part: 0, of: 2 }, 'a')
    say(4, { part: 1, of: 2 }, 'b')
    say(5, { part: 0, of: 3 }, 'x')
    say(6, { part: 1, of: 2 }, 'y')
    say(7, {}, 'end')
    expect(arrived(world.bob)).toEqual(['ab', 'end'])
    expect(world.bob.dropped).toHaveLength(4)
  })

  it('are dated by the sender, and never later than now', () => {
    const at = (n: number, tick: string) =>
      world.bob.channels.frame(world.alice.id, forged({ n, header: { t: 'text', m: n, a: 0, at: tick }, body: Buffer.from('x') }))
    at(0, '1000')
    at(1, '9'.repeat(18))
    expect(world.bob.store.messages.after(0, 9).map((row) => row.at)).toEqual([777_000, world.clock.wall])
  })
})

describe('acknowledgement and repetition', () => {
  it('an acknowledgement goes after 200 ms by itself, or at once with something else', () => {
    write(world, world.alice, 'one')
    world.deliverAll()
    expect(world.bob.channels.nextDue()).toBe(world.clock.wall + 200)
    world.pass(150)
    // A second one does not put it off.
    write(world, world.alice, 'and another')
    world.deliverAll()
    world.pass(49)
    expect(world.queue).toHaveLength(0)
    world.pass(1)
    expect(world.queue).toHaveLength(1)
    world.deliverAll()
    expect(undelivered(world.alice)).toEqual([])
    world.pass(500)
    expect(world.queue).toHaveLength(0)
    write(world, world.alice, 'two')
    world.deliverAll()
    write(world, world.bob, 'answer')
    world.deliver()
    expect(undelivered(world.alice)).toEqual([])
  })

  it('repeats after 1, 2, 4, 8, 16, 30, 30 s, sealed anew each time', () => {
    write(world, world.alice, 'lost')
    const sealedTexts = new Set<string>()
    const times: number[] = []
    const began = world.clock.wall
    for (let i = 0; i < 8; i += 1) {
      for (const { d } of world.queue.splice(0)) {
        sealedTexts.add(d.c)
        times.push(world.clock.wall - began)
      }
      world.pass((world.alice.channels.nextDue() ?? 0) - world.clock.wall)
    }
    expect(times).toEqual([0, 1, 3, 7, 15, 31, 61, 91].map((s) => s * 1000))
    expect(sealedTexts.size).toBe(8)
  })

  it('has at most 256 on their way', () => {
    for (let i = 0; i < 300; i += 1) write(world, world.alice, `${i}`)
    expect(world.queue).toHaveLength(256)
    // The first is lost: everything else is kept and waits for it.
    world.queue.splice(0, 1)
    world.deliverAll()
    expect(arrived(world.bob)).toEqual([])
    expect(world.run(() => undelivered(world.alice).length === 0)).toBe(true)
    expect(arrived(world.bob)).toEqual(Array.from({ length: 300 }, (_, i) => `${i}`))
  })

  it('refuses a text when 512 wait', () => {
    world.alice.room = 0
    for (let i = 0; i < 512; i += 1) write(world, world.alice, `${i}`)
    expect(codeOf(() => write(world, world.alice, 'one more'))).toBe('STATE')
  })

  it('goes in a new stream when nothing comes back, so that a stream played from a recording does not end it', () => {
    // A stream of alice's that bob never saw, recorded by somebody.
    write(world, world.alice, 'recorded')
    const [recorded] = world.queue.splice(0)
    world.restart(world.alice)
    world.run(() => undelivered(world.alice).length === 0)
    if (!recorded) throw new Error('nothing recorded')
    // Played: it opens, pushes the living stream out after 30 s.
    world.queue.push(recorded)
    world.deliverAll()
    world.pass(31_000)
    write(world, world.alice, 'does it come?')
    expect(world.run(() => undelivered(world.alice).length === 0)).toBe(true)
    expect(arrived(world.bob)).toEqual(['recorded', 'does it come?'])
    // The other direction lives on too: bob's acknowledgements arrive.
    world.queue.push(recorded)
    world.deliverAll()
    expect(arrived(world.bob)).toHaveLength(2)
  })

  it('and so do acknowledgements that do not arrive for the same reason', () => {
    write(world, world.alice, 'one')
    world.deliverAll()
    world.pass(200)
    const [recorded] = world.queue.splice(0)
    if (!recorded) throw new Error('nothing recorded')
    world.restart(world.bob)
    world.run(() => undelivered(world.alice).length === 0)
    world.queue = [recorded]
    world.deliverAll()
    world.pass(31_000)
    write(world, world.alice, 'two')
    expect(world.run(() => undelivered(world.alice).length === 0)).toBe(true)
    expect(arrived(world.bob)).toEqual(['one', 'two'])
  })

  it('stops at a full socket and goes on with pump, or by itself a second later', () => {
    world.alice.room = 2
    for (const text of ['1', '2', '3', '4']) write(world, world.alice, text)
    expect(world.queue).toHaveLength(2)
    expect(world.alice.channels.nextDue()).toBe(world.clock.wall + 1_000)
    world.alice.room = 1
    world.alice.channels.pump()
    expect(world.queue).toHaveLength(3)
    world.alice.room = Infinity
    expect(world.run(() => undelivered(world.alice).length === 0)).toBe(true)
    expect(arrived(world.bob)).toEqual(['1', '2', '3', '4'])
  })

  it('goes slower when the relay says so', () => {
    for (let i = 0; i < 20; i += 1) write(world, world.alice, `${i}`)
    world.deliverAll()
    world.alice.channels.slowDown()
    for (let i = 0; i < 40; i += 1) write(world, world.alice, `later ${i}`)
    expect(world.queue.length).toBeLessThan(2)
    expect(world.run(() => undelivered(world.alice).length === 0)).toBe(true)
    expect(arrived(world.bob)).toHaveLength(60)
  })
})

describe('frames that are not to be', () => {
  it('are counted, and told from the tenth', () => {
    const garbage = { k: SESSION.slice(0, 16), e: 0, s: '0'.repeat(32), c: 'A'.repeat(364) }
    for (let n = 0; n < 9; n += 1) world.bob.channels.frame(world.alice.id, { ...garbage, n })
    expect(world.bob.dropped).toEqual([])
    world.bob.channels.frame(world.alice.id, { ...garbage, n: 9 })
    expect(world.bob.dropped).toEqual(['frame that does not open'])
    expect(world.queue).toEqual([])
    write(world, world.alice, 'still here')
    world.run(() => undelivered(world.alice).length === 0)
    expect(arrived(world.bob)).toEqual(['still here'])
  })

  it('of another sender than the peer change nothing', () => {
    const frame = forged({ header: { t: 'text', m: 0, a: 0 }, body: Buffer.from('x') })
    world.bob.channels.frame('somebody' as typeof world.alice.id, frame)
    expect(arrived(world.bob)).toEqual([])
  })

  it('of an unknown kind are passed over', () => {
    world.bob.channels.frame(world.alice.id, forged({ n: 0, header: { t: 'dance', m: 0, a: 0 } }))
    world.bob.channels.frame(world.alice.id, forged({ n: 1, header: { t: 'text', m: 1, a: 0 }, body: Buffer.from('after') }))
    expect(arrived(world.bob)).toEqual(['after'])
    expect(world.bob.dropped).toEqual(['message of an unknown kind'])
  })

  it('that acknowledge what was never sent acknowledge nothing', () => {
    write(world, world.bob, 'mine')
    world.bob.channels.frame(world.alice.id, forged({ header: { t: 'ack', m: -1, a: 2 } }))
    expect(undelivered(world.bob)).toEqual(['mine'])
    world.bob.channels.frame(world.alice.id, forged({ n: 1, header: { t: 'ack', m: -1, a: 1 } }))
    expect(undelivered(world.bob)).toEqual([])
  })

  it('numbered beyond 2^48 close the session; 2^48 itself is only far away', () => {
    world.bob.channels.frame(world.alice.id, forged({ header: { t: 'text', m: 2 ** 48, a: 0 }, body: Buffer.from('x') }))
    expect(world.bob.closed).toEqual([])
    world.bob.channels.frame(world.alice.id, forged({ n: 1, header: { t: 'text', m: 2 ** 48 + 1, a: 0 }, body: Buffer.from('x') }))
    expect(world.bob.closed).toEqual(['bad_peer'])
    expect(codeOf(() => write(world, world.bob, 'x'))).toBe('STATE')
  })

  it('for a session that is not there yet wait 30 s, 64 of a peer', () => {
    const early = createWorld()
    const frames = Array.from({ length: 66 }, (_, n) => forged({ n, header: { t: 'text', m: n, a: 0 }, body: Buffer.from(`${n}`) }))
    for (const frame of frames) early.bob.channels.frame(early.alice.id, frame)
    expect(early.bob.dropped).toEqual(['frame of an unknown session', 'frame of an unknown session'])
    early.pass(29_999)
    openSession(early)
    expect(arrived(early.bob)).toHaveLength(64)
    early.close()
    const late = createWorld()
    for (const frame of frames) late.bob.channels.frame(late.alice.id, frame)
    late.pass(30_000)
    openSession(late)
    expect(arrived(late.bob)).toEqual([])
    late.close()
  })

  it('of a stream that is over stay refused after a restart', () => {
    const frame = (s: string, n: number, m: number) => forged({ s: s.repeat(32), n, header: { t: 'text', m, a: 0 }, body: Buffer.from(`${m}`) })
    world.bob.channels.frame(world.alice.id, frame('1', 0, 0))
    world.bob.channels.frame(world.alice.id, frame('2', 0, 1))
    world.restart(world.bob)
    world.bob.channels.frame(world.alice.id, frame('1', 1, 2))
    expect(arrived(world.bob)).toEqual(['0', '1'])
    world.bob.channels.frame(world.alice.id, frame('2', 1, 2))
    expect(arrived(world.bob)).toEqual(['0', '1', '2'])
  })
})

describe('a restart', () => {
  it('begins a new stream in both directions and loses nothing', () => {
    write(world, world.alice, 'before')
    world.queue = []
    world.restart(world.alice)
    write(world, world.alice, 'after')
    expect(world.run(() => undelivered(world.alice).length === 0)).toBe(true)
    expect(arrived(world.bob)).toEqual(['before', 'after'])
    expect(new Set([...world.used.keys()].filter((use) => use.startsWith('alice')).map((use) => use.split(':')[2])).size).toBe(2)
  })

  it('of a copy of the profile uses no key and number twice', () => {
    const copy = createWorld({ seed: 'another machine' })
    openSession(copy)
    for (const w of [world, copy]) write(w, w.alice, 'same message, same number')
    const uses = [...world.used.keys(), ...copy.used.keys()]
    expect(new Set(uses).size).toBe(uses.length)
    copy.close()
  })
})

describe('the next epoch', () => {
  const day = 24 * 3600 * 1000
  const epochsOf = (side: World['alice']): number[] => side.store.channel.epochs(SESSION).map(({ e }) => e)

  it('comes after 24 h and not before, from both sides at once without a conflict', () => {
    world.pass(day - 1)
    expect(world.queue).toHaveLength(0)
    world.pass(1)
    expect(world.queue.map(({ to }) => to).sort()).toEqual(['alice', 'bob'])
    expect(world.run(() => epochsOf(world.alice).includes(1) && epochsOf(world.bob).includes(1))).toBe(true)
    const [a, b] = [world.alice, world.bob].map((side) => side.store.channel.epochs(SESSION).find(({ e }) => e === 1))
    expect(a).toEqual(b)
    write(world, world.alice, 'in the new epoch')
    write(world, world.bob, 'me too')
    world.run(() => undelivered(world.alice).length + undelivered(world.bob).length === 0)
    expect(world.alice.store.channel.ephemeral(SESSION)).toBeUndefined()
    // Keys of the old one stay 60 s after the first frame of the new one.
    expect(epochsOf(world.alice)).toEqual([0, 1])
    world.run(() => false, 3)
    world.pass(60_000)
    expect(epochsOf(world.alice)).toEqual([1])
    expect(epochsOf(world.bob)).toEqual([1])
    const old = forged({ s: 'ee'.repeat(16), header: { t: 'text', m: 99, a: 0 }, body: Buffer.from('x') })
    const before = arrived(world.bob).length
    world.bob.channels.frame(world.alice.id, old)
    expect(arrived(world.bob)).toHaveLength(before)
    expect(world.alice.closed).toEqual([])
  })

  it('wipes the old root at once', () => {
    world.pass(day)
    world.run(() => epochsOf(world.bob).includes(1))
    expect(world.bob.store.channel.epochs(SESSION)[0]?.root).toBeNull()
  })

  it('comes though the rekey and what went before it are lost at first', () => {
    write(world, world.alice, 'before the rekey')
    world.queue = []
    world.pass(day)
    world.queue = []
    write(world, world.alice, 'after the rekey')
    write(world, world.bob, 'from bob')
    world.queue = []
    expect(world.run(() => undelivered(world.alice).length + undelivered(world.bob).length === 0 && epochsOf(world.alice).includes(1))).toBe(true)
    expect(arrived(world.bob)).toEqual(['before the rekey', 'after the rekey'])
  })

  it('refuses a key that is none', () => {
    world.bob.channels.frame(world.alice.id, forged({ header: { t: 'rekey', m: 0, a: 0, e: 1, eph: '00'.repeat(32) } }))
    expect(world.bob.closed).toEqual(['bad_peer'])
  })

  it('is the next one only', () => {
    world.bob.channels.frame(world.alice.id, forged({ header: { t: 'rekey', m: 0, a: 0, e: 2, eph: '05'.repeat(32) } }))
    expect(world.bob.dropped).toEqual(['rekey for another epoch'])
    expect(epochsOf(world.bob)).toEqual([0])
  })

  it('may follow at once, when the peer has our part of the one before', () => {
    const eph = (byte: number): string => key(byte).use((bytes) => toHex(x25519PublicKey(bytes)))
    const say = (n: number, header: { t: string; m: number; a: number; [field: string]: string | number }): void =>
      world.bob.channels.frame(world.alice.id, forged({ n, header }))
    say(0, { t: 'rekey', m: 0, a: 0, e: 1, eph: eph(7) })
    expect(epochsOf(world.bob)).toEqual([0, 1])
    say(1, { t: 'rekey', m: 1, a: 0, e: 2, eph: eph(8) })
    expect(world.bob.dropped).toEqual(['rekey for another epoch'])
    expect(epochsOf(world.bob)).toEqual([0, 1])
    say(2, { t: 'rekey', m: 2, a: 1, e: 2, eph: eph(8) })
    expect(epochsOf(world.bob)).toEqual([1, 2])
    world.restart(world.bob)
    expect(world.bob.closed).toEqual([])
    expect(world.bob.store.channel.get(SESSION)?.e).toBe(2)
  })

  it('has to come within 72 h: then the session closes with reason age', () => {
    world.pass(day)
    world.queue = []
    world.pass(2 * day)
    expect(world.alice.closed).toEqual([])
    world.queue = []
    world.pass(1)
    expect([world.alice.closed, world.bob.closed]).toEqual([['age'], ['age']])
  })

  it('comes after so many frames, and the session closes after twice as many without it', () => {
    const small = createWorld({ limits: { rekey: { frames: 20, ms: 1e12 }, age: { frames: 40, ms: 1e12 } } })
    openSession(small)
    for (let i = 0; i < 120; i += 1) {
      write(small, small.alice, `${i}`)
      small.run(() => undelivered(small.alice).length === 0)
      small.pass(20_000)
    }
    expect(arrived(small.bob)).toHaveLength(120)
    expect(small.alice.closed).toEqual([])
    expect(small.alice.store.channel.get(SESSION)?.e).toBeGreaterThan(3)
    // The peer is silent: what we send counts too.
    for (let i = 0; i < 60; i += 1) {
      if (small.alice.closed.length === 0) write(small, small.alice, `lost ${i}`)
      small.queue = []
      small.pass(1_000)
    }
    expect(small.alice.closed).toEqual(['age'])
    expect(small.reused).toEqual([])
    small.close()
  })

  it('wakes nobody for nothing: nothing is due before its day', () => {
    write(world, world.alice, 'x')
    world.run(() => undelivered(world.alice).length === 0)
    world.pass(1_000)
    expect((world.alice.channels.nextDue() ?? 0) - world.clock.wall).toBeGreaterThan(day - 60_000)
    world.pass(day)
    world.run(() => epochsOf(world.alice).includes(1), 10)
    for (let i = 0; i < 5; i += 1) {
      world.run(() => false, 5)
      world.pass(61_000)
    }
    expect((world.alice.channels.nextDue() ?? 0) - world.clock.wall).toBeGreaterThan(day / 2)
  })
})

describe('close and wipe', () => {
  it('says so to the peer, takes no more, still delivers what waits, then leaves nothing', () => {
    write(world, world.alice, 'last words')
    world.queue = []
    world.alice.channels.close(SESSION, 'user')
    world.alice.channels.close(SESSION, 'user')
    expect(codeOf(() => write(world, world.alice, 'no more'))).toBe('STATE')
    expect(world.run(() => world.bob.closed.length > 0)).toBe(true)
    expect(world.bob.closed).toEqual(['user'])
    expect(arrived(world.bob)).toEqual(['last words'])
    expect(codeOf(() => write(world, world.bob, 'no'))).toBe('STATE')
    // The acknowledgement does not wait: bob's keys may be gone in a moment.
    world.deliverAll()
    expect(undelivered(world.alice)).toEqual([])
    for (const side of [world.alice, world.bob]) {
      side.channels.wipe(SESSION)
      expect(side.channels.has(SESSION)).toBe(false)
      expect(side.store.channel.get(SESSION)).toBeUndefined()
      expect(side.store.channel.epochs(SESSION)).toEqual([])
      expect(side.store.channel.messages(SESSION, 'out')).toEqual([])
      expect(side.channels.nextDue()).toBeNull()
    }
    expect(arrived(world.bob)).toEqual(['last words'])
  })

  it('takes a reason it does not know for an end like any other', () => {
    world.bob.channels.frame(world.alice.id, forged({ header: { t: 'close', m: 0, a: 0, reason: 'moonlight' } }))
    expect(world.bob.closed).toEqual(['done'])
  })

  it('is the last word: what comes after it is not taken', () => {
    world.bob.channels.frame(world.alice.id, forged({ header: { t: 'close', m: 0, a: 0, reason: 'done' } }))
    world.bob.channels.frame(world.alice.id, forged({ n: 1, header: { t: 'text', m: 1, a: 0 }, body: Buffer.from('one more thing') }))
    world.bob.channels.frame(world.alice.id, forged({ n: 2, header: { t: 'close', m: 2, a: 0, reason: 'user' } }))
    expect(arrived(world.bob)).toEqual([])
    expect(world.bob.closed).toEqual(['done'])
  })

  it('tells what was not delivered', () => {
    const rows = [write(world, world.alice, 'one'), write(world, world.alice, 'x'.repeat(50_000)), write(world, world.alice, 'three')]
    world.alice.channels.wipe(SESSION)
    expect(world.alice.lost).toEqual(rows)
  })

  it('survives a wipe from within the news of the close, and one that is undone', () => {
    expect(() =>
      world.alice.work.run(() => {
        world.alice.channels.wipe(SESSION)
        throw new Error('undone')
      }),
    ).toThrow('undone')
    write(world, world.alice, 'goes on')
    expect(world.run(() => undelivered(world.alice).length === 0)).toBe(true)
    const closed = vi.spyOn(world.bob.closed, 'push').mockImplementation(() => {
      world.bob.channels.wipe(SESSION)
      return 1
    })
    world.alice.channels.close(SESSION, 'done')
    world.deliverAll()
    expect(closed).toHaveBeenCalled()
    expect(world.bob.channels.has(SESSION)).toBe(false)
    expect(world.bob.store.channel.get(SESSION)).toBeUndefined()
  })

  it('locks: no key in memory, and everything goes on after resume', () => {
    write(world, world.alice, 'before')
    world.alice.channels.lock()
    expect(world.alice.channels.nextDue()).toBeNull()
    world.queue = []
    world.alice.channels.resume()
    expect(world.run(() => undelivered(world.alice).length === 0)).toBe(true)
    expect(arrived(world.bob)).toEqual(['before'])
  })

  it('ends a session whose keys are gone with lost_state', () => {
    world.alice.store.channel.dropEpoch(SESSION, 0)
    world.restart(world.alice)
    expect(world.alice.closed).toEqual(['lost_state'])
  })

  it('carries messages of programs', () => {
    world.alice.channels.sendApp(SESSION, 'chess', new Uint8Array(22_000))
    expect(codeOf(() => world.alice.channels.sendApp(SESSION, 'chess', new Uint8Array(22_001)))).toBe('BAD_ARGUMENT')
    expect(codeOf(() => world.alice.channels.sendApp(SESSION, 'c'.repeat(65), new Uint8Array(1)))).toBe('BAD_ARGUMENT')
    world.deliverAll()
    expect(world.bob.apps).toEqual(['chess:22000'])
  })
})

describe('the pace', () => {
  it('halves on a warning, once for many, never below 1/s, and gains a tenth a minute', () => {
    const pace = createPace()
    let now = 0
    const during = (ms: number): number => {
      let taken = 0
      for (const end = now + ms; now < end; now += 10) while (taken < 1e6 && pace.take(now)) taken += 1
      return taken
    }
    for (let i = 0; i < 40; i += 1) pace.take(now)
    pace.slowDown(now)
    pace.slowDown(now)
    expect(pace.take(now)).toBe(false)
    expect(during(10_000)).toBeGreaterThanOrEqual(199)
    now = 10_000
    for (let i = 0; i < 12; i += 1) {
      pace.slowDown(now)
      now += 6_000
    }
    pace.take(now)
    pace.take(now)
    expect(during(10_000)).toBeLessThanOrEqual(11)
    now += 10 * 60_000
    during(1_000)
    expect(during(10_000)).toBeGreaterThan(20)
  })
})

it('keys that cannot be read: the session ends, and what is left of them does not stay on the disk', () => {
  const { bob } = world
  write(world, bob, 'never heard')
  const left = (): unknown[] =>
    edit(bob.folder, (db) => ['channel', 'channel_secret', 'channel_message'].map((table) => db.prepare(`SELECT count(*) AS n FROM ${table}`).get()))
  expect(left()).toEqual([{ n: 1 }, { n: 1 }, { n: 1 }])
  edit(bob.folder, (db) => db.exec("UPDATE channel_secret SET sealed = x'00'; UPDATE channel_message SET sealed = x'00'"))
  world.restart(bob)
  expect(bob.closed).toEqual(['lost_state'])
  expect(bob.channels.has(SESSION)).toBe(false)
  expect(left()).toEqual([{ n: 0 }, { n: 0 }, { n: 0 }])
  world.restart(bob)
  expect(bob.closed).toEqual(['lost_state'])
})

it('pads: the length of a frame tells only steps of 256 bytes', () => {
  const lengths = [1, 100, 200].map((length) => pack({ header: { t: 'text', m: 0, a: 0 }, body: new Uint8Array(length) }).length)
  expect(lengths).toEqual([256, 256, 256])
})
