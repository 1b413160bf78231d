/**
 * Servers behind a proxy (nginx, JupyterHub, Open OnDemand): under which further names and path they may be addressed,
 * whose forwarded headers they take, and who may show their pages in a frame. Nothing of it is allowed by itself.
 */
import { isIP } from 'node:net';
import { argumentError } from '../options/parameters.js';
import { inspect } from '../util/options.js';
import { urlHost } from './host-names.js';
import type { ProxyParameters } from './parameter-types.js';

/** Where a server stands. */
export interface Standing {
  /** What its addresses begin with; without a host where only a path of the proxy is known. */
  readonly base: string;
  /** The origin of the proxy, such as https://hub.example.org; undefined if only a path, or nothing, is known. */
  readonly origin: string | undefined;
  /** The path of the pages, which begins and ends with a slash; '/' without a proxy. */
  readonly path: string;
  /** Host names, beside those of this computer, under which the server may be addressed. */
  readonly hosts: readonly string[];
  /** Origins whose pages may show the server's pages in a frame. */
  readonly ancestors: readonly string[];
  /** Addresses of proxies whose X-Forwarded-Host, -Proto and -Prefix are taken. */
  readonly proxies: readonly string[];
}

/** A server that only this computer, or its network, addresses. */
export const alone: Standing = { base: '/', origin: undefined, path: '/', hosts: [], ancestors: [], proxies: [] };

/** Whether a text is the path of a proxy: no segment is empty or leads upwards, so that it begins no other address. */
export const isProxyPath = (path: string): boolean =>
  /^\/(?:[\w.~!$&'()*+,;=:@%-]+\/)*$/.test(path) && !/(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)|%(?:2f|5c|00)/i.test(path);

/** An address without the zone and the mapping with which Node states it. */
export const plainAddress = (address = ''): string => address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');

/**
 * Checks what a user says of a proxy; the port is put into `{port}` when the server listens. Throws `Argument`, with the
 * option of `what` and what is expected.
 */
export function standingOf(what: string, proxyParameters: ProxyParameters): (host: string, port: number) => Standing {
  const { baseUrl, allowHosts = [], frameAncestors = [], trustProxies = [] } = proxyParameters;
  const refuse = (name: keyof ProxyParameters, value: string, expected: string): never => {
    throw argumentError(what, (said) => `${said(name)} is ${inspect(value)}; expected ${expected}`);
  };
  const hosts = allowHosts.map((host) =>
    /^(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])$/i.test(host)
      ? host.toLowerCase()
      : refuse('allowHosts', host, 'a host name without scheme, port and path, such as hub.example.org'),
  );
  const ancestors = frameAncestors.map(
    (text) =>
      originOf(text) ?? refuse('frameAncestors', text, 'an origin without a path, such as https://hub.example.org'),
  );
  const proxies = trustProxies.map((text) =>
    isIP(text) !== 0 ? plainAddress(text) : refuse('trustProxies', text, 'an IP address, such as 127.0.0.1'),
  );
  const at = (host: string, port: number): Standing => {
    if (baseUrl === undefined)
      return { base: `http://${urlHost(host)}:${port}/`, origin: undefined, path: '/', hosts, ancestors, proxies };
    const text = baseUrl.replaceAll('{port}', String(port));
    const [, origin, rest = origin === undefined ? '?' : ''] = /^(https?:\/\/[^/?#\\]+)?(\/.*)?$/i.exec(text) ?? [];
    const path = rest.endsWith('/') ? rest : `${rest}/`;
    const known = origin === undefined ? undefined : originOf(origin);
    if (!isProxyPath(path) || (origin !== undefined && known === undefined))
      refuse('baseUrl', baseUrl, 'an address or a path, such as https://host/ewald/ or /user/x/proxy/{port}/');
    const own = known === undefined ? [] : [new URL(known).hostname];
    return { base: `${known ?? ''}${path}`, origin: known, path, hosts: [...hosts, ...own], ancestors, proxies };
  };
  at('localhost', 1);
  return at;
}

/** The origin that a text states; undefined for any other text. */
function originOf(text: string): string | undefined {
  if (!/^https?:\/\/(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?\/?$/i.test(text) || !URL.canParse(text))
    return undefined;
  return new URL(text).origin;
}
