import { DropdownMenu } from 'radix-ui'
import type { ReactNode } from 'react'
import { classes } from './classes.ts'
import css from './menu.module.css'

export interface MenuItem {
  readonly label: string
  readonly icon?: ReactNode
  readonly danger?: boolean
  readonly disabled?: boolean
  readonly onSelect: () => void
}

/** A menu under a button. Not modal: Radix's modal menu injects a style element, which the policy refuses. */
export function Menu({
  trigger,
  items,
  head,
  align = 'end',
}: {
  trigger: ReactNode
  items: readonly (MenuItem | 'line')[]
  head?: ReactNode
  align?: 'start' | 'end'
}) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={css.menu} align={align} sideOffset={6} collisionPadding={8} loop>
          {head !== undefined && <div className={css.head}>{head}</div>}
          {items.map((item, i) =>
            item === 'line' ? (
              <DropdownMenu.Separator key={`line${i}`} className={css.line} />
            ) : (
              <DropdownMenu.Item
                key={item.label}
                className={classes(css.item, item.danger === true && css.danger)}
                disabled={item.disabled ?? false}
                onSelect={item.onSelect}
              >
                {item.icon}
                {item.label}
              </DropdownMenu.Item>
            ),
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}
