// @vitest-environment jsdom
import { fireEvent, screen, waitFor, within } from '@testing-library/react'
import { describe, expect, it } from 'vitest'
import type { HandshakeDto, Snapshot } from '../../contract/dto.ts'
import { audits, rowOf, tokens } from '../gallery/audit-data.ts'
import { app, files, handshakes, idOf, snapshot as whole } from '../gallery/data.ts'
import { rowPage } from '../state/connect.ts'
import { useStore } from '../state/store.ts'
import { useUi } from '../state/ui.ts'
import { answers, called, freshWindow, open, push } from './window.fixture.tsx'

freshWindow()

/** Without the peer whose key changed, of which a banner would tell on each page. */
const snapshot: Snapshot = { ...whole, peers: whole.peers.filter((peer) => peer.trust !== 'changed') }
const runner = idOf('build-runner-07')
const ok = (value: unknown) => () => ({ ok: true, value })
const no = (text: string) => () => ({ ok: false, error: { code: 'STATE', text } })
const [machine, session] = [snapshot.app.machine, snapshot.sessions[0]]
if (machine === null || session === undefined) throw new Error('no ledger in the gallery')
const withMachine = (more: Partial<typeof machine>): Snapshot => ({ ...snapshot, app: { ...app, machine: { ...machine, ...more } } })

describe('handshakes on their way', () => {
  const start: Snapshot = { ...snapshot, requests: [], handshakes }
  const [first] = handshakes
  if (first === undefined) throw new Error('no handshake')

  it('shows the words to compare with the colour’s name, and each step with whose row it is', async () => {
    await open(start)
    const list = screen.getByRole('region', { name: 'On their way' })
    expect(within(list).getByText('orbit')).toBeTruthy()
    expect(within(list).getByText('teal')).toBeTruthy()
    const steps = within(list).getByRole('list', { name: 'Steps of the handshake with auditor-kim' })
    expect(within(steps).getAllByRole('listitem')[0]?.textContent).toContain('by you, done your row 46')
    expect(within(steps).getAllByRole('listitem')[1]?.getAttribute('aria-current')).toBe('step')
  })

  it('gives up at once where no row was written, and by an approval where one was', async () => {
    answers['handshake.abort'] = ok({ request: null })
    await open(start)
    fireEvent.click(screen.getByRole('button', { name: 'Give up the handshake with auditor-kim' }))
    expect(await screen.findByText('Given up. Nothing of it is on your ledger.')).toBeTruthy()
    expect(called('handshake.abort')).toEqual([{ id: first.id }])
    expect(called('request.review')).toEqual([])
    answers['handshake.abort'] = ok({ request: { ...snapshot.requests[0], id: 'abort1' } })
    fireEvent.click(screen.getByRole('button', { name: 'Give up the handshake with ci-orchestrator' }))
    await waitFor(() => expect(called('request.review')).toEqual([{ id: 'abort1' }]))
  })

  it('moves one that ends under those that ended, with the reason', async () => {
    await open(start)
    const ended: HandshakeDto = { ...first, ended: { at: Date.now(), reason: 'They gave it up.' }, may: { abort: false } }
    push({ seq: snapshot.seq + 1, patch: { kind: 'handshake', handshake: ended } })
    const over = await screen.findByRole('region', { name: 'Ended before a session' })
    expect(within(over).getByText('They gave it up.')).toBeTruthy()
    expect(screen.queryByRole('button', { name: 'Give up the handshake with auditor-kim' })).toBeNull()
  })
})

