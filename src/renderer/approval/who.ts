import type { KeyPicture, View } from '../../contract/view.ts'
import { el } from './dom.ts'
import { type Drawing, readNumber, readOptional } from './drawing.ts'
import { isKeyChange } from './key-change.ts'
import { keyWords, optional, picture, readPicture, readWords, trustBadge } from './parts.ts'
import { dayText } from './wording.ts'

const sessionsBefore = (count: number, drawing: Drawing): HTMLElement => {
  const number = el('span', {}, String(count))
  drawing.leaf('peer.sessions_before', number, readNumber)
  return el('span', {}, number, count === 1 ? ' session before' : ' sessions before')
}

const words = (view: View, drawing: Drawing): HTMLElement => {
  const node = view.peer.words.length === 0 ? el('span', { class: 'none' }, 'No key known yet, so no key words') : keyWords(view.peer.words)
  drawing.leaf('peer.words', node, readWords)
  // Beside a changed key it must be plain whose words these are.
  const whose = isKeyChange(view) ? el('span', { class: 'whose' }, view.peer.key === 'changed' ? 'New words ' : 'Pinned words ') : null
  return el('p', { class: 'who-words' }, whose, node)
}

const name = (view: View, drawing: Drawing): HTMLElement => {
  const node = optional(view.peer.name, 'A peer that claims no name', { class: 'who-name' })
  drawing.leaf('peer.name', node, readOptional)
  // Verified speaks of the key; only then may the name stand without the reservation.
  const claims = view.peer.name === null || view.peer.trust === 'verified' ? null : el('span', { class: 'claims' }, 'claims to be ')
  return el('p', { class: 'who-line' }, claims, node)
}

/** WHO: picture, name as claimed, key words, trust, history. `halves` are the pictures of the old and the new key, where it changed. */
export const drawWho = (
  view: View,
  drawing: Drawing,
  halves: { readonly pinned: KeyPicture | null; readonly presented: KeyPicture | null } | null,
): HTMLElement => {
  const knot = picture(view.peer.picture, 54)
  if (halves === null) drawing.leaf('peer.picture', knot, readPicture)
  const half = (of: KeyPicture | null, side: string): HTMLElement => el('span', { class: `half half-${side}` }, picture(of, 58))
  const face = halves === null ? knot : el('span', { class: 'halves' }, half(halves.pinned, 'old'), half(halves.presented, 'new'))
  return el(
    'section',
    { class: 'who', 'aria-label': 'Who asks' },
    el('div', { class: 'who-face' }, face),
    el(
      'div',
      { class: 'who-text' },
      el('div', { class: 'who-head' }, name(view, drawing), trustBadge(view.peer.trust, drawing)),
      words(view, drawing),
      el('p', { class: 'who-seen' }, 'First seen ', el('time', {}, dayText(view.peer.first_seen)), ' · ', sessionsBefore(view.peer.sessions_before, drawing)),
    ),
  )
}
