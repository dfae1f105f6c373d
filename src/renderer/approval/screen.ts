import type { ApprovalBridge } from '../../contract/bridge.ts'
import type { ApprovalDto } from '../../contract/dto.ts'
import type { AppError } from '../../contract/result.ts'
import { createApproveButton } from './approve-button.ts'
import { type ArmingPhase, armingPhase, disturbed, endReached, startArming } from './arming.ts'
import { readArticle } from './article.ts'
import { canonical } from './canonical.ts'
import { decisionFooter, type Footer, type FooterActions, keyChangeFooter, overFooter, undoFooter } from './footer.ts'
import { createFrame } from './frame.ts'
import { isKeyChange } from './key-change.ts'
import { paintExpiry, paintHint, paintUndo } from './paint.ts'
import { hashShown, prepare, type Shown } from './shown.ts'
import { viewHash } from './view-hash.ts'

/** What the screen needs from around it; tests give it a clock and events of their own. */
export interface ScreenPorts {
  readonly bridge: ApprovalBridge
  /** Unix milliseconds. */
  readonly now: () => number
  readonly monotonic: () => number
  /** Calls `run` every `ms` milliseconds for ever. */
  readonly every: (ms: number, run: () => void) => void
  /** Calls `reached` whenever `end` is on screen inside `scroller`; returns what stops it. */
  readonly watchEnd: (scroller: Element, end: Element, reached: () => void) => () => void
  readonly isTrusted: (event: Event) => boolean
  readonly reducedMotion: () => boolean
}

type Mode = 'empty' | 'deciding' | 'sending' | 'undo' | 'over'

const undrawable = 'This version cannot show everything this request is about, so it cannot be approved here.'
const altered = 'The window no longer showed what it was given, so nothing was decided. Here is the request anew.'
const stale = 'What was shown is no longer what would be done. Nothing was decided; here is the request anew.'
const wordsCame = 'The words to compare are here. Nothing was decided; here is the request with them.'
const differReason = 'The words on the two screens differ.'
const goneText = 'This request no longer waits here. Nothing was decided in this window.'
const emptyMs = 1600

