import { type ArmingPhase, armingMs } from './arming.ts'
import { el, svg } from './dom.ts'
import { advanceHold, type Hold, type HoldEvent, holdFraction, noHold } from './hold.ts'

export interface ApproveOptions {
  /** Node with the verb of the view; it becomes the label, and what stands in it is part of what is approved. */
  readonly verb: HTMLElement
  readonly mustHold: boolean
  /** Primary fill, or none where an issue was found. */
  readonly weight: 'primary' | 'plain' | 'danger'
  /** Asked anew at every event; what the button looks like is never trusted. */
  readonly phase: () => ArmingPhase
  readonly monotonic: () => number
  /** Motion is unwanted: what fills steps once a second. */
  readonly coarse: () => boolean
  readonly isTrusted: (event: Event) => boolean
  /** The person approved. Called at most once for a press. */
  readonly approve: () => void
}

export interface ApproveButton {
  readonly node: HTMLButtonElement
  /** Forgets a press or hold in progress: content, queue or focus changed under it. */
  disturb(): void
  /** The peer's first key word was typed: the button becomes a plain one (or a held one again). */
  setWordTyped(typed: boolean): void
  /** Draws the state of the moment; true while it needs drawing again soon. */
  paint(): boolean
  readonly holding: boolean
}

const ring = (): SVGSVGElement =>
  svg(
    'svg',
    { class: 'ring', viewBox: '0 0 20 20', width: 20, height: 20, 'aria-hidden': 'true' },
    svg('circle', { class: 'ring-track', cx: 10, cy: 10, r: 8, fill: 'none' }),
    svg('circle', { class: 'ring-fill', cx: 10, cy: 10, r: 8, fill: 'none', pathLength: 1, 'stroke-dasharray': '1 1', transform: 'rotate(-90 10 10)' }),
  )

/** A press counts only if it began on this button while it was ready: Space or a finger held since before arms nothing. */
export const createApproveButton = (options: ApproveOptions): ApproveButton => {
  let pressed = false
  let hold: Hold = noHold
  let wordTyped = false
  let full = false

  const lead = el('span', { class: 'approve-lead' })
  const face = el('span', { class: 'approve-face' }, lead, options.verb)
  const progress = el('span', { class: 'approve-progress' })
  const fill = ring()
  const node = el(
    'button',
    {
      type: 'button',
      class: `button approve approve-${options.weight}`,
      'data-action': 'approve',
      'aria-disabled': 'true',
      'aria-describedby': 'approve-hint',
    },
    progress,
    face,
    fill,
  )

  const ready = (): boolean => options.phase().name === 'ready'
  const held = (): boolean => options.mustHold && !wordTyped

  const step = (event: HoldEvent): void => {
    const next = advanceHold(hold, event, options.monotonic())
    hold = next.hold
    if (next.confirmed && ready()) options.approve()
    paint()
  }

  const press = (by: 'pointer' | 'key'): void => {
    if (held()) step({ name: 'press', by, ready: ready() })
    else pressed = ready()
  }

  node.addEventListener('pointerdown', (event) => {
    if (options.isTrusted(event) && event.button === 0) press('pointer')
  })
  node.addEventListener('pointerup', (event) => {
    if (held() && options.isTrusted(event)) step({ name: 'release', by: 'pointer' })
  })
  for (const name of ['pointerleave', 'pointercancel', 'blur'] as const)
    node.addEventListener(name, () => {
      pressed = false
      step({ name: 'cancel' })
    })
  node.addEventListener('keydown', (event) => {
    // Enter never approves: it is what a hand types next when a window comes up under it.
    if (event.key === 'Enter') event.preventDefault()
    if (event.key !== ' ') return
    if (event.repeat || held() || !ready()) event.preventDefault()
    if (!event.repeat && options.isTrusted(event)) press('key')
  })
  node.addEventListener('keyup', (event) => {
    if (event.key !== ' ') return
    if (held()) event.preventDefault()
    if (held() && options.isTrusted(event)) step({ name: 'release', by: 'key' })
  })
  node.addEventListener('click', (event) => {
    event.preventDefault()
    const began = pressed
    pressed = false
    if (!options.isTrusted(event) || held() || !ready()) return
    // A click without a press comes from assistive technology (`detail` 0); the shell still wants a real input event.
    if (began || event.detail === 0) options.approve()
  })

  const drawn = (fraction: number): string => {
    const steps = options.coarse() ? (Math.floor((fraction * armingMs) / 1000) * 1000) / armingMs : fraction
    return (fraction >= 1 ? 1 : steps).toFixed(3)
  }

  const paint = (): boolean => {
    const phase = options.phase()
    const done = held() ? holdFraction(hold, options.monotonic()) : 0
    full = done >= 1
    const armed = phase.name === 'ready'
    node.setAttribute('aria-disabled', String(!armed))
    node.dataset.phase = phase.name
    node.dataset.held = String(held())
    node.dataset.hold = hold.name === 'idle' ? 'no' : full ? 'full' : 'held'
    const words = held() ? (full ? 'Let go to ' : 'Hold to ') : ''
    if (lead.textContent !== words) lead.textContent = words
    fill.style.setProperty('--done', drawn(phase.name === 'arming' ? phase.fraction : done))
    progress.style.setProperty('--done', drawn(done))
    return phase.name === 'arming' || hold.name !== 'idle'
  }

  paint()
  return {
    node,
    disturb() {
      pressed = false
      hold = noHold
      paint()
    },
    setWordTyped(typed) {
      wordTyped = typed
      pressed = false
      hold = noHold
      paint()
    },
    paint,
    get holding() {
      return hold.name !== 'idle'
    },
  }
}