describe('a peer with a ledger', () => {
  it('is proposed to by a request that opens for review, not by a message', async () => {
    useUi.setState({ page: 'peers', peer: idOf('auditor-kim') })
    await open(snapshot)
    const [request] = snapshot.requests
    if (request === undefined) throw new Error('no request')
    answers['peer.propose'] = () => {
      push({ seq: snapshot.seq + 1, patch: { kind: 'request', request: { ...request, id: 'p1', peer: idOf('auditor-kim'), step: 'propose' } } })
      return { ok: true, value: {} }
    }
    fireEvent.click(screen.getByRole('button', { name: 'Propose session' }))
    await waitFor(() => expect(called('request.review')).toEqual([{ id: 'p1' }]))
  })

  it('is shown with what it was caught at, and the proof can be saved', async () => {
    const caught = { code: 'EQUIVOCATION', why: 'It signed two different rows 16.', at: Date.now(), proof: true }
    answers['audit.save'] = ok({ fileName: 'proof.countersign' })
    useUi.setState({ page: 'peers', peer: runner })
    await open({ ...snapshot, peers: snapshot.peers.map((peer) => (peer.id === runner ? { ...peer, caught } : peer)) })
    expect(screen.getByText('It signed two different rows 16.')).toBeTruthy()
    fireEvent.click(screen.getByRole('button', { name: 'Save proof…' }))
    await waitFor(() => expect(called('audit.save')).toEqual([{ peer: runner, session: null, what: 'proof' }]))
  })

  it('offers no proof where there is none', async () => {
    const caught = { code: 'ROLLBACK', why: 'Its ledger is shorter than it was.', at: Date.now(), proof: false }
    useUi.setState({ page: 'peers', peer: runner })
    await open({ ...snapshot, peers: snapshot.peers.map((peer) => (peer.id === runner ? { ...peer, caught } : peer)) })
    expect(screen.queryByRole('button', { name: 'Save proof…' })).toBeNull()
  })
})

describe('a session on two ledgers', () => {
  const talk = async (more: Partial<Snapshot> = {}): Promise<void> => {
    answers['session.messages'] = ok({ messages: [], more: false })
    useUi.setState({ page: 'sessions', conversation: runner })
    await open({ ...snapshot, ...more })
  }

  it('has no legacy notice, says its suite, and leads to its evidence', async () => {
    answers['audit.peer'] = ok(audits.sound)
    await talk()
    expect(screen.queryByText(/HSAgent protocol/)).toBeNull()
    expect(screen.getByText('x25519')).toBeTruthy()
    fireEvent.click(screen.getAllByRole('button', { name: 'Show evidence' })[0] as HTMLElement)
    await waitFor(() => expect(called('audit.peer')).toEqual([{ peer: runner, session: session.nonce }]))
  })

  it('sends the file that was chosen, and nothing when none was', async () => {
    await talk()
    answers['file.choose'] = () => ({ ok: false, error: { code: 'CANCELLED', text: 'closed' } })
    fireEvent.click(screen.getByRole('button', { name: 'Send a file…' }))
    await waitFor(() => expect(called('file.choose')).toEqual([{ purpose: 'send' }]))
    expect(called('session.sendFile')).toEqual([])
    answers['file.choose'] = ok({ file: 'a'.repeat(32), fileName: 'notes.tar' })
    await waitFor(() => expect(screen.getByRole('button', { name: 'Send a file…' }).getAttribute('aria-disabled')).toBeNull())
    fireEvent.click(screen.getByRole('button', { name: 'Send a file…' }))
    await waitFor(() => expect(called('session.sendFile')).toEqual([{ session: session.id, file: 'a'.repeat(32) }]))
  })

  it('shows files with how much has moved, where they went and why they failed, and can stop one', async () => {
    await talk({ files })
    expect(screen.getByRole('progressbar', { name: 'Progress of release-notes.tar' }).getAttribute('aria-valuenow')).toBe('61')
    expect(screen.getByText('gateway-2.14.0-linux-x64 (2).tar.zst')).toBeTruthy()
    expect(screen.getByText(/Their disk is full/)).toBeTruthy()
    fireEvent.click(screen.getByRole('button', { name: 'Stop release-notes.tar' }))
    await waitFor(() => expect(called('session.cancelFile')).toEqual([{ file: 'f2' }]))
    const [, moving] = files
    if (moving === undefined) throw new Error('no file')
    push({ seq: snapshot.seq + 1, patch: { kind: 'file', file: { ...moving, state: 'cancelled' } } })
    expect(await screen.findByText('Stopped.')).toBeTruthy()
    expect(screen.queryByRole('button', { name: 'Stop release-notes.tar' })).toBeNull()
  })
})

