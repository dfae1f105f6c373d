import { z } from 'zod'

/**
 * The hs profile's messages as they arrive in a relay payload (docs/protocol.md, "Messages"). Fields of other profiles
 * and of later versions are ignored, as the original agents do; the sizes are bounded, as they do not.
 */
const Nonce = z.string().min(1).max(128)
const Reference = z.string().min(1).max(64)

export const HsObject = z.object({
  type: z.string().max(16),
  nonce: Nonce,
  kx_pub: z.string().max(128),
  sign_pub: z.string().max(128),
  timestamp: z.string().max(64),
  sig: z.string().max(256),
})
export type HsObject = z.infer<typeof HsObject>

/** Envelope values are strings only: the signature covers Python's JSON of it, and only strings have one spelling in both languages. */
export const SecObject = z.object({
  envelope: z
    .object({ nonce: z.string().max(64), ciphertext: z.string().max(48_000), hash: z.string().max(64), ts: z.string().max(64) })
    .catchall(z.string().max(4096)),
  sig: z.string().max(256),
})
export type SecObject = z.infer<typeof SecObject>

/** `malformed` is kept apart from absent: both end in "no proof", with different reasons for the person. */
const attached = <S extends z.ZodType>(schema: S) =>
  z
    .unknown()
    .optional()
    .transform((value): z.infer<S> | 'malformed' | undefined => {
      if (value === undefined || value === null) return undefined
      const parsed = schema.safeParse(value)
      return parsed.success ? parsed.data : 'malformed'
    })

const body = {
  message: z
    .unknown()
    .optional()
    .transform((value) => (typeof value === 'string' ? value : value === undefined || value === null ? undefined : ('malformed' as const))),
  sec: attached(SecObject),
}

export const HsMessage = z.discriminatedUnion('intent', [
  z.object({ intent: z.literal('register') }),
  z.object({ intent: z.literal('knock'), peer: z.string().min(1).max(256) }),
  z.object({ intent: z.literal('reconnect'), your_ref: Reference }),
  z.object({ intent: z.literal('confirm'), my_nonce: Nonce, hs: attached(HsObject) }),
  z.object({ intent: z.literal('request'), your_nonce: Nonce, my_nonce: Nonce, hs: attached(HsObject), ...body }),
  z.object({ intent: z.literal('respond'), your_nonce: Nonce, my_nonce: Nonce, ...body }),
  z.object({ intent: z.literal('conclude'), your_nonce: Nonce, my_ref: Reference }),
  z.object({ intent: z.literal('finish'), your_ref: Reference, my_ref: Reference }),
  z.object({ intent: z.literal('close'), your_ref: Reference, my_ref: Reference }),
])
export type HsMessage = z.infer<typeof HsMessage>

/** What an incoming payload is in this profile, or why it is dropped. The outer fields (`from`, `to`) were checked before. */
export const parseHsMessage = (payload: Readonly<Record<string, unknown>>): { ok: true; message: HsMessage } | { ok: false; why: string } => {
  const parsed = HsMessage.safeParse(payload)
  if (parsed.success) return { ok: true, message: parsed.data }
  const path = parsed.error.issues[0]?.path.join('.') || 'intent'
  return { ok: false, why: `malformed ${path}` }
}

/** A message to be sent; the outbox stamps `from`, and signs a fresh `hs` where `hs` names its type. */
export type HsDraft =
  /** Ours alone: says to a Countersign that its person is wanted. Sent to everybody, because an original counts each line directed to it while it waits for a close; it ignores this one in every state. */
  | { readonly intent: 'knock'; readonly peer: string }
  | { readonly intent: 'reconnect'; readonly your_ref: string }
  | { readonly intent: 'confirm'; readonly my_nonce: string; readonly hs: 'response' }
  | { readonly intent: 'request'; readonly your_nonce: string; readonly my_nonce: string; readonly body: number | null; readonly hs: 'init' | null }
  | { readonly intent: 'respond'; readonly your_nonce: string; readonly my_nonce: string; readonly body: number | null }
  | { readonly intent: 'conclude'; readonly your_nonce: string; readonly my_ref: string }
  | { readonly intent: 'finish'; readonly your_ref: string; readonly my_ref: string }
  | { readonly intent: 'close'; readonly your_ref: string; readonly my_ref: string }
