import { fromUtf8, utf8 } from '../crypto/bytes.ts'
import { canonicalJson, type Json, parseRestrictedJson } from '../crypto/canonical-json.ts'
import { FormatError } from '../crypto/errors.ts'
import { Refusal, refuse } from './route.ts'

/** Bytes of a body where a route sets nothing else. */
export const BODY_LIMIT = 65_536

const isJson = (contentType: string | null): boolean => /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(contentType ?? '')

const collect = async (stream: ReadableStream<Uint8Array>, limit: number): Promise<Uint8Array> => {
  const reader = stream.getReader()
  const parts: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.length
    if (size > limit) {
      await reader.cancel().catch(() => {})
      return refuse(413, 'payload_too_large')
    }
    parts.push(value)
  }
  const whole = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/**
 * The body as strict JSON (canonical-json.ts: no duplicate keys, floats, `__proto__`, lone surrogates, depth over 16): what a
 * lenient parser would let through could not be hashed, or would mean something else to the next reader.
 * @throws Refusal 415 `unsupported_media_type`, 413 `payload_too_large`, 400 `invalid_request`.
 */
export const readBody = async (request: Request, limit: number = BODY_LIMIT): Promise<Json> => {
  // Not only tidiness: a page in a browser can send text/plain to us without asking first, JSON it cannot.
  if (!isJson(request.headers.get('content-type'))) return refuse(415, 'unsupported_media_type')
  const encoding = request.headers.get('content-encoding')
  if (encoding !== null && encoding.toLowerCase() !== 'identity') return refuse(415, 'unsupported_media_type')
  const stated = request.headers.get('content-length')
  if (stated !== null && Number(stated) > limit) return refuse(413, 'payload_too_large')
  if (request.body === null) return refuse(400, 'invalid_request')
  let bytes: Uint8Array
  try {
    bytes = await collect(request.body, limit)
  } catch (error) {
    // The client went away in the middle of its body.
    if (error instanceof Refusal) throw error
    return refuse(400, 'invalid_request')
  }
  try {
    return parseRestrictedJson(fromUtf8(bytes))
  } catch (error) {
    if (error instanceof FormatError) return refuse(400, 'invalid_request')
    throw error
  }
}

/** Bytes of the canonical form. */
export const sizeOf = (value: Json): number => utf8(canonicalJson(value)).length

/** Containers inside containers; a plain value has 0, the outermost container counts as 1. */
export const depthOf = (value: Json): number => {
  if (typeof value !== 'object' || value === null) return 0
  let deepest = 0
  for (const member of Array.isArray(value) ? value : Object.values(value)) deepest = Math.max(deepest, depthOf(member as Json))
  return deepest + 1
}
