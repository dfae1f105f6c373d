// @vitest-environment jsdom
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { ApprovalBridge } from '../../contract/bridge.ts'
import type { ApprovalDto } from '../../contract/dto.ts'
import { armingMs } from './arming.ts'
import { acceptOfflineView, acceptView, acceptWaitingView } from './handshake-views.fixture.ts'
import { holdMs } from './hold.ts'
import { startScreen } from './screen.ts'
import { viewHash } from './view-hash.ts'
import { approvalOf, changedView, closeView, requestView } from './views.fixture.ts'

const start = Date.parse('2026-11-22T07:00:00Z')

/** The document with a wallet, a clock and an eye that the test moves. */
const open = (first: ApprovalDto | null) => {
  const world = {
    current: first,
    time: 0,
    calls: [] as [string, unknown][],
    trusted: true,
    decide: { ok: true, value: { undoUntil: null } } as Awaited<ReturnType<ApprovalBridge['invoke']>>,
    push: (): void => {},
    read: (): void => {},
    paint: (): void => {},
  }
  const answer = (name: string): unknown => {
    if (name === 'approval.current') return { ok: true, value: { approval: world.current, selfName: 'alice-desktop' } }
    return name === 'approval.decide' ? world.decide : { ok: true, value: {} }
  }
  const bridge: ApprovalBridge = {
    invoke: (name, args) => {
      world.calls.push([name, args])
      return Promise.resolve(structuredClone(answer(name)) as never)
    },
    onApproval: (handler) => {
      world.push = handler
      return () => {}
    },
  }
  startScreen(document.body, {
    bridge,
    now: () => start + world.time,
    monotonic: () => world.time,
    every: (_ms, run) => {
      world.paint = run
    },
    watchEnd: (_scroller, _end, reached) => {
      world.read = reached
      return () => {}
    },
    isTrusted: () => world.trusted,
    reducedMotion: () => false,
  })
  return {
    world,
    calls: (name: string) => world.calls.filter(([called]) => called === name).map(([, args]) => args),
    wait(ms: number) {
      world.time += ms
      world.paint()
    },
    async ready() {
      await find('[data-action="reject"], [data-action="keep-frozen"]')
      world.read()
      world.time += armingMs
      world.paint()
    },
  }
}

const query = <E extends HTMLElement = HTMLElement>(selector: string): E | null => document.querySelector<E>(selector)
const find = (selector: string): Promise<HTMLElement> =>
  vi.waitFor(() => {
    const found = query(selector)
    if (found === null) throw new Error(`no ${selector} in ${document.body.textContent}`)
    return found
  })
const approve = (): HTMLElement => {
  const button = query('[data-action="approve"]')
  if (button === null) throw new Error('no approve button')
  return button
}
const pointer = (node: HTMLElement, type: string): boolean => node.dispatchEvent(new MouseEvent(type, { bubbles: true, cancelable: true, button: 0 }))
const click = (node: HTMLElement): boolean => node.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, detail: 1 }))
const press = (node: HTMLElement): void => {
  pointer(node, 'pointerdown')
  pointer(node, 'pointerup')
  click(node)
}
const key = (node: EventTarget, type: 'keydown' | 'keyup', value: string, repeat = false): boolean =>
  node.dispatchEvent(new KeyboardEvent(type, { key: value, repeat, bubbles: true, cancelable: true }))
/** From now on an approval is held for three seconds, and the request says so. */
const hold = (world: { decide: unknown; current: ApprovalDto | null; time: number }): void => {
  const undoUntil = start + world.time + 3000
  world.decide = { ok: true, value: { undoUntil } }
  world.current = approvalOf(requestView, start, { undoUntil })
}
const hashing = new Set<Promise<unknown>>()
/** All microtasks there are have run: no time passes. */
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
/** Nothing that was begun is under way any more: a hash is all that the screen waits for outside of the microtasks. */
const settled = async (): Promise<void> => {
  await turn()
  while (hashing.size > 0) {
    await Promise.allSettled(hashing)
    await turn()
  }
}
const phaseOf = (): string | undefined => approve().dataset['phase']

beforeEach(() => {
  // A fresh document object each time: listeners of the screen before must not answer in this one.
  document.body.replaceChildren()
  hashing.clear()
  vi.restoreAllMocks()
  const digest = crypto.subtle.digest.bind(crypto.subtle)
  vi.spyOn(crypto.subtle, 'digest').mockImplementation((algorithm, data) => {
    const made = digest(algorithm, data)
    hashing.add(made)
    const done = (): void => void hashing.delete(made)
    made.then(done, done)
    return made
  })
})

