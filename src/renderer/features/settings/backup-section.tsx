import { useState } from 'react'
import { Bar } from '../../components/braid.tsx'
import { Facts, Label } from '../../components/card.tsx'
import { Mono } from '../../components/hash-cell.tsx'
import { absolute } from '../../components/time.tsx'
import { useModel } from '../../state/store.ts'
import { toast } from '../../state/ui.ts'
import { BackupForm } from '../backup/backup-form.tsx'
import { Group, Section } from './section.tsx'
import css from './settings.module.css'
import { text } from './strings.ts'

export function BackupSection() {
  const backup = useModel((model) => model.app?.backup ?? null)
  const pinned = useModel((model) => model.peers.filter((peer) => peer.pinnedAt !== null).length)
  const [writes, setWrites] = useState(0)
  if (backup === null) return null
  return (
    <Section title={text.sections.backup} lead={text.backup.lead}>
      <Group>
        <div className={css.facts}>
          {backup.verifiedAt === null ? (
            <p>{text.backup.none}</p>
          ) : (
            <div className={css.form}>
              <Facts
                rows={[
                  { label: 'Last', value: text.backup.proved(absolute(backup.verifiedAt)) },
                  ...(backup.fileName === null ? [] : [{ label: 'File', value: <Mono>{backup.fileName}</Mono> }]),
                  { label: text.backup.covers, value: text.backup.behind(backup.peersBehind) },
                ]}
              />
              <Bar fraction={pinned === 0 ? 1 : Math.max(0, 1 - backup.peersBehind / pinned)} behind={backup.peersBehind > 0} label={text.backup.covers} />
            </div>
          )}
        </div>
      </Group>
      <Label>{text.backup.write}</Label>
      <Group>
        <div className={css.pad}>
          <BackupForm
            key={writes}
            onDone={() => {
              setWrites(writes + 1)
              toast(text.backup.done)
            }}
          />
        </div>
      </Group>
    </Section>
  )
}
