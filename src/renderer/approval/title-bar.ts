import type { KeyPicture } from '../../contract/view.ts'
import { el, isolated } from './dom.ts'
import { clasp, type IconName, icon } from './icons.ts'
import { picture } from './parts.ts'

export interface TitleBar {
  readonly node: HTMLElement
  /** Whose wallet this is; the picture is null while it is locked. */
  showSelf(name: string, of: KeyPicture | null): void
  /** Place in the queue, from 1; nulls hide it. */
  showPlace(position: number | null, total: number | null): void
}

const small = (name: IconName, label: string, press: () => void): HTMLButtonElement => {
  const button = el('button', { type: 'button', class: 'bar-button', 'aria-label': label, title: label }, icon(name, 15, 2))
  button.addEventListener('click', press)
  return button
}

export const createTitleBar = (actions: { move(by: -1 | 1): void; close(): void }): TitleBar => {
  const self = el('span', { class: 'bar-self' })
  const place = el('span', { class: 'bar-place', 'aria-live': 'polite' })
  const before = small('chevronLeft', 'Previous request', () => actions.move(-1))
  const after = small('chevronRight', 'Next request', () => actions.move(1))
  const queue = el('nav', { class: 'bar-queue', 'aria-label': 'Waiting requests' }, before, place, after)
  const close = small('cross', 'Close. Nothing is decided', actions.close)
  close.dataset.action = 'close'
  before.dataset.action = 'previous'
  after.dataset.action = 'next'
  const enable = (button: HTMLButtonElement, on: boolean): void => {
    button.disabled = !on
  }
  return {
    node: el('header', { class: 'bar' }, clasp(16, true), self, queue, close),
    showSelf(name, of) {
      self.replaceChildren(...(of === null ? [] : [picture(of, 18)]), isolated(name, { class: 'bar-name' }))
    },
    showPlace(position, total) {
      queue.hidden = position === null || total === null
      if (position === null || total === null) return
      const text = `Request ${position} of ${total}`
      if (place.textContent !== text) place.textContent = text
      enable(before, position > 1)
      enable(after, position < total)
    },
  }
}