it('“settled” waits for a decision that would come: what is not there after it, never comes', async () => {
  const screen = open(approvalOf(requestView, start))
  await screen.ready()
  press(approve())
  expect(screen.calls('approval.decide')).toEqual([])
  await settled()
  expect(screen.calls('approval.decide')).toHaveLength(1)
})

describe('arming', () => {
  it('starts on Reject, and a click on approve decides nothing before the end was read and 1.2 s are over', async () => {
    const screen = open(approvalOf(requestView, start))
    const reject = await find('[data-action="reject"]')
    expect(document.activeElement).toBe(reject)
    expect(approve().getAttribute('aria-disabled')).toBe('true')
    screen.wait(60_000)
    press(approve())
    screen.world.read()
    screen.wait(armingMs - 1)
    press(approve())
    await settled()
    expect(screen.calls('approval.decide')).toEqual([])
    expect(query('[data-part="hint"]')?.textContent).toBe('Ready in 0.1\u00a0s')
  })

  it('then approves with the hash of what is drawn', async () => {
    const screen = open(approvalOf(requestView, start))
    await screen.ready()
    press(approve())
    await vi.waitFor(() => expect(screen.calls('approval.decide')).toHaveLength(1))
    expect(screen.calls('approval.decide')[0]).toEqual({
      requestId: 'r1',
      viewHash: await viewHash(requestView),
      decision: 'approve',
      scope: 'step',
      uncompared: false,
      reason: null,
    })
  })

  it('does not let a press that began earlier end in an approval', async () => {
    const screen = open(approvalOf(requestView, start))
    await find('[data-action="reject"]')
    pointer(approve(), 'pointerdown')
    await screen.ready()
    click(approve())
    await settled()
    expect(screen.calls('approval.decide')).toEqual([])
  })

  it('forgets a press that the queue moved under', async () => {
    const screen = open(approvalOf(requestView, start))
    await screen.ready()
    pointer(approve(), 'pointerdown')
    screen.world.current = approvalOf(requestView, start, { total: 4 })
    screen.world.push()
    await vi.waitFor(() => expect(query('.bar-place')?.textContent).toBe('Request 1 of 4'))
    screen.wait(armingMs)
    click(approve())
    await settled()
    expect(screen.calls('approval.decide')).toEqual([])
  })

  it.each(['focus', 'blur'])('waits again after the window’s %s', async (name) => {
    const screen = open(approvalOf(requestView, start))
    await screen.ready()
    expect(phaseOf()).toBe('ready')
    window.dispatchEvent(new Event(name))
    screen.wait(armingMs - 1)
    expect(phaseOf()).toBe('arming')
    screen.wait(1)
    expect(phaseOf()).toBe('ready')
  })

  it('never approves by Enter, and by Space only when ready', async () => {
    const screen = open(approvalOf(requestView, start))
    await find('[data-action="reject"]')
    expect(key(approve(), 'keydown', ' ')).toBe(false)
    expect(key(approve(), 'keydown', 'Enter')).toBe(false)
    await screen.ready()
    expect(key(approve(), 'keydown', 'Enter')).toBe(false)
    // A repeat is a key held since before: the platform must not make a click of it.
    expect(key(approve(), 'keydown', ' ', true)).toBe(false)
    expect(key(approve(), 'keydown', ' ')).toBe(true)
    click(approve())
    await vi.waitFor(() => expect(screen.calls('approval.decide')).toHaveLength(1))
  })

  it('does not listen to events a script made', async () => {
    const screen = open(approvalOf(requestView, start))
    await screen.ready()
    screen.world.trusted = false
    press(approve())
    approve().click()
    await settled()
    expect(screen.calls('approval.decide')).toEqual([])
  })

  it('says once that it is ready', async () => {
    const screen = open(approvalOf(requestView, start))
    await screen.ready()
    const live = query('[role="status"]')
    expect(live?.textContent).toBe('Open session is ready')
    if (live !== null) live.textContent = ''
    window.dispatchEvent(new Event('focus'))
    screen.wait(armingMs)
    expect(live?.textContent).toBe('')
  })
})

