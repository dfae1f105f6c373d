import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Protocol, Session } from 'electron'
import { z } from 'zod'
import type { Log } from '../core/ports.ts'

/** The documents of the app, each an origin of its own: `app://main` and `app://approval`. */
export type AppHost = 'main' | 'approval'
export const appOrigin = (host: AppHost): string => `app://${host}`

/**
 * Nothing is allowed but files of the document's own origin. No connections (all data comes by IPC), no frames, no
 * workers, no inline script or style, no markup sinks (Trusted Types without a policy).
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'none'",
  "object-src 'none'",
  "frame-src 'none'",
  "worker-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const contentTypes: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml; charset=utf-8',
  png: 'image/png',
  woff2: 'font/woff2',
}

/** As written by the build (scripts/app-manifest.mjs). */
const Manifest = z.strictObject({
  version: z.literal(1),
  hosts: z.record(
    z.enum(['main', 'approval']),
    z.strictObject({
      document: z.string(),
      files: z.record(z.string(), z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.int().min(0) })),
    }),
  ),
})

export interface AppFiles {
  /** Every URL that is served, whole, with what belongs there; nothing is ever resolved or joined. */
  readonly urls: ReadonlyMap<string, { readonly file: string; readonly sha256: string; readonly type: string }>
  read(file: string): Uint8Array
  sha256Hex(bytes: Uint8Array): string
}

/**
 * Reads the build manifest. Throws when it is missing, malformed, or lists a kind of file that has no content type.
 * @param outFolder absolute path of the build's output
 * @param sha256Hex SHA-256 in lower-case hex; handed in, because the shell does no cryptography
 */
export const readAppFiles = (outFolder: string, sha256Hex: (bytes: Uint8Array) => string): AppFiles => {
  const manifest = Manifest.parse(JSON.parse(readFileSync(join(outFolder, 'renderer-manifest.json'), 'utf8')))
  const urls = new Map<string, { file: string; sha256: string; type: string }>()
  for (const host of ['main', 'approval'] as const) {
    const { document, files } = manifest.hosts[host]
    for (const [file, { sha256 }] of Object.entries(files)) {
      const type = contentTypes[file.slice(file.lastIndexOf('.') + 1)]
      if (type === undefined) throw new Error(`no content type for ${file} of the build manifest`)
      // The document is served at the origin's root only, so that its URL is one string, which the sender check compares.
      urls.set(`${appOrigin(host)}/${file === document ? '' : file}`, { file, sha256, type })
    }
  }
  return { urls, read: (file) => readFileSync(join(outFolder, 'renderer', file)), sha256Hex }
}

/**
 * Answers a request for app://. 404 for any URL that is not, character by character, one of the build's; 405 for
 * anything but GET; 500 for a file that is not the one that was built.
 */
export const answer = (files: AppFiles, request: { readonly method: string; readonly url: string }, log: Log): Response => {
  if (request.method !== 'GET') return refusal(405)
  const entry = files.urls.get(request.url)
  if (entry === undefined) {
    log.warn('app:// request for what is not in the build', { url: request.url.slice(0, 200) })
    return refusal(404)
  }
  try {
    const content = files.read(entry.file)
    if (files.sha256Hex(content) !== entry.sha256) {
      log.error('app:// file differs from the build manifest', { file: entry.file })
      return refusal(500)
    }
    return new Response(new Uint8Array(content), { headers: { ...headers, 'content-type': entry.type } })
  } catch (error) {
    log.error('app:// file cannot be read', { file: entry.file, error: String(error) })
    return refusal(500)
  }
}

const headers = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

const refusal = (status: number): Response => new Response(null, { status, headers })

/** Before the app is ready: app:// is a standard, secure scheme, so that its hosts are origins. */
export const registerAppScheme = (protocol: Protocol): void => {
  protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } }])
}

/** After the app is ready: serves the files in one session. */
export const serveApp = (session: Session, files: AppFiles, log: Log): void => {
  session.protocol.handle('app', (request) => answer(files, request, log))
}
