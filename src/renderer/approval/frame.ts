import type { ApprovalDto } from '../../contract/dto.ts'
import { canonical } from './canonical.ts'
import { el, isolated, svg, textOf } from './dom.ts'
import { clasp } from './icons.ts'
import { readCell } from './parts.ts'
import type { Shown } from './shown.ts'
import { createTitleBar } from './title-bar.ts'

export interface Frame {
  readonly scroller: HTMLElement
  /** Last thing of what must be read; reached when it is on screen. */
  readonly end: HTMLElement
  showRequest(shown: Shown): void
  showPlace(dto: ApprovalDto): void
  showSelf(name: string): void
  showEmpty(reason: string | null): void
  showFooter(footer: HTMLElement): void
  showAlert(text: string | null): void
  toggleAdvanced(button: HTMLButtonElement): void
  scrollToEnd(): void
  /** Says something once, to a screen reader. */
  say(text: string): void
  overText(): string
}

/** Two strands that do not meet yet. */
const emptyMotif = (): SVGSVGElement =>
  svg(
    'svg',
    { class: 'empty-motif', viewBox: '0 0 220 96', width: 220, height: 96, fill: 'none', 'aria-hidden': 'true' },
    svg('path', { class: 'motif-ours', d: 'M10 34H86C104 34 104 62 122 62H210' }),
    svg('path', { class: 'motif-theirs', d: 'M10 62H86C104 62 104 34 122 34H210' }),
    svg('circle', { class: 'motif-ours-dot', cx: 40, cy: 34, r: 5 }),
    svg('circle', { class: 'motif-theirs-dot', cx: 180, cy: 34, r: 5 }),
  )

const emptyView = (reason: string | null): HTMLElement =>
  el(
    'section',
    { class: 'empty', 'data-part': 'empty' },
    emptyMotif(),
    el('h1', { class: 'sentence', id: 'sentence' }, 'Nothing waits for you'),
    el('p', { class: 'consequence', id: 'consequence' }, reason ?? 'This window closes by itself.'),
  )

/** The parts of the window that stay: title bar, alert, scrolling middle, footer, live region. */
export const createFrame = (body: HTMLElement, actions: { move(by: -1 | 1): void; close(): void }): Frame => {
  const bar = createTitleBar(actions)
  const alert = el('div', { class: 'alert', role: 'alert', 'data-part': 'alert', hidden: true })
  const end = el('div', { class: 'end', 'aria-hidden': 'true', 'data-part': 'end' })
  const advanced = el('section', { class: 'card advanced', id: 'advanced', 'aria-label': 'The view as canonical JSON', hidden: true })
  const scroller = el('main', { class: 'middle', tabindex: 0, 'aria-label': 'Request' })
  const footerSlot = el('div', { class: 'footer-slot' })
  const live = el('div', { class: 'sr', role: 'status', 'aria-live': 'polite' })
  const toast = el('div', { class: 'toast', hidden: true }, 'Copied')
  const dialog = el(
    'div',
    { class: 'window', role: 'dialog', 'aria-modal': 'true', 'aria-labelledby': 'sentence', 'aria-describedby': 'consequence' },
    bar.node,
    alert,
    scroller,
    footerSlot,
    toast,
  )
  body.replaceChildren(dialog, live)

  const showAlert = (text: string | null): void => {
    alert.hidden = text === null
    alert.textContent = text ?? ''
  }

  scroller.addEventListener('click', (event) => {
    const cell = event.target instanceof Element ? event.target.closest('[data-copy]') : null
    if (cell !== null) copy(readCell(cell))
  })

  /** The clipboard API asks for a permission that no window of ours has; the copy command needs only the click. */
  const copy = (text: string): void => {
    const give = (event: ClipboardEvent): void => {
      event.preventDefault()
      event.clipboardData?.setData('text/plain', text)
    }
    document.addEventListener('copy', give, { once: true })
    const done = document.execCommand('copy')
    document.removeEventListener('copy', give)
    if (!done) return
    live.textContent = 'Copied'
    toast.hidden = false
    setTimeout(() => {
      toast.hidden = true
    }, 1500)
  }

  return {
    scroller,
    end,
    showRequest(shown) {
      const { view } = shown.dto
      bar.showSelf(view.self.name, shown.pictures.self)
      bar.showPlace(shown.dto.position, shown.dto.total)
      const json = isolated(canonical(view), { class: 'mono json' })
      advanced.hidden = true
      advanced.replaceChildren(
        el('h2', { class: 'card-title' }, 'The view, as canonical JSON'),
        json,
        el('p', { class: 'footer-note' }, 'SHA-256 of “countersign.view.v1”, a zero byte and this text is the hash that is approved.'),
      )
      scroller.replaceChildren(shown.article.root, end, advanced)
      scroller.scrollTop = 0
    },
    showPlace(dto) {
      bar.showPlace(dto.position, dto.total)
    },
    showSelf(name) {
      if (textOf(bar.node.querySelector('.bar-self') ?? bar.node) !== name) bar.showSelf(name, null)
    },
    showEmpty(reason) {
      bar.showPlace(null, null)
      showAlert(null)
      scroller.replaceChildren(emptyView(reason))
      footerSlot.replaceChildren(el('footer', { class: 'footer footer-empty' }, clasp(16, true)))
    },
    showFooter(footer) {
      footerSlot.replaceChildren(footer)
    },
    showAlert,
    toggleAdvanced(button) {
      advanced.hidden = !advanced.hidden
      button.setAttribute('aria-expanded', String(!advanced.hidden))
      if (!advanced.hidden) advanced.scrollIntoView?.({ block: 'start' })
    },
    scrollToEnd() {
      end.scrollIntoView?.({ block: 'end' })
    },
    say(text) {
      live.textContent = text
    },
    overText: () => textOf(footerSlot.querySelector('[data-part="over"]') ?? footerSlot),
  }
}
