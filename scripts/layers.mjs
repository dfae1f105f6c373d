// @ts-check
/**
 * Checks the layers (.dependency-cruiser.mjs) and the names of the files. Also fails when dependency-cruiser has seen
 * fewer files than there are: without a TypeScript it can use, it looks at none, finds nothing wrong and exits 0.
 *
 *   node scripts/layers.mjs
 */
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cruise } from 'dependency-cruiser'
import configuration from '../.dependency-cruiser.mjs'

/** Names that say nothing about what is inside; such files collect what belongs elsewhere. */
const empty = /^(utils?|helpers?|managers?|common|misc|shared)[.]/

/**
 * @typedef {{ rule: string, from: string, to: string }} Violation
 * @typedef {{ violations: Violation[], seen: number }} Report
 */

/**
 * Looks at everything with layers (`folders`) of a project. Throws when files were not seen.
 * @param {string} root
 * @returns {Promise<Report>}
 */
export async function checkLayers(root) {
  const files = sources(root)
  const { output } = await cruise(folders(root), {
    ...configuration.options,
    baseDir: root,
    validate: true,
    ruleSet: { forbidden: configuration.forbidden ?? [] },
  })
  if (typeof output === 'string') throw new Error('dependency-cruiser answered with text')
  assertSeen(
    files,
    output.modules.map(({ source }) => source),
  )
  const violations = output.summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to }))
  const named = files.filter((file) => empty.test(file.slice(file.lastIndexOf('/') + 1))).map((file) => ({ rule: 'names-that-say', from: file, to: file }))
  return { violations: [...violations, ...named], seen: files.length }
}

/**
 * @param {readonly string[]} files that there are
 * @param {readonly string[]} seen by dependency-cruiser
 */
export function assertSeen(files, seen) {
  const known = new Set(seen)
  const unseen = files.filter((file) => !known.has(file))
  if (files.length === 0) throw new Error('there are no sources to check')
  if (unseen.length > 0)
    throw new Error(`dependency-cruiser saw ${files.length - unseen.length} of ${files.length} files; not, for instance, ${unseen.slice(0, 3).join(', ')}`)
}

/**
 * Where there is code with layers.
 * @param {string} root
 */
const folders = (root) => ['src', 'verify', 'client', 'bench'].filter((folder) => existsSync(join(root, folder)))

/**
 * TypeScript files in these folders, relative to the project, with forward slashes.
 * @param {string} root
 * @returns {string[]}
 */
function sources(root) {
  return folders(root).flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /[.]tsx?$/.test(file) && !file.endsWith('.d.ts'))
      .map((file) => `${folder}/${file.replaceAll('\\', '/')}`),
  )
}

async function main() {
  const { violations, seen } = await checkLayers(resolve(fileURLToPath(new URL('..', import.meta.url))))
  for (const { rule, from, to } of violations) console.error(`${rule}: ${from}${to === from ? '' : ` → ${to}`}`)
  console.log(`layers: ${seen} files, ${violations.length} violations`)
  if (violations.length > 0) process.exit(1)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().catch((error) => {
    console.error(`layers: ${error.message}`)
    process.exit(1)
  })
}
