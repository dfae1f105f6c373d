/**
 * Names of the channels without their schemas, for the preloads (which carry no zod). A test compares these lists
 * with the schemas' keys.
 */
export const commandNames = [
  'app.snapshot',
  'profile.select',
  'identity.strength',
  'identity.create',
  'identity.unlock',
  'identity.lock',
  'identity.passphrase',
  'identity.archive',
  'identity.backup',
  'identity.restore',
  'identity.import',
  'identity.export',
  'file.choose',
  'peer.propose',
  'peer.answer',
  'peer.reconnect',
  'peer.name',
  'peer.policy',
  'peer.zone',
  'peer.keepKey',
  'peer.giveUp',
  'peer.forget',
  'knock.dismiss',
  'request.review',
  'request.undo',
  'request.rejectAll',
  'session.messages',
  'session.send',
  'session.close',
  'settings.set',
  'window.minimize',
  'window.maximize',
  'window.close',
] as const
export const approvalCommandNames = ['approval.current', 'approval.move', 'approval.decide', 'approval.undo', 'approval.close'] as const
export const pushNames = ['push.patch', 'push.kdf'] as const
export const approvalPushNames = ['push.approval'] as const
