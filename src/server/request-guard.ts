/**
 * Access control of the servers: only those that present the token may use them. Requests that name another host are
 * refused, since the name of a foreign page may resolve to this address (DNS rebinding). Requests from another origin,
 * and all methods but GET and HEAD, are refused as well.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { hostname, networkInterfaces } from 'node:os';

/** The decision about a request. */
export type Verdict =
  | { readonly allowed: true }
  /** The request is refused, with a status and a sentence. */
  | { readonly allowed: false; readonly status: number; readonly text: string }
  /** The token was right: the browser receives a cookie and is redirected to the address without the token. */
  | { readonly allowed: false; readonly status: 303; readonly location: string; readonly cookie: string };

const refused = (status: number, text: string): Verdict => ({ allowed: false, status, text });

export class RequestGuard {
  /** 128 random bits unless given, which every request must present: as a cookie, in its address, or as a Bearer. */
  readonly token: string;
  readonly #hosts: readonly string[];
  #cookie = 'ewald';

  /** `hosts` are host names under which the server may be addressed in addition to those of this computer. */
  constructor(hosts: readonly string[] = [], token = randomBytes(16).toString('base64url')) {
    this.token = token;
    this.#hosts = ['127.0.0.1', 'localhost', '[::1]', ...hosts];
  }

  /**
   * The port is known once the server listens. Cookies are shared by all ports of a host, so their name contains the
   * port.
   */
  set port(port: number) {
    this.#cookie = `ewald-${port}`;
  }

  judge({ method = 'GET', url = '/', headers }: Pick<IncomingMessage, 'method' | 'url' | 'headers'>): Verdict {
    if (!this.#isHost(headers.host)) return refused(403, 'This server answers under its own address alone.');
    if (headers.origin !== undefined && headers.origin !== `http://${headers.host}`)
      return refused(403, 'This server answers to its own pages alone.');
    if (method !== 'GET' && method !== 'HEAD') return refused(405, 'Only GET and HEAD are answered.');
    // Nothing here reads a body, so that nobody waits for one.
    if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0)
      return refused(413, 'Requests have no body.');
    const query = url.indexOf('?');
    const parameters = new URLSearchParams(query < 0 ? '' : url.slice(query));
    const given = parameters.get('token');
    if (given !== null && this.#isToken(given)) {
      parameters.delete('token');
      const rest = parameters.size > 0 ? `?${parameters}` : '';
      return {
        allowed: false,
        status: 303,
        // A single slash, since two, or a slash and a backslash, would redirect to another host.
        location: `/${url.slice(0, query).replace(/^[/\\]+/, '')}${rest}`,
        cookie: `${this.#cookie}=${this.token}; HttpOnly; SameSite=Strict; Path=/`,
      };
    }
    const [scheme, bearer = ''] = headers.authorization?.split(/ +/, 2) ?? [];
    if (scheme?.toLowerCase() === 'bearer' && this.#isToken(bearer)) return { allowed: true };
    const cookies = headers.cookie?.split(/; */) ?? [];
    const known = cookies.some((cookie) => {
      const [name, value = ''] = cookie.split('=', 2);
      return name === this.#cookie && this.#isToken(value);
    });
    if (known) return { allowed: true };
    return refused(403, 'This page needs the address with its token, as the command printed it.');
  }

  #isHost(host = ''): boolean {
    return this.#hosts.includes(host.replace(/:\d+$/, '').toLowerCase());
  }

  #isToken(text: string): boolean {
    const [given, expected] = [Buffer.from(text), Buffer.from(this.token)];
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
}

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

/** Headers of every response: what a page may load, and who may embed it. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};
