// @vitest-environment jsdom
import { fireEvent, screen, waitFor, within } from '@testing-library/react'
import { describe, expect, it } from 'vitest'
import type { Snapshot } from '../../contract/dto.ts'
import { app, idOf, messages, peers, snapshot } from '../gallery/data.ts'
import { useStore } from '../state/store.ts'
import { useUi } from '../state/ui.ts'
import { answers, called, freshWindow, open, push } from './window.fixture.tsx'

const type = (element: Element, value: string): void => {
  fireEvent.input(element, { target: { value } })
}
const text = (bytes: unknown): string => new TextDecoder().decode(bytes as Uint8Array)

freshWindow()

const locked: Snapshot = { ...snapshot, app: { ...app, stage: 'locked' } }

describe('a locked wallet', () => {
  it('shows whose it is and how much waits, and nothing of the profile', async () => {
    await open(locked)
    expect(screen.getByRole('heading', { name: 'alice-desktop' })).toBeTruthy()
    expect(screen.getByText('4 requests wait')).toBeTruthy()
    for (const peer of peers) expect(document.body.textContent).not.toContain(peer.label)
  })

  it('sends the passphrase as bytes, empties the field and says that it was wrong', async () => {
    answers['identity.unlock'] = () => ({ ok: false, error: { code: 'WRONG_PASSPHRASE', text: 'wrong' } })
    await open(locked)
    const field = screen.getByLabelText<HTMLInputElement>('Passphrase')
    type(field, 'pässphrase of alice')
    fireEvent.click(screen.getByRole('button', { name: 'Unlock' }))
    await waitFor(() => expect(screen.getByRole('alert').textContent).toContain('does not open'))
    expect(called('identity.unlock').map((args) => [args['name'], text(args['passphrase'])])).toEqual([['alice-desktop', 'pässphrase of alice']])
    expect(field.value).toBe('')
  })

  it('overwrites the bytes once the answer is there', async () => {
    let handed: Uint8Array | undefined
    answers['identity.unlock'] = (args) => {
      handed = args['passphrase'] as Uint8Array
      return { ok: false, error: { code: 'WRONG_PASSPHRASE', text: 'wrong' } }
    }
    await open(locked)
    type(screen.getByLabelText('Passphrase'), 'a secret')
    fireEvent.click(screen.getByRole('button', { name: 'Unlock' }))
    await waitFor(() => expect(screen.getByRole('alert')).toBeTruthy())
    expect(handed?.length).toBe(8)
    expect(handed?.every((byte) => byte === 0)).toBe(true)
  })

  it('attempts nothing while throttled', async () => {
    await open({ ...locked, app: { ...locked.app, retryAt: Date.now() + 60_000, failedAttempts: 7 } })
    type(screen.getByLabelText('Passphrase'), 'a secret')
    fireEvent.click(screen.getByRole('button', { name: 'Unlock' }))
    fireEvent.submit(screen.getByLabelText('Passphrase'))
    expect(called('identity.unlock')).toEqual([])
    expect(screen.getByText(/Next attempt in/)).toBeTruthy()
  })
})

describe('locking an open wallet', () => {
  it('takes names, messages and drafts out of the page and of the state', async () => {
    answers['session.messages'] = () => ({ ok: true, value: { messages, more: false } })
    useUi.setState({ page: 'sessions', conversation: idOf('build-runner-07'), drafts: { [idOf('build-runner-07')]: 'unsent words' } })
    await open(snapshot)
    await screen.findByText(/Toolchain pinned/)
    push({ seq: snapshot.seq + 1, patch: { kind: 'app', app: locked.app } })
    await screen.findByLabelText('Passphrase')
    expect(document.body.textContent).not.toContain('Toolchain')
    const left = JSON.stringify([useStore.getState().model, useUi.getState()])
    for (const secret of ['Toolchain', 'unsent words', 'build-runner-07', idOf('build-runner-07')]) expect(left).not.toContain(secret)
  })
})

