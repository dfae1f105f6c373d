import { type FormEvent, useEffect, useRef, useState } from 'react'
import { TitleBar } from '../../app/title-bar.tsx'
import { Button, LinkButton } from '../../components/button.tsx'
import { Deriving } from '../../components/deriving.tsx'
import { Confirm } from '../../components/dialog.tsx'
import { Rosette } from '../../components/engraving.tsx'
import { KeyPicture } from '../../components/key-picture.tsx'
import { KeyWords } from '../../components/key-words.tsx'
import { PassphraseField, type PassphraseHandle, withBytes } from '../../components/passphrase-field.tsx'
import { Problem } from '../../components/problem.tsx'
import { countdown, useNow } from '../../components/time.tsx'
import { useCommand } from '../../components/use-command.ts'
import { useModel } from '../../state/store.ts'
import { useUi } from '../../state/ui.ts'
import { text } from './strings.ts'
import css from './unlock.module.css'

const rings = [{ radius: 0.375, amplitude: 0.085, lobes: 12, lines: 15 }] as const

/** Name, picture and words stand above the field, so that nobody types one identity's passphrase into another. */
export function Unlock() {
  const app = useModel((model) => model.app)
  const unlock = useCommand('identity.unlock')
  const choose = useCommand('profile.select')
  const reject = useCommand('request.rejectAll')
  const field = useRef<PassphraseHandle>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const archive = useCommand('identity.archive')
  const [dialog, setDialog] = useState<'forgot' | 'reject' | null>(null)
  const [said, setSaid] = useState<string | null>(null)
  const now = useNow(500)
  const failed = unlock.error
  useEffect(() => {
    if (failed !== null && failed.code === 'WRONG_PASSPHRASE') field.current?.focus()
  }, [failed])
  if (app === null || app.profile === null) return null

  const profile = app.profile
  const retryAt = Math.max(app.retryAt ?? 0, failed?.retryAt ?? 0)
  const wait = retryAt > now ? retryAt - now : 0
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (unlock.busy || wait > 0 || field.current === null) return
    if (field.current.length() === 0) {
      setProblem(text.need)
      return
    }
    setProblem(null)
    const passphrase = field.current.take()
    await withBytes([passphrase], () => unlock.run({ name: profile.name, passphrase }))
    field.current?.clear()
  }
  const wrong = failed?.code === 'WRONG_PASSPHRASE' ? text.wrong : null
  return (
    <div className={css.page}>
      <TitleBar bare />
      <div className={css.art} aria-hidden="true">
        <Rosette size={1060} rings={rings} />
      </div>
      <main className={css.main}>
        <form className={css.card} onSubmit={(event) => void submit(event)} noValidate>
          <KeyPicture picture={profile.picture} size={82} />
          <h1 className={css.name}>
            <bdi>{profile.name}</bdi>
          </h1>
          <KeyWords words={profile.words} count={4} />
          <div className={css.body}>
            <PassphraseField
              ref={field}
              label={text.passphrase}
              large
              autoFocus
              disabled={unlock.busy}
              problem={problem ?? (wait > 0 ? null : wrong)}
              onInput={() => setProblem(null)}
            />
            {unlock.busy ? (
              <Deriving />
            ) : (
              <>
                {failed !== null && failed.code !== 'WRONG_PASSPHRASE' && failed.code !== 'THROTTLED' && <Problem error={failed} />}
                {wait > 0 ? (
                  <div className={css.wait}>
                    <p role="status" className={css.waitHead}>
                      {text.throttled(countdown(wait))}
                    </p>
                    <p className={css.quiet}>
                      {text.attempts(app.failedAttempts)} {text.throttledWhy}
                    </p>
                  </div>
                ) : (
                  app.failedAttempts > 0 && <p className={css.quiet}>{text.attempts(app.failedAttempts)}</p>
                )}
                <Button kind="primary" size="large" grow submit disabled={wait > 0}>
                  {text.unlock}
                </Button>
              </>
            )}
          </div>
        </form>
        <p className={css.said} role="status">
          {said}
        </p>
      </main>
      <footer className={css.foot}>
        <LinkButton onClick={() => void choose.run({ name: null })}>{text.switch}</LinkButton>
        <span aria-hidden="true">·</span>
        <LinkButton onClick={() => setDialog('forgot')}>{text.forgot}</LinkButton>
        {app.waiting > 0 && (
          <>
            <span aria-hidden="true">·</span>
            <LinkButton onClick={() => setDialog('reject')}>{text.rejectAll}</LinkButton>
          </>
        )}
      </footer>
      {dialog === 'forgot' && (
        <Confirm
          title={text.forgotTitle}
          verb={text.restore}
          cancel={text.keep}
          busy={archive.busy}
          onClose={() => setDialog(null)}
          onConfirm={async () => {
            if ((await archive.run({ name: profile.name })) === undefined) return
            setDialog(null)
            useUi.setState({ adding: 'restore' })
          }}
        >
          <p>{text.forgotText}</p>
          <Problem error={archive.error} />
        </Confirm>
      )}
      {dialog === 'reject' && (
        <Confirm
          danger
          title={text.rejectTitle(app.waiting)}
          verb={text.reject}
          cancel={text.keepWaiting}
          busy={reject.busy}
          onClose={() => setDialog(null)}
          onConfirm={async () => {
            if ((await reject.run({ peer: null })) === undefined) return
            setDialog(null)
            setSaid(text.rejected)
          }}
        >
          <p>{text.rejectText}</p>
          <Problem error={reject.error} />
        </Confirm>
      )}
    </div>
  )
}
