import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { audit } from '../ledger/audit.ts'
import { type HttpGet, readAuditUrl } from '../ledger/audit-url.ts'
import { removeTempFolders } from '../store/testing.fixture.ts'
import { type World, world } from './api.fixture.ts'

// The public walkthrough's commands, run as they stand but for the table below, by curl where this computer has one.

const text = readFileSync(new URL('./fixtures/walkthrough.md', import.meta.url), 'utf8')
const commandsOf = (markdown: string): string[] => [...markdown.matchAll(/```bash\n([\s\S]*?)```/g)].map((match) => match[1]!.replace(/^#.*\n/gm, '').trim())

interface Correction {
  readonly why: string
  /** Exactly one command has this. */
  readonly of: string | RegExp
  /** The commands in its place. */
  readonly by: (command: string) => readonly string[]
}

const bobs = (command: string): string =>
  command.replaceAll('/alice/', '/bob/').replaceAll('A_ZSM_KEY', 'B_ZSM_KEY').replaceAll('A_CONTRACT_ID', 'B_CONTRACT_ID')

/** What the page has to be changed in, by the rows of docs/api.md, "The walkthrough". Host and variables are filled in besides. */
const corrections: readonly Correction[] = [
  {
    why: 'A’s key is minted by the very call that it would authorise: the bootstrap token',
    of: '"slug":"alice"',
    by: (c) => [c.replace('A_ZSM_KEY', 'BOOTSTRAP')],
  },
  { why: 'so is B’s', of: '"slug":"bob"', by: (c) => [c.replace('B_ZSM_KEY', 'BOOTSTRAP')] },
  { why: '“B does the same” is said in prose only', of: '/alice/contracts \\', by: (c) => [c, bobs(c)] },
  { why: '`from` is now: the proposal is older, so the answer would be empty', of: '/explore?from=', by: (c) => [c.replace(/from=\$\(\(.*?\)\)&/, '')] },
  {
    why: 'B never accepts: “No transition: proposed → keyed”',
    of: /"to":"keyed".*B_ECDH_PUB/,
    by: (c) => [
      c.replace('"to":"keyed"', '"to":"accepted_pending"').replace(/"ecdh_pub":("[^"]*)B_ECDH_PUB/, '"peer_pubkey":$1A_PUBKEY}","self_pubkey":$1B_PUBKEY'),
      c,
    ],
  },
]

const corrected = (commands: readonly string[]): string[] => {
  let current = [...commands]
  for (const { why, of, by } of corrections) {
    const fits = (command: string): boolean => (typeof of === 'string' ? command.includes(of) : of.test(command))
    expect([why, current.filter(fits).length]).toEqual([why, 1])
    current = current.flatMap((command) => (fits(command) ? by(command) : [command]))
  }
  return current
}

/** Words of a command as a POSIX shell splits it; enough of one for curl. */
const words = (command: string): string[] => {
  const found: string[] = []
  for (const match of command.replace(/\\\n/g, ' ').matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)) found.push(match[1] ?? match[2] ?? match[3] ?? '')
  return found
}

interface Called {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of an answer
  readonly json: any
}

const run = promisify(execFile)
const byCurl = async (argv: readonly string[]): Promise<Called> => {
  const { stdout } = await run('curl', [...argv, '-w', '\n%{http_code}'])
  const cut = stdout.lastIndexOf('\n')
  return { status: Number(stdout.slice(cut + 1)), json: JSON.parse(stdout.slice(0, cut)) }
}
/** The options the walkthrough uses: -sS, -H, -d. */
const byFetch = async (argv: readonly string[]): Promise<Called> => {
  const headers: Record<string, string> = {}
  let [url, body]: [string, string | undefined] = ['', undefined]
  for (let i = 0; i < argv.length; i += 1) {
    const word = argv[i]!
    if (word === '-H') headers[argv[(i += 1)]!.split(':')[0]!] = argv[i]!.slice(argv[i]!.indexOf(':') + 1).trim()
    else if (word === '-d') body = argv[(i += 1)]
    else if (!word.startsWith('-')) url = word
  }
  const response = await fetch(url, body === undefined ? { headers } : { method: 'POST', headers, body })
  return { status: response.status, json: await response.json() }
}
const hasCurl = async (): Promise<boolean> =>
  run('curl', ['--version']).then(
    () => true,
    () => false,
  )

let w: World
beforeAll(async () => {
  w = await world()
})
afterAll(async () => {
  await w.close()
  removeTempFolders()
})

/** The chain as anyone can fetch it. */
const fetched = async (slug: string) => {
  const { machine } = (await w.call('GET', `/api/chain/state-machines/${slug}`)).json
  const { blocks } = (await w.call('GET', `/api/chain/${slug}/explore?limit=500`)).json
  const { head } = (await w.call('GET', `/api/chain/${slug}/state`)).json
  const { origin_id, genesis_zeqond, sign_pub, kx_pub, next } = machine
  const rows = blocks.map(({ id: _id, createdAt: _at, zspEnvelope: _zsp, ...row }: Record<string, unknown>) => row)
  return { header: { slug, origin_id, genesis_zeqond, sign_pub, kx_pub, next }, rows, head }
}