describe('creating an identity', () => {
  const first: Snapshot = {
    ...snapshot,
    app: { ...app, stage: 'onboarding', profile: null, profiles: [] },
    peers: [],
    requests: [],
    knocks: [],
    history: [],
    sessions: [],
    handshakes: [],
    files: [],
    notices: [],
  }

  it('refuses two passphrases that differ, and asks the core for nothing', async () => {
    await open(first)
    fireEvent.change(screen.getByLabelText('Name of this identity'), { target: { value: 'alice' } })
    type(screen.getByLabelText('Passphrase'), 'one passphrase here')
    type(screen.getByLabelText('Passphrase once more'), 'another passphrase')
    fireEvent.click(screen.getByRole('button', { name: 'Create identity' }))
    expect((await screen.findByRole('alert')).textContent).toBe('The two are not the same.')
    expect(called('identity.create')).toEqual([])
  })

  it('keeps its screen while the core passes through other stages, then offers the backup', async () => {
    let finish: (value: unknown) => void = () => undefined
    answers['identity.create'] = () =>
      new Promise((resolve) => {
        finish = resolve
      })
    await open(first)
    fireEvent.change(screen.getByLabelText('Name of this identity'), { target: { value: 'alice' } })
    type(screen.getByLabelText('Passphrase'), 'one passphrase here')
    type(screen.getByLabelText('Passphrase once more'), 'one passphrase here')
    fireEvent.click(screen.getByRole('button', { name: 'Create identity' }))
    await screen.findByRole('progressbar')
    push({ seq: first.seq + 1, patch: { kind: 'app', app: { ...app, stage: 'locked' } } })
    push({ seq: first.seq + 2, patch: { kind: 'app', app: { ...app, stage: 'open' } } })
    expect(screen.getByText('Sealing your new keys')).toBeTruthy()
    finish({ ok: true, value: app.profile })
    expect(await screen.findByRole('heading', { name: 'Write a backup' })).toBeTruthy()
    fireEvent.click(screen.getByRole('button', { name: 'Later' }))
    expect(await screen.findByRole('navigation', { name: 'Main' })).toBeTruthy()
  })
})

describe('proposals', () => {
  it('opens the review of the request whose button was pressed, and decides nothing itself', async () => {
    await open(snapshot)
    fireEvent.click(screen.getByRole('button', { name: /^Review the request of build-runner-07/ }))
    await waitFor(() => expect(called('request.review')).toEqual([{ id: 'r2' }]))
    expect(screen.queryByRole('button', { name: /accept|approve/i })).toBeNull()
  })

  it('keeps the order when one changes and puts a new one last', async () => {
    await open(snapshot)
    const rows = (): string[] => screen.getAllByRole('button', { name: /^Review/ }).map((row) => row.getAttribute('aria-label') ?? '')
    const before = rows()
    const [, second] = snapshot.requests
    if (second === undefined) throw new Error('no request')
    push({ seq: snapshot.seq + 1, patch: { kind: 'request', request: { ...second, count: 4 } } })
    await screen.findByText('×4 identical')
    expect(rows()).toEqual(before)
  })

  it('asks before it rejects everything', async () => {
    answers['request.rejectAll'] = () => ({ ok: true, value: { rejected: 4 } })
    await open(snapshot)
    fireEvent.click(screen.getByRole('button', { name: 'Reject all…' }))
    expect(called('request.rejectAll')).toEqual([])
    const dialog = screen.getByRole('dialog')
    fireEvent.click(within(dialog).getByRole('button', { name: 'Reject all' }))
    await waitFor(() => expect(called('request.rejectAll')).toEqual([{ peer: null }]))
    expect(await screen.findByText('Rejected 4 requests')).toBeTruthy()
  })
})

