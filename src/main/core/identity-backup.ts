import { basename, dirname } from 'node:path'
import { z } from 'zod'
import type { PeerId } from './brand.ts'
import { equalBytes, fromHex, fromUtf8, toHex, utf8 } from './crypto/bytes.ts'
import { ed25519PublicKey, ed25519Sign, ed25519Verify } from './crypto/ed25519.ts'
import { SecretBytes } from './crypto/secret.ts'
import { AppFault } from './fault.ts'
import { openBackup, sealBackup } from './identity/backup.ts'
import { readFile, writeDurably } from './identity/durable-file.ts'
import { type IdentityPublic, publicOf, timestampOf, type WholeIdentity, wipeSecret } from './identity/identity.ts'
import type { Ports } from './ports.ts'

const hex32 = z.string().regex(/^[0-9a-f]{64}$/)

/** What the container holds, version 1 (docs/interfaces.md, "The backup file"). Later parts (the ledger) become further keys of a later version. */
const Contents = z.strictObject({
  v: z.literal(1),
  identity: z.strictObject({
    my_id: z.string().min(1).max(256),
    created_at: z.string().max(64),
    kx_priv: hex32,
    sign_priv: hex32,
    recovery_seed: hex32,
    generation: z.int().min(0),
  }),
  settings: z.record(z.string().max(128), z.json()),
  /** The store's own dump; it checks it when it loads it. */
  store: z.json(),
})

export interface BackupParts {
  readonly identity: WholeIdentity
  readonly settings: Readonly<Record<string, unknown>>
  readonly store: unknown
}

/**
 * Writes a backup, reads the written file back, opens it, and lets the restored key sign a challenge: only then is it a backup.
 * @throws AppFault of writing and of opening; CORRUPT when what was read back is not what was written.
 */
export const writeBackup = async (
  ports: Ports,
  input: {
    readonly path: string
    readonly name: IdentityPublic['name']
    readonly parts: BackupParts
    readonly passphrase: Uint8Array
    readonly onProgress?: (fraction: number) => void
  },
): Promise<void> => {
  const { parts } = input
  const { identity } = parts
  const text = JSON.stringify({
    v: 1,
    identity: {
      my_id: identity.myId,
      created_at: identity.createdAt,
      kx_priv: identity.kxPriv.use(toHex),
      sign_priv: identity.signPriv.use(toHex),
      recovery_seed: identity.recoverySeed.use(toHex),
      generation: identity.generation,
    },
    settings: parts.settings,
    store: parts.store,
  })
  const contents = utf8(text)
  const header = { ...publicOf(input.name, identity), madeAt: timestampOf(ports.clock.now()) }
  const half = (from: number) => (fraction: number) => input.onProgress?.(from + fraction / 2)
  try {
    const bytes = await sealBackup(ports, { header, contents, passphrase: input.passphrase, onProgress: half(0) })
    writeDurably(ports, { folder: dirname(input.path), name: basename(input.path), bytes, what: 'the backup' })
    const read = readFile(ports.files, input.path, 'backup')
    if (!equalBytes(read, bytes)) throw new AppFault('CORRUPT', 'The backup does not read back as it was written. Choose another place.')
    const opened = await readBackup(ports, { bytes: read, passphrase: input.passphrase, onProgress: half(0.5) })
    try {
      const challenge = ports.random.bytes(32)
      const signature = opened.identity.signPriv.use((seed) => ed25519Sign(seed, challenge))
      if (!ed25519Verify(identity.signPriv.use(ed25519PublicKey), challenge, signature))
        throw new AppFault('CORRUPT', 'The key in the written backup is not yours. Choose another place.')
    } finally {
      wipeSecret(opened.identity)
    }
  } finally {
    contents.fill(0)
  }
}

/** Opens a backup's bytes. The caller wipes the identity. @throws AppFault WRONG_PASSPHRASE, TRUNCATED, FORMAT, VERSION, KDF_BOUNDS. */
export const readBackup = async (
  ports: Ports,
  input: { readonly bytes: Uint8Array; readonly passphrase: Uint8Array; readonly onProgress?: (fraction: number) => void },
): Promise<BackupParts & { readonly header: IdentityPublic }> => {
  const { header, contents } = await openBackup(ports, input.bytes, input.passphrase, input.onProgress)
  try {
    const parsed = Contents.safeParse(JSON.parse(fromUtf8(contents)))
    if (!parsed.success)
      throw new AppFault('FORMAT', `The backup opens, but what it holds is not of a known form (${parsed.error.issues[0]?.path.join('.') ?? ''}).`)
    const { identity } = parsed.data
    const secret: WholeIdentity = {
      myId: identity.my_id as PeerId,
      createdAt: identity.created_at,
      kxPriv: new SecretBytes(fromHex(identity.kx_priv)),
      signPriv: new SecretBytes(fromHex(identity.sign_priv)),
      recoverySeed: new SecretBytes(fromHex(identity.recovery_seed)),
      generation: identity.generation,
    }
    const own = publicOf(header.name, secret)
    if (own.signPub !== header.signPub || own.kxPub !== header.kxPub || own.myId !== header.myId) {
      wipeSecret(secret)
      throw new AppFault('FORMAT', 'The backup’s keys are not those it names.')
    }
    return { identity: secret, settings: parsed.data.settings, store: parsed.data.store, header }
  } catch (error) {
    if (error instanceof SyntaxError) throw new AppFault('FORMAT', 'The backup opens, but what it holds is not readable.')
    throw error
  } finally {
    contents.fill(0)
  }
}
