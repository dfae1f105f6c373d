// @ts-check
/**
 * Measures what docs/performance.md has targets for, each beside a reference in the same run: prints a table and writes
 * bench/results.json. No test: it fails only when something could not be measured.
 *
 *   node scripts/bench.mjs [--quick]
 */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'vite'

const root = resolve(fileURLToPath(new URL('..', import.meta.url)))
const folder = join(root, 'node_modules/.cache/bench')

/** @param {number} value */
const short = (value) => (value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3))

/** @param {import('../bench/measure.ts').Figure} figure */
const line = ({ name, value, unit, reference, ratio, target, met }) =>
  [
    name.padEnd(60),
    `${short(value)} ${unit}`.padStart(16),
    `${short(ratio)} × ${reference.name} (${short(reference.value)})`.padEnd(58),
    `${target} ${met ? 'met' : 'MISSED'}`,
  ].join('  ')

async function main() {
  const quick = process.argv.includes('--quick')
  // As a bundle, since what the store imports are not all modules of node.
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: 'bench/main.ts',
      outDir: folder,
      emptyOutDir: true,
      minify: false,
      target: 'node22',
      rollupOptions: { output: { entryFileNames: 'main.mjs' } },
    },
  })
  /** @type {typeof import('../bench/main.ts')} */
  const { measureAll } = await import(pathToFileURL(join(folder, 'main.mjs')).href)
  const figures = await measureAll(quick, (figure) => console.log(line(figure)))
  const machine = { node: process.version, platform: process.platform, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length }
  writeFileSync(join(root, 'bench/results.json'), `${JSON.stringify({ at: new Date().toISOString(), quick, machine, figures }, null, 2)}\n`)
}

main().catch((error) => {
  console.error(`bench: ${error instanceof Error ? error.stack : error}`)
  process.exit(1)
})
