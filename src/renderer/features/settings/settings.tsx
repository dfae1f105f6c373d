import { ArchiveRestore, Fingerprint, Hand, Info, KeyRound, Lock, Monitor, Radio, ScrollText } from 'lucide-react'
import type { ReactNode } from 'react'
import { PageHeader } from '../../app/page-header.tsx'
import { classes } from '../../components/classes.ts'
import { type SettingsSection, useUi } from '../../state/ui.ts'
import { BackupSection } from './backup-section.tsx'
import { IdentitySection } from './identity-section.tsx'
import { LedgerSection } from './ledger-section.tsx'
import { PassphraseSection } from './passphrase-section.tsx'
import { AboutSection, AppearanceSection, LockSection } from './plain-sections.tsx'
import { PoliciesSection } from './policies-section.tsx'
import { RelaySection } from './relay-section.tsx'
import css from './settings.module.css'
import { text } from './strings.ts'

const icon = { size: 16, strokeWidth: 1.75 } as const
const sections: readonly { readonly id: SettingsSection; readonly icon: ReactNode; readonly page: () => ReactNode }[] = [
  { id: 'identity', icon: <Fingerprint {...icon} />, page: () => <IdentitySection /> },
  { id: 'backup', icon: <ArchiveRestore {...icon} />, page: () => <BackupSection /> },
  { id: 'passphrase', icon: <KeyRound {...icon} />, page: () => <PassphraseSection /> },
  { id: 'lock', icon: <Lock {...icon} />, page: () => <LockSection /> },
  { id: 'policies', icon: <Hand {...icon} />, page: () => <PoliciesSection /> },
  { id: 'relay', icon: <Radio {...icon} />, page: () => <RelaySection /> },
  { id: 'ledger', icon: <ScrollText {...icon} />, page: () => <LedgerSection /> },
  { id: 'appearance', icon: <Monitor {...icon} />, page: () => <AppearanceSection /> },
  { id: 'about', icon: <Info {...icon} />, page: () => <AboutSection /> },
]

export function Settings() {
  const here = useUi((ui) => ui.section)
  const section = sections.find((s) => s.id === here) ?? sections[0]
  return (
    <>
      <PageHeader title={text.title} />
      <div className={css.split}>
        <nav aria-label={text.nav} className={css.nav}>
          {sections.map(({ id, icon: picture }) => (
            <button
              key={id}
              type="button"
              className={classes(css.item, id === here && css.here)}
              aria-current={id === here ? 'page' : undefined}
              onClick={() => useUi.setState({ section: id })}
            >
              {picture}
              {text.sections[id]}
            </button>
          ))}
        </nav>
        <div className={css.scroll}>
          <div className={css.column}>{section?.page()}</div>
        </div>
      </div>
    </>
  )
}
