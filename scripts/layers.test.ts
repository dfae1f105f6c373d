import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { assertSeen, checkLayers } from './layers.mjs'

const modules = resolve(import.meta.dirname, '../node_modules')
const made: string[] = []
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const project = (files: Readonly<Record<string, string>>): string => {
  const root = mkdtempSync(join(tmpdir(), 'countersign-layers-'))
  made.push(root)
  symlinkSync(modules, join(root, 'node_modules'))
  writeFileSync(join(root, 'package.json'), '{ "name": "seeded" }')
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), text)
  }
  return root
}

/** What is allowed: every seeded violation below is this project with one file changed. */
const sound = {
  'src/contract/names.ts': "import { z } from 'zod'\nexport const Name = z.string()\nexport type Name = string\n",
  'src/contract/channel-names.ts': "export const names = ['a'] as const\n",
  'src/main/index.ts':
    "import { app } from 'electron'\nimport { digest } from './core/crypto/digest.ts'\nimport { open } from './shell/open.ts'\nvoid app.whenReady().then(() => open(digest))\n",
  'src/main/core/crypto/digest.ts':
    "import { createHash } from 'node:crypto'\nexport const digest = (text: string) => createHash('sha256').update(text).digest('hex')\n",
  'src/main/core/api/app.ts': "import { Hono } from 'hono'\nexport const app = new Hono()\n",
  'src/main/command/serve.ts': "import { app } from '../core/api/app.ts'\nexport const serve = () => app\n",
  'src/main/core/wallet.fixture.ts': "import { wallet } from './wallet.ts'\nexport const sample = wallet\n",
  'src/main/core/wallet.test.ts': "import { sample } from './wallet.fixture.ts'\nexport const tested = sample\n",
  'src/main/core/wallet.ts': "import { digest } from './crypto/digest.ts'\nexport const wallet = digest('x')\n",
  'src/main/shell/open.ts':
    "import { BrowserWindow } from 'electron'\nimport type { Name } from '../../contract/names.ts'\nexport const open = (digest: (text: Name) => string) => [new BrowserWindow(), digest('x')]\n",
  'src/preload/index.ts':
    "import { contextBridge } from 'electron'\nimport { names } from '../contract/channel-names.ts'\nimport type { Name } from '../contract/names.ts'\nconst name: Name = names[0]\ncontextBridge.exposeInMainWorld('name', name)\n",
  'src/renderer/app/main.tsx':
    "import { useState } from 'react'\nimport type { Name } from '../../contract/names.ts'\nexport const App = () => <p>{useState<Name>('x')[0]}</p>\n",
  'src/renderer/approval/main.ts': "import type { Name } from '../../contract/names.ts'\nimport { draw } from './draw.ts'\nexport const name: Name = draw\n",
  'src/renderer/approval/draw.ts': "export const draw = 'x'\n",
  'client/program.ts': "import { connect } from 'node:net'\nexport const program = connect\n",
  'bench/main.ts': "import { wallet } from '../src/main/core/wallet.ts'\nexport const main = wallet\n",
  'verify/verify.ts': "import { createHash } from 'node:crypto'\nexport const verify = createHash('sha256')\n",
}

