import { describe, expect, it } from 'vitest'
import { utf8 } from '../crypto/bytes.ts'
import { AppFault } from '../fault.ts'
import { systemClock } from '../node-ports.ts'
import type { Clock } from '../ports.ts'
import { judgeSources } from './audit-source.ts'
import { type HttpAnswer, type HttpGet, readAuditUrl } from './audit-url.ts'
import { Party, story } from './story.fixture.ts'

const told = story()
const ADDRESS = 'http://127.0.0.1:3099/api/chain/alice'
const SMALL = { rows: 50, pageBytes: 100_000, bytes: 200_000, ms: 60_000 }

type Page = { readonly body: unknown; readonly status?: number; readonly type?: string | null }

/** A compatible server over a party's rows, two a page; `lie` changes an answer. */
const server = (party: Party, lie: (url: URL, honest: unknown) => Page = (_, body) => ({ body })): { get: HttpGet; asked: string[] } => {
  const asked: string[] = []
  const honest = (url: URL): unknown => {
    if (url.pathname.includes('/state-machines/')) return { ok: true, machine: { ...party.header, id: '1', custody: 'own', created_at: 'yesterday' } }
    const after = url.searchParams.get('after_id')
    const blocks = party.rows.filter(({ seq }) => after === null || seq > Number(after)).slice(0, 2)
    const last = blocks.at(-1)
    const next = { from: last?.zeqondNumber ?? url.searchParams.get('from'), after_id: last === undefined ? after : String(last.seq) }
    return { ok: true, count: blocks.length, blocks: blocks.map((row) => ({ ...row, id: String(row.seq), createdAt: 'now', zspEnvelope: null })), next }
  }
  return {
    asked,
    get: async (text) => {
      const url = new URL(text)
      asked.push(`${url.pathname}${url.search}`)
      const { body, status = 200, type = 'application/json; charset=utf-8' } = lie(url, honest(url))
      return { status, contentType: type, body: [typeof body === 'string' ? utf8(body) : utf8(JSON.stringify(body))] }
    },
  }
}
const read = (get: HttpGet, address = ADDRESS, clock: Pick<Clock, 'schedule'> = systemClock) => readAuditUrl({ clock: clock as Clock }, get, address, SMALL)
const faultOf = async (run: Promise<unknown>): Promise<string> => {
  try {
    await run
  } catch (error) {
    return error instanceof AppFault ? `${error.code}: ${error.message}` : `not a fault: ${String(error)}`
  }
  return 'none'
}
const explore = (url: URL) => url.pathname.endsWith('/explore')

describe('an address', () => {
  it('is read page by page from the first row on, never from now', async () => {
    const { get, asked } = server(told.a)
    const source = await read(get)
    expect(asked).toEqual([
      '/api/chain/state-machines/alice',
      '/api/chain/alice/explore?limit=200',
      `/api/chain/alice/explore?limit=200&from=${told.a.rows[1]!.zeqondNumber}&after_id=1`,
      `/api/chain/alice/explore?limit=200&from=${told.a.rows[3]!.zeqondNumber}&after_id=3`,
      `/api/chain/alice/explore?limit=200&from=${told.a.rows[4]!.zeqondNumber}&after_id=4`,
    ])
    expect(source).toEqual({ kind: 'chain', name: ADDRESS, chain: JSON.parse(JSON.stringify(told.a.raw())) })
  })
  it('and another give the verdict of the two ledgers', async () => {
    const sources = [await read(server(told.a).get), await read(server(told.b).get, 'https://other.example/api/chain/bob/')]
    expect(judgeSources(sources)).toMatchObject({ judged: { report: { ok: true, status: 'SEALED' } } })
  })
  it('of a ledger without rows is one', async () => {
    const empty = new Party('alice', 1)
    expect(judgeSources([await read(server(empty).get)])).toMatchObject({ judged: { report: { ok: true, status: 'NONE' } } })
  })
  it('of a server that lies about a row gives findings, not errors', async () => {
    const lie = (url: URL, honest: unknown): Page => ({
      body: explore(url) ? JSON.parse(JSON.stringify(honest).replaceAll('accepted_pending', 'accepted-pending')) : honest,
    })
    expect(judgeSources([await read(server(told.a, lie).get)])).toMatchObject({ judged: { report: { ok: false } } })
  })
  it.each([
    'ftp://x/api/chain/a',
    'http://x/api/chain/',
    'http://x/api/chain/A',
    'http://x/api/chain/a/b',
    'http://x/a',
    'http://u:p@x/api/chain/a',
    'http://x/api/chain/a?x=1',
    'http://',
    `http://x/api/chain/${'a'.repeat(65)}`,
  ])('%s is none', async (address) => expect(await faultOf(read(server(told.a).get, address))).toMatch(/^BAD_ARGUMENT: .*is not of the form/))
})

