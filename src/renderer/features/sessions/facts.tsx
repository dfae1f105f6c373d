import { Check, X } from 'lucide-react'
import { useId } from 'react'
import type { SessionDto } from '../../../contract/dto.ts'
import { Button } from '../../components/button.tsx'
import { Facts, Label } from '../../components/card.tsx'
import { Select } from '../../components/field.tsx'
import { HashCell, Mono } from '../../components/hash-cell.tsx'
import { Rails, type Rung } from '../../components/rails.tsx'
import { words } from '../../components/strings.ts'
import { absolute, dayAndTime, formatNumber, Time, useNow } from '../../components/time.tsx'
import { goToAudit, goToPeer } from '../../state/ui.ts'
import css from './facts.module.css'
import { text } from './strings.ts'

/** What is known about one session: its id, its steps, what was checked and what cannot be. What is said of secrecy and turns depends on its protocol. */
export function FactsPane({ session, sessions, onChoose }: { session: SessionDto; sessions: readonly SessionDto[]; onChoose: (id: string) => void }) {
  const now = useNow(30_000)
  const select = useId()
  const next = session.steps.findIndex((step) => step.at === null)
  const live = session.endedAt === null
  const legacy = session.profile === 'hs'
  const rungs: Rung[] = session.steps.map((step, i) => ({
    key: `${i}${step.name}`,
    by: step.by,
    future: step.at === null,
    now: live && i === next,
    content: (
      <div className={step.at === null ? css.stepFuture : css.step}>
        <strong>{step.name}</strong>
        <span className={css.detail}>{step.detail ?? (step.at === null ? '' : <Time at={step.at} form="clock" now={now} />)}</span>
        {step.at !== null && (
          <span className={step.by === 'us' ? css.tickOurs : css.tickTheirs} title={absolute(step.at)}>
            <Check size={14} strokeWidth={2} />
          </span>
        )}
      </div>
    ),
  }))
  return (
    <>
      <section className={css.section}>
        <Label>{text.pane.label}</Label>
        {sessions.length > 1 && (
          <div className={css.which}>
            <label htmlFor={select} className="sr">
              {text.which}
            </label>
            <Select id={select} value={session.id} onChange={(event) => onChoose(event.target.value)}>
              {[...sessions]
                .sort((a, b) => b.openedAt - a.openedAt)
                .map((s) => (
                  <option key={s.id} value={s.id}>
                    {`${dayAndTime(s.openedAt, now)}, ${text.pane.by[s.role]}`}
                  </option>
                ))}
            </Select>
          </div>
        )}
        <HashCell hex={session.id} what={text.pane.hash} perLine={3} />
        <Facts
          rows={[
            {
              label: text.pane.opened,
              value: (
                <>
                  {dayAndTime(session.openedAt, now)}, {text.pane.by[session.role]}
                </>
              ),
            },
            ...(session.endedAt === null ? [] : [{ label: text.pane.ended, value: dayAndTime(session.endedAt, now) }]),
            ...(session.reason === null ? [] : [{ label: text.pane.why, value: session.reason }]),
            {
              label: text.pane.key,
              value: (
                <span title={text.pane.keyWhat}>
                  <Mono>{session.fingerprint}</Mono>
                </span>
              ),
            },
            ...(session.suite === null ? [] : [{ label: text.pane.suite, value: text.pane.suites[session.suite] ?? session.suite }]),
            { label: text.pane.secrecy, value: legacy ? text.pane.legacy : text.pane.forward },
            { label: text.pane.messages, value: `${formatNumber(session.sent)} sent, ${formatNumber(session.received)} received` },
            ...(legacy && session.state === 'open' ? [{ label: text.pane.turn, value: text.pane.turns[session.turn] }] : []),
            ...(session.queued > 0 ? [{ label: text.pane.queued, value: text.row.queued(session.queued) }] : []),
          ]}
        />
        {legacy && session.state === 'open' && <p className={css.quiet}>{text.pane.lead[session.role]}</p>}
      </section>
      {rungs.length > 0 && (
        <section className={css.section}>
          <Label aside={session.evidence === null ? undefined : <span title={session.evidence}>{words.evidence[session.evidence] ?? session.evidence}</span>}>
            {legacy ? text.pane.steps : text.pane.evidence}
          </Label>
          <Rails label={text.pane.steps} rungs={rungs} dashedTheirs={legacy} wide />
          <p className={css.quiet}>{legacy ? text.pane.dashed : text.pane.public}</p>
        </section>
      )}
      {session.checks.length > 0 && (
        <section className={css.section}>
          <Label>{text.pane.checks}</Label>
          <ul className={css.checks}>
            {session.checks.map((check) => (
              <li key={check.text} className={check.holds ? css.holds : css.fails}>
                {check.holds ? <Check size={14} strokeWidth={2} /> : <X size={14} strokeWidth={2} />}
                <span className="sr">{check.holds ? text.pane.holds : text.pane.fails}</span>
                <span>{check.text}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section className={css.section}>
        <div className={css.buttons}>
          {session.nonce !== null && (
            <Button size="small" onClick={() => goToAudit(session.peer, session.nonce)}>
              {text.evidence}
            </Button>
          )}
          <Button size="small" onClick={() => goToPeer(session.peer)}>
            {text.pane.peer}
          </Button>
        </div>
      </section>
    </>
  )
}
