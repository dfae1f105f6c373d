import { basename } from 'node:path'
import { toHex } from '../../crypto/bytes.ts'
import { AppFault } from '../../fault.ts'
import { fileFault } from '../../identity/durable-file.ts'
import type { FileRow } from '../../store/files.ts'
import { safeName } from './file-name.ts'
import type { FileOffer } from './header.ts'
import { dropIncoming, dueIncoming, type Incoming, makeTemporary, pauseIncoming, resumeIncoming, takeChunk, tellAgain, tickIncoming } from './incoming.ts'
import { dropOutgoing, nextChunk, type Outgoing, offerOf, pauseOutgoing, resumeOutgoing, takeDone, takeHave } from './outgoing.ts'
import { chunksOf, GAP_MS, isActive, type Party, quietly, saveFile, type TransferDeps } from './transfer.ts'

/** Offers of one session that wait for the person, and files of one session in all: more are refused unseen. */
const MOST_OFFERS = 64
const MOST_FILES = 1_000

/** The files of all sessions. */
export interface Transfers {
  /** @throws AppFault STATE, BAD_ARGUMENT, NOT_FOUND, UNREADABLE. */
  send(party: Party, file: { readonly path: string; readonly name: string; readonly size: number; readonly hash: string }): FileRow
  accept(id: string, folder: string): FileRow
  refuse(id: string): void
  cancel(id: string): void
  onOffer(party: Party, header: FileOffer): void
  onHave(party: Party, header: { readonly f: string; readonly next: number; readonly ok: boolean }): void
  onDone(party: Party, header: { readonly f: string; readonly ok: boolean }): void
  onChunk(party: Party, header: { readonly f: string; readonly i: number }, bytes: Uint8Array): void
  /** Files of ours that can send now, one turn each. `put` seals and sends; false: no more now. @returns whether any chunk went. */
  sendChunks(session: string, put: (header: { t: 'chunk'; f: string; i: number }, bytes: Uint8Array) => boolean): boolean
  /** After a start: what is under way is offered again, unless the offer still waits to be sent. */
  reoffer(session: string, waits: (f: string) => boolean): void
  tick(session: string): void
  nextDue(session: string): number | null
  /** The session ends: so does what is under way. */
  end(session: string, reason: string): void
  /** Closes files and forgets what memory has; the rows stay. */
  forget(session: string): void
}

