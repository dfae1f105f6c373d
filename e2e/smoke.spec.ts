import { expect, type Page, test } from '@playwright/test'
import { commandNames } from '../src/contract/channel-names.ts'
import { launch, type RunningApp, screenshot, temporaryHome } from './app.ts'

/** A real window of the built app, and the walls around its document. */
const home = temporaryHome()
let app: RunningApp

test.beforeAll(async () => {
  app = await launch({ home: home.path, name: 'alice' })
})
test.afterAll(async () => {
  await app.close()
  home.remove()
})

/** Runs in the page's own script, to which the content security policy applies; `page.evaluate` is exempt from it. */
const status = (page: Page, url: string): Promise<number | string> =>
  page.evaluate(async (target) => {
    try {
      return (await fetch(target)).status
    } catch (error) {
      return error instanceof Error ? error.name : 'error'
    }
  }, url)

test('a window opens and draws', async () => {
  await expect(app.main.locator('#root')).not.toBeEmpty()
  expect(await app.main.evaluate(() => [window.outerWidth, window.outerHeight])).toEqual([1200, 800])
  await screenshot(app.main, 'smoke')
})

test('the document has the bridge and nothing of node', async () => {
  const found = await app.main.evaluate(() => {
    const world = window as unknown as Record<string, unknown>
    const bridge = world['countersign'] as object
    return {
      node: ['require', 'process', 'module', 'Buffer', 'global', '__dirname', 'electron', 'ipcRenderer'].filter((name) => name in world),
      keys: Object.keys(bridge).sort(),
      frozen: Object.isFrozen(bridge),
    }
  })
  expect(found).toEqual({ node: [], keys: ['invoke', 'onKdf', 'onPatch'], frozen: true })
})

test('the bridge carries the contract and no other channel', async () => {
  const outcome = (name: string) =>
    app.main.evaluate(async (channel) => {
      const { countersign } = window as unknown as { countersign: { invoke(name: string, args: unknown): Promise<{ ok: boolean; error?: { code: string } }> } }
      try {
        const result = await countersign.invoke(channel, { unexpected: true })
        return result.ok ? 'ok' : (result.error?.code ?? '?')
      } catch {
        return 'rejected'
      }
    }, name)
  for (const name of commandNames) expect(`${name} ${await outcome(name)}`).toBe(`${name} BAD_ARGUMENT`)
  for (const name of ['approval.decide', 'push.patch', 'toString', 'ELECTRON_BROWSER_REQUIRE'])
    expect(`${name} ${await outcome(name)}`).toBe(`${name} rejected`)
})

test('bytes cross the bridge as bytes', async () => {
  const answer = await app.main.evaluate(() => {
    const { countersign } = window as unknown as { countersign: { invoke(name: string, args: unknown): Promise<{ ok: boolean; error?: { code: string } }> } }
    return countersign.invoke('identity.strength', { passphrase: new TextEncoder().encode('correct horse'), name: 'alice' })
  })
  expect(answer.ok || answer.error?.code).not.toBe('BAD_ARGUMENT')
})

test('the policy comes as a header, without unsafe-anything', async () => {
  const policy = await app.main.evaluate(
    () =>
      new Promise<string>((done) => {
        document.addEventListener('securitypolicyviolation', (event) => done(event.originalPolicy), { once: true })
        const image = document.createElement('img')
        image.src = 'data:image/png;base64,AAAA'
        document.body.append(image)
        image.remove()
      }),
  )
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("connect-src 'none'")
  expect(policy).toContain("require-trusted-types-for 'script'")
  expect(policy).not.toContain('unsafe')
  expect(await app.main.locator('meta[http-equiv]').count()).toBe(0)
})

test('injected markup, script and eval do nothing', async () => {
  const outcome = await app.main.evaluate(async () => {
    const world = window as unknown as Record<string, unknown>
    const results: Record<string, string> = {}
    const attempt = (name: string, run: () => unknown): void => {
      try {
        run()
        results[name] = 'allowed'
      } catch (error) {
        results[name] = error instanceof Error ? error.name : 'error'
      }
    }
    attempt('innerHTML', () => {
      document.createElement('div').innerHTML = '<b>x</b>'
    })
    attempt('createPolicy', () => {
      ;(world['trustedTypes'] as { createPolicy(name: string, rules: object): void }).createPolicy('p', {})
    })
    attempt('script text', () => {
      document.createElement('script').text = 'window.injected = 1'
    })
    // A handler made from a string is compiled under the document's policy, unlike code evaluated by the test.
    const button = document.createElement('button')
    attempt('onclick attribute', () => button.setAttribute('onclick', 'window.injected = 1'))
    document.body.append(button)
    button.click()
    button.remove()
    await new Promise((done) => setTimeout(done, 0))
    return { results, injected: world['injected'] ?? null }
  })
  expect(outcome.injected).toBeNull()
  expect(outcome.results).toMatchObject({ innerHTML: 'TypeError', createPolicy: 'TypeError', 'script text': 'TypeError' })
})

