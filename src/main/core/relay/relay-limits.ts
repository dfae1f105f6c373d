import { MAX_LINE_BYTES } from './envelope.ts'

/** What the embedded relay allows; every figure is a bound on memory or on how long somebody can hold others up. */
export interface RelayLimits {
  /** Longest relayed line, bytes with newline. Above 65,536 the process of each original agent on the relay ends. */
  readonly maxLineBytes: number
  /** How far a receiver may fall behind, bytes of relayed lines; then it is disconnected with a notice. */
  readonly queueBytes: number
  /** Senders are held up while more than half of the receivers are this far behind, so that a burst is paced and not lost. */
  readonly paceBytes: number
  /** A receiver that is behind by paceBytes and takes fewer than minTakenBytes in this many ms no longer holds anyone up. */
  readonly patienceMs: number
  readonly minTakenBytes: number
  /** Connections in all, and from one address. */
  readonly maxClients: number
  readonly maxClientsPerAddress: number
  /** Memory in all for unfinished lines; the client with the oldest one is disconnected. */
  readonly unfinishedBytes: number
  /** Memory in all for what held-up senders have sent already. */
  readonly heldBytes: number
  /** A client is disconnected after this many bytes without a newline. */
  readonly endlessLineBytes: number
  /** How long a leaving client may take to read its last lines, ms. */
  readonly leaveMs: number
}

export const defaultRelayLimits: RelayLimits = {
  maxLineBytes: MAX_LINE_BYTES,
  queueBytes: 8 * 1024 * 1024,
  paceBytes: 1024 * 1024,
  patienceMs: 1_000,
  minTakenBytes: 256 * 1024,
  maxClients: 12_000,
  maxClientsPerAddress: 12_000,
  unfinishedBytes: 32 * 1024 * 1024,
  heldBytes: 32 * 1024 * 1024,
  endlessLineBytes: 1024 * 1024,
  leaveMs: 2_000,
}
