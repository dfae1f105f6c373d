import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, type Page, test } from '@playwright/test'
import { bringRequest, makePair, type Pair, shownHash } from './pair.ts'
import { approvalReady, approve, snapshot } from './person.ts'

/**
 * Somebody has taken over a document and wants an approval without a person. Each way must end in a refusal, and the
 * request must still wait, undecided, after all of them.
 */
let pair: Pair
let approval: Page
let decide: { requestId: string; viewHash: string; decision: 'approve'; scope: 'step'; uncompared: boolean; reason: null }

test.beforeAll(async () => {
  pair = await makePair()
  await bringRequest(pair)
  await approvalReady(pair.bob, /Answer alice/)
  approval = await pair.bob.approval()
  const [request] = (await snapshot(pair.bob)).requests
  // The very hash that is shown and would be accepted from a hand.
  decide = { requestId: request?.id ?? '', viewHash: await shownHash(approval), decision: 'approve', scope: 'step', uncompared: false, reason: null }
})
test.afterEach(async () => {
  const { requests, history } = await snapshot(pair.bob)
  expect(requests.map(({ id, undoUntil }) => [id, undoUntil])).toEqual([[decide.requestId, null]])
  expect(history).toEqual([])
})
test.afterAll(() => pair.end())

type Answer = { ok: boolean; error?: { code: string; text: string } }

test('the main document has no such command', async () => {
  const outcome = await pair.bob.main.evaluate(
    (args) =>
      (window as unknown as { countersign: { invoke(name: string, args: object): Promise<Answer> } }).countersign.invoke('approval.decide', args).then(
        (answer) => answer.error?.code ?? 'ok',
        (error: Error) => error.message,
      ),
    decide,
  )
  expect(outcome).toContain('no such command')
  expect(await pair.bob.main.evaluate(() => 'countersignApproval' in window)).toBe(false)
})

test('script run in the main window, in the page’s world or the preload’s, reaches no more than the bridge', async () => {
  const found = await pair.bob.electron.evaluate(async ({ BrowserWindow }, args) => {
    const main = BrowserWindow.getAllWindows().find((window) => window.webContents.getURL() === 'app://main/')
    const attempt = `(async () => {
      const names = ['require', 'ipcRenderer', 'electron', 'process', 'binding', 'countersignApproval'].filter((name) => typeof globalThis[name] !== 'undefined')
      const call = globalThis.countersign?.invoke('approval.decide', ${JSON.stringify(args)})
      return { names, call: call === undefined ? 'no bridge' : await call.then((answer) => JSON.stringify(answer), (error) => error.message) }
    })()`
    const page: unknown = await main?.webContents.executeJavaScript(attempt)
    // World 999 is where Electron runs preloads.
    const preload: unknown = await main?.webContents.executeJavaScriptInIsolatedWorld(999, [{ code: attempt }])
    return { page, preload }
  }, decide)
  expect(found.page).toEqual({ names: [], call: expect.stringContaining('no such command') })
  expect(found.preload).toEqual({ names: [], call: 'no bridge' })
})

test('an invoke that names another sender, another frame or none is refused', async () => {
  const answers = await pair.bob.electron.evaluate(async ({ BrowserWindow, ipcMain }, args) => {
    type Handler = (event: object, args: object) => Promise<Answer>
    const handler = (ipcMain as unknown as { _invokeHandlers: Map<string, Handler> })._invokeHandlers.get('approval.decide')
    const contents = (url: string) => BrowserWindow.getAllWindows().find((window) => window.webContents.getURL() === url)?.webContents
    const [main, approval] = [contents('app://main/'), contents('app://approval/')]
    if (!handler || !main || !approval) throw new Error('nothing to try it on')
    const { mainFrame } = approval
    const events: Record<string, object> = {
      'the main window': { sender: main, senderFrame: main.mainFrame },
      'the main window with the approval’s frame': { sender: main, senderFrame: mainFrame },
      'the approval window with the main frame of another': { sender: approval, senderFrame: main.mainFrame },
      'a frame that is gone': { sender: approval, senderFrame: null },
      'a frame that only says it is the approval': { sender: approval, senderFrame: { url: 'app://approval/', origin: 'app://approval' } },
      'contents that only say so': { sender: { mainFrame }, senderFrame: mainFrame },
      nobody: {},
    }
    const result: Record<string, string> = {}
    for (const [name, event] of Object.entries(events)) result[name] = (await handler(event, args)).error?.text ?? 'accepted'
    return result
  }, decide)
  expect(Object.keys(answers)).toHaveLength(7)
  for (const [name, text] of Object.entries(answers)) expect(`${name}: ${text}`).toBe(`${name}: This window may not do that.`)
})

