/** Words shared by several screens. Each feature keeps its own sentences in its own strings.ts. */
export const words = {
  trust: { unknown: 'Unknown', seen: 'Seen', pinned: 'Pinned', verified: 'Verified', changed: 'Key changed', blocked: 'Blocked' },
  session: { open: 'Active', closing: 'Closing', closed: 'Closed', ended: 'Ended', frozen: 'Frozen' },
  legacy: 'Legacy',
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
