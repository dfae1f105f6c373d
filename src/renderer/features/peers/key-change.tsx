import { Snowflake } from 'lucide-react'
import { useEffect, useRef } from 'react'
import type { PeerDto } from '../../../contract/dto.ts'
import { Button } from '../../components/button.tsx'
import { HashCell } from '../../components/hash-cell.tsx'
import { KeyPicture } from '../../components/key-picture.tsx'
import { Problem } from '../../components/problem.tsx'
import { dayAndTimeInside, useNow } from '../../components/time.tsx'
import { useCommand } from '../../components/use-command.ts'
import { toast } from '../../state/ui.ts'
import css from './key-change.module.css'
import { text } from './strings.ts'

type Presented = NonNullable<PeerDto['presented']>

/** A known id with a new key: what changed, harmless causes, what a bad actor would do. There is no approve button. */
export function KeyChange({ peer, presented, onForget }: { peer: PeerDto; presented: Presented; onForget: () => void }) {
  const now = useNow(60_000)
  const keep = useRef<HTMLButtonElement>(null)
  const keepKey = useCommand('peer.keepKey')
  const stay = async (): Promise<void> => {
    if ((await keepKey.run({ peer: peer.id })) !== undefined) toast(text.change.stayed)
  }
  // The least destructive choice has the focus; the story above it stays in view.
  useEffect(() => keep.current?.focus({ preventScroll: true }), [])
  return (
    <section className={css.change} aria-labelledby="key-change">
      <h3 id="key-change" className={css.title}>
        {text.change.title}
      </h3>
      <div className={css.band}>
        <p>
          <strong>{text.change.what}</strong> {text.change.whatText}
        </p>
        <p>
          <strong>{text.change.harmless}</strong> {text.change.harmlessText}
        </p>
        <p>
          <strong>{text.change.bad}</strong> {text.change.badText}
        </p>
      </div>
      <div className={css.keys}>
        <div className={css.key}>
          <div className={css.keyHead}>
            <KeyPicture picture={peer.picture} size={44} />
            <div>
              <strong>{text.change.old}</strong>
              <p className={css.quiet}>{peer.pinnedAt === null ? '' : text.change.oldWhen(dayAndTimeInside(peer.pinnedAt, now))}</p>
            </div>
          </div>
          <Words words={peer.words} old />
          {peer.signPub !== null && (
            <div className={css.hash}>
              <HashCell hex={peer.signPub} what="the pinned key" perLine={3} />
            </div>
          )}
        </div>
        <div className={css.keyNew}>
          <div className={css.keyHead}>
            <KeyPicture picture={presented.picture} size={44} />
            <div>
              <strong>{text.change.new}</strong>
              <p className={css.quiet}>{text.change.newWhen}</p>
            </div>
          </div>
          <Words words={presented.words} />
          <div className={css.hash}>
            <HashCell hex={presented.signPub} what="the presented key" perLine={3} />
          </div>
        </div>
      </div>
      <div className={css.frozen}>
        <Snowflake size={15} strokeWidth={2} />
        <p>
          <strong>{text.change.frozen}</strong> {text.change.frozenText} {text.change.how}
        </p>
      </div>
      <div className={css.actions}>
        <Button ref={keep} onClick={() => toast(text.change.kept)}>
          {text.change.keep}
        </Button>
        <Button busy={keepKey.busy} onClick={() => void stay()}>
          {text.change.stay}
        </Button>
        <Button kind="leads-to-danger" onClick={onForget}>
          {text.change.forget}
        </Button>
      </div>
      <Problem error={keepKey.error} />
    </section>
  )
}

function Words({ words, old = false }: { words: readonly string[]; old?: boolean }) {
  return (
    <ul className={css.words} dir="ltr" translate="no">
      {words.map((word, i) => (
        <li key={`${i}${word}`} className={old ? css.old : css.new}>
          {old ? <s>{word}</s> : word}
        </li>
      ))}
    </ul>
  )
}
