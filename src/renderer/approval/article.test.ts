// @vitest-environment jsdom

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { View } from '../../contract/view.ts'
import { drawArticle, type Pictures, readArticle } from './article.ts'
import { drawsAll, NotAsDrawn, still } from './drawing.ts'
import {
  abortView,
  acceptOfflineView,
  acceptPinnedView,
  acceptView,
  acceptWaitingView,
  activateView,
  closeSessionView,
  fileView,
  keyView,
  proposeView,
} from './handshake-views.fixture.ts'
import { pictureOf } from './knot.ts'
import { viewHash } from './view-hash.ts'
import { changedView, closeView, confirmView, requestView } from './views.fixture.ts'

const key = (digit: string): string => digit.repeat(64)
const pictures: Pictures = { self: await pictureOf(requestView.self.sign_pub), pinned: await pictureOf(key('1')), presented: await pictureOf(key('2')) }
const named: readonly (readonly [string, View])[] = [
  ['request', requestView],
  ['confirm of a peer without a key', confirmView],
  ['close', closeView],
  ['changed key', changedView],
  ['accept with words', { ...acceptView, rows: acceptView.rows.slice(0, 1) }],
  ['accept of a stranger who is offline', { ...acceptOfflineView, rows: [] }],
  ['key', keyView],
  ['close of a session on two ledgers', closeSessionView],
]

/** Every leaf of a value with its path; an empty list is a leaf of its own. */
const leaves = (value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] => {
  if (Array.isArray(value)) return value.length === 0 ? [path] : value.flatMap((item, index) => leaves(item, [...path, index]))
  if (typeof value === 'object' && value !== null) return Object.entries(value).flatMap(([name, item]) => leaves(item, [...path, name]))
  return [path]
}

const withLeaf = (value: unknown, path: readonly (string | number)[], change: (leaf: unknown) => unknown): unknown => {
  const [head, ...rest] = path
  if (head === undefined) return change(value)
  if (Array.isArray(value)) return value.map((item: unknown, index) => (index === head ? withLeaf(item, rest, change) : item))
  return Object.fromEntries(Object.entries(value ?? {}).map(([name, item]) => [name, name === head ? withLeaf(item, rest, change) : item]))
}

/** Values of the same kind that a leaf could be mistaken or exchanged for; the first three that the contract admits are tried. */
const others = (leaf: unknown): unknown[] => {
  if (Array.isArray(leaf)) return [['added'], [{ label: 'added', value: 'x' }], [{ machine: 'm', public: true, type: 't', fields: [] }]]
  if (typeof leaf === 'boolean') return [!leaf]
  if (leaf === null) return ['', 'null', key('a'), requestView.peer.picture]
  if (typeof leaf === 'number') return [0, 1, 2, 3, 4, 5, leaf + 1, leaf * 10]
  return [
    null,
    '',
    `${String(leaf)} `,
    ` ${String(leaf)}`,
    String(leaf).toUpperCase(),
    `${String(leaf)}\u0301`,
    key('a'),
    'initiator',
    'responder',
    'confirm',
    'request',
    'conclude',
    'close',
    'unknown',
    'seen',
    'pinned',
    'verified',
    'changed',
    'blocked',
    'none',
    'new',
    'waiting',
    'offline',
    'brick',
    'slate',
  ]
}

const mutations = (view: View): { readonly path: string; readonly view: View }[] =>
  leaves(view).flatMap((path) => {
    const seen = new Set([JSON.stringify(View.parse(view))])
    const found: { path: string; view: View }[] = []
    let leaf: unknown
    withLeaf(view, path, (value) => {
      leaf = value
      return value
    })
    for (const other of others(leaf)) {
      const parsed = View.safeParse(withLeaf(view, path, () => other))
      if (found.length === 3) break
      if (!parsed.success || seen.has(JSON.stringify(parsed.data))) continue
      seen.add(JSON.stringify(parsed.data))
      found.push({ path: path.join('.'), view: parsed.data })
    }
    return found
  })

