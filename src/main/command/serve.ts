import type { ApiStore } from '../core/api/context.ts'
import { startApiServer } from '../core/api/server.ts'
import { AppFault } from '../core/fault.ts'
import type { Ledger } from '../core/ledger/ledger-types.ts'
import type { Ports } from '../core/ports.ts'
import type { Work } from '../core/work.ts'
import { EXIT } from './exit.ts'
import { readPassphrase } from './files.ts'
import type { Output } from './output.ts'

export interface ServeFlags {
  readonly name: string
  readonly passphraseFile: string
  readonly host?: string
  readonly port?: string
  /** Programs of this computer may make machines without the token. */
  readonly openBootstrap?: boolean
}

/** An unlocked profile, as far as the ledger goes; `close` ends it. */
export interface OpenLedger {
  readonly ledger: Ledger
  readonly store: ApiStore
  readonly work: Pick<Work, 'run'>
  close(): Promise<void>
}

/** Unlocks a profile without a relay; the passphrase is wiped by the caller. @throws AppFault WRONG_PASSPHRASE, IN_USE, … */
export type OpenProfile = (name: string, passphrase: Uint8Array) => Promise<OpenLedger>

/** Opens with the passphrase of a file. */
export const openWith = async (open: OpenProfile, flags: { readonly name: string; readonly passphraseFile: string }): Promise<OpenLedger> => {
  const passphrase = readPassphrase(flags.passphraseFile)
  try {
    return await open(flags.name, passphrase)
  } finally {
    passphrase.fill(0)
  }
}

/** `countersign serve`: the HTTP API of one profile's machines, until a signal. @throws AppFault IN_USE, RELAY, BAD_ARGUMENT, those of unlocking. */
export const serveCommand = async (
  flags: ServeFlags,
  context: { ports: Ports; version: string; output: Output; signals: (stop: () => void) => void; open: OpenProfile },
): Promise<number> => {
  const port = Number(flags.port ?? 3099)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new AppFault('BAD_ARGUMENT', '--port takes a number from 0 to 65535.')
  const { ports, output } = context
  const profile = await openWith(context.open, flags)
  try {
    const server = await startApiServer(ports, {
      ledger: profile.ledger,
      store: profile.store,
      work: profile.work,
      version: context.version,
      host: flags.host ?? '127.0.0.1',
      port,
      openBootstrap: flags.openBootstrap ?? false,
    })
    const url = `http://${server.host.includes(':') ? `[${server.host}]` : server.host}:${server.port}`
    const { slug, genesis } = profile.ledger.own()
    output.say(
      { event: 'ready', host: server.host, port: server.port, url, machine: slug, genesis, bootstrap_token: server.bootstrapToken },
      `Ledger of ${flags.name} on ${url} (machine ${slug}). Ctrl-C stops it.\nToken for making machines, until then: ${server.bootstrapToken}`,
    )
    await new Promise<void>((stop) => context.signals(stop))
    await server.close()
    return EXIT.done
  } finally {
    await profile.close()
  }
}
