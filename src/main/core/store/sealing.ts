import type { z } from 'zod'
import { aesGcmOpen, aesGcmSeal } from '../crypto/aead.ts'
import { concat, fromBase64, fromUtf8, toBase64, toHex, utf8 } from '../crypto/bytes.ts'
import { hkdfSha256, hmacSha256 } from '../crypto/hash.ts'
import { SecretBytes } from '../crypto/secret.ts'
import { AppFault } from '../fault.ts'
import type { Random } from '../ports.ts'
import { corruptRow } from './faults.ts'

/** Every sealed column, each with its own key. A new one is added here first. */
const sealedColumns = [
  'meta.value',
  'role_state.peer_address',
  'role_state.peer_sign_pub',
  'role_state.peer_kx_pub',
  'thread_private.sealed',
  'hs_replay.sealed',
  'peer.sealed',
  'session.sealed',
  'message.sealed',
  'sec_nonce.sealed',
  'request.sealed',
  'decision.sealed',
  'decision_head.sealed',
  'outbox.sealed',
  'event.sealed',
  'setting.sealed',
  'api_key.sealed',
  'api_reply.sealed',
  'chain.sealed',
  'chain.state',
  'chain_row.sealed',
  'kept_head.sealed',
  'contract.sealed',
  'failed_transition.sealed',
  'token.sealed',
  'm2m_card.sealed',
  'm2m_outbox.sealed',
  'm2m_inbox.sealed',
  'm2m_thread.sealed',
  'm2m_secret.sealed',
  'channel.sealed',
  'channel_secret.sealed',
  'channel_message.sealed',
  'channel_file.sealed',
] as const
export type SealedColumn = (typeof sealedColumns)[number]

/** What blind values are made of. The same value has different blind values in different domains, so rows link only where they must. */
const blindDomains = [
  'peer',
  'session',
  'request',
  'sign_pub',
  'sec_nonce',
  'slot',
  'setting',
  'genesis',
  'slug',
  'chain_row',
  'contract',
  'token',
  'api',
  'm2m_peer',
  'm2m_thread',
  'file',
] as const
export type BlindDomain = (typeof blindDomains)[number]

/** The columns that find, order or bind a row, in a fixed order; part of the associated data. Read back from disk they may be anything. */
export type RowKey = readonly unknown[]

const version = 1
const nonceLength = 12
const textPrefix = 's1:'

export interface Sealing {
  readonly locked: boolean
  /** Lists begin with it: while locked, "cannot read" must not look like "there is nothing". @throws AppFault LOCKED. */
  mustBeUnlocked(): void
  /** Derives the column keys; `columnKey` (32 bytes) is not kept. */
  unlock(columnKey: SecretBytes): void
  /** Overwrites the column keys. */
  lock(): void
  /** HMAC-SHA256 under the domain's key, cut to 32 hex digits. @throws AppFault LOCKED. */
  blind(domain: BlindDomain, value: string): string
  /** `0x01 ‖ nonce (12) ‖ AES-256-GCM`; associated data: table.column and the row's key. @throws AppFault LOCKED. */
  seal(column: SealedColumn, row: RowKey, value: unknown): Uint8Array
  /** @throws AppFault LOCKED; CORRUPT naming table and row when it does not open, was moved, or does not fit `schema`. */
  open<S extends z.ZodType>(column: SealedColumn, row: RowKey, sealed: unknown, schema: S): z.output<S>
  /**
   * As `open`, for values that are read again and again: where the bytes are those of last time, so is the value, frozen. The bytes come from
   * the database each time, so a rollback needs no care. Forgotten by `lock`. Not for private keys: a string cannot be overwritten.
   */
  recall<S extends z.ZodType>(column: SealedColumn, row: RowKey, sealed: unknown, schema: S): z.output<S>
  /** As `seal`, for a value that its schema has checked and that `recall` will be asked for next. */
  sealKnown(column: SealedColumn, row: RowKey, value: unknown): Uint8Array
  /** As `seal`, for the original's TEXT columns: `s1:` and base64; null stays null. */
  sealText(column: SealedColumn, row: RowKey, value: string | null): string | null
  openText<S extends z.ZodType>(column: SealedColumn, row: RowKey, sealed: string | null, schema: S): z.output<S> | null
}

/** Opened values that are kept: how many, and of how many sealed bytes at most each. */
const MOST_RECALLED = 2048
const LARGEST_RECALLED = 4096

const frozen = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null) for (const part of Object.values(Object.freeze(value))) frozen(part)
  return value
}

