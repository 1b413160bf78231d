/** The names and addresses of this computer, by which a server on it is addressed. */
import { hostname, networkInterfaces } from 'node:os';

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';

/** The name of a host in an address; this computer's, if the server listens on all of its addresses. */
export const urlHost = (host: string): string =>
  isWildcard(host) ? hostname() : host.includes(':') ? `[${host}]` : host;

/** Names and addresses under which a server on `host` can be reached. */
export function hostsOf(host: string): string[] {
  if (!isWildcard(host)) return [urlHost(host).toLowerCase()];
  const addresses = Object.values(networkInterfaces()).flatMap((list = []) => list.map(({ address }) => address));
  return [hostname().toLowerCase(), ...addresses.map((address) => (address.includes(':') ? `[${address}]` : address))];
}
