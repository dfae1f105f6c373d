import { join } from 'node:path'
import { BrowserWindow, nativeTheme } from 'electron'
import { appOrigin } from './app-protocol.ts'
import { createGestureGate, type GestureGate } from './gesture-gate.ts'
import { safePreferences } from './harden.ts'

const width = 560
const height = 720

/** The window of `app://approval`: a modal child of the main window, made when first needed, then hidden and shown again. */
export interface ApprovalWindow {
  /** Its web contents, for the sender check and the push; null while there is no window. */
  contents(): BrowserWindow['webContents'] | null
  readonly gate: GestureGate
  /** Brings the request on top of the queue before the person; does nothing without a main window. */
  review(): void
  /** Puts the window away. Nothing is decided by it. */
  hide(): void
  /** From now on the window may really close, since the app does. */
  release(): void
}

export interface ApprovalWindowOptions {
  /** Absolute path of the build's output. */
  readonly outFolder: string
  readonly devTools: boolean
  readonly parent: () => BrowserWindow | null
  /** Milliseconds that only grow. */
  readonly monotonic: () => number
  /** The window was put away by the person or the system (close button of the desktop, Alt+F4). */
  readonly onHidden: () => void
}

/** In the middle of the main window; on a desktop without a window manager nobody else would put it there. */
const placeOver = (parent: BrowserWindow): { x: number; y: number } => {
  const bounds = parent.getBounds()
  return { x: Math.round(bounds.x + (bounds.width - width) / 2), y: Math.max(0, Math.round(bounds.y + (bounds.height - height) / 2)) }
}

const open = (options: ApprovalWindowOptions, parent: BrowserWindow): BrowserWindow =>
  new BrowserWindow({
    ...placeOver(parent),
    width,
    height,
    minWidth: width,
    minHeight: 480,
    parent,
    modal: true,
    frame: false,
    show: false,
    minimizable: false,
    maximizable: false,
    fullscreenable: false,
    title: 'Countersign approval',
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#0e1514' : '#f5f6f2',
    webPreferences: safePreferences({ preload: join(options.outFolder, 'preload/approval.js'), devTools: options.devTools }),
  })

export const createApprovalWindow = (options: ApprovalWindowOptions): ApprovalWindow => {
  const gate = createGestureGate(options.monotonic)
  let window: BrowserWindow | null = null
  let drawn = false
  let wanted = false
  let released = false

  const hide = (): void => {
    wanted = false
    gate.reset()
    if (window?.isVisible()) window.hide()
  }

  const show = (): void => {
    if (window === null || !wanted || !drawn) return
    gate.reset()
    window.show()
    window.focus()
  }

  const make = (parent: BrowserWindow): BrowserWindow => {
    const made = open(options, parent)
    const { webContents } = made
    webContents.on('input-event', (_event, input) => gate.record(input.type))
    webContents.on('before-input-event', (_event, input) => gate.record(input.type))
    // Its process died: the next review gets a new window, and no gesture of the old one counts for it.
    webContents.on('render-process-gone', () => made.destroy())
    made.on('close', (event) => {
      if (released || parent.isDestroyed()) return
      // Closing decides nothing, and the document is kept: a new one would have to be loaded for the next request.
      event.preventDefault()
      hide()
      options.onHidden()
    })
    made.on('closed', () => {
      if (window === made) window = null
      drawn = false
      gate.reset()
    })
    made.on('page-title-updated', (event) => event.preventDefault())
    made.once('ready-to-show', () => {
      drawn = true
      show()
    })
    parent.once('closed', () => {
      if (!made.isDestroyed()) made.destroy()
    })
    void made.loadURL(`${appOrigin('approval')}/`)
    return made
  }

  return {
    contents: () => window?.webContents ?? null,
    gate,
    review() {
      const parent = options.parent()
      if (parent === null) return
      wanted = true
      window ??= make(parent)
      // Only what is hidden is brought up: showing it again under the reader's hand would take the focus from where it is.
      if (!window.isVisible()) show()
      else window.focus()
    },
    hide,
    release() {
      released = true
    },
  }
}
