import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'electron-vite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { assertOwn, describe as describeFiles } from './app-manifest.mjs'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-manifest-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('each document gets its own files, with the hashes of what is on disk', () => {
  writeFileSync(join(folder, 'index.html'), 'abc')
  writeFileSync(join(folder, 'approval.html'), '')
  const made = new Map([
    ['index.html', ['index.html']],
    ['approval.html', ['approval.html']],
  ])
  expect(describeFiles({ main: 'index.html', approval: 'approval.html' }, made, folder)).toEqual({
    version: 1,
    hosts: {
      main: { document: 'index.html', files: { 'index.html': { sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', bytes: 3 } } },
      approval: {
        document: 'approval.html',
        files: { 'approval.html': { sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', bytes: 0 } },
      },
    },
  })
})

test('a document the build did not make fails the build', () => {
  expect(() => describeFiles({ main: 'index.html' }, new Map(), folder)).toThrow('the build made no index.html')
})

test('code of a package in a document of our own fails the build; fonts do not', () => {
  const bundle = (...moduleIds: string[]) => ({ 'a.js': { type: 'chunk', moduleIds }, 'a.css': { type: 'asset' } })
  expect(() =>
    assertOwn('approval.html', bundle('/app/src/renderer/approval/main.ts', '/app/node_modules/@fontsource/inter.css', '/app/node_modules/x/f.woff2?url')),
  ).not.toThrow()
  expect(() => assertOwn('approval.html', bundle('/app/node_modules/react/index.js'))).toThrow('react')
  expect(() => assertOwn('approval.html', bundle('C:\\app\\node_modules\\react\\index.js'))).toThrow('react')
})

/** A build of two documents as ours, with a shared style sheet, which would otherwise end in a shared chunk. */
const buildTwo = async (approvalScript: string): Promise<void> => {
  const source = join(folder, 'src/renderer')
  mkdirSync(source, { recursive: true })
  symlinkSync(resolve(import.meta.dirname, '../node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{ "name": "seeded", "main": "out/main/index.js" }')
  writeFileSync(join(folder, 'shared.css'), 'body { color: red }')
  for (const name of ['index', 'approval']) {
    writeFileSync(join(source, `${name}.html`), `<!doctype html><script type="module" src="./${name}.ts"></script>`)
    writeFileSync(join(source, `${name}.ts`), `import '../../shared.css'\n${name === 'approval' ? approvalScript : "document.title = 'main'"}\n`)
  }
  writeFileSync(
    join(folder, 'electron.vite.config.mjs'),
    `import { appManifest } from ${JSON.stringify(resolve(import.meta.dirname, 'app-manifest.mjs'))}
     export default { renderer: { root: ${JSON.stringify(source)},
       plugins: [appManifest({ main: 'index.html', approval: 'approval.html' }, ${JSON.stringify(join(folder, 'out/manifest.json'))}, { own: ['approval.html'] })],
       build: { outDir: ${JSON.stringify(join(folder, 'out/renderer'))}, target: 'chrome114', isolatedEntries: true, modulePreload: { polyfill: false },
         rolldownOptions: { input: { index: ${JSON.stringify(join(source, 'index.html'))}, approval: ${JSON.stringify(join(source, 'approval.html'))} } } } } }`,
  )
  const before = process.cwd()
  process.chdir(folder)
  try {
    await build({ root: folder, configFile: join(folder, 'electron.vite.config.mjs'), logLevel: 'silent' })
  } finally {
    process.chdir(before)
  }
}

test('a real build lists for each document what its page loads, and nothing of the other', async () => {
  await buildTwo("document.title = 'approval'")
  const manifest = JSON.parse(readFileSync(join(folder, 'out/manifest.json'), 'utf8')) as ReturnType<typeof describeFiles>
  for (const [host, own, other] of [
    ['main', 'index', 'approval'],
    ['approval', 'approval', 'index'],
  ] as const) {
    const files = Object.keys(manifest.hosts[host]?.files ?? {})
    expect(files).toContain(`${own}.html`)
    const page = readFileSync(join(folder, 'out/renderer', `${own}.html`), 'utf8')
    const loaded = [...page.matchAll(/(?:src|href)="[.]?\/?([^"]+)"/g)].map(([, file]) => file)
    expect(loaded.length).toBeGreaterThan(0)
    for (const file of loaded) expect(files).toContain(file)
    expect(files.filter((file) => file.includes(other))).toEqual([])
  }
})

test('a real build with a package in the approval document fails', async () => {
  await expect(buildTwo("import { useState } from 'react'\nconsole.log(useState)")).rejects.toThrow('may hold no code of others')
})
