import type { App, Event, Session, WebContents, WebPreferences } from 'electron'
import type { Log } from '../core/ports.ts'

/**
 * Denies, app-wide and before any window exists, all that a document of ours never needs; a renderer that was taken
 * over finds these doors shut, and a window somebody adds later is covered without knowing of it.
 */
export const hardenApp = (app: App, log: Log): void => {
  // As root Chromium runs only with --no-sandbox (tests and demo); enableSandbox would take that back and end the app.
  if (app.commandLine.hasSwitch('no-sandbox')) log.warn('started with --no-sandbox: for tests and demo only')
  else app.enableSandbox()
  app.on('session-created', (session) => hardenSession(session, log))
  app.on('web-contents-created', (_event, contents) => hardenContents(contents, log))
  app.on('login', prevent)
  app.on('select-client-certificate', prevent)
  app.on('certificate-error', (event, _contents, _url, _error, _certificate, answer) => {
    event.preventDefault()
    answer(false)
  })
}

/** Options of every window. Most are the defaults of today; written down, they are the defaults of tomorrow as well. */
export const safePreferences = (options: { readonly preload: string; readonly devTools: boolean }): WebPreferences => ({
  preload: options.preload,
  devTools: options.devTools,
  contextIsolation: true,
  sandbox: true,
  nodeIntegration: false,
  nodeIntegrationInWorker: false,
  nodeIntegrationInSubFrames: false,
  webSecurity: true,
  allowRunningInsecureContent: false,
  experimentalFeatures: false,
  enableBlinkFeatures: '',
  webviewTag: false,
  navigateOnDragDrop: false,
  plugins: false,
  spellcheck: false,
  safeDialogs: true,
  autoplayPolicy: 'document-user-activation-required',
})

const prevent = (event: Event): void => event.preventDefault()

/** No permissions of any kind, no downloads, and no request that is not for app:// (or the developer tools). */
export const hardenSession = (session: Session, log: Log): void => {
  session.setPermissionRequestHandler((_contents, permission, answer) => {
    log.warn('permission refused', { permission })
    answer(false)
  })
  session.setPermissionCheckHandler(() => false)
  session.setDevicePermissionHandler(() => false)
  session.setDisplayMediaRequestHandler((_request, answer) => answer({}))
  session.setSpellCheckerEnabled(false)
  session.on('will-download', (event) => {
    log.warn('download refused')
    event.preventDefault()
  })
  session.webRequest.onBeforeRequest((details, answer) => {
    const cancel = !/^(app|devtools):\/\//.test(details.url)
    if (cancel) log.warn('request refused', { url: details.url.slice(0, 200) })
    answer({ cancel })
  })
}

/** No navigation away from the document, no new windows, no webviews, no messages outside the registrar's channels. */
export const hardenContents = (contents: WebContents, log: Log): void => {
  const refuse = (what: string) => (event: Event) => {
    log.warn('refused', { what })
    event.preventDefault()
  }
  contents.on('will-navigate', refuse('navigation'))
  contents.on('will-frame-navigate', refuse('navigation of a frame'))
  contents.on('will-redirect', refuse('redirect'))
  contents.on('will-attach-webview', refuse('webview'))
  contents.on('will-prevent-unload', (event) => event.preventDefault())
  contents.setWindowOpenHandler(({ url }) => {
    log.warn('refused', { what: 'new window', url: url.slice(0, 200) })
    return { action: 'deny' }
  })
  contents.on('ipc-message', (_event, channel) => log.warn('refused', { what: 'message on an unknown channel', channel: String(channel).slice(0, 100) }))
  contents.on('ipc-message-sync', (event, channel) => {
    log.warn('refused', { what: 'message on an unknown channel', channel: String(channel).slice(0, 100) })
    event.returnValue = null
  })
}
