/** How a relay names a sender: the original's `format_addr` of the TCP peer address. */
import { networkInterfaces } from 'node:os'

/** Numeric scope id of an interface name, as in `fe80::1%eth0`; null where there is none of that name. */
export type ScopeOf = (interfaceName: string) => number | null

/** Node names the interface of a link-local address, Python numbers it. */
export const systemScopeOf: ScopeOf = (name) => {
  for (const address of networkInterfaces()[name] ?? []) {
    if (address.family === 'IPv6' && address.scopeid !== 0) return address.scopeid
  }
  return null
}

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/**
 * `127.0.0.1:49830`, `[::1]:49830`, `[fe80::1%2]:49830`. A relay that listens on both families sees IPv4 clients as
 * `::ffff:a.b.c.d`; they are written as the IPv4 addresses they are.
 */
export const formatRemoteAddr = (address: string, port: number, scopeOf: ScopeOf = systemScopeOf): string => {
  const mapped = MAPPED_IPV4.exec(address)?.[1]
  if (mapped !== undefined) return `${mapped}:${port}`
  if (!address.includes(':')) return `${address}:${port}`
  const [host = '', zone] = address.split('%')
  const scope = zone === undefined ? null : /^\d+$/.test(zone) ? Number(zone) : (scopeOf(zone) ?? zone)
  return scope === null || scope === 0 ? `[${host}]:${port}` : `[${host}%${scope}]:${port}`
}
