import type { View } from '../../contract/view.ts'
import type { Json } from './canonical.ts'
import { el, textOf } from './dom.ts'
import type { Drawing } from './drawing.ts'
import { icon } from './icons.ts'

const waitingText = 'The two words to compare are on their way.'
const offlineText = 'The peer is offline, so there are no words to compare.'
const askText = 'This is a first contact: only the words tell this request from one that somebody put between you.'

/** Two words and a colour with its name; the chip without the name would say nothing to many. */
const shownWords = (words: readonly string[], chip: string): HTMLElement =>
  el(
    'div',
    { class: 'match-line' },
    el('span', { class: `match-chip chip-${chip}`, 'aria-hidden': 'true' }),
    el('span', { class: 'match-chip-name' }, chip),
    el('span', { class: 'match-words', dir: 'ltr', translate: 'no' }, ...words.map((word) => el('span', { class: 'match-word' }, word))),
  )

const readMatch = (node: Element): Json => {
  if (node.hasAttribute('hidden')) return { state: 'none' }
  const words = node.querySelector('.match-words')
  if (words !== null)
    return {
      state: 'shown',
      value: { words: Array.from(words.querySelectorAll('.match-word'), textOf), chip: textOf(node.querySelector('.match-chip-name') ?? node) },
    }
  const said = textOf(node.querySelector('.match-missing') ?? node)
  return { state: said === waitingText ? 'waiting' : said === offlineText ? 'offline' : said }
}

/** `compare` is drawn as the tick that must be set before anything may be approved, and said once more among the facts. */
const compareTick = (): HTMLElement =>
  el(
    'div',
    { class: 'match-ask' },
    el('p', {}, askText),
    el('label', { class: 'tick' }, el('input', { type: 'checkbox', 'data-action': 'uncompared' }), el('span', {}, 'Continue without comparing')),
  )

const missing = (view: View): HTMLElement =>
  el(
    'p',
    { class: 'match-missing-line' },
    icon('clock', 15, 2),
    el('span', { class: 'match-missing' }, view.match.state === 'waiting' ? waitingText : offlineText),
  )

/** The words that both screens show for one proposal, or why there are none; hidden where comparing is no part of the step. */
export const drawMatch = (view: View, drawing: Drawing): HTMLElement => {
  const { match } = view
  const none = match.state === 'none' && !view.compare
  const head = match.state === 'shown' ? el('p', { class: 'match-head' }, 'Their screen must show the same two words and the same colour.') : null
  const said = el(
    'div',
    { class: 'match-said', hidden: match.state === 'none' },
    head,
    match.state === 'shown' ? shownWords(match.value.words, match.value.chip) : missing(view),
  )
  if (match.state === 'none') said.replaceChildren()
  drawing.leaf('match', said, readMatch)
  return el(
    'section',
    { class: 'card match', 'aria-label': 'Words to compare', hidden: none },
    el(
      'div',
      { class: 'match-row' },
      said,
      match.state === 'shown' ? el('button', { type: 'button', class: 'small-button', 'data-action': 'differ' }, 'They differ') : null,
    ),
    view.compare ? compareTick() : null,
  )
}
