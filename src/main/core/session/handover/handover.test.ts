import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nodeSocketFiles } from '../../node-ports.ts'
import { testPorts, until } from '../../wallet.fixture.ts'
import { openDoor, PIPE_NAME_FILE } from './door.ts'
import { knock, OTHER, openScene, type Scene, SESSION } from './handover.fixture.ts'
import { MOST_WAITING } from './handover.ts'
import { LONGEST_LINE, MOST_BEFORE_OPEN, readHello, readSaid } from './lines.ts'
import { WINDOW } from './visit.ts'

let scene: Scene
beforeEach(async () => {
  scene = openScene({ helloMs: 60_000 })
  scene.handover.start()
  await until('the socket', () => existsSync(scene.path))
})
afterEach(() => scene.end())

const app = (name: string, data: string | Uint8Array): string => `${JSON.stringify({ app: name, data: Buffer.from(data).toString('base64') })}\n`

describe('a program that was let in', () => {
  it('speaks both ways, and each of its messages is acknowledged', async () => {
    const program = await scene.letIn()
    expect(program.lines).toEqual([{ asked: 1 }, { open: 1, session: SESSION, peer: 'peer', window: WINDOW }])
    program.write(app('job', Uint8Array.of(0, 255, 10)))
    program.write('{"text":"done ✓"}\n')
    await until('both acknowledged', () => program.lines.some((l) => l['ack'] === 2))
    expect(scene.sent).toEqual([
      { session: SESSION, name: 'job', bytes: Uint8Array.of(0, 255, 10) },
      { session: SESSION, text: 'done ✓' },
    ])
    expect(scene.handover.app(SESSION, 'answer', Uint8Array.of(1, 2))).toBe(true)
    scene.handover.text(SESSION, 'a line\nand one more')
    expect(await program.line('app')).toEqual({ app: 'answer', data: 'AQI=' })
    expect(await program.line('text')).toEqual({ text: 'a line\nand one more' })
    expect(scene.handover.app(OTHER, 'answer', Uint8Array.of(1))).toBe(false)
  })

  it('is told in the conversation, and its leaving too', async () => {
    const program = await scene.letIn()
    expect(scene.handover.programs()).toMatchObject([{ session: SESSION, program: 'backup' }])
    program.socket.destroy()
    await until('it is gone', () => scene.handover.programs().length === 0)
    expect(scene.told).toEqual(['The program “backup” reads and writes this session now.', 'The program “backup” left.'])
    expect(scene.handover.app(SESSION, 'answer', Uint8Array.of(1))).toBe(false)
  })

  it('waits for room in the channel; what is not acknowledged is within its window', async () => {
    const program = await scene.letIn()
    scene.waiting = 64
    for (let n = 0; n < WINDOW; n += 1) program.write(app('job', String(n)))
    program.write(app('one more', ''))
    expect(await program.closed()).toBe('too-fast')
    expect(scene.sent).toEqual([])

    const next = await scene.letIn()
    for (let n = 0; n < WINDOW; n += 1) next.write(app('job', String(n)))
    scene.waiting = 0
    await until('all are taken', () => {
      scene.handover.pump()
      return next.lines.some((l) => l['ack'] === WINDOW)
    })
    expect(scene.sent.map(({ bytes }) => Buffer.from(bytes ?? []).toString())).toEqual(Array.from({ length: WINDOW }, (_, n) => String(n)))
  })

  it('looks for room again when a frame came', async () => {
    const program = await scene.letIn()
    scene.waiting = 64
    program.write(app('job', 'x'))
    program.write('{"text":"y"}\n')
    await new Promise((next) => program.socket.write('', next))
    expect(scene.sent).toEqual([])
    scene.waiting = 0
    await until('they are taken', () => {
      scene.handover.heard()
      return program.lines.some((l) => l['ack'] === 2)
    })
  })

  it('does not read: ends instead of filling memory', async () => {
    const program = await scene.letIn()
    program.socket.pause()
    const piece = new Uint8Array(22_000)
    let said = 0
    while (scene.handover.app(SESSION, 'much', piece)) said += 1
    expect(said).toBeLessThan(400)
    program.socket.resume()
    expect(await program.closed()).toBe('too-slow')
  })

  it('learns that a message could not be kept', async () => {
    const program = await scene.letIn()
    program.write(app('kept', ''))
    await program.line('ack')
    scene.full = true
    program.write(app('not kept', ''))
    expect(await program.closed()).toBe('failed')
    expect(program.lines.filter((l) => 'ack' in l)).toEqual([{ ack: 1 }])
  })

  it.each([
    ['lock', (s: Scene): void => s.handover.stop(), 'locked'],
    ['the end of the session', (s: Scene): void => void (s.sessions.set(SESSION, false), s.handover.pump()), 'session-over'],
    ['the person', (s: Scene): void => s.handover.takeBack(SESSION), 'taken-back'],
  ] as const)('is disconnected by %s', async (_by, act, reason) => {
    const program = await scene.letIn()
    act(scene)
    expect(await program.closed()).toBe(reason)
    expect(scene.told.at(-1)).toContain(reason)
    expect(scene.handover.programs()).toEqual([])
  })

  it.each([
    ['no JSON', 'hello\n'],
    ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe, 0x0a])],
    ['an array', '[]\n'],
    ['an empty line', '\n'],
    ['deep nesting', `${'['.repeat(30_000)}\n`],
    ['a field too many', '{"text":"a","session":"b"}\n'],
    ['half a character', '{"text":"\\ud800"}\n'],
    ['base64 of another alphabet', '{"app":"a","data":"-_-_"}\n'],
    ['too many bytes', app('a', new Uint8Array(22_001))],
    ['too long a text', `${JSON.stringify({ text: 'a'.repeat(5_001) })}\n`],
    ['no name', '{"app":"","data":""}\n'],
    ['a second hello', `{"hello":1,"program":"p","session":null}\n`],
  ])('says %s: the end', async (_what, bytes) => {
    const program = await scene.letIn()
    program.write(bytes)
    expect(await program.closed()).toBe('malformed')
    expect(scene.sent).toEqual([])
  })

  it('says a line without end: the end', async () => {
    const program = await scene.letIn()
    program.write('x'.repeat(LONGEST_LINE + 1))
    expect(await program.closed()).toBe('too-long')
  })

  it('says lines in pieces, several at once, and half a line at its end, which is none', async () => {
    const program = await scene.letIn()
    const bytes = Buffer.from(`${JSON.stringify({ text: 'grüße' })}\n${app('b', 'x')}{"text":"never fin`)
    for (const byte of bytes) program.write(Uint8Array.of(byte))
    program.socket.end()
    await until('it is gone', () => scene.handover.programs().length === 0)
    expect(scene.sent.map((s) => s.text ?? s.name)).toEqual(['grüße', 'b'])
  })

  it('says the most that is allowed', async () => {
    const program = await scene.letIn()
    program.write(app('\u0001'.repeat(64), new Uint8Array(22_000)))
    program.write(`${JSON.stringify({ text: '\u0001'.repeat(5_000) })}\n`)
    await until('both acknowledged', () => program.lines.some((l) => l['ack'] === 2))
  })
})

