import { z } from 'zod'
import type { PeerId } from '../brand.ts'
import { aesGcmOpen, aesGcmSeal } from '../crypto/aead.ts'
import { fromBase64Lenient, fromUtf8, toBase64, utf8 } from '../crypto/bytes.ts'
import { canonicalJson, type Json, parseRestrictedJson } from '../crypto/canonical-json.ts'
import { ed25519PublicKey } from '../crypto/ed25519.ts'
import { AuthenticationError } from '../crypto/errors.ts'
import { SecretBytes, wiping } from '../crypto/secret.ts'
import { x25519PublicKey } from '../crypto/x25519.ts'
import { AppFault } from '../fault.ts'
import type { Ports, ScryptParams } from '../ports.ts'
import { type IdentitySecret, isPeerId, isTimestamp } from './identity.ts'

/** What the original always uses; the file does not say. Weaker than our own bounds allow, so only import and export touch it. */
const PARAMS: ScryptParams = { n: 16_384, r: 8, p: 1 }
const AAD = 'HSAgent.identity.v1'
const LIMIT = 65_536

const text = z.string().max(8192)
const Sealed = z.object({ v: z.string().max(32), kdf: z.literal('scrypt'), salt: text, nonce: text, aad: text, ciphertext: text })
const Plain = z.object({ my_id: text, created_at: text, kx_priv_b64: text, kx_pub_b64: text, sign_priv_b64: text, sign_pub_b64: text })

const notOne = (): AppFault => new AppFault('FORMAT', 'This is not an identity file of the original HSAgent, or it is damaged.')

const parse = (input: string): Json => {
  if (input.trim().length === 0) throw new AppFault('TRUNCATED', 'The identity file is empty.')
  if (input.length > LIMIT) throw notOne()
  try {
    return parseRestrictedJson(input)
  } catch {
    if (input.trimStart().startsWith('{') && !input.trimEnd().endsWith('}'))
      throw new AppFault('TRUNCATED', 'The identity file is cut off: its end is missing.')
    throw notOne()
  }
}

const bytesOf = (base64: string, length: number): Uint8Array => {
  let bytes: Uint8Array
  try {
    bytes = fromBase64Lenient(base64)
  } catch {
    throw notOne()
  }
  if (bytes.length !== length) throw notOne()
  return bytes
}

const secretFrom = (value: unknown): IdentitySecret => {
  const parsed = Plain.safeParse(value)
  if (!parsed.success) throw notOne()
  const plain = parsed.data
  // save_identity_json of the original appends a second zone: "+00:00Z".
  const createdAt = plain.created_at.replace(/\+00:00Z$/, '+00:00')
  if (!isTimestamp(createdAt) || !isPeerId(plain.my_id)) throw notOne()
  const kxPriv = new SecretBytes(bytesOf(plain.kx_priv_b64, 32))
  const signPriv = new SecretBytes(bytesOf(plain.sign_priv_b64, 32))
  const fits =
    toBase64(kxPriv.use(x25519PublicKey)) === toBase64(bytesOf(plain.kx_pub_b64, 32)) &&
    toBase64(signPriv.use(ed25519PublicKey)) === toBase64(bytesOf(plain.sign_pub_b64, 32))
  if (!fits) {
    kxPriv.wipe()
    signPriv.wipe()
    throw new AppFault('FORMAT', 'The keys in this file do not belong together.')
  }
  return { myId: plain.my_id as PeerId, createdAt, kxPriv, signPriv, recoverySeed: null, generation: 0 }
}

/**
 * Reads an `id_agent_<name>.json` of the original: the encrypted form (id.v1), or the plain form its developers use, which has no passphrase.
 * The passphrase is taken as its bytes are, without NFKC, as the original does; a weak one is accepted. The result has no recovery seed.
 * @throws AppFault TRUNCATED, FORMAT, VERSION, WRONG_PASSPHRASE
 */
export const importIdV1 = async (
  ports: Pick<Ports, 'kdf'>,
  input: string,
  passphrase: Uint8Array,
  onProgress?: (fraction: number) => void,
): Promise<IdentitySecret> => {
  const value = parse(input)
  if (Plain.safeParse(value).success) return secretFrom(value)
  const version = typeof value === 'object' && value !== null && 'v' in value ? value.v : undefined
  if (typeof version === 'string' && version !== 'id.v1' && /^id\.v\d{1,6}$/.test(version)) {
    throw new AppFault('VERSION', `This is an identity of the format ${version}; only id.v1, the original HSAgent's, can be imported.`)
  }
  const sealed = Sealed.safeParse(value)
  if (!sealed.success || version !== 'id.v1') throw notOne()
  const { data } = sealed
  const [salt, nonce] = [bytesOf(data.salt, 16), bytesOf(data.nonce, 12)]
  let aad: Uint8Array
  let ciphertext: Uint8Array
  try {
    // The original authenticates whatever the file names here, not its own constant.
    aad = fromBase64Lenient(data.aad)
    ciphertext = fromBase64Lenient(data.ciphertext)
  } catch {
    throw notOne()
  }
  const key = await ports.kdf.scrypt(passphrase, salt, PARAMS, onProgress)
  try {
    return wiping(aesGcmOpen(key, nonce, ciphertext, aad), (plain) => secretFrom(parse(fromUtf8(plain))))
  } catch (error) {
    if (error instanceof AuthenticationError) throw new AppFault('WRONG_PASSPHRASE', 'The passphrase of the imported file is wrong, or the file was altered.')
    if (error instanceof AppFault) throw error
    throw notOne()
  } finally {
    key.fill(0)
  }
}

/** Python's json.dumps(sort_keys=True, separators=(",", ":")): canonical JSON, but everything outside printable ASCII escaped. */
const asciiJson = (value: Json): string => canonicalJson(value).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)

/**
 * Writes an id.v1 file that the original opens with the same passphrase; byte for byte what its own code writes for the same random bytes.
 * The recovery seed is not in it. The plaintext's base64 passes through strings, which cannot be wiped.
 */
export const exportIdV1 = async (
  ports: Pick<Ports, 'kdf' | 'random'>,
  secret: IdentitySecret,
  passphrase: Uint8Array,
  onProgress?: (fraction: number) => void,
): Promise<string> => {
  const plain = utf8(
    asciiJson({
      created_at: secret.createdAt,
      kx_priv_b64: secret.kxPriv.use(toBase64),
      kx_pub_b64: toBase64(secret.kxPriv.use(x25519PublicKey)),
      my_id: secret.myId,
      sign_priv_b64: secret.signPriv.use(toBase64),
      sign_pub_b64: toBase64(secret.signPriv.use(ed25519PublicKey)),
    }),
  )
  // In the order in which the original draws them.
  const salt = ports.random.bytes(16)
  const nonce = ports.random.bytes(12)
  const key = await ports.kdf.scrypt(passphrase, salt, PARAMS, onProgress)
  try {
    const ciphertext = aesGcmSeal(key, nonce, plain, utf8(AAD))
    return JSON.stringify(
      { v: 'id.v1', kdf: 'scrypt', salt: toBase64(salt), nonce: toBase64(nonce), aad: toBase64(utf8(AAD)), ciphertext: toBase64(ciphertext) },
      null,
      2,
    )
  } finally {
    key.fill(0)
    plain.fill(0)
  }
}