describe('the ledger page', () => {
  const total = 100_000
  const rowsOf = (args: Record<string, unknown>): unknown => {
    const end = typeof args['before'] === 'number' ? args['before'] : total
    const count = Math.min(end, Number(args['limit']))
    return { ok: true, value: { rows: Array.from({ length: count }, (_, i) => rowOf(end - 1 - i, total)), total } }
  }
  const look = async (): Promise<void> => {
    answers['ledger.rows'] = rowsOf
    useUi.setState({ page: 'ledger' })
    await open(withMachine({ rows: total }))
    await screen.findByRole('button', { name: /^Row 99,999/ })
  }

  it('draws few of very many rows and reads the newest page alone', async () => {
    await look()
    await screen.findAllByText('Sealed a session')
    expect(screen.getAllByRole('row').length).toBeLessThan(60)
    expect(called('ledger.rows')).toEqual([{ before: null, limit: rowPage, session: null }])
    expect(screen.getByRole('table').getAttribute('aria-rowcount')).toBe(String(total + 1))
  })

  it('goes to a row by its number, reads its page and opens it with its payload', async () => {
    await look()
    fireEvent.change(screen.getByRole('textbox', { name: 'Go to row' }), { target: { value: '51238' } })
    fireEvent.click(screen.getByRole('button', { name: 'Go' }))
    await screen.findByText(/"session_nonce"/)
    expect(called('ledger.rows').at(-1)).toEqual({ before: 51_400, limit: rowPage, session: null })
    expect(screen.getByRole('button', { name: /^Row 51,238/ }).getAttribute('aria-expanded')).toBe('true')
  })

  it('moves with the arrow keys from row to row', async () => {
    await look()
    const first = screen.getByRole('button', { name: /^Row 99,999/ })
    first.focus()
    fireEvent.keyDown(first, { key: 'ArrowDown' })
    await waitFor(() => expect(document.activeElement?.getAttribute('aria-label')).toMatch(/^Row 99,998/))
    fireEvent.keyDown(document.activeElement as Element, { key: 'End' })
    await waitFor(() => expect(document.activeElement?.getAttribute('aria-label')).toMatch(/^Row 0/))
  })

  it('takes in a row that is appended while it is open', async () => {
    await look()
    push({ seq: snapshot.seq + 1, patch: { kind: 'row', row: { ...rowOf(total, total), title: 'Accepted a proposal' }, total: total + 1 } })
    expect(await screen.findByRole('button', { name: 'Row 100,000: Accepted a proposal' })).toBeTruthy()
  })

  it('draws the place of a row that was lost, which cannot be opened', async () => {
    answers['ledger.rows'] = () => ({ ok: true, value: { rows: [rowOf(4, 5), rowOf(1, 5), rowOf(0, 5)], total: 5 } })
    useUi.setState({ page: 'ledger' })
    await open(withMachine({ rows: 3 }))
    const lost = await screen.findByRole('button', { name: /^Row 3: Lost/ })
    expect(screen.getAllByText(/^Lost: nobody/)).toHaveLength(2)
    expect(lost.hasAttribute('aria-expanded')).toBe(false)
    fireEvent.click(lost)
    expect(useUi.getState().row).toBeNull()
    fireEvent.click(screen.getByRole('button', { name: /^Row 4:/ }))
    expect(await screen.findByText(/"session_nonce"/)).toBeTruthy()
  })

  it('says when rows could not be read, and tries again', async () => {
    await look()
    answers['ledger.rows'] = no('The disk could not be read.')
    fireEvent.change(screen.getByRole('textbox', { name: 'Go to row' }), { target: { value: '5' } })
    fireEvent.click(screen.getByRole('button', { name: 'Go' }))
    expect((await screen.findByRole('alert')).textContent).toContain('Rows could not be read.')
    answers['ledger.rows'] = rowsOf
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }))
    expect(await screen.findByText(/"session_nonce"/)).toBeTruthy()
  })

  it('says how far the ledger was verified, or where it breaks and why', async () => {
    await look()
    answers['ledger.verify'] = ok({ valid: true, count: total - 2, brokenSeq: null, reason: null })
    fireEvent.click(screen.getByRole('button', { name: 'Check all rows' }))
    expect(await screen.findByText('Verified from the first row to row 99,997')).toBeTruthy()
    expect(screen.getByText('2 rows after that, not checked yet')).toBeTruthy()
    answers['ledger.verify'] = ok({ valid: false, count: total, brokenSeq: 31, reason: 'Row 31 does not name row 30.' })
    fireEvent.click(screen.getByRole('button', { name: 'Check all again' }))
    expect(await screen.findByText('The ledger breaks at row 31')).toBeTruthy()
    expect(screen.getByText('Row 31 does not name row 30.')).toBeTruthy()
  })

  it('tells which tokens hold', async () => {
    answers['ledger.tokens'] = ok({ tokens })
    await look()
    fireEvent.click(screen.getByRole('radio', { name: 'Tokens' }))
    expect(await screen.findAllByText('On its chain')).toHaveLength(5)
    expect(screen.getAllByText('Does not fit its chain')).toHaveLength(1)
  })

  it('goes on without answers only after saying what that risks', async () => {
    answers['ledger.rows'] = rowsOf
    useUi.setState({ page: 'ledger' })
    await open(withMachine({ recovering: { kind: 'peers', why: 'Restored from a backup.', waitingFor: ['ci-orchestrator'], mayGoOn: true } }))
    fireEvent.click(screen.getByRole('button', { name: 'Go on without them…' }))
    expect(called('ledger.goOn')).toEqual([])
    const dialog = screen.getByRole('dialog')
    expect(dialog.textContent).toContain('two different histories')
    fireEvent.click(within(dialog).getByRole('button', { name: 'Go on without them' }))
    await waitFor(() => expect(called('ledger.goOn')).toHaveLength(1))
  })

  it('cannot go on where the core says so', async () => {
    answers['ledger.rows'] = rowsOf
    useUi.setState({ page: 'ledger' })
    await open(withMachine({ recovering: { kind: 'peers', why: 'Restored from a backup.', waitingFor: ['ci-orchestrator'], mayGoOn: false } }))
    expect(screen.queryByRole('button', { name: 'Go on without them…' })).toBeNull()
  })

  it('teaches while it is empty', async () => {
    useUi.setState({ page: 'ledger' })
    await open(withMachine({ rows: 0, head: null }))
    expect(screen.getByRole('heading', { name: 'Your ledger has a name and no rows yet' })).toBeTruthy()
    expect(screen.queryByRole('button', { name: 'Check all rows' })).toBeNull()
  })
})

