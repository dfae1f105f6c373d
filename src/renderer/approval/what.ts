import type { View } from '../../contract/view.ts'
import { el, textOf } from './dom.ts'
import type { Drawing } from './drawing.ts'
import { icon } from './icons.ts'
import { verdictOf } from './wording.ts'

/** What the protocol cannot give, or what stays public: said each time, quietly, since it is true each time. */
export const drawNotice = (view: View, drawing: Drawing): HTMLElement => {
  const { notice } = view
  const list = el('ul', { class: 'notice-lines' }, ...notice.map((line) => el('li', {}, line)))
  drawing.leaf('notice', list, (node) => Array.from(node.querySelectorAll('li'), textOf))
  const head = view.profile === 'hs' ? 'This protocol protects less' : 'This stays'
  return el(
    'div',
    { class: view.profile === 'hs' ? 'notice' : 'notice notice-plain', hidden: notice.length === 0 },
    icon(view.profile === 'hs' ? 'history' : 'eye', 15, 1.9),
    el('div', {}, el('p', { class: 'notice-head' }, head), list),
  )
}

/** Consequence: a sentence for what is told or public, a band for what shares a secret or ends something. */
const consequence = (view: View, drawing: Drawing): HTMLElement => {
  if (view.grade < 3) {
    const line = el('p', { class: 'consequence', id: 'consequence' }, view.consequence)
    drawing.leaf('consequence', line)
    return line
  }
  const [verdict, rest] = verdictOf(view.consequence)
  const text = el('p', { id: 'consequence' }, el('strong', {}, verdict), rest)
  drawing.leaf('consequence', text)
  return el('div', { class: view.grade === 4 ? 'band band-danger' : 'band band-caution' }, icon('triangle', 16, 2), text)
}

/** WHAT: the one sentence that is decided, and what follows from it. */
export const drawWhat = (view: View, drawing: Drawing): HTMLElement => {
  const sentence = el('h1', { class: 'sentence', id: 'sentence' }, view.sentence)
  drawing.leaf('sentence', sentence)
  return el('section', { class: 'what', 'aria-label': 'What is decided' }, sentence, consequence(view, drawing), drawNotice(view, drawing))
}
