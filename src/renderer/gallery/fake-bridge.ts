import type { Result } from '../../contract/result.ts'
import type { Bridge, CommandName } from '../bridge/bridge.ts'
import { audits, rowOf, tokens } from './audit-data.ts'
import { files, idOf, messages, now, requests } from './data.ts'
import type { Scene } from './scenes.ts'

const ok = (value: unknown): Result<unknown> => ({ ok: true, value })

function answer(scene: Scene, name: CommandName, args: Readonly<Record<string, unknown>>): Result<unknown> {
  switch (name) {
    case 'app.snapshot':
      return ok(scene.snapshot)
    case 'identity.strength':
      return ok({ score: 3, acceptable: true, crackTime: 'about 900 years', hint: null })
    case 'identity.unlock':
      return { ok: false, error: { code: 'WRONG_PASSPHRASE', text: 'The passphrase does not open this file, or the file was altered.' } }
    case 'identity.backup':
      return ok({ verifiedAt: now, fileName: 'alice-desktop-2026-11-22.csbackup', peersBehind: 0 })
    case 'file.choose':
      return ok({ file: '0'.repeat(32), fileName: 'alice-desktop-2026-10-31.csbackup' })
    case 'peer.answer':
    case 'session.close':
      return ok(requests[0])
    case 'session.messages':
      return ok({
        messages: args['peer'] === idOf('build-runner-07') ? messages : messages.slice(0, 4).map((message) => ({ ...message, peer: String(args['peer']) })),
        more: false,
      })
    case 'settings.set':
      return ok({ ...scene.snapshot.app.settings, ...args })
    case 'request.rejectAll':
      return ok({ rejected: 4 })
    case 'ledger.rows': {
      const total = scene.snapshot.app.machine?.rows ?? 0
      const end = typeof args['before'] === 'number' ? Math.min(total, args['before']) : total
      const count = Math.min(end, Number(args['limit']))
      return ok({ rows: Array.from({ length: count }, (_, i) => rowOf(end - 1 - i, total)), total })
    }
    case 'ledger.verify':
      return ok(
        scene.broken === true
          ? { valid: false, count: 47, brokenSeq: 31, reason: 'Row 31 does not name row 30 as the one before it.' }
          : { valid: true, count: 46, brokenSeq: null, reason: null },
      )
    case 'ledger.tokens':
      return ok({ tokens })
    case 'audit.peer':
    case 'audit.file':
    case 'audit.urls':
      return ok(audits[scene.audit ?? 'sound'])
    case 'audit.save':
      return ok({ fileName: 'build-runner-07-2026-11-22.countersign' })
    case 'api.state':
      return ok({ ...scene.snapshot.app.api, token: '7c2f0d6be1a94f3e8b5d' })
    case 'handshake.abort':
      return ok({ request: null })
    case 'session.sendFile':
      return ok(files[1])
    case 'window.maximize':
      return ok({ maximized: true })
    default:
      return ok({})
  }
}

/** A bridge that answers from a scene. Its answers are the contract's shapes, but nobody checks them here. */
export function fakeBridge(scene: Scene): Bridge {
  return {
    invoke: (name, args) =>
      scene.hang?.includes(name) === true
        ? new Promise(() => undefined)
        : (Promise.resolve(answer(scene, name, args)) as ReturnType<Bridge['invoke']> as never),
    onPatch: () => () => undefined,
    onKdf: (handler) => {
      const timer = setTimeout(() => handler({ fraction: 0.61 }), 30)
      return () => clearTimeout(timer)
    },
  }
}
