import { create } from 'zustand'

export type Page = 'proposals' | 'peers' | 'sessions' | 'ledger' | 'audit' | 'settings' | 'notices'
export type SettingsSection = 'identity' | 'backup' | 'passphrase' | 'lock' | 'policies' | 'relay' | 'ledger' | 'appearance' | 'about'

export interface Toast {
  readonly id: number
  readonly text: string
  readonly icon: 'check' | 'copy'
}

/** What the audit page looks at: a peer's sessions, one of them, or a choice still to be made. */
export interface AuditOf {
  readonly peer: string
  /** `session_nonce`; null for all. */
  readonly session: string | null
}

export interface UiState {
  readonly page: Page
  readonly peer: string | null
  /** Conversation that is open on the Sessions page. */
  readonly conversation: string | null
  readonly section: SettingsSection
  /** Row of the own ledger that is open. */
  readonly row: number | null
  readonly audit: AuditOf | null
  /** Unsent text, by peer. Gone when the wallet locks. */
  readonly drafts: Readonly<Record<string, string>>
  readonly factsOpen: boolean
  readonly toast: Toast | null
  /** A further identity is wanted although there are some: how to begin. */
  readonly adding: 'create' | 'restore' | null
  /** An identity is being made. The core passes through its other stages meanwhile; the screen stays. */
  readonly making: boolean
  /** Where a first start stands after the identity exists: a backup is offered at once. */
  readonly offerBackup: boolean
}

const start = {
  page: 'proposals',
  peer: null,
  conversation: null,
  section: 'identity',
  row: null,
  audit: null,
  drafts: {},
  factsOpen: false,
  toast: null,
} as const

/** What the person is looking at. Nothing here is asked of the core or told to it. */
export const useUi = create<UiState>()(() => ({ ...start, adding: null, making: false, offerBackup: false }))

let toasts = 0

export const go = (page: Page): void =>
  useUi.setState({ page, ...(page === 'sessions' ? { conversation: null } : {}), ...(page === 'audit' ? { audit: null } : {}) })
export const goToPeer = (peer: string): void => useUi.setState({ page: 'peers', peer })
export const goToConversation = (peer: string): void => useUi.setState({ page: 'sessions', conversation: peer, factsOpen: false })
export const goToRow = (row: number): void => useUi.setState({ page: 'ledger', row })
export const goToAudit = (peer: string, session: string | null): void => useUi.setState({ page: 'audit', audit: { peer, session } })
export const goToSettings = (section: SettingsSection): void => useUi.setState({ page: 'settings', section })
export const setDraft = (peer: string, text: string): void => useUi.setState((state) => ({ drafts: { ...state.drafts, [peer]: text } }))
/**
 * Makes an identity: keeps the first-start screen while the core works, and offers a backup when it succeeded and
 * `thenBackup` says so. Gives what `work` gives: undefined when it failed.
 */
export async function whileMaking<T>(work: () => Promise<T | undefined>, thenBackup: boolean): Promise<T | undefined> {
  useUi.setState({ making: true })
  const made = await work()
  useUi.setState(made === undefined ? { making: false } : { making: false, adding: null, offerBackup: thenBackup })
  return made
}
/** Says what is done. Never the only place a thing is said. */
export function toast(text: string, icon: Toast['icon'] = 'check'): void {
  toasts += 1
  useUi.setState({ toast: { id: toasts, text, icon } })
}
export const dismissToast = (): void => useUi.setState({ toast: null })
/** When the wallet locks: selections and drafts name peers and quote people. */
export const forgetUi = (): void => useUi.setState({ ...start })
