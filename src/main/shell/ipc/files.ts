import { basename } from 'node:path'
import type { BrowserWindow, Dialog } from 'electron'
import type { Commands } from '../../../contract/index.ts'
import { AppFault } from '../../core/fault.ts'
import type { FileTokens } from '../file-tokens.ts'
import type { WalletApi } from '../wallet-api.ts'
import type { Handlers } from './registrar.ts'

const filters = {
  backup: [{ name: 'Countersign backup', extensions: ['csbackup'] }],
  hsagent: [{ name: 'HSAgent identity', extensions: ['json'] }],
  audit: [
    { name: 'Countersign bundle', extensions: ['countersign'] },
    { name: 'All files', extensions: ['*'] },
  ],
  proof: [{ name: 'Proof of two histories', extensions: ['json'] }],
  send: [{ name: 'All files', extensions: ['*'] }],
}
const openTitles = { backup: 'Open a backup', hsagent: 'Import an HSAgent identity', audit: 'Open a bundle or a proof', send: 'Send a file' }

export interface FileContext {
  readonly wallet: WalletApi
  readonly dialog: Pick<Dialog, 'showOpenDialog' | 'showSaveDialog'>
  readonly window: () => BrowserWindow | null
  readonly tokens: FileTokens
}

/** Commands around files: the person names every path, in a dialog of the system. */
export const fileHandlers = ({
  wallet,
  dialog,
  window,
  tokens,
}: FileContext): Pick<
  Handlers<Commands>,
  'file.choose' | 'identity.backup' | 'identity.restore' | 'identity.import' | 'identity.export' | 'session.sendFile' | 'audit.file' | 'audit.save'
> => {
  const parent = (): BrowserWindow => {
    const current = window()
    if (current === null) throw new AppFault('CANCELLED', 'The window is closed.')
    return current
  }
  const chosen = (token: string): string => {
    const path = tokens.path(token)
    if (path === null) throw new AppFault('NOT_FOUND', 'Choose the file again.')
    return path
  }
  const place = async (title: string, fileName: string, kind: keyof typeof filters): Promise<string> => {
    const { canceled, filePath } = await dialog.showSaveDialog(parent(), {
      title,
      defaultPath: fileName,
      filters: filters[kind],
      properties: ['createDirectory', 'showOverwriteConfirmation'],
    })
    if (canceled || !filePath) throw new AppFault('CANCELLED', 'No file was chosen.')
    return filePath
  }
  const ownName = async (): Promise<string> => (await wallet.appSnapshot({})).app.profile?.name ?? 'identity'

  return {
    'file.choose': async ({ purpose }) => {
      const { canceled, filePaths } = await dialog.showOpenDialog(parent(), {
        title: openTitles[purpose],
        filters: filters[purpose],
        properties: ['openFile'],
      })
      const [path] = filePaths
      if (canceled || path === undefined) throw new AppFault('CANCELLED', 'No file was chosen.')
      return { file: tokens.add(path), fileName: basename(path) }
    },
    'identity.backup': async (args) => wallet.identityBackup({ ...args, path: await place('Save a backup', `${await ownName()}.csbackup`, 'backup') }),
    'identity.export': async (args) =>
      wallet.identityExport({ ...args, path: await place('Export for HSAgent', `id_agent_${await ownName()}.json`, 'hsagent') }),
    'identity.restore': ({ file, ...args }) => wallet.identityRestore({ ...args, path: chosen(file) }),
    'identity.import': ({ file, ...args }) => wallet.identityImport({ ...args, path: chosen(file) }),
    'session.sendFile': ({ file, ...args }) => wallet.sessionSendFile({ ...args, path: chosen(file) }),
    'audit.file': ({ file, ...args }) => wallet.auditFile({ ...args, path: chosen(file) }),
    'audit.save': async (args) =>
      wallet.auditSave({
        ...args,
        path:
          args.what === 'bundle'
            ? await place('Save the evidence', `${await ownName()}.countersign`, 'audit')
            : await place('Save the proof', `${await ownName()}-proof.json`, 'proof'),
      }),
  }
}