test('a main window whose preload was replaced by one with the whole of IPC is refused', async () => {
  const preload = join(pair.homes.bob, 'evil-preload.cjs')
  writeFileSync(
    preload,
    "const { contextBridge, ipcRenderer } = require('electron'); contextBridge.exposeInMainWorld('evil', { invoke: (name, args) => ipcRenderer.invoke(name, args) })",
  )
  await pair.bob.electron.evaluate(({ BrowserWindow, session }, path) => {
    // Deprecated in newer versions, and there in all of them.
    session.defaultSession.setPreloads([path])
    BrowserWindow.getAllWindows()
      .find((window) => window.webContents.getURL() === 'app://main/')
      ?.webContents.reload()
  }, preload)
  const invoke = (name: string, args: object) =>
    pair.bob.main.evaluate(
      ([channel, given]) => (window as unknown as { evil: { invoke(name: string, args: object): Promise<Answer> } }).evil.invoke(channel, given),
      [name, args] as const,
    )
  await expect.poll(() => pair.bob.main.evaluate(() => 'evil' in window).catch(() => false)).toBe(true)
  // It does reach main: what the window may do, it can do.
  expect((await invoke('app.snapshot', {})).ok).toBe(true)
  for (const [name, args] of [
    ['approval.decide', decide],
    ['approval.decide', { ...decide, decision: 'reject' }],
    ['approval.current', {}],
    ['approval.move', { by: 1 }],
    ['approval.undo', { requestId: decide.requestId }],
    ['approval.close', {}],
  ] as const)
    expect((await invoke(name, args)).error).toEqual({ code: 'FORBIDDEN', text: 'This window may not do that.' })
})

test('the approval document itself cannot decide without a hand', async () => {
  const invoke = (args: object) =>
    approval.evaluate(
      (given) =>
        (window as unknown as { countersignApproval: { invoke(name: string, args: object): Promise<Answer> } }).countersignApproval.invoke(
          'approval.decide',
          given,
        ),
      args,
    )
  const forbidden = { code: 'FORBIDDEN', text: 'A decision needs a click or a key press in the approval window.' }
  expect((await invoke(decide)).error).toEqual(forbidden)
  expect((await invoke({ ...decide, decision: 'reject' })).error).toEqual(forbidden)
  // Moving and scrolling over the window are no act, and a click in the main window is one for that window only.
  await approval.mouse.move(100, 300)
  await approval.mouse.wheel(0, -50)
  await pair.bob.main.mouse.click(600, 500)
  expect((await invoke(decide)).error).toEqual(forbidden)
})

test('events made by script approve nothing', async () => {
  await expect(approval.locator('[data-action=approve]')).toHaveAttribute('data-phase', 'ready')
  await approval.evaluate(async () => {
    const button = document.querySelector<HTMLElement>('[data-action=approve]')
    if (button === null) throw new Error('no button')
    const at = { bubbles: true, cancelable: true, composed: true, clientX: 400, clientY: 690, button: 0, detail: 1 }
    const pointer = { ...at, pointerId: 1, isPrimary: true, pointerType: 'mouse' }
    button.dispatchEvent(new PointerEvent('pointerdown', pointer))
    button.dispatchEvent(new MouseEvent('mousedown', at))
    button.dispatchEvent(new PointerEvent('pointerup', pointer))
    button.dispatchEvent(new MouseEvent('mouseup', at))
    button.dispatchEvent(new MouseEvent('click', at))
    button.dispatchEvent(new MouseEvent('click', { ...at, detail: 0 }))
    button.click()
    button.focus()
    for (const key of [' ', 'Enter'])
      for (const type of ['keydown', 'keypress', 'keyup'])
        button.dispatchEvent(new KeyboardEvent(type, { key, code: key === ' ' ? 'Space' : key, bubbles: true, cancelable: true }))
    // What a click sets going hashes first; a hash asked for later is done later.
    await crypto.subtle.digest('SHA-256', new Uint8Array(4096))
  })
  await expect(approval.locator('[data-action=undo]')).toHaveCount(0)
  await expect(approval.locator('[data-part=alert]')).toBeHidden()
  // Enter from a real keyboard on the focused button does not approve either.
  await approval.keyboard.press('Enter')
  await expect(approval.locator('[data-action=undo]')).toHaveCount(0)
})

test('a hand approves, once', async () => {
  await approve(pair.bob, /Answer alice/)
  await approval.locator('[data-action=undo]').waitFor()
  await approval.locator('[data-action=undo]').click()
  await expect(approval.locator('[data-part=alert]')).toContainText('Undone')
})
