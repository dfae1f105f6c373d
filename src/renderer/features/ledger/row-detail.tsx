// biome-ignore-all lint/a11y/useSemanticElements: a table of the platform cannot be drawn in part, with its rows placed by hand
// biome-ignore-all lint/a11y/useFocusableInteractive: rows are reached by the button in them
import { useLayoutEffect, useRef } from 'react'
import type { RowDto } from '../../../contract/dto.ts'
import { Button } from '../../components/button.tsx'
import { Facts } from '../../components/card.tsx'
import { copyText, HashCell, Mono } from '../../components/hash-cell.tsx'
import { absolute, formatNumber } from '../../components/time.tsx'
import { goToAudit, goToPeer } from '../../state/ui.ts'
import css from './row-detail.module.css'
import { text } from './strings.ts'

/** The payload is canonical JSON from our own ledger; what is not JSON after all is shown as it is. */
function pretty(payload: string): string {
  try {
    return JSON.stringify(JSON.parse(payload), null, 2)
  } catch {
    return payload
  }
}

/** Everything that is in a row, under it. Tells its height, so that the rows below can be placed. */
export function RowDetail({ row, onHeight }: { row: RowDto; onHeight: (height: number) => void }) {
  const box = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const node = box.current
    if (node === null) return undefined
    const measure = (): void => onHeight(node.offsetHeight)
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(node)
    return () => observer.disconnect()
  }, [onHeight])
  const hash = (name: string, hex: string) => ({ label: name, value: <HashCell hex={hex} what={text.detail.what(name)} /> })
  const { peer } = row
  return (
    <div ref={box} className={css.detail} role="row">
      <div role="cell" className={css.cell}>
        <div className={css.facts}>
          <Facts
            rows={[
              hash(text.detail.prev, row.prevHash),
              hash(text.detail.payloadHash, row.payloadHash),
              hash(text.detail.state, row.hash),
              ...(row.proofDigest === null ? [] : [hash(text.detail.proof, row.proofDigest)]),
              ...(row.acks === null
                ? []
                : [
                    {
                      label: text.detail.acks,
                      value: (
                        <>
                          {text.detail.acksRow(formatNumber(row.acks.seq))}
                          <HashCell hex={row.acks.hash} what={text.detail.acksRow(formatNumber(row.acks.seq))} />
                        </>
                      ),
                    },
                  ]),
              {
                label: text.detail.zeqond,
                value: (
                  <>
                    <Mono>{row.zeqond}</Mono> {absolute(row.at)}
                  </>
                ),
              },
              { label: text.detail.headSig, value: <Mono>{row.headSig}</Mono> },
            ]}
          />
        </div>
        <div className={css.side}>
          <div className={css.sideHead}>
            <strong>{text.detail.payload}</strong>
            {row.payload !== null && (
              <Button size="small" onClick={() => copyText(row.payload ?? '', text.detail.copied)}>
                {text.detail.copy}
              </Button>
            )}
          </div>
          {row.payload === null ? (
            <p className={css.quiet}>{text.detail.withheld}</p>
          ) : (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
            <pre className={css.json} dir="ltr" translate="no" tabIndex={0}>
              {pretty(row.payload)}
            </pre>
          )}
          {peer !== null && (
            <div className={css.buttons}>
              {row.session !== null && (
                <Button size="small" onClick={() => goToAudit(peer, row.session)}>
                  {text.detail.evidence}
                </Button>
              )}
              <Button size="small" onClick={() => goToPeer(peer)}>
                {text.detail.peer}
              </Button>
            </div>
          )}
        </div>
      </div>
    </div>
  )
}
