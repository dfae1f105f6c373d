import type { PeerDto, SessionDto } from '../../../contract/dto.ts'
import { SessionBadge } from '../../components/badge.tsx'
import { LinkButton } from '../../components/button.tsx'
import { Label } from '../../components/card.tsx'
import { ShortHash } from '../../components/hash-cell.tsx'
import { Table } from '../../components/table.tsx'
import { dayAndTime, formatNumber, Time } from '../../components/time.tsx'
import { useModel } from '../../state/store.ts'
import { goToAudit, goToConversation } from '../../state/ui.ts'
import css from './peer-sessions.module.css'
import { text } from './strings.ts'

export function PeerSessions({ peer, now }: { peer: PeerDto; now: number }) {
  const all = useModel((model) => model.sessions)
  const sessions = all.filter((session) => session.peer === peer.id).sort((a, b) => b.openedAt - a.openedAt)
  const open = sessions.filter((session) => session.state === 'open').length
  return (
    <section className={css.section}>
      <Label aside={sessions.length === 0 ? text.sessions.none : text.sessions.counts(sessions.length, open)}>{text.sessions.label}</Label>
      {sessions.length > 0 && (
        <Table<SessionDto>
          label={text.sessions.label}
          rows={sessions}
          keyOf={(session) => session.id}
          columns={[
            {
              head: text.sessions.opened,
              cell: (session) => (
                <LinkButton onClick={() => goToConversation(peer.id)}>
                  <Time at={session.openedAt} form="day" now={now} />
                </LinkButton>
              ),
            },
            {
              head: text.sessions.by,
              cell: (session) => <strong className={css.by}>{session.role === 'initiator' ? text.sessions.you : text.sessions.them}</strong>,
            },
            { head: text.sessions.id, cell: (session) => <ShortHash hex={session.id} /> },
            { head: text.sessions.messages, cell: (session) => formatNumber(session.sent + session.received), secondary: true },
            {
              head: text.sessions.evidence,
              cell: (session) =>
                session.nonce === null ? (
                  <span className={css.none}>{text.sessions.unkept}</span>
                ) : (
                  <LinkButton aria-label={text.sessions.showOf(dayAndTime(session.openedAt, now))} onClick={() => goToAudit(peer.id, session.nonce)}>
                    {text.sessions.show}
                  </LinkButton>
                ),
            },
            { head: text.sessions.outcome, cell: (session) => <SessionBadge state={session.state} /> },
          ]}
        />
      )}
    </section>
  )
}