describe('a peer’s page', () => {
  const show = async (label: string): Promise<void> => {
    useUi.setState({ page: 'peers', peer: idOf(label) })
    await open(snapshot)
  }

  it('draws exactly the actions the core allows, with the reason for the others', async () => {
    await show('probe-11')
    const propose = screen.getByRole('button', { name: 'Propose session' })
    expect(propose.getAttribute('aria-disabled')).toBe('true')
    expect(document.getElementById(propose.getAttribute('aria-describedby') ?? '')?.textContent).toBe('You blocked this peer.')
    fireEvent.click(propose)
    expect(called('peer.propose')).toEqual([])
  })

  it('answers, then opens the review of what that made', async () => {
    answers['peer.answer'] = () => ({ ok: true, value: { ...snapshot.requests[0], id: 'made' } })
    await show('vendor-gateway-eu')
    fireEvent.click(screen.getByRole('button', { name: 'Answer…' }))
    await waitFor(() => expect(called('request.review')).toEqual([{ id: 'made' }]))
    expect(called('peer.answer')).toEqual([{ peer: idOf('vendor-gateway-eu') }])
  })

  it('offers no way to go on with a changed key, and focuses Keep frozen', async () => {
    await show('backup-agent-nas')
    expect(screen.getByRole('heading', { name: 'This peer’s key is not the one you pinned.' })).toBeTruthy()
    expect(document.activeElement?.textContent).toBe('Keep frozen')
    for (const name of [/propose/i, /answer/i, /accept/i, /approve/i, /reconnect/i])
      expect(within(screen.getByRole('article')).queryByRole('button', { name })).toBeNull()
  })

  it('does not choose a policy that the focus only walks past', async () => {
    await show('edge-cache-19')
    const ask = screen.getByRole('radio', { name: 'Always ask' })
    ask.focus()
    fireEvent.keyDown(ask, { key: 'ArrowLeft' })
    await waitFor(() => expect(document.activeElement?.textContent).toBe('Block'))
    expect(called('peer.policy')).toEqual([])
  })

  it('blocks only after saying what that means', async () => {
    await show('edge-cache-19')
    fireEvent.click(screen.getByRole('radio', { name: 'Block' }))
    expect(called('peer.policy')).toEqual([])
    fireEvent.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Block peer' }))
    await waitFor(() => expect(called('peer.policy')).toEqual([{ peer: idOf('edge-cache-19'), policy: { kind: 'block' } }]))
  })
})

describe('a conversation', () => {
  const talk = async (label: string): Promise<void> => {
    answers['session.messages'] = () => ({ ok: true, value: { messages, more: false } })
    useUi.setState({ page: 'sessions', conversation: idOf(label) })
    await open(snapshot)
  }

  it('sends on Enter to the session that may be written, and keeps the text when that fails', async () => {
    answers['session.send'] = () => ({ ok: false, error: { code: 'STATE', text: 'Too many messages wait for the peer.' } })
    await talk('build-runner-07')
    const field = await screen.findByLabelText<HTMLTextAreaElement>('Write to build-runner-07')
    fireEvent.change(field, { target: { value: 'hello' } })
    fireEvent.keyDown(field, { key: 'Enter', shiftKey: true })
    expect(called('session.send')).toEqual([])
    fireEvent.keyDown(field, { key: 'Enter' })
    await screen.findByText('Too many messages wait for the peer.')
    expect(called('session.send')).toEqual([{ session: snapshot.sessions[0]?.id, text: 'hello' }])
    expect(field.value).toBe('hello')
  })

  it('cannot be written once it has ended, and stays readable', async () => {
    await talk('HSAgent-lyra')
    expect(screen.getByText('This session has ended. It can be read, not written.')).toBeTruthy()
    expect(screen.queryByRole('textbox')).toBeNull()
    expect(screen.queryByRole('button', { name: 'Close session…' })).toBeNull()
  })

  it('closes by asking for an approval', async () => {
    answers['session.close'] = () => ({ ok: true, value: { ...snapshot.requests[1], id: 'closing' } })
    await talk('build-runner-07')
    fireEvent.click(screen.getByRole('button', { name: 'Close session…' }))
    await waitFor(() => expect(called('request.review')).toEqual([{ id: 'closing' }]))
  })

  it('shows a message that arrives', async () => {
    await talk('build-runner-07')
    await screen.findByText(/Toolchain pinned/)
    const [, theirs] = messages
    if (theirs === undefined) throw new Error('no message')
    push({ seq: snapshot.seq + 1, patch: { kind: 'message', message: { ...theirs, id: 90, text: 'It is archived.' } } })
    expect(await screen.findByText('It is archived.')).toBeTruthy()
  })
})
