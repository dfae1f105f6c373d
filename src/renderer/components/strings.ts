/** Words shared by several screens. Each feature keeps its own sentences in its own strings.ts. */
export const words = {
  trust: { unknown: 'Unknown', seen: 'Seen', pinned: 'Pinned', verified: 'Verified', changed: 'Key changed', blocked: 'Blocked' },
  session: { open: 'Active', closing: 'Closing', closed: 'Closed', ended: 'Ended', frozen: 'Frozen' },
  legacy: 'Legacy',
  ledger: 'Keeps a ledger',
  /** How far both ledgers have a session; the code stands beside it. */
  evidence: {
    NONE: 'Nothing on the ledgers',
    PROPOSED: 'Proposed only',
    ACCEPTED: 'Accepted, no key',
    KEYED_ONE: 'Keyed on one ledger',
    KEYED_BOTH: 'Keyed on both ledgers',
    ACTIVE_ONE: 'Active on one ledger',
    ACTIVE_BOTH: 'Active on both ledgers',
    SEALED: 'Sealed on both ledgers',
  } as Readonly<Record<string, string>>,
  copyHash: (what: string): string => `Copy ${what}`,
  copied: (what: string): string => `Copied ${what}`,
  showPassphrase: 'Show what is typed',
  hidePassphrase: 'Hide what is typed',
  capsLock: 'Caps Lock is on.',
  close: 'Close',
  cancel: 'Cancel',
  noKey: 'no key yet',
  claims: { verified: 'verified as', named: 'you named it', claimed: 'claims to be' },
  onRelay: 'on relay',
  lastSeen: (when: string): string => `last heard from ${when}`,
} as const