describe('the audit page', () => {
  it('judges a chosen file and keeps nothing of it', async () => {
    answers['file.choose'] = ok({ file: 'b'.repeat(32), fileName: 'x.countersign' })
    answers['audit.file'] = ok(audits.manyFindings)
    useUi.setState({ page: 'audit' })
    await open(snapshot)
    fireEvent.click(screen.getByRole('button', { name: 'Choose file…' }))
    expect(await screen.findByRole('heading', { name: audits.manyFindings.verdict })).toBeTruthy()
    expect(called('audit.file')).toEqual([{ file: 'b'.repeat(32) }])
    for (const { code, why } of audits.manyFindings.findings) {
      expect(screen.getAllByText(code).length).toBeGreaterThan(0)
      expect(screen.getByText(why)).toBeTruthy()
    }
    expect(screen.queryByRole('button', { name: 'Save as a file…' })).toBeNull()
    fireEvent.click(screen.getByRole('button', { name: 'Another audit' }))
    expect(screen.queryByText(audits.manyFindings.verdict)).toBeNull()
  })

  it('tells each answer in words too, and shows the row of a finding', async () => {
    answers['audit.peer'] = ok(audits.equivocation)
    answers['audit.save'] = ok({ fileName: 'proof.json' })
    useUi.setState({ page: 'audit', audit: { peer: runner, session: null } })
    await open(snapshot)
    await screen.findByRole('heading', { name: audits.equivocation.verdict })
    expect(screen.getByText(/alice-desktop, row 44 answers build-runner-07, row 16: does not hold/)).toBeTruthy()
    expect(screen.getByText('6 of 7 hold')).toBeTruthy()
    fireEvent.click(screen.getByRole('button', { name: 'Show build-runner-07, row 16' }))
    expect(document.querySelector('[data-place="b16"]')?.className).toMatch(/marked/)
    fireEvent.click(screen.getByRole('button', { name: 'Save proof…' }))
    await waitFor(() => expect(called('audit.save')).toEqual([{ peer: runner, session: null, what: 'proof' }]))
    for (const limit of audits.equivocation.limits) expect(screen.getByText(limit)).toBeTruthy()
  })

  it('reads one or two addresses, and asks for at least one', async () => {
    answers['audit.urls'] = ok(audits.sound)
    useUi.setState({ page: 'audit' })
    await open(snapshot)
    fireEvent.click(screen.getByRole('button', { name: 'Read and audit' }))
    expect(screen.getByRole('alert').textContent).toBe('An address is needed.')
    fireEvent.change(screen.getByLabelText('First ledger'), { target: { value: ' http://127.0.0.1:1/a ' } })
    fireEvent.click(screen.getByRole('button', { name: 'Read and audit' }))
    await waitFor(() => expect(called('audit.urls')).toEqual([{ urls: ['http://127.0.0.1:1/a'] }]))
  })

  it('says why there is no audit', async () => {
    answers['audit.peer'] = no('This wallet holds no row of that session.')
    useUi.setState({ page: 'audit', audit: { peer: runner, session: null } })
    await open(snapshot)
    expect((await screen.findByRole('alert')).textContent).toContain('holds no row of that session')
  })
})

