import { ToggleGroup } from 'radix-ui'
import css from './segmented.module.css'

export interface Segment<V extends string> {
  readonly value: V
  readonly label: string
  readonly hint?: string
}

/**
 * One of a few, side by side: radios to a screen reader. The arrow keys move the focus and do not choose, because some
 * choices (block) have consequences that nobody should reach by walking past.
 */
export function Segmented<V extends string>({
  label,
  value,
  segments,
  onChange,
}: {
  label: string
  value: V
  segments: readonly Segment<V>[]
  onChange: (value: V) => void
}) {
  return (
    <ToggleGroup.Root
      type="single"
      className={css.group}
      aria-label={label}
      value={value}
      onValueChange={(next) => {
        // An empty value is a click on the chosen one; it stays chosen, but may open its dialog again.
        const segment = segments.find((s) => s.value === (next === '' ? value : next))
        if (segment !== undefined) onChange(segment.value)
      }}
    >
      {segments.map((segment) => (
        <ToggleGroup.Item key={segment.value} value={segment.value} className={css.segment} title={segment.hint}>
          {segment.label}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  )
}
