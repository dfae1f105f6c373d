import type { KeyPicture, View } from '../../contract/view.ts'
import type { Json } from './canonical.ts'
import { el } from './dom.ts'
import { createDrawing, type Drawing, NotAsDrawn, still } from './drawing.ts'
import { drawFacts } from './facts.ts'
import { drawKeyChange, isKeyChange } from './key-change.ts'
import { drawMatch } from './match.ts'
import { drawRows } from './rows.ts'
import { drawWhich } from './strip.ts'
import { drawWhat } from './what.ts'
import { drawWho } from './who.ts'

/** Pictures that are derived here from keys, before drawing, since hashing is asynchronous. */
export interface Pictures {
  readonly self: KeyPicture
  /** Of the key pinned before and the one shown instead, where it changed. */
  readonly pinned: KeyPicture | null
  readonly presented: KeyPicture | null
}

export interface Article {
  readonly root: HTMLElement
  /** The label of the approve button, which stands outside the article. */
  readonly verb: HTMLElement
  readonly drawing: Drawing
}

/** The whole request in its fixed order WHO, WHAT, words to compare, WHICH, rows, facts. Pure but for the nodes it makes. */
export const drawArticle = (view: View, pictures: Pictures): Article => {
  const drawing = createDrawing()
  const changed = isKeyChange(view)
  const verb = el('span', { class: 'verb' }, view.verb)
  drawing.leaf('verb', verb)
  const root = el(
    'article',
    { class: 'article' },
    drawWho(view, drawing, changed ? pictures : null),
    changed ? drawKeyChange(view, drawing, pictures) : drawWhat(view, drawing),
    drawMatch(view, drawing),
    drawWhich(view, drawing, pictures.self),
    drawRows(view, drawing),
    drawFacts(view, drawing),
  )
  return { root, verb, drawing }
}

/**
 * The values as the document shows them now. Beyond reading each value where it was drawn, the document as it stands
 * must equal a fresh drawing of those values: a sentence, a warning or a hash changed anywhere in it, by whatever
 * means, makes this throw `NotAsDrawn` rather than give a hash.
 */
export const readArticle = (article: Article, view: View, pictures: Pictures): Json => {
  const values = article.drawing.readBack()
  const fresh = drawArticle(view, pictures)
  if (!still(article.root).isEqualNode(still(fresh.root)) || !article.verb.isEqualNode(fresh.verb)) throw new NotAsDrawn('the document')
  return values
}
