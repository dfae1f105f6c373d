/**
 * Geometry of the step strip (docs/visual.md): the handshake drawn between two rails, ours above and theirs below.
 * The m2m profile has six fixed nodes; hs is a ping-pong of up to eight named steps, one node each, on the rail of
 * whoever takes it. Lengths are CSS pixels of a drawing `stripWidth` wide; the document scales it as a whole.
 */
export const stripWidth = 494
export const stripHeight = 122
const firstX = 72
const lastX = 450
const railTop = 48
const railBottom = 100

export type Rail = 'ours' | 'theirs'
export type StepState = 'done' | 'now' | 'future'

export interface StripNode {
  readonly name: string
  readonly rail: Rail
  readonly state: StepState
  readonly x: number
  readonly y: number
}

export interface Stitch {
  /** A cubic with both handles at the midpoint x. */
  readonly d: string
  readonly from: Rail
  readonly state: StepState
}

export interface StripGeometry {
  readonly nodes: readonly StripNode[]
  readonly stitches: readonly Stitch[]
  /** The sunk block behind the step that is decided now. */
  readonly column: { readonly x: number; readonly width: number } | null
  /** How far each rail is done: the x of its last done or current node. */
  readonly doneTo: { readonly ours: number; readonly theirs: number }
  readonly railStart: number
  readonly railEnd: number
}

export const railY = (rail: Rail): number => (rail === 'ours' ? railTop : railBottom)

const initiatorSteps = new Set(['request', 'conclude', 'close', 'reconnect', 'propose', 'key'])
const responderSteps = new Set(['confirm', 'respond', 'finish', 'accept', 'answer', 'register'])

/** Who takes a step of that name. An unknown name is ours where it is the one we decide, else the other side of its neighbour. */
const railOf = (name: string, role: 'initiator' | 'responder', isCurrent: boolean, before: Rail | null): Rail => {
  if (isCurrent) return 'ours'
  const word = name.toLowerCase()
  if (initiatorSteps.has(word)) return role === 'initiator' ? 'ours' : 'theirs'
  if (responderSteps.has(word)) return role === 'responder' ? 'ours' : 'theirs'
  return before === 'ours' ? 'theirs' : 'ours'
}

const stateOf = (index: number, current: number): StepState => (index < current ? 'done' : index === current ? 'now' : 'future')

const round = (value: number): number => Math.round(value * 10) / 10

/** Lays out `steps` with `current` being decided. Any number of steps from 0 on is drawable. */
export const stripGeometry = (steps: readonly string[], current: number, role: 'initiator' | 'responder'): StripGeometry => {
  const gap = steps.length > 1 ? (lastX - firstX) / (steps.length - 1) : 0
  const nodes: StripNode[] = []
  for (const [index, name] of steps.entries()) {
    const rail = railOf(name, role, index === current, nodes.at(-1)?.rail ?? null)
    const x = steps.length === 1 ? (firstX + lastX) / 2 : firstX + gap * index
    nodes.push({ name, rail, state: stateOf(index, current), x: round(x), y: railY(rail) })
  }
  const stitches = nodes.slice(1).flatMap((to, index): Stitch[] => {
    const from = nodes[index]
    if (from === undefined || from.rail === to.rail) return []
    const middle = round((from.x + to.x) / 2)
    return [{ d: `M${from.x} ${from.y}C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}`, from: from.rail, state: to.state }]
  })
  const now = nodes[current]
  const width = round(Math.min(78, gap === 0 ? 78 : gap * 0.82))
  const lastDone = (rail: Rail): number => nodes.reduce((x, node) => (node.rail === rail && node.state !== 'future' ? node.x : x), 30)
  return {
    nodes,
    stitches,
    column: now === undefined ? null : { x: round(now.x - width / 2), width },
    doneTo: { ours: lastDone('ours'), theirs: lastDone('theirs') },
    railStart: 30,
    railEnd: lastX,
  }
}