describe('before a program is let in', () => {
  it.each([
    ['reject', 'rejected'],
    ['expire', 'expired'],
  ] as const)('%s: one line and the end', async (outcome, reason) => {
    const program = knock(scene.path)
    program.hello()
    await program.line('asked')
    scene.decide(outcome)
    expect(await program.closed()).toBe(reason)
    expect(program.lines).toHaveLength(2)
    expect(scene.told).toEqual([])
  })

  it('a program that leaves takes its request with it', async () => {
    const program = knock(scene.path)
    program.hello()
    await program.line('asked')
    expect(scene.asked).toHaveLength(1)
    const { extra } = scene.asked[0]!
    program.socket.destroy()
    await until('the request is gone', () => scene.asked.length === 0)
    expect(() => scene.handover.facts(extra)).toThrow('not waiting any more')
    scene.handover.execute(extra, 'approve')
    expect(scene.handover.programs()).toEqual([])
  })

  it('the view names program and session; a name is made fit to be drawn', async () => {
    const program = knock(scene.path)
    program.hello(SESSION, '  back\u202eup\u0007 ')
    await program.line('asked')
    const facts = scene.handover.facts(scene.asked[0]!.extra)
    expect(facts).toContainEqual({ label: 'Program, as it calls itself', value: 'backup' })
    expect(facts).toContainEqual({ label: 'Session id', value: SESSION })
  })

  it('nothing is learnt of sessions that were not named', async () => {
    scene.sessions.set(OTHER, true)
    const none = knock(scene.path)
    none.hello(null)
    expect(await none.closed()).toBe('several-sessions')
    const unknown = knock(scene.path)
    unknown.hello('ef'.repeat(32))
    expect(await unknown.closed()).toBe('no-session')
    scene.sessions.set(SESSION, false)
    const over = knock(scene.path)
    over.hello(SESSION)
    expect(await over.closed()).toBe('no-session')
    for (const { lines } of [none, unknown, over]) expect(JSON.stringify(lines)).not.toMatch(/[0-9a-f]{16}/)
    const only = knock(scene.path)
    only.hello(null)
    await only.line('asked')
    expect(JSON.stringify(only.lines)).not.toContain(OTHER)
    expect(scene.asked.map(({ session }) => session)).toEqual([OTHER])
  })

  it.each([
    ['garbage', 'GET / HTTP/1.1\r\n\r\n', 'malformed'],
    ['another version', '{"hello":2,"program":"p","session":null}\n', 'version'],
    ['no name', '{"hello":1,"program":"","session":null}\n', 'malformed'],
    ['a name nobody can see', '{"hello":1,"program":"\\u200b","session":null}\n', 'malformed'],
    ['a name of 65', `{"hello":1,"program":"${'a'.repeat(65)}","session":null}\n`, 'malformed'],
    ['a session that is no id', '{"hello":1,"program":"p","session":"../x"}\n', 'malformed'],
    ['more than a hello', 'x'.repeat(MOST_BEFORE_OPEN + 1), 'too-long'],
    ['a message too early', `{"hello":1,"program":"p","session":null}\n{"text":"a"}\n`, 'too-early'],
  ])('%s: the end', async (_what, bytes, reason) => {
    const program = knock(scene.path)
    program.write(bytes)
    expect(await program.closed()).toBe(reason)
    expect(scene.asked).toEqual([])
    expect(scene.sent).toEqual([])
  })

  it('more than eight wait: the ninth is sent away, and comes in later', async () => {
    const first = Array.from({ length: MOST_WAITING }, () => knock(scene.path))
    for (const program of first) program.hello()
    for (const program of first) await program.line('asked')
    const ninth = knock(scene.path)
    expect(await ninth.closed()).toBe('busy')
    first[0]!.socket.destroy()
    await until('there is room', () => scene.asked.length === MOST_WAITING - 1)
    const tenth = knock(scene.path)
    tenth.hello()
    await tenth.line('asked')
  })

  it('one program a session: others that wait for it, or come later, are sent away', async () => {
    const rival = knock(scene.path)
    rival.hello()
    await rival.line('asked')
    const program = await scene.letIn()
    expect(await rival.closed()).toBe('taken')
    expect(scene.asked).toEqual([])
    const late = knock(scene.path)
    late.hello()
    expect(await late.closed()).toBe('taken')
    expect(program.lines.some((l) => 'closed' in l)).toBe(false)
  })

  it('three rejections in a row: nobody is asked for a while', async () => {
    for (let n = 0; n < 3; n += 1) {
      const program = knock(scene.path)
      program.hello()
      await program.line('asked')
      scene.decide('reject')
      await program.closed()
    }
    const fourth = knock(scene.path)
    fourth.hello()
    expect(await fourth.closed()).toBe('busy')
    expect(scene.asked).toEqual([])
  })

  it('a session that ends while the person decides: its program is sent away', async () => {
    const program = knock(scene.path)
    program.hello()
    await program.line('asked')
    scene.sessions.set(SESSION, false)
    scene.handover.pump()
    expect(await program.closed()).toBe('session-over')
    expect(scene.asked).toEqual([])
  })

  it('locked while the person decides', async () => {
    const program = knock(scene.path)
    program.hello()
    await program.line('asked')
    scene.handover.stop()
    expect(await program.closed()).toBe('locked')
    expect(scene.asked).toEqual([])
  })
})

