export const text = {
  title: 'Notices',
  aside: 'What was refused or went wrong, newest first.',
  level: { info: 'Note.', caution: 'Caution.', danger: 'Danger.' },
  times: (n: number): string => `×${n}`,
  none: 'Nothing was refused',
  noneLead: 'Malformed, repeated or stale messages of peers are dropped, and said here.',
} as const