describe('hold to confirm', () => {
  it('approves at the release after 1.2 s, by pointer', async () => {
    const screen = open(approvalOf(closeView, start))
    await screen.ready()
    pointer(approve(), 'pointerdown')
    screen.wait(holdMs)
    expect(approve().dataset['hold']).toBe('full')
    expect(screen.calls('approval.decide')).toEqual([])
    pointer(approve(), 'pointerup')
    await vi.waitFor(() => expect(screen.calls('approval.decide')).toHaveLength(1))
  })

  it('approves at the release after 1.2 s, by Space', async () => {
    const screen = open(approvalOf(closeView, start))
    await screen.ready()
    expect(key(approve(), 'keydown', ' ')).toBe(false)
    screen.wait(holdMs)
    key(approve(), 'keydown', ' ', true)
    key(approve(), 'keyup', ' ')
    await vi.waitFor(() => expect(screen.calls('approval.decide')).toHaveLength(1))
  })

  it('decides nothing when let go early, left, or clicked', async () => {
    const screen = open(approvalOf(closeView, start))
    await screen.ready()
    press(approve())
    pointer(approve(), 'pointerdown')
    screen.wait(holdMs - 1)
    pointer(approve(), 'pointerup')
    pointer(approve(), 'pointerdown')
    screen.wait(holdMs)
    approve().dispatchEvent(new Event('pointerleave'))
    pointer(approve(), 'pointerup')
    await settled()
    expect(screen.calls('approval.decide')).toEqual([])
  })

  it('gives a hold up at Esc and keeps the window', async () => {
    const screen = open(approvalOf(closeView, start))
    await screen.ready()
    pointer(approve(), 'pointerdown')
    screen.wait(holdMs)
    key(approve(), 'keydown', 'Escape')
    pointer(approve(), 'pointerup')
    await settled()
    expect(screen.calls('approval.decide')).toEqual([])
  })

  it('is a plain button once the first key word is typed', async () => {
    const screen = open(approvalOf(closeView, start))
    await screen.ready()
    const field = query<HTMLInputElement>('[data-part="word"]')
    if (field === null) throw new Error('no field')
    field.value = 'series'
    field.dispatchEvent(new Event('input'))
    press(approve())
    await settled()
    expect(screen.calls('approval.decide')).toEqual([])
    field.value = ' Aspect '
    field.dispatchEvent(new Event('input'))
    press(approve())
    await vi.waitFor(() => expect(screen.calls('approval.decide')).toHaveLength(1))
  })
})

describe('what decides nothing', () => {
  it('closes at Esc and at the cross, without a decision', async () => {
    const screen = open(approvalOf(requestView, start))
    await screen.ready()
    key(document, 'keydown', 'Escape')
    query('[data-action="close"]')?.click()
    await settled()
    expect(screen.calls('approval.close').length).toBeGreaterThanOrEqual(2)
    expect(screen.calls('approval.decide')).toEqual([])
  })

  it('has no approve button for a changed key, and starts on Keep frozen', async () => {
    const screen = open(approvalOf(changedView, start, { mayApprove: false, issue: 'This peer’s key is not the one you pinned.' }))
    await screen.ready()
    expect(query('[data-action="approve"]')).toBeNull()
    expect(document.activeElement).toBe(query('[data-action="keep-frozen"]'))
  })

  it('has no approve button for a changed key even if it were told that it may', async () => {
    const screen = open(approvalOf(changedView, start, { mayApprove: true }))
    await screen.ready()
    expect(query('[data-action="approve"]')).toBeNull()
  })

  it('has none where the wallet says no, and says why', async () => {
    const screen = open(approvalOf(requestView, start, { mayApprove: false, issue: 'This peer is blocked.' }))
    await screen.ready()
    expect(query('[data-action="approve"]')).toBeNull()
    expect(query('[data-part="issue"]')?.textContent).toBe('This peer is blocked.')
    expect(query('[data-action="reject"]')?.classList.contains('solid')).toBe(true)
  })

  it('has none for a view with something in it that is not drawn', async () => {
    const view = { ...requestView, amount: 5 }
    const screen = open(approvalOf(view, start))
    await screen.ready()
    expect(query('[data-action="approve"]')).toBeNull()
    expect(query('[data-part="issue"]')?.textContent).toMatch(/cannot show everything/)
  })

  it('swaps the weight of the buttons when there is an issue', async () => {
    const screen = open(approvalOf(requestView, start, { issue: 'Their clock is 4 minutes ahead.' }))
    await screen.ready()
    expect(query('[data-action="reject"]')?.classList.contains('solid')).toBe(true)
    expect(approve().classList.contains('approve-plain')).toBe(true)
  })

  it('takes the buttons away when the request expires under the reader', async () => {
    const screen = open(approvalOf(requestView, start))
    await screen.ready()
    screen.wait(requestView.expires_in * 1000)
    expect(query('[data-action="approve"]')).toBeNull()
    expect(query('[data-action="reject"]')).toBeNull()
    expect(query('[data-part="over"]')?.textContent).toMatch(/has expired/)
  })

  it('sends nothing when the document was changed after drawing, and draws it anew', async () => {
    const screen = open(approvalOf(requestView, start))
    await screen.ready()
    const sentence = await find('h1.sentence')
    sentence.textContent = 'Nothing of importance'
    press(approve())
    await vi.waitFor(() => expect(query('h1.sentence')?.textContent).toBe(requestView.sentence))
    expect(query('[data-part="alert"]')?.textContent).toMatch(/no longer showed what it was given/)
    expect(screen.calls('approval.decide')).toEqual([])
    expect(phaseOf()).toBe('unread')
  })

  it('sends nothing when the hash on the screen was exchanged', async () => {
    const screen = open(approvalOf(requestView, start))
    await screen.ready()
    query('[data-live="hash"] .hash-end')?.replaceChildren('00000000')
    press(approve())
    await vi.waitFor(() => expect(query('[data-part="alert"]')?.hidden).toBe(false))
    expect(screen.calls('approval.decide')).toEqual([])
  })
})