/** Runs the approval document in `body`: asks for the request on top, draws it, takes the decision. */
export const startScreen = (body: HTMLElement, ports: ScreenPorts): void => {
  const { bridge, now, monotonic } = ports
  let mode: Mode = 'empty'
  let shown: Shown | null = null
  let footer: Footer | null = null
  let loads = 0
  /** A different request may take the place of the one shown: the person asked for it, or was not looking. */
  let mayReplace = true
  let undoUntil = 0
  /** A decision is on its way; what comes in meanwhile waits for its answer. */
  let busy = false
  let announced = false
  let emptySince: number | null = null
  /** What the person ticked for the request shown; the boxes themselves are never asked. */
  let ticks = { rest: false, uncompared: false }
  let stopWatching = (): void => {}

  const close = (): void => {
    mayReplace = true
    void bridge.invoke('approval.close', {})
  }
  const move = (by: -1 | 1): void => {
    if (mode !== 'deciding' && mode !== 'over') return
    mayReplace = true
    void bridge.invoke('approval.move', { by }).then(() => load())
  }
  const frame = createFrame(body, { move, close })

  const phase = (): ArmingPhase => {
    if (shown === null || mode !== 'deciding') return { name: 'unread' }
    const read = armingPhase(shown.arming, monotonic())
    return read.name !== 'unread' && shown.dto.view.compare && !ticks.uncompared ? { name: 'unticked' } : read
  }

  const disturb = (): void => {
    if (shown === null) return
    shown.arming = disturbed(shown.arming, monotonic())
    shown.approve?.disturb()
  }

  const setFooter = (next: Footer, focus: boolean): void => {
    footer = next
    frame.showFooter(next.node)
    if (focus) next.safe.focus({ preventScroll: true })
  }

  const actions: FooterActions = {
    reject: () => void decide('reject'),
    close,
    next: () => {
      mayReplace = true
      void load()
    },
    undo: () => void undo(),
    toggleAdvanced(button) {
      frame.toggleAdvanced(button)
      disturb()
    },
    wordTyped(matches) {
      shown?.approve?.setWordTyped(matches)
    },
    restTicked(ticked, event) {
      if (!ports.isTrusted(event)) return
      ticks = { ...ticks, rest: ticked }
      disturb()
    },
  }

  const decisionOf = (one: Shown): Footer => (isKeyChange(one.dto.view) ? keyChangeFooter(one.dto, actions) : decisionFooter(one.dto, one.approve, actions))

  const withButton = (one: Shown): Shown => {
    const { view } = one.dto
    one.approve = null
    if (!one.whole && one.dto.issue === null) one.dto = { ...one.dto, issue: undrawable }
    if (one.whole && one.dto.mayApprove && !isKeyChange(view))
      one.approve = createApproveButton({
        verb: one.article.verb,
        mustHold: view.grade === 4,
        weight: one.dto.issue !== null ? 'plain' : view.grade === 4 ? 'danger' : 'primary',
        phase,
        monotonic,
        coarse: ports.reducedMotion,
        isTrusted: ports.isTrusted,
        approve: () => void decide('approve'),
      })
    return one
  }

  const draw = async (dto: ApprovalDto, alert: string | null): Promise<void> => {
    const serial = loads
    const next = await prepare(dto, startArming(monotonic()))
    if (serial !== loads) return
    stopWatching()
    shown = withButton(next)
    mode = 'deciding'
    ticks = { rest: false, uncompared: false }
    mayReplace = false
    announced = false
    emptySince = null
    shown.arming = startArming(monotonic())
    frame.showRequest(shown)
    // The wallet says the same in the issue beside the buttons; once is enough.
    frame.showAlert(alert === stale && dto.issue !== null ? null : alert)
    setFooter(decisionOf(shown), true)
    const watched = shown
    stopWatching = ports.watchEnd(frame.scroller, frame.end, () => {
      watched.arming = endReached(watched.arming, monotonic())
    })
    if (dto.undoUntil !== null) startUndo(Math.max(dto.undoUntil, now() + 250))
    paint()
  }

  const startUndo = (until: number): void => {
    mode = 'undo'
    undoUntil = until
    setFooter(undoFooter(actions), true)
    frame.say('Approved. It can be undone for three seconds.')
    paint()
  }

  const over = (text: string, more: boolean): void => {
    mode = 'over'
    setFooter(overFooter(text, more, actions), true)
    if (shown !== null) shown.approve = null
  }

  const empty = (reason: string | null): void => {
    stopWatching()
    mode = 'empty'
    shown = null
    footer = null
    mayReplace = true
    emptySince = monotonic()
    frame.showEmpty(reason)
  }

  const update = (one: Shown, dto: ApprovalDto): void => {
    const before = one.dto
    one.dto = dto
    frame.showPlace(dto)
    const moved = before.position !== dto.position || before.total !== dto.total
    const judged = before.mayApprove !== dto.mayApprove || before.issue !== dto.issue
    if (moved || judged) disturb()
    if (judged && mode === 'deciding') setFooter(decisionOf(withButton(one)), true)
    if (dto.undoUntil !== null && mode !== 'undo') startUndo(dto.undoUntil)
    else if (dto.undoUntil === null && mode === 'undo' && now() < undoUntil) void draw(dto, null)
  }

  const load = async (alert: string | null = null): Promise<void> => {
    loads += 1
    const serial = loads
    const result = await bridge.invoke('approval.current', {}).catch(() => null)
    if (serial !== loads || busy) return
    if (result === null || !result.ok) return empty(result === null ? 'The wallet could not be reached.' : result.error.text)
    const { approval, selfName } = result.value
    frame.showSelf(selfName)
    // Approved and carried out: what comes next may come. Earlier than that it waits, so that the undo stays where it is.
    if (mode === 'undo' && approval?.requestId !== shown?.dto.requestId) {
      if (now() < undoUntil) return
      mayReplace = true
    }
    if (approval === null) return empty(mode === 'deciding' ? goneText : null)
    if (shown !== null && approval.requestId === shown.dto.requestId && alert === null && !mayReplace) {
      if (canonical(approval.view) === shown.given) return update(shown, approval)
      if (approval.view.match.state === 'shown' && shown.dto.view.match.state !== 'shown') return draw(approval, wordsCame)
      return draw(approval, 'This request changed while it was open. It is shown anew.')
    }
    if (shown === null || mayReplace || approval.requestId === shown.dto.requestId) return draw(approval, alert)
    over(mode === 'over' ? frame.overText() : goneText, true)
  }

  const refused = (error: AppError): void => {
    if (error.code === 'EXPIRED') return over(expiredText(), false)
    mayReplace = true
    void load(error.code === 'STALE' ? stale : `Nothing was decided. ${error.text}`)
  }

  const expiredText = (): string => 'This request has expired. Nothing was decided, and it can no longer be approved.'

  const decide = async (decision: 'approve' | 'reject', reason: string | null = null): Promise<void> => {
    const one = shown
    if (one === null || mode !== 'deciding') return
    const approves = decision === 'approve'
    if (approves && (one.approve === null || phase().name !== 'ready')) return
    mode = 'sending'
    let hash: string
    try {
      hash = await viewHash(readArticle(one.article, one.dto.view, one.pictures))
      if (hash !== one.hash || hash !== hashShown(one)) throw new Error('another hash was shown')
    } catch {
      return draw(one.dto, altered)
    }
    busy = true
    const result = await bridge
      .invoke('approval.decide', {
        requestId: one.dto.requestId,
        viewHash: hash,
        decision,
        scope: approves && ticks.rest && one.dto.view.rest ? 'handshake' : 'step',
        uncompared: approves && ticks.uncompared && one.dto.view.compare,
        reason,
      })
      .catch(() => ({ ok: false, error: { code: 'INTERNAL', text: 'The wallet could not be reached.' } }) as const)
    busy = false
    if (!result.ok) return refused(result.error)
    const until = result.value.undoUntil
    mayReplace = until === null
    if (until !== null) startUndo(Math.max(until, now() + 250))
    return load()
  }

  const undo = async (): Promise<void> => {
    const one = shown
    if (one === null || mode !== 'undo') return
    const result = await bridge.invoke('approval.undo', { requestId: one.dto.requestId }).catch(() => null)
    mode = 'sending'
    mayReplace = true
    return load(result?.ok === true ? 'Undone. Nothing was decided.' : (result?.error.text ?? 'It could not be undone.'))
  }

  const paint = (): void => {
    if (emptySince !== null && monotonic() - emptySince >= emptyMs) {
      emptySince = null
      close()
    }
    if (shown === null) return
    paintExpiry(shown, now())
    if (mode === 'deciding' && now() >= shown.dto.expiresAt) return over(expiredText(), shown.dto.total > 1)
    if (mode === 'deciding' && footer !== null) {
      shown.approve?.paint()
      const current = phase()
      if (shown.approve !== null) paintHint(footer.hint, current, ports.reducedMotion(), frame.scrollToEnd)
      if (current.name === 'ready' && shown.approve !== null && !announced) {
        announced = true
        frame.say(`${shown.dto.view.verb} is ready`)
      }
    }
    if (mode === 'undo' && footer !== null) {
      paintUndo(footer, shown.dto.view.verb, undoUntil - now(), ports.reducedMotion())
      if (now() >= undoUntil) {
        mode = 'sending'
        mayReplace = true
        void load()
      }
    }
  }

  frame.scroller.addEventListener('change', (event) => {
    const box = event.target
    if (!(box instanceof HTMLInputElement)) return
    if (box.dataset.action === 'uncompared' && ports.isTrusted(event)) ticks = { ...ticks, uncompared: box.checked }
    disturb()
  })
  frame.scroller.addEventListener('click', (event) => {
    if (event.target instanceof Element && event.target.closest('[data-action="differ"]') !== null) void decide('reject', differReason)
  })
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return
    event.preventDefault()
    if (shown?.approve?.holding === true) shown.approve.disturb()
    else close()
  })
  window.addEventListener('focus', disturb)
  window.addEventListener('blur', disturb)
  document.addEventListener('visibilitychange', () => {
    disturb()
    // Put away and brought back, perhaps for another request: what is drawn must be what is on top now.
    if (document.visibilityState === 'hidden') mayReplace = true
    else void load()
  })
  bridge.onApproval(() => void load())
  ports.every(50, paint)
  void load()
}