/** All the text and graphics a reader gets, without what only the clock fills in. */
const visible = (view: View): string => {
  const article = drawArticle(view, pictures)
  const body = document.createElement('div')
  body.append(still(article.root), still(article.verb))
  for (const hidden of body.querySelectorAll('[hidden], .sr')) hidden.remove()
  // Attributes that are not seen do not count as drawn; those of graphics do.
  for (const node of body.querySelectorAll('*')) {
    if (node.namespaceURI === 'http://www.w3.org/2000/svg') continue
    for (const name of node.getAttributeNames()) if (!['class', 'style'].includes(name)) node.removeAttribute(name)
  }
  return body.outerHTML
}

const hashOf = async (view: View): Promise<string> => {
  const article = drawArticle(view, pictures)
  return viewHash(readArticle(article, view, pictures))
}

describe.each(named)('drawing of a view: %s', (_name, view) => {
  it('draws every value of it, and the hash of what was drawn is the hash of the view', async () => {
    expect(drawsAll(view, drawArticle(view, pictures).drawing)).toBe(true)
    expect(await hashOf(view)).toBe(await viewHash(view))
  })

  it('tries a change of every single leaf', () => {
    const tried = new Set(mutations(view).map(({ path }) => path))
    // With words in it the state of the comparison can be no other.
    const cannotChange = new Set(['v', 'profile', ...(view.match.state === 'shown' ? ['match.state'] : [])])
    expect(
      leaves(view)
        .map((path) => path.join('.'))
        .filter((path) => !tried.has(path) && !cannotChange.has(path)),
    ).toEqual([])
  })

  it('shows a change of any leaf to the eye, and in the hash', async () => {
    const before = { hash: await hashOf(view), visible: visible(view) }
    const unseen: string[] = []
    const unhashed: string[] = []
    for (const mutation of mutations(view)) {
      if (visible(mutation.view) === before.visible) unseen.push(mutation.path)
      if ((await viewHash(drawArticle(mutation.view, pictures).drawing.readBack())) === before.hash) unhashed.push(mutation.path)
    }
    expect(unseen).toEqual([])
    expect(unhashed).toEqual([])
  })

  it('shows no text that cannot be seen: hidden parts hold none', () => {
    const { root } = drawArticle(view, pictures)
    for (const hidden of root.querySelectorAll('[hidden] li, [hidden] dd')) expect(hidden.textContent).toBe('')
  })
})

it.each([
  ['propose', proposeView],
  ['accept with words', acceptView],
  ['accept, words on their way', acceptWaitingView],
  ['accept of a stranger who is offline', acceptOfflineView],
  ['accept of a known peer who is offline', acceptPinnedView],
  ['activate', activateView],
  ['abort', abortView],
  ['file', fileView],
] as const)('fits the contract and is drawn whole: %s', async (_name, view) => {
  expect(View.safeParse(view).error).toBeUndefined()
  expect(drawsAll(view, drawArticle(view, pictures).drawing)).toBe(true)
  expect(await hashOf(view)).toBe(await viewHash(view))
})

