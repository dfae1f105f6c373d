import { Check } from 'lucide-react'
import type { AuditDto } from '../../../contract/dto.ts'
import { Badge } from '../../components/badge.tsx'
import { Facts } from '../../components/card.tsx'
import { HashCell, Mono } from '../../components/hash-cell.tsx'
import { Rails, type Rung } from '../../components/rails.tsx'
import { words } from '../../components/strings.ts'
import { absolute } from '../../components/time.tsx'
import css from './sessions.module.css'
import { text } from './strings.ts'

type Session = AuditDto['sessions'][number]

/** Each session of the two, told in order. */
export function AuditSessions({ audit, labelOf }: { audit: AuditDto; labelOf: (side: 'a' | 'b') => string }) {
  const own = audit.lanes.find((lane) => lane.own)?.side ?? 'a'
  return (
    <section className={css.section} aria-label={text.sessions.label}>
      <h2 className={css.label}>{text.sessions.label}</h2>
      {audit.sessions.length === 0 && <p className={css.quiet}>{text.sessions.none}</p>}
      <ul className={css.list}>
        {audit.sessions.map((session) => (
          <li key={session.nonce} className={css.session}>
            <One session={session} own={own} labelOf={labelOf} single={audit.lanes.length < 2} />
          </li>
        ))}
      </ul>
    </section>
  )
}

function One({ session, own, labelOf, single }: { session: Session; own: 'a' | 'b'; labelOf: (side: 'a' | 'b') => string; single: boolean }) {
  const rungs: Rung[] = session.steps.map((step, i) => ({
    key: `${i}${step.name}`,
    by: step.side === own ? 'us' : 'them',
    content: (
      <div className={css.step}>
        <strong>{step.title}</strong>
        <span className={css.quiet}>
          <bdi>{labelOf(step.side)}</bdi>, {absolute(step.at)}, <Mono>{step.zeqond}</Mono>
        </span>
      </div>
    ),
  }))
  return (
    <>
      <div className={css.head}>
        <strong>{words.evidence[session.status] ?? session.status}</strong>
        <span className={css.code}>{session.status}</span>
        <span className={css.quiet}>{text.sessions.began(labelOf(session.initiator))}</span>
        {session.suspect && <Badge tone="bad">{text.sessions.suspect}</Badge>}
      </div>
      <p>{session.meaning}</p>
      <div className={css.body}>
        <Rails label={text.sessions.label} rungs={rungs} dashedTheirs={single} wide />
        <Facts
          rows={[
            {
              label: text.sessions.id,
              value: session.sessionId === null ? text.sessions.noId : <HashCell hex={session.sessionId} what={text.sessions.idWhat} />,
            },
            ...(session.suite === null ? [] : [{ label: text.sessions.suite, value: <Mono>{session.suite}</Mono> }]),
            { label: text.sessions.nonce, value: <Mono>{session.nonce}</Mono> },
            ...session.ended.map((end, i) => ({
              label: text.sessions.ends(i),
              value: text.sessions.endedBy(labelOf(end.who), end.kind, end.reason),
            })),
            ...(session.confirmed
              ? [
                  {
                    label: text.sessions.key,
                    value: (
                      <span className={css.confirmed}>
                        <Check size={14} strokeWidth={2} />
                        {text.sessions.confirmed}
                      </span>
                    ),
                  },
                ]
              : []),
          ]}
        />
      </div>
    </>
  )
}
