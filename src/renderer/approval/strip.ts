import type { KeyPicture, View } from '../../contract/view.ts'
import { el, svg, textOf } from './dom.ts'
import type { Drawing } from './drawing.ts'
import { icon } from './icons.ts'
import { picture, readPicture } from './parts.ts'
import { type Rail, railY, type StripGeometry, type StripNode, stripGeometry, stripHeight, stripWidth } from './strip-geometry.ts'

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

const scene = (geometry: StripGeometry): SVGSVGElement =>
  svg(
    'svg',
    { class: 'strip-scene', viewBox: `0 0 ${stripWidth} ${stripHeight}`, 'aria-hidden': 'true' },
    ...(geometry.column === null
      ? []
      : [svg('rect', { class: 'strip-column', x: geometry.column.x, y: 4, width: geometry.column.width, height: stripHeight - 6, rx: 8 })]),
    ...rail(geometry, 'ours'),
    ...rail(geometry, 'theirs'),
    ...geometry.stitches.map((stitch) => svg('path', { class: `stitch stitch-${stitch.state} stitch-${stitch.from}`, d: stitch.d })),
    ...geometry.nodes.map(nodeMark),
  )

const stateWords = { done: 'done', now: 'decided now', future: 'later' } as const

const label = (node: StripNode, index: number): HTMLElement => {
  const item = el(
    'li',
    { class: `step step-${node.state}`, 'aria-current': node.state === 'now' ? 'step' : null },
    el('span', { class: 'step-number' }, String(index + 1)),
    el('span', { class: 'step-name' }, node.name),
    el('span', { class: 'sr' }, `, ${node.rail === 'ours' ? 'by you' : 'by them'}, ${stateWords[node.state]}`),
  )
  item.style.insetInlineStart = `${((node.x / stripWidth) * 100).toFixed(2)}%`
  return item
}

/** The handshake between two rails, with the step that is decided now; a list of steps to a screen reader. */
const steps = (view: View, drawing: Drawing, self: KeyPicture): HTMLElement => {
  const geometry = stripGeometry(view.steps, view.current, view.role)
  const list = el('ol', { class: geometry.nodes.length > 5 ? 'steps steps-many' : 'steps' }, ...geometry.nodes.map(label))
  drawing.leaf('steps', list, (node) => Array.from(node.querySelectorAll('.step-name'), textOf))
  drawing.leaf('current', list, (node) => Array.from(node.children).findIndex((item) => item.getAttribute('aria-current') === 'step'))
  const theirs = picture(view.peer.picture, 26)
  drawing.leaf('peer.picture', theirs, readPicture)
  return el(
    'div',
    { class: 'strip' },
    list,
    scene(geometry),
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
