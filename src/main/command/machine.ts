import { basename, dirname, resolve } from 'node:path'
import { mintKey } from '../core/api/credentials.ts'
import { utf8 } from '../core/crypto/bytes.ts'
import { canonicalJson, type Json } from '../core/crypto/canonical-json.ts'
import { AppFault } from '../core/fault.ts'
import { writeDurably } from '../core/identity/durable-file.ts'
import type { Ledger, Machine } from '../core/ledger/ledger-types.ts'
import type { Ports } from '../core/ports.ts'
import type { Output } from './output.ts'
import { type OpenLedger, type OpenProfile, openWith } from './serve.ts'

export type MachineVerb = 'create' | 'list' | 'export' | 'show'

export interface MachineFlags {
  readonly name: string
  readonly passphraseFile: string
  /** The machine; default the identity's own. For `create` the new one's, default made from the profile's name. */
  readonly slug?: string
  readonly public?: boolean
  readonly displayName?: string
  readonly purpose?: string
  /** File for `export`; default standard output. */
  readonly out?: string
}

const machineOf = (ledger: Ledger, slug: string | undefined): Machine => {
  const machine = slug === undefined ? ledger.own() : ledger.machine({ slug })
  if (machine === undefined) throw new AppFault('NOT_FOUND', `There is no machine called ${slug}.`)
  return machine
}

const facts = (ledger: Ledger, machine: Machine) => ({
  slug: machine.slug,
  origin_id: machine.originId,
  genesis: machine.genesis,
  genesis_zeqond: machine.header.genesis_zeqond,
  sign_pub: ledger.keyInForce(machine.genesis).signPub,
  kx_pub: ledger.keyInForce(machine.genesis).kxPub,
  custody: machine.custody,
  is_public: machine.isPublic,
  status: machine.status,
  rows: ledger.count(machine.genesis),
  head: ledger.head(machine.genesis),
})

const line = (ledger: Ledger, machine: Machine): string =>
  `${machine.slug}  ${machine.isPublic ? 'public ' : 'private'}  ${machine.custody === 'own' ? 'own keys ' : 'host keys'}  ${ledger.count(machine.genesis)} rows  ${machine.genesis}`

/** The chain as a bundle holds it (docs/ledger.md): header fields, rows, head; canonical JSON and a newline. */
const exported = (ledger: Ledger, machine: Machine): string => {
  const { header, rows, head } = ledger.chain(machine.genesis)
  return `${canonicalJson({ ...(header as { readonly [key: string]: Json }), rows: rows as readonly Json[], head: head as Json })}\n`
}

const run = (verb: MachineVerb, flags: MachineFlags, { ledger, store, work }: OpenLedger, context: { ports: Ports; output: Output }): void => {
  const { ports, output } = context
  switch (verb) {
    case 'create': {
      const { machine, secret } = work.run(() => {
        const machine = ledger.create({ slug: flags.slug, isPublic: flags.public, displayName: flags.displayName, purpose: flags.purpose })
        const { secret, row } = mintKey(ports, { genesis: machine.genesis, name: 'spin-up', scope: 'admin', tier: 'standard', expiresAt: null })
        store.apiKeys.add(row)
        return { machine, secret }
      })
      return output.say({ ...facts(ledger, machine), api_key: secret }, `Created ${line(ledger, machine)}\nKey, shown only here: ${secret}`)
    }
    case 'list':
      for (const machine of ledger.machines()) output.say(facts(ledger, machine), line(ledger, machine))
      return
    case 'show': {
      const shown = facts(ledger, machineOf(ledger, flags.slug))
      return output.say(
        shown,
        Object.entries(shown)
          .map(([key, value]) => `${key.padEnd(15)} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
          .join('\n'),
      )
    }
    case 'export': {
      const machine = machineOf(ledger, flags.slug)
      const text = exported(ledger, machine)
      if (flags.out === undefined) return output.say(JSON.parse(text) as Record<string, unknown>, text.trimEnd())
      const path = resolve(flags.out)
      writeDurably(ports, { folder: dirname(path), name: basename(path), bytes: utf8(text), what: 'an exported chain', mustBeNew: true })
      return output.say(
        { exported: path, slug: machine.slug, rows: ledger.count(machine.genesis) },
        `Wrote ${path}: ${ledger.count(machine.genesis)} rows of ${machine.slug}.`,
      )
    }
  }
}

/** One verb of `countersign machine`. @throws AppFault NOT_FOUND, EXISTS, those of unlocking. */
export const machineCommand = async (verb: MachineVerb, flags: MachineFlags, context: { ports: Ports; output: Output; open: OpenProfile }): Promise<void> => {
  const profile = await openWith(context.open, flags)
  try {
    run(verb, flags, profile, context)
  } finally {
    await profile.close()
  }
}
