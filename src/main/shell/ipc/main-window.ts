import { type Commands, commands } from '../../../contract/index.ts'
import { type FileContext, fileHandlers } from './files.ts'
import { type Limits, usualLimits } from './limits.ts'
import type { Handlers, Registration } from './registrar.ts'
import type { Sender } from './sender.ts'

/** Each of these derives a key for half a second or opens a dialog. */
const costly: Limits = { ...usualLimits, burst: 6, perSecond: 1 }

/** All commands of the main window. Thin on purpose: what a command does is the wallet's. */
export const mainWindowCommands = (context: FileContext, from: Sender): Registration<Commands> => {
  const { wallet, window } = context
  const handlers: Handlers<Commands> = {
    'app.snapshot': (args) => wallet.appSnapshot(args),
    'profile.select': (args) => wallet.profileSelect(args),
    'identity.strength': (args) => wallet.identityStrength(args),
    'identity.create': (args) => wallet.identityCreate(args),
    'identity.unlock': (args) => wallet.identityUnlock(args),
    'identity.lock': (args) => wallet.identityLock(args),
    'identity.passphrase': (args) => wallet.identityPassphrase(args),
    'identity.archive': (args) => wallet.identityArchive(args),
    ...fileHandlers(context),
    'peer.propose': (args) => wallet.peerPropose(args),
    'peer.answer': (args) => wallet.peerAnswer(args),
    'peer.reconnect': (args) => wallet.peerReconnect(args),
    'peer.name': (args) => wallet.peerName(args),
    'peer.policy': (args) => wallet.peerPolicy(args),
    'peer.zone': (args) => wallet.peerZone(args),
    'peer.keepKey': (args) => wallet.peerKeepKey(args),
    'peer.giveUp': (args) => wallet.peerGiveUp(args),
    'peer.forget': (args) => wallet.peerForget(args),
    'knock.dismiss': (args) => wallet.knockDismiss(args),
    'request.review': (args) => wallet.requestReview(args),
    'request.undo': (args) => wallet.requestUndo(args),
    'request.rejectAll': (args) => wallet.requestRejectAll(args),
    'session.messages': (args) => wallet.sessionMessages(args),
    'session.send': (args) => wallet.sessionSend(args),
    'session.close': (args) => wallet.sessionClose(args),
    'handshake.abort': (args) => wallet.handshakeAbort(args),
    'session.cancelFile': (args) => wallet.sessionCancelFile(args),
    'ledger.rows': (args) => wallet.ledgerRows(args),
    'ledger.verify': (args) => wallet.ledgerVerify(args),
    'ledger.tokens': (args) => wallet.ledgerTokens(args),
    'ledger.goOn': (args) => wallet.ledgerGoOn(args),
    'audit.peer': (args) => wallet.auditPeer(args),
    'audit.urls': (args) => wallet.auditUrls(args),
    'api.state': (args) => wallet.apiState(args),
    'settings.set': (args) => wallet.settingsSet(args),
    'window.minimize': () => window()?.minimize(),
    'window.maximize': () => {
      const current = window()
      if (current?.isMaximized()) current.unmaximize()
      else current?.maximize()
      return { maximized: current?.isMaximized() ?? false }
    },
    'window.close': () => window()?.close(),
  }
  return {
    channels: commands,
    handlers,
    from,
    limits: {
      'identity.create': costly,
      'identity.unlock': costly,
      'identity.passphrase': costly,
      'identity.backup': costly,
      'identity.restore': costly,
      'identity.import': costly,
      'identity.export': costly,
      'file.choose': costly,
      // A whole ledger is verified.
      'ledger.verify': costly,
      'audit.peer': costly,
      'audit.file': costly,
      'audit.urls': costly,
      'audit.save': costly,
      // 8000 UTF-16 units and what is around them.
      'session.send': { ...usualLimits, bytes: 20_000 },
    },
  }
}
