import { Ellipsis, MessageSquareLock, Pencil, Trash2 } from 'lucide-react'
import { useState } from 'react'
import type { PeerDto } from '../../../contract/dto.ts'
import { LedgerBadge, LegacyBadge, TrustBadge } from '../../components/badge.tsx'
import { Button, IconButton } from '../../components/button.tsx'
import { Card, Label } from '../../components/card.tsx'
import { HashCell, Mono } from '../../components/hash-cell.tsx'
import { KeyPicture } from '../../components/key-picture.tsx'
import { KeyWords } from '../../components/key-words.tsx'
import { Menu, type MenuItem } from '../../components/menu.tsx'
import { claim } from '../../components/peer-name.tsx'
import { Problem } from '../../components/problem.tsx'
import { dayAndTimeInside, useNow } from '../../components/time.tsx'
import { useCommand } from '../../components/use-command.ts'
import { useModel, useStore } from '../../state/store.ts'
import { go, goToConversation, toast } from '../../state/ui.ts'
import { NoticeList } from '../notices/notice-list.tsx'
import { Caught } from './caught.tsx'
import { ForgetDialog, NameDialog } from './dialogs.tsx'
import { KeyChange } from './key-change.tsx'
import css from './peer-page.module.css'
import { PeerSessions } from './peer-sessions.tsx'
import { Policy } from './policy.tsx'
import { text } from './strings.ts'
import { Trust } from './trust.tsx'
import { ZoneNotice } from './zone-notice.tsx'

export function PeerPage({ peer }: { peer: PeerDto }) {
  const now = useNow(20_000)
  const [dialog, setDialog] = useState<'name' | 'forget' | null>(null)
  const notices = useModel((model) => model.notices)
  const waiting = useModel((model) => model.requests.filter((request) => request.peer === peer.id).length)
  const onItsWay = useModel((model) => model.handshakes.some((handshake) => handshake.peer === peer.id && handshake.ended === null))
  const ownNotices = notices.filter((notice) => notice.peer === peer.id)
  return (
    <article className={css.page} aria-label={peer.label}>
      <div className={css.head}>
        <KeyPicture picture={peer.picture} size={72} blocked={peer.trust === 'blocked'} />
        <div className={css.who}>
          <span className={css.claim}>{claim(peer)}</span>
          <div className={css.nameRow}>
            <h2 className={css.name}>
              <bdi>{peer.label}</bdi>
            </h2>
            <TrustBadge state={peer.trust} />
            {peer.profile === 'hs' ? <LegacyBadge /> : <LedgerBadge />}
          </div>
          <KeyWords words={peer.words} count={6} />
          <p className={css.where}>{peer.online ? text.presence.online : text.presence.last(dayAndTimeInside(peer.lastSeen, now))}</p>
        </div>
        <Actions peer={peer} onDialog={setDialog} />
      </div>
      {peer.caught !== null && <Caught peer={peer} caught={peer.caught} />}
      {(waiting > 0 || onItsWay) && (
        <div className={css.waits}>
          <span>{waiting > 0 ? text.waits(waiting) : text.onItsWay}</span>
          <Button size="small" onClick={() => go('proposals')}>
            {waiting > 0 ? text.act.review : text.act.look}
          </Button>
        </div>
      )}
      {peer.trust === 'changed' && peer.presented !== null ? (
        <KeyChange peer={peer} presented={peer.presented} onForget={() => setDialog('forget')} />
      ) : (
        <div className={css.cards}>
          <Trust peer={peer} now={now} />
          <Card label={text.key.label}>
            {peer.signPub === null ? (
              <p className={css.quiet}>{text.key.none}</p>
            ) : (
              <>
                <div className={css.key}>
                  <HashCell hex={peer.signPub} what={text.key.what} icon />
                </div>
                {peer.kxPub !== null && (
                  <div className={css.second}>
                    <Label as="h3">{text.key.exchange}</Label>
                    <HashCell hex={peer.kxPub} what={text.key.whatExchange} />
                  </div>
                )}
              </>
            )}
            {peer.genesis !== null && (
              <div className={css.second}>
                <Label as="h3">{text.key.ledger}</Label>
                <HashCell hex={peer.genesis} what={text.key.ledgerWhat} />
                <p className={css.quiet}>{text.key.ledgerText}</p>
              </div>
            )}
            <p className={css.id}>
              {text.key.id} <Mono>{peer.id}</Mono>
            </p>
          </Card>
        </div>
      )}
      {peer.zoneSkewMinutes !== null && <ZoneNotice peer={peer} minutes={peer.zoneSkewMinutes} />}
      {peer.trust !== 'changed' && <Policy peer={peer} now={now} />}
      <PeerSessions peer={peer} now={now} />
      {ownNotices.length > 0 && (
        <section className={css.section}>
          <Label>{text.notices}</Label>
          <NoticeList notices={ownNotices} now={now} />
        </section>
      )}
      {dialog === 'name' && <NameDialog peer={peer} onClose={() => setDialog(null)} />}
      {dialog === 'forget' && <ForgetDialog peer={peer} onClose={() => setDialog(null)} />}
    </article>
  )
}

