import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type World, world } from '../core/api/api.fixture.ts'
import { parseCanonical } from '../core/crypto/canonical-json.ts'
import { verifyChain } from '../core/ledger/chain.ts'
import { removeTempFolders, tempFolder } from '../core/store/testing.fixture.ts'
import { type MachineFlags, type MachineVerb, machineCommand } from './machine.ts'
import { type ServeFlags, serveCommand } from './serve.ts'

let w: World
let closed = 0
beforeEach(async () => {
  w = await world()
  closed = 0
})
afterEach(() => w.close())
afterAll(removeTempFolders)

const passphraseFile = (): string => {
  const file = join(tempFolder(), 'passphrase')
  writeFileSync(file, 'correct horse battery staple\nnot this\n')
  return file
}
/** An open profile, whose passphrase is looked at. */
const open = async (name: string, passphrase: Uint8Array) => {
  expect([name, new TextDecoder().decode(passphrase)]).toEqual(['Tester', 'correct horse battery staple'])
  return {
    ledger: w.ledger,
    store: w.store,
    work: w.work,
    close: async () => {
      closed += 1
    },
  }
}
type Said = { readonly object: Record<string, unknown>; readonly text: string }

const run = async (verb: MachineVerb, flags: Partial<MachineFlags> = {}): Promise<Said[]> => {
  const said: Said[] = []
  const output = { say: (object: Readonly<Record<string, unknown>>, text: string) => void said.push({ object, text }) }
  await machineCommand(verb, { name: 'Tester', passphraseFile: passphraseFile(), ...flags }, { ports: w.ports, output, open })
  return said
}

describe('countersign machine', () => {
  it('makes a machine and shows its key once', async () => {
    const [made] = await run('create', { slug: 'alice', public: true, displayName: 'Alice' })
    expect(made!.object).toMatchObject({ slug: 'alice', custody: 'host', is_public: true, rows: 1 })
    const key = String(made!.object['api_key'])
    expect(made!.text).toContain(key)
    expect((await w.call('POST', '/api/chain/alice/event', { key, body: {} })).status).toBe(201)
    const [shown] = await run('show', { slug: 'alice' })
    expect(JSON.stringify(shown)).not.toContain(key)
    expect(shown!.object).toMatchObject({ slug: 'alice', rows: 2, head: { seq: 1 } })
    await expect(run('create', { slug: 'alice' })).rejects.toMatchObject({ code: 'EXISTS' })
    expect(w.store.apiKeys.of(w.ledger.machine({ slug: 'alice' })!.genesis)).toHaveLength(1)
  })

  it('lists them all, the identity’s first', async () => {
    await run('create', { slug: 'bob' })
    expect((await run('list')).map(({ object }) => object['slug'])).toEqual(['tester', 'bob'])
    expect(closed).toBe(2)
  })

  it('exports a chain that verifies, and never over a file', async () => {
    await run('create', { slug: 'alice' })
    const out = join(tempFolder(), 'alice.json')
    const [said] = await run('export', { slug: 'alice', out })
    expect(said!.object).toEqual({ exported: out, slug: 'alice', rows: 1 })
    const text = readFileSync(out, 'utf8')
    expect(text.endsWith('\n')).toBe(true)
    const { rows, head, ...header } = parseCanonical(text.trimEnd()) as { rows: unknown[]; head: unknown }
    const { chain, findings } = verifyChain({ header, rows, head })
    expect(findings).toEqual([])
    expect(chain?.state.genesis).toBe(w.ledger.machine({ slug: 'alice' })!.genesis)
    await expect(run('export', { slug: 'alice', out })).rejects.toMatchObject({ code: 'EXISTS' })
    expect(readFileSync(out, 'utf8')).toBe(text)
    const [printed] = await run('export', { slug: 'alice' })
    expect(`${printed!.text}\n`).toBe(text)
  })

  it('knows when there is no such machine, and closes the profile all the same', async () => {
    await expect(run('show', { slug: 'nobody' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(closed).toBe(1)
  })
})

describe('countersign serve', () => {
  const serve = (flags: Partial<ServeFlags>) => {
    const said: Said[] = []
    let stop: () => void = () => undefined
    const ready = new Promise<Said>((resolve) => {
      const output = {
        say: (object: Readonly<Record<string, unknown>>, text: string) => {
          said.push({ object, text })
          resolve({ object, text })
        },
      }
      const signals = (asked: () => void): void => {
        stop = asked
      }
      result = serveCommand({ name: 'Tester', passphraseFile: passphraseFile(), ...flags }, { ports: w.ports, version: '0', output, signals, open })
      result.catch(() => resolve({ object: {}, text: '' }))
    })
    return { ready, stop: () => stop(), result: () => result }
  }
  let result: Promise<number> = Promise.resolve(0)

  it('serves until it is told to stop, and closes the profile', async () => {
    const server = serve({ port: '0' })
    const { object, text } = await server.ready
    expect(object).toMatchObject({ event: 'ready', host: '127.0.0.1', machine: 'tester', genesis: w.ledger.own().genesis })
    expect(text).toContain(String(object['bootstrap_token']))
    const made = await fetch(`${String(object['url'])}/api/chain/state-machines`, {
      method: 'POST',
      headers: { authorization: `Bearer ${String(object['bootstrap_token'])}`, 'content-type': 'application/json' },
      body: '{"slug":"served"}',
    })
    expect(made.status).toBe(201)
    await Promise.resolve()
    server.stop()
    expect(await server.result()).toBe(0)
    expect(closed).toBe(1)
    await expect(fetch(String(object['url']))).rejects.toThrow()
  })

  it('refuses a port that is none, or taken', async () => {
    for (const port of ['x', '-1', '65536', '1.5']) {
      const server = serve({ port })
      await server.ready
      await expect(server.result()).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
    }
    expect(closed).toBe(0)
    const server = serve({ port: String(w.server.port) })
    await server.ready
    await expect(server.result()).rejects.toMatchObject({ code: 'IN_USE' })
    expect(closed).toBe(1)
  })
})
