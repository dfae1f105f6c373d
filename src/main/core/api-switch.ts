import type { ApiDto, SettingsDto } from '../../contract/index.ts'
import { type ApiServer, type ApiServerOptions, startApiServer } from './api/server.ts'
import { AppFault } from './fault.ts'
import type { Ports } from './ports.ts'

/** The HTTP API of an open profile, on and off as its settings say. */
export interface ApiSwitch {
  /** Follows the settings; what comes last holds. */
  use(settings: Pick<SettingsDto, 'api' | 'apiPort'>): Promise<void>
  dto(): ApiDto
  close(): Promise<void>
}

const hosts = { loopback: '127.0.0.1', network: '0.0.0.0' } as const

/** `changed`: address, token or error are others now. */
export const createApiSwitch = (ports: Ports, served: Pick<ApiServerOptions, 'ledger' | 'store' | 'work' | 'version'>, changed: () => void): ApiSwitch => {
  let server: ApiServer | null = null
  let error: string | null = null
  let shown = ''
  let closed = false
  let tail: Promise<void> = Promise.resolve()

  const follow = async ({ api, apiPort }: Pick<SettingsDto, 'api' | 'apiPort'>): Promise<void> => {
    const wanted = closed || api === 'off' ? '' : `${hosts[api]}:${apiPort}`
    if (wanted === shown) return
    const old = server
    server = null
    shown = wanted
    error = null
    await old?.close()
    if (wanted !== '' && api !== 'off') {
      try {
        server = await startApiServer(ports, { ...served, host: hosts[api], port: apiPort })
      } catch (failure) {
        // The wallet goes on without it, and says so beside the switch.
        error = failure instanceof AppFault ? failure.message : 'The HTTP API could not be started.'
        shown = ''
      }
    }
    changed()
  }
  const use: ApiSwitch['use'] = (settings) => {
    tail = tail.then(() => follow(settings))
    return tail
  }

  return {
    use,
    dto: () => ({
      url: server ? `http://${server.host === '0.0.0.0' ? '127.0.0.1' : server.host}:${server.port}` : null,
      token: server?.bootstrapToken ?? null,
      error,
    }),
    close: () => {
      closed = true
      return use({ api: 'off', apiPort: 0 })
    },
  }
}
