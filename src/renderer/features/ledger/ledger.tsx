import { RefreshCw } from 'lucide-react'
import { useState } from 'react'
import type { MachineDto } from '../../../contract/dto.ts'
import { PageHeader } from '../../app/page-header.tsx'
import { Button, LinkButton } from '../../components/button.tsx'
import { Card, Facts } from '../../components/card.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { HashCell, Mono } from '../../components/hash-cell.tsx'
import { Segmented } from '../../components/segmented.tsx'
import { formatNumber } from '../../components/time.tsx'
import { useModel } from '../../state/store.ts'
import { go, goToSettings } from '../../state/ui.ts'
import { GoTo } from './go-to.tsx'
import css from './ledger.module.css'
import { Recovering } from './recovering.tsx'
import { Rows } from './rows.tsx'
import { text } from './strings.ts'
import { Tokens } from './tokens.tsx'
import { useVerify, Verified } from './verified.tsx'

/** The own ledger: whose, how much of it was checked, every row, the receipts. */
export function Ledger() {
  const machine = useModel((model) => model.app?.machine ?? null)
  const known = useModel((model) => model.ledger.total)
  const [tab, setTab] = useState<'rows' | 'tokens' | 'machine'>('rows')
  const check = useVerify()
  if (machine === null) {
    return (
      <>
        <PageHeader title={text.title} />
        <div className={css.page}>
          <EmptyState title={text.none.title}>{text.none.lead}</EmptyState>
        </div>
      </>
    )
  }
  const total = Math.max(machine.rows, known ?? 0)
  return (
    <>
      <PageHeader
        title={text.title}
        aside={
          <>
            <Mono>{machine.originId}</Mono> · {text.rows(formatNumber(total))} · {machine.public ? text.isPublic : text.isPrivate}
          </>
        }
        actions={
          total > 0 && (
            <Button icon={<RefreshCw size={15} strokeWidth={1.75} />} busy={check.busy} onClick={() => void check.run()}>
              {check.result === null ? text.verify.act : text.verify.again}
            </Button>
          )
        }
      />
      <div className={css.page}>
        {machine.recovering !== null && <Recovering recovering={machine.recovering} />}
        {total === 0 ? (
          <EmptyState
            title={text.empty.title}
            half
            after={
              <>
                <Machine machine={machine} />
                <Button onClick={() => go('peers')}>{text.empty.act}</Button>
              </>
            }
          >
            {text.empty.lead}
          </EmptyState>
        ) : (
          <>
            <Verified check={check} total={total} />
            <div className={css.tabs}>
              <Segmented
                label={text.tabs.label}
                value={tab}
                onChange={setTab}
                segments={[
                  { value: 'rows', label: text.tabs.rows },
                  { value: 'tokens', label: text.tabs.tokens },
                  { value: 'machine', label: text.tabs.machine },
                ]}
              />
              {tab === 'rows' && <GoTo total={total} />}
            </div>
            {tab === 'rows' && <Rows total={total} />}
            {tab === 'tokens' && <Tokens />}
            {tab === 'machine' && <Machine machine={machine} />}
          </>
        )}
      </div>
    </>
  )
}

function Machine({ machine }: { machine: MachineDto }) {
  return (
    <div className={css.machine}>
      <Card label={text.machine.label}>
        <div className={css.facts}>
          <p className={css.slug}>
            <bdi>{machine.slug}</bdi>
          </p>
          <Facts
            rows={[
              {
                label: text.machine.genesis,
                value: (
                  <>
                    <HashCell hex={machine.genesis} what={text.machine.genesisWhat} icon />
                    <span className={css.quiet}>{text.machine.genesisText}</span>
                  </>
                ),
              },
              ...(machine.head === null ? [] : [{ label: text.machine.head, value: <HashCell hex={machine.head} what={text.machine.headWhat} /> }]),
              ...(machine.custody === 'own' ? [] : [{ label: text.machine.custody, value: text.machine.host }]),
            ]}
          />
          <p className={css.quiet}>
            {machine.public ? text.machine.public : text.machine.private} <LinkButton onClick={() => goToSettings('ledger')}>{text.machine.change}</LinkButton>
          </p>
        </div>
      </Card>
    </div>
  )
}
