import { memo } from 'react'
import type { KeyPicture as Indices } from '../../contract/view.ts'
import css from './key-picture.module.css'
import { coin, knotPaths, pale } from './knot.ts'

/**
 * The picture of a key. Decorative beside the words, which say the same to everybody; hidden from screen readers.
 * Without a key (null) an empty dashed coin; `blocked` takes the colour out.
 */
export const KeyPicture = memo(function KeyPicture({ picture, size, blocked = false }: { picture: Indices | null; size: number; blocked?: boolean }) {
  if (picture === null) {
    return (
      <svg className={css.picture} width={size} height={size} viewBox="0 0 64 64" aria-hidden="true" focusable="false">
        <circle cx="32" cy="32" r="29.5" className={css.none} />
      </svg>
    )
  }
  const { strandA, strandB, bridges } = knotPaths(picture)
  const disc = blocked ? 'var(--line-2)' : coin[picture.a]
  const a = blocked ? 'var(--surface)' : pale[picture.a]
  const b = blocked ? 'var(--text-3)' : pale[picture.b]
  return (
    <svg className={css.picture} width={size} height={size} viewBox="0 0 64 64" fill="none" aria-hidden="true" focusable="false">
      <circle cx="32" cy="32" r="31" fill={disc} />
      <path d={strandA} stroke={a} strokeWidth="4.6" />
      <path d={strandB} stroke={disc} strokeWidth="8.2" />
      <path d={strandB} stroke={b} strokeWidth="4.6" />
      {bridges.map(({ gap, over }) => (
        <g key={gap}>
          <path d={gap} stroke={disc} strokeWidth="8.2" />
          <path d={over} stroke={a} strokeWidth="4.6" />
        </g>
      ))}
      <circle cx="32" cy="32" r="4.2" fill={b} />
    </svg>
  )
})
