import type { HandshakeDto } from '../../contract/dto.ts'
import { classes } from './classes.ts'
import css from './match-words.module.css'

/** Two words and a colour with its name, as the peer's prompt shows them too. */
export function MatchWords({ match, small = false }: { match: NonNullable<HandshakeDto['match']>; small?: boolean }) {
  return (
    <span className={classes(css.match, small && css.small)}>
      <span className={classes(css.chip, css[match.chip])} aria-hidden="true" />
      <span className={css.name}>{match.chip}</span>
      <bdi dir="ltr" translate="no" className={css.words}>
        {match.words.map((word, i) => (
          <span key={`${i}${word}`} className={css.word}>
            {i > 0 && (
              <span className={css.dot} aria-hidden="true">
                ·
              </span>
            )}
            {word}{' '}
          </span>
        ))}
      </bdi>
    </span>
  )
}
