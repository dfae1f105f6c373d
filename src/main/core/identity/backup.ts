import { z } from 'zod'
import type { Kdf, Ports } from '../ports.ts'
import { type EnvelopeKind, openEnvelope, parseEnvelope, sealEnvelope } from './envelope.ts'
import { fromPublicPart, type IdentityPublic, isTimestamp, PublicPart, toPublicPart } from './identity.ts'
import { requireStrong } from './passphrase.ts'

/** What a backup shows before its passphrase is typed; authenticated once it is. */
export interface BackupHeader extends IdentityPublic {
  /** RFC 3339, UTC, whole seconds, +00:00. */
  readonly madeAt: string
}

const BackupPart = PublicPart.extend({ made_at: z.string().refine(isTimestamp) })
type BackupPart = z.infer<typeof BackupPart>

/** The container `.csbackup`: the same envelope as an identity, one box. What the box holds has a version of its own and is not this file's concern. */
const KIND: EnvelopeKind<BackupPart> = {
  version: 'csbackup.v1',
  family: /^csbackup\.v\d{1,6}$/,
  what: 'backup',
  publicPart: BackupPart,
  boxes: ['contents'],
  limit: 256 * 1024 * 1024,
}

const headerOf = (part: BackupPart): BackupHeader => ({ ...fromPublicPart(part), madeAt: part.made_at })

/**
 * Seals a backup. `contents` stay the caller's to wipe; at most about 190 MB, since the file is limited to 256 MiB.
 * @throws AppFault WEAK_PASSPHRASE
 */
export const sealBackup = async (
  ports: Pick<Ports, 'kdf' | 'random'>,
  backup: { readonly header: BackupHeader; readonly contents: Uint8Array; readonly passphrase: Uint8Array; readonly onProgress?: (fraction: number) => void },
): Promise<Uint8Array> => {
  await requireStrong(backup.passphrase, [backup.header.name])
  const part: BackupPart = { ...toPublicPart(backup.header), made_at: backup.header.madeAt }
  return sealEnvelope(ports, KIND, part, { contents: backup.contents }, backup.passphrase, backup.onProgress)
}

/** The header, without the passphrase. @throws AppFault TRUNCATED, FORMAT, VERSION, KDF_BOUNDS */
export const readBackupHeader = (bytes: Uint8Array): BackupHeader => headerOf(parseEnvelope(KIND, bytes).publicPart)

/**
 * Opens a backup. The caller wipes `contents`.
 * @throws AppFault WRONG_PASSPHRASE, and those of `readBackupHeader`
 */
export const openBackup = async (
  { kdf }: { readonly kdf: Kdf },
  bytes: Uint8Array,
  passphrase: Uint8Array,
  onProgress?: (fraction: number) => void,
): Promise<{ readonly header: BackupHeader; readonly contents: Uint8Array }> => {
  const envelope = parseEnvelope(KIND, bytes)
  return openEnvelope(kdf, KIND, envelope, passphrase, 1, onProgress, ([plain]) => ({
    header: headerOf(envelope.publicPart),
    contents: Uint8Array.from(plain ?? []),
  }))
}
