import { svg } from './dom.ts'

/** Outlines on a grid of 24, after Lucide (ISC licence): data, so that this document carries no library. */
const outlines = {
  pin: [
    'M12 17v5',
    'M9 10.76a2 2 0 0 1-1.11 1.79l-1.78.9A2 2 0 0 0 5 15.24V16a1 1 0 0 0 1 1h12a1 1 0 0 0 1-1v-.76a2 2 0 0 0-1.11-1.79l-1.78-.9A2 2 0 0 1 15 10.76V7a1 1 0 0 1 1-1 2 2 0 0 0 0-4H8a2 2 0 0 0 0 4 1 1 0 0 1 1 1z',
  ],
  eye: ['M2.062 12.348a1 1 0 0 1 0-.696 10.75 10.75 0 0 1 19.876 0 1 1 0 0 1 0 .696 10.75 10.75 0 0 1-19.876 0', 'M9 12a3 3 0 1 0 6 0a3 3 0 1 0-6 0'],
  triangle: ['m21.73 18-8-14a2 2 0 0 0-3.48 0l-8 14A2 2 0 0 0 4 21h16a2 2 0 0 0 1.73-3', 'M12 9v4', 'M12 17h.01'],
  clock: ['M2 12a10 10 0 1 0 20 0a10 10 0 1 0-20 0', 'M12 6v6l4 2'],
  arrowRight: ['M5 12h14', 'm12 5 7 7-7 7'],
  arrowDown: ['M12 5v14', 'm19 12-7 7-7-7'],
  cross: ['M18 6 6 18', 'm6 6 12 12'],
  check: ['M20 6 9 17l-5-5'],
  chevronLeft: ['m15 18-6-6 6-6'],
  chevronRight: ['m9 18 6-6-6-6'],
  chevronDown: ['m6 9 6 6 6-6'],
  history: ['M3 12a9 9 0 1 0 9-9 9.75 9.75 0 0 0-6.74 2.74L3 8', 'M3 3v5h5', 'M12 7v5l4 2'],
  circleDashed: [
    'M10.1 2.182a10 10 0 0 1 3.8 0',
    'M13.9 21.818a10 10 0 0 1-3.8 0',
    'M17.609 3.721a10 10 0 0 1 2.69 2.7',
    'M2.182 13.9a10 10 0 0 1 0-3.8',
    'M20.279 17.609a10 10 0 0 1-2.7 2.69',
    'M21.818 10.1a10 10 0 0 1 0 3.8',
    'M3.721 6.391a10 10 0 0 1 2.7-2.69',
    'M6.391 20.279a10 10 0 0 1-2.69-2.7',
  ],
  ban: ['M2 12a10 10 0 1 0 20 0a10 10 0 1 0-20 0', 'M4.929 4.929 19.07 19.071'],
  snowflake: [
    'm10 20-1.25-2.5L6 18',
    'M10 4 8.75 6.5 6 6',
    'm14 20 1.25-2.5L18 18',
    'm14 4 1.25 2.5L18 6',
    'm17 21-3-6h-4',
    'm17 3-3 6 1.5 3',
    'M2 12h6.5L10 9',
    'm20 10-1.5 2 1.5 2',
    'M22 12h-6.5L14 15',
    'm4 10 1.5 2L4 14',
    'm7 21 3-6-1.5-3',
    'm7 3 3 6h4',
  ],
  inbox: ['M22 12h-6l-2 3h-4l-2-3H2', 'M5.45 5.11 2 12v6a2 2 0 0 0 2 2h16a2 2 0 0 0 2-2v-6l-3.45-6.89A2 2 0 0 0 16.76 4H7.24a2 2 0 0 0-1.79 1.11z'],
  key: ['m15.5 7.5 2.3 2.3a1 1 0 0 0 1.4 0l2.1-2.1a1 1 0 0 0 0-1.4L19 4', 'm21 2-9.6 9.6', 'M2 15.5a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0-11 0'],
  scroll: [
    'M15 12h-5',
    'M15 8h-5',
    'M19 17V5a2 2 0 0 0-2-2H4',
    'M8 21h12a2 2 0 0 0 2-2v-1a1 1 0 0 0-1-1H11a1 1 0 0 0-1 1v1a2 2 0 1 1-4 0V5a2 2 0 1 0-4 0v2a1 1 0 0 0 1 1h3',
  ],
  undo: ['M9 14 4 9l5-5', 'M4 9h10.5a5.5 5.5 0 0 1 5.5 5.5a5.5 5.5 0 0 1-5.5 5.5H11'],
} as const

export type IconName = keyof typeof outlines

/** An icon of `size` CSS pixels in the current colour; it never stands for a word, so it is hidden from a screen reader. */
export const icon = (name: IconName, size = 16, stroke = 1.75): SVGSVGElement =>
  svg(
    'svg',
    {
      class: `icon icon-${name}`,
      viewBox: '0 0 24 24',
      width: size,
      height: size,
      fill: 'none',
      stroke: 'currentColor',
      'stroke-width': stroke,
      'stroke-linecap': 'round',
      'stroke-linejoin': 'round',
      'aria-hidden': 'true',
    },
    ...outlines[name].map((d) => svg('path', { d })),
  )

/** The clasp: two hooks, each holding the other. In two colours it is the mark of the app, in one the sign of *Verified*. */
export const clasp = (size: number, twoColours: boolean): SVGSVGElement =>
  svg(
    'svg',
    {
      class: 'clasp',
      viewBox: '0 0 24 24',
      width: size,
      height: size,
      fill: 'none',
      stroke: 'currentColor',
      'stroke-width': size < 17 ? 2.8 : 2.5,
      'stroke-linecap': 'round',
      'aria-hidden': 'true',
    },
    svg('path', { d: 'M14.5 4H7.5a3.5 3.5 0 0 0-3.5 3.5v3.83a3.5 3.5 0 0 0 3.5 3.5h7' }),
    svg('path', { class: twoColours ? 'clasp-ours' : null, d: 'M9.5 9.17h7a3.5 3.5 0 0 1 3.5 3.5v3.83a3.5 3.5 0 0 1-3.5 3.5h-7' }),
  )
