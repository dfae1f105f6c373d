/** Building the document without markup strings: Trusted Types are enforced, and nothing a peer wrote is ever parsed. */

export type Child = Node | string | null

type Attributes = Readonly<Record<string, string | number | boolean | null>>

const fill = <E extends Element>(node: E, attributes: Attributes, children: readonly Child[]): E => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue
    node.setAttribute(name, value === true ? '' : String(value))
  }
  node.append(...children.filter((child) => child !== null))
  return node
}

export const el = <T extends keyof HTMLElementTagNameMap>(tag: T, attributes: Attributes = {}, ...children: readonly Child[]): HTMLElementTagNameMap[T] =>
  fill(document.createElement(tag), attributes, children)

export const svg = <T extends keyof SVGElementTagNameMap>(tag: T, attributes: Attributes = {}, ...children: readonly Child[]): SVGElementTagNameMap[T] =>
  fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children)

/** Text that somebody else chose the direction of, kept from turning its surroundings round. */
export const isolated = (text: string, attributes: Attributes = {}): HTMLElement => el('bdi', attributes, text)

export const textOf = (node: Element): string => node.textContent ?? ''
