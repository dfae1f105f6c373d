import type { AuditDto } from '../../contract/index.ts'
import { AppFault } from '../core/fault.ts'
import { auditDto } from '../core/ledger/audit-lanes.ts'
import { type AuditSource, judgeSources, readAuditFile } from '../core/ledger/audit-source.ts'
import { auditLines, proofText } from '../core/ledger/audit-text.ts'
import { type HttpGet, isAddress, readAuditUrl } from '../core/ledger/audit-url.ts'
import { httpGet } from '../core/node-ports.ts'
import type { Ports } from '../core/ports.ts'
import { EXIT } from './exit.ts'
import type { Output } from './output.ts'

export interface AuditFlags {
  /** Geneses of the expected parties, separated by commas. */
  readonly expectGenesis?: string
  /** `session_nonce` of the one session to judge. */
  readonly session?: string
}

const HEX32 = /^[0-9a-f]{64}$/

const expected = (text: string | undefined): string[] | undefined => {
  const geneses = text?.split(',').map((genesis) => genesis.trim())
  if (geneses === undefined) return undefined
  if (geneses.length > 2 || !geneses.every((genesis) => HEX32.test(genesis)))
    throw new AppFault('BAD_ARGUMENT', '--expect-genesis takes one genesis or two with a comma between, 64 lower-case hex digits each.')
  return geneses
}

/**
 * `countersign audit FILE|URL…`: judges a bundle, a proof, or one or two ledgers. Resolves to the exit code: 0 sound, 1 findings
 * (a proof that holds is one), 2 for a proof that does not hold.
 * @throws AppFault (exit code 2) for what cannot be read or is no argument.
 */
export const auditCommand = async (
  sources: readonly string[],
  flags: AuditFlags,
  context: { ports: Pick<Ports, 'clock' | 'files'>; output: Output; get?: HttpGet },
): Promise<number> => {
  const { ports, output, get = httpGet } = context
  const expect = expected(flags.expectGenesis)
  if (flags.session !== undefined && !HEX32.test(flags.session))
    throw new AppFault('BAD_ARGUMENT', '--session takes the nonce of a session, 64 lower-case hex digits.')
  if (sources.length < 1 || sources.length > 2) throw new AppFault('BAD_ARGUMENT', 'Name one or two files or addresses.')
  const read: AuditSource[] = []
  for (const text of sources) read.push(isAddress(text) ? await readAuditUrl(ports, get, text) : readAuditFile(ports.files, text))
  const result = judgeSources(read, { expect, session: flags.session })
  if (result.kind === 'proof') {
    const { verdict, source } = result
    output.say({ kind: 'proof', source, ok: false, ...verdict }, proofText(verdict))
    return verdict.holds ? EXIT.refused : EXIT.usage
  }
  const { judged, source } = result
  const dto: AuditDto = auditDto(judged, { source, at: ports.clock.now() })
  output.say({ kind: 'audit', source, verdict: dto.verdict, ...judged.report, proofs: judged.proofs }, auditLines(dto).join('\n'))
  return judged.report.ok ? EXIT.done : EXIT.refused
}
