import { type FormEvent, useState } from 'react'
import type { ApiDto, SettingsDto } from '../../../contract/dto.ts'
import { Button } from '../../components/button.tsx'
import { Facts } from '../../components/card.tsx'
import { Confirm } from '../../components/dialog.tsx'
import { copyText, Mono } from '../../components/hash-cell.tsx'
import { Problem } from '../../components/problem.tsx'
import { Segmented } from '../../components/segmented.tsx'
import { Switch } from '../../components/switch.tsx'
import { useCommand } from '../../components/use-command.ts'
import { useModel } from '../../state/store.ts'
import { toast } from '../../state/ui.ts'
import { PortField, portOf } from './port-field.tsx'
import { Group, Row, Section } from './section.tsx'
import css from './settings.module.css'
import { text } from './strings.ts'

/** Who may read the own ledger, which programs may use it, and where files land. */
export function LedgerSection() {
  const app = useModel((model) => model.app)
  const set = useCommand('settings.set')
  if (app === null) return null
  const { settings, api } = app
  return (
    <Section title={text.sections.ledger} lead={text.ledger.lead}>
      <Group>
        <Row title={text.ledger.public} says={settings.ledgerPublic ? text.ledger.publicOn : text.ledger.publicOff}>
          {(ids) => <Switch {...ids} checked={settings.ledgerPublic} busy={set.busy} onChange={(ledgerPublic) => void set.run({ ledgerPublic })} />}
        </Row>
      </Group>
      <Group>
        <ApiSwitch settings={settings} />
        <Port key={settings.apiPort} settings={settings} />
      </Group>
      {settings.api !== 'off' && (
        <Group>
          <ApiNow api={api} />
        </Group>
      )}
      <Group>
        <div className={css.facts}>
          <Facts rows={[{ label: text.ledger.files, value: <Mono>{app.downloads}</Mono> }]} />
          <p className={css.note}>{text.ledger.filesText}</p>
        </div>
      </Group>
      <Problem error={set.error} />
    </Section>
  )
}

function ApiSwitch({ settings }: { settings: SettingsDto }) {
  const set = useCommand('settings.set')
  const [asking, setAsking] = useState(false)
  const choose = (api: SettingsDto['api']): void => {
    if (api === settings.api) return
    if (api === 'network') setAsking(true)
    else void set.run({ api })
  }
  return (
    <>
      <Row title={text.ledger.api} says={text.ledger.apiText[settings.api]}>
        {() => (
          <Segmented
            label={text.ledger.api}
            value={settings.api}
            onChange={choose}
            segments={[
              { value: 'off', label: text.ledger.off },
              { value: 'loopback', label: text.ledger.loopback },
              { value: 'network', label: text.ledger.network },
            ]}
          />
        )}
      </Row>
      {set.error !== null && (
        <div className={css.problem}>
          <Problem error={set.error} />
        </div>
      )}
      {asking && (
        <Confirm
          danger
          title={text.ledger.networkTitle}
          verb={text.ledger.networkVerb}
          cancel={text.ledger.networkKeep}
          busy={set.busy}
          onClose={() => setAsking(false)}
          onConfirm={async () => {
            if ((await set.run({ api: 'network' })) !== undefined) setAsking(false)
          }}
        >
          <p>{text.ledger.networkBody}</p>
          <p>{text.ledger.networkBody2}</p>
          <Problem error={set.error} />
        </Confirm>
      )}
    </>
  )
}

function Port({ settings }: { settings: SettingsDto }) {
  const set = useCommand('settings.set')
  const [port, setPort] = useState(String(settings.apiPort))
  const [bad, setBad] = useState(false)
  const changed = port !== String(settings.apiPort)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (!changed || set.busy) return
    const apiPort = portOf(port)
    setBad(apiPort === null)
    if (apiPort !== null && (await set.run({ apiPort })) !== undefined) toast(text.saved)
  }
  return (
    <form className={css.pad} onSubmit={(event) => void submit(event)} noValidate>
      <div className={css.form}>
        <div className={css.single}>
          <PortField label={text.ledger.port} value={port} bad={bad} onChange={setPort} />
        </div>
        <Problem error={set.error} />
        {changed && (
          <div className={css.end}>
            <Button kind="primary" submit busy={set.busy}>
              {text.ledger.portSave}
            </Button>
          </div>
        )}
      </div>
    </form>
  )
}

/** Where it listens, and the token with which a program makes its first machine; drawn only when asked for. */
function ApiNow({ api }: { api: ApiDto }) {
  const ask = useCommand('api.state')
  const [token, setToken] = useState<string | null>(null)
  const show = async (): Promise<void> => {
    const state = await ask.run({})
    if (state !== undefined) setToken(state.token)
  }
  return (
    <>
      <div className={css.factsAbove}>
        <Facts
          rows={[
            { label: text.ledger.at, value: api.url === null ? text.ledger.notYet : <Mono>{api.url}</Mono> },
            ...(api.error === null ? [] : [{ label: text.relay.error, value: <span className={css.bad}>{api.error}</span> }]),
          ]}
        />
      </div>
      <Row title={text.ledger.token} says={token === null ? text.ledger.tokenText : <Mono>{token}</Mono>}>
        {() =>
          token === null ? (
            <Button busy={ask.busy} onClick={() => void show()}>
              {text.ledger.tokenShow}
            </Button>
          ) : (
            <Button onClick={() => copyText(token, text.ledger.tokenWhat)}>{text.ledger.tokenCopy}</Button>
          )
        }
      </Row>
      {ask.error !== null && (
        <div className={css.problem}>
          <Problem error={ask.error} />
        </div>
      )}
    </>
  )
}
