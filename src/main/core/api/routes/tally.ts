import { z } from 'zod'
import { headOf, verifyHead } from '../../ledger/head.ts'
import { proofDigest } from '../../ledger/row.ts'
import { type TallyToken, verifyToken } from '../../ledger/tally.ts'
import type { ApiContext, HostedMachine } from '../context.ts'
import { tickNumber } from '../dto.ts'
import { machineRoute, ok, type Route, refuse } from '../route.ts'

/** A machine's own token; those that peers sent with their steps are theirs to show. */
const tokenOf = (context: ApiContext, machine: HostedMachine, id: string | undefined): TallyToken => {
  const token = context.ledger.token(id ?? '')
  return token !== undefined && token.genesis === machine.genesis ? token : refuse(404, 'token_not_found')
}

/** Does the chain have the row a token is about, and does the row give the token's digest? Recomputed, not looked up. */
const checkToken = (context: ApiContext, machine: HostedMachine, token: TallyToken): { readonly audit: boolean; readonly proof: boolean } => {
  const row = context.ledger.row(machine.genesis, token.seq)
  if (row === undefined || row.transitionType !== 'contract') return { audit: false, proof: false }
  // The row's own signature shows which key was in force there.
  const signed = verifyHead(token.sign_pub, headOf(machine.genesis, row))
  return {
    audit: signed && row.stateHash === token.audit_state_hash && row.zeqondNumber === token.zeqond,
    proof: proofDigest(row.transitionType, row.zeqondNumber, row.payload) === token.result_digest && verifyToken(token).ok,
  }
}

const facts = { access: 'public', budget: 'read', success: 200 } as const

export const tallyRoutes: readonly Route[] = [
  machineRoute({
    ...facts,
    method: 'GET',
    path: '/api/chain/:slug/tally/token/:tokenId',
    id: 'getToken',
    summary: 'A tally token',
    errors: [[404, 'token_not_found']],
    handle: ({ context, machine, params }) => {
      const token = tokenOf(context, machine, params['tokenId'])
      return ok({
        token: {
          tokenId: token.token_id,
          machineSlug: machine.slug,
          operator_chain: token.operator_chain,
          result_digest: token.result_digest,
          proof_value: token.sig,
          owner_history: [{ zid: machine.genesis, from_zeqond: token.zeqond, to_zeqond: null }],
          minted_at_zeqond: token.zeqond,
          burned_at_zeqond: null,
          audit_row_id: String(token.seq),
          statement: token,
        },
      })
    },
  }),
  machineRoute({
    ...facts,
    method: 'POST',
    path: '/api/chain/:slug/tally/verify',
    id: 'verifyToken',
    summary: 'Recompute a token from its row; better done by the reader, offline',
    errors: [[404, 'token_not_found']],
    body: z.strictObject({ token_id: z.string().min(1).max(64) }),
    handle: ({ context, machine, body }) => {
      const token = tokenOf(context, machine, body.token_id)
      const { audit, proof } = checkToken(context, machine, token)
      return ok({
        valid: audit && proof,
        token_id: token.token_id,
        operator_chain: token.operator_chain,
        result_digest: token.result_digest,
        minted_at_zeqond: tickNumber(token.zeqond),
        audit_log_match: audit,
        proof_match: proof,
      })
    },
  }),
  machineRoute({
    ...facts,
    method: 'GET',
    path: '/api/chain/:slug/tally/supply',
    id: 'tokenSupply',
    summary: 'How many tokens the machine has minted',
    handle: ({ context, machine }) =>
      ok({
        machine_slug: machine.slug,
        max_supply: null,
        tokens_minted: context.ledger.tokens().filter((token) => token.genesis === machine.genesis).length,
        tokens_burned: 0,
        tokens_remaining: null,
      }),
  }),
]
