import { classes } from './classes.ts'
import css from './key-words.module.css'
import { words as copy } from './strings.ts'

/** The first `count` key words, whole, with middle dots; always left to right. */
export function KeyWords({ words, count, strong = false }: { words: readonly string[]; count: 2 | 4 | 6; strong?: boolean }) {
  if (words.length === 0) return <span className={css.none}>{copy.noKey}</span>
  return (
    <bdi dir="ltr" translate="no" className={classes(css.words, strong && css.strong)}>
      {words.slice(0, count).map((word, i) => (
        <span key={`${i}${word}`} className={css.word}>
          {i > 0 && (
            <span className={css.dot} aria-hidden="true">
              {' · '}
            </span>
          )}
          {word}
        </span>
      ))}
    </bdi>
  )
}
