import type { ApprovalDto } from '../../contract/dto.ts'
import type { ApproveButton } from './approve-button.ts'
import type { Arming } from './arming.ts'
import { type Article, drawArticle, type Pictures, readArticle } from './article.ts'
import { canonical } from './canonical.ts'
import { drawsAll } from './drawing.ts'
import { isKeyChange, pinnedKeyOf, presentedKeyOf } from './key-change.ts'
import { pictureOf } from './knot.ts'
import { hashCell, readCell } from './parts.ts'
import { viewHash } from './view-hash.ts'

/** A request as it stands on the screen. */
export interface Shown {
  dto: ApprovalDto
  readonly article: Article
  readonly pictures: Pictures
  /** Canonical text of the view that was received. */
  readonly given: string
  /** Hash of the values drawn, as shown under "You approve". */
  readonly hash: string
  readonly hashSlot: Element
  readonly expirySlot: Element
  /** False if the view holds anything that was not drawn: then it cannot be approved. */
  readonly whole: boolean
  arming: Arming
  approve: ApproveButton | null
}

const slot = (root: Element, name: string): Element => {
  const found = root.querySelector(`[data-live="${name}"]`)
  if (found === null) throw new Error(`no place for ${name}`)
  return found
}

/** The hash as it stands under "You approve" now. */
export const hashShown = (shown: Shown): string | null => {
  const cell = shown.hashSlot.firstElementChild
  return cell === null || shown.hashSlot.childNodes.length !== 1 ? null : readCell(cell)
}

/** Draws a request and hashes what was drawn. */
export const prepare = async (dto: ApprovalDto, arming: Arming): Promise<Shown> => {
  const { view } = dto
  const maybe = (key: string | null) => (key === null || !isKeyChange(view) ? null : pictureOf(key))
  const pictures: Pictures = { self: await pictureOf(view.self.sign_pub), pinned: await maybe(pinnedKeyOf(view)), presented: await maybe(presentedKeyOf(view)) }
  const article = drawArticle(view, pictures)
  const hash = await viewHash(readArticle(article, view, pictures))
  const hashSlot = slot(article.root, 'hash')
  hashSlot.replaceChildren(hashCell(hash))
  return {
    dto,
    article,
    pictures,
    given: canonical(view),
    hash,
    hashSlot,
    expirySlot: slot(article.root, 'expiry'),
    whole: drawsAll(view, article.drawing),
    arming,
    approve: null,
  }
}