/** What may be done is in the DTO; this only draws it, and the reason where nothing may. */
function Actions({ peer, onDialog }: { peer: PeerDto; onDialog: (dialog: 'name' | 'forget') => void }) {
  const propose = useCommand('peer.propose')
  const reconnect = useCommand('peer.reconnect')
  const answer = useCommand('peer.answer')
  const giveUp = useCommand('peer.giveUp')
  const review = useCommand('request.review')
  const hasSession = useModel((model) => model.sessions.some((session) => session.peer === peer.id))
  const talking = useModel((model) => model.sessions.some((session) => session.peer === peer.id && session.may.send))
  const error = propose.error ?? reconnect.error ?? answer.error ?? giveUp.error ?? review.error

  const doAnswer = async (): Promise<void> => {
    const request = await answer.run({ peer: peer.id })
    if (request !== undefined) await review.run({ id: request.id })
  }
  const doPropose = async (): Promise<void> => {
    if ((await propose.run({ peer: peer.id })) === undefined) return
    if (peer.profile === 'hs') return toast(text.done.propose)
    // On ledgers a proposal is approved before anything leaves; where the request is there already, its review opens.
    const request = useStore.getState().model.requests.find((other) => other.peer === peer.id && other.step === 'propose')
    if (request === undefined) toast(text.done.proposeOnLedger)
    else await review.run({ id: request.id })
  }
  const doReconnect = async (): Promise<void> => {
    if ((await reconnect.run({ peer: peer.id })) !== undefined) toast(text.done.reconnect)
  }
  const doGiveUp = async (): Promise<void> => {
    if ((await giveUp.run({ peer: peer.id })) !== undefined) toast(text.done.giveUp)
  }
  const asks = useModel((model) => model.knocks.some((knock) => knock.peer === peer.id && knock.kind !== 'confirm'))
  // Whoever knocks is answered first; answering somebody who only showed up is possible, and rarely what is meant.
  const { may } = peer
  const main = talking ? 'talk' : asks && may.answer ? 'answer' : may.propose ? 'propose' : may.reconnect ? 'reconnect' : may.answer ? 'answer' : null
  const small = { size: 15, strokeWidth: 1.75 } as const
  const items: (MenuItem | 'line')[] = [
    ...(hasSession && !talking ? [{ label: text.act.open, icon: <MessageSquareLock {...small} />, onSelect: () => goToConversation(peer.id) }] : []),
    ...(peer.may.propose && main !== 'propose' ? [{ label: text.act.propose, onSelect: () => void doPropose() }] : []),
    ...(peer.may.reconnect && main !== 'reconnect' ? [{ label: text.act.reconnect, onSelect: () => void doReconnect() }] : []),
    ...(may.answer && main !== 'answer' ? [{ label: text.act.answer, onSelect: () => void doAnswer() }] : []),
    ...(peer.wanted && !talking ? [{ label: text.act.giveUp, onSelect: () => void doGiveUp() }] : []),
    { label: text.act.name, icon: <Pencil {...small} />, onSelect: () => onDialog('name') },
    'line',
    { label: text.act.forget, icon: <Trash2 {...small} />, danger: true, onSelect: () => onDialog('forget') },
  ]
  return (
    <div className={css.actions}>
      <div className={css.buttons}>
        <Menu
          trigger={
            <IconButton label={text.act.more} edged>
              <Ellipsis size={16} strokeWidth={2} />
            </IconButton>
          }
          items={items}
        />
        {main === 'answer' && (
          <Button kind="primary" busy={answer.busy || review.busy} onClick={() => void doAnswer()}>
            {text.act.answer}
          </Button>
        )}
        {main === 'talk' && (
          <Button kind="primary" onClick={() => goToConversation(peer.id)}>
            {text.act.open}
          </Button>
        )}
        {main === 'propose' && (
          <Button kind="primary" busy={propose.busy || review.busy} onClick={() => void doPropose()}>
            {text.act.propose}
          </Button>
        )}
        {main === 'reconnect' && (
          <Button kind="primary" busy={reconnect.busy} onClick={() => void doReconnect()}>
            {text.act.reconnect}
          </Button>
        )}
        {main === null && peer.trust !== 'changed' && (
          <Button disabled aria-describedby="peer-reason">
            {text.act.propose}
          </Button>
        )}
      </div>
      {error !== null ? (
        <Problem error={error} />
      ) : (
        peer.trust !== 'changed' &&
        (peer.status !== null || (main === null && peer.reason !== null)) && (
          <p id="peer-reason" className={css.reason}>
            {main === null && peer.reason !== null ? peer.reason : peer.status}
          </p>
        )
      )}
    </div>
  )
}
