import { mkdtempSync, rmSync } from 'node:fs'
import { createConnection, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeSocketFiles } from '../../node-ports.ts'
import type { JsonObject } from '../../store/rows.ts'
import { testPorts, until } from '../../wallet.fixture.ts'
import { SOCKET_NAME } from './door.ts'
import { createHandover, type Handover, type HandoverDeps } from './handover.ts'

// For tests: a handover on real sockets, with everything behind it in the test's hands.

export const SESSION = 'ab'.repeat(32)
export const OTHER = 'cd'.repeat(32)

/** A program that writes what it likes. */
export interface RawProgram {
  readonly socket: Socket
  readonly lines: Record<string, unknown>[]
  write(text: string | Uint8Array): void
  hello(session?: string | null, program?: string): void
  line(name: string): Promise<Record<string, unknown>>
  closed(): Promise<unknown>
}

export const knock = (path: string): RawProgram => {
  const socket = createConnection(path)
  const lines: Record<string, unknown>[] = []
  let text = ''
  let ended = false
  socket.setEncoding('utf8')
  socket.on('data', (chunk) => {
    const parts = (text + String(chunk)).split('\n')
    text = parts.pop() ?? ''
    for (const part of parts) lines.push(JSON.parse(part))
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    ended = true
  })
  const line: RawProgram['line'] = (name) => until(`a line ${name}`, () => lines.find((one) => name in one))
  return {
    socket,
    lines,
    write: (data) => void socket.write(data),
    hello: (session = SESSION, program = 'backup') => void socket.write(`${JSON.stringify({ hello: 1, program, session })}\n`),
    line,
    closed: async () => {
      const last = await line('closed')
      await until('the end of the connection', () => ended)
      if (lines.at(-1) !== last) throw new Error('something came after the last line')
      return last['closed']
    },
  }
}

export interface Scene {
  readonly handover: Handover
  readonly path: string
  readonly folder: string
  readonly asked: { readonly session: string; readonly extra: JsonObject; readonly expiresAt: number }[]
  readonly sent: { readonly session: string; readonly name?: string; readonly bytes?: Uint8Array; readonly text?: string }[]
  readonly told: string[]
  readonly notes: string[]
  /** Sessions that can be handed over, and whether they are open. */
  readonly sessions: Map<string, boolean>
  /** Messages in the channel. */
  waiting: number
  full: boolean
  decide(outcome: 'approve' | 'reject' | 'expire', at?: number): void
  /** A program that was let in. */
  letIn(): Promise<RawProgram>
  end(): void
}

export const openScene = (changes: Partial<HandoverDeps> = {}): Scene => {
  const folder = mkdtempSync(join(tmpdir(), 'handover-'))
  const asked: { session: string; extra: JsonObject; expiresAt: number }[] = []
  const sessions = new Map([[SESSION, true]])
  const scene: Scene = {
    folder,
    path: join(folder, SOCKET_NAME),
    asked,
    sent: [],
    told: [],
    notes: [],
    sessions,
    waiting: 0,
    full: false,
    handover: createHandover({
      ports: testPorts(),
      files: nodeSocketFiles,
      folder,
      session: (id) => (sessions.has(id) ? { peer: 'peer', open: sessions.get(id) === true } : null),
      openSessions: () => [...sessions].flatMap(([id, open]) => (open ? [id] : [])),
      ask: (session, extra, expiresAt) => void asked.push({ session, extra, expiresAt }),
      unask: (fits) => {
        for (const one of [...asked]) if (fits(one.extra)) asked.splice(asked.indexOf(one), 1)
      },
      waiting: () => scene.waiting,
      sendApp: (session, name, bytes) => {
        if (scene.full) throw new Error('the disk is full')
        scene.sent.push({ session, name, bytes })
      },
      sendText: (session, text) => void scene.sent.push({ session, text }),
      tell: (_session, text) => void scene.told.push(text),
      after: (then) => then(),
      note: (text) => void scene.notes.push(text),
      ...changes,
    }),
    decide: (outcome, at = 0) => {
      const request = asked.splice(at, 1)[0]
      if (!request) throw new Error('nothing was asked')
      scene.handover.execute(request.extra, outcome)
    },
    letIn: async () => {
      const program = knock(scene.path)
      program.hello()
      await program.line('asked')
      scene.decide('approve', asked.length - 1)
      await program.line('open')
      return program
    },
    end: () => {
      scene.handover.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return scene
}
