import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { assertHeadless, packagesOf } from './headless-bundle.mjs'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-bundle-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const bundle = (files: Readonly<Record<string, string>>): string => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return join(folder, 'headless.js')
}

test('a bundle of node and the shipped packages passes', () => {
  const entry = bundle({
    'headless.js': 'const a = require("node:fs"); const b = require("./chunk.js"); require("better-sqlite3")',
    'chunk.js': 'require("crypto")',
  })
  expect(packagesOf(entry)).toEqual(['better-sqlite3'])
  expect(() => assertHeadless(entry, ['better-sqlite3'])).not.toThrow()
})

test.each([
  ['the entry', { 'headless.js': 'const electron = require("electron")' }],
  ['a subpath', { 'headless.js': "const { app } = require('electron/main')" }],
  ['a dynamic import', { 'headless.js': 'import(`electron`)' }],
  ['a static import', { 'headless.js': "import { app } from 'electron'\n" }],
  ['a chunk', { 'headless.js': 'require("./a.js")', 'a.js': 'require("./b.js")', 'b.js': 'require("electron")' }],
  ['a worker', { 'headless.js': 'new Worker(join(__dirname, "kdf.worker.js"))', 'kdf.worker.js': 'require("electron")' }],
])('electron in %s fails', (_where, files) => {
  expect(() => assertHeadless(bundle(files as unknown as Record<string, string>), ['better-sqlite3'])).toThrow(/electron/)
})

test('a package that is not shipped fails', () => {
  expect(() => assertHeadless(bundle({ 'headless.js': 'require("zod")' }), ['better-sqlite3'])).toThrow('zod')
})
