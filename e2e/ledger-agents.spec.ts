import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { freePort, until } from './person.ts'
import { processes, type Running } from './processes.ts'

// Two agents with ledgers, each in a process, a home and on a port of its own; judged by a third process from their live addresses.

const { home, file, secret, start, run, create, agent, end } = processes()
test.afterAll(end)

interface Session {
  readonly id: string
  readonly peer: string
  readonly role: string
  readonly state: string
  readonly evidence: string | null
  readonly nonce: string | null
}
interface Status {
  readonly sessions: readonly Session[]
  readonly handshakes: readonly { readonly id: string; readonly ended: object | null }[]
  readonly requests: readonly { readonly id: string; readonly step: string }[]
}
/** Asks the agent how things stand, by a line on its standard input. */
const status = async (of: Running): Promise<Status> => {
  const before = of.events.filter((e) => e['event'] === 'status').length
  of.tell({ do: 'status' })
  await until('the status', async () => of.events.filter((e) => e['event'] === 'status').length > before)
  return of.find('status') as unknown as Status
}
const last = async (of: Running): Promise<Session | undefined> => (await status(of)).sessions.at(-1)
const sealed = (...all: Running[]) =>
  until('sealed on all sides', async () => {
    for (const one of all) {
      const session = await last(one)
      if (session?.state !== 'open' || session.evidence !== 'SEALED') return false
    }
    return true
  })
const closed = (...all: Running[]) =>
  until('closed on all sides', async () => (await Promise.all(all.map(last))).every((session) => session?.state === 'closed'))
const id = (of: Running): string => String(of.find('ready')?.['my_id'])
const genesis = (of: Running): string => String(of.find('ready')?.['genesis'])

const relayOf = async (folder: string): Promise<{ port: number; relay: Running }> => {
  const port = await freePort()
  const relay = start(folder, 'relay', '--port', String(port), '--json')
  await until('the relay is ready', async () => relay.find('ready') !== undefined)
  return { port, relay }
}
/** An agent that decides by itself and serves its ledger. */
const serving = async (folder: string, name: string, port: number, ...args: string[]): Promise<Running> => {
  const made = await agent(folder, name, port, '--policy', 'auto', '--serve', '127.0.0.1:0', ...args)
  await until(`${name} serves`, async () => made.find('serving') !== undefined)
  return made
}
const address = (of: Running): string => String(of.find('serving')?.['machine'])

/** `countersign audit --json`. */
const audit = async (...args: string[]) => {
  const ended = await run('auditor', 'audit', ...args, '--json', '--quiet')
  const report = ended.out === '' ? null : JSON.parse(ended.out)
  return { code: ended.code, err: ended.err, report }
}

