import { type FormEvent, useRef, useState } from 'react'
import { Button } from '../../components/button.tsx'
import { Facts } from '../../components/card.tsx'
import { Deriving } from '../../components/deriving.tsx'
import { Confirm, Dialog } from '../../components/dialog.tsx'
import { HashCell, Mono } from '../../components/hash-cell.tsx'
import { KeyPicture } from '../../components/key-picture.tsx'
import { KeyWords } from '../../components/key-words.tsx'
import { PassphraseField, type PassphraseHandle, withBytes } from '../../components/passphrase-field.tsx'
import { Problem } from '../../components/problem.tsx'
import { words } from '../../components/strings.ts'
import { absolute } from '../../components/time.tsx'
import { useCommand } from '../../components/use-command.ts'
import { useModel } from '../../state/store.ts'
import { toast } from '../../state/ui.ts'
import { Group, Row, Section } from './section.tsx'
import css from './settings.module.css'
import { text } from './strings.ts'

export function IdentitySection() {
  const profile = useModel((model) => model.app?.profile ?? null)
  const archive = useCommand('identity.archive')
  const [dialog, setDialog] = useState<'export' | 'archive' | null>(null)
  if (profile === null) return null
  return (
    <Section title={text.sections.identity} lead={text.identity.lead}>
      <Group>
        <div className={css.who}>
          <KeyPicture picture={profile.picture} size={64} />
          <div>
            <bdi className={css.whoName}>{profile.name}</bdi>
            <div>
              <KeyWords words={profile.words} count={6} />
            </div>
          </div>
        </div>
        <div className={css.facts}>
          <Facts
            rows={[
              { label: text.identity.id, value: <Mono>{profile.myId}</Mono> },
              { label: text.identity.made, value: absolute(profile.createdAt) },
              { label: text.identity.sign, value: <HashCell hex={profile.signPub} what="your signing key" /> },
              { label: text.identity.kx, value: <HashCell hex={profile.kxPub} what="your exchange key" /> },
            ]}
          />
        </div>
      </Group>
      <Group>
        <Row title={text.identity.export} says={text.identity.exportText}>
          {() => <Button onClick={() => setDialog('export')}>{text.identity.exportAct}</Button>}
        </Row>
        <Row title={text.identity.archive} says={text.identity.archiveText}>
          {() => (
            <Button kind="leads-to-danger" onClick={() => setDialog('archive')}>
              {text.identity.archiveAct}
            </Button>
          )}
        </Row>
      </Group>
      {dialog === 'export' && <ExportDialog onClose={() => setDialog(null)} />}
      {dialog === 'archive' && (
        <Confirm
          danger
          title={text.identity.archiveTitle(profile.name)}
          verb={text.identity.archiveVerb}
          cancel={text.identity.archiveKeep}
          busy={archive.busy}
          onClose={() => setDialog(null)}
          onConfirm={() => void archive.run({ name: profile.name })}
        >
          <p>{text.identity.archiveBody}</p>
          <Problem error={archive.error} />
        </Confirm>
      )}
    </Section>
  )
}

function ExportDialog({ onClose }: { onClose: () => void }) {
  const out = useCommand('identity.export')
  const own = useRef<PassphraseHandle>(null)
  const file = useRef<PassphraseHandle>(null)
  const [need, setNeed] = useState<string | null>(null)
  const submit = async (event?: FormEvent): Promise<void> => {
    event?.preventDefault()
    if (out.busy || own.current === null || file.current === null) return
    if (own.current.length() === 0 || file.current.length() === 0) return setNeed(text.passphrase.need)
    setNeed(null)
    const passphrase = own.current.take()
    const exportPassphrase = file.current.take()
    const done = await withBytes([passphrase, exportPassphrase], () => out.run({ passphrase, exportPassphrase }))
    if (done === undefined) return
    toast(text.identity.exported(done.fileName))
    onClose()
  }
  return (
    <Dialog
      title={text.identity.exportTitle}
      onClose={onClose}
      onSubmit={() => void submit()}
      actions={
        <>
          <Button onClick={onClose} data-first>
            {words.cancel}
          </Button>
          <Button kind="primary" submit busy={out.busy}>
            {text.identity.exportAct}
          </Button>
        </>
      }
    >
      <p>{text.identity.exportWarn}</p>
      <PassphraseField ref={own} label={text.identity.own} disabled={out.busy} problem={need} onInput={() => setNeed(null)} />
      <PassphraseField ref={file} label={text.identity.file} isNew disabled={out.busy} />
      {out.busy ? <Deriving /> : <Problem error={out.error} />}
    </Dialog>
  )
}