describe('a document that was changed after drawing', () => {
  it('gives no hash, whatever text of it was changed', () => {
    const { root } = drawArticle(requestView, pictures)
    const count = texts(root).length
    expect(count).toBeGreaterThan(60)
    for (let index = 0; index < count; index++) {
      const article = drawArticle(requestView, pictures)
      const text = texts(article.root)[index]
      if (text === undefined) throw new Error('no text')
      text.data += '!'
      expect(() => readArticle(article, requestView, pictures), text.data).toThrow(NotAsDrawn)
    }
  })

  it.each([
    ['a warning removed', (root: Element) => root.querySelector('.band')?.remove()],
    ['a word of trust exchanged', (root: Element) => root.querySelector('.badge span')?.replaceChildren('Pinned')],
    ['a colour of the key picture exchanged', (root: Element) => root.querySelector('.knot-coin')?.setAttribute('fill', '#154A3B')],
    ['a strand of the key picture moved', (root: Element) => root.querySelector('.knot-a')?.setAttribute('d', 'M0 0')],
    ['a fact added', (root: Element) => root.querySelector('.facts-given')?.append(root.querySelector('.facts-given .fact')?.cloneNode(true) ?? '')],
    ['the step marked elsewhere', (root: Element) => root.querySelector('li[aria-current]')?.removeAttribute('aria-current')],
    ['a class that could hide something', (root: Element) => root.querySelector('.sentence')?.classList.add('sr')],
    ['a style that could hide something', (root: Element) => root.querySelector('.sentence')?.setAttribute('style', 'opacity:0')],
    ['something laid over it', (root: Element) => root.append(document.createElement('div'))],
  ])('gives no hash: %s', (_what, change) => {
    const article = drawArticle(closeView, pictures)
    change(article.root)
    expect(() => readArticle(article, closeView, pictures)).toThrow(NotAsDrawn)
  })

  it('gives no hash when the button says something else', () => {
    const article = drawArticle(closeView, pictures)
    article.verb.textContent = 'Cancel'
    expect(() => readArticle(article, closeView, pictures)).toThrow(NotAsDrawn)
  })

  it('gives a hash when only the clock moved on', async () => {
    const article = drawArticle(requestView, pictures)
    const expiry = article.root.querySelector('[data-live="expiry"]')
    expiry?.replaceChildren('Expires in 0:10')
    expiry?.setAttribute('class', 'expiry expiry-late')
    expect(await viewHash(readArticle(article, requestView, pictures))).toBe(await hashOf(requestView))
  })
})

describe('what the reader folds and ticks', () => {
  it('leaves the hash as it is', async () => {
    const article = drawArticle(acceptOfflineView, pictures)
    for (const fold of article.root.querySelectorAll('details')) fold.open = true
    for (const box of article.root.querySelectorAll('input')) box.checked = true
    expect(await viewHash(readArticle(article, acceptOfflineView, pictures))).toBe(await hashOf(acceptOfflineView))
  })

  it('draws no place for a stamp as a value, nor a value as a place for one', async () => {
    const [row] = keyView.rows
    if (row === undefined) throw new Error('no row')
    const withValue = (value: string | null): View => ({ ...keyView, rows: [{ ...row, fields: [{ name: 'zeqond', value }] }] })
    const seen = [null, '', 'stamped when written'].map(withValue)
    expect(new Set(seen.map(visible)).size).toBe(3)
    expect(new Set(await Promise.all(seen.map(hashOf))).size).toBe(3)
  })
})

describe('hostile views', () => {
  it('draws any text as text, whole, and hashes it as the core does', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('<img src=x onerror=alert(1)>', '\u202egnp.exe', 'a\u200bb', ' ', '\n\n', '&amp;', '__proto__'),
    )
    await fc.assert(
      fc.asyncProperty(
        text,
        text,
        text,
        fc.array(text, { maxLength: 6 }),
        fc.array(fc.record({ label: text, value: text }), { maxLength: 12 }),
        async (name, sentence, verb, notice, facts) => {
          const rows = [{ machine: name, public: false, type: verb, fields: facts.map(({ label, value }) => ({ name: label, value })) }]
          const view: View = { ...requestView, peer: { ...requestView.peer, name }, sentence, verb, notice, facts, consequence: sentence + verb, rows }
          const article = drawArticle(view, pictures)
          expect(article.root.querySelector('img, script, iframe')).toBeNull()
          expect(await viewHash(readArticle(article, view, pictures))).toBe(await viewHash(view))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('does not let a name read as no name, or "none" as null', async () => {
    const none = { ...requestView, peer: { ...requestView.peer, name: null } }
    const posing = { ...requestView, peer: { ...requestView.peer, name: 'A peer that claims no name' } }
    expect(await hashOf(none)).not.toBe(await hashOf(posing))
    expect(visible(none)).not.toBe(visible(posing))
  })

  it('is never whole when the view has a field nobody draws', () => {
    const view = { ...requestView, extra: 'hidden' }
    expect(drawsAll(view, drawArticle(view, pictures).drawing)).toBe(false)
  })
})

const texts = (root: Element): Text[] => {
  const found: Text[] = []
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) if (walker.currentNode instanceof Text) found.push(walker.currentNode)
  return found
}