test('a session between two processes, audited by a third from their addresses and from files', async () => {
  test.setTimeout(240_000)
  const { port, relay } = await relayOf('relay')
  await Promise.all([create('a', 'alice'), create('b', 'bob')])
  const [alice, bob] = [await serving('a', 'alice', port, '--propose', 'any'), await serving('b', 'bob', port)]
  const [a, b] = [genesis(alice), genesis(bob)]
  for (const one of [a, b]) expect(one).toMatch(/^[0-9a-f]{64}$/)
  // Also while the agent has the profile, and without a passphrase.
  const shown = await run('a', 'identity', 'show', '--name', 'alice', '--json')
  expect(JSON.parse(shown.out)).toMatchObject({ my_id: id(alice), genesis: a })

  await sealed(alice, bob)
  expect((await last(alice))?.id).toBe((await last(bob))?.id)
  expect(await last(alice)).toMatchObject({ role: 'initiator' })
  const content = randomBytes(150_000)
  alice.tell({ do: 'send', peer: id(bob), text: 'over the wire ☃' })
  await until('bob hears it', async () => bob.find('message', { direction: 'theirs', text: 'over the wire ☃' }) !== undefined)
  bob.tell({ do: 'send', session: (await last(bob))?.id, text: 'and back' })
  await until('alice hears it', async () => alice.find('message', { direction: 'theirs', text: 'and back' }) !== undefined)
  alice.tell({ do: 'send', peer: id(bob), file: file('report.bin', content) })
  const arrived = join(home, 'b', 'bob', 'received', 'report.bin')
  await until('the file is there', async () => existsSync(arrived))
  expect(readFileSync(arrived).equals(content)).toBe(true)

  const urls = [address(alice), address(bob)]
  const live = await audit(...urls, '--expect-genesis', `${a},${b}`)
  expect(live).toMatchObject({ code: 0, err: '', report: { ok: true, status: 'SEALED', findings: [], scope: { pinned: true, one_sided: false } } })
  expect(live.report.sessions).toHaveLength(1)
  const wrong = await audit(...urls, '--expect-genesis', `${a},${'0'.repeat(64)}`)
  expect(wrong).toMatchObject({ code: 1, report: { ok: false, scope: { pinned: false } } })
  expect(wrong.report.findings.length).toBeGreaterThan(0)
  expect(await audit(...urls)).toMatchObject({ code: 0, report: { ok: true, scope: { pinned: null, limits: expect.arrayContaining(['NOT_PINNED']) } } })
  const words = await run('auditor', 'audit', ...urls)
  expect(words.out).toContain('Whose keys these are was not checked.')

  alice.tell({ do: 'close', peer: id(bob) })
  await closed(alice, bob)
  expect((await audit(...urls, '--expect-genesis', `${a},${b}`)).report).toMatchObject({ ok: true, sessions: [{ status: 'SEALED', ended: expect.anything() }] })
  // The profile is the agent's.
  expect((await run('a', 'machine', 'list', '--name', 'alice', '--passphrase-file', secret)).code).toBe(4)
  alice.tell({ do: 'quit' })
  bob.child.kill('SIGTERM')
  const ends = await Promise.all([alice.ended, bob.ended])
  expect(ends.map((one) => one.code)).toEqual([0, 0])
  // What was said is for standard output, which the owner reads; it is in no log.
  for (const one of ends) for (const text of ['over the wire', 'and back', 'a fine long passphrase']) expect(one.err).not.toContain(text)
  expect((await audit(...urls)).code).toBe(2)

  const files = [join(home, 'alice.chain.json'), join(home, 'bob.chain.json')] as const
  for (const [folder, name, path] of [
    ['a', 'alice', files[0]],
    ['b', 'bob', files[1]],
  ] as const) {
    const exported = await run(folder, 'machine', 'export', '--name', name, '--passphrase-file', secret, '--out', path, '--quiet')
    expect([exported.code, exported.err]).toEqual([0, ''])
  }
  expect(await audit(...files, '--expect-genesis', `${a},${b}`)).toMatchObject({
    code: 0,
    report: { ok: true, status: 'SEALED', findings: [], scope: { pinned: true } },
  })
  // One digit of one row: a finding, and the file is still readable.
  const text = readFileSync(files[1], 'utf8')
  const cut = /"payloadHash":"(.)/.exec(text)
  const altered = file('altered.json', text.replace(String(cut?.[0]), `"payloadHash":"${cut?.[1] === '0' ? '1' : '0'}`))
  expect(await audit(files[0], altered)).toMatchObject({ code: 1, report: { ok: false } })
  for (const unreadable of [file('noise', randomBytes(2_000)), file('half.json', text.slice(0, text.length >> 1)), join(home, 'nowhere')]) {
    const ended = await audit(unreadable)
    expect([ended.code, ended.report]).toEqual([2, null])
    expect(ended.err).toMatch(/^countersign: [A-Z_]+: [^\n]*\n$/)
  }
  relay.child.kill('SIGTERM')
  expect((await relay.ended).code).toBe(0)
})

test('serve: a machine of its own, written and read over HTTP', async () => {
  test.setTimeout(120_000)
  await create('s', 'carol')
  const made = await run('s', 'machine', 'create', '--name', 'carol', '--passphrase-file', secret, '--slug', 'sensor', '--json', '--quiet')
  const { api_key: key, custody } = JSON.parse(made.out)
  expect([made.code, custody]).toEqual([0, 'host'])
  const server = start('s', 'serve', '--name', 'carol', '--passphrase-file', secret, '--port', '0', '--json')
  await until('it serves', async () => server.find('ready') !== undefined)
  const url = String(server.find('ready')?.['url'])
  const bearer = { authorization: `Bearer ${key}` }
  const written = await fetch(`${url}/api/chain/sensor/event`, {
    method: 'POST',
    headers: { ...bearer, 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'reading', payload: { celsius: '21.5' } }),
  })
  expect(written.ok).toBe(true)
  const tick = String(((await written.json()) as { zeqondNumber: number }).zeqondNumber)
  const block = `${url}/api/chain/sensor/block?zeqond=${tick}`
  expect(await (await fetch(block, { headers: bearer })).json()).toMatchObject({ ok: true, block: { originId: 'countersign:sensor', zeqondNumber: tick } })
  // Nobody without the key: it is private.
  expect((await fetch(block)).ok).toBe(false)
  const judged = await audit(`${url}/api/chain/carol`)
  expect(judged).toMatchObject({ code: 0, report: { ok: true, scope: { one_sided: true } } })
  server.child.kill('SIGTERM')
  const ended = await server.ended
  expect(ended.code).toBe(0)
  expect(ended.out + ended.err).not.toContain(key)
})

