import { useState } from 'react'
import type { PeerDto } from '../../../contract/dto.ts'
import { Button } from '../../components/button.tsx'
import { Confirm, Dialog } from '../../components/dialog.tsx'
import { Field, TextInput } from '../../components/field.tsx'
import { Problem } from '../../components/problem.tsx'
import { words } from '../../components/strings.ts'
import { useCommand } from '../../components/use-command.ts'
import { toast, useUi } from '../../state/ui.ts'
import { text } from './strings.ts'

export function NameDialog({ peer, onClose }: { peer: PeerDto; onClose: () => void }) {
  const set = useCommand('peer.name')
  const [name, setName] = useState(peer.name ?? '')
  const save = async (value: string): Promise<void> => {
    if ((await set.run({ peer: peer.id, name: value })) === undefined) return
    toast(text.done.named)
    onClose()
  }
  return (
    <Dialog
      title={text.nameDialog.title}
      onClose={onClose}
      onSubmit={() => void save(name.trim())}
      actions={
        <>
          {peer.name !== null && (
            <Button kind="quiet" onClick={() => void save('')}>
              {text.nameDialog.clear}
            </Button>
          )}
          <Button onClick={onClose}>{words.cancel}</Button>
          <Button kind="primary" submit busy={set.busy}>
            {text.nameDialog.save}
          </Button>
        </>
      }
    >
      <p>{text.nameDialog.text}</p>
      <Field label={text.nameDialog.label}>
        {({ id }) => <TextInput id={id} value={name} maxLength={64} data-first onChange={(event) => setName(event.target.value)} />}
      </Field>
      <Problem error={set.error} />
    </Dialog>
  )
}

export function ForgetDialog({ peer, onClose }: { peer: PeerDto; onClose: () => void }) {
  const forget = useCommand('peer.forget')
  return (
    <Confirm
      danger
      title={text.forget.title(peer.label)}
      verb={text.forget.act}
      cancel={text.forget.keep}
      busy={forget.busy}
      onClose={onClose}
      onConfirm={async () => {
        if ((await forget.run({ peer: peer.id })) === undefined) return
        useUi.setState({ peer: null })
        toast(text.done.forgotten)
        onClose()
      }}
    >
      <p>{text.forget.text}</p>
      <Problem error={forget.error} />
    </Confirm>
  )
}
