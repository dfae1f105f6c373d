import type { View } from '../../contract/view.ts'
import { el, isolated, textOf } from './dom.ts'
import { type Drawing, readBoolean, readNumber } from './drawing.ts'
import { icon } from './icons.ts'
import { factRow, readCell, valueCell } from './parts.ts'
import { gradeWords } from './wording.ts'

const cell = (value: string | null, path: string, drawing: Drawing): HTMLElement => {
  const node = value === null ? el('span', { class: 'none', 'data-none': true }, 'Not known yet') : valueCell(value)
  drawing.leaf(path, node, (drawn) => (drawn.hasAttribute('data-none') ? null : readCell(drawn)))
  return node
}

const keyStanding: Readonly<Record<View['peer']['key'], string>> = {
  none: 'no key shown yet',
  new: 'not pinned before',
  pinned: 'the one you pinned',
  changed: 'not the one you pinned',
}

const text = (value: string, path: string, drawing: Drawing): HTMLElement => {
  const node = isolated(value, { class: 'mono' })
  drawing.leaf(path, node)
  return node
}

const number = (value: number, path: string, drawing: Drawing): HTMLElement => {
  const node = el('span', { class: 'mono' }, String(value))
  drawing.leaf(path, node, readNumber)
  return node
}

const yesNo = (value: boolean, path: string, drawing: Drawing): HTMLElement => {
  const node = el('span', { class: 'mono' }, value ? 'yes' : 'no')
  drawing.leaf(path, node, readBoolean)
  return node
}

interface Given {
  readonly list: HTMLElement
  /** The drawn values, in order. */
  readonly values: readonly HTMLElement[]
}

const given = (view: View, drawing: Drawing): Given => {
  const values = view.facts.map(({ value }) => valueCell(value))
  const list = el(
    'dl',
    { class: 'facts facts-given', hidden: values.length === 0 },
    ...view.facts.map(({ label }, index) => factRow(isolated(label), values[index] ?? el('span'))),
  )
  drawing.leaf('facts', list, (node) =>
    Array.from(node.children, (row) => ({ label: textOf(row.querySelector('dt') ?? row), value: readCell(row.querySelector('dd')?.firstElementChild ?? row) })),
  )
  return { list, values }
}

const peerRows = [
  { path: 'peer.id', label: 'Their id', of: (view: View) => view.peer.id },
  { path: 'peer.sign_pub', label: 'Their key', of: (view: View) => view.peer.sign_pub },
  { path: 'peer.kx_pub', label: 'Exchange key', of: (view: View) => view.peer.kx_pub },
] as const

/** Id and whole keys of the peer. One that stands among the facts of the view already is read from there and not said twice. */
const peerFacts = (view: View, facts: Given, drawing: Drawing): HTMLElement => {
  const rows = peerRows.flatMap(({ path, label, of }) => {
    const value = of(view)
    const there = value === null ? undefined : facts.values[view.facts.findIndex((fact) => fact.value === value)]
    if (there === undefined) return [factRow(label, cell(value, path, drawing))]
    drawing.leaf(path, there, readCell)
    return []
  })
  return el('dl', { class: 'facts', hidden: rows.length === 0 }, ...rows)
}

/** The remaining values the decision is bound to. Nothing is hashed that does not stand here or above. */
const bound = (view: View, drawing: Drawing): HTMLElement =>
  el(
    'dl',
    { class: 'facts facts-bound' },
    factRow('Their key is', el('span', { class: 'row' }, text(view.peer.key, 'peer.key', drawing), el('span', { class: 'quiet' }, keyStanding[view.peer.key]))),
    factRow('You', el('span', { class: 'stack' }, text(view.self.name, 'self.name', drawing), text(view.self.id, 'self.id', drawing))),
    factRow('Your key', cell(view.self.sign_pub, 'self.sign_pub', drawing)),
    factRow(
      'Step',
      el(
        'span',
        { class: 'row' },
        text(view.profile, 'profile', drawing),
        text(view.step, 'step', drawing),
        el('span', { class: 'quiet' }, 'as'),
        text(view.role, 'role', drawing),
        el('span', { class: 'quiet' }, 'view'),
        number(view.v, 'v', drawing),
      ),
    ),
    factRow('Button', text(view.verb, 'verb', drawing)),
    factRow('Consequence', el('span', { class: 'row' }, number(view.grade, 'grade', drawing), el('span', { class: 'quiet' }, gradeWords[view.grade]))),
    factRow(
      'Valid for',
      el('span', { class: 'row' }, number(view.expires_in, 'expires_in', drawing), el('span', { class: 'quiet' }, 'seconds after it was asked')),
    ),
    factRow(
      'May cover',
      el(
        'span',
        { class: 'row' },
        yesNo(view.rest, 'rest', drawing),
        el('span', { class: 'quiet' }, view.rest ? 'the rest of this handshake, if you tick it' : 'this step only'),
      ),
    ),
    factRow(
      'Needs a tick',
      el(
        'span',
        { class: 'row' },
        yesNo(view.compare, 'compare', drawing),
        el('span', { class: 'quiet' }, view.compare ? 'to continue without comparing' : 'nothing is left uncompared'),
      ),
    ),
    factRow('First seen', text(view.peer.first_seen, 'peer.first_seen', drawing)),
  )

/** The facts: whole keys, whatever the core adds, all other values, and last the hash of everything above. */
export const drawFacts = (view: View, drawing: Drawing): HTMLElement => {
  const facts = given(view, drawing)
  return el(
    'section',
    { class: 'card evidence', 'aria-label': 'What you approve, in full' },
    el('h2', { class: 'card-title' }, icon('key', 15, 1.9), 'What you approve, in full'),
    peerFacts(view, facts, drawing),
    facts.list,
    bound(view, drawing),
    el('dl', { class: 'facts facts-hash' }, factRow('You approve', el('span', { 'data-live': 'hash' }))),
  )
}
