import { canonical, type Json } from './canonical.ts'

const tag = 'countersign.view.v1'

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

export const sha256 = async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))

/** UTF-8 of `domain`, a zero byte, `rest`: the preimage of every tagged hash (docs/protocol.md, "Tagged hashes"). */
export const tagged = (domain: string, rest: Uint8Array): Uint8Array<ArrayBuffer> => {
  const head = new TextEncoder().encode(domain)
  const whole = new Uint8Array(head.length + 1 + rest.length)
  whole.set(head, 0)
  whole.set(rest, head.length + 1)
  return whole
}

/** `H("countersign.view.v1", view)`: 64 lower-case hex digits. `drawn` is what was read back from the document, never what was sent to it. */
export const viewHash = async (drawn: Json): Promise<string> => hex(await sha256(tagged(tag, new TextEncoder().encode(canonical(drawn)))))
