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

/** The name of a step above its column. */
export interface StripLabel {
  readonly name: string
  readonly x: number
  readonly state: StepState
  readonly by: Rail | 'both'
}

export interface StripGeometry {
  readonly nodes: readonly StripNode[]
  /** One for each step of the view, in order. */
  readonly labels: readonly StripLabel[]
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

/** What is decided here answers it, so it came from the other side. */
const theirSteps = new Set(['offer'])

/** Who takes a step of that name. An unknown name is ours where it is the one we decide, else the other side of its neighbour. */
const railOf = (name: string, role: 'initiator' | 'responder', isCurrent: boolean, before: Rail | null): Rail => {
  if (isCurrent) return 'ours'
  const word = name.toLowerCase()
  if (theirSteps.has(word)) return 'theirs'
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
    labels: nodes.map(({ name, x, state, rail }) => ({ name, x, state, by: rail })),
    stitches,
    column: now === undefined ? null : { x: round(now.x - width / 2), width },
    doneTo: { ours: lastDone('ours'), theirs: lastDone('theirs') },
    railStart: 30,
    railEnd: lastX,
  }
}

/** Who takes a node, in the order in which the rows of a handshake are written; both last ones answer keys and may come in either order. */
const handshake = [
  { step: 0, by: 'initiator', percent: 7, acks: null },
  { step: 1, by: 'responder', percent: 32, acks: 0 },
  { step: 2, by: 'responder', percent: 55, acks: null },
  { step: 2, by: 'initiator', percent: 72, acks: 2 },
  { step: 3, by: 'initiator', percent: 97, acks: 2 },
  { step: 3, by: 'responder', percent: 97, acks: 3 },
] as const
const railStart = 30
const atPercent = (percent: number): number => round(40 + percent * 4.2)

/** The six nodes of an m2m handshake, for its four steps with `current` being decided by `role`. Lengths as above. */
export const handshakeGeometry = (steps: readonly string[], current: number, role: 'initiator' | 'responder'): StripGeometry => {
  const mine = handshake.findIndex(({ step, by }) => step === current && by === role)
  // Whether the other side's last row is there already is not part of the view; it is drawn as still to come.
  const stateAt = (index: number): StepState => (index === mine ? 'now' : index < mine && handshake[index]?.step !== 3 ? 'done' : 'future')
  const nodes = handshake.map(({ step, by, percent }, index): StripNode => {
    const rail = by === role ? 'ours' : 'theirs'
    return { name: steps[step] ?? '', rail, state: stateAt(index), x: atPercent(percent), y: railY(rail) }
  })
  const stitches = handshake.flatMap(({ acks }, index): Stitch[] => {
    const [from, to] = [nodes[acks ?? -1], nodes[index]]
    if (from === undefined || to === undefined) return []
    const middle = round((from.x + to.x) / 2)
    return [{ d: `M${from.x} ${from.y}C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}`, from: to.rail, state: to.state }]
  })
  const labels = steps.map((name, index): StripLabel => {
    const own = nodes.filter((_, at) => handshake[at]?.step === index)
    const rails = new Set(own.map(({ rail }) => rail))
    const x = own.reduce((sum, node) => sum + node.x, 0) / Math.max(1, own.length)
    return {
      name,
      x: round(x),
      state: index < current ? 'done' : index === current ? 'now' : 'future',
      by: rails.size === 2 ? 'both' : (own[0]?.rail ?? 'ours'),
    }
  })
  const inColumn = nodes.filter((_, at) => handshake[at]?.step === current).map(({ x }) => x)
  const edge = 34
  const lastDone = (rail: Rail): number => nodes.reduce((x, node) => (node.rail === rail && node.state !== 'future' ? node.x : x), railStart)
  return {
    nodes,
    labels,
    stitches,
    column: inColumn.length === 0 ? null : { x: round(Math.min(...inColumn) - edge), width: round(Math.max(...inColumn) - Math.min(...inColumn) + 2 * edge) },
    doneTo: { ours: lastDone('ours'), theirs: lastDone('theirs') },
    railStart,
    railEnd: atPercent(97),
  }
}
