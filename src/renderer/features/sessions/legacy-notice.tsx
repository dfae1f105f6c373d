import { TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { Button } from '../../components/button.tsx'
import css from './legacy-notice.module.css'
import { text } from './strings.ts'

/** What the original protocol cannot give, in one place, always there, with the whole of it on demand. */
export function LegacyNotice() {
  const [more, setMore] = useState(false)
  return (
    <div className={css.band}>
      <TriangleAlert size={17} strokeWidth={1.75} className={css.icon} />
      <div className={css.text}>
        <p className={css.title}>{text.legacy.title}</p>
        <p>{text.legacy.text}</p>
        {more && (
          <ul className={css.details}>
            {text.legacy.details.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        )}
      </div>
      <Button size="small" aria-expanded={more} onClick={() => setMore(!more)}>
        {more ? text.legacy.less : text.legacy.more}
      </Button>
    </div>
  )
}