describe('a server that does not answer as it should', () => {
  const on = (test: (url: URL) => boolean, page: Page | ((honest: unknown) => Page)) => (url: URL, honest: unknown) =>
    test(url) ? (typeof page === 'function' ? page(honest) : page) : { body: honest }
  const always = () => true
  it.each<[string, (url: URL, honest: unknown) => Page, RegExp]>([
    ['another content type', on(always, { body: '<html>', type: 'text/html' }), /^FORMAT: .*text\/html, not application\/json/],
    ['no content type', on(explore, (body) => ({ body, type: null })), /^FORMAT: .*none, not application\/json/],
    ['a redirect', on(always, { body: '', status: 302 }), /^FORMAT: .*leads elsewhere/],
    ['a private ledger', on(always, { body: {}, status: 401 }), /^UNREADABLE: .*private/],
    ['an unknown slug', on(always, { body: {}, status: 404 }), /^NOT_FOUND: /],
    ['too many questions', on(explore, { body: {}, status: 429 }), /^UNREADABLE: .*too often/],
    ['an error', on(explore, { body: {}, status: 500 }), /^UNREADABLE: .*status 500/],
    ['no JSON', on(explore, { body: '{"ok":true' }), /^FORMAT: /],
    ['a duplicate key', on(explore, { body: '{"ok":true,"ok":true,"blocks":[]}' }), /^FORMAT: .*duplicate key/],
    ['a float', on(explore, { body: '{"ok":true,"count":1.0,"blocks":[]}' }), /^FORMAT: /],
    ['__proto__', on(explore, { body: '{"ok":true,"__proto__":{},"blocks":[]}' }), /^FORMAT: .*__proto__/],
    ['a lone surrogate', on(explore, { body: '{"ok":true,"x":"\\ud800","blocks":[]}' }), /^FORMAT: .*surrogate/],
    ['nesting without end', on(explore, { body: '['.repeat(9000) }), /^FORMAT: .*deeper/],
    ['ok: false', on(explore, { body: { ok: false } }), /^FORMAT: .*something else/],
    ['a list', on(always, { body: [] }), /^FORMAT: .*something else/],
    ['no machine', on(always, { body: { ok: true } }), /^FORMAT: .*does not describe/],
    ['no rows', on(explore, { body: { ok: true } }), /^FORMAT: .*no rows/],
    ['no cursor', on(explore, (honest) => ({ body: { ...(honest as object), next: undefined } })), /^FORMAT: .*next page/],
    ['a cursor that is none', on(explore, (honest) => ({ body: { ...(honest as object), next: { from: '1&x=1', after_id: '1' } } })), /^FORMAT: .*next page/],
    ['the same page for ever', on(explore, () => ({ body: { ok: true, blocks: [told.a.rows[0]], next: { from: '1', after_id: '0' } } })), /^FORMAT: .*repeats/],
    ['a huge answer', on(explore, { body: `{"ok":true,"x":"${'a'.repeat(100_000)}"}` }), /^FORMAT: .*more than 100000 bytes/],
  ])('%s', async (_, lie, expected) => expect(await faultOf(read(server(told.a, lie).get))).toMatch(expected))

  it('pages without end, each with a place of its own', async () => {
    let page = 0
    const { get } = server(
      told.a,
      on(explore, () => ({ body: { ok: true, blocks: [{}], next: { from: '1', after_id: String((page += 1)) } } })),
    )
    expect(await faultOf(read(get))).toMatch(/^FORMAT: .*more than 50 rows/)
    expect(page).toBe(51)
  })
  it('large pages without end', async () => {
    let page = 0
    const { get } = server(
      told.a,
      on(explore, () => ({ body: { ok: true, blocks: [{ x: 'a'.repeat(60_000) }], next: { from: '1', after_id: String((page += 1)) } } })),
    )
    expect(await faultOf(read(get))).toMatch(/^FORMAT: .*more than 200000 bytes/)
  })
  it('a body that never ends is let go at the limit', async () => {
    let [sent, closed] = [0, false]
    const endless = async function* () {
      try {
        for (;;) {
          sent += 1
          yield new Uint8Array(10_000).fill(0x20)
        }
      } finally {
        closed = true
      }
    }
    const get: HttpGet = async () => ({ status: 200, contentType: 'application/json', body: endless() })
    expect(await faultOf(read(get))).toMatch(/^FORMAT: .*more than 100000 bytes/)
    expect([sent, closed]).toEqual([11, true])
  })
  it('one that never answers is given up when the time is over', async () => {
    let ring: () => void = () => {}
    const clock = { schedule: (_: number, run: () => void) => ((ring = run), () => {}) }
    const get: HttpGet = (_, signal) =>
      new Promise<HttpAnswer>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')))
        ring()
      })
    expect(await faultOf(read(get, ADDRESS, clock))).toBe(`UNREADABLE: http://127.0.0.1:3099/api/chain/state-machines/alice took longer than 60 s.`)
  })
  it('one that is not there', async () => {
    expect(await faultOf(read(() => Promise.reject(new TypeError('fetch failed'))))).toMatch(/^UNREADABLE: .*cannot be reached/)
  })
})
