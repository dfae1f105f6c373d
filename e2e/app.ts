import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { _electron, type ElectronApplication, type Page } from '@playwright/test'

// Both Playwright and the demo start in the project's folder.
const root = process.cwd()

export interface LaunchOptions {
  /** COUNTERSIGN_HOME: the folder that holds one folder a profile. Two apps of one person share it. */
  readonly home: string
  /** The profile, as `--name`; without it the app opens its picker. */
  readonly name?: string
  readonly colorScheme?: 'light' | 'dark'
  /** Further environment, as a relay's port. */
  readonly env?: Readonly<Record<string, string>>
  /** Folder of the build to start; the project's own by default. */
  readonly app?: string
  /** Further command-line arguments. */
  readonly args?: readonly string[]
}

export interface RunningApp {
  readonly electron: ElectronApplication
  readonly main: Page
  /** What the app wrote to stderr so far. */
  readonly log: () => string
  /** The approval window, once it is open. */
  approval(): Promise<Page>
  close(): Promise<void>
  /** SIGKILL to the main process, as a crash or a power cut would; resolves when it is gone. */
  kill(): Promise<void>
}

/** An empty folder for COUNTERSIGN_HOME, and what removes it. */
export const temporaryHome = (): { readonly path: string; remove(): void } => {
  const path = mkdtempSync(join(tmpdir(), 'countersign-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/**
 * Starts the built app in a real Electron: the one scripts/electron-runtime.mjs prepared, when the test runner set
 * its environment. As root Chromium has no sandbox of the system (`--no-sandbox`); everything else is as shipped.
 */
export const launch = async (options: LaunchOptions): Promise<RunningApp> => {
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const electron = await _electron.launch({
    cwd: root,
    args: [...asRoot, options.app ?? '.', ...(options.name === undefined ? [] : ['--name', options.name]), ...(options.args ?? [])],
    env: { ...strings(process.env), ...options.env, COUNTERSIGN_HOME: options.home },
    colorScheme: options.colorScheme ?? 'light',
  })
  let written = ''
  const child = electron.process()
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    written += text
  })
  const gone = new Promise<void>((done) => child.once('exit', () => done()))
  const main = await windowAt(electron, 'app://main/').catch((error: unknown) => {
    child.kill('SIGKILL')
    throw error
  })
  return {
    electron,
    main,
    log: () => written,
    approval: () => windowAt(electron, 'app://approval/'),
    close: () => electron.close(),
    kill: async () => {
      child.kill('SIGKILL')
      await gone
    },
  }
}

/** The first window that shows this document, waiting for it. */
const windowAt = async (electron: ElectronApplication, url: string): Promise<Page> => {
  const open = electron.windows().find((page) => page.url() === url)
  const page =
    open ??
    (await electron.waitForEvent('window', {
      predicate: (candidate) =>
        candidate.waitForURL(url).then(
          () => true,
          () => false,
        ),
    }))
  await page.waitForLoadState('load')
  return page
}

/** Takes a picture of a window into `test-results/screens` (or COUNTERSIGN_SCREENS) and returns its path. */
export const screenshot = async (page: Page, name: string): Promise<string> => {
  const folder = process.env['COUNTERSIGN_SCREENS'] ?? join(root, 'test-results/screens')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${name}.png`)
  await page.screenshot({ path })
  return path
}

const strings = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined))