export const createTransfers = (deps: TransferDeps): Transfers => {
  const { store, work, ports } = deps
  /** By session and then id; only what is under way. */
  const incoming = new Map<string, Map<string, Incoming>>()
  const outgoing = new Map<string, Map<string, Outgoing>>()
  const now = (): number => ports.clock.monotonic()
  /** Temporary files of the running transaction, and whose they are: made before it, they would outlive it when it fails. */
  const fresh = new Map<string, string>()
  work.onRollback(() => {
    for (const [temp, id] of fresh)
      quietly(() => {
        if (store.files.get(id)?.temp !== temp) ports.files.remove(temp)
      })
    fresh.clear()
  })

  const load = (session: string): void => {
    if (incoming.has(session)) return
    const rows = store.files.bySession(session)
    for (const { direction, temp, ...row } of rows) if (direction === 'theirs' && temp !== null && !isActive(row)) quietly(() => ports.files.remove(temp))
    incoming.set(session, new Map(rows.filter((row) => row.direction === 'theirs' && isActive(row)).map((row) => [row.id, resumeIncoming(row, now())])))
    outgoing.set(session, new Map(rows.filter((row) => row.direction === 'ours' && isActive(row)).map((row) => [row.id, resumeOutgoing(row)])))
  }
  const ins = (session: string): Map<string, Incoming> => {
    load(session)
    return incoming.get(session) ?? new Map()
  }
  const outs = (session: string): Map<string, Outgoing> => {
    load(session)
    return outgoing.get(session) ?? new Map()
  }
  const byF = <T extends { readonly row: FileRow }>(files: Map<string, T>, f: string): T | undefined => [...files.values()].find((file) => file.row.f === f)

  const find = (id: string): FileRow => {
    const row = store.files.get(id)
    if (row === undefined) throw new AppFault('NOT_FOUND', 'There is no such file.')
    return row
  }
  const over = (): AppFault => new AppFault('STATE', 'This file is not waiting or moving any more.')
  const theirs = (id: string): Incoming => {
    const file = ins(find(id).session).get(id)
    if (file === undefined || !isActive(file.row)) throw over()
    return file
  }
  /** Those that are over go out of memory. */
  const settle = (session: string): void => {
    for (const files of [ins(session), outs(session)]) for (const [id, file] of files) if (!isActive(file.row)) files.delete(id)
  }

  /** Same offer again, after a restart of the sender: the answer it may have missed. */
  const answerAgain = (row: FileRow): void => {
    const file = ins(row.session).get(row.id)
    if (file) return tellAgain(deps, file)
    if (row.state === 'done' || row.state === 'failed') deps.say(row.session, { t: 'done', f: row.f, ok: row.state === 'done' })
    else deps.say(row.session, { t: 'have', f: row.f, next: 0, ok: false })
  }

  return {
    send: ({ session, peer }, { path, name, size, hash }) => {
      let found: { size: number; modified: number }
      try {
        const handle = ports.files.openRead(path)
        try {
          found = ports.files.info(handle)
        } finally {
          ports.files.close(handle)
        }
      } catch (error) {
        throw fileFault(error, 'the file')
      }
      if (found.size !== size) throw new AppFault('STATE', 'The file was changed while it was being read.')
      return work.run(() => {
        const plain = safeName(name === '' ? basename(path) : name)
        const ids = { id: toHex(ports.random.bytes(16)), f: toHex(ports.random.bytes(16)), session, peer }
        const about = { direction: 'ours' as const, name: plain, size, hash, state: 'offered' as const, path, temp: null }
        const row = saveFile(deps, { ...ids, ...about, next: 0, modified: found.modified, reason: null, at: ports.clock.now() })
        outs(session).set(row.id, resumeOutgoing(row))
        deps.say(session, offerOf(row))
        return row
      })
    },

    accept: (id, folder) => {
      const file = theirs(id)
      if (file.row.state !== 'offered') throw over()
      let temp: string
      try {
        temp = makeTemporary(deps, folder, file.row.name)
      } catch (error) {
        throw fileFault(error, 'the file')
      }
      try {
        return work.run(() => {
          const { session, f } = file.row
          // The decision that led here may still come to nothing: an outer transaction can fail after this.
          fresh.set(temp, id)
          work.after(() => fresh.delete(temp))
          file.row = saveFile(deps, { ...file.row, state: chunksOf(file.row.size) === 0 ? 'checking' : 'moving', temp })
          file.have = deps.say(session, { t: 'have', f, next: 0, ok: true })
          file.gapAt = now() + GAP_MS
          return file.row
        })
      } catch (error) {
        quietly(() => ports.files.remove(temp))
        throw error
      }
    },

    refuse: (id) => {
      const file = theirs(id)
      if (file.row.state !== 'offered') throw over()
      work.run(() => {
        file.row = saveFile(deps, { ...file.row, state: 'refused' })
        deps.say(file.row.session, { t: 'have', f: file.row.f, next: 0, ok: false })
      })
      settle(file.row.session)
    },

    cancel: (id) => {
      const { session, direction } = find(id)
      if (direction === 'theirs') dropIncoming(deps, theirs(id), 'cancelled', 'You cancelled it.', 'have')
      else {
        const file = outs(session).get(id)
        if (file === undefined || !isActive(file.row)) throw over()
        dropOutgoing(deps, file, 'cancelled', 'You cancelled it.', true)
      }
      settle(session)
    },

    onOffer: ({ session, peer }, { f, name, size, hash }) => {
      const rows = store.files.bySession(session)
      const known = rows.find((row) => row.f === f)
      if (known !== undefined) {
        if (known.direction === 'ours' || known.size !== size || known.hash !== hash) deps.dropped('offer under the name of another file', session)
        else answerAgain(known)
        return
      }
      const waiting = rows.filter((row) => row.direction === 'theirs' && row.state === 'offered').length
      if (waiting >= MOST_OFFERS || rows.length >= MOST_FILES) {
        deps.dropped('more files offered than are looked at', session)
        deps.say(session, { t: 'have', f, next: 0, ok: false })
        return
      }
      const row: FileRow = {
        ...{ id: toHex(ports.random.bytes(16)), f, session, peer, direction: 'theirs', name: safeName(name), size, hash, state: 'offered' },
        ...{ path: null, temp: null, next: 0, modified: null, reason: null, at: ports.clock.now() },
      }
      ins(session).set(row.id, resumeIncoming(saveFile(deps, row), now()))
      deps.onOffer(row)
    },

    onHave: ({ session }, { f, next, ok }) => {
      const ours = byF(outs(session), f)
      if (ours) {
        if (ok) takeHave(deps, ours, next)
        else if (ours.row.state === 'offered') dropOutgoing(deps, ours, 'refused', 'The peer did not want it.', false)
        else dropOutgoing(deps, ours, 'cancelled', 'The peer cancelled it.', false)
      } else if (!ok) {
        // Nothing that is over is undone by it; so is no file of another session.
        const file = byF(ins(session), f)
        if (file) dropIncoming(deps, file, 'cancelled', 'The peer cancelled it.', null)
      }
      settle(session)
    },

    onDone: ({ session }, { f, ok }) => {
      const ours = byF(outs(session), f)
      if (ours) takeDone(deps, ours, ok)
      settle(session)
    },

    onChunk: ({ session }, { f, i }, bytes) => {
      const file = byF(ins(session), f)
      if (file) takeChunk(deps, file, i, bytes, now())
      settle(session)
    },

    sendChunks: (session, put) => {
      let any = false
      for (const file of outs(session).values()) {
        const chunk = nextChunk(deps, file)
        if (chunk === null) continue
        if (!put({ t: 'chunk', f: file.row.f, i: chunk.i }, chunk.bytes)) return false
        file.at = chunk.i + 1
        any = true
      }
      settle(session)
      return any
    },

    reoffer: (session, waits) => {
      for (const { row } of outs(session).values()) if (!waits(row.f)) deps.say(session, offerOf(row))
    },

    tick: (session) => {
      for (const file of ins(session).values()) tickIncoming(deps, file, now())
      settle(session)
    },
    nextDue: (session) => {
      const dues = [...ins(session).values()].map((file) => dueIncoming(file, now())).filter((due) => due !== null)
      return dues.length === 0 ? null : Math.min(...dues)
    },

    end: (session, reason) => {
      for (const file of ins(session).values()) dropIncoming(deps, file, 'failed', reason, null)
      for (const file of outs(session).values()) dropOutgoing(deps, file, 'failed', reason, false)
      settle(session)
    },

    forget: (session) => {
      for (const file of incoming.get(session)?.values() ?? []) pauseIncoming(deps, file)
      for (const file of outgoing.get(session)?.values() ?? []) pauseOutgoing(deps, file)
      incoming.delete(session)
      outgoing.delete(session)
    },
  }
}
