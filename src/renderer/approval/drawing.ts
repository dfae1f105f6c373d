import type { View } from '../../contract/view.ts'
import { canonical, type Json } from './canonical.ts'
import { textOf } from './dom.ts'

/**
 * What a decision is bound to is what stands in the document, not what was sent to it: each value is registered with
 * the node it was drawn into and a way to read it back from there. The hash is computed over the values read back.
 */
export interface Drawing {
  /** `path` is dotted (`peer.name`). A value drawn in several places is registered for each; all must say the same. */
  leaf(path: string, node: Element, read?: (node: Element) => Json): void
  /** The values as they stand in the document now. Throws `NotAsDrawn` where two places disagree. */
  readBack(): Json
}

/** The document does not say what it was drawn to say: something changed it, and nothing in it may be approved. */
export class NotAsDrawn extends Error {
  constructor(what: string) {
    super(`not as drawn: ${what}`)
    this.name = 'NotAsDrawn'
  }
}

interface Leaf {
  readonly path: string
  readonly node: Element
  readonly read: (node: Element) => Json
}

interface Branch {
  [key: string]: Json | Branch
}

const place = (into: Branch, path: string, value: Json): void => {
  const names = path.split('.')
  const last = names.pop() ?? path
  let branch = into
  for (const name of names) {
    const next = branch[name]
    if (next !== undefined && isBranch(next)) branch = next
    else {
      const made: Branch = {}
      branch[name] = made
      branch = made
    }
  }
  branch[last] = value
}

const isBranch = (value: Json | Branch): value is Branch => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A value read from a path it was never drawn at is no Json; the walk below turns the built tree into one without trusting it. */
const toJson = (value: Json | Branch): Json => (isBranch(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)])) : value)

export const createDrawing = (): Drawing => {
  const leaves: Leaf[] = []
  return {
    leaf(path, node, read = textOf) {
      leaves.push({ path, node, read })
    },
    readBack() {
      const values = new Map<string, { readonly text: string; readonly value: Json }>()
      for (const { path, node, read } of leaves) {
        const value = read(node)
        const text = canonical(value)
        const before = values.get(path)
        if (before !== undefined && before.text !== text) throw new NotAsDrawn(path)
        values.set(path, { text, value })
      }
      const root: Branch = {}
      for (const [path, { value }] of values) place(root, path, value)
      return toJson(root)
    },
  }
}

/** A whole number as drawn: its digits and nothing else around them in the node. */
export const readNumber = (node: Element): Json => {
  const digits = textOf(node)
  if (!/^(0|[1-9]\d{0,15})$/.test(digits)) throw new NotAsDrawn('a number')
  return Number(digits)
}

/** Text, or null where the node says in its own words that there is none. */
export const readOptional = (node: Element): Json => (node.hasAttribute('data-none') ? null : textOf(node))

/** True if the view, as received, is exactly what the drawing says; a field that nobody draws can so never be approved. */
export const drawsAll = (view: View, drawing: Drawing): boolean => canonical(view) === canonical(drawing.readBack())

/** A yes or no as drawn. */
export const readBoolean = (node: Element): Json => {
  const word = textOf(node)
  if (word !== 'yes' && word !== 'no') throw new NotAsDrawn('a yes or no')
  return word === 'yes'
}

/** A copy without what may change by itself: countdowns, the hash (which the caller compares on its own), and what the reader folds. */
export const still = (root: Element): Node => {
  const copy = root.cloneNode(true)
  if (copy instanceof Element) {
    for (const fold of copy.querySelectorAll('details')) fold.removeAttribute('open')
    for (const live of copy.querySelectorAll('[data-live]')) {
      live.replaceChildren()
      for (const name of live.getAttributeNames()) if (name !== 'data-live') live.removeAttribute(name)
    }
  }
  return copy
}