describe('the API switch', () => {
  const show = async (): Promise<void> => {
    useUi.setState({ page: 'settings', section: 'ledger' })
    await open({
      ...snapshot,
      app: { ...app, settings: { ...app.settings, api: 'loopback' }, api: { url: 'http://127.0.0.1:7741/', token: null, error: null } },
    })
  }

  it('opens to the network only after saying what that means', async () => {
    answers['settings.set'] = ok(app.settings)
    await show()
    fireEvent.click(screen.getByRole('radio', { name: 'Network' }))
    expect(called('settings.set')).toEqual([])
    const dialog = screen.getByRole('dialog')
    expect(dialog.textContent).toContain('not encrypted')
    fireEvent.click(within(dialog).getByRole('button', { name: 'Open to the network' }))
    await waitFor(() => expect(called('settings.set')).toEqual([{ api: 'network' }]))
  })

  it('draws the first token only when asked for, and forgets it with the page', async () => {
    answers['api.state'] = ok({ url: 'http://127.0.0.1:7741/', token: 'seven-secret-words', error: null })
    await show()
    expect(document.body.textContent).not.toContain('seven-secret-words')
    fireEvent.click(screen.getByRole('button', { name: 'Show token' }))
    expect(await screen.findByText('seven-secret-words')).toBeTruthy()
    expect(JSON.stringify(useStore.getState().model)).not.toContain('seven-secret-words')
  })
})
