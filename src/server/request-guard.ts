/**
 * Access control of the servers: only those that present the token may use them. Requests that name another host are
 * refused, since the name of a foreign page may resolve to this address (DNS rebinding). Requests from another origin,
 * and all methods but GET and HEAD, are refused as well; a server whose pages start runs takes POST of JSON from its own
 * pages, which say so.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { alone, isProxyPath, plainAddress, type Standing } from './behind-proxy.js';

/** The decision about a request. */
export type Verdict =
  /** `url` is the address below the path of the proxy. */
  | { readonly allowed: true; readonly url: string }
  /** The request is refused, with a status and a sentence. */
  | { readonly allowed: false; readonly status: number; readonly text: string }
  /** The token was right: the browser receives a cookie and is redirected to the address without the token. */
  | {
      readonly allowed: false;
      readonly status: 303;
      readonly location: string;
      readonly cookie: string;
      /** As of a request that is allowed, for programs, which keep no cookies. */
      readonly url: string;
    };

const refused = (status: number, text: string): Verdict => ({ allowed: false, status, text });

/** What a trusted proxy says of a request; nothing for requests of others. */
interface Forwarded {
  readonly host?: string | undefined;
  readonly scheme?: string | undefined;
  readonly path?: string | undefined;
}

type Judged = Pick<IncomingMessage, 'method' | 'url' | 'headers'> & {
  readonly socket?: { readonly remoteAddress?: string | undefined };
};

export class RequestGuard {
  /** 128 random bits unless given, which every request must present: as a cookie, in its address, or as a Bearer. */
  readonly token: string;
  readonly #hosts: readonly string[];
  /** Whether pages may send something, as those that start runs do. */
  takesPosts = false;
  #cookie = 'ewald';
  #standing: Standing = alone;

  /** `hosts` are host names under which the server may be addressed in addition to those of this computer. */
  constructor(hosts: readonly string[] = [], token = randomBytes(16).toString('base64url')) {
    this.token = token;
    this.#hosts = ['127.0.0.1', 'localhost', '[::1]', ...hosts];
  }

  /**
   * What is known once the server listens. Cookies are shared by all ports of a host, so their name contains the port.
   */
  stands(port: number, standing: Standing): void {
    this.#cookie = `ewald-${port}`;
    this.#standing = standing;
  }

