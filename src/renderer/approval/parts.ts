import type { KeyPicture, TrustState } from '../../contract/view.ts'
import { el, isolated, textOf } from './dom.ts'
import type { Drawing } from './drawing.ts'
import { clasp, icon } from './icons.ts'
import { drawKnot, drawNoKnot, readKnot } from './knot.ts'
import { trustWords } from './wording.ts'

const groupsOf = (digits: string): string[] => digits.match(/.{1,8}/g) ?? []

/**
 * A whole hash or key: groups of 8 hex digits, four a line, the ends bold, so that it can be compared and heard group
 * by group. A click or Enter copies the whole.
 */
export const hashCell = (digits: string): HTMLButtonElement =>
  el(
    'button',
    { type: 'button', class: 'hash', dir: 'ltr', 'data-copy': true, title: 'Copy' },
    ...groupsOf(digits).flatMap((group, index, all) => [
      index === 0 ? null : ' ',
      el('span', { class: index === 0 || index === all.length - 1 ? 'hash-end' : null }, group),
    ]),
  )

/** The value of a cell: of a hash without the spaces between its groups. */
export const readCell = (node: Element): string => (node.classList.contains('hash') ? textOf(node).replaceAll(' ', '') : textOf(node))

export const isHash = (value: string): boolean => /^[0-9a-f]{64}$/.test(value)

/** Any value of a fact: hashes in groups, everything else as it is. */
export const valueCell = (value: string): HTMLElement => (isHash(value) ? hashCell(value) : isolated(value, { class: 'mono' }))

/** One row of the facts: label and value. */
export const factRow = (label: string | HTMLElement, value: HTMLElement): HTMLElement => el('div', { class: 'fact' }, el('dt', {}, label), el('dd', {}, value))

/** A value that may be missing, and then says so in words. */
export const optional = (value: string | null, none: string, attributes: Readonly<Record<string, string>> = {}): HTMLElement =>
  value === null ? el('span', { ...attributes, class: 'none', 'data-none': true }, none) : isolated(value, attributes)

export const picture = (of: KeyPicture | null, size: number): SVGSVGElement => (of === null ? drawNoKnot(size) : drawKnot(of, size))

export const readPicture = (node: Element) => {
  const read = readKnot(node)
  return read === null ? null : { a: read.a, b: read.b, A: read.A, B: read.B }
}

export const trustBadge = (trust: TrustState, drawing: Drawing): HTMLElement => {
  const { word, icon: name, tone } = trustWords[trust]
  const text = el('span', {}, word)
  drawing.leaf('peer.trust', text, (node) => Object.entries(trustWords).find(([, entry]) => entry.word === textOf(node))?.[0] ?? null)
  return el('span', { class: `badge badge-${tone}`, 'data-trust': trust }, name === 'clasp' ? clasp(12, false) : icon(name, 12, 2.2), text)
}

/** Key words between middle dots; the dots are style. */
export const keyWords = (words: readonly string[]): HTMLElement =>
  el('span', { class: 'words', dir: 'ltr', translate: 'no' }, ...words.map((word) => el('span', { class: 'word' }, word)))

export const readWords = (node: Element): string[] => Array.from(node.querySelectorAll('.word'), textOf)
