import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { canonicalJson, type Json } from '../core/crypto/canonical-json.ts'
import { AppFault, toAppError } from '../core/fault.ts'
import { audit } from '../core/ledger/audit.ts'
import { story } from '../core/ledger/story.fixture.ts'
import { nodeFiles, systemClock } from '../core/node-ports.ts'
import { type AuditFlags, auditCommand } from './audit.ts'
import { exitCodeOf } from './exit.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-audit-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

const told = story()
const file = (name: string, value: unknown): string => {
  const path = join(folder, name)
  writeFileSync(path, `${canonicalJson(JSON.parse(JSON.stringify(value)) as Json)}\n`)
  return path
}
const exported = ({ header, rows, head }: ReturnType<typeof told.a.raw>) => ({ ...header, rows, head })
const [alice, bob] = [file('alice.json', exported(told.a.raw())), file('bob.json', exported(told.b.raw()))]

/** As the command ends: exit code, what it said. */
const run = async (sources: readonly string[], flags: AuditFlags = {}) => {
  const said: { object: Readonly<Record<string, unknown>>; text: string }[] = []
  const context = {
    ports: { clock: systemClock, files: nodeFiles },
    output: { say: (object: Readonly<Record<string, unknown>>, text: string) => void said.push({ object, text }) },
  }
  try {
    return { code: await auditCommand(sources, flags, context), ...said[0] }
  } catch (error) {
    if (!(error instanceof AppFault)) throw error
    return { code: exitCodeOf(toAppError(error)), text: error.message }
  }
}

/** A server of one chain on a free port. */
const serve = async (listener: RequestListener): Promise<string> => {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const json =
  (body: unknown): RequestListener =>
  (_, response) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body))

describe('countersign audit', () => {
  it('two ledgers that agree: 0, the verdict first', async () => {
    const { code, text, object } = await run([alice, bob], { expectGenesis: `${told.a.genesis},${told.b.genesis}` })
    expect(code).toBe(0)
    expect(text?.split('\n')[0]).toBe('Sound. Both parties recorded the session as active, and each sealed the other’s record.')
    expect(object).toMatchObject({ kind: 'audit', ok: true, status: 'SEALED', findings: [], scope: { pinned: true }, proofs: [] })
  })
  it('somebody else than expected: 1', async () => expect(await run([alice, bob], { expectGenesis: '00'.repeat(32) })).toMatchObject({ code: 1 }))
  it('a proof that holds: 1; one that does not: 2', async () => {
    const a = told.a.fork(3)
    a.append('event', { type: 'note', payload: 1 })
    a.append('event', { type: 'note', payload: 2 })
    const [proof] = audit({ a: a.raw(), b: told.b.raw() }).proofs
    const held = await run([file('proof.json', proof)])
    expect(held).toMatchObject({ code: 1, object: { kind: 'proof', holds: true, genesis: told.a.genesis } })
    expect(await run([file('no-proof.json', { ...proof, heads: [proof!.heads[0], proof!.heads[0]] })])).toMatchObject({ code: 2, object: { holds: false } })
  })
  it('a file that is none: 2', async () => {
    writeFileSync(join(folder, 'text'), 'hello')
    expect(await run([join(folder, 'text')])).toMatchObject({ code: 2 })
    expect(await run([join(folder, 'nowhere')])).toMatchObject({ code: 2, text: expect.stringContaining('ENOENT') })
  })
  it.each<[string, string[], AuditFlags]>([
    ['no file', [], {}],
    ['three files', [alice, bob, alice], {}],
    ['a genesis that is none', [alice], { expectGenesis: 'alice' }],
    ['three geneses', [alice], { expectGenesis: ['00', '11', '22'].map((x) => x.repeat(32)).join() }],
    ['a session that is none', [alice], { session: '7' }],
    ['a session that is nowhere', [alice, bob], { session: '00'.repeat(32) }],
    ['an address of another form', ['http://127.0.0.1:1/alice'], {}],
  ])('%s: 2', async (_, sources, flags) => expect(await run(sources, flags)).toMatchObject({ code: 2 }))
  it('an address beside a file', async () => {
    const base = await serve((request, response) => {
      const url = new URL(request.url ?? '', 'http://x')
      if (url.pathname === '/api/chain/state-machines/alice') return void json({ ok: true, machine: told.a.header })(request, response)
      json({ ok: true, blocks: url.searchParams.has('after_id') ? [] : told.a.rows, next: { from: '1', after_id: '9' } })(request, response)
    })
    expect(await run([`${base}/api/chain/alice`, bob])).toMatchObject({ code: 0, object: { source: `${base}/api/chain/alice and ${bob}` } })
  })
  it('a redirect is not followed', async () => {
    let asked = 0
    const base = await serve((_, response) => {
      asked += 1
      response.writeHead(302, { location: '/elsewhere' }).end()
    })
    expect(await run([`${base}/api/chain/alice`])).toMatchObject({ code: 2, text: expect.stringContaining('leads elsewhere') })
    expect(asked).toBe(1)
  })
  it('a body without end is let go, and the connection with it', async () => {
    let closed: () => void = () => {}
    const gone = new Promise<void>((resolve) => {
      closed = resolve
    })
    const base = await serve((_, response) => {
      response.setHeader('content-type', 'application/json')
      response.on('close', closed)
      const pour = (): void => {
        while (!response.destroyed && response.write(' '.repeat(1_000_000)));
        response.once('drain', pour)
      }
      pour()
    })
    expect(await run([`${base}/api/chain/alice`])).toMatchObject({ code: 2, text: expect.stringContaining('more than 33554432 bytes') })
    await gone
  })
  it('nobody there: 2', async () =>
    expect(await run(['http://127.0.0.1:1/api/chain/alice'])).toMatchObject({ code: 2, text: expect.stringContaining('cannot be reached') }))
})
