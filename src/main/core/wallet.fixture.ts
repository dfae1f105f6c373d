import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StandingOrders } from './approvals/policy.ts'
import { concat, utf8 } from './crypto/bytes.ts'
import { hkdfSha256 } from './crypto/hash.ts'
import type { PublishedEvent } from './events.ts'
import { nodeFiles, systemClock, systemRandom } from './node-ports.ts'
import type { Kdf, Log, Ports } from './ports.ts'
import { startRelayServer } from './relay/server.ts'
import { openWallet, type Wallet } from './wallet.ts'

// For tests: real wallets on a real relay, disk and clock; only the key derivation is cheap.

export const cheapKdf: Kdf = {
  scrypt: (passphrase, salt, _params, onProgress, length = 32) => {
    onProgress?.(1)
    return Promise.resolve(hkdfSha256(concat(passphrase, utf8('test')), salt, 'test', length))
  },
}
export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: (text, fields) => console.error(text, fields) }
export const testPorts = (changes: Partial<Ports> = {}): Ports => ({
  clock: systemClock,
  random: systemRandom,
  kdf: cheapKdf,
  files: nodeFiles,
  log: silentLog,
  ...changes,
})

export const passphrase = () => utf8('correct horse battery staple')

/** Polls until `get` gives something; the message names what was waited for. */
export const until = async <T>(what: string, get: () => T | null | undefined | false, ms = 20_000): Promise<T> => {
  const end = Date.now() + ms
  for (;;) {
    const value = get()
    if (value) return value
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`)
    await new Promise((next) => setTimeout(next, 20))
  }
}

export interface TestWallet {
  readonly wallet: Wallet
  readonly events: PublishedEvent[]
  readonly home: string
  /** Approves the waiting step as a person: the hash is that of the view the core shows. */
  approve(step: string, scope?: 'step' | 'handshake'): Promise<void>
  reject(step: string): Promise<void>
  id(): string
}

export interface TestRelay {
  readonly port: number
  readonly host: string
  wallet(name: string, options?: { orders?: StandingOrders; ports?: Partial<Ports>; home?: string; create?: boolean; m2m?: boolean }): Promise<TestWallet>
  /** The relay goes away; `restart` brings it back on the same port. */
  stop(): Promise<void>
  restart(): Promise<void>
  close(): Promise<void>
}

export const openTestRelay = async (): Promise<TestRelay> => {
  let server = await startRelayServer(testPorts(), { port: 0 })
  const folders: string[] = []
  const wallets: Wallet[] = []
  return {
    port: server.port,
    host: '127.0.0.1',
    wallet: async (name, options = {}) => {
      const home = options.home ?? mkdtempSync(join(tmpdir(), 'countersign-test-'))
      folders.push(home)
      const wallet = await openWallet(testPorts(options.ports), {
        home,
        name,
        version: '0.0.0-test',
        runtime: 'test',
        relay: { mode: 'address', host: '127.0.0.1', port: server.port },
        hsOnly: options.m2m !== true,
        ...(options.orders ? { orders: options.orders } : {}),
      })
      wallets.push(wallet)
      const events: PublishedEvent[] = []
      wallet.onEvent((event) => events.push(event))
      if (options.create ?? true) await wallet.identityCreate({ name, passphrase: passphrase() })
      const decide = async (step: string, decision: 'approve' | 'reject', scope: 'step' | 'handshake' = 'step'): Promise<void> => {
        const request = await until(`request ${step} of ${name}`, () => wallet.appSnapshot({}).requests.find((r) => r.step === step && r.undoUntil === null))
        wallet.requestReview({ id: request.id })
        const hash = await until('view', () => {
          const event = [...events].reverse().find((e) => e.event === 'request' && e.id === request.id)
          return event?.event === 'request' && event.view_hash
        })
        wallet.approvalDecide({ requestId: request.id, viewHash: hash, decision, scope, uncompared: true, reason: null })
      }
      return {
        wallet,
        events,
        home,
        approve: (step, scope) => decide(step, 'approve', scope),
        reject: (step) => decide(step, 'reject'),
        id: () => wallet.appSnapshot({}).app.profile?.myId ?? '',
      }
    },
    stop: () => server.close(),
    restart: async () => {
      server = await startRelayServer(testPorts(), { port: server.port })
    },
    close: async () => {
      for (const wallet of wallets) await wallet.close()
      await server.close()
      for (const folder of folders) rmSync(folder, { recursive: true, force: true })
    },
  }
}
