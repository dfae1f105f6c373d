/** node verify/main.ts FILE [GENESIS …]: prints the report of a bundle or an equivocation proof. Exit code: 0 sound, 1 findings, 2 unreadable. */
import { readFileSync, statSync } from 'node:fs'
import { MOST_BYTES, verifyFile } from './verify.ts'

const [file, ...expected] = process.argv.slice(2)
try {
  if (!file || statSync(file).size > MOST_BYTES) throw new Error(file ? 'more than 256 MiB' : 'usage: node verify/main.ts FILE [GENESIS …]')
  const content = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file))
  const report = verifyFile(content, expected.length === 0 ? {} : { expectGenesis: expected })
  console.log(JSON.stringify(report, null, 2))
  process.exitCode = report.ok ? 0 : 1
} catch (error) {
  console.error(`unreadable: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 2
}
