import { useState } from 'react'
import type { HistoryDto } from '../../../contract/dto.ts'
import { Button } from '../../components/button.tsx'
import { Label } from '../../components/card.tsx'
import { ShortHash } from '../../components/hash-cell.tsx'
import { PeerInline } from '../../components/peer-name.tsx'
import { Table } from '../../components/table.tsx'
import { isToday, Time, useNow } from '../../components/time.tsx'
import { useModel } from '../../state/store.ts'
import css from './history.module.css'
import { text } from './strings.ts'

/** Every decision with who, what, when and how; today's first, the rest on demand. */
export function History({ history, all: startAll = false }: { history: readonly HistoryDto[]; all?: boolean }) {
  const peers = useModel((model) => model.peers)
  const now = useNow(60_000)
  const [all, setAll] = useState(startAll)
  const rows = all ? history : history.filter((entry) => isToday(entry.at, now))
  return (
    <section className={css.section} aria-label={all ? text.history.all : text.history.today}>
      <div className={css.head}>
        <Label>{all ? text.history.all : text.history.today}</Label>
        {!startAll && (
          <Button kind="quiet" size="small" onClick={() => setAll(!all)}>
            {all ? text.history.showToday : text.history.showAll}
          </Button>
        )}
      </div>
      {rows.length === 0 ? (
        <p className={css.none}>{text.history.none}</p>
      ) : (
        <Table<HistoryDto>
          label={all ? text.history.all : text.history.today}
          rows={rows}
          keyOf={(entry) => entry.seq}
          columns={[
            { head: text.history.time, width: 'fit', cell: (entry) => <Time at={entry.at} form={all ? 'day' : 'clock'} now={now} /> },
            { head: text.history.peer, cell: (entry) => <PeerInline peer={peers.find((peer) => peer.id === entry.peer)} label={entry.label} /> },
            {
              head: text.history.decision,
              cell: (entry) => (
                <span className={entry.decision === 'expire' ? undefined : css.strong} title={entry.reason ?? undefined}>
                  {text.history.decided(entry)}
                  {entry.reason !== null && <span className={css.reason}>{entry.reason}</span>}
                </span>
              ),
            },
            { head: text.history.how, cell: (entry) => (entry.decision === 'expire' ? text.history.expired : text.history.by[entry.by]) },
            { head: text.history.view, cell: (entry) => <ShortHash hex={entry.viewHash} />, secondary: true, width: 'fit' },
          ]}
        />
      )}
    </section>
  )
}
