import { join, resolve } from 'node:path'
import { fromHex, toBase64 } from '../core/crypto/bytes.ts'
import { AppFault } from '../core/fault.ts'
import type { Ports } from '../core/ports.ts'
import { openWallet, type Wallet } from '../core/wallet.ts'
import { readPassphrase } from './files.ts'
import type { Output } from './output.ts'

export interface IdentityFlags {
  readonly name: string
  readonly passphraseFile?: string
  readonly file?: string
  readonly importPassphraseFile?: string
  readonly exportPassphraseFile?: string
  readonly backupPassphraseFile?: string
  readonly newPassphraseFile?: string
  readonly messages?: boolean
}

export type IdentityVerb = 'create' | 'show' | 'backup' | 'restore' | 'import' | 'export' | 'passphrase' | 'archive'

const needed = (value: string | undefined, flag: string): string => {
  if (value === undefined) throw new AppFault('BAD_ARGUMENT', `--${flag} is missing.`)
  return value
}

/** One verb of `countersign identity`. @throws AppFault. */
export const identityCommand = async (
  verb: IdentityVerb,
  flags: IdentityFlags,
  context: { ports: Ports; home: string; version: string; output: Output },
): Promise<void> => {
  const { ports, home, version, output } = context
  const { name } = flags
  const passphrase = () => readPassphrase(needed(flags.passphraseFile, 'passphrase-file'))
  const file = () => resolve(needed(flags.file, 'file'))
  const otherPassphrase = (path: string | undefined) => (path === undefined ? passphrase() : readPassphrase(path))

  const show = (wallet: Wallet, done: string): void => {
    const p = wallet.publicPart(name)
    const genesis = wallet.genesisOf(name)
    output.say(
      { name: p.name, my_id: p.myId, sign_pub_b64: toBase64(fromHex(p.signPub)), kx_pub_b64: toBase64(fromHex(p.kxPub)), words: p.words, genesis },
      `${done}${p.name}\n  id        ${p.myId}\n  words     ${p.words.join(' · ')}\n  sign_pub  ${toBase64(fromHex(p.signPub))}\n  kx_pub    ${toBase64(fromHex(p.kxPub))}\n  genesis   ${genesis ?? 'not made yet'}`,
    )
  }

  // No profile is opened before it is needed; the relay stays out of it: port 9 of loopback, and nothing waits for it.
  const wallet = await openWallet(ports, { home, name: null, pick: false, version, runtime: 'node', relay: { mode: 'address', host: '127.0.0.1', port: 9 } })
  try {
    switch (verb) {
      case 'create':
        await wallet.identityCreate({ name, passphrase: passphrase() })
        return show(wallet, 'Created ')
      case 'show':
        return show(wallet, '')
      case 'archive': {
        await wallet.identityArchive({ name })
        return output.say({ archived: name }, `Moved ${name} aside; nothing was deleted.`)
      }
      case 'restore':
        await wallet.identityRestore({ path: file(), name, passphrase: otherPassphrase(flags.backupPassphraseFile), newPassphrase: passphrase() })
        return show(wallet, 'Restored ')
      case 'import':
        await wallet.identityImport({ path: file(), name, importPassphrase: otherPassphrase(flags.importPassphraseFile), passphrase: passphrase() })
        return show(wallet, 'Imported ')
      case 'backup': {
        await wallet.identityUnlock({ name, passphrase: passphrase() })
        const backup = await wallet.identityBackup({
          passphrase: passphrase(),
          backupPassphrase: otherPassphrase(flags.backupPassphraseFile),
          messages: flags.messages ?? false,
          path: file(),
        })
        const note = 'Whoever opens this file can act as you and rotate your keys.'
        return output.say(
          { backup: file(), verified_at: new Date(backup.verifiedAt ?? 0).toISOString() },
          `Wrote ${file()}, read it back and opened it. ${note}`,
        )
      }
      case 'export': {
        await wallet.identityUnlock({ name, passphrase: passphrase() })
        const path = flags.file === undefined ? join(process.cwd(), `id_agent_${name}.json`) : file()
        await wallet.identityExport({ passphrase: passphrase(), exportPassphrase: otherPassphrase(flags.exportPassphraseFile), path })
        return output.say({ exported: path }, `Wrote ${path} and the threads' database beside it, as the original reads them.`)
      }
      case 'passphrase':
        await wallet.identityUnlock({ name, passphrase: passphrase() })
        await wallet.identityPassphrase({ old: passphrase(), new: readPassphrase(needed(flags.newPassphraseFile, 'new-passphrase-file')) })
        return output.say({ passphrase: 'changed', name }, 'The passphrase is changed. Backups made before keep the old one.')
    }
  } finally {
    await wallet.close()
  }
}
