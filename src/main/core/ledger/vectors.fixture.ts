import { SecretBytes } from '../crypto/secret.ts'
import m2m from './fixtures/m2m.json' with { type: 'json' }
import { ChainHeader } from './genesis.ts'

/** The golden data, and what its note says about the keys: 32 repeats of one byte each. */
export { m2m }

export const repeated = (byte: number, length = 32): SecretBytes => SecretBytes.take(new Uint8Array(length).fill(byte))

export const seeds = { alice: { sign: 1, kx: 2, eph: 5 }, bob: { sign: 3, kx: 4, eph: 6 } }

/** A chain of the golden data as it would come out of a file: fresh objects, so a test may change them. */
export const chainOf = (
  chain: Readonly<Record<string, unknown>>,
): { header: Record<string, unknown>; rows: Record<string, unknown>[]; head: Record<string, unknown> } => {
  const { rows, head, ...header } = JSON.parse(JSON.stringify(chain)) as { rows: Record<string, unknown>[]; head: Record<string, unknown> }
  return { header, rows, head }
}

export const headerOf = (chain: Readonly<Record<string, unknown>>): ChainHeader => ChainHeader.parse(chainOf(chain).header)
