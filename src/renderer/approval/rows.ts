import type { View } from '../../contract/view.ts'
import type { Json } from './canonical.ts'
import { el, isolated, textOf } from './dom.ts'
import type { Drawing } from './drawing.ts'
import { icon } from './icons.ts'
import { readCell, valueCell } from './parts.ts'

type Row = View['rows'][number]

const counts = ['No row', 'One row', 'Two rows', 'Three rows', 'Four rows'] as const
const publicWord = 'Public'
const privateWord = 'Not public'

/** A place that is stamped when the step is carried out; nothing is guessed for it. */
const slot = (): HTMLElement => el('span', { class: 'slot', 'data-none': true }, el('span', { class: 'sr' }, 'stamped when written'))

const field = ({ name, value }: Row['fields'][number]): HTMLElement =>
  el('div', { class: value === null ? 'field field-slot' : 'field' }, el('dt', {}, isolated(name)), el('dd', {}, value === null ? slot() : valueCell(value)))

const readField = (node: Element): Json => {
  const value = node.querySelector('dd')?.firstElementChild ?? node
  return { name: textOf(node.querySelector('dt') ?? node), value: value.hasAttribute('data-none') ? null : readCell(value) }
}

const readRow = (node: Element): Json => ({
  machine: textOf(node.querySelector('.row-machine') ?? node),
  public: readPublic(node.querySelector('.row-public-word')),
  type: textOf(node.querySelector('.row-type') ?? node),
  fields: Array.from(node.querySelectorAll('.field'), readField),
})

/** Neither of the two words is no boolean, and so never equals what was sent. */
const readPublic = (node: Element | null): Json => {
  const word = node === null ? '' : textOf(node)
  return word === publicWord ? true : word === privateWord ? false : word
}

/** What a reader of the row learns, told from the fields that are in it. */
const lessons: readonly (readonly [names: readonly string[], text: string])[] = [
  [['self_pubkey', 'self_genesis', 'sign_pub'], 'Who: your ledger and your signing key.'],
  [['peer_pubkey', 'peer_genesis', 'peer_slug'], 'With whom: the peer’s ledger and signing key.'],
  [['session_nonce'], 'Which handshake: a number that ties its rows together.'],
  [['suites', 'suite', 'ecdh_pub', 'kem'], 'How: the method of the key, and public halves made for this session only.'],
  [['ack_hash', 'peer_keyed_hash', 'peer_active_hash', 'peer_head'], 'What you answer: the peer’s row, and how far you have seen its ledger.'],
  [['session_id'], 'The id of the session. It opens nothing.'],
  [['reason'], 'Why it ended.'],
  [['definition', 'definition_hash', 'contract_id'], 'The rules of the handshake, the same for everybody.'],
]

const publicView = (row: Row): HTMLElement => {
  const names = new Set(row.fields.map(({ name }) => name))
  const learned = lessons.filter(([some]) => some.some((name) => names.has(name))).map(([, text]) => text)
  const lines = row.public
    ? [...learned, 'When: the 777 milliseconds in which it is written.', 'Not: what is said in the session, and not your name.']
    : ['That a row exists, when it was written, and its hashes.', 'Not: any value below. The peer gets the row itself.']
  const head = row.public ? 'Anybody who can reach this ledger reads, for good:' : 'Your ledger is not public. Others learn:'
  return el(
    'div',
    { class: 'row-seen' },
    icon('eye', 14, 2),
    el('div', {}, el('p', { class: 'row-seen-head' }, head), el('ul', {}, ...lines.map((line) => el('li', {}, line)))),
  )
}

const drawRow = (row: Row): HTMLElement => {
  const head = el(
    'p',
    { class: 'row-head' },
    isolated(row.type, { class: 'mono row-type' }),
    el('span', { class: 'row-where' }, 'on ', isolated(row.machine, { class: 'mono row-machine' })),
    el('span', { class: 'row-public-word' }, row.public ? publicWord : privateWord),
  )
  const list = el('dl', { class: 'fields' }, ...row.fields.map(field))
  // The contract’s own row is the same in each handshake: folded, and there for whoever wants it.
  const folded = row.type === 'contract_created'
  return el(
    'div',
    { class: row.public ? 'row-card' : 'row-card row-withheld' },
    head,
    publicView(row),
    folded ? el('details', {}, el('summary', {}, `${row.fields.length} fields: the rules of the handshake, the same for everybody`), list) : list,
  )
}

const lens = (): HTMLElement =>
  el('label', { class: 'lens' }, el('input', { type: 'checkbox', role: 'switch', 'data-action': 'lens' }), el('span', {}, 'What the public will see'))

/**
 * The rows that this step appends to the own ledger, as they will be published. What the public learns from each is
 * drawn too and shown in place by the switch; the fields themselves stay.
 */
export const drawRows = (view: View, drawing: Drawing): HTMLElement => {
  const list = el('div', { class: 'row-cards' }, ...view.rows.map(drawRow))
  drawing.leaf('rows', list, (node) => Array.from(node.children, readRow))
  const title = `${counts[view.rows.length] ?? 'Rows'} will be added to your ledger`
  return el(
    'section',
    { class: 'card rows', 'aria-label': 'What is written', hidden: view.rows.length === 0 },
    view.rows.length === 0 ? null : el('div', { class: 'card-title' }, icon('scroll', 15, 1.9), el('h2', {}, title), lens()),
    list,
  )
}
