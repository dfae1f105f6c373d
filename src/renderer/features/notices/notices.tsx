import { PageHeader } from '../../app/page-header.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { useNow } from '../../components/time.tsx'
import { useModel } from '../../state/store.ts'
import { NoticeList } from './notice-list.tsx'
import css from './notices.module.css'
import { text } from './strings.ts'

export function Notices() {
  const notices = useModel((model) => model.notices)
  const now = useNow(30_000)
  return (
    <>
      <PageHeader title={text.title} aside={text.aside} />
      <div className={css.page}>
        {notices.length === 0 ? (
          <EmptyState title={text.none}>{text.noneLead}</EmptyState>
        ) : (
          <div className={css.card}>
            <NoticeList notices={notices} now={now} named />
          </div>
        )}
      </div>
    </>
  )
}
