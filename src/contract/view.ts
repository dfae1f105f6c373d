import { z } from 'zod'

/**
 * The view of an approval: everything the prompt shows, and what a decision is bound to
 * (`view_hash = H("countersign.view.v1", view)`, docs/approvals.md). Only strings, safe integers, booleans, null,
 * arrays and objects, so that it has one canonical JSON. Nothing that is stamped at execution is in it.
 */
export const trustStates = ['unknown', 'seen', 'pinned', 'verified', 'changed', 'blocked'] as const
export const TrustState = z.enum(trustStates)
export type TrustState = z.infer<typeof TrustState>

export const hex32 = z.string().regex(/^[0-9a-f]{64}$/)

/** The key picture ("knot"): indices into the colour tables and the two strands' tracks per sector. */
export const KeyPicture = z.strictObject({
  a: z.int().min(0).max(9),
  b: z.int().min(0).max(9),
  A: z.array(z.int().min(0).max(2)).length(12),
  B: z.array(z.int().min(0).max(2)).length(12),
})
export type KeyPicture = z.infer<typeof KeyPicture>

/** Consequence grade: 1 told, 2 public, 3 shares a secret, 4 ends or destroys. */
export const Grade = z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)])
export type Grade = z.infer<typeof Grade>

/** `policy` is the owner's own: what a peer may do without asking from then on. */
export const HsStep = z.enum(['confirm', 'request', 'conclude', 'close', 'policy'])
export type HsStep = z.infer<typeof HsStep>
/** `file`: the receiver's; `handover`: a local program asks for the session's stream. */
export const M2mStep = z.enum(['propose', 'accept', 'key', 'activate', 'close', 'abort', 'file', 'handover'])
export type M2mStep = z.infer<typeof M2mStep>
export const Step = z.enum([...HsStep.options, ...M2mStep.exclude(['close']).options])
export type Step = z.infer<typeof Step>

/** One row that will be appended, as it will be published: each field of the statement, in canonical order. */
export const RowPreview = z.strictObject({
  /** `origin_id` of the machine it is appended to. */
  machine: z.string(),
  /** Anybody may read it. */
  public: z.boolean(),
  /** As the ledger names it: "contract_created", "contract proposed → accepted_pending", "event m2m.close". */
  type: z.string(),
  /** Null: stamped when the step is carried out. */
  fields: z.array(z.strictObject({ name: z.string(), value: z.string().nullable() })).max(40),
})
export type RowPreview = z.infer<typeof RowPreview>

/** The two words and the colour that both screens show for one proposal. */
export const matchChips = ['brick', 'amber', 'olive', 'teal', 'sky', 'navy', 'plum', 'slate'] as const
export const MatchWords = z.strictObject({ words: z.array(z.string()).length(2), chip: z.enum(matchChips) })
export type MatchWords = z.infer<typeof MatchWords>

export const View = z.strictObject({
  v: z.literal(1),
  profile: z.enum(['hs', 'm2m']),
  role: z.enum(['initiator', 'responder']),
  step: Step,
  self: z.strictObject({ name: z.string(), id: z.string(), sign_pub: hex32 }),
  peer: z.strictObject({
    id: z.string(),
    /** Claimed, cleaned of control and bidi characters; null when the peer has claimed none. */
    name: z.string().nullable(),
    sign_pub: hex32.nullable(),
    kx_pub: hex32.nullable(),
    /** Four key words, or none while no key is known. */
    words: z.array(z.string()).max(4),
    picture: KeyPicture.nullable(),
    trust: TrustState,
    /** Key shown against the key pinned before. */
    key: z.enum(['none', 'new', 'pinned', 'changed']),
    /** RFC 3339, UTC. */
    first_seen: z.string(),
    sessions_before: z.int().min(0),
  }),
  /** The one sentence that is decided; `verb` is the button. */
  sentence: z.string(),
  consequence: z.string(),
  verb: z.string(),
  grade: Grade,
  /** Steps of the strip, in order, and which one is decided now (index). */
  steps: z.array(z.string()).max(8),
  current: z.int().min(0).max(7),
  now: z.string(),
  after: z.string(),
  /** Lines of the legacy notice, empty for none. */
  notice: z.array(z.string()).max(6),
  /** Label and value pairs shown in full under the strip (mono values). */
  facts: z.array(z.strictObject({ label: z.string(), value: z.string() })).max(12),
  /** Rows this step appends to the own ledger; empty where it appends none. */
  rows: z.array(RowPreview).max(4),
  /** Words to compare with the peer's screen: there, on their way, not to be had (the peer is offline), or not part of this step. */
  match: z.discriminatedUnion('state', [
    z.strictObject({ state: z.literal('none') }),
    z.strictObject({ state: z.literal('waiting') }),
    z.strictObject({ state: z.literal('offline') }),
    z.strictObject({ state: z.literal('shown'), value: MatchWords }),
  ]),
  /** A first contact without words: approved only with the tick "continue without comparing". */
  compare: z.boolean(),
  /** "Approve the rest of this handshake" is offered. */
  rest: z.boolean(),
  /** Seconds from making the request to its expiry. */
  expires_in: z.int().min(1),
})
export type View = z.infer<typeof View>