const seeds: readonly (readonly [rule: string, file: string, line: string])[] = [
  ['core-without-electron', 'src/main/core/wallet.ts', "import 'electron'"],
  ['core-without-electron', 'src/main/core/wallet.ts', "export const app = require('electron')"],
  ['core-without-electron', 'src/main/core/wallet.ts', "export const app = import('electron/main')"],
  ['core-without-electron', 'src/main/core/wallet.ts', "import type { App } from 'electron'"],
  ['core-below-everything', 'src/main/core/wallet.ts', "export { open } from '../shell/open.ts'"],
  ['core-below-everything', 'src/main/core/wallet.ts', "export { draw } from '../../renderer/approval/draw.ts'"],
  ['http-in-the-api-only', 'src/main/core/wallet.ts', "export { Hono } from 'hono'"],
  ['http-in-the-api-only', 'src/main/command/serve.ts', "export { serve as listen } from '@hono/node-server'"],
  ['command-without-window', 'src/main/command/serve.ts', "export { open } from '../shell/open.ts'"],
  ['command-without-window', 'src/main/command/serve.ts', "import 'electron'"],
  ['shell-without-crypto', 'src/main/shell/open.ts', "import 'node:crypto'"],
  ['shell-without-crypto', 'src/main/shell/open.ts', "import 'crypto'"],
  ['shell-without-crypto', 'src/main/shell/open.ts', "export { sha256 } from '@noble/hashes/sha2.js'"],
  ['shell-without-crypto', 'src/main/shell/open.ts', "export { digest } from '../core/crypto/digest.ts'"],
  ['renderer-without-main', 'src/renderer/app/main.tsx', "export { wallet } from '../../main/core/wallet.ts'"],
  ['renderer-without-main', 'src/renderer/app/main.tsx', "export { ipcRenderer } from 'electron'"],
  ['renderer-without-node', 'src/renderer/app/main.tsx', "export { join } from 'node:path'"],
  ['contract-with-zod-only', 'src/contract/names.ts', "export { useState } from 'react'"],
  ['contract-with-zod-only', 'src/contract/names.ts', "export { wallet } from '../main/core/wallet.ts'"],
  ['contract-with-zod-only', 'src/contract/names.ts', "export { join } from 'node:path'"],
  ['preload-without-schemas', 'src/preload/index.ts', "export { Name as Schema } from '../contract/names.ts'"],
  ['preload-without-schemas', 'src/preload/index.ts', "export { z } from 'zod'"],
  ['approval-without-packages', 'src/renderer/approval/main.ts', "export { useState } from 'react'"],
  ['approval-without-packages', 'src/renderer/approval/main.ts', "import '@noble/hashes/sha2.js'"],
  ['approval-apart', 'src/renderer/approval/main.ts', "export { App } from '../app/main.tsx'"],
  ['approval-apart', 'src/renderer/approval/main.ts', "export { Name as Schema } from '../../contract/names.ts'"],
  ['verifier-of-its-own', 'verify/verify.ts', "export { wallet } from '../src/main/core/wallet.ts'"],
  ['verifier-of-its-own', 'verify/verify.ts', "export { z } from 'zod'"],
  ['client-of-its-own', 'client/program.ts', "export { wallet } from '../src/main/core/wallet.ts'"],
  ['client-of-its-own', 'client/program.ts', "export { z } from 'zod'"],
  ['product-without-tools', 'src/main/core/wallet.ts', "export { program } from '../../../client/program.ts'"],
  ['product-without-tools', 'src/main/core/wallet.ts', "export { verify } from '../../../verify/verify.ts'"],
  ['product-without-tools', 'src/main/core/wallet.ts', "export { main } from '../../../bench/main.ts'"],
  ['sources-without-fixtures', 'src/main/core/crypto/digest.ts', "export { sample } from '../wallet.fixture.ts'"],
  ['no-cycles', 'src/renderer/approval/draw.ts', "export { name } from './main.ts'"],
  ['resolvable', 'client/program.ts', "export { gone } from './gone.ts'"],
  ['resolvable', 'src/main/core/wallet.ts', "export { gone } from './gone.ts'"],
]

describe('layers', () => {
  test('a sound project has no violations', async () => {
    expect((await checkLayers(project(sound))).violations).toEqual([])
  })

  test.each(seeds)('%s fails: %s with %s', async (rule, file, line) => {
    const text = sound[file as keyof typeof sound]
    const { violations } = await checkLayers(project({ ...sound, [file]: `${line}\n${text}` }))
    expect(violations.map((violation) => ({ rule: violation.rule, from: violation.from }))).toContainEqual({ rule, from: file })
  })

  test('every rule has a seeded violation', async () => {
    const { default: configuration } = await import('../.dependency-cruiser.mjs')
    expect(new Set(configuration.forbidden?.map(({ name }) => name))).toEqual(new Set(seeds.map(([rule]) => rule)))
  })

  test.each(['utils', 'helper', 'manager', 'common'])('a file called %s fails', async (name) => {
    const { violations } = await checkLayers(project({ ...sound, [`src/main/core/${name}.ts`]: 'export const x = 1\n' }))
    expect(violations).toEqual([{ rule: 'names-that-say', from: `src/main/core/${name}.ts`, to: `src/main/core/${name}.ts` }])
  })

  test('seeing fewer files than there are fails, as without a usable TypeScript', () => {
    expect(() => assertSeen(['src/a.ts', 'src/b.ts'], ['src/a.ts'])).toThrow('saw 1 of 2')
    expect(() => assertSeen(['src/a.ts'], [])).toThrow('saw 0 of 1')
    expect(() => assertSeen([], [])).toThrow('no sources')
    expect(() => assertSeen(['src/a.ts'], ['src/a.ts', 'node_modules/zod/index.js'])).not.toThrow()
  })
})
