import { equalBytes, fromHex, toBase64Url, utf8 } from '../crypto/bytes.ts'
import { sha256Hex } from '../crypto/hash.ts'
import { uuidOf } from '../identity/identity.ts'
import type { Ports } from '../ports.ts'
import type { ApiKeyRow } from '../store/api-keys.ts'
import type { ApiContext } from './context.ts'
import { type Caller, refuse } from './route.ts'

/** `zsm_` (a machine's key) or `zbt_` (bootstrap token) and 43 characters of base64url: 32 random bytes. */
const KEY = /^(?:zsm|zbt)_[A-Za-z0-9_-]{43}$/
const COOKIE = 'zeq_auth_token'

/** A new secret of this form. It is shown once and never stored. */
export const mintSecret = (ports: Ports, prefix: 'zsm' | 'zbt'): string => `${prefix}_${toBase64Url(ports.random.bytes(32))}`

/** What is stored of a secret: its SHA-256, hex. 256 random bits need no salt and no slow hash. */
export const secretHash = (secret: string): string => sha256Hex(utf8(secret))

/** A new key of a machine: the secret for its holder, the row for the store. */
export const mintKey = (
  ports: Ports,
  key: Pick<ApiKeyRow, 'genesis' | 'name' | 'scope' | 'tier' | 'expiresAt'>,
): { readonly secret: string; readonly row: ApiKeyRow } => {
  const secret = mintSecret(ports, 'zsm')
  return {
    secret,
    row: { ...key, id: uuidOf(ports.random.bytes(16)), prefix: secret.slice(0, 10), hash: secretHash(secret), createdAt: ports.clock.now() },
  }
}

const cookie = (header: string | null): string | null => {
  for (const part of (header ?? '').split(';')) {
    const at = part.indexOf('=')
    if (at > 0 && part.slice(0, at).trim() === COOKIE) return part.slice(at + 1).trim()
  }
  return null
}

/** The credential of a request: bearer, else (streams only: a browser's EventSource sets no header) `?token=`, else the cookie. */
const credentialOf = (headers: Headers, queryToken: string | null): string | null => {
  const authorization = headers.get('authorization')
  if (authorization !== null) {
    const bearer = /^bearer +(\S+)$/i.exec(authorization)?.[1]
    return bearer ?? refuse(401, 'unauthorized')
  }
  return queryToken ?? cookie(headers.get('cookie'))
}

/**
 * Who a request is from. A credential that is wrong, unknown or expired is refused and not passed over: whoever sends one
 * means to be someone. @throws Refusal 401 `unauthorized`.
 */
export const identify = (context: ApiContext, headers: Headers, address: string, queryToken: string | null): Caller => {
  const secret = credentialOf(headers, queryToken)
  if (secret === null) return { kind: 'anonymous', address }
  if (!KEY.test(secret)) return refuse(401, 'unauthorized')
  const hash = secretHash(secret)
  if (secret.startsWith('zbt_')) {
    return equalBytes(fromHex(hash), fromHex(context.bootstrapHash)) ? { kind: 'bootstrap', address } : refuse(401, 'unauthorized')
  }
  const key = context.store.apiKeys.byHash(hash)
  if (key === undefined || (key.expiresAt !== null && key.expiresAt <= context.ports.clock.now())) return refuse(401, 'unauthorized')
  return { kind: 'key', id: key.id, genesis: key.genesis, scope: key.scope, address }
}
