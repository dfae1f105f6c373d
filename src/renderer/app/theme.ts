import type { SettingsDto } from '../../contract/dto.ts'

/** Puts the chosen theme on the root element; `system` leaves it to prefers-color-scheme. */
export function applyTheme(theme: SettingsDto['theme']): void {
  const root = document.documentElement
  if (theme === 'system') delete root.dataset['theme']
  else root.dataset['theme'] = theme
}
