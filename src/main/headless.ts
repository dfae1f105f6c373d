import { Command, CommanderError } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { type AgentFlags, agentCommand } from './command/agent.ts'
import { type AuditFlags, auditCommand } from './command/audit.ts'
import { EXIT, exitCodeOf } from './command/exit.ts'
import { homeFolder } from './command/files.ts'
import { type IdentityFlags, type IdentityVerb, identityCommand } from './command/identity.ts'
import { type MachineFlags, type MachineVerb, machineCommand } from './command/machine.ts'
import { createOutput, onTerminal } from './command/output.ts'
import { type RelayFlags, relayCommand } from './command/relay.ts'
import { type OpenProfile, type ServeFlags, serveCommand } from './command/serve.ts'
import { createLog, levelFrom } from './console-log.ts'
import { toAppError } from './core/fault.ts'
import { kdfWorkerPath } from './core/identity/kdf-worker-path.ts'
import { nodePorts } from './core/node-ports.ts'
import type { Ports } from './core/ports.ts'
import { openWallet } from './core/wallet.ts'

// The `countersign` command: the same wallet without a window (docs/interfaces.md).

/** Set by the first signal; the second ends the process at once. */
const onSignal = (stop: () => void): void => {
  let asked = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (asked) process.exit(EXIT.internal)
      asked = true
      stop()
    })
  }
}

