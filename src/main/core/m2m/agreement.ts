import type { Genesis } from '../brand.ts'
import { concat, toHex } from '../crypto/bytes.ts'
import { SecretBytes, wiping } from '../crypto/secret.ts'
import { x25519PublicKey } from '../crypto/x25519.ts'
import { AppFault } from '../fault.ts'
import type { Row } from '../ledger/row.ts'
import type { M2mDeps } from './engine-types.ts'
import { stepOf } from './rows-of.ts'
import { deriveKeys, keyConfirm, sessionId, sharedSecrets, type Transcript, type TranscriptParty } from './session.ts'
import type { Accept, Key, Propose, Step } from './statement.ts'
import type { Thread } from './thread.ts'

/** Secrets of a handshake: made, used and overwritten here, held by nobody else between two events. */
export interface Agreement {
  /** Makes the one ephemeral of the thread; its public key, hex. */
  makeEph(t: Thread): string
  /** Keys from the four rows and the own ephemeral; the session id. */
  derive(t: Thread): string
  /** The session id that the four rows give; null where one is not at hand. It needs no secret. */
  idOf(t: Thread): string | null
  /** Can what this state needs be read? */
  readable(t: Thread): boolean
  /** Lends the channel's keys. */
  withKeys(t: Thread, use: (keys: { readonly a2b: SecretBytes; readonly b2a: SecretBytes; readonly root: SecretBytes }) => void): void
  /** HMAC of the own activate row. */
  confirmation(t: Thread): string
  /** The `confirm` key, hex, once there is one. */
  confirm(t: Thread): string | null
  wipe(t: Thread, what: 'eph' | 'all'): void
}

const NEEDS_EPH = new Set(['i.ask2', 'r.acc', 'r.keyed'])
const NEEDS_KEYS = new Set(['i.keyed', 'i.act', 'r.ask3', 'r.act'])

export const createAgreement = (deps: Pick<M2mDeps, 'ports' | 'store' | 'work' | 'ledger' | 'self'>): Agreement => {
  const { ports, store, work, ledger, self } = deps
  const secrets = store.m2mSecrets

  const lost = (): never => {
    throw new AppFault('STATE', 'The keys of this handshake cannot be read any more.')
  }
  const read = (t: Thread, kind: 'eph' | 'keys' | 'confirm'): SecretBytes => secrets.get(t.id, kind) ?? lost()
  const lend = <T>(secret: SecretBytes, use: (secret: SecretBytes) => T): T => {
    try {
      return use(secret)
    } finally {
      secret.wipe()
    }
  }

  const statement = <K extends Step['kind']>(
    genesis: Genesis,
    t: Thread,
    name: 'A1' | 'B1' | 'B2' | 'A2',
    kind: K,
  ): { row: Row; step: Extract<Step, { kind: K }> } => {
    const mark = t.rows[name]
    const row = mark === undefined ? undefined : ledger.row(genesis, mark.seq)
    const step = row === undefined ? null : stepOf(row)
    if (row === undefined || step?.kind !== kind) throw new AppFault('CORRUPT', `The ledger has no row ${name} of this session.`)
    return { row, step: step as Extract<Step, { kind: K }> }
  }

  const transcript = (t: Thread): { readonly transcript: Transcript; readonly id: string } => {
    const own = ledger.own().genesis
    const [a, b] = t.role === 'initiator' ? [own, t.peerGenesis] : [t.peerGenesis, own]
    const A1 = statement(a, t, 'A1', 'propose')
    const B1 = statement(b, t, 'B1', 'accept')
    const B2 = statement(b, t, 'B2', 'key')
    const A2 = statement(a, t, 'A2', 'key')
    const party = (first: Propose | Accept, nonce: string, key: Key): TranscriptParty => ({
      genesis: first.self_genesis,
      sign_pub: first.self_pubkey,
      kx_pub: first.self_kx_pub,
      nonce,
      eph: key.ecdh_pub,
      kem: key.kem,
    })
    const made: Transcript = {
      suite: B1.step.suite,
      a: party(A1.step, A1.step.session_nonce, A2.step),
      b: party(B1.step, B1.step.responder_nonce, B2.step),
    }
    return { transcript: made, id: sessionId(made, { A1: A1.row.stateHash, B1: B1.row.stateHash, B2: B2.row.stateHash, A2: A2.row.stateHash }) }
  }

  return {
    makeEph: (t) => {
      if (t.eph !== null) throw new AppFault('INTERNAL', 'A handshake has one ephemeral key.')
      return lend(SecretBytes.take(ports.random.bytes(32)), (secret) => {
        secrets.put(t.id, 'eph', secret)
        return secret.use((bytes) => toHex(x25519PublicKey(bytes)))
      })
    },
    derive: (t) => {
      const { transcript: made, id } = transcript(t)
      const peer = t.role === 'initiator' ? made.b : made.a
      const dh = lend(read(t, 'eph'), (eph) => sharedSecrets(t.role, { eph, kx: self.kxPriv }, { eph: peer.eph, kx: peer.kx_pub }))
      const keys = deriveKeys(dh, id)
      const all = keys.a2b.use((a2b) => keys.b2a.use((b2a) => keys.root.use((root) => concat(a2b, b2a, root))))
      lend(SecretBytes.take(all), (whole) => secrets.put(t.id, 'keys', whole))
      secrets.put(t.id, 'confirm', keys.confirm)
      for (const key of [keys.a2b, keys.b2a, keys.confirm, keys.root]) key.wipe()
      return id
    },
    idOf: (t) => {
      try {
        return transcript(t).id
      } catch (error) {
        if (error instanceof AppFault && error.code === 'CORRUPT') return null
        throw error
      }
    },
    readable: (t) => {
      const needed = NEEDS_EPH.has(t.state) ? (['eph'] as const) : NEEDS_KEYS.has(t.state) ? (['keys', 'confirm'] as const) : []
      try {
        for (const kind of needed) lend(read(t, kind), () => undefined)
        return true
      } catch (error) {
        // A locked wallet says nothing about what is on disk.
        if (error instanceof AppFault && (error.code === 'CORRUPT' || error.code === 'STATE')) return false
        throw error
      }
    },
    withKeys: (t, use) =>
      lend(read(t, 'keys'), (all) =>
        all.use((bytes) => {
          const part = (i: number) => SecretBytes.copy(bytes.subarray(i * 32, i * 32 + 32))
          const keys = { a2b: part(0), b2a: part(1), root: part(2) }
          try {
            use(keys)
          } finally {
            for (const key of Object.values(keys)) key.wipe()
          }
        }),
      ),
    confirmation: (t) => {
      const id = t.sessionId
      return id === null ? lost() : lend(read(t, 'confirm'), (confirm) => keyConfirm(confirm, t.role, id))
    },
    confirm: (t) => {
      if (t.sessionId === null) return null
      const secret = secrets.get(t.id, 'confirm')
      return secret === undefined ? null : lend(secret, (confirm) => confirm.use((bytes) => wiping(Uint8Array.from(bytes), toHex)))
    },
    wipe: (t, what) => {
      secrets.wipe(t.id, 'eph')
      if (what === 'all') secrets.wipe(t.id, 'keys')
      work.after(() => {
        try {
          secrets.checkpoint()
        } catch (error) {
          // A reader is there (a backup): the pages go with the next one, or when the profile is closed.
          ports.log.warn('the journal was not emptied', { code: error instanceof AppFault ? error.code : 'INTERNAL' })
        }
      })
    },
  }
}
