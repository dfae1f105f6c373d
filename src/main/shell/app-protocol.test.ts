import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Log } from '../core/ports.ts'
import { type AppFiles, answer, contentSecurityPolicy, readAppFiles } from './app-protocol.ts'

const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const content = { 'index.html': '<!doctype html>', 'assets/index-a1.js': 'export {}', 'approval.html': '<!doctype html><p>', 'assets/approval-b2.css': 'p {}' }

let out = ''
let files: AppFiles
const write = (file: string, text: string): void => {
  mkdirSync(dirname(join(out, file)), { recursive: true })
  writeFileSync(join(out, file), text)
}
const described = (...names: (keyof typeof content)[]) =>
  Object.fromEntries(names.map((name) => [name, { sha256: sha256Hex(Buffer.from(content[name])), bytes: content[name].length }]))
const manifest = () => ({
  version: 1,
  hosts: {
    main: { document: 'index.html', files: described('index.html', 'assets/index-a1.js') },
    approval: { document: 'approval.html', files: described('approval.html', 'assets/approval-b2.css') },
  },
})
const get = (url: string, method = 'GET'): Response => answer(files, { method, url }, quiet)

beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'countersign-out-'))
  for (const [file, text] of Object.entries(content)) write(`renderer/${file}`, text)
  write('renderer/secret.html', 'not in the manifest')
  write('renderer-manifest.json', JSON.stringify(manifest()))
  files = readAppFiles(out, sha256Hex)
})
afterEach(() => rmSync(out, { recursive: true, force: true }))

describe('what the build made', () => {
  test.each([
    ['app://main/', 'index.html', 'text/html; charset=utf-8'],
    ['app://main/assets/index-a1.js', 'assets/index-a1.js', 'text/javascript; charset=utf-8'],
    ['app://approval/', 'approval.html', 'text/html; charset=utf-8'],
    ['app://approval/assets/approval-b2.css', 'assets/approval-b2.css', 'text/css; charset=utf-8'],
  ] as const)('%s is served with its type and the policy', async (url, file, type) => {
    const response = get(url)
    expect([response.status, await response.text()]).toEqual([200, content[file]])
    expect(response.headers.get('content-type')).toBe(type)
    expect(response.headers.get('content-security-policy')).toBe(contentSecurityPolicy)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  })
})

describe('anything else', () => {
  test.each([
    'app://main/index.html',
    'app://main/secret.html',
    'app://main/approval.html',
    'app://main/assets/approval-b2.css',
    'app://approval/index.html',
    'app://approval/assets/index-a1.js',
    'app://main',
    'app://main//',
    'app://main/?',
    'app://main/#',
    'app://main/assets',
    'app://main/assets/',
    'app://main/../renderer-manifest.json',
    'app://main/assets/../../renderer-manifest.json',
    'app://main/..%2frenderer-manifest.json',
    'app://main/%2e%2e/renderer-manifest.json',
    'app://main/..\\renderer-manifest.json',
    'app://main/assets%2findex-a1.js',
    'app://main/assets/index-a1.js?x',
    'app://main/assets/index-a1.js%00',
    'app://main/ASSETS/index-a1.js',
    'app://MAIN/',
    'app://other/',
    'app://main@other/',
    'app://main:80/',
    'app:///etc/passwd',
    'app://main/__proto__',
    'app://main/constructor',
    'file:///etc/passwd',
    '',
  ])('%s is not there', (url) => {
    const response = get(url)
    expect(response.status).toBe(404)
    expect(response.headers.get('content-security-policy')).toBe(contentSecurityPolicy)
  })

  test('no text at all but the four URLs is served', () => {
    const known = new Set(files.urls.keys())
    expect(known.size).toBe(4)
    const path = fc.array(
      fc.constantFrom('..', '.', '/', '\\', '%2e', '%2f', '%00', 'assets', 'index-a1.js', 'index.html', '?', '#', 'renderer-manifest.json', 'é'),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(fc.constantFrom('app://main/', 'app://approval/', 'app://', 'file://', 'https://main/'), path, (origin, parts) => {
        const url = origin + parts.join('')
        expect(get(url).status).toBe(known.has(url) ? 200 : 404)
      }),
      { numRuns: 2000 },
    )
  })

  test.each(['HEAD', 'POST', 'PUT', 'OPTIONS', 'get'])('%s is refused', (method) => {
    expect(get('app://main/', method).status).toBe(405)
  })
})

describe('a file that is not the one that was built', () => {
  test('altered after the build it is refused, also while the app runs', () => {
    expect(get('app://main/').status).toBe(200)
    write('renderer/index.html', '<!doctype html ')
    expect(get('app://main/').status).toBe(500)
    write('renderer/index.html', content['index.html'])
    expect(get('app://main/').status).toBe(200)
  })

  test('missing it is an error of its own, not a crash', () => {
    rmSync(join(out, 'renderer/index.html'))
    expect(get('app://main/').status).toBe(500)
  })
})

describe('the manifest', () => {
  const rewrite = (change: (value: ReturnType<typeof manifest>) => unknown): void => write('renderer-manifest.json', JSON.stringify(change(manifest())))

  test.each([
    ['another version', (value: object) => ({ ...value, version: 2 })],
    ['an unknown key', (value: object) => ({ ...value, extra: 1 })],
    ['no approval document', (value: { hosts: { main: unknown } }) => ({ ...value, hosts: { main: value.hosts.main } })],
    ['another host', (value: { hosts: object }) => ({ ...value, hosts: { ...value.hosts, other: { document: 'x', files: {} } } })],
    [
      'a hash that is none',
      (value: { hosts: object }) => ({
        ...value,
        hosts: { ...value.hosts, main: { document: 'index.html', files: { 'index.html': { sha256: 'x', bytes: 1 } } } },
      }),
    ],
  ])('with %s stops the start', (_what, change) => {
    rewrite(change as never)
    expect(() => readAppFiles(out, sha256Hex)).toThrow()
  })

  test('with a kind of file nobody thought of stops the start', () => {
    rewrite((value) => ({ ...value, hosts: { ...value.hosts, main: { document: 'index.html', files: { 'a.wasm': { sha256: '0'.repeat(64), bytes: 1 } } } } }))
    expect(() => readAppFiles(out, sha256Hex)).toThrow('no content type for a.wasm')
  })

  test('missing stops the start', () => {
    rmSync(join(out, 'renderer-manifest.json'))
    expect(() => readAppFiles(out, sha256Hex)).toThrow('ENOENT')
  })
})

test('the policy allows nothing from elsewhere and nothing unsafe', () => {
  expect(contentSecurityPolicy).not.toMatch(/unsafe|[*]|https?:|data:|blob:/)
  const directives = new Map(contentSecurityPolicy.split('; ').map((directive) => [directive.split(' ')[0], directive.split(' ').slice(1).join(' ')]))
  expect(directives.get('default-src')).toBe("'none'")
  for (const name of ['connect-src', 'object-src', 'frame-src', 'worker-src', 'base-uri', 'form-action', 'frame-ancestors', 'trusted-types'])
    expect([name, directives.get(name)]).toEqual([name, "'none'"])
  expect(directives.get('require-trusted-types-for')).toBe("'script'")
})