for (const victim of ['the proposer', 'the other'] as const)
  test(`SIGKILL of ${victim} in the middle of a handshake: one session or a clean end, and no finding`, async () => {
    test.setTimeout(240_000)
    const [x, y] = victim === 'the proposer' ? ['k1', 'k2'] : ['k3', 'k4']
    const { port, relay } = await relayOf(`${x}-relay`)
    await Promise.all([create(x, 'alice'), create(y, 'bob')])
    const bob = await serving(y, 'bob', port)
    const alice = await serving(x, 'alice', port, '--propose', 'any')
    const [dying, folder, name] = victim === 'the proposer' ? ([alice, x, 'alice'] as const) : ([bob, y, 'bob'] as const)
    // As soon as it tells of its first step.
    const step = new Promise<void>((go) => {
      const look = () => dying.find('step') !== undefined && (dying.child.stdout?.off('data', look), go())
      dying.child.stdout?.on('data', look)
      look()
    })
    await step
    dying.child.kill('SIGKILL')
    await dying.ended
    const again = await serving(folder, name, port)
    const both = victim === 'the proposer' ? [again, bob] : [alice, again]

    const underWay = async (of: Running) => (await status(of)).handshakes.some((h) => h.ended === null)
    await until(
      'nothing is half done',
      async () => {
        const [first, second] = await Promise.all(both.map(last))
        const busy = (await Promise.all(both.map(underWay))).some((one) => one)
        return !busy && (first?.state === 'open') === (second?.state === 'open') && (first === undefined || first.evidence === 'SEALED')
      },
      120_000,
    )
    const [first, second] = await Promise.all(both.map(last))
    expect(first?.id).toBe(second?.id)
    const urls = both.map(address)
    const pins = both.map(genesis).join(',')
    expect(await audit(...urls, '--expect-genesis', pins)).toMatchObject({ code: 0, report: { ok: true, findings: [] } })
    // Whichever it was, they can go on.
    if (first?.state !== 'open') {
      both[0]?.tell({ do: 'propose', peer: id(both[1] as Running) })
      await sealed(...both)
    }
    both[0]?.tell({ do: 'send', peer: id(both[1] as Running), text: 'after the crash' })
    await until('it is heard', async () => both[1]?.find('message', { text: 'after the crash' }) !== undefined)
    expect(await audit(...urls, '--expect-genesis', pins)).toMatchObject({ code: 0, report: { ok: true, findings: [] } })
    for (const one of both) one.tell({ do: 'quit' })
    expect((await Promise.all(both.map((one) => one.ended))).map((one) => one.code)).toEqual([0, 0])
    relay.child.kill('SIGTERM')
    await relay.ended
  })

for (const victim of ['the proposer', 'the one who is asked'] as const)
  test(`SIGKILL of ${victim} while a person decides over the key: the same session goes on`, async () => {
    test.setTimeout(240_000)
    const [x, y] = victim === 'the proposer' ? ['p1', 'p2'] : ['p3', 'p4']
    const { port, relay } = await relayOf(`${x}-relay`)
    await Promise.all([create(x, 'alice'), create(y, 'bob')])
    let alice = await serving(x, 'alice', port, '--propose', 'any')
    let bob = await agent(y, 'bob', port, '--serve', '127.0.0.1:0')
    await until('bob serves', async () => bob.find('serving') !== undefined)
    /** Decided by a line, as a person would. */
    const approve = async (step: string): Promise<void> => {
      const request = async () => (await status(bob)).requests.find((one) => one.step === step)
      await until(`bob is asked to ${step}`, async () => (await request()) !== undefined)
      bob.tell({ do: 'approve', id: (await request())?.id, uncompared: true })
    }
    await approve('accept')
    await until('bob is asked for the key', async () => (await status(bob)).requests.some((one) => one.step === 'key'))
    const nonce = (await status(bob)).handshakes[0]?.id
    const dying = victim === 'the proposer' ? alice : bob
    dying.child.kill('SIGKILL')
    await dying.ended
    if (victim === 'the proposer') alice = await serving(x, 'alice', port)
    else {
      bob = await agent(y, 'bob', port, '--serve', '127.0.0.1:0')
      await until('bob serves', async () => bob.find('serving') !== undefined)
    }
    await approve('key')
    await approve('activate')
    await sealed(alice, bob)
    const [first, second] = await Promise.all([alice, bob].map(last))
    expect(first?.id).toBe(second?.id)
    expect([first?.nonce, second?.nonce]).toEqual([nonce, nonce])
    const judged = await audit(address(alice), address(bob), '--expect-genesis', `${genesis(alice)},${genesis(bob)}`)
    expect(judged).toMatchObject({
      code: 0,
      report: { ok: true, status: 'SEALED', findings: [], sessions: [{ session_nonce: nonce, confirmed: expect.anything() }] },
    })
    for (const one of [alice, bob, relay]) one.child.kill('SIGTERM')
    expect((await Promise.all([alice.ended, bob.ended, relay.ended])).map((one) => one.code)).toEqual([0, 0, 0])
  })