describe('a handshake on two ledgers', () => {
  const tick = (action: string, on = true): void => {
    const box = query<HTMLInputElement>(`[data-action="${action}"]`)
    if (box === null) throw new Error(`no box ${action}`)
    box.checked = on
    box.dispatchEvent(new Event('change', { bubbles: true }))
  }

  it('covers the rest of the handshake only when that was ticked, with the hash of the view as it is', async () => {
    const screen = open(approvalOf(acceptView, start))
    await screen.ready()
    expect(phaseOf()).toBe('ready')
    tick('rest')
    expect(phaseOf()).toBe('arming')
    screen.wait(armingMs)
    press(approve())
    await vi.waitFor(() => expect(screen.calls('approval.decide')).toHaveLength(1))
    expect(screen.calls('approval.decide')[0]).toMatchObject({
      decision: 'approve',
      scope: 'handshake',
      uncompared: false,
      viewHash: await viewHash(acceptView),
    })
  })

  it('covers this step only when the tick was taken back, or set by a script', async () => {
    const screen = open(approvalOf(acceptView, start))
    await screen.ready()
    tick('rest')
    tick('rest', false)
    screen.world.trusted = false
    tick('rest')
    screen.world.trusted = true
    screen.wait(armingMs)
    press(approve())
    await vi.waitFor(() => expect(screen.calls('approval.decide')).toHaveLength(1))
    expect(screen.calls('approval.decide')[0]).toMatchObject({ scope: 'step' })
  })

  it('offers no tick where the wallet offers none', async () => {
    open(approvalOf({ ...acceptView, rest: false }, start))
    await find('[data-action="reject"]')
    expect(query('[data-action="rest"]')).toBeNull()
    expect(query('[data-action="uncompared"]')).toBeNull()
  })

  it('cannot be approved uncompared before that was ticked, and says so with the decision', async () => {
    const screen = open(approvalOf(acceptOfflineView, start))
    await screen.ready()
    expect(phaseOf()).toBe('unticked')
    press(approve())
    await settled()
    expect(screen.calls('approval.decide')).toEqual([])
    screen.world.trusted = false
    tick('uncompared')
    screen.world.trusted = true
    screen.wait(armingMs)
    expect(phaseOf()).toBe('unticked')
    tick('uncompared')
    screen.wait(armingMs)
    press(approve())
    await vi.waitFor(() => expect(screen.calls('approval.decide')).toHaveLength(1))
    expect(screen.calls('approval.decide')[0]).toMatchObject({ uncompared: true, scope: 'step' })
  })

  it('shows words that arrive, and forgets a tick that was set without them', async () => {
    const screen = open(approvalOf(acceptWaitingView, start))
    await screen.ready()
    tick('uncompared')
    screen.world.current = approvalOf(acceptView, start)
    screen.world.push()
    await find('.match-word')
    expect(query('[data-part="alert"]')?.textContent).toMatch(/words to compare are here/)
    expect(phaseOf()).toBe('unread')
    await screen.ready()
    press(approve())
    await vi.waitFor(() => expect(screen.calls('approval.decide')).toHaveLength(1))
    expect(screen.calls('approval.decide')[0]).toMatchObject({ uncompared: false })
  })

  it('rejects with the reason when the words differ', async () => {
    const screen = open(approvalOf(acceptView, start))
    await find('[data-action="reject"]')
    query('[data-action="differ"]')?.click()
    await vi.waitFor(() => expect(screen.calls('approval.decide')).toHaveLength(1))
    expect(screen.calls('approval.decide')[0]).toMatchObject({
      decision: 'reject',
      scope: 'step',
      uncompared: false,
      reason: 'The words on the two screens differ.',
    })
  })

  it('carries no tick along with a rejection', async () => {
    const screen = open(approvalOf(acceptOfflineView, start))
    await screen.ready()
    tick('uncompared')
    tick('rest')
    query('[data-action="reject"]')?.click()
    await vi.waitFor(() => expect(screen.calls('approval.decide')).toHaveLength(1))
    expect(screen.calls('approval.decide')[0]).toMatchObject({ decision: 'reject', scope: 'step', uncompared: false })
  })

  it('waits again when the switch of what the public sees was used', async () => {
    const screen = open(approvalOf(acceptView, start))
    await screen.ready()
    expect(phaseOf()).toBe('ready')
    tick('lens')
    screen.wait(armingMs - 1)
    expect(phaseOf()).toBe('arming')
  })
})

