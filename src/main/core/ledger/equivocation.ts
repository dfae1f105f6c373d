import { z } from 'zod'
import type { CheckedChain } from './chain.ts'
import { firstIssue } from './fields.ts'
import { ChainHeader, genesisHash, slugFits } from './genesis.ts'
import { Head, verifyHead } from './head.ts'
import { ownEventOf } from './payload.ts'
import { checkRotate, type MachineKeys, Rotate, weakKey } from './rotation.ts'
import { ticks } from './zeqond.ts'

/** Two heads that one history cannot have, with what is needed to see whose they are: a file that convicts without any other input. */
export const EquivocationProof = z.strictObject({
  v: z.literal('zeq-equivocation/1'),
  chain: ChainHeader,
  rotations: z.array(Rotate).max(1000),
  heads: z.tuple([Head, Head]),
})
export type EquivocationProof = z.infer<typeof EquivocationProof>

/** The rotation statements of a chain, oldest first. */
export const rotationsOf = (chain: CheckedChain): Rotate[] =>
  chain.rows.flatMap((row) => {
    const event = row.shown ? ownEventOf(row.row.transitionType, row.row.payload) : null
    const parsed = event?.type === 'm2m.rotate' ? Rotate.safeParse(event.input) : null
    return parsed?.success === true ? [parsed.data] : []
  })

/** The proof file for two heads of a chain. */
export const equivocationProof = (chain: CheckedChain, heads: readonly [Head, Head]): EquivocationProof => ({
  v: 'zeq-equivocation/1',
  chain: chain.header,
  rotations: rotationsOf(chain),
  heads: [heads[0], heads[1]],
})

export type ProofVerdict = { readonly holds: true; readonly genesis: string; readonly why: string } | { readonly holds: false; readonly why: string }

/**
 * Does the file prove that the owner signed two histories? Both heads by the same key of the machine, and either one seq with two
 * hashes, or a lower seq with a later tick. Heads by keys of different generations prove nothing: an old key may be stolen.
 */
export const verifyEquivocation = (value: unknown): ProofVerdict => {
  const parsed = EquivocationProof.safeParse(value)
  if (!parsed.success) return { holds: false, why: firstIssue(parsed.error) }
  const { chain, rotations, heads } = parsed.data
  const genesis = genesisHash(chain)
  if (!slugFits(chain)) return { holds: false, why: 'slug is not the end of origin_id' }
  if (weakKey(chain) !== null) return { holds: false, why: "the machine's keys are not acceptable" }
  const keys: MachineKeys[] = [chain]
  for (const [i, rotation] of rotations.entries()) {
    const inForce = keys[i]
    const change = inForce === undefined ? null : checkRotate(genesis, inForce, i, rotation)
    if (change === null || !change.ok) return { holds: false, why: `rotation ${i + 1}: ${change?.why ?? 'no keys before it'}` }
    keys.push(change.statement)
  }
  if (heads.some((head) => head.genesis !== genesis)) return { holds: false, why: 'a head is of another machine' }
  if (!keys.some((key) => heads.every((head) => verifyHead(key.sign_pub, head)))) return { holds: false, why: 'no one key of the machine signed both heads' }
  const [low, high] = heads[0].seq <= heads[1].seq ? heads : [heads[1], heads[0]]
  if (low.seq === high.seq && low.stateHash !== high.stateHash) return { holds: true, genesis, why: `two hashes signed for row ${low.seq}` }
  if (low.seq < high.seq && ticks(low.zeqondNumber) > ticks(high.zeqondNumber)) {
    return { holds: true, genesis, why: `row ${low.seq} was signed with a later tick than row ${high.seq}` }
  }
  return { holds: false, why: 'one history can have both heads' }
}
