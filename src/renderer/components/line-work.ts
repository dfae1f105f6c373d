/** The engraved line work (visual language: the motif). Pure geometry; two families of lines, one a strand colour each. */
export interface RosetteShape {
  readonly size: number
  /** Radius and amplitude, as parts of the size. */
  readonly radius: number
  readonly amplitude: number
  /** Lobes round the circle. */
  readonly lobes: number
  readonly lines: number
}

/** r = S·(R + a·sin(nθ + φ + iπ/L)·(0.75 + 0.25·cos(iπ/L))), one closed path for each i. */
export function rosette({ size, radius, amplitude, lobes, lines }: RosetteShape, phase: number): readonly string[] {
  const centre = size / 2
  return Array.from({ length: lines }, (_, i) => {
    const shift = (i * Math.PI) / lines
    const depth = 0.75 + 0.25 * Math.cos(shift)
    const points = Array.from({ length: 480 }, (_, k) => {
      const theta = (k / 480) * 2 * Math.PI
      const r = size * (radius + amplitude * Math.sin(lobes * theta + phase + shift) * depth)
      return `${(centre + r * Math.sin(theta)).toFixed(1)} ${(centre - r * Math.cos(theta)).toFixed(1)}`
    })
    return `M${points.join('L')}Z`
  })
}

/** The same lines laid along a band of the given width and height, `waves` periods wide. */
export function band(width: number, height: number, waves: number, lines: number, phase: number): readonly string[] {
  const middle = height / 2
  return Array.from({ length: lines }, (_, i) => {
    const shift = (i * Math.PI) / lines
    const depth = 0.75 + 0.25 * Math.cos(shift)
    const points = Array.from({ length: 361 }, (_, k) => {
      const x = (k / 360) * width
      const y = middle + height * 0.33 * Math.sin((x / width) * waves * 2 * Math.PI + phase + shift) * depth
      return `${x.toFixed(1)} ${y.toFixed(1)}`
    })
    return `M${points.join('L')}`
  })
}
