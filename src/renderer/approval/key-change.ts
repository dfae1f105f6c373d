import type { KeyPicture, View } from '../../contract/view.ts'
import { el } from './dom.ts'
import type { Drawing } from './drawing.ts'
import { type IconName, icon } from './icons.ts'
import { hashCell, isHash, picture } from './parts.ts'
import { drawNotice } from './what.ts'

/** Labels under which the core lists both keys of a changed peer, among the facts of the view. */
const labels = { pinnedKey: 'Key you pinned', pinnedWords: 'Words you pinned', presentedKey: 'Key they use now', presentedWords: 'Words they use now' } as const

const factOf = (view: View, label: string): string | null => view.facts.find((fact) => fact.label === label)?.value ?? null

export const isKeyChange = (view: View): boolean => view.peer.key === 'changed' || view.peer.trust === 'changed'

const keyFact = (view: View, label: string): string | null => {
  const value = factOf(view, label)
  return value !== null && isHash(value) ? value : null
}

const wordsFact = (view: View, label: string): readonly string[] => (factOf(view, label) ?? '').split(' ').filter(Boolean)

/** The signing key pinned before, 64 hex digits, if the view tells it. */
export const pinnedKeyOf = (view: View): string | null => keyFact(view, labels.pinnedKey)

/** The signing key shown instead of it. */
export const presentedKeyOf = (view: View): string | null => keyFact(view, labels.presentedKey) ?? (view.peer.key === 'changed' ? view.peer.sign_pub : null)

const storyLine = (head: string, text: string): HTMLElement => el('p', {}, el('strong', {}, head), ` ${text}`)

const story = (): HTMLElement =>
  el(
    'div',
    { class: 'band band-danger band-story' },
    storyLine('What changed.', 'The peer is known to you, its signing key is new. What it asks is signed by the new key only.'),
    storyLine('Harmless causes.', 'They reinstalled without a backup, or made a new identity.'),
    storyLine('What a bad actor would do.', 'Exactly this: use a known name with a key of their own.'),
  )

interface Side {
  readonly title: string
  readonly sub: string
  readonly key: string | null
  readonly words: readonly string[]
  readonly picture: KeyPicture | null
  readonly kind: 'old' | 'new'
}

const keyCard = (side: Side): HTMLElement =>
  el(
    'section',
    { class: `card key-card key-card-${side.kind}`, 'aria-label': side.title },
    el('div', { class: 'key-card-head' }, picture(side.picture, 46), el('div', {}, el('h2', {}, side.title), el('p', {}, side.sub))),
    el(
      'ul',
      { class: 'key-card-words', dir: 'ltr', translate: 'no' },
      ...side.words.map((word) => el('li', {}, side.kind === 'old' ? el('s', {}, word) : word)),
    ),
    side.key === null ? el('p', { class: 'none' }, 'Not told in this request') : hashCell(side.key),
  )

const waits = (name: IconName, head: string | HTMLElement, text: string): HTMLElement =>
  el('p', { class: 'waits' }, icon(name, 14, 2), el('span', {}, el('strong', {}, head), el('span', {}, text)))

/** In place of the decision: the story in three lines, both keys side by side, what is frozen. Nothing here leads to an approval. */
export const drawKeyChange = (
  view: View,
  drawing: Drawing,
  pictures: { readonly pinned: KeyPicture | null; readonly presented: KeyPicture | null },
): HTMLElement => {
  const sentence = el('span', { id: 'consequence' }, view.sentence)
  drawing.leaf('sentence', sentence)
  const consequence = el('p', { class: 'waits-more' }, view.consequence)
  drawing.leaf('consequence', consequence)
  return el(
    'section',
    { class: 'what', 'aria-label': 'What happened' },
    el('h1', { class: 'sentence', id: 'sentence' }, 'This peer’s key is not the one you pinned'),
    story(),
    el(
      'div',
      { class: 'key-cards' },
      keyCard({
        title: 'Key you pinned',
        sub: 'until now',
        key: pinnedKeyOf(view),
        words: wordsFact(view, labels.pinnedWords),
        picture: pictures.pinned,
        kind: 'old',
      }),
      keyCard({
        title: 'Key they use now',
        sub: 'new to you',
        key: presentedKeyOf(view),
        words: wordsFact(view, labels.presentedWords),
        picture: pictures.presented,
        kind: 'new',
      }),
    ),
    el(
      'div',
      { class: 'card frozen' },
      waits('snowflake', 'Sessions with this peer are frozen.', ' Nothing is sent or read until you decide.'),
      waits('inbox', sentence, '. It cannot be approved while the key is unreviewed.'),
      consequence,
    ),
    drawNotice(view, drawing),
  )
}