describe('the public walkthrough', () => {
  it('runs through, and its two chains stand but for the steps that nobody signed', async () => {
    const call = (await hasCurl()) ? byCurl : byFetch
    const known: Record<string, string> = {
      BOOTSTRAP: w.server.bootstrapToken,
      A_PUBKEY: 'a1'.repeat(32),
      B_PUBKEY: 'b1'.repeat(32),
      A_ECDH_PUB: 'a2'.repeat(32),
      B_ECDH_PUB: 'b2'.repeat(32),
      SESSION_NONCE: '07'.repeat(32),
      SESSION_ID: '08'.repeat(32),
    }
    const done: string[] = []
    for (const command of corrected(commandsOf(text))) {
      const filled = command.replaceAll('https://zeqapi.com', w.url).replace(/\$\{(\w+)\}/g, (_, name: string) => known[name] ?? `unknown ${name}`)
      expect(filled).not.toContain('unknown ')
      const [program, ...argv] = words(filled)
      expect(program).toBe('curl')
      const { status, json } = await call(argv)
      const path = new URL(argv.find((word) => word.startsWith('http'))!).pathname
      expect([path, status, json.ok, json.error]).toEqual([path, status < 300 ? status : 200, true, undefined])
      const side = path.includes('/bob') || json.machine?.slug === 'bob' ? 'B' : 'A'
      if (json.api_key !== undefined) known[`${side}_ZSM_KEY`] = json.api_key
      if (json.contract !== undefined) known[`${side}_CONTRACT_ID`] = json.contract.id
      // As B is told to: the hash of the row that it has read on A's chain.
      if (path.endsWith('/explore')) {
        expect(json.blocks.at(-1).payload.input).toMatchObject({ peer_slug: 'bob', session_nonce: known['SESSION_NONCE'], self_pubkey: known['A_PUBKEY'] })
        known['A_PROPOSAL_HASH'] = json.blocks.at(-1).stateHash
      }
      if (json.new_state === 'keyed') known[`${side}_KEYED_HASH`] = json.state_hash
      if (path.endsWith('/validate')) expect(json).toMatchObject({ valid: true, broken_at: null, count: 5 })
      done.push(`${side} ${json.new_state ?? path.split('/').at(-1)}`)
    }
    expect(done).toEqual([
      'A state-machines',
      'B state-machines',
      'A contracts',
      'B contracts',
      'A accepted_pending',
      'A explore',
      'B accepted_pending',
      'B keyed',
      'A keyed',
      'A active',
      'B active',
      'A validate',
      'B validate',
    ])

    const { report } = audit({ a: await fetched('alice'), b: await fetched('bob') })
    expect(report.findings.map(({ code }) => code)).toEqual(['UNSIGNED'])
    expect(report.findings[0]!.rows).toHaveLength(6)
    expect(report.ok).toBe(false)
    expect(report.status).toBe('NONE')
    expect([report.scope.chains.a?.custody, report.scope.chains.b?.custody]).toEqual(['host', 'host'])
    expect(report.scope.chains.a?.broken_at).toBeNull()
    expect(report.scope.limits).toContain('HOST_CUSTODY')

    // The audit's own reader sees the same chain.
    const get: HttpGet = async (url, signal) => {
      const { status, headers, body } = await fetch(url, { signal, redirect: 'manual' })
      return { status, contentType: headers.get('content-type'), body: body! as AsyncIterable<Uint8Array> }
    }
    const read = await readAuditUrl(w.ports, get, `${w.url}/api/chain/alice`)
    expect(read).toMatchObject({ kind: 'chain', chain: await fetched('alice') })
  })

  it('does not run as it stands: each correction is needed', async () => {
    const fresh = await world()
    try {
      const key = `zsm_${'A'.repeat(43)}`
      expect((await fresh.call('POST', '/api/chain/state-machines', { key, body: { slug: 'alice', is_public: true } })).status).toBe(401)
      const machine = fresh.machine('bob', true)
      const operator = fresh.key(machine, 'operator')
      const { json } = await fresh.call('POST', '/api/contracts/templates/m2m_handshake/deploy', { key: operator, body: { slug: 'bob' } })
      const step = await fresh.call('POST', `/api/chain/bob/contracts/${json.id}/transition`, { key: operator, body: { to: 'keyed', input: {} } })
      expect(step.json.error).toBe('No transition: proposed → keyed')
      fresh.ports.skip(2000)
      const now = Math.floor(fresh.ports.clock.now() / 777)
      expect((await fresh.call('GET', `/api/chain/bob/explore?from=${now}&limit=20`)).json.count).toBe(0)
    } finally {
      await fresh.close()
    }
  })
})
