import { Button } from '../../components/button.tsx'
import { Facts } from '../../components/card.tsx'
import { Select } from '../../components/field.tsx'
import { Problem } from '../../components/problem.tsx'
import { Segmented } from '../../components/segmented.tsx'
import { useCommand } from '../../components/use-command.ts'
import { useModel } from '../../state/store.ts'
import { Group, Row, Section } from './section.tsx'
import css from './settings.module.css'
import { text } from './strings.ts'

const minutes = [1, 5, 10, 15, 30, 60, 240] as const

export function LockSection() {
  const idle = useModel((model) => model.app?.settings.idleLockMinutes ?? 0)
  const set = useCommand('settings.set')
  const lock = useCommand('identity.lock')
  const known: readonly number[] = minutes
  return (
    <Section title={text.sections.lock} lead={text.lock.lead}>
      <Group>
        <Row title={text.lock.idle} says={text.lock.idleText}>
          {({ labelledBy, describedBy }) => (
            <Select
              aria-labelledby={labelledBy}
              aria-describedby={describedBy}
              value={idle}
              onChange={(event) => void set.run({ idleLockMinutes: Number(event.target.value) })}
            >
              {!known.includes(idle) && idle !== 0 && <option value={idle}>{text.lock.minutes(idle)}</option>}
              {minutes.map((n) => (
                <option key={n} value={n}>
                  {text.lock.minutes(n)}
                </option>
              ))}
              <option value={0}>{text.lock.never}</option>
            </Select>
          )}
        </Row>
        <Row title={text.lock.now} says={text.lock.nowText}>
          {() => <Button onClick={() => void lock.run({})}>{text.lock.nowAct}</Button>}
        </Row>
      </Group>
      <Problem error={set.error ?? lock.error} />
    </Section>
  )
}

export function AppearanceSection() {
  const theme = useModel((model) => model.app?.settings.theme ?? 'system')
  const set = useCommand('settings.set')
  return (
    <Section title={text.sections.appearance} lead={text.appearance.lead}>
      <Group>
        <Row title={text.appearance.theme} says={text.appearance.themeText}>
          {() => (
            <Segmented
              label={text.appearance.theme}
              value={theme}
              onChange={(next) => void set.run({ theme: next })}
              segments={[
                { value: 'system', label: text.appearance.system },
                { value: 'light', label: text.appearance.light },
                { value: 'dark', label: text.appearance.dark },
              ]}
            />
          )}
        </Row>
      </Group>
      <Problem error={set.error} />
    </Section>
  )
}

export function AboutSection() {
  const version = useModel((model) => model.app?.version ?? '')
  const runtime = useModel((model) => model.app?.runtime ?? '')
  return (
    <Section title={text.sections.about} lead={text.about.lead}>
      <Group>
        <div className={css.facts}>
          <Facts
            rows={[
              { label: text.about.version, value: version },
              { label: text.about.runtime, value: runtime },
            ]}
          />
        </div>
      </Group>
    </Section>
  )
}
