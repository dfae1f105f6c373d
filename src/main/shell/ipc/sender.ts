/** Who may call: one top frame of one document of ours in one window. */

export interface FrameLike {
  readonly url: string
  readonly origin: string
}

/** What this check reads of Electron's IpcMainInvokeEvent. */
export interface InvokeEventLike {
  /** Null when the frame has navigated or is gone: then nobody can say who called. */
  readonly senderFrame: FrameLike | null
  readonly sender: { readonly mainFrame: FrameLike }
}

export interface Sender {
  /** Exact, as `app://main`. */
  readonly origin: string
  /** The window's web contents, or null while there is no window. */
  readonly contents: () => InvokeEventLike['sender'] | null
}

/**
 * Whether an invoke comes from the top frame of this very document in this very window. The origin alone is not
 * enough: a frame or another window could have been brought to it.
 */
export const isFrom = (event: InvokeEventLike, sender: Sender): boolean => {
  try {
    const frame = event.senderFrame
    const expected = sender.contents()
    if (frame === null || expected === null) return false
    return event.sender === expected && frame === event.sender.mainFrame && frame.origin === sender.origin && frame.url === `${sender.origin}/`
  } catch {
    // Electron throws when a frame that was disposed meanwhile is asked for anything.
    return false
  }
}