test("eval is refused to the page's own script", async () => {
  // A click handler of the page calls into this probe from a task of the page, where no exemption applies.
  const answer = await app.main.evaluate(
    () =>
      new Promise<string>((done) => {
        const probe = new MessageChannel()
        probe.port1.onmessage = () => {
          try {
            const run = Function
            run('return 1')()
            done('allowed')
          } catch (error) {
            done(error instanceof Error ? error.name : 'error')
          }
        }
        probe.port2.postMessage(null)
      }),
  )
  expect(answer).toBe('EvalError')
})

test("only the build's own files are served, and none of the other document's", async () => {
  const refused = (url: string) => app.electron.evaluate(async ({ net }, target) => (await net.fetch(target)).status, url)
  expect(await refused('app://main/')).toBe(200)
  for (const path of [
    'index.html',
    '../package.json',
    '..%2fpackage.json',
    '%2e%2e/package.json',
    '..\\package.json',
    'assets/',
    'assets/../index.html?x',
    'approval.html',
    'renderer-manifest.json',
    '?x',
    'constructor',
  ]) {
    const url = `app://main/${path}`
    expect(`${path} ${await refused(url)}`).toBe(`${path} 404`)
  }
  expect(await refused('app://other/')).toBe(404)
  for (const url of ['app://approval/', 'file:///etc/passwd', 'https://example.org/']) expect(`${url} ${await status(app.main, url)}`).toBe(`${url} TypeError`)
})

test('permissions are refused', async () => {
  const answers = await app.main.evaluate(async () => {
    const asked = await Promise.all(
      ['notifications', 'geolocation', 'camera', 'clipboard-read'].map(
        async (name) => (await navigator.permissions.query({ name: name as PermissionName })).state,
      ),
    )
    const media = await navigator.mediaDevices.getUserMedia({ audio: true }).then(
      () => 'granted',
      (error: Error) => error.name,
    )
    return { asked, media }
  })
  expect(answers.asked).toEqual(['denied', 'denied', 'denied', 'denied'])
  expect(answers.media).not.toBe('granted')
})

test('web preferences are what they should be', async () => {
  const preferences = await app.electron.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows().map((window) => {
      const contents = window.webContents as unknown as { getLastWebPreferences(): Record<string, unknown> }
      const { contextIsolation, sandbox, nodeIntegration, webviewTag, webSecurity } = contents.getLastWebPreferences()
      return { contextIsolation, sandbox, nodeIntegration, webviewTag, webSecurity }
    }),
  )
  expect(preferences.length).toBeGreaterThan(0)
  for (const each of preferences) expect(each).toEqual({ contextIsolation: true, sandbox: true, nodeIntegration: false, webviewTag: false, webSecurity: true })
})

test('a second start for the same name gives way to the first', async () => {
  await expect(launch({ home: home.path, name: 'alice' })).rejects.toThrow()
  await expect(app.main.locator('#root')).not.toBeEmpty()
  const bob = await launch({ home: home.path, name: 'bob', colorScheme: 'dark' })
  await expect(bob.main.locator('#root')).not.toBeEmpty()
  await screenshot(bob.main, 'smoke-dark')
  await bob.close()
})

// Last: the test driver takes the refused navigation for one that is still under way.
test('navigation, new windows and frames are refused', async () => {
  const before = app.electron.windows().length
  const opened = await app.main.evaluate(() => {
    const other = window.open('app://approval/')
    const frame = document.createElement('iframe')
    frame.src = 'app://main/'
    document.body.append(frame)
    location.href = 'https://example.org/'
    return { other: other === null, frames: window.length }
  })
  await expect.poll(() => app.log()).toContain('"what":"navigation')
  expect(opened.other).toBe(true)
  expect(app.main.url()).toBe('app://main/')
  expect(app.electron.windows().length).toBe(before)
  const inner = await app.main.evaluate(() => {
    const frame = document.querySelector('iframe')
    const reachable = (frame?.contentDocument?.body?.childElementCount ?? 0) > 0
    frame?.remove()
    return reachable
  })
  expect(inner).toBe(false)
})
