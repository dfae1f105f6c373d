import type { PeerDto, SessionDto } from '../../../contract/dto.ts'
import { PageHeader } from '../../app/page-header.tsx'
import { SessionBadge } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { Label } from '../../components/card.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { KeyPicture } from '../../components/key-picture.tsx'
import { KeyWords } from '../../components/key-words.tsx'
import { ListRow } from '../../components/list-row.tsx'
import { formatNumber, Time, useNow } from '../../components/time.tsx'
import { useModel } from '../../state/store.ts'
import { go, goToConversation, useUi } from '../../state/ui.ts'
import { Conversation } from './conversation.tsx'
import css from './sessions.module.css'
import { text } from './strings.ts'

export const isOpen = (session: SessionDto): boolean => session.state === 'open' || session.state === 'closing' || session.state === 'frozen'

/** The conversation that is open, or the list of all: one entry a session, open ones first. */
export function Sessions() {
  const peer = useUi((ui) => ui.conversation)
  const sessions = useModel((model) => model.sessions)
  if (peer !== null && sessions.some((session) => session.peer === peer)) return <Conversation key={peer} peerId={peer} />
  return <SessionList sessions={sessions} />
}

function SessionList({ sessions }: { sessions: readonly SessionDto[] }) {
  const peers = useModel((model) => model.peers)
  const now = useNow(20_000)
  const open = sessions.filter(isOpen).sort((a, b) => a.openedAt - b.openedAt)
  const ended = sessions.filter((session) => !isOpen(session)).sort((a, b) => (b.endedAt ?? b.openedAt) - (a.endedAt ?? a.openedAt))
  if (sessions.length === 0) {
    return (
      <>
        <PageHeader title={text.title} />
        <div className={css.page}>
          <EmptyState title={text.empty.title} after={<Button onClick={() => go('peers')}>{text.empty.act}</Button>}>
            {text.empty.lead}
          </EmptyState>
        </div>
      </>
    )
  }
  return (
    <>
      <PageHeader title={text.title} aside={text.counts(open.filter((s) => s.state === 'open').length, sessions.length)} />
      <div className={css.page}>
        {open.length > 0 && (
          <section className={css.section}>
            <Label aside={text.list.openAside}>{text.list.open}</Label>
            <Rows sessions={open} peers={peers} now={now} />
          </section>
        )}
        {ended.length > 0 && (
          <section className={css.section}>
            <Label>{text.list.ended}</Label>
            <Rows sessions={ended} peers={peers} now={now} />
          </section>
        )}
      </div>
    </>
  )
}

function Rows({ sessions, peers, now }: { sessions: readonly SessionDto[]; peers: readonly PeerDto[]; now: number }) {
  return (
    <ul className={css.rows}>
      {sessions.map((session) => {
        const peer = peers.find((p) => p.id === session.peer)
        return (
          <li key={session.id}>
            <ListRow
              selected={false}
              onSelect={() => goToConversation(session.peer)}
              picture={<KeyPicture picture={peer?.picture ?? null} size={34} />}
              title={peer?.label ?? session.peer}
              mark={<SessionBadge state={session.state} />}
              below={<KeyWords words={peer?.words ?? []} count={2} />}
              end={
                <span className={css.end}>
                  {text.row.messages(formatNumber(session.sent), formatNumber(session.received))}
                  {session.queued > 0 && ` · ${text.row.queued(session.queued)}`}
                </span>
              }
              endBelow={
                <span>
                  {session.endedAt === null ? text.row.opened : text.row.ended} <Time at={session.endedAt ?? session.openedAt} form="inside" now={now} />
                </span>
              }
            />
          </li>
        )
      })}
    </ul>
  )
}
