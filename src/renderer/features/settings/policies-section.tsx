import type { PeerDto } from '../../../contract/dto.ts'
import { Button, LinkButton } from '../../components/button.tsx'
import { PeerInline } from '../../components/peer-name.tsx'
import { Problem } from '../../components/problem.tsx'
import { Table } from '../../components/table.tsx'
import { dayAndTimeInside, useNow } from '../../components/time.tsx'
import { useCommand } from '../../components/use-command.ts'
import { useModel } from '../../state/store.ts'
import { goToPeer, toast } from '../../state/ui.ts'
import { Group, Section } from './section.tsx'
import css from './settings.module.css'
import { text } from './strings.ts'

export function PoliciesSection() {
  const peers = useModel((model) => model.peers)
  const set = useCommand('peer.policy')
  const now = useNow(30_000)
  const own = peers.filter((peer) => peer.policy.kind !== 'ask')
  const says = ({ policy }: PeerDto): string =>
    policy.kind === 'accept-until' ? text.policies.until(dayAndTimeInside(policy.until, now)) : text.policies.kinds[policy.kind]
  return (
    <Section title={text.sections.policies} lead={text.policies.lead}>
      <Group>
        {own.length === 0 ? (
          <p className={css.facts}>{text.policies.none}</p>
        ) : (
          <Table<PeerDto>
            label={text.sections.policies}
            rows={own}
            keyOf={(peer) => peer.id}
            columns={[
              {
                head: text.policies.peer,
                cell: (peer) => (
                  <LinkButton onClick={() => goToPeer(peer.id)}>
                    <PeerInline peer={peer} label={peer.label} />
                  </LinkButton>
                ),
              },
              { head: text.policies.policy, cell: says },
              {
                head: text.policies.change,
                end: true,
                cell: (peer) => (
                  <Button
                    size="small"
                    aria-label={text.policies.resetOf(peer.label)}
                    onClick={async () => {
                      if ((await set.run({ peer: peer.id, policy: { kind: 'ask' } })) !== undefined) toast(text.policies.done)
                    }}
                  >
                    {text.policies.reset}
                  </Button>
                ),
              },
            ]}
          />
        )}
      </Group>
      <Problem error={set.error} />
    </Section>
  )
}
