import { ArrowLeft, PanelRight, Scale } from 'lucide-react'
import { useState } from 'react'
import type { SessionDto } from '../../../contract/dto.ts'
import { PageHeader } from '../../app/page-header.tsx'
import { LegacyBadge, SessionBadge, TrustBadge } from '../../components/badge.tsx'
import { Button, IconButton } from '../../components/button.tsx'
import { classes } from '../../components/classes.ts'
import { KeyPicture } from '../../components/key-picture.tsx'
import { claim } from '../../components/peer-name.tsx'
import { Problem } from '../../components/problem.tsx'
import { useCommand } from '../../components/use-command.ts'
import { useModel } from '../../state/store.ts'
import { goToAudit, useUi } from '../../state/ui.ts'
import { Composer } from './composer.tsx'
import css from './conversation.module.css'
import { FactsPane } from './facts.tsx'
import { LegacyNotice } from './legacy-notice.tsx'
import { Log } from './log.tsx'
import { text } from './strings.ts'

/** An open session before an ended one, a newer before an older. */
function firstOf(sessions: readonly SessionDto[]): SessionDto | undefined {
  const rank = (session: SessionDto): number => (session.may.send ? 2 : session.endedAt === null ? 1 : 0)
  return [...sessions].sort((a, b) => rank(b) - rank(a) || b.openedAt - a.openedAt)[0]
}

/** One conversation with a peer: all its sessions' messages, and the facts of one of them. */
export function Conversation({ peerId }: { peerId: string }) {
  const all = useModel((model) => model.sessions)
  const peer = useModel((model) => model.peers.find((p) => p.id === peerId))
  const factsOpen = useUi((ui) => ui.factsOpen)
  const [chosen, setChosen] = useState<string | null>(null)
  const close = useCommand('session.close')
  const review = useCommand('request.review')
  const sessions = all.filter((session) => session.peer === peerId)
  const session = sessions.find((s) => s.id === chosen) ?? firstOf(sessions)
  if (session === undefined) return null
  const label = peer?.label ?? peerId
  const doClose = async (): Promise<void> => {
    const request = await close.run({ session: session.id })
    if (request !== undefined) await review.run({ id: request.id })
  }
  return (
    <>
      <PageHeader
        lead={
          <div className={css.lead}>
            <IconButton label={text.back} title={text.back} onClick={() => useUi.setState({ conversation: null })}>
              <ArrowLeft size={17} strokeWidth={1.75} />
            </IconButton>
            <KeyPicture picture={peer?.picture ?? null} size={30} blocked={peer?.trust === 'blocked'} />
            {peer !== undefined && <span className={css.claim}>{claim(peer)}</span>}
            <h1 className={css.name}>
              <bdi>{label}</bdi>
            </h1>
            {peer !== undefined && <TrustBadge state={peer.trust} />}
            {peer?.profile === 'hs' && <LegacyBadge />}
            <SessionBadge state={session.state} />
          </div>
        }
        actions={
          <>
            {session.nonce !== null && (
              <Button icon={<Scale size={15} strokeWidth={1.75} />} onClick={() => goToAudit(peerId, session.nonce)}>
                {text.evidence}
              </Button>
            )}
            {session.may.close && (
              <Button kind="leads-to-danger" busy={close.busy || review.busy} onClick={() => void doClose()}>
                {text.close}
              </Button>
            )}
            <span className={css.toggle}>
              <IconButton label={factsOpen ? text.hideFacts : text.facts} aria-expanded={factsOpen} onClick={() => useUi.setState({ factsOpen: !factsOpen })}>
                <PanelRight size={17} strokeWidth={1.75} />
              </IconButton>
            </span>
          </>
        }
      />
      <div className={css.split}>
        <section className={css.talk} aria-label={text.log(label)}>
          {(close.error !== null || review.error !== null) && (
            <div className={css.problem}>
              <Problem error={close.error ?? review.error} />
            </div>
          )}
          {session.profile === 'hs' && <LegacyNotice />}
          <Log peerId={peerId} label={label} chained={session.profile === 'm2m'} />
          <Composer session={session} peerId={peerId} label={label} />
        </section>
        <aside className={classes(css.facts, factsOpen && css.drawer)} aria-label={text.facts}>
          <FactsPane session={session} sessions={sessions} onChoose={setChosen} />
        </aside>
      </div>
    </>
  )
}
