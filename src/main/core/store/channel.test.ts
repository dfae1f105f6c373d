import * as fs from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppFault } from '../fault.ts'
import type { ChannelRow } from './channel.ts'
import type { FileRow } from './files.ts'
import { openStore, type Store } from './store.ts'
import { columnKey, edit, hexKey, myId, open, peer, removeTempFolders, tempFolder, testPorts } from './testing.fixture.ts'

afterAll(removeTempFolders)

let folder: string
let store: Store
beforeEach(() => {
  folder = tempFolder()
  store = openStore(testPorts(), { folder, myId })
  store.unlock(columnKey())
})
afterEach(() => store.close())

const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return error instanceof AppFault ? error.code : String(error)
  }
  return 'nothing thrown'
}

const [one, two] = [hexKey(0x11), hexKey(0x22)]
const channelRow = (over: Partial<ChannelRow> = {}): ChannelRow => ({
  ...{ sessionId: one, peerId: peer('bob'), role: 'initiator', e: 0, since: 1, frames: 2, nextOut: 3, nextIn: 4, rekeyM: null },
  ...{ oldUntil: null, closing: null, peerClosed: false },
  ...over,
})
const fileRow = (over: Partial<FileRow> = {}): FileRow => ({
  ...{ id: 'a'.repeat(32), f: 'b'.repeat(32), session: one, peer: peer('bob'), direction: 'theirs', name: 'The heron.jpg', size: 9, hash: hexKey(7) },
  ...{ state: 'offered', path: null, temp: '/home/heron/.part', next: 0, modified: null, reason: null, at: 1 },
  ...over,
})
const keys = { a2b: hexKey(0xa1), b2a: hexKey(0xb2), root: hexKey(0xc3) }
const text = Buffer.from('The heron lands at dawn')

const fill = (): void => {
  store.channel.put(channelRow())
  store.channel.putEpoch(one, 0, keys)
  store.channel.putEphemeral(one, 1, { priv: hexKey(0xd4), pub: hexKey(0xe5) })
  store.channel.addMessage(one, 'out', { m: 0, header: { t: 'text' }, body: text, message: 5 })
  store.channel.addMessage(one, 'in', { m: 7, header: { t: 'text', part: 0 }, body: text, message: null })
  store.channel.addStream(one, { e: 0, s: 'f'.repeat(32) })
  store.files.put(fileRow())
}

/** All bytes of the profile's files. */
const onDisk = (): Buffer =>
  Buffer.concat(
    fs
      .readdirSync(folder)
      .filter((name) => name.startsWith('countersign.db'))
      .map((name) => fs.readFileSync(join(folder, name))),
  )

describe('the channel’s rows', () => {
  it('come back as they were put, each session by itself', () => {
    fill()
    store.channel.put(channelRow({ sessionId: two, role: 'responder' }))
    expect(store.channel.get(one)).toEqual(channelRow())
    expect(store.channel.all()).toEqual([channelRow(), channelRow({ sessionId: two, role: 'responder' })])
    expect(store.channel.epochs(one)).toEqual([{ e: 0, ...keys }])
    expect(store.channel.epochs(two)).toEqual([])
    expect(store.channel.ephemeral(one)).toEqual({ e: 1, priv: hexKey(0xd4), pub: hexKey(0xe5) })
    expect(store.channel.messages(one, 'out')).toEqual([{ m: 0, header: { t: 'text' }, body: new Uint8Array(text), message: 5 }])
    expect(store.channel.streams(one)).toEqual([{ e: 0, s: 'f'.repeat(32) }])
    expect(store.files.bySession(one)).toEqual([fileRow()])
    expect(store.files.bySession(two)).toEqual([])
    store.files.put(fileRow({ state: 'moving', next: 3 }))
    expect(store.files.get(fileRow().id)).toEqual(fileRow({ state: 'moving', next: 3 }))
    store.files.remove(fileRow().id)
    expect(store.files.all()).toEqual([])
  })

  it('are locked with the store', () => {
    fill()
    store.lock()
    for (const run of [() => store.channel.all(), () => store.channel.get(one), () => store.channel.epochs(one), () => store.files.all()])
      expect(codeOf(run)).toBe('LOCKED')
  })

  it('hold no key, text, name or session id that could be read on the disk', () => {
    fill()
    const disk = onDisk()
    for (const secret of [text, 'heron', 'bob', one, keys.a2b, keys.b2a, keys.root, hexKey(0xd4), 'b'.repeat(32)]) expect(disk.includes(secret)).toBe(false)
    for (const byte of [0xa1, 0xb2, 0xc3, 0xd4]) expect(disk.includes(Buffer.alloc(32, byte))).toBe(false)
  })

  it.each(['channel', 'channel_secret', 'channel_message', 'channel_file'])('do not open when %s was changed', (table) => {
    fill()
    store.close()
    edit(folder, (database) => {
      const rows = database.prepare(`SELECT rowid AS id, sealed FROM ${table}`).all() as { id: number; sealed: Buffer }[]
      for (const { id, sealed } of rows) {
        sealed[20] = (sealed[20] ?? 0) ^ 1
        database.prepare(`UPDATE ${table} SET sealed = ? WHERE rowid = ?`).run(sealed, id)
      }
    })
    store = open(folder)
    store.unlock(columnKey())
    const reads = {
      channel: () => store.channel.get(one),
      channel_secret: () => store.channel.epochs(one),
      channel_message: () => store.channel.messages(one, 'out'),
      channel_file: () => store.files.all(),
    }
    expect(codeOf(reads[table as keyof typeof reads])).toBe('CORRUPT')
  })

  it('do not open under another number, epoch or session', () => {
    fill()
    store.channel.putEpoch(one, 1, { ...keys, root: null })
    store.close()
    edit(folder, (database) => {
      database.exec('UPDATE channel_message SET m = m + 1')
      database.exec('UPDATE channel_secret SET e = e + 5')
    })
    store = open(folder)
    store.unlock(columnKey())
    expect(codeOf(() => store.channel.messages(one, 'out'))).toBe('CORRUPT')
    expect(codeOf(() => store.channel.epochs(one))).toBe('CORRUPT')
  })

  it('are overwritten and gone after a wipe, journal and all; files stay as history', () => {
    fill()
    store.channel.put(channelRow({ sessionId: two }))
    const sealed = edit(folder, (database) =>
      ['channel_secret', 'channel_message'].flatMap((table) => database.prepare(`SELECT sealed FROM ${table}`).pluck().all() as Buffer[]),
    )
    expect(sealed).toHaveLength(4)
    expect(sealed.every((bytes) => onDisk().includes(bytes))).toBe(true)
    store.transaction(() => store.channel.wipe(one))
    store.channel.truncateJournal()
    const disk = onDisk()
    for (const bytes of sealed) expect(disk.includes(bytes)).toBe(false)
    expect([store.channel.get(one), store.channel.epochs(one), store.channel.messages(one, 'in'), store.channel.streams(one)]).toEqual([undefined, [], [], []])
    expect(store.channel.get(two)).toBeDefined()
    expect(store.files.all()).toHaveLength(1)
  })
})
