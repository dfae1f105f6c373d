import { type FormEvent, useId, useState } from 'react'
import { PageHeader } from '../../app/page-header.tsx'
import { Button } from '../../components/button.tsx'
import { Card } from '../../components/card.tsx'
import { Field, Select, TextInput } from '../../components/field.tsx'
import { Problem } from '../../components/problem.tsx'
import { dayAndTime, useNow } from '../../components/time.tsx'
import { useCommand } from '../../components/use-command.ts'
import { useModel } from '../../state/store.ts'
import { goToAudit } from '../../state/ui.ts'
import type { Source } from './audit.tsx'
import css from './chooser.module.css'
import { text } from './strings.ts'

/** Three ways to two ledgers: what this wallet holds, a file, addresses. */
export function Chooser({ onChoose }: { onChoose: (source: Source) => void }) {
  return (
    <>
      <PageHeader title={text.title} />
      <div className={css.page}>
        <p className={css.lead}>{text.choose.lead}</p>
        <div className={css.cards}>
          <OfPeer />
          <OfFile onChoose={onChoose} />
          <OfUrls onChoose={onChoose} />
        </div>
      </div>
    </>
  )
}

function OfPeer() {
  const all = useModel((model) => model.peers)
  const sessions = useModel((model) => model.sessions)
  const handshakes = useModel((model) => model.handshakes)
  const now = useNow(60_000)
  const id = useId()
  const with_ = new Set([...sessions, ...handshakes].map((entry) => entry.peer))
  const peers = all.filter((peer) => peer.genesis !== null || with_.has(peer.id))
  const [wanted, setPeer] = useState<string | null>(null)
  const [session, setSession] = useState('')
  const peer = peers.find((p) => p.id === wanted) ?? peers[0]
  const own = sessions.filter((s) => s.peer === peer?.id && s.nonce !== null).sort((a, b) => b.openedAt - a.openedAt)
  return (
    <Card label={text.choose.peer}>
      <p className={css.says}>{text.choose.peerText}</p>
      {peer === undefined ? (
        <p className={css.none}>{text.choose.noPeer}</p>
      ) : (
        <div className={css.form}>
          <div className={css.field}>
            <label htmlFor={`${id}-peer`}>{text.choose.which}</label>
            <Select
              id={`${id}-peer`}
              value={peer.id}
              onChange={(event) => {
                setPeer(event.target.value)
                setSession('')
              }}
            >
              {peers.map((p) => (
                <option key={p.id} value={p.id}>
                  {p.label}
                </option>
              ))}
            </Select>
          </div>
          <div className={css.field}>
            <label htmlFor={`${id}-session`}>{text.choose.session}</label>
            <Select id={`${id}-session`} value={session} onChange={(event) => setSession(event.target.value)}>
              <option value="">{text.choose.all}</option>
              {own.map((s) => (
                <option key={s.id} value={s.nonce ?? ''}>
                  {dayAndTime(s.openedAt, now)}
                </option>
              ))}
            </Select>
          </div>
          <div>
            <Button kind="primary" onClick={() => goToAudit(peer.id, session === '' ? null : session)}>
              {text.choose.act}
            </Button>
          </div>
        </div>
      )}
    </Card>
  )
}

function OfFile({ onChoose }: { onChoose: (source: Source) => void }) {
  const choose = useCommand('file.choose')
  const pick = async (): Promise<void> => {
    const chosen = await choose.run({ purpose: 'audit' })
    if (chosen !== undefined) onChoose({ kind: 'file', file: chosen.file })
  }
  return (
    <Card label={text.choose.file}>
      <p className={css.says}>{text.choose.fileText}</p>
      <div className={css.form}>
        <div>
          <Button busy={choose.busy} onClick={() => void pick()}>
            {text.choose.fileAct}
          </Button>
        </div>
        <Problem error={choose.error} />
      </div>
    </Card>
  )
}

function OfUrls({ onChoose }: { onChoose: (source: Source) => void }) {
  const [one, setOne] = useState('')
  const [two, setTwo] = useState('')
  const [need, setNeed] = useState(false)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    const urls = [one, two].map((url) => url.trim()).filter((url) => url !== '')
    setNeed(urls.length === 0)
    if (urls.length > 0) onChoose({ kind: 'urls', urls })
  }
  const field = (label: string, value: string, set: (value: string) => void, hint?: string) => (
    <Field label={label} hint={hint} problem={need && hint === undefined ? text.choose.urlNeed : null}>
      {({ id, describedBy }) => (
        <TextInput
          id={id}
          aria-describedby={describedBy}
          value={value}
          dir="ltr"
          maxLength={2048}
          placeholder="http://"
          onChange={(event) => set(event.target.value)}
        />
      )}
    </Field>
  )
  return (
    <Card label={text.choose.urls}>
      <p className={css.says}>{text.choose.urlsText}</p>
      <form className={css.form} onSubmit={submit} noValidate>
        {field(text.choose.one, one, setOne)}
        {field(text.choose.two, two, setTwo, text.choose.oneOnly)}
        <div>
          <Button submit>{text.choose.urlAct}</Button>
        </div>
      </form>
    </Card>
  )
}
