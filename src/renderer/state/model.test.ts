import { describe, expect, it } from 'vitest'
import { Patch, Snapshot } from '../../contract/dto.ts'
import { app, messages, peers, requests, snapshot } from '../gallery/data.ts'
import { applyPatch, emptyModel, fromSnapshot, withPage } from './model.ts'

const open = fromSnapshot(snapshot)
const peer = peers[0]?.id ?? ''

describe('the model', () => {
  it('is tested with data that fits the contract', () => {
    expect(Snapshot.safeParse(snapshot).error).toBeUndefined()
    expect(Patch.safeParse({ kind: 'message', message: messages[0] }).success).toBe(true)
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
})
