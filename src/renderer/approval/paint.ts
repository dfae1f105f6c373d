import type { ArmingPhase } from './arming.ts'
import { el, textOf } from './dom.ts'
import type { Footer } from './footer.ts'
import { icon } from './icons.ts'
import type { Shown } from './shown.ts'
import { exactText, leftText } from './wording.ts'

const setText = (node: Element, text: string): void => {
  if (textOf(node) !== text) node.textContent = text
}

/** Tenths of a second, or whole ones where motion is unwanted. */
const secondsText = (ms: number, coarse: boolean): string => (coarse ? String(Math.ceil(ms / 1000)) : (Math.ceil(ms / 100) / 10).toFixed(1))

/** Time left until the request expires; in the last quarter it asks for attention. */
export const paintExpiry = (shown: Shown, now: number): void => {
  const { expirySlot, dto } = shown
  const left = dto.expiresAt - now
  const late = left < (dto.expiresAt - dto.createdAt) / 4
  if (expirySlot.firstChild === null) expirySlot.append(icon('clock', 14, 2), el('span', {}), el('strong', {}))
  const [words, time] = [expirySlot.querySelector('span'), expirySlot.querySelector('strong')]
  if (words === null || time === null) return
  setText(words, left > 0 ? 'Expires in' : 'Expired')
  setText(time, left > 0 ? leftText(left) : '')
  const tone = late ? 'expiry expiry-late' : 'expiry'
  if (expirySlot.className !== tone) expirySlot.className = tone
  const title = exactText(dto.expiresAt)
  if (expirySlot.getAttribute('title') !== title) expirySlot.setAttribute('title', title)
}

/** Beside the approve button: why it is not ready yet. */
export const paintHint = (hint: HTMLElement, phase: ArmingPhase, coarse: boolean, toEnd: () => void): void => {
  if (hint.dataset.phase !== phase.name) {
    hint.dataset.phase = phase.name
    if (phase.name === 'unread') {
      const button = el('button', { type: 'button', class: 'quiet-button', 'data-action': 'end' }, 'Read to the end', icon('arrowDown', 13, 2))
      button.addEventListener('click', toEnd)
      hint.replaceChildren(button)
    } else hint.replaceChildren()
  }
  if (phase.name === 'unticked') setText(hint, 'Compare, or tick above')
  if (phase.name === 'arming') setText(hint, `Ready in ${secondsText(phase.left, coarse)}\u00a0s`)
}

export const paintUndo = (footer: Footer, verb: string, left: number, coarse: boolean): void => {
  setText(footer.hint, left > 0 ? `Approved: ${verb}. It begins in ${secondsText(left, coarse)} s` : `Approved: ${verb}`)
  const bar = footer.node.querySelector<HTMLElement>('[data-part="undo-bar"]')
  bar?.style.setProperty('--done', Math.min(1, Math.max(0, (coarse ? Math.ceil(left / 1000) * 1000 : left) / 3000)).toFixed(3))
}
