import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { freePort, until } from './person.ts'
import { processes } from './processes.ts'

// The command as it is built, in processes of its own.

const { home, file, secret, start, run, create, agent, end } = processes()
test.afterAll(end)

test('says what is wrong in one line, with an exit code of its own', async () => {
  expect((await create('codes', 'carol')).code).toBe(0)
  const cases: [string, number, RegExp, string[]][] = [
    ['an unknown command', 2, /^countersign: BAD_ARGUMENT: .*\n$/, ['nonsense']],
    ['a name that is taken', 2, /^countersign: EXISTS: .*\n$/, ['identity', 'create', '--name', 'carol', '--passphrase-file', secret]],
    ['a name that is a path', 2, /^countersign: NAME: .*\n$/, ['identity', 'create', '--name', '../carol', '--passphrase-file', secret]],
    ['a weak passphrase', 2, /^countersign: WEAK_PASSPHRASE: .*\n$/, ['identity', 'create', '--name', 'dave', '--passphrase-file', file('weak', 'password\n')]],
    ['no passphrase file', 2, /^countersign: UNREADABLE: .*\n$/, ['identity', 'create', '--name', 'dave', '--passphrase-file', join(home, 'nowhere')]],
    [
      'a wrong passphrase',
      3,
      /^countersign: WRONG_PASSPHRASE: .*\n$/,
      ['agent', '--name', 'carol', '--passphrase-file', file('wrong', 'not the right passphrase\n'), '--quiet'],
    ],
    [
      'a file that is no backup',
      2,
      /^countersign: (FORMAT|TRUNCATED): .*\n$/,
      ['identity', 'restore', '--name', 'erin', '--passphrase-file', secret, '--file', secret],
    ],
  ]
  for (const [what, code, line, args] of cases) {
    const ended = await run('codes', ...args)
    expect(ended.code, what).toBe(code)
    expect(ended.err, what).toMatch(line)
    expect(ended.out, what).toBe('')
  }
  expect(readdirSync(join(home, 'codes')).filter((name) => !name.startsWith('.'))).toEqual(['carol'])
})

test('gives up on a relay when the original’s configuration says so', async () => {
  await create('config', 'carol')
  const config = file(
    'client.json',
    JSON.stringify({
      host: '127.0.0.1',
      port: await freePort(),
      logger: { level: 'INFO' },
      hyper_parameters: { reconnection: { retry_delay_seconds: 1, primary_retry_limit: 1 } },
    }),
  )
  const ended = await run('config', 'agent', '--name', 'carol', '--passphrase-file', secret, '--config', config, '--json')
  expect(ended.code).toBe(5)
  expect(ended.out).toContain('"code":"RELAY"')
  expect(ended.err).toMatch(/ignored .*logger/)
})

