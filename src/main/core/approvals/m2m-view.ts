import type { M2mStep, MatchWords, RowPreview, View } from '../../../contract/index.ts'
import { labelOf, type PeerKeys } from '../peers/trust.ts'
import type { PeerRow } from '../store/rows.ts'
import { peerPart } from './view.ts'

/** What the m2m engine, the channel or the file transfer knows of the step that is asked about. */
export interface M2mViewInput {
  readonly role: 'initiator' | 'responder'
  readonly step: M2mStep
  readonly self: { readonly name: string; readonly id: string; readonly signPub: string }
  readonly peer: PeerRow
  readonly keys: PeerKeys
  readonly sessionsBefore: number
  readonly expiresIn: number
  /** Rows the step appends, as they will be published. */
  readonly rows: readonly RowPreview[]
  readonly match: { readonly state: 'none' | 'waiting' | 'offline' } | { readonly state: 'shown'; readonly value: MatchWords }
  /** "Approve the rest of this handshake" makes sense. */
  readonly rest: boolean
  /** Label and value, in full. */
  readonly facts: View['facts']
  /** Of a file. */
  readonly file?: { readonly name: string; readonly size: number; readonly folder: string }
}

interface StepText {
  readonly sentence: string
  readonly consequence: string
  readonly verb: string
  readonly grade: 1 | 2 | 3 | 4
  readonly steps: readonly string[]
  readonly current: number
  readonly now: string
  readonly after: string
}

const HANDSHAKE = ['Propose', 'Accept', 'Key', 'Activate'] as const

const bytesText = (size: number): string =>
  size < 1024 ? `${size} bytes` : size < 1024 ** 2 ? `${(size / 1024).toFixed(1)} KiB` : `${(size / 1024 ** 2).toFixed(1)} MiB`

const texts = (input: M2mViewInput, label: string): StepText => {
  const rows = input.rows.length
  const isPublic = input.rows.some((row) => row.public)
  const where = isPublic ? 'your ledger, where anybody can read' : 'your ledger, which is private:'
  const goes = rows === 0 ? 'Nothing goes on your ledger.' : rows === 1 ? `One row goes on ${where}` : `${rows} rows go on ${where}`
  const grade = isPublic ? 2 : 1
  switch (input.step) {
    case 'propose':
      return {
        sentence: `Propose a session to ${label}`,
        consequence: `${goes} that you proposed it, to whom and when. Nothing is agreed before the peer accepts.`,
        verb: 'Propose session',
        grade,
        steps: HANDSHAKE,
        current: 0,
        now: 'Idle',
        after: 'Proposed',
      }
    case 'accept':
      return {
        sentence: `Accept ${label}’s proposal`,
        consequence: `${goes} that you accepted, from whom and when. There is no session key yet.`,
        verb: 'Accept proposal',
        grade,
        steps: HANDSHAKE,
        current: 1,
        now: 'Proposed',
        after: 'Accepted',
      }
    case 'key':
      return {
        sentence: `Agree on a session key with ${label}`,
        consequence: `${goes} your fresh public key. With the peer’s it makes the session key, which nobody else can have.`,
        verb: 'Agree on key',
        grade,
        steps: HANDSHAKE,
        current: 2,
        now: 'Accepted',
        after: 'Keyed',
      }
    case 'activate':
      return {
        sentence: `Activate the session with ${label}`,
        consequence: `${goes} that you hold the session key. The session opens when both have said so.`,
        verb: 'Activate session',
        grade,
        steps: HANDSHAKE,
        current: 3,
        now: 'Keyed',
        after: 'Active',
      }
    case 'close':
      return {
        sentence: `Close the session with ${label}`,
        consequence: `Ends the session and destroys its keys on both sides. ${goes} that it was closed. The rows of the handshake stay.`,
        verb: 'Close session',
        grade: 4,
        steps: ['Open', 'Close'],
        current: 1,
        now: 'Session open',
        after: 'Closed',
      }
    case 'abort':
      return {
        sentence: `Abort the handshake with ${label}`,
        consequence: `There will be no session. ${goes} that it was aborted. The rows before it stay.`,
        verb: 'Abort handshake',
        grade: 4,
        steps: ['Handshake', 'Abort'],
        current: 1,
        now: 'Under way',
        after: 'Aborted',
      }
    case 'file':
      return {
        sentence: `Receive a file from ${label}`,
        consequence: `${bytesText(input.file?.size ?? 0)} are written to ${input.file?.folder ?? 'your downloads'}. Nothing goes on your ledger.`,
        verb: 'Receive file',
        grade: 1,
        steps: ['Offer', 'Receive'],
        current: 1,
        now: 'Offered',
        after: 'Received',
      }
    case 'handover':
      return {
        sentence: `Let a local program speak in the session with ${label}`,
        consequence: 'A program of this computer reads and writes this session until it ends. It never sees a key.',
        verb: 'Hand over session',
        grade: 3,
        steps: ['Session', 'Hand over'],
        current: 1,
        now: 'Yours alone',
        after: 'Shared with a program',
      }
  }
}

const metadataNotice = 'Peers, times and keys on a public ledger can be read by anybody, for ever.'

/** Builds the view of an m2m step: what the prompt shows and the decision is bound to (docs/approvals.md). */
export const buildM2mView = (input: M2mViewInput): View => {
  const { peer, keys } = input
  const text = texts(input, labelOf(peer))
  const firstContact = peer.pinnedAt === null
  return {
    v: 1,
    profile: 'm2m',
    role: input.role,
    step: input.step,
    self: { name: input.self.name, id: input.self.id, sign_pub: input.self.signPub },
    peer: peerPart(peer, keys, input.sessionsBefore),
    sentence: text.sentence,
    consequence: text.consequence,
    verb: text.verb,
    grade: text.grade,
    steps: [...text.steps],
    current: text.current,
    now: text.now,
    after: text.after,
    notice: input.rows.some((row) => row.public) ? [metadataNotice] : [],
    facts: [
      { label: 'Peer id', value: peer.id },
      { label: 'Their signing key', value: keys.signPub },
      { label: 'Their exchange key', value: keys.kxPub },
      ...input.facts,
      ...(input.file ? [{ label: 'File', value: input.file.name }] : []),
    ],
    rows: input.rows.map((row) => ({ ...row, fields: row.fields.map((field) => ({ ...field })) })),
    match: input.match.state === 'shown' ? { state: 'shown', value: { ...input.match.value } } : { state: input.match.state },
    // A peer that is pinned is known by its signature; a first contact is known by the words alone.
    compare: input.step === 'accept' && firstContact && input.match.state !== 'shown',
    rest: input.rest,
    expires_in: input.expiresIn,
  }
}
