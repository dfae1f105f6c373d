/** A way to reach a relay. The engine knows only this; a line is text without its newline. */
export interface Transport {
  /** Begins to connect, and keeps at it until stop. Calling it twice does nothing. */
  start(): void
  /** Ends the connection, what was accepted by send first; resolves when the socket is closed. */
  stop(): Promise<void>
  /**
   * Takes a whole line with its newline. False: not connected, or the write buffer is full; nothing of the line was
   * taken, and `writable` or a state event says when to try again. True means handed over, not delivered.
   * @throws AppFault BAD_ARGUMENT for a line without exactly one newline, at its end, or one that no relay may carry (fitsRelay).
   */
  send(line: string): boolean
  readonly state: TransportState
  /** Returns the function that takes the handler away. A handler that throws is logged and harms nobody else. */
  on(handler: (event: TransportEvent) => void): () => void
}

export type TransportState =
  | { readonly name: 'off' }
  | { readonly name: 'connecting' }
  | { readonly name: 'connected' }
  /** `retryAt`: Unix ms. `attempt`: failures in a row, 1 and up. `error`: a sentence. */
  | { readonly name: 'waiting'; readonly retryAt: number; readonly attempt: number; readonly error: string }

export type TransportEvent =
  | { readonly type: 'state'; readonly state: TransportState }
  /** As it came from the relay, not yet decoded. */
  | { readonly type: 'line'; readonly line: string }
  /** After send returned false for a full buffer: there is room again. */
  | { readonly type: 'writable' }
  /** A line over the limit was skipped; `bytes` is what had come of it when that was clear. */
  | { readonly type: 'tooLong'; readonly bytes: number }
  /** A line that is no UTF-8 was skipped. */
  | { readonly type: 'notUtf8'; readonly bytes: number }
