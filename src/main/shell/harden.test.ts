import { EventEmitter } from 'node:events'
import { describe, expect, test } from 'vitest'
import type { Log } from '../core/ports.ts'
import { hardenApp, hardenContents, hardenSession, safePreferences } from './harden.ts'

const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** What Electron hands to a listener: whether somebody prevented it can be asked. */
const event = () => {
  const state = { prevented: false, returnValue: undefined as unknown, preventDefault: () => void (state.prevented = true) }
  return state
}

class FakeSession extends EventEmitter {
  readonly handlers: Record<string, (...args: never[]) => unknown> = {}
  readonly webRequest = { onBeforeRequest: (handler: (...args: never[]) => unknown) => void (this.handlers['request'] = handler) }
  spellChecker = true
  setPermissionRequestHandler(handler: (...args: never[]) => unknown): void {
    this.handlers['permission'] = handler
  }
  setPermissionCheckHandler(handler: (...args: never[]) => unknown): void {
    this.handlers['check'] = handler
  }
  setDevicePermissionHandler(handler: (...args: never[]) => unknown): void {
    this.handlers['device'] = handler
  }
  setDisplayMediaRequestHandler(handler: (...args: never[]) => unknown): void {
    this.handlers['display'] = handler
  }
  setSpellCheckerEnabled(enabled: boolean): void {
    this.spellChecker = enabled
  }
  /** Calls a handler that answers by callback. */
  ask(name: string, ...args: unknown[]): unknown {
    let answer: unknown = 'nothing'
    ;(this.handlers[name] as (...args: unknown[]) => unknown)(...args, (value: unknown) => (answer = value))
    return answer
  }
}

class FakeContents extends EventEmitter {
  open: ((details: { url: string }) => { action: string }) | null = null
  setWindowOpenHandler(handler: (details: { url: string }) => { action: string }): void {
    this.open = handler
  }
}

class FakeApp extends EventEmitter {
  sandboxed = false
  readonly commandLine = { hasSwitch: (name: string) => this.switches.includes(name) }
  readonly switches: readonly string[]
  constructor(switches: readonly string[] = []) {
    super()
    this.switches = switches
  }
  enableSandbox(): void {
    this.sandboxed = true
  }
}

const contentsOf = (): FakeContents => {
  const contents = new FakeContents()
  hardenContents(contents as never, quiet)
  return contents
}
const sessionOf = (): FakeSession => {
  const session = new FakeSession()
  hardenSession(session as never, quiet)
  return session
}

describe('web contents', () => {
  test.each(['will-navigate', 'will-frame-navigate', 'will-redirect', 'will-attach-webview'])('%s is prevented', (name) => {
    const happening = event()
    contentsOf().emit(name, happening, 'app://main/')
    expect(happening.prevented).toBe(true)
  })

  test.each(['https://example.org/', 'app://main/', 'app://approval/', 'about:blank', 'file:///etc/passwd', ''])('a new window for "%s" is denied', (url) => {
    expect(contentsOf().open?.({ url })).toEqual({ action: 'deny' })
  })

  test('messages outside the registrar get no answer', () => {
    const happening = event()
    contentsOf().emit('ipc-message-sync', happening, 'anything')
    expect(happening.returnValue).toBeNull()
  })
})

describe('sessions', () => {
  test.each([
    'media',
    'geolocation',
    'notifications',
    'midi',
    'pointerLock',
    'fullscreen',
    'openExternal',
    'clipboard-read',
    'clipboard-sanitized-write',
    'hid',
    'unknown',
  ])('permission %s is denied', (permission) => {
    expect(sessionOf().ask('permission', {}, permission)).toBe(false)
    expect((sessionOf().handlers['check'] as (...args: unknown[]) => unknown)({}, permission)).toBe(false)
  })

  test('devices and screens are denied', () => {
    expect((sessionOf().handlers['device'] as (...args: unknown[]) => unknown)({ deviceType: 'usb' })).toBe(false)
    expect(sessionOf().ask('display', {})).toEqual({})
  })

  test.each([
    ['app://main/', false],
    ['app://approval/assets/a.css', false],
    ['devtools://devtools/bundled/x.js', false],
    ['https://example.org/', true],
    ['http://127.0.0.1:8888/', true],
    ['ws://127.0.0.1/', true],
    ['file:///etc/passwd', true],
    ['data:text/html,x', true],
    ['blob:app://main/x', true],
    ['javascript:1', true],
    ['xapp://main/', true],
    ['', true],
  ])('a request for %s is cancelled: %s', (url, cancel) => {
    expect(sessionOf().ask('request', { url })).toEqual({ cancel })
  })

  test('downloads are cancelled and nothing is spell-checked elsewhere', () => {
    const session = sessionOf()
    const happening = event()
    session.emit('will-download', happening)
    expect(happening.prevented).toBe(true)
    expect(session.spellChecker).toBe(false)
  })
})

describe('the app', () => {
  test('covers every session and all contents made later', () => {
    const app = new FakeApp()
    hardenApp(app as never, quiet)
    const session = new FakeSession()
    const contents = new FakeContents()
    app.emit('session-created', session)
    app.emit('web-contents-created', event(), contents)
    expect(session.ask('permission', {}, 'media')).toBe(false)
    expect(contents.open?.({ url: 'app://main/' })).toEqual({ action: 'deny' })
  })

  test('sandboxes everything, unless it could not run so', () => {
    const app = new FakeApp()
    hardenApp(app as never, quiet)
    expect(app.sandboxed).toBe(true)
    const asRoot = new FakeApp(['no-sandbox'])
    hardenApp(asRoot as never, quiet)
    expect(asRoot.sandboxed).toBe(false)
  })

  test.each(['login', 'select-client-certificate'])('%s is prevented', (name) => {
    const app = new FakeApp()
    hardenApp(app as never, quiet)
    const happening = event()
    app.emit(name, happening)
    expect(happening.prevented).toBe(true)
  })

  test('a certificate error is never overlooked', () => {
    const app = new FakeApp()
    hardenApp(app as never, quiet)
    let accepted: unknown = 'nothing'
    app.emit('certificate-error', event(), {}, 'https://x/', 'x', {}, (value: boolean) => (accepted = value))
    expect(accepted).toBe(false)
  })
})

test('the preferences of every window', () => {
  expect(safePreferences({ preload: '/p.js', devTools: false })).toMatchObject({
    preload: '/p.js',
    devTools: false,
    contextIsolation: true,
    sandbox: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    experimentalFeatures: false,
    webviewTag: false,
    navigateOnDragDrop: false,
    spellcheck: false,
  })
})
