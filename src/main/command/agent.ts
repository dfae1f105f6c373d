import { z } from 'zod'
import { type ApiServer, startApiServer } from '../core/api/server.ts'
import { PolicyFile, type StandingOrders } from '../core/approvals/policy.ts'
import { AppFault, toAppError } from '../core/fault.ts'
import type { Ports } from '../core/ports.ts'
import { parseClientConfig } from '../core/relay/config.ts'
import { createLineSplitter, decodeUtf8 } from '../core/relay/line.ts'
import { openWallet, type Wallet } from '../core/wallet.ts'
import { EXIT } from './exit.ts'
import { readPassphrase, readText } from './files.ts'
import { eventText, type Output } from './output.ts'

export interface AgentFlags {
  readonly name: string
  readonly passphraseFile: string
  readonly relay?: string
  readonly config?: string
  readonly policy?: string
  readonly meet?: string
  readonly propose?: string
  readonly closeAfter?: string
  readonly reconnect?: boolean
  readonly hsOnly?: boolean
  readonly serve?: string
}

/** Lines on standard input. `session` or `peer` names what is meant; a peer means its open session. */
const Command = z.discriminatedUnion('do', [
  z.strictObject({
    do: z.literal('approve'),
    id: z.string().max(64),
    view_hash: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
    /** Of m2m: the later steps of this handshake too. */
    rest: z.boolean().optional(),
    /** Of a first contact without words to compare: go on all the same. */
    uncompared: z.boolean().optional(),
  }),
  z.strictObject({ do: z.literal('reject'), id: z.string().max(64), reason: z.string().max(200).optional() }),
  z.strictObject({ do: z.literal('undo'), id: z.string().max(64) }),
  z.strictObject({
    do: z.literal('send'),
    peer: z.string().max(256).optional(),
    session: z.string().max(64).optional(),
    text: z.string().min(1).max(8000).optional(),
    /** Path of a file, sent through an m2m session. */
    file: z.string().min(1).max(4096).optional(),
  }),
  z.strictObject({ do: z.literal('propose'), peer: z.string().min(1).max(256) }),
  z.strictObject({ do: z.literal('answer'), peer: z.string().min(1).max(256) }),
  z.strictObject({ do: z.literal('close'), peer: z.string().max(256).optional(), session: z.string().max(64).optional() }),
  /** With a changed key: the pinned one holds. */
  z.strictObject({ do: z.literal('keep-key'), peer: z.string().min(1).max(256) }),
  /** After a restore, without the peers that have not answered; or the clock is right. */
  z.strictObject({ do: z.literal('go-on') }),
  z.strictObject({ do: z.literal('status') }),
  z.strictObject({ do: z.literal('quit') }),
])
type Command = z.infer<typeof Command>

const LONGEST_COMMAND = 64 * 1024

const parseAddress = (text: string, leastPort = 1): { host: string; port: number } => {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  const host = match?.[1] ?? match?.[2]
  if (!match || !host || port < leastPort || port > 65_535) throw new AppFault('BAD_ARGUMENT', `${text} is not HOST:PORT.`)
  return { host, port }
}

const policyOf = (text: string | undefined): PolicyFile => {
  if (text === undefined || text === 'ask') return { default: 'ask', peers: {} }
  if (text === 'auto') return { default: 'auto', peers: {} }
  try {
    return PolicyFile.parse(JSON.parse(readText(text, 'policy file')))
  } catch (error) {
    if (error instanceof AppFault) throw error
    throw new AppFault('FORMAT', `The policy file ${text} is not of the form {"default": "ask"|"auto", "peers": {ID: "ask"|"auto"}}.`)
  }
}

const ordersOf = (flags: AgentFlags): StandingOrders => {
  const rounds = flags.closeAfter === undefined ? null : Number(flags.closeAfter)
  if (rounds !== null && (!Number.isInteger(rounds) || rounds < 1)) throw new AppFault('BAD_ARGUMENT', '--close-after takes a number of rounds, 1 or more.')
  return { policy: policyOf(flags.policy), meet: flags.meet ?? null, propose: flags.propose ?? null, closeAfter: rounds, reconnect: flags.reconnect ?? false }
}

