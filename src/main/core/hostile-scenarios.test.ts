import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { findingCodes } from './ledger/findings.ts'

const text = readFileSync(join(import.meta.dirname, '../../../docs/hostile-scenarios.md'), 'utf8')
const rows = text.split('\n').filter((line) => /^\| (?!---|#|what)/.test(line))

/** `file` and the names in italics behind it, up to the next file. */
const named = rows.flatMap((line) => {
  const cell = line.split(' | ').at(-1) ?? ''
  return [...cell.matchAll(/`([^`]+\.test\.ts)`([^`]*)/g)].flatMap(([, file, after]) =>
    [...(after ?? '').matchAll(/\*([^*]+)\*/g)].map(([, name]) => [file ?? '', name ?? ''] as const),
  )
})

it('every defect of the walkthrough has a scenario, and every scenario a test', () => {
  const numbers = new Set(rows.flatMap((line) => /^\| (\d+) \|/.exec(line)?.[1] ?? []))
  expect([...numbers].map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 25 }, (_, i) => i + 1))
  for (const line of rows) expect(line).toMatch(/\.test\.ts` \*[^*]+\*/)
})

it.each(named)('%s has %s', (file, name) => {
  expect(readFileSync(join(import.meta.dirname, file), 'utf8')).toContain(name)
})

it('names only findings that there are', () => {
  for (const [, code] of text.matchAll(/`([A-Z][A-Z_]+)`/g)) expect([...findingCodes, 'ACTIVE_ONE']).toContain(code)
})
