import { CircleAlert, Info, TriangleAlert } from 'lucide-react'
import type { NoticeDto } from '../../../contract/dto.ts'
import { classes } from '../../components/classes.ts'
import { Time } from '../../components/time.tsx'
import { useModel } from '../../state/store.ts'
import css from './notices.module.css'
import { text } from './strings.ts'

const icon = { size: 14, strokeWidth: 2 } as const

/** What was refused or went wrong: level as icon and word, the sentence, how often, when. */
export function NoticeList({ notices, now, named = false }: { notices: readonly NoticeDto[]; now: number; named?: boolean }) {
  const peers = useModel((model) => model.peers)
  return (
    <ul className={css.list}>
      {notices.map((notice) => (
        <li key={notice.id} className={css.notice}>
          <span className={classes(css.level, css[notice.level])}>
            {notice.level === 'danger' ? <TriangleAlert {...icon} /> : notice.level === 'caution' ? <CircleAlert {...icon} /> : <Info {...icon} />}
            <span className="sr">{text.level[notice.level]}</span>
          </span>
          <span className={css.text}>
            {notice.text}
            {notice.count > 1 && <span className={css.count}>{text.times(notice.count)}</span>}
            {named && notice.peer !== null && <bdi className={css.peer}>{peers.find((peer) => peer.id === notice.peer)?.label ?? notice.peer}</bdi>}
          </span>
          <span className={css.when}>
            <Time at={notice.at} form="day" now={now} />
          </span>
        </li>
      ))}
    </ul>
  )
}