/**
 * `countersign agent`: the wallet without a window. Resolves to the exit code when told to quit by a line, a signal, or
 * because the relay stays away longer than the configuration allows. The end of standard input alone ends nothing.
 */
export const agentCommand = async (
  flags: AgentFlags,
  context: {
    ports: Ports
    home: string
    version: string
    output: Output
    input: NodeJS.ReadableStream
    signals: (stop: () => void) => void
    /** Where files land; a folder of their own in the profile's where it is not given. */
    downloads?: string | undefined
  },
): Promise<number> => {
  const { ports, home, version, output } = context
  const config = flags.config === undefined ? null : parseClientConfig(readText(flags.config, 'configuration'))
  if (config && config.ignored.length > 0) ports.log.warn(`configuration: ignored ${config.ignored.join(', ')}`)
  const given = flags.relay === undefined ? null : parseAddress(flags.relay)
  const relay = { mode: 'address' as const, host: given?.host ?? config?.host ?? '127.0.0.1', port: given?.port ?? config?.port ?? 8888 }
  const orders = ordersOf(flags)
  const patience = config?.reconnection.primaryRetryLimit ?? null

  let api: ApiServer | null = null
  const wallet = await openWallet(ports, {
    home,
    name: flags.name,
    version,
    runtime: 'node',
    relay,
    orders,
    hsOnly: flags.hsOnly ?? false,
    ...(context.downloads ? { downloads: context.downloads } : {}),
  })
  let finish: (code: number) => void = () => {}
  const finished = new Promise<number>((resolve) => {
    finish = resolve
  })
  try {
    let failures = 0
    wallet.onEvent((event) => {
      output.say(event, eventText(event))
      if (event.event !== 'relay') return
      failures = event.state === 'waiting' ? failures + 1 : event.state === 'connected' ? 0 : failures
      if (patience !== null && failures > patience) {
        wallet.report({ event: 'error', code: 'RELAY', text: `The relay at ${relay.host}:${relay.port} could not be reached in ${failures} tries.` })
        finish(EXIT.relay)
      }
    })
    const passphrase = readPassphrase(flags.passphraseFile)
    try {
      await wallet.identityUnlock({ name: flags.name, passphrase })
    } finally {
      passphrase.fill(0)
    }
    if (flags.serve !== undefined) api = await serveApi(ports, wallet, flags.serve, version, output)
    context.signals(() => finish(EXIT.done))
    readCommands(
      wallet,
      context.input,
      () => finish(EXIT.done),
      (status) => output.say(status, eventText(status)),
    )
    return await finished
  } finally {
    await api?.close()
    await wallet.close()
  }
}

/** `--serve HOST:PORT`: the HTTP API of the open profile beside the agent. Port 0 takes a free one, which the event names. */
const serveApi = async (ports: Ports, wallet: Wallet, address: string, version: string, output: Output): Promise<ApiServer> => {
  const { host, port } = parseAddress(address, 0)
  const server = await startApiServer(ports, { ...wallet.openLedger(), version, host, port })
  const url = `http://${server.host.includes(':') ? `[${server.host}]` : server.host}:${server.port}`
  const { slug, genesis } = wallet.openLedger().ledger.own()
  output.say(
    { event: 'serving', url, machine: `${url}/api/chain/${slug}`, genesis, bootstrap_token: server.bootstrapToken },
    `Ledger on ${url}/api/chain/${slug}`,
  )
  return server
}

