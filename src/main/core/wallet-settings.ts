import { SettingsDto } from '../../contract/index.ts'
import type { RelayChoice } from './relay-link.ts'
import type { Store } from './store/store.ts'

export const standardSettings: SettingsDto = {
  relayMode: 'embedded',
  relayHost: '127.0.0.1',
  relayPort: 8888,
  discoverable: true,
  theme: 'system',
  idleLockMinutes: 15,
  api: 'off',
  apiPort: 3099,
  ledgerPublic: true,
}

/** The profile's settings, as they are before anything is unlocked. */
export const readSettings = (store: Store, defaults: SettingsDto): SettingsDto => {
  const stored = Object.fromEntries(
    Object.keys(defaults)
      .map((key) => [key, store.publicSettings.get(key)])
      .filter(([, value]) => value !== undefined),
  )
  const parsed = SettingsDto.safeParse({ ...defaults, ...stored })
  // Settings of a later version may not fit: the defaults are safe, and nothing else depends on them.
  return parsed.success ? parsed.data : defaults
}

export const relayChoiceOf = (s: SettingsDto): RelayChoice => ({
  mode: s.relayMode,
  host: s.relayMode === 'embedded' ? '127.0.0.1' : s.relayHost,
  port: s.relayPort,
})
