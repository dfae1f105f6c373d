import { toHex } from '../crypto/bytes.ts'
import { ed25519PublicKey } from '../crypto/ed25519.ts'
import { SecretBytes } from '../crypto/secret.ts'
import { x25519PublicKey } from '../crypto/x25519.ts'
import { createLedger, type Ledger, type Machine } from '../ledger/ledger.ts'
import { systemClock } from '../node-ports.ts'
import type { Ports } from '../ports.ts'
import type { ApiKeyScope } from '../store/api-keys.ts'
import { openStore, type Store } from '../store/store.ts'
import { columnKey, myId, tempFolder, testPorts } from '../store/testing.fixture.ts'
import { createWork, type Work } from '../work.ts'
import { mintKey } from './credentials.ts'
import type { Limits } from './rate-limit.ts'
import { type ApiServer, type ApiServerOptions, startApiServer } from './server.ts'

/** A clock that runs, and can be put forward. */
export interface MovingPorts extends Ports {
  skip(ms: number): void
}

export interface World {
  readonly ports: MovingPorts
  readonly store: Store
  readonly work: Work
  readonly ledger: Ledger
  readonly server: ApiServer
  readonly url: string
  /** The profile's. */
  readonly folder: string
  /** A hosted machine, made past the API. */
  machine(slug: string, isPublic: boolean): Machine
  key(machine: Machine, scope: ApiKeyScope, expiresAt?: number): string
  call(method: string, path: string, options?: CallOptions): Promise<Answered>
  close(): Promise<void>
}

export interface CallOptions {
  readonly key?: string | undefined
  readonly body?: unknown
  /** The body's very text. */
  readonly text?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
}

export interface Answered {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of an answer
  readonly json: any
}

export const generous: Limits = { spin_up: 100_000, write: 100_000, read: 100_000 }

const ports = (): MovingPorts => {
  let skipped = 0
  return {
    ...testPorts(),
    clock: { ...systemClock, now: () => systemClock.now() + skipped, monotonic: () => systemClock.monotonic() + skipped },
    skip: (ms) => {
      skipped += ms
    },
  }
}

/** A profile with a ledger and the API on a free port of loopback, all real but the relay. */
export const world = async (
  options: Partial<Pick<ApiServerOptions, 'limits' | 'openBootstrap'>> = {},
  extra: { readonly log?: Ports['log'] } = {},
): Promise<World> => {
  const moving = { ...ports(), ...extra }
  const folder = tempFolder()
  const store = openStore(moving, { folder, myId })
  store.unlock(columnKey())
  const work = createWork({ transaction: store.transaction, store: () => 0, publish: () => undefined })
  const [sign, kx] = [new Uint8Array(32).fill(11), new Uint8Array(32).fill(12)]
  const ledger = createLedger({
    ports: moving,
    store,
    work,
    self: { name: 'Tester', signPub: toHex(ed25519PublicKey(sign)), kxPub: toHex(x25519PublicKey(kx)), signPriv: SecretBytes.take(sign) },
    next: null,
  })
  const server = await startApiServer(moving, {
    ledger,
    store,
    work,
    version: '0.0.0',
    port: 0,
    ...options,
    limits: { rate: generous, ...options.limits },
  })
  const url = `http://127.0.0.1:${server.port}`
  return {
    ports: moving,
    store,
    work,
    ledger,
    server,
    url,
    folder,
    machine: (slug, isPublic) => ledger.create({ slug, isPublic }),
    key: (machine, scope, expiresAt) => {
      const { secret, row } = mintKey(moving, { genesis: machine.genesis, name: scope, scope, tier: 'standard', expiresAt: expiresAt ?? null })
      store.apiKeys.add(row)
      return secret
    },
    call: async (method, path, { key, body, text, headers = {} } = {}) => {
      const content = text ?? (body === undefined ? undefined : JSON.stringify(body))
      const response = await fetch(url + path, {
        method,
        headers: {
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
          ...(content === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(content === undefined ? {} : { body: content }),
      })
      return { status: response.status, headers: response.headers, json: JSON.parse((await response.text()) || 'null') }
    },
    close: async () => {
      await server.close()
      store.close()
    },
  }
}
