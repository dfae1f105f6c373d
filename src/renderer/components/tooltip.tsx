import { Tooltip as Radix } from 'radix-ui'
import type { ReactElement } from 'react'
import css from './tooltip.module.css'

/** The name of an icon. */
export function Tooltip({ text, side = 'bottom', children }: { text: string; side?: 'bottom' | 'right'; children: ReactElement }) {
  return (
    <Radix.Root delayDuration={300}>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className={css.tip} side={side} sideOffset={8} collisionPadding={8}>
          {text}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

export const TooltipProvider = Radix.Provider
