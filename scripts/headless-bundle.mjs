// @ts-check
/**
 * What the bundle of the `countersign` command needs at run time: it must start in plain Node, so nothing of Electron,
 * and no package but the ones that are shipped (package.json's dependencies).
 */
import { existsSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, normalize } from 'node:path'

/**
 * Follows every string that could name a module, from an entry through its chunks and workers. Returns the names of
 * what is neither in the bundle nor built into Node, sorted.
 * @param {string} entry absolute path of the built entry
 * @returns {string[]}
 */
export function packagesOf(entry) {
  const packages = new Set()
  const seen = new Set()
  const open = [entry]
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (seen.has(file)) continue
    seen.add(file)
    const text = readFileSync(file, 'utf8')
    for (const [, name = ''] of text.matchAll(/\b(?:require|import)\s*\(\s*["'`]([^"'`]+)["'`]\s*\)/g)) {
      // A name in a comment of a bundled package leads nowhere.
      const path = normalize(join(dirname(file), name))
      if (name.startsWith('.')) open.push(...(existsSync(path) ? [path] : []))
      else if (!isBuiltin(name)) packages.add(name)
    }
    for (const [, name = ''] of text.matchAll(/^(?:import|export)\b[^"'`\n]*["']([^"'.][^"']*)["']/gm)) if (!isBuiltin(name)) packages.add(name)
    // A worker's file is named by a path of its own, beside the bundle.
    for (const [, name = ''] of text.matchAll(/["'`]((?:[.]\/)?[\w./-]+[.]js)["'`]/g)) {
      const path = normalize(join(dirname(file), name))
      if (existsSync(path)) open.push(path)
    }
  }
  return [...packages].sort()
}

/**
 * Throws with the names of the packages that should not be there.
 * @param {string} entry
 * @param {readonly string[]} shipped
 */
export function assertHeadless(entry, shipped) {
  const wrong = packagesOf(entry).filter((name) => !shipped.includes(name))
  if (wrong.length > 0) throw new Error(`the bundle of the command wants ${wrong.join(', ')}`)
}
