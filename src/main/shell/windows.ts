import { join } from 'node:path'
import { BrowserWindow, nativeTheme } from 'electron'
import { appOrigin } from './app-protocol.ts'
import { safePreferences } from './harden.ts'

/** The shell's parts ask for the window when they need it; it may be gone. */
export interface MainWindow {
  current(): BrowserWindow | null
  show(): void
}

/**
 * The main window: it draws its own title bar (mockups: search and status are in it), so the system draws none; the
 * window controls are the channels `window.*`. Shown when the first frame is drawn, to avoid a white flash.
 * @param outFolder absolute path of the build's output
 */
export const openMainWindow = (options: { readonly outFolder: string; readonly devTools: boolean; readonly title: string }): MainWindow => {
  let window: BrowserWindow | null = new BrowserWindow({
    width: 1200,
    height: 800,
    minWidth: 900,
    minHeight: 600,
    title: options.title,
    frame: false,
    show: false,
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#0b0f0f' : '#f6f8f7',
    webPreferences: safePreferences({ preload: join(options.outFolder, 'preload/index.js'), devTools: options.devTools }),
  })
  window.once('ready-to-show', () => window?.show())
  window.on('closed', () => {
    window = null
  })
  // A title a document sets could imitate another window; ours says whose wallet it is.
  window.on('page-title-updated', (event) => event.preventDefault())
  void window.loadURL(`${appOrigin('main')}/`)
  return {
    current: () => window,
    show: () => {
      if (window === null) return
      if (window.isMinimized()) window.restore()
      window.show()
      window.focus()
    },
  }
}