test('two agents, decided line by line: ask, approve, talk, close; one process a profile', async () => {
  test.setTimeout(120_000)
  const port = await freePort()
  const relay = start('relay', 'relay', '--port', String(port), '--json')
  await until('the relay is ready', async () => relay.find('ready') !== undefined)
  expect((await run('relay', 'relay', '--port', String(port))).code).toBe(4)
  await Promise.all([create('a', 'alice'), create('b', 'bob')])
  const [alice, bob] = [await agent('a', 'alice', port, '--hs-only'), await agent('b', 'bob', port, '--hs-only')]
  const second = await run('a', 'agent', '--name', 'alice', '--passphrase-file', secret, '--quiet')
  expect([second.code, second.err]).toEqual([4, expect.stringMatching(/^countersign: IN_USE: /)])

  const [a, b] = [String(alice.find('ready')?.['my_id']), String(bob.find('ready')?.['my_id'])]
  // Garbage between the commands is answered and forgotten.
  alice.tell('\n{"do":\n[]\n{"do":"fly"}\n')
  await until('three refusals', async () => alice.events.filter((e) => e['event'] === 'error' && e['code'] === 'BAD_ARGUMENT').length === 3)
  await until('they see each other', async () => alice.find('peer', { peer: b }) !== undefined && bob.find('peer', { peer: a }) !== undefined)
  alice.tell({ do: 'propose', peer: b })
  await until('bob hears the knock', async () => bob.find('knock', { peer: a, kind: 'meet' }) !== undefined)
  bob.tell({ do: 'answer', peer: a })
  await until('bob is asked', async () => bob.find('request', { step: 'confirm' }) !== undefined)
  // A decision on another view than the one shown is refused.
  bob.tell({ do: 'approve', id: bob.find('request')?.['id'], view_hash: '0'.repeat(64) })
  await until('the forged hash is refused', async () => bob.find('error', { code: 'STALE' }) !== undefined)
  bob.tell({ do: 'approve', id: bob.find('request')?.['id'], view_hash: bob.find('request')?.['view_hash'] })
  await until('alice is asked', async () => alice.find('request', { step: 'request' }) !== undefined)
  alice.tell({ do: 'approve', id: alice.find('request')?.['id'] })
  await until('both open', async () => alice.find('session', { state: 'open' }) !== undefined && bob.find('session', { state: 'open' }) !== undefined)
  expect(alice.find('session')?.['id']).toBe(bob.find('session')?.['id'])
  expect(alice.find('key')?.['fingerprint']).toBe(bob.find('key')?.['fingerprint'])
  alice.tell({ do: 'send', peer: b, text: 'over the wire ☃' })
  await until('bob hears it', async () => bob.find('message', { direction: 'theirs', text: 'over the wire ☃' }) !== undefined)
  bob.tell({ do: 'send', session: bob.find('session')?.['id'], text: 'and back' })
  await until('alice hears it', async () => alice.find('message', { direction: 'theirs', text: 'and back' }) !== undefined)
  alice.tell({ do: 'close', peer: b })
  await until('alice is asked to conclude', async () => alice.find('request', { step: 'conclude' }) !== undefined)
  alice.tell({ do: 'approve', id: alice.find('request', { step: 'conclude' })?.['id'] })
  await until('both closed', async () => alice.find('session', { state: 'closed' }) !== undefined && bob.find('session', { state: 'closed' }) !== undefined)

  alice.tell({ do: 'quit' })
  bob.child.kill('SIGTERM')
  relay.child.kill('SIGINT')
  const ends = await Promise.all([alice.ended, bob.ended, relay.ended])
  expect(ends.map((end) => end.code)).toEqual([0, 0, 0])
  for (const end of ends) expect(end.out.split('\n').filter((line) => line !== '' && !line.startsWith('{'))).toEqual([])
  // One growing number, and none of an event's own fields stands in its place.
  const seqs = alice.events.map((e) => Number(e['seq']))
  expect(seqs).toEqual([...seqs].sort((x, y) => x - y))
  // What was said is in no log and in no file in the clear.
  const secrets = ['over the wire', 'a fine long passphrase']
  for (const end of ends) for (const text of secrets) expect(end.err).not.toContain(text)
  for (const name of readdirSync(join(home, 'a', 'alice')))
    for (const text of [...secrets, b]) expect(readFileSync(join(home, 'a', 'alice', name)).includes(text), `${text} in ${name}`).toBe(false)
})

test('an identity goes out and comes in again: backup, restore, export, import, passphrase, archive', async () => {
  test.setTimeout(120_000)
  await create('out', 'alice')
  const shown = JSON.parse((await run('out', 'identity', 'show', '--name', 'alice', '--json')).out)
  mkdirSync(join(home, 'files'))
  const [backup, exported] = [join(home, 'files', 'alice.csbackup'), join(home, 'files', 'id_agent_alice.json')]
  const own = ['--name', 'alice', '--passphrase-file', secret, '--json', '--quiet']
  expect((await run('out', 'identity', 'backup', ...own, '--file', backup, '--backup-passphrase-file', file('other', 'another fine passphrase\n'))).code).toBe(
    0,
  )
  expect((await run('out', 'identity', 'export', ...own, '--file', exported)).code).toBe(0)
  // The same identity twice in one home would drop its own lines.
  expect(
    (await run('out', 'identity', 'restore', '--name', 'again', '--passphrase-file', secret, '--backup-passphrase-file', join(home, 'other'), '--file', backup))
      .code,
  ).toBe(2)
  const restored = await run(
    'back',
    'identity',
    'restore',
    '--name',
    'alice',
    '--passphrase-file',
    secret,
    '--backup-passphrase-file',
    join(home, 'other'),
    '--file',
    backup,
    '--json',
    '--quiet',
  )
  expect(JSON.parse(restored.out)).toEqual(shown)
  expect(shown.genesis).toMatch(/^[0-9a-f]{64}$/)
  const imported = await run('in', 'identity', 'import', '--name', 'lyra', '--passphrase-file', secret, '--file', exported, '--json', '--quiet')
  // The keys are the same; the original has no ledger, so one is begun.
  expect(JSON.parse(imported.out)).toEqual({ ...shown, name: 'lyra', genesis: expect.stringMatching(/^[0-9a-f]{64}$/) })
  expect((await run('out', 'identity', 'passphrase', ...own, '--new-passphrase-file', join(home, 'other'))).code).toBe(0)
  expect((await run('out', 'agent', '--name', 'alice', '--passphrase-file', secret, '--quiet')).code).toBe(3)
  expect((await run('out', 'identity', 'archive', '--name', 'alice')).code).toBe(0)
  expect((await run('out', 'identity', 'show', '--name', 'alice')).code).toBe(2)
  expect(readdirSync(join(home, 'out', '.archive'))).toHaveLength(1)
})
