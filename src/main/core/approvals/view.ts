import type { HsStep, PeerPolicy, RowPreview, View } from '../../../contract/index.ts'
import { fromHex } from '../crypto/bytes.ts'
import { hashTagged } from '../crypto/canonical-json.ts'
import { keyPicture } from '../crypto/key-picture.ts'
import { keyWords } from '../crypto/key-words.ts'
import { AppFault } from '../fault.ts'
import { claimedName, compareKeys, isPinned, labelOf, type PeerKeys } from '../peers/trust.ts'
import type { PeerRow } from '../store/rows.ts'

/** Requests made by hand wait a day, seconds. */
export const EXPIRES_BY_HAND_S = 24 * 3600

export interface ViewInput {
  readonly role: 'initiator' | 'responder'
  readonly step: HsStep
  readonly self: { readonly name: string; readonly id: string; readonly signPub: string }
  readonly peer: PeerRow
  /** Keys this step would rely on; null where the peer has shown none yet. */
  readonly keys: PeerKeys | null
  readonly sessionsBefore: number
  /** First 8 hex digits of SHA-256 of the session key, where there is one. */
  readonly fingerprint: string | null
  readonly expiresIn: number
  /** Rows the step appends to the own ledger. */
  readonly rows?: readonly RowPreview[]
  /** With step `policy`: what is to hold. */
  readonly policy?: PeerPolicy
}

const steps = ['Confirm', 'Request', 'Talk', 'Conclude', 'Close']

const legacyNotice = [
  'No forward secrecy: whoever gets a key later can open what was recorded today.',
  'The hash of each message travels in clear, so a short message can be guessed.',
  'The sender’s id is not signed by this protocol; only the key is checked.',
]

interface StepText {
  readonly sentence: string
  readonly consequence: string
  readonly verb: string
  readonly grade: 1 | 4
  readonly current: number
  readonly now: string
  readonly after: string
}

const texts = (step: Exclude<HsStep, 'policy'>, label: string, key: View['peer']['key']): StepText => {
  switch (step) {
    case 'confirm':
      return {
        sentence: `Answer ${label} and offer a session`,
        consequence:
          key === 'none'
            ? 'Sends your public keys, signed. The first key this peer then proves is pinned. Nothing is agreed before that.'
            : 'Sends your public keys, signed. Nothing is agreed until the peer proves its own.',
        verb: 'Answer peer',
        grade: 1,
        current: 0,
        now: 'Ready',
        after: 'Confirm sent',
      }
    case 'request':
      return {
        sentence: `Open a session with ${label}`,
        consequence: 'Sends your public keys, signed, and the first sealed message. Both sides then hold the session key.',
        verb: 'Open session',
        grade: 1,
        current: 1,
        now: 'Confirmed',
        after: 'Session open',
      }
    case 'conclude':
      return {
        sentence: `Close the session with ${label}`,
        consequence: 'Ends the session and drops its key. What was said stays readable here. Close follows by itself.',
        verb: 'Close session',
        grade: 4,
        current: 3,
        now: 'Session open',
        after: 'Concluded',
      }
    case 'close':
      return {
        sentence: `End the session with ${label} on your side`,
        consequence: 'Drops the key and answers no more. The peer opened this session, so only the peer can close it on the wire; it is not told.',
        verb: 'End session',
        grade: 4,
        current: 4,
        now: 'Session open',
        after: 'Ended here',
      }
  }
}

const policyNames: Record<PeerPolicy['kind'], string> = {
  ask: 'Always ask',
  'accept-until': 'Accept until a time',
  'keep-alive': 'Keep alive',
  mute: 'Mute',
  block: 'Block',
}

const policyText = (label: string, now: PeerPolicy, policy: PeerPolicy): StepText => ({
  sentence: policy.kind === 'keep-alive' ? `Answer ${label} without asking you when it reconnects` : `Let handshakes with ${label} begin without asking you`,
  consequence: 'Each one is recorded as decided by policy. A first contact or a changed key always asks.',
  verb: 'Set policy',
  grade: 1,
  current: 0,
  now: policyNames[now.kind],
  after: policyNames[policy.kind],
})

