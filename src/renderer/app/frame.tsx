import { Audit } from '../features/audit/audit.tsx'
import { Ledger } from '../features/ledger/ledger.tsx'
import { Notices } from '../features/notices/notices.tsx'
import { Peers } from '../features/peers/peers.tsx'
import { Proposals } from '../features/proposals/proposals.tsx'
import { Sessions } from '../features/sessions/sessions.tsx'
import { Settings } from '../features/settings/settings.tsx'
import { useUi } from '../state/ui.ts'
import css from './frame.module.css'
import { Live } from './live.tsx'
import { Sidebar } from './sidebar.tsx'
import { StatusLine } from './status-line.tsx'
import { TitleBar } from './title-bar.tsx'
import { Toasts } from './toasts.tsx'

/** The open wallet: title bar, sidebar, page, status line. */
export function Frame() {
  const page = useUi((ui) => ui.page)
  return (
    <div className={css.frame}>
      <TitleBar />
      <Sidebar />
      <main className={css.main}>
        {page === 'proposals' && <Proposals />}
        {page === 'peers' && <Peers />}
        {page === 'sessions' && <Sessions />}
        {page === 'ledger' && <Ledger />}
        {page === 'audit' && <Audit />}
        {page === 'settings' && <Settings />}
        {page === 'notices' && <Notices />}
      </main>
      <StatusLine />
      <Toasts />
      <Live />
    </div>
  )
}