it('a program that says nothing is sent away', async () => {
  const impatient = openScene({ helloMs: 1 })
  try {
    impatient.handover.start()
    await until('the socket', () => existsSync(impatient.path))
    expect(await knock(impatient.path).closed()).toBe('no-hello')
  } finally {
    impatient.end()
  }
})

describe('the door', () => {
  const open = (folder: string, platform?: string) => {
    const failures: string[] = []
    const deps = { ports: testPorts(), files: nodeSocketFiles, folder, onConnection: () => {}, onFailure: (error: Error) => void failures.push(error.message) }
    return { door: platform === undefined ? openDoor(deps) : openDoor(deps, platform), failures }
  }

  it.skipIf(process.platform === 'win32')('only the own account may knock', async () => {
    await until('its bits', () => (lstatSync(scene.path).mode & 0o777) === 0o600)
    expect(lstatSync(scene.folder).mode & 0o777).toBe(0o700)
  })

  it('is there only while the profile is open', async () => {
    scene.handover.stop()
    expect(existsSync(scene.path)).toBe(false)
    const program = knock(scene.path)
    const [error] = await once(program.socket, 'error')
    expect(error).toMatchObject({ code: 'ENOENT' })
    scene.handover.start()
    await scene.letIn()
  })

  it.skipIf(process.platform === 'win32').each([0o755, 0o701, 0o770, 0o777])('is not opened in a folder of mode %o', (mode) => {
    const folder = join(scene.folder, 'profile')
    mkdirSync(folder)
    chmodSync(folder, mode)
    const { door, failures } = open(folder)
    expect(door).toBeNull()
    expect(failures).toEqual([expect.stringContaining('chmod 700')])
    expect(existsSync(join(folder, 'programs.sock'))).toBe(false)
  })

  it.skipIf(process.platform === 'win32')('is not opened in a folder of another account', () => {
    const failures: string[] = []
    const files = { ...nodeSocketFiles, info: (path: string) => ({ ...nodeSocketFiles.info(path)!, own: false }) }
    const deps = { ports: testPorts(), files, folder: scene.folder, onConnection: () => {}, onFailure: (error: Error) => void failures.push(error.message) }
    expect(openDoor(deps)).toBeNull()
    expect(failures).toEqual([expect.stringContaining('another account')])
  })

  it('takes the place of a socket that a killed process left', async () => {
    scene.handover.stop()
    const code = `require('node:net').createServer().listen(${JSON.stringify(scene.path)}, () => process.stdout.write('up'))`
    const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'ignore'] })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(existsSync(scene.path)).toBe(true)
    scene.handover.start()
    await scene.letIn()
    expect(scene.notes).toEqual([])
  })

  it('takes the place of nothing else', () => {
    scene.handover.stop()
    writeFileSync(scene.path, 'somebody’s file')
    scene.handover.start()
    expect(scene.notes).toEqual([expect.stringContaining('no socket of ours')])
    expect(existsSync(scene.path)).toBe(true)
  })

  it('says so when the path is too long', () => {
    const [longest, system] = process.platform === 'linux' ? [107, 'linux'] : [103, 'darwin']
    const room = longest - Buffer.byteLength(join(scene.folder, 'x', 'programs.sock')) + 1
    const [fits, over] = [join(scene.folder, 'p'.repeat(room)), join(scene.folder, 'q'.repeat(room + 1))]
    for (const folder of [fits, over]) mkdirSync(folder, { mode: 0o700 })
    const right = open(fits, system)
    expect(right.failures).toEqual([])
    right.door?.close()
    const wrong = open(over, system)
    expect(wrong.door).toBeNull()
    expect(wrong.failures).toEqual([expect.stringMatching(/too long for a socket \(\d+ bytes\)/)])
    expect(open(fits, process.platform === 'linux' ? 'darwin' : 'linux').door === null).toBe(process.platform === 'linux')
  })

  it.skipIf(process.platform === 'win32')('on Windows: a pipe that cannot be guessed, its name in the folder while the door is open', () => {
    const here = process.cwd()
    process.chdir(scene.folder)
    try {
      const { door } = open(scene.folder, 'win32')
      expect(door?.path).toMatch(/^\\\\\.\\pipe\\countersign-[0-9a-f]{32}$/)
      const file = join(scene.folder, PIPE_NAME_FILE)
      expect(lstatSync(file).mode & 0o777).toBe(0o600)
      door?.close()
      expect(existsSync(file)).toBe(false)
    } finally {
      process.chdir(here)
    }
  })
})

it('readers of lines never throw', () => {
  const line = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map((text) => Buffer.from(text)),
  )
  fc.assert(
    fc.property(line, (bytes) => {
      const hello = readHello(bytes)
      expect(typeof hello === 'string' || hello.program.length > 0).toBe(true)
      const said = readSaid(bytes)
      expect(said === null || said.kind === 'app' || said.kind === 'text').toBe(true)
    }),
  )
})
