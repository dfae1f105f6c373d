/** The original SDK's configuration files, as far as they mean something here. */
import { AppFault } from '../fault.ts'
import { isJsonObject, type JsonObject, type JsonValue, parseGuarded } from './json-guard.ts'

export interface ClientConfig {
  /** Null: use the address given otherwise. */
  readonly host: string | null
  readonly port: number | null
  readonly reconnection: {
    readonly retryDelaySeconds: number
    /** Failures in a row before the fallback is tried; null without limit. */
    readonly primaryRetryLimit: number | null
    readonly defaultHost: string | null
    readonly defaultPort: number | null
    readonly defaultRetryLimit: number | null
  }
  /** Dotted names of keys that are there and mean nothing here, sorted. */
  readonly ignored: readonly string[]
}

export interface ServerConfig {
  readonly host: string | null
  readonly port: number | null
  readonly ignored: readonly string[]
}

const MAX_CONFIG_LENGTH = 1024 * 1024

const wrong = (name: string, wanted: string): AppFault => new AppFault('FORMAT', `The configuration’s ${name} is not ${wanted}.`)

/** Reads named values out of nested objects and remembers which, so that the rest can be reported. */
const createReader = (root: JsonObject) => {
  const known = new Set<string>()
  const find = (path: string): JsonValue | undefined => {
    known.add(path)
    let at: JsonValue | undefined = root
    let walked = ''
    for (const key of path.split('.')) {
      if (at === undefined || at === null) return undefined
      if (!isJsonObject(at)) throw wrong(walked, 'an object')
      walked = walked === '' ? key : `${walked}.${key}`
      at = Object.hasOwn(at, key) ? at[key] : undefined
    }
    return at
  }
  return {
    host(path: string): string | null {
      const value = find(path)
      if (value === undefined || value === null || value === '') return null
      if (typeof value !== 'string' || value.length > 255 || /[\s\p{C}]/u.test(value)) throw wrong(path, 'a host name or address')
      return value
    },
    port(path: string): number | null {
      const value = find(path)
      if (value === undefined || value === null || value === 0) return null
      if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 65_535) throw wrong(path, 'a port from 1 to 65535')
      return value
    },
    limit(path: string, otherwise: number): number | null {
      const value = find(path)
      if (value === undefined) return otherwise
      if (value === null) return null
      if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) throw wrong(path, 'a whole number or null')
      return value
    },
    seconds(path: string, otherwise: number): number {
      const value = find(path)
      if (value === undefined) return otherwise
      if (typeof value !== 'number' || !Number.isFinite(value) || value < 0 || value > 86_400) throw wrong(path, 'a number of seconds')
      return value
    },
    ignored(): string[] {
      const names: string[] = []
      const walk = (object: JsonObject, prefix: string): void => {
        for (const [key, value] of Object.entries(object)) {
          const path = prefix + key
          if (known.has(path)) continue
          const leadsOn = [...known].some((name) => name.startsWith(`${path}.`))
          if (leadsOn && isJsonObject(value)) walk(value, `${path}.`)
          else if (!leadsOn) names.push(path)
        }
      }
      walk(root, '')
      return names.sort()
    },
  }
}

const readObject = (text: string): JsonObject => {
  if (text.length > MAX_CONFIG_LENGTH) throw new AppFault('FORMAT', 'The configuration is too long.')
  const parsed = parseGuarded(text.startsWith('\ufeff') ? text.slice(1) : text, 16)
  if (!parsed.ok || !isJsonObject(parsed.value)) throw new AppFault('FORMAT', 'The configuration is not a JSON object.')
  return parsed.value
}

/**
 * The original client's JSON: `host`, `port`, `hyper_parameters.reconnection`, with the original's defaults. `default_host` and
 * `default_port` fall back to `host` and `port`.
 * @throws AppFault FORMAT for what is not JSON or has the wrong type.
 */
export const parseClientConfig = (text: string): ClientConfig => {
  const read = createReader(readObject(text))
  const base = 'hyper_parameters.reconnection'
  const host = read.host('host')
  const port = read.port('port')
  return {
    host,
    port,
    reconnection: {
      retryDelaySeconds: read.seconds(`${base}.retry_delay_seconds`, 3),
      primaryRetryLimit: read.limit(`${base}.primary_retry_limit`, 3),
      defaultHost: read.host(`${base}.default_host`) ?? host,
      defaultPort: read.port(`${base}.default_port`) ?? port,
      defaultRetryLimit: read.limit(`${base}.default_retry_limit`, 2),
    },
    ignored: read.ignored(),
  }
}

/**
 * The original server's JSON: `host` and `port`; its rates and queues belong to the Rust backend and mean nothing here.
 * @throws AppFault FORMAT for what is not JSON or has the wrong type.
 */
export const parseServerConfig = (text: string): ServerConfig => {
  const read = createReader(readObject(text))
  return { host: read.host('host'), port: read.port('port'), ignored: read.ignored() }
}
