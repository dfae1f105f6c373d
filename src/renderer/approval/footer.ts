import type { ApprovalDto } from '../../contract/dto.ts'
import type { ApproveButton } from './approve-button.ts'
import { el } from './dom.ts'
import { icon } from './icons.ts'
import { isKeyChange } from './key-change.ts'
import { rejectLabel, restOf } from './wording.ts'

export interface Footer {
  readonly node: HTMLElement
  /** Where the keyboard starts: the choice that does least. */
  readonly safe: HTMLElement
  readonly hint: HTMLElement
}

export interface FooterActions {
  reject(): void
  close(): void
  next(): void
  undo(): void
  toggleAdvanced(button: HTMLButtonElement): void
  wordTyped(matches: boolean): void
  /** The tick “approve the rest of this handshake”. */
  restTicked(ticked: boolean, event: Event): void
}

const button = (label: string, action: string, kind: string, press: () => void): HTMLButtonElement => {
  const node = el('button', { type: 'button', class: `button ${kind}`, 'data-action': action }, label)
  node.addEventListener('click', press)
  return node
}

const advanced = (actions: FooterActions): HTMLButtonElement => {
  const node = el(
    'button',
    { type: 'button', class: 'quiet-button', 'aria-expanded': 'false', 'aria-controls': 'advanced', 'data-action': 'advanced' },
    'Advanced',
    icon('chevronDown', 13, 2),
  )
  node.addEventListener('click', () => actions.toggleAdvanced(node))
  return node
}

const hintNode = (): HTMLElement => el('span', { class: 'hint', id: 'approve-hint', 'data-part': 'hint' })

/** Alternative to holding, for whoever cannot hold a key or pointer: type the first key word of the peer. */
const wordField = (word: string, actions: FooterActions): HTMLElement => {
  const input = el('input', {
    type: 'text',
    class: 'word-input',
    placeholder: 'word 1',
    autocomplete: 'off',
    spellcheck: 'false',
    'data-part': 'word',
    maxlength: 32,
  })
  input.addEventListener('input', () => actions.wordTyped(input.value.trim().toLowerCase() === word.toLowerCase()))
  return el('label', { class: 'word-label' }, 'or type their first key word', input)
}

const restTick = (view: ApprovalDto['view'], actions: FooterActions): HTMLElement => {
  const box = el('input', { type: 'checkbox', 'data-action': 'rest' })
  box.addEventListener('change', (event) => actions.restTicked(box.checked, event))
  const steps = restOf(view)
  return el('label', { class: 'tick' }, box, el('span', {}, `Approve the rest of this handshake${steps === '' ? '' : `: ${steps}`}`))
}

const issueLine = (issue: string | null): HTMLElement | null =>
  issue === null ? null : el('p', { class: 'issue', 'data-part': 'issue', role: 'alert' }, icon('triangle', 15, 2), el('span', {}, issue))

/** Reject and approve, with the ways to confirm above them. */
export const decisionFooter = (dto: ApprovalDto, approve: ApproveButton | null, actions: FooterActions): Footer => {
  const { view } = dto
  const swapped = dto.issue !== null || approve === null
  const reject = button(rejectLabel(view), 'reject', swapped ? 'solid reject' : 'neutral reject', actions.reject)
  const hint = hintNode()
  const first = view.peer.words[0]
  const holds = approve !== null && view.grade === 4
  const upper = holds
    ? el(
        'div',
        { class: 'footer-row' },
        el('span', { class: 'how' }, 'Hold the button or ', el('kbd', {}, 'Space'), ' for 1.2 s'),
        first === undefined ? null : wordField(first, actions),
      )
    : null
  return {
    node: el(
      'footer',
      { class: 'footer' },
      issueLine(dto.issue),
      el('div', { class: 'footer-row' }, view.rest && approve !== null ? restTick(view, actions) : el('span', {}), advanced(actions)),
      upper,
      el('div', { class: 'footer-row buttons' }, reject, hint, approve?.node ?? null),
    ),
    safe: reject,
    hint,
  }
}

/** A changed key: there is no approve button, and leaving it frozen is what the keyboard starts on. */
export const keyChangeFooter = (dto: ApprovalDto, actions: FooterActions): Footer => {
  const keep = button('Keep frozen', 'keep-frozen', 'neutral', actions.close)
  return {
    node: el(
      'footer',
      { class: 'footer' },
      issueLine(isKeyChange(dto.view) ? null : dto.issue),
      el(
        'div',
        { class: 'footer-row buttons' },
        keep,
        advanced(actions),
        el('span', { class: 'hint' }),
        button('Reject this request', 'reject', 'leads-to-danger', actions.reject),
      ),
      el(
        'p',
        { class: 'footer-note' },
        dto.issue ?? 'Compare the new key words with them over a call or in person. Forgetting the peer is done on its page in Peers.',
      ),
    ),
    safe: keep,
    hint: hintNode(),
  }
}

/** After an approval by hand: nothing has happened yet, and for three seconds nothing does. */
export const undoFooter = (actions: FooterActions): Footer => {
  const undo = button('Undo', 'undo', 'neutral', actions.undo)
  const hint = hintNode()
  return {
    node: el(
      'footer',
      { class: 'footer footer-undo' },
      el('div', { class: 'undo-line' }, el('span', { class: 'undo-bar', 'data-part': 'undo-bar' })),
      el('div', { class: 'footer-row buttons' }, undo, hint),
    ),
    safe: undo,
    hint,
  }
}

/** The request can no longer be decided; it is not replaced by another under the reader's eyes. */
export const overFooter = (text: string, more: boolean, actions: FooterActions): Footer => {
  const close = button('Close', 'close-window', 'neutral', actions.close)
  const next = button('Next request', 'next-request', 'neutral wide', actions.next)
  return {
    node: el(
      'footer',
      { class: 'footer' },
      el('p', { class: 'issue', 'data-part': 'over', role: 'alert' }, icon('clock', 15, 2), el('span', {}, text)),
      el('div', { class: 'footer-row buttons' }, close, el('span', { class: 'hint' }), more ? next : null),
    ),
    safe: close,
    hint: hintNode(),
  }
}
