import { z } from 'zod'
import type { Genesis, RowHash, Zeqond as Tick } from '../brand.ts'
import type { SecretBytes } from '../crypto/secret.ts'
import { Genesis as GenesisField, RowHash as RowHashField, Seq, Signature, Zeqond } from './fields.ts'
import { signTagged, verifyTagged } from './signing.ts'

/**
 * A signed head: "at seq my chain was this". Peers keep it whole, signature and all; two of them for one seq are a proof that
 * anyone can check.
 */
export const Head = z.strictObject({ genesis: GenesisField, seq: Seq, stateHash: RowHashField, zeqondNumber: Zeqond, sig: Signature })
export type Head = z.infer<typeof Head>

export type UnsignedHead = Omit<Head, 'sig'>

const signed = (head: UnsignedHead) => ({ genesis: head.genesis, seq: head.seq, stateHash: head.stateHash, zeqondNumber: head.zeqondNumber })

/** Ed25519 over "zeq.head.v1" ‖ 0 ‖ JCS({genesis, seq, stateHash, zeqondNumber}), hex: a row's `headSig`. */
export const signHead = (seed: SecretBytes, head: UnsignedHead): string => signTagged(seed, 'zeq.head.v1', signed(head))

/** Is the head signed by this key (hex)? Whether the key was in force at that seq is the chain's to say. */
export const verifyHead = (signPub: string, head: Head): boolean => verifyTagged(signPub, 'zeq.head.v1', signed(head), head.sig)

/** The signed head that a row is. */
export const headOf = (
  genesis: Genesis,
  row: { readonly seq: number; readonly stateHash: RowHash; readonly zeqondNumber: Tick; readonly headSig: string },
): Head => ({ genesis, seq: row.seq, stateHash: row.stateHash, zeqondNumber: row.zeqondNumber, sig: row.headSig })

/** The same place in the same history; signatures may differ, since Ed25519 lets a signer make several. */
export const sameHead = (a: UnsignedHead, b: UnsignedHead): boolean =>
  a.genesis === b.genesis && a.seq === b.seq && a.stateHash === b.stateHash && a.zeqondNumber === b.zeqondNumber