/** Sealed columns and blind indexes (docs/store.md, "Sealing"): what somebody with the files alone can read is not private. */
export const createSealing = (random: Random): Sealing => {
  const keys = new Map<string, SecretBytes>()
  /** The same few peers are asked for all the time. Emptied when full: simpler than an order of use, and as good here. */
  const blinded = new Map<string, string>()
  /** By column and row; emptied when full, as above. */
  const recalled = new Map<string, { readonly sealed: Uint8Array; readonly value: unknown }>()

  const key = (name: string): SecretBytes => {
    const found = keys.get(name)
    if (found === undefined) throw new AppFault('LOCKED', 'The wallet is locked.')
    return found
  }

  const lock = (): void => {
    for (const held of keys.values()) held.wipe()
    keys.clear()
    blinded.clear()
    recalled.clear()
  }

  // JSON first: UTF-8 alone would give all lone surrogates, and so different opaque ids, one blind value.
  const blind = (domain: BlindDomain, value: string): string => {
    const cacheKey = `${domain}|${value}`
    const found = blinded.get(cacheKey)
    if (found !== undefined) return found
    const made = key(`blind ${domain}`).use((bytes) => toHex(hmacSha256(bytes, utf8(JSON.stringify(value))).subarray(0, 16)))
    if (blinded.size >= 4096) blinded.clear()
    blinded.set(cacheKey, made)
    return made
  }

  const sealBytes = (column: SealedColumn, row: RowKey, value: unknown): Uint8Array => {
    const nonce = random.bytes(nonceLength)
    const plaintext = utf8(JSON.stringify(value))
    return concat(
      Uint8Array.of(version),
      nonce,
      key(column).use((bytes) => aesGcmSeal(bytes, nonce, plaintext, associated(column, row))),
    )
  }

  const open = <S extends z.ZodType>(column: SealedColumn, row: RowKey, sealed: unknown, schema: S): z.output<S> => {
    const held = key(column)
    try {
      if (!(sealed instanceof Uint8Array) || sealed[0] !== version) throw new TypeError('not a sealed value of version 1')
      const nonce = sealed.subarray(1, 1 + nonceLength)
      const plaintext = held.use((bytes) => aesGcmOpen(bytes, nonce, sealed.subarray(1 + nonceLength), associated(column, row)))
      return schema.parse(JSON.parse(fromUtf8(plaintext)))
    } catch (error) {
      throw corruptRow(tableOf(column), row, error)
    }
  }

  const remember = (column: SealedColumn, row: RowKey, sealed: Uint8Array, value: unknown): void => {
    if (sealed.length > LARGEST_RECALLED) return
    if (recalled.size >= MOST_RECALLED) recalled.clear()
    recalled.set(placeOf(column, row), { sealed, value: frozen(value) })
  }
  const recall = <S extends z.ZodType>(column: SealedColumn, row: RowKey, sealed: unknown, schema: S): z.output<S> => {
    const known = recalled.get(placeOf(column, row))
    if (known !== undefined && sealed instanceof Uint8Array && sameBytes(known.sealed, sealed)) return known.value as z.output<S>
    const value = open(column, row, sealed, schema)
    remember(column, row, sealed as Uint8Array, value)
    return value
  }

  return {
    get locked() {
      return keys.size === 0
    },
    mustBeUnlocked: () => {
      if (keys.size === 0) throw new AppFault('LOCKED', 'The wallet is locked.')
    },
    unlock: (columnKey) => {
      lock()
      columnKey.use((secret) => {
        for (const column of sealedColumns) keys.set(column, SecretBytes.take(hkdfSha256(secret, null, `countersign.store.column.v1|${column}`, 32)))
        for (const domain of blindDomains) keys.set(`blind ${domain}`, SecretBytes.take(hkdfSha256(secret, null, `countersign.store.blind.v1|${domain}`, 32)))
      })
    },
    lock,
    blind,
    seal: sealBytes,
    open,
    recall,
    sealKnown: (column, row, value) => {
      const sealed = sealBytes(column, row, value)
      remember(column, row, sealed, JSON.parse(JSON.stringify(value)))
      return sealed
    },
    sealText: (column, row, value) => (value === null ? null : textPrefix + toBase64(sealBytes(column, row, value))),
    openText: (column, row, sealed, schema) => {
      if (sealed === null) return null
      let bytes: Uint8Array | undefined
      try {
        bytes = sealed.startsWith(textPrefix) ? fromBase64(sealed.slice(textPrefix.length)) : undefined
      } catch {
        bytes = undefined
      }
      return open(column, row, bytes, schema)
    },
  }
}

const placeOf = (column: SealedColumn, row: RowKey): string => JSON.stringify(['countersign.store.column.v1', column, ...row])
const associated = (column: SealedColumn, row: RowKey): Uint8Array => utf8(placeOf(column, row))

// What is compared is a ciphertext.
const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && Buffer.compare(a, b) === 0

const tableOf = (column: SealedColumn): string => column.slice(0, column.indexOf('.'))