describe('queue and results', () => {
  it('does not put another request under the reader; it says that this one is gone', async () => {
    const screen = open(approvalOf(requestView, start))
    await screen.ready()
    screen.world.current = approvalOf(closeView, start, { requestId: 'r2' })
    screen.world.push()
    await find('[data-part="over"]')
    expect(query('h1.sentence')?.textContent).toBe(requestView.sentence)
    expect(query('[data-action="approve"]')).toBeNull()
    query('[data-action="next-request"]')?.click()
    await vi.waitFor(() => expect(query('h1.sentence')?.textContent).toBe(closeView.sentence))
    expect(phaseOf()).toBe('unread')
  })

  it('can go back to the request that was taken for gone', async () => {
    const screen = open(approvalOf(requestView, start))
    await screen.ready()
    screen.world.current = approvalOf(closeView, start, { requestId: 'r2' })
    screen.world.push()
    await find('[data-action="next-request"]')
    screen.world.current = approvalOf(requestView, start)
    query('[data-action="next-request"]')?.click()
    await find('[data-action="approve"]')
    expect(phaseOf()).toBe('unread')
  })

  it('draws a request anew when its content changed, and arms from the start', async () => {
    const screen = open(approvalOf(requestView, start))
    await screen.ready()
    screen.world.current = approvalOf({ ...requestView, consequence: 'Something else.' }, start)
    screen.world.push()
    await vi.waitFor(() => expect(query('#consequence')?.textContent).toBe('Something else.'))
    expect(query('[data-part="alert"]')?.textContent).toMatch(/changed while it was open/)
    expect(phaseOf()).toBe('unread')
  })

  it('moves on when asked to, and back', async () => {
    const screen = open(approvalOf(requestView, start))
    await screen.ready()
    expect(query<HTMLButtonElement>('[data-action="previous"]')?.disabled).toBe(true)
    screen.world.current = approvalOf(closeView, start, { requestId: 'r2', position: 2 })
    query('[data-action="next"]')?.click()
    await vi.waitFor(() => expect(query('h1.sentence')?.textContent).toBe(closeView.sentence))
    expect(screen.calls('approval.move')).toEqual([{ by: 1 }])
    expect(query('.bar-place')?.textContent).toBe('Request 2 of 3')
  })

  it('shows a refused decision with its reason, and the request anew', async () => {
    const screen = open(approvalOf(requestView, start))
    await screen.ready()
    screen.world.decide = { ok: false, error: { code: 'STALE', text: 'stale' } }
    screen.world.current = approvalOf({ ...requestView, after: 'Elsewhere' }, start)
    press(approve())
    await vi.waitFor(() => expect(query('[data-part="alert"]')?.textContent).toMatch(/no longer what would be done/))
    expect(query('.after')?.textContent).toBe('Elsewhere')
    expect(phaseOf()).toBe('unread')
  })

  it('holds an approval for three seconds, can undo it, and then shows it undecided', async () => {
    const screen = open(approvalOf(requestView, start))
    await screen.ready()
    hold(screen.world)
    press(approve())
    const undo = await find('[data-action="undo"]')
    expect(document.activeElement).toBe(undo)
    screen.wait(1000)
    expect(query('[data-part="hint"]')?.textContent).toBe('Approved: Open session. It begins in 2.0 s')
    screen.world.current = approvalOf(requestView, start)
    undo.click()
    await find('[data-action="reject"]')
    expect(screen.calls('approval.undo')).toEqual([{ requestId: 'r1' }])
    expect(phaseOf()).toBe('unread')
  })

  it('shows a request as undecided that was undone from the main window', async () => {
    const screen = open(approvalOf(requestView, start))
    await screen.ready()
    hold(screen.world)
    press(approve())
    await find('[data-action="undo"]')
    screen.world.current = approvalOf(requestView, start)
    screen.world.push()
    await find('[data-action="reject"]')
    expect(phaseOf()).toBe('unread')
  })

  it('goes on to the next request when the three seconds are over', async () => {
    const screen = open(approvalOf(requestView, start))
    await screen.ready()
    hold(screen.world)
    press(approve())
    await find('[data-action="undo"]')
    screen.world.current = approvalOf(closeView, start, { requestId: 'r2', total: 2 })
    screen.world.push()
    await settled()
    expect(query('[data-action="undo"]')).not.toBeNull()
    screen.wait(3000)
    await vi.waitFor(() => expect(query('h1.sentence')?.textContent).toBe(closeView.sentence))
  })

  it('goes on as well when the wallet is quicker than the countdown is drawn', async () => {
    const screen = open(approvalOf(requestView, start))
    await screen.ready()
    hold(screen.world)
    press(approve())
    await find('[data-action="undo"]')
    screen.world.time += 3000
    screen.world.current = approvalOf(closeView, start, { requestId: 'r2', total: 1 })
    screen.world.push()
    await vi.waitFor(() => expect(query('h1.sentence')?.textContent).toBe(closeView.sentence))
    expect(query('[data-part="over"]')).toBeNull()
  })

  it('says that nothing waits, and closes by itself', async () => {
    const screen = open(approvalOf(requestView, start))
    await screen.ready()
    screen.world.current = null
    query('[data-action="reject"]')?.click()
    await find('[data-part="empty"]')
    expect(screen.calls('approval.decide')[0]).toMatchObject({ decision: 'reject', scope: 'step' })
    expect(screen.calls('approval.close')).toEqual([])
    screen.wait(1600)
    expect(screen.calls('approval.close')).toHaveLength(1)
    screen.wait(5000)
    expect(screen.calls('approval.close')).toHaveLength(1)
  })

  it('shows nothing of a request when the wallet cannot be reached or is locked', async () => {
    const screen = open(approvalOf(requestView, start))
    await screen.ready()
    screen.world.current = null
    screen.world.push()
    await find('[data-part="empty"]')
    expect(document.body.textContent).not.toContain(requestView.peer.id)
  })
})

describe('for a screen reader', () => {
  it('is a dialog named by its sentence, described by its consequence, with a list of steps', async () => {
    open(approvalOf(requestView, start))
    await find('[data-action="reject"]')
    const dialog = query('[role="dialog"]')
    expect(dialog?.getAttribute('aria-modal')).toBe('true')
    const named = document.getElementById(dialog?.getAttribute('aria-labelledby') ?? '')
    const described = document.getElementById(dialog?.getAttribute('aria-describedby') ?? '')
    expect([named?.textContent, described?.textContent]).toEqual([requestView.sentence, requestView.consequence])
    expect(Array.from(document.querySelectorAll('ol.steps li'), (item) => item.textContent)).toEqual([
      '1Confirm, by them, done',
      '2Request, by you, decided now',
      '3Talk, by them, later',
      '4Conclude, by you, later',
      '5Close, by you, later',
    ])
    for (const button of document.querySelectorAll('button')) expect(button.textContent || button.getAttribute('aria-label')).toBeTruthy()
  })
})