const main = async (argv: readonly string[]): Promise<number> => {
  const home = homeFolder(process.env, process.platform)
  const version = packageJson.version
  const program = new Command('countersign')
  let code: number = EXIT.done

  const context = (command: Command) => {
    const { json, quiet } = command.optsWithGlobals<{ json?: boolean; quiet?: boolean }>()
    const log = createLog(
      process.env['COUNTERSIGN_LOG'] ? levelFrom(process.env['COUNTERSIGN_LOG']) : quiet ? 'warn' : 'info',
      (line) => process.stderr.write(`${onTerminal(line)}\n`),
      () => new Date(),
    )
    return {
      home,
      version,
      output: createOutput(json ?? false, (line) => void process.stdout.write(`${line}\n`)),
      ports: nodePorts({ log, kdfWorker: kdfWorkerPath }),
      signals: onSignal,
    }
  }

  program
    .description('Wallet for trust between machines, without its window.')
    .version(version)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
  program
    .option('--json', 'one JSON object a line on standard output')
    .option('--debug', 'show where an error came from')
    .option('--quiet', 'no log lines on standard error')

  program
    .command('relay')
    .description('run the embedded relay alone')
    .option('--host <host>', 'address to listen on (default 127.0.0.1)')
    .option('--port <port>', 'port (default 8888)')
    .option('--config <file>', 'server configuration of the original')
    .action(async (flags: RelayFlags, command: Command) => {
      code = await relayCommand(flags, context(command))
    })

  const identity = program.command('identity').description('create, back up, restore, import and export identities')
  const verbs: readonly (readonly [IdentityVerb, string])[] = [
    ['create', 'make a new identity'],
    ['show', 'print its public parts; needs no passphrase'],
    ['backup', 'write a .csbackup file and prove that it opens'],
    ['restore', 'make a profile from a .csbackup file'],
    ['import', 'take over an HSAgent id_agent_<name>.json and the database beside it'],
    ['export', 'write both again, as the original reads them'],
    ['passphrase', 'change the passphrase'],
    ['archive', 'move a profile aside'],
  ]
  for (const [verb, text] of verbs) {
    identity
      .command(verb)
      .description(text)
      .requiredOption('--name <name>', 'profile')
      .option('--passphrase-file <file>', 'its first line is the passphrase')
      .option('--file <path>', 'file to read or write')
      .option('--import-passphrase-file <file>', 'passphrase of the imported file (default: the same)')
      .option('--export-passphrase-file <file>', 'passphrase of the exported file (default: the same)')
      .option('--backup-passphrase-file <file>', 'passphrase of the backup (default: the same)')
      .option('--new-passphrase-file <file>', 'the passphrase to change to')
      .option('--messages', 'put messages into the backup')
      .action((flags: IdentityFlags, command: Command) => identityCommand(verb, flags, context(command)))
  }

  program
    .command('agent')
    .description('run the wallet without a window')
    .requiredOption('--name <name>', 'profile')
    .requiredOption('--passphrase-file <file>', 'its first line is the passphrase')
    .option('--relay <host:port>', 'relay (default 127.0.0.1:8888)')
    .option('--config <file>', 'client configuration of the original')
    .option('--policy <policy>', 'ask, auto, or a policy file (default ask)')
    .option('--meet <peer>', 'answer and open with this peer, or any')
    .option('--propose <peer>', 'ask this peer for a session, or any')
    .option('--close-after <rounds>', 'conclude sessions of ours after so many rounds')
    .option('--reconnect', 'open again what was closed')
    .option('--hs-only', 'speak only the hs profile')
    .option('--serve <host:port>', 'the HTTP API of the ledger beside it')
    .action(async (flags: AgentFlags, command: Command) => {
      code = await agentCommand(flags, { ...context(command), input: process.stdin, downloads: process.env['COUNTERSIGN_DOWNLOADS'] })
    })

  /** The profile without a relay, for what needs only its ledger. */
  const openProfile =
    (ports: Ports): OpenProfile =>
    async (name, passphrase) => {
      const wallet = await openWallet(ports, { home, name, version, runtime: 'node', offline: true })
      try {
        await wallet.identityUnlock({ name, passphrase })
        return { ...wallet.openLedger(), close: () => wallet.close() }
      } catch (error) {
        await wallet.close()
        throw error
      }
    }

  const machine = program.command('machine').description('ledgers of a profile')
  const machineVerbs: readonly (readonly [MachineVerb, string])[] = [
    ['create', 'make a further machine; its keys are kept here, and its first row says so'],
    ['list', 'all machines of the profile'],
    ['show', 'one machine'],
    ['export', 'its whole chain as a file that `audit` reads'],
  ]
  for (const [verb, text] of machineVerbs) {
    machine
      .command(verb)
      .description(text)
      .requiredOption('--name <name>', 'profile')
      .requiredOption('--passphrase-file <file>', 'its first line is the passphrase')
      .option('--slug <slug>', 'the machine (default: the identity’s own)')
      .option('--public', 'anybody may read it')
      .option('--display-name <text>', 'what it is called')
      .option('--purpose <text>', 'what it is for')
      .option('--out <file>', 'file for export (default: standard output)')
      .action((flags: MachineFlags, command: Command) => {
        const { ports, output } = context(command)
        return machineCommand(verb, flags, { ports, output, open: openProfile(ports) })
      })
  }

  program
    .command('serve')
    .description('the HTTP API of a profile’s ledger')
    .requiredOption('--name <name>', 'profile')
    .requiredOption('--passphrase-file <file>', 'its first line is the passphrase')
    .option('--host <host>', 'address to listen on (default 127.0.0.1)')
    .option('--port <port>', 'port (default 3099)')
    .option('--open-bootstrap', 'programs of this computer may make machines without the token')
    .action(async (flags: ServeFlags, command: Command) => {
      const { ports, output, signals } = context(command)
      code = await serveCommand(flags, { ports, version, output, signals, open: openProfile(ports) })
    })

  program
    .command('audit')
    .description('judge a bundle, a proof, or one or two ledgers; exit code 0 sound, 1 findings, 2 unreadable')
    .argument('<source...>', 'files, or addresses http://HOST:PORT/api/chain/SLUG')
    .option('--expect-genesis <genesis>', 'the parties you expect, with a comma between')
    .option('--session <nonce>', 'only this session')
    .action(async (sources: string[], flags: AuditFlags, command: Command) => {
      const { ports, output } = context(command)
      code = await auditCommand(sources, flags, { ports, output })
    })

  await program.parseAsync(argv, { from: 'user' })
  return code
}

const fail = (text: string, code: number): number => {
  process.stderr.write(`countersign: ${onTerminal(text.replace(/[\r\n]+/g, ' '))}\n`)
  return code
}

// A closed pipe on standard output (`countersign … | head`) is an end like another.
process.stdout.on('error', () => process.exit(EXIT.done))

main(process.argv.slice(2))
  .catch((error: unknown) => {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : fail(`BAD_ARGUMENT: ${error.message.replace(/^error: /, '')}`, EXIT.usage)
    if (process.argv.includes('--debug') && error instanceof Error) process.stderr.write(`${error.stack}\n`)
    const known = toAppError(error)
    return fail(`${known.code}: ${known.text}`, exitCodeOf(known))
  })
  .then((code) => {
    process.exitCode = code
    // Standard input would keep the process; everything else is closed by now.
    process.stdin.destroy()
  })
