import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'

const root = process.cwd()

/** The project's build with one change in main: every approval becomes a rejection. */
const rejectingBuild = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-rejecting-'))
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  cpSync(join(root, 'out'), join(folder, 'out'), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const condition = /if \(decision === "reject"\) \{/g
  let changed = 0
  for (const file of readdirSync(join(folder, 'out/main'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.js')) continue
    const path = join(folder, 'out/main', file)
    const built = readFileSync(path, 'utf8')
    changed += built.match(condition)?.length ?? 0
    writeFileSync(path, built.replace(condition, 'if (true) {'))
  }
  expect(changed, 'places where an approval is told from a rejection').toBe(1)
  return folder
}

test('the demo fails with a build that rejects where it should approve', async () => {
  test.setTimeout(180_000)
  const folder = rejectingBuild()
  try {
    const demo = spawn('node', ['scripts/demo.mjs', '--app', folder], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, COUNTERSIGN_DEMO_OUTPUT: join(folder, 'demo-output') },
    })
    let said = ''
    for (const stream of [demo.stdout, demo.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text))
    const code = await new Promise<number | null>((done) => demo.once('close', done))
    expect(said).toContain('each has a ledger of its own')
    expect(said).toMatch(/Failed after \d+ facts/)
    expect(said).not.toContain('sealed on both ledgers')
    expect(code).toBe(1)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
