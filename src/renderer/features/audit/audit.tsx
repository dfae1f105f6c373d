import { Printer, Save } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { AuditDto } from '../../../contract/dto.ts'
import type { AppError, Result } from '../../../contract/result.ts'
import { PageHeader } from '../../app/page-header.tsx'
import { call } from '../../bridge/current.ts'
import { Button } from '../../components/button.tsx'
import { Problem } from '../../components/problem.tsx'
import { useCommand } from '../../components/use-command.ts'
import { type AuditOf, toast, useUi } from '../../state/ui.ts'
import css from './audit.module.css'
import { Chooser } from './chooser.tsx'
import { Report } from './report.tsx'
import { text } from './strings.ts'

/** What an audit was made of; only what this wallet holds can be saved again. */
export type Source =
  | { readonly kind: 'peer'; readonly of: AuditOf }
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'urls'; readonly urls: string[] }

const run = (source: Source): Promise<Result<AuditDto>> =>
  source.kind === 'peer'
    ? call('audit.peer', { peer: source.of.peer, session: source.of.session })
    : source.kind === 'file'
      ? call('audit.file', { file: source.file })
      : call('audit.urls', { urls: source.urls })

/** Chooses what to audit, then shows the verdict with its reasons. Nothing of it is kept. */
export function Audit() {
  const asked = useUi((ui) => ui.audit)
  const [source, setSource] = useState<Source | null>(null)
  const chosen: Source | null = asked !== null ? { kind: 'peer', of: asked } : source
  const key = JSON.stringify(chosen)
  const [made, setMade] = useState<{ readonly key: string; readonly answer: Result<AuditDto> } | null>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says what was chosen
  useEffect(() => {
    if (chosen === null) return undefined
    let over = false
    void run(chosen).then((answer) => {
      if (!over) setMade({ key, answer })
    })
    return () => {
      over = true
    }
  }, [key])
  const leave = (): void => {
    useUi.setState({ audit: null })
    setSource(null)
    setMade(null)
  }
  if (chosen === null) return <Chooser onChoose={setSource} />
  if (made === null || made.key !== key) return <Working onLeave={leave} />
  if (!made.answer.ok) return <Failed error={made.answer.error} onLeave={leave} />
  return <Made audit={made.answer.value} of={chosen.kind === 'peer' ? chosen.of : null} onLeave={leave} />
}

function Working({ onLeave }: { onLeave: () => void }) {
  return (
    <>
      <PageHeader title={text.title} actions={<Button onClick={onLeave}>{text.again}</Button>} />
      <p className={css.working} role="status">
        {text.working}
      </p>
    </>
  )
}

function Failed({ error, onLeave }: { error: AppError; onLeave: () => void }) {
  return (
    <>
      <PageHeader title={text.title} actions={<Button onClick={onLeave}>{text.again}</Button>} />
      <div className={css.failed}>
        <p>{text.failed}</p>
        <Problem error={error} />
      </div>
    </>
  )
}

function Made({ audit, of, onLeave }: { audit: AuditDto; of: AuditOf | null; onLeave: () => void }) {
  const save = useCommand('audit.save')
  const doSave = async (what: 'bundle' | 'proof'): Promise<void> => {
    if (of === null) return
    const saved = await save.run({ ...of, what })
    if (saved !== undefined) toast(text.saved(saved.fileName))
  }
  const icon = { size: 15, strokeWidth: 1.75 } as const
  return (
    <>
      <PageHeader
        title={text.title}
        aside={text.of(audit.source)}
        actions={
          <span className={css.actions}>
            <Button kind="quiet" onClick={onLeave}>
              {text.again}
            </Button>
            <Button icon={<Printer {...icon} />} onClick={() => window.print()}>
              {text.print}
            </Button>
            {of !== null && (
              <Button icon={<Save {...icon} />} busy={save.busy} onClick={() => void doSave('bundle')}>
                {text.save}
              </Button>
            )}
          </span>
        }
      />
      <Report audit={audit} error={save.error} onProof={of !== null && audit.proof ? () => void doSave('proof') : null} />
    </>
  )
}