  judge({ method = 'GET', url: whole = '/', headers, socket }: Judged): Verdict {
    const forwarded = this.#forwardedTo(headers, plainAddress(socket?.remoteAddress));
    if ('allowed' in forwarded) return forwarded;
    if (!this.#isHost(forwarded.host ?? headers.host))
      return refused(403, 'This server answers under its own address alone.');
    if (headers.origin !== undefined && headers.origin !== `http://${headers.host}` && !this.#isOrigin(headers.origin))
      return refused(403, 'This server answers to its own pages alone.');
    const isPost = method === 'POST' && this.takesPosts;
    if (method !== 'GET' && method !== 'HEAD' && !isPost) return refused(405, 'Only GET and HEAD are answered.');
    const unlike = isPost ? postRefusal(headers) : bodyRefusal(headers);
    if (unlike) return unlike;
    const path = forwarded.path ?? this.#standing.path;
    const url = whole.startsWith(path) ? whole.slice(path.length - 1) : whole;
    const query = url.indexOf('?');
    const parameters = new URLSearchParams(query < 0 ? '' : url.slice(query));
    const parameter = parameters.get('token');
    if (parameter !== null && this.#isToken(parameter)) {
      parameters.delete('token');
      const rest = parameters.size > 0 ? `?${parameters}` : '';
      return {
        allowed: false,
        status: 303,
        // A single slash, since two, or a slash and a backslash, would redirect to another host.
        location: `${path}${url
          .slice(0, query)
          .replace(/\s/g, '')
          .replace(/^[/\\]+/, '')}${rest}`,
        url,
        cookie: `${this.#cookie}=${this.token}; HttpOnly; ${this.#sites(forwarded.scheme)}; Path=${path}`,
      };
    }
    const [scheme, bearer = ''] = headers.authorization?.split(/ +/, 2) ?? [];
    if (scheme?.toLowerCase() === 'bearer' && this.#isToken(bearer)) return { allowed: true, url };
    const cookies = headers.cookie?.split(/; */) ?? [];
    const known = cookies.some((cookie) => {
      const [name, value = ''] = cookie.split('=', 2);
      return name === this.#cookie && this.#isToken(value);
    });
    if (known) return { allowed: true, url };
    return refused(403, 'This page needs the address with its token, as the command printed it.');
  }

  /** What a proxy says of a request, or why it is not believed. */
  #forwardedTo(headers: Judged['headers'], remote: string): Forwarded | Verdict {
    const { proxies } = this.#standing;
    const said = (name: string): string | undefined => {
      const value = headers[`x-forwarded-${name}`];
      // Of several proxies, the first one is next to the browser.
      return (Array.isArray(value) ? value.join() : value)?.split(',')[0]?.trim();
    };
    const [host, scheme, prefix] = [said('host'), said('proto')?.toLowerCase(), said('prefix')];
    if (proxies.length === 0 || (host ?? scheme ?? prefix) === undefined) return {};
    if (!proxies.includes(remote)) return refused(403, 'Forwarded headers are taken from named proxies alone.');
    if (scheme !== undefined && scheme !== 'http' && scheme !== 'https')
      return refused(400, 'X-Forwarded-Proto is neither http nor https.');
    const path = prefix === undefined || prefix.endsWith('/') ? prefix : `${prefix}/`;
    if (path !== undefined && !isProxyPath(path)) return refused(400, 'X-Forwarded-Prefix is no path of a proxy.');
    return { host, scheme, path };
  }

  /** With which requests a browser sends the cookie: those of other sites only where these may show the pages. */
  #sites(forwarded: string | undefined): string {
    const { origin, ancestors } = this.#standing;
    const isSecure = forwarded === undefined ? (origin?.startsWith('https:') ?? false) : forwarded === 'https';
    if (!isSecure) return 'SameSite=Strict';
    const hasForeign = ancestors.some(
      (ancestor) => origin === undefined || new URL(ancestor).host !== new URL(origin).host,
    );
    return hasForeign ? 'Secure; SameSite=None; Partitioned' : 'Secure; SameSite=Strict';
  }

  /** Whether an origin is that of the proxy, or of a host that the user has named. */
  #isOrigin(origin: string): boolean {
    const { origin: own, hosts } = this.#standing;
    if (origin === own) return true;
    const [, host = ''] = /^https?:\/\/([^/]+)$/i.exec(origin) ?? [];
    const name = hostName(host);
    return hosts.includes(name) && (own === undefined || new URL(own).hostname !== name);
  }

  #isHost(host = ''): boolean {
    return [...this.#hosts, ...this.#standing.hosts].includes(hostName(host));
  }

  #isToken(text: string): boolean {
    const [given, expected] = [Buffer.from(text), Buffer.from(this.token)];
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
}

/** Refuses a body where nothing reads one, so that nobody waits for one. */
const bodyRefusal = (headers: Judged['headers']): Verdict | undefined =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
    ? refused(413, 'Requests have no body.')
    : undefined;

/** The most bytes that a page sends. */
const maxBodyBytes = 2 ** 22;

/** Refuses what a form, a script of another page, or a program that says nothing of where it comes from may send. */
function postRefusal(headers: Judged['headers']): Verdict | undefined {
  const { origin, 'sec-fetch-site': site = 'same-origin', 'content-type': type = '' } = headers;
  if (origin === undefined || site !== 'same-origin')
    return refused(403, 'This server answers to its own pages alone.');
  if (!/^application\/json(?:;|$)/i.test(type)) return refused(415, 'Only JSON is taken.');
  const length = Number(headers['content-length'] ?? Number.NaN);
  if (headers['transfer-encoding'] !== undefined || !(length <= maxBodyBytes))
    return refused(413, `At most ${maxBodyBytes} bytes are taken.`);
  return undefined;
}

/** A host without its port. */
const hostName = (host: string): string => host.replace(/:\d+$/, '').toLowerCase();

/** Headers of every response: what a page may load, and who may show it in a frame. */
export const securityHeaders = (ancestors: readonly string[] = []): Readonly<Record<string, string>> => ({
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${ancestors.length > 0 ? ancestors.join(' ') : "'none'"}`,
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
});
