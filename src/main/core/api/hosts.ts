/** Is this an address of this machine that no other can reach? */
export const isLoopback = (address: string): boolean =>
  /^127(?:\.\d{1,3}){3}$/.test(address) || address === '::1' || /^::ffff:127(?:\.\d{1,3}){3}$/i.test(address)

/** Names under which a page in a browser of this machine may be meant when it says "here". */
const isLoopbackName = (host: string): boolean => host === 'localhost' || host === '[::1]' || isLoopback(host)

/**
 * May a request with this Host be answered? A server on loopback answers only to loopback's names: otherwise a page whose name is
 * made to point here (DNS rebinding) would be of one origin with us.
 */
export const hostAllowed = (listensOnLoopback: boolean, host: string | undefined): boolean => {
  const name = /^(\[[0-9a-fA-F:.]+\]|[^:[\]/@\s]+)(?::\d{1,5})?$/.exec(host ?? '')?.[1]?.toLowerCase()
  if (name === undefined) return false
  return !listensOnLoopback || isLoopbackName(name)
}

/** A page of another origin is refused before anything is looked at; a program sends no Origin. There is no CORS. */
export const originAllowed = (origin: string | null, host: string | undefined): boolean => origin === null || origin === `http://${host ?? ''}`
