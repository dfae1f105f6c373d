/**
 * npm run interop -- FOLDER [--only a,b,c,d] [--keep] [--countersign PATH]
 *
 * Runs Countersign against the original system, unmodified: FOLDER holds checkouts of summoner-core and
 * summoner-agents, kept outside this repository. Their Python is $PYTHON, default python3.
 * Prints a line a check and `N passed, N failed`. Exit code 0 when none failed, 1 otherwise, 2 when it cannot run.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openCountersign } from './interop/countersign.mjs'
import { createGround } from './interop/ground.mjs'
import { inherit } from './interop/inherit.mjs'
import { mixed } from './interop/mixed.mjs'
import { openOriginals } from './interop/originals.mjs'
import { pair } from './interop/pair.mjs'
import { createReport } from './interop/report.mjs'

/** No scenario takes longer, whatever hangs. */
const SCENARIO_SECONDS = 420

/** @typedef {Parameters<typeof mixed>[0]} World */
/** @type {Record<string, { title: string, play: (world: World) => Promise<void> }>} */
const SCENARIOS = {
  a: { title: 'a, one original through the Python relay', play: (world) => pair(world, 'python') },
  b: { title: 'b, one original through our relay', play: (world) => pair(world, 'ours') },
  c: { title: 'c, two originals and two Countersign on one relay', play: mixed },
  d: { title: 'd, an original’s identity and database, in and out', play: inherit },
}

// A scenario given up on may still poll: nothing waits for it.
process.exit(await main())

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { only: { type: 'string' }, keep: { type: 'boolean', default: false }, countersign: { type: 'string' } },
  })
  const [folder] = positionals
  const chosen = values.only?.split(',') ?? Object.keys(SCENARIOS)
  if (!folder || positionals.length > 1 || chosen.some((name) => !SCENARIOS[name])) {
    console.error(
      'usage: npm run interop -- FOLDER [--only a,b,c,d] [--keep] [--countersign PATH]\nFOLDER holds checkouts of summoner-core and summoner-agents; PYTHON names their Python (python3)',
    )
    return 2
  }
  const bin = resolve(values.countersign ?? fileURLToPath(new URL('../bin/countersign.js', import.meta.url)))
  const built = fileURLToPath(new URL('../out/main/headless.js', import.meta.url))
  if (!existsSync(bin) || (!values.countersign && !existsSync(built))) {
    console.error(`interop: ${existsSync(bin) ? built : bin} is missing: npm run build`)
    return 2
  }
  /** @type {World['originals']} */
  let originals
  try {
    originals = await openOriginals(resolve(folder), process.env['PYTHON'] ?? 'python3')
  } catch (error) {
    console.error(`interop: ${/** @type {Error} */ (error).message}`)
    return 2
  }

  const report = createReport(console.log)
  for (const name of chosen) {
    const scenario = SCENARIOS[name]
    if (!scenario) continue
    report.part(scenario.title)
    const failedBefore = report.failed()
    const started = Date.now()
    const ground = createGround()
    const timer = deadline(SCENARIO_SECONDS)
    try {
      await Promise.race([scenario.play({ ground, originals, countersign: openCountersign(bin), report }), timer.late])
    } catch (error) {
      report.check('runs to its end', false, /** @type {Error} */ (error).message)
    }
    timer.cancel()
    const failed = report.failed() > failedBefore
    const logs = failed || values.keep
    if (logs)
      for (const [index, child] of ground.children().entries())
        writeFileSync(join(ground.folder, `${String(index).padStart(2, '0')} ${child.name.replaceAll(/[^\w ]+/g, '-').slice(0, 60)}.log`), child.text())
    await ground.end(logs)
    console.log(`     ${scenario.title}: ${((Date.now() - started) / 1000).toFixed(0)} s${logs ? `, logs in ${ground.folder}` : ''}`)
  }
  console.log(report.summary())
  return report.failed() > 0 ? 1 : 0
}

/** @param {number} seconds */
function deadline(seconds) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${seconds} s`)), seconds * 1000)
  })
  late.catch(() => {})
  return { late, cancel: () => clearTimeout(timer) }
}
