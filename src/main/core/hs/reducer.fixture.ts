import type { KxPub, PeerId, SignPub } from '../brand.ts'
import type { Effect, Env, Offer, Opened, Proof } from './thread.ts'

// For the reducers' table tests: one of everything an event can carry.

export const bob = 'bob' as PeerId
export const NOW = 1_000_000_000
export const env = (over: Partial<Env> = {}): Env => ({ now: NOW, nonce: 'fresh-nonce', reference: 'fresh-ref', jitter: 0.5, ...over })
export const signPub = 'aa'.repeat(32) as SignPub
export const kxPub = 'bb'.repeat(32) as KxPub
export const keys = { signPub, kxPub }
export const proof: Proof = { ok: true, signPub, kxPub, localMs: NOW }
export const noProof: Proof = { ok: false, why: 'absent' }
export const offer: Offer = { nonce: 'c1', signPub, kxPub }
export const said = (text: string): Opened => ({ kind: 'opened', text, secNonce: '01' })
export const refused: Opened = { kind: 'refused', why: 'plaintext' }

/** What an effect is, in one word each; the words that matter of the message it sends. */
export const told = (effects: readonly Effect[]): string[] =>
  effects
    .filter((e) => e.do !== 'log')
    .map((e) => {
      switch (e.do) {
        case 'send':
          return `send ${Object.entries(e.draft)
            .filter(([, value]) => value !== null)
            .map(([, value]) => value)
            .join(' ')}`
        case 'record':
          return `record ${e.flow} ${e.nonce}`
        case 'remember':
          return `remember ${e.nonce}`
        case 'ask':
          return `ask ${e.step}`
        case 'open':
          return `open ${e.confirmNonce} ${e.requestNonce}`
        case 'deliver':
          return e.opened.kind === 'opened' ? `deliver ${e.opened.text}` : `deliver refused ${e.opened.why}`
        case 'carried':
          return `carried ${e.message}`
        case 'end':
          return `end ${e.how}`
        case 'knock':
          return `knock ${e.kind}`
        case 'drop':
          return `drop: ${e.why}`
        case 'note':
          return `note: ${e.text}`
        default:
          return e.do
      }
    })
