import { Confirm } from '../../components/dialog.tsx'
import { Problem } from '../../components/problem.tsx'
import { useCommand } from '../../components/use-command.ts'
import { toast } from '../../state/ui.ts'
import { text } from './strings.ts'

/** Rejecting many at once is asked for once, and says what it does. `peer` null: everybody's. */
export function RejectDialog({ peer, label, count, onClose }: { peer: string | null; label: string | null; count: number; onClose: () => void }) {
  const reject = useCommand('request.rejectAll')
  return (
    <Confirm
      title={label === null ? text.reject.titleAll(count) : text.reject.titlePeer(count, label)}
      verb={text.reject.act}
      cancel={text.reject.keep}
      danger
      busy={reject.busy}
      onClose={onClose}
      onConfirm={async () => {
        const done = await reject.run({ peer })
        if (done === undefined) return
        toast(text.reject.done(done.rejected))
        onClose()
      }}
    >
      <p>{text.reject.body}</p>
      <Problem error={reject.error} />
    </Confirm>
  )
}
