import { type FormEvent, useState } from 'react'
import type { RelayDto, SettingsDto } from '../../../contract/dto.ts'
import { Button } from '../../components/button.tsx'
import { Facts } from '../../components/card.tsx'
import { Field, TextInput } from '../../components/field.tsx'
import { Mono } from '../../components/hash-cell.tsx'
import { Problem } from '../../components/problem.tsx'
import { Segmented } from '../../components/segmented.tsx'
import { Switch } from '../../components/switch.tsx'
import { countdown, useNow } from '../../components/time.tsx'
import { useCommand } from '../../components/use-command.ts'
import { useModel } from '../../state/store.ts'
import { toast } from '../../state/ui.ts'
import { PortField, portOf } from './port-field.tsx'
import { Group, Row, Section } from './section.tsx'
import css from './settings.module.css'
import { text } from './strings.ts'

export function RelaySection() {
  const app = useModel((model) => model.app)
  const set = useCommand('settings.set')
  if (app === null) return null
  const { settings, relay } = app
  return (
    <Section title={text.sections.relay} lead={text.relay.lead}>
      <Group>
        <RelayForm key={`${settings.relayMode} ${settings.relayHost} ${settings.relayPort}`} settings={settings} />
      </Group>
      <Group>
        <Now relay={relay} />
      </Group>
      <Group>
        <Row title={text.relay.discoverable} says={text.relay.discoverableText}>
          {(ids) => <Switch {...ids} checked={settings.discoverable} busy={set.busy} onChange={(discoverable) => void set.run({ discoverable })} />}
        </Row>
      </Group>
      <Problem error={set.error} />
    </Section>
  )
}

function RelayForm({ settings }: { settings: SettingsDto }) {
  const set = useCommand('settings.set')
  const [mode, setMode] = useState(settings.relayMode)
  const [host, setHost] = useState(settings.relayHost)
  const [port, setPort] = useState(String(settings.relayPort))
  const [bad, setBad] = useState<'host' | 'port' | null>(null)
  const changed = mode !== settings.relayMode || host.trim() !== settings.relayHost || port !== String(settings.relayPort)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (!changed || set.busy) return
    const relayPort = portOf(port)
    if (host.trim() === '') return setBad('host')
    if (relayPort === null) return setBad('port')
    setBad(null)
    if ((await set.run({ relayMode: mode, relayHost: host.trim(), relayPort })) !== undefined) toast(text.saved)
  }
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <Row title={text.relay.mode} says={mode === 'embedded' ? text.relay.embeddedText : text.relay.addressText}>
        {() => (
          <Segmented
            label={text.relay.mode}
            value={mode}
            onChange={setMode}
            segments={[
              { value: 'embedded', label: text.relay.embedded },
              { value: 'address', label: text.relay.address },
            ]}
          />
        )}
      </Row>
      <div className={css.pad}>
        <div className={css.form}>
          <div className={mode === 'address' ? css.pair : css.single}>
            {mode === 'address' && (
              <Field label={text.relay.host} problem={bad === 'host' ? text.relay.badHost : null}>
                {({ id, describedBy }) => (
                  <TextInput id={id} aria-describedby={describedBy} value={host} dir="ltr" maxLength={255} onChange={(event) => setHost(event.target.value)} />
                )}
              </Field>
            )}
            <PortField label={text.relay.port} value={port} bad={bad === 'port'} onChange={setPort} />
          </div>
          <Problem error={set.error} />
          {changed && (
            <div className={css.end}>
              <Button kind="primary" submit busy={set.busy}>
                {text.relay.apply}
              </Button>
            </div>
          )}
        </div>
      </div>
    </form>
  )
}

function Now({ relay }: { relay: RelayDto }) {
  const now = useNow(1000)
  const where = (
    <>
      {text.relay.states[relay.state]} <Mono>{`${relay.host}:${relay.port}`}</Mono>
      {relay.mode === 'embedded' && relay.state === 'connected' && `, ${relay.joined ? text.relay.joined : text.relay.own}`}
    </>
  )
  return (
    <div className={css.facts}>
      <Facts
        rows={[
          { label: text.relay.now, value: where },
          ...(relay.error === null ? [] : [{ label: text.relay.error, value: <span className={css.bad}>{relay.error}</span> }]),
          ...(relay.retryAt === null ? [] : [{ label: '', value: text.relay.retry(countdown(relay.retryAt - now)) }]),
        ]}
      />
    </div>
  )
}