const keyStanding = (peer: PeerRow, keys: PeerKeys | null): View['peer']['key'] => {
  if (!keys) return 'none'
  const compared = compareKeys(peer, keys)
  if (compared === 'changed') return 'changed'
  return isPinned(peer) ? 'pinned' : 'new'
}

/** Both keys of a changed peer, whole; the approval document sets them side by side by these labels. */
const changedFacts = (pinned: string, presented: string): View['facts'] => [
  { label: 'Key you pinned', value: pinned },
  { label: 'Words you pinned', value: keyWords(fromHex(pinned)).join(' ') },
  { label: 'Key they use now', value: presented },
  { label: 'Words they use now', value: keyWords(fromHex(presented)).join(' ') },
]

/** Who it is about, with the keys the step relies on. */
export const peerPart = (peer: PeerRow, keys: PeerKeys | null, sessionsBefore: number): View['peer'] => {
  const signPub = keys ? fromHex(keys.signPub) : null
  return {
    id: peer.id,
    name: peer.name ?? claimedName(peer),
    sign_pub: keys?.signPub ?? null,
    kx_pub: keys?.kxPub ?? null,
    words: signPub ? keyWords(signPub).slice(0, 4) : [],
    picture: signPub ? keyPicture(signPub) : null,
    trust: peer.trust,
    key: keyStanding(peer, keys),
    first_seen: new Date(peer.firstSeen).toISOString(),
    sessions_before: sessionsBefore,
  }
}

/** Builds the view of an hs step from the core's own state: what the prompt shows and the decision is bound to (docs/approvals.md). */
export const buildView = (input: ViewInput): View => {
  const { peer, keys, step } = input
  const key = keyStanding(peer, keys)
  const { policy } = input
  if (step === 'policy' && !policy) throw new AppFault('INTERNAL', 'A policy to decide on is missing.')
  const text = step === 'policy' ? policyText(labelOf(peer), peer.policy, policy ?? peer.policy) : texts(step, labelOf(peer), key)
  const facts = [
    { label: 'Peer id', value: peer.id },
    ...(keys
      ? [
          { label: 'Their signing key', value: keys.signPub },
          { label: 'Their exchange key', value: keys.kxPub },
        ]
      : []),
    ...(peer.trust === 'changed' && peer.signPub && peer.presented ? changedFacts(peer.signPub, peer.presented.signPub) : []),
    ...(policy?.kind === 'accept-until' ? [{ label: 'Until', value: new Date(policy.until).toISOString() }] : []),
    ...(input.fingerprint ? [{ label: 'Session key fingerprint', value: input.fingerprint }] : []),
  ]
  return {
    v: 1,
    profile: 'hs',
    role: input.role,
    step,
    self: { name: input.self.name, id: input.self.id, sign_pub: input.self.signPub },
    peer: peerPart(peer, keys, input.sessionsBefore),
    sentence: text.sentence,
    consequence: text.consequence,
    verb: text.verb,
    // A row that anybody can read is a consequence of its own.
    grade: text.grade === 1 && input.rows?.some((row) => row.public) ? 2 : text.grade,
    steps: step === 'policy' ? ['Policy'] : steps,
    current: text.current,
    now: text.now,
    after: text.after,
    notice: step === 'policy' ? [] : legacyNotice,
    facts,
    rows: (input.rows ?? []).map((row) => ({ ...row, fields: row.fields.map((field) => ({ ...field })) })),
    match: { state: 'none' },
    compare: false,
    rest: false,
    expires_in: input.expiresIn,
  }
}

/** `H("countersign.view.v1", view)`, 64 hex digits. The approval document computes the same from the values it drew. */
export const viewHash = (view: View): string => hashTagged('countersign.view.v1', view)