const readCommands = (wallet: Wallet, input: NodeJS.ReadableStream, quit: () => void, status: (object: Record<string, unknown>) => void): void => {
  const refuse = (error: unknown): void => {
    const { code, text } = toAppError(error)
    wallet.report({ event: 'error', code, text })
  }
  const splitter = createLineSplitter(
    LONGEST_COMMAND,
    (bytes) => {
      try {
        const text = decodeUtf8(bytes)
        if (text === null || text.trim() === '') return
        run(wallet, parseCommand(text), quit, status, refuse)
      } catch (error) {
        refuse(error)
      }
    },
    () => refuse(new AppFault('BAD_ARGUMENT', `A command line has at most ${LONGEST_COMMAND} bytes.`)),
  )
  input.on('data', (chunk: Buffer | string) => splitter.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk))
  input.on('error', refuse)
}

const parseCommand = (text: string): Command => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new AppFault('BAD_ARGUMENT', 'A command is one JSON object a line.')
  }
  const parsed = Command.safeParse(value)
  if (!parsed.success) throw new AppFault('BAD_ARGUMENT', `Not a command: ${parsed.error.issues[0]?.path.join('.') || 'do'}.`)
  return parsed.data
}

const sessionOf = (wallet: Wallet, which: { readonly peer?: string | undefined; readonly session?: string | undefined }): string => {
  if (which.session) return which.session
  const open = wallet.appSnapshot({}).sessions.filter((s) => s.peer === which.peer && s.state === 'open')
  // The session we opened speaks at once; the other only answers.
  const best = open.find((s) => s.role === 'initiator') ?? open[0]
  if (!best) throw new AppFault('STATE', 'There is no open session with this peer.')
  return best.id
}

const run = (wallet: Wallet, command: Command, quit: () => void, status: (object: Record<string, unknown>) => void, refuse: (error: unknown) => void): void => {
  switch (command.do) {
    case 'approve':
      wallet.approvalDecide({
        requestId: command.id,
        viewHash: command.view_hash ?? wallet.shownHash({ id: command.id }),
        decision: 'approve',
        scope: command.rest ? 'handshake' : 'step',
        uncompared: command.uncompared ?? false,
        reason: null,
      })
      return
    case 'reject':
      wallet.approvalDecide({
        requestId: command.id,
        viewHash: wallet.shownHash({ id: command.id }),
        decision: 'reject',
        scope: 'step',
        uncompared: false,
        reason: command.reason ?? null,
      })
      return
    case 'undo':
      wallet.approvalUndo({ requestId: command.id })
      return
    case 'send':
      if ((command.text === undefined) === (command.file === undefined)) throw new AppFault('BAD_ARGUMENT', 'Send either a text or a file.')
      if (command.text !== undefined) wallet.sessionSend({ session: sessionOf(wallet, command), text: command.text })
      else void wallet.sessionSendFile({ session: sessionOf(wallet, command), path: command.file ?? '' }).catch(refuse)
      return
    case 'propose':
      wallet.peerPropose({ peer: command.peer })
      return
    case 'answer':
      wallet.peerAnswer({ peer: command.peer })
      return
    case 'close': {
      const open = wallet.appSnapshot({})
      const named = command.session ?? open.sessions.find((s) => s.peer === command.peer && (s.state === 'open' || s.state === 'closing'))?.id
      if (named === undefined) {
        // Nothing is open yet: what is on its way is given up.
        if (command.peer === undefined) throw new AppFault('BAD_ARGUMENT', 'Name a peer or a session.')
        const under = open.handshakes.find((h) => h.peer === command.peer && h.may.abort)
        if (under) wallet.handshakeAbort({ id: under.id })
        else wallet.peerGiveUp({ peer: command.peer })
        return
      }
      wallet.sessionClose({ session: named })
      return
    }
    case 'keep-key':
      wallet.peerKeepKey({ peer: command.peer })
      return
    case 'go-on':
      wallet.ledgerGoOn({})
      return
    case 'status': {
      const { app, peers, requests, sessions, handshakes, files, knocks } = wallet.appSnapshot({})
      status({ event: 'status', relay: app.relay, machine: app.machine, peers, requests, sessions, handshakes, files, knocks })
      return
    }
    case 'quit':
      quit()
  }
}
