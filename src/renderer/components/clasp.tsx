/** The logo: two hooks, each holding the other. `mono` draws both in the current colour (badges). */
export function Clasp({ size, mono = false }: { size: number; mono?: boolean }) {
  const width = size <= 16 ? 2.8 : 2.5
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" strokeLinecap="round" strokeWidth={width} aria-hidden="true" focusable="false">
      <path d="M14.5 4H7.5a3.5 3.5 0 0 0-3.5 3.5v3.83a3.5 3.5 0 0 0 3.5 3.5h7" stroke={mono ? 'currentColor' : 'var(--text)'} />
      <path d="M9.5 9.17h7a3.5 3.5 0 0 1 3.5 3.5v3.83a3.5 3.5 0 0 1-3.5 3.5h-7" stroke={mono ? 'currentColor' : 'var(--ours)'} />
    </svg>
  )
}
