import type { KeyPicture, View } from '../../contract/view.ts'
import { el, svg, textOf } from './dom.ts'
import type { Drawing } from './drawing.ts'
import { icon } from './icons.ts'
import { picture, readPicture } from './parts.ts'
import {
  handshakeGeometry,
  type Rail,
  railY,
  type StripGeometry,
  type StripLabel,
  type StripNode,
  stripGeometry,
  stripHeight,
  stripWidth,
} from './strip-geometry.ts'

const rail = (geometry: StripGeometry, side: Rail): SVGElement[] => {
  const y = railY(side)
  const done = geometry.doneTo[side]
  return [
    svg('path', { class: 'strand strand-future', d: `M${done} ${y}H${geometry.railEnd}` }),
    svg('path', { class: `strand strand-${side}`, d: `M${geometry.railStart} ${y}H${done}` }),
  ]
}

const nodeMark = (node: StripNode): SVGElement => {
  if (node.state === 'done')
    return svg(
      'g',
      { class: `node node-done node-${node.rail}` },
      svg('circle', { cx: node.x, cy: node.y, r: 6.5 }),
      svg('path', { d: `M${node.x - 2.6} ${node.y + 0.2}l1.9 1.9 3.5-3.9` }),
    )
  if (node.state === 'now')
    return svg(
      'g',
      { class: `node node-now node-${node.rail}` },
      svg('circle', { class: 'node-ring', cx: node.x, cy: node.y, r: 9.5 }),
      svg('circle', { class: 'node-core', cx: node.x, cy: node.y, r: 4 }),
    )
  return svg('g', { class: 'node node-future' }, svg('circle', { cx: node.x, cy: node.y, r: 4.5 }))
}

const scene = (geometry: StripGeometry, chained: boolean): SVGSVGElement =>
  svg(
    'svg',
    { class: chained ? 'strip-scene' : 'strip-scene strip-unchained', viewBox: `0 0 ${stripWidth} ${stripHeight}`, 'aria-hidden': 'true' },
    ...(geometry.column === null
      ? []
      : [svg('rect', { class: 'strip-column', x: geometry.column.x, y: 4, width: geometry.column.width, height: stripHeight - 6, rx: 8 })]),
    ...rail(geometry, 'ours'),
    ...rail(geometry, 'theirs'),
    ...geometry.stitches.map((stitch) => svg('path', { class: `stitch stitch-${stitch.state} stitch-${stitch.from}`, d: stitch.d })),
    ...geometry.nodes.map(nodeMark),
  )

const stateWords = { done: 'done', now: 'decided now', future: 'later' } as const

const byWords = { ours: 'by you', theirs: 'by them', both: 'by both' } as const

const label = (step: StripLabel, index: number): HTMLElement => {
  const item = el(
    'li',
    { class: `step step-${step.state}`, 'aria-current': step.state === 'now' ? 'step' : null },
    el('span', { class: 'step-number' }, String(index + 1)),
    el('span', { class: 'step-name' }, step.name),
    el('span', { class: 'sr' }, `, ${byWords[step.by]}, ${stateWords[step.state]}`),
  )
  item.style.insetInlineStart = `${((step.x / stripWidth) * 100).toFixed(2)}%`
  return item
}

const handshakeSteps = new Set<View['step']>(['propose', 'accept', 'key', 'activate'])

/** A handshake on two ledgers has its own six nodes; everything else is one node a step. */
const geometryOf = (view: View): StripGeometry =>
  view.profile === 'm2m' && view.steps.length === 4 && handshakeSteps.has(view.step)
    ? handshakeGeometry(view.steps, view.current, view.role)
    : stripGeometry(view.steps, view.current, view.role)

/** The handshake between two rails, with the step that is decided now; a list of steps to a screen reader. */
const steps = (view: View, drawing: Drawing, self: KeyPicture): HTMLElement => {
  const geometry = geometryOf(view)
  const list = el('ol', { class: geometry.labels.length > 5 ? 'steps steps-many' : 'steps' }, ...geometry.labels.map(label))
  drawing.leaf('steps', list, (node) => Array.from(node.querySelectorAll('.step-name'), textOf))
  drawing.leaf('current', list, (node) => Array.from(node.children).findIndex((item) => item.getAttribute('aria-current') === 'step'))
  const theirs = picture(view.peer.picture, 26)
  drawing.leaf('peer.picture', theirs, readPicture)
  return el(
    'div',
    { class: 'strip' },
    list,
    scene(geometry, view.profile === 'm2m'),
    el('span', { class: 'strip-face strip-face-ours' }, picture(self, 26)),
    el('span', { class: 'strip-face strip-face-theirs' }, theirs),
  )
}

/** WHICH: step strip, state now and after, expiry (filled in by the clock). */
export const drawWhich = (view: View, drawing: Drawing, self: KeyPicture): HTMLElement => {
  const now = el('strong', {}, view.now)
  const after = el('strong', { class: view.grade === 4 ? 'after after-end' : 'after' }, view.after)
  drawing.leaf('now', now)
  drawing.leaf('after', after)
  return el(
    'section',
    { class: 'card which', 'aria-label': 'Which step' },
    steps(view, drawing, self),
    el(
      'div',
      { class: 'turn' },
      el('span', { class: 'turn-states' }, el('span', { class: 'quiet' }, 'Now'), now, icon('arrowRight', 14), el('span', { class: 'quiet' }, 'After'), after),
      el('span', { class: 'expiry', role: 'timer', 'data-live': 'expiry' }),
    ),
  )
}
