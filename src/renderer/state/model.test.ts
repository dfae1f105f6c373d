import { describe, expect, it } from 'vitest'
import { Patch, Snapshot } from '../../contract/dto.ts'
import { rowOf } from '../gallery/audit-data.ts'
import { app, files, handshakes, messages, peers, requests, snapshot } from '../gallery/data.ts'
import { applyPatch, emptyModel, fromSnapshot, withPage, withRows } from './model.ts'

const open = fromSnapshot(snapshot)
const peer = peers[0]?.id ?? ''

describe('the model', () => {
  it('is tested with data that fits the contract', () => {
    expect(Snapshot.safeParse(snapshot).error).toBeUndefined()
    expect(Patch.safeParse({ kind: 'message', message: messages[0] }).success).toBe(true)
    expect(Patch.safeParse({ kind: 'row', row: rowOf(3, 10), total: 10 }).error).toBeUndefined()
    expect(Snapshot.safeParse({ ...snapshot, handshakes, files }).error).toBeUndefined()
  })

  it('keeps nothing of the profile when the wallet is locked, whatever the snapshot carries', () => {
    const locked = fromSnapshot({ ...snapshot, app: { ...app, stage: 'locked' } })
    for (const list of [locked.peers, locked.requests, locked.knocks, locked.history, locked.sessions, locked.notices]) expect(list).toEqual([])
    expect(locked.conversations).toEqual({})
    expect(locked.app?.waiting).toBe(4)
  })

  it('drops everything of the profile when an app patch locks it, and takes nothing in afterwards', () => {
    const talking = withPage(open, peer, { messages, more: false })
    expect(talking.conversations[peer]?.messages).toHaveLength(messages.length)
    const locked = applyPatch(talking, 8, { kind: 'app', app: { ...app, stage: 'locked' } })
    expect(JSON.stringify({ ...locked, app: null })).not.toContain('build-runner-07')
    expect(locked.peers).toEqual([])
    const first = peers[0]
    if (first === undefined) throw new Error('no peer')
    expect(applyPatch(locked, 9, { kind: 'peer', peer: first }).peers).toEqual([])
    expect(withPage(locked, peer, { messages, more: false }).conversations).toEqual({})
  })

  it('replaces in place and appends new ones, so that no row moves', () => {
    const second = requests[1]
    const first = requests[0]
    if (first === undefined || second === undefined) throw new Error('no requests')
    const changed = applyPatch(open, 8, { kind: 'request', request: { ...second, count: 9 } })
    expect(changed.requests.map((request) => request.id)).toEqual(['r1', 'r2', 'r3', 'r4'])
    expect(changed.requests[1]?.count).toBe(9)
    const more = applyPatch(changed, 9, { kind: 'request', request: { ...first, id: 'r9' } })
    expect(more.requests.map((request) => request.id)).toEqual(['r1', 'r2', 'r3', 'r4', 'r9'])
    expect(applyPatch(more, 10, { kind: 'requestGone', id: 'r2' }).requests.map((request) => request.id)).toEqual(['r1', 'r3', 'r4', 'r9'])
  })

  it('takes messages only into conversations that are open here, in the order of their ids', () => {
    const [a, b, c] = messages
    if (a === undefined || b === undefined || c === undefined) throw new Error('no messages')
    expect(applyPatch(open, 8, { kind: 'message', message: a }).conversations).toEqual({})
    const talking = withPage(open, peer, { messages: [c], more: true })
    const later = applyPatch(talking, 8, { kind: 'message', message: b })
    const page = withPage(later, peer, { messages: [a], more: false })
    expect(page.conversations[peer]?.messages.map((message) => message.id)).toEqual([1, 2, 3])
    expect(page.conversations[peer]?.more).toBe(false)
    const answered = applyPatch(page, 9, { kind: 'message', message: { ...b, text: 'changed' } })
    expect(answered.conversations[peer]?.messages[1]?.text).toBe('changed')
    expect(answered.conversations[peer]?.messages).toHaveLength(3)
  })

  it('keeps a page that was read when a newer message of it has arrived meanwhile', () => {
    const [a] = messages
    if (a === undefined) throw new Error('no messages')
    const talking = withPage(open, peer, { messages: [{ ...a, state: 'done' }], more: false })
    const raced = withPage(talking, peer, { messages: [{ ...a, state: 'queued' }], more: false })
    expect(raced.conversations[peer]?.messages[0]?.state).toBe('done')
  })

  it('forgets a conversation with its peer', () => {
    const talking = withPage(open, peer, { messages, more: false })
    const gone = applyPatch(talking, 8, { kind: 'peerGone', id: peer })
    expect(gone.peers.some((p) => p.id === peer)).toBe(false)
    expect(gone.conversations[peer]).toBeUndefined()
  })

  it('is empty after a reset but keeps its place in the sequence', () => {
    expect(applyPatch(open, 8, { kind: 'reset' })).toEqual({ ...emptyModel, seq: 8 })
  })

  it('keeps handshakes and files where they stand, and takes in new ones', () => {
    const [one, two] = handshakes
    const [first] = files
    if (one === undefined || two === undefined || first === undefined) throw new Error('no data')
    const both = fromSnapshot({ ...snapshot, handshakes: [one, two], files: [first] })
    const changed = applyPatch(both, 8, { kind: 'handshake', handshake: { ...one, status: 'Waiting for their key.' } })
    expect(changed.handshakes.map(({ id }) => id)).toEqual([one.id, two.id])
    expect(changed.handshakes[0]?.status).toBe('Waiting for their key.')
    expect(applyPatch(changed, 9, { kind: 'handshakeGone', id: one.id }).handshakes.map(({ id }) => id)).toEqual([two.id])
    const more = applyPatch(changed, 9, { kind: 'file', file: { ...first, id: 'new' } })
    expect(applyPatch(more, 10, { kind: 'file', file: { ...first, moved: 5 } }).files.map(({ id, moved }) => [id, moved])).toEqual([
      [first.id, 5],
      ['new', first.moved],
    ])
  })

  it('collects rows of the own ledger as they are read and appended, and never forgets how many there are', () => {
    const page = withRows(open, { rows: [rowOf(9, 10), rowOf(8, 10)], total: 10 }, { before: null, limit: 2 })
    const appended = applyPatch(page, 8, { kind: 'row', row: rowOf(10, 11), total: 11 })
    expect(Object.keys(appended.ledger.rows).map(Number)).toEqual([8, 9, 10])
    // A page that was asked for before the row came tells of fewer.
    const late = withRows(appended, { rows: [rowOf(7, 10)], total: 10 }, { before: 8, limit: 1 })
    expect(late.ledger.total).toBe(11)
    expect(late.ledger.rows[10]).toBeDefined()
  })

  it('knows a row for lost where a page passes over its number, and no other', () => {
    const page = withRows(open, { rows: [rowOf(9, 10), rowOf(5, 10)], total: 10 }, { before: null, limit: 2 })
    expect(page.ledger.rows).toMatchObject({ 6: null, 7: null, 8: null })
    expect(Object.keys(page.ledger.rows).map(Number)).toEqual([5, 6, 7, 8, 9])
    const rest = withRows(page, { rows: [rowOf(2, 10)], total: 10 }, { before: 5, limit: 2 })
    expect(Object.entries(rest.ledger.rows).flatMap(([seq, row]) => (row === null ? [Number(seq)] : []))).toEqual([0, 1, 3, 4, 6, 7, 8])
    expect(rest.ledger.total).toBe(10)
  })

  it('lets go of rows far away when very many were read', () => {
    const rows = Array.from({ length: 500 }, (_, i) => rowOf(499 - i, 100_000))
    let model = withRows(open, { rows, total: 100_000 }, { before: 500, limit: 500 })
    for (let from = 500; from < 9000; from += 500)
      model = withRows(model, { rows: rows.map((row) => ({ ...row, seq: row.seq + from })), total: 100_000 }, { before: from + 500, limit: 500 })
    expect(Object.keys(model.ledger.rows).length).toBeLessThan(5000)
    expect(model.ledger.rows[0]).toBeUndefined()
    expect(model.ledger.rows[8999]).toBeDefined()
  })

  it('drops handshakes, files and rows when it locks, and takes none in while locked', () => {
    const full = withRows(fromSnapshot({ ...snapshot, handshakes, files }), { rows: [rowOf(3, 10)], total: 10 }, { before: 4, limit: 1 })
    const locked = applyPatch(full, 8, { kind: 'app', app: { ...app, stage: 'locked', machine: null } })
    expect([locked.handshakes, locked.files, locked.ledger]).toEqual([[], [], { rows: {}, total: null }])
    expect(applyPatch(locked, 9, { kind: 'row', row: rowOf(4, 10), total: 10 }).ledger.rows).toEqual({})
    expect(withRows(locked, { rows: [rowOf(5, 10)], total: 10 }, { before: 6, limit: 1 }).ledger.total).toBeNull()
  })
})
