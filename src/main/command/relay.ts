import { AppFault } from '../core/fault.ts'
import type { Ports } from '../core/ports.ts'
import { parseServerConfig } from '../core/relay/config.ts'
import { startRelayServer } from '../core/relay/server.ts'
import { EXIT } from './exit.ts'
import { readText } from './files.ts'
import type { Output } from './output.ts'

export interface RelayFlags {
  readonly host?: string
  readonly port?: string
  readonly config?: string
}

/** `countersign relay`: the embedded relay alone, until a signal. @throws AppFault IN_USE when the port has a listener already. */
export const relayCommand = async (flags: RelayFlags, context: { ports: Ports; output: Output; signals: (stop: () => void) => void }): Promise<number> => {
  const config = flags.config === undefined ? null : parseServerConfig(readText(flags.config, 'configuration'))
  if (config && config.ignored.length > 0) context.ports.log.warn(`configuration: ignored ${config.ignored.join(', ')}`)
  const port = flags.port === undefined ? (config?.port ?? 8888) : Number(flags.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new AppFault('BAD_ARGUMENT', '--port takes a number from 0 to 65535.')
  const server = await startRelayServer(context.ports, { host: flags.host ?? config?.host ?? '127.0.0.1', port })
  context.output.say({ event: 'ready', host: server.host, port: server.port }, `Relay on ${server.host}:${server.port}. Ctrl-C stops it.`)
  await new Promise<void>((stop) => context.signals(stop))
  await server.close()
  return EXIT.done
}
