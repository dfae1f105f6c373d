// @ts-check
/**
 * The build manifest: the exact files, with their SHA-256, that app:// may serve to each document. The app's protocol
 * handler looks paths up in it and never joins one, so there is nothing to traverse, and a file altered after the
 * build is refused.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * @typedef {{ sha256: string, bytes: number }} ManifestFile
 * @typedef {{ document: string, files: Record<string, ManifestFile> }} ManifestHost
 * @typedef {{ version: 1, hosts: Record<string, ManifestHost> }} Manifest
 */

/**
 * A Vite plugin that writes the manifest when the bundles are on disk. `hosts` maps the host of an app:// origin to
 * its document. electron-vite builds each document by itself (isolatedEntries) and this plugin sees each of these
 * builds: what a document may load is exactly what its own build made.
 * @param {Readonly<Record<string, string>>} hosts
 * @param {string} target path of the manifest
 * @param {{ own: readonly string[] }} options `own`: documents that may hold no code but the project's
 * @returns {import('vite').Plugin}
 */
export function appManifest(hosts, target, { own }) {
  /** @type {Map<string, string[]>} */
  const made = new Map()
  let folder = ''
  return {
    name: 'countersign:app-manifest',
    apply: 'build',
    configResolved(config) {
      folder = config.build.outDir
    },
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const files = Object.keys(bundle)
        const documents = Object.values(hosts).filter((document) => files.includes(document))
        if (documents.length !== 1 || !documents[0]) return
        made.set(documents[0], files)
        if (own.includes(documents[0])) assertOwn(documents[0], bundle)
      },
    },
    // Only the outer build writes; the builds of the single documents hand their files to it.
    writeBundle() {
      mkdirSync(dirname(target), { recursive: true })
      writeFileSync(target, `${JSON.stringify(describe(hosts, made, folder), null, 2)}\n`)
    },
  }
}

/**
 * @param {Readonly<Record<string, string>>} hosts
 * @param {ReadonlyMap<string, readonly string[]>} made files of each document's build
 * @param {string} folder where they were written
 * @returns {Manifest}
 */
export function describe(hosts, made, folder) {
  /** @type {Manifest} */
  const manifest = { version: 1, hosts: {} }
  for (const [host, document] of Object.entries(hosts)) {
    const files = made.get(document)
    if (!files?.includes(document)) throw new Error(`the build made no ${document}`)
    /** @type {Record<string, ManifestFile>} */
    const described = {}
    for (const file of [...files].sort()) {
      const content = readFileSync(join(folder, file))
      described[file] = { sha256: createHash('sha256').update(content).digest('hex'), bytes: content.length }
    }
    manifest.hosts[host] = { document, files: described }
  }
  return manifest
}

/**
 * Throws when code of a package is in a document that must have none. Fonts and style sheets are no code.
 * @param {string} document
 * @param {Readonly<Record<string, { type: string, moduleIds?: readonly string[] }>>} bundle
 */
export function assertOwn(document, bundle) {
  const modules = Object.values(bundle).flatMap(({ moduleIds = [] }) => moduleIds)
  const foreign = modules.filter((id) => /[\\/]node_modules[\\/]/.test(id) && !/[.](css|woff2)([?]|$)/.test(id))
  if (foreign.length > 0) throw new Error(`${document} may hold no code of others, but has ${foreign.join(', ')}`)
}
