import { Check, X } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { TokenDto } from '../../../contract/dto.ts'
import { call } from '../../bridge/current.ts'
import { Button } from '../../components/button.tsx'
import { copyText } from '../../components/hash-cell.tsx'
import { PeerInline } from '../../components/peer-name.tsx'
import { Problem } from '../../components/problem.tsx'
import { Table } from '../../components/table.tsx'
import { formatNumber, Time, useNow } from '../../components/time.tsx'
import { useModel } from '../../state/store.ts'
import css from './ledger.module.css'
import { text } from './strings.ts'

const most = 300

/** Receipts of steps, ours and the peers’, newest first; each can be handed on as it is. */
export function Tokens() {
  const peers = useModel((model) => model.peers)
  const total = useModel((model) => model.ledger.total)
  const [answer, setAnswer] = useState<Awaited<ReturnType<typeof call<'ledger.tokens'>>> | null>(null)
  const now = useNow(60_000)
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new row may have made a token
  useEffect(() => {
    let over = false
    void call('ledger.tokens', {}).then((given) => {
      if (!over) setAnswer(given)
    })
    return () => {
      over = true
    }
  }, [total])
  if (answer === null) return <p className={css.quiet}>{text.table.reading}</p>
  if (!answer.ok) return <Problem error={answer.error} />
  const tokens = [...answer.value.tokens].sort((a, b) => b.at - a.at || b.seq - a.seq)
  if (tokens.length === 0) return <p className={css.quiet}>{text.tokens.none}</p>
  return (
    <section className={css.tokens} aria-label={text.tokens.label}>
      <p className={css.quiet}>{text.tokens.lead}</p>
      <div className={css.card}>
        <Table<TokenDto>
          label={text.tokens.label}
          rows={tokens.slice(0, most)}
          keyOf={(token) => token.id}
          columns={[
            { head: text.tokens.step, cell: (token) => <strong className={css.strong}>{text.tokens.kinds[token.kind]}</strong> },
            { head: text.tokens.whose, cell: (token) => (token.own ? text.tokens.own : <bdi>{token.peerLabel}</bdi>) },
            {
              head: text.tokens.peer,
              cell: (token) => <PeerInline peer={peers.find((peer) => peer.id === token.peer)} label={token.peerLabel} />,
              secondary: true,
            },
            { head: text.tokens.row, cell: (token) => formatNumber(token.seq), width: 'fit' },
            { head: text.tokens.time, cell: (token) => <Time at={token.at} form="day" now={now} /> },
            {
              head: text.tokens.holds,
              cell: (token) => (
                <span className={token.holds ? css.holds : css.fails}>
                  {token.holds ? <Check size={14} strokeWidth={2} /> : <X size={14} strokeWidth={2} />}
                  {token.holds ? text.tokens.yes : text.tokens.no}
                </span>
              ),
            },
            {
              head: text.tokens.copy,
              width: 'fit',
              cell: (token) => (
                <Button
                  size="small"
                  aria-label={text.tokens.copyOf(text.tokens.kinds[token.kind], formatNumber(token.seq))}
                  onClick={() => copyText(token.json, text.tokens.what)}
                >
                  {text.tokens.copy}
                </Button>
              ),
            },
          ]}
        />
      </div>
      {tokens.length > most && <p className={css.quiet}>{text.tokens.more(formatNumber(most))}</p>}
    </section>
  )
}
