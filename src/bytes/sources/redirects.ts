/**
 * Follows redirects manually: headers given by the user are meant for one origin and must not reach another. `fetch`
 * itself only drops `Authorization`, so an `X-Api-Key` would reach any server that the first one names.
 *
 * Once a redirect has left the origin (scheme, host and port), no header of the user is sent any more, even if a later
 * redirect returns: its path was chosen by someone else. Redirects from https: to http:, and to anything that is not
 * HTTP, are rejected. Browsers hide where a redirect leads; there, requests with headers are rejected if the server
 * redirects, and requests without headers are followed by the browser.
 */
import { EwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';

/** The same limit as in browsers. */
const maxRedirects = 20;
const redirecting = [301, 302, 303, 307, 308];

/** A response, and whether it came from another origin, to which the user's headers were not sent. */
interface Reached {
  readonly response: Response;
  readonly withoutHeaders: boolean;
}

/** Repeated requests to one address; `own` are ewald's own headers, which every origin may see. */
export type Fetch = (own: Readonly<Record<string, string>>, signal: PlatformSignal) => Promise<Reached>;

/**
 * Rejects an address that cannot be requested, or headers that HTTP does not allow; values of headers are never shown.
 */
export function checkRequest(address: string, headers: Readonly<Record<string, string>>): void {
  const url = new URL(address);
  if (!/^https?:$/.test(url.protocol))
    throw new EwaldError('Argument', `${address}: only http: and https: addresses can be read, not ${url.protocol}`);
  if (url.username !== '' || url.password !== '') {
    url.username = '';
    url.password = '';
    throw new EwaldError(
      'Argument',
      `${url}: the address contains a user name or a password, which messages and files would repeat; ` +
        "remove it and pass headers: { Authorization: 'Basic …' } to httpSource",
    );
  }
  for (const [name, value] of Object.entries(headers))
    try {
      new Headers([[name, value]]);
    } catch {
      // The cause would reveal the value.
      throw new EwaldError(
        'Argument',
        `headers: ${JSON.stringify(name)} or its value contains characters that HTTP does not allow (a line break?)`,
      );
    }
}

/** Requests to `address` with the user's headers, which are only sent to its origin. */
export function fetcher(address: string, headers: Readonly<Record<string, string>>): Fetch {
  const given = Object.keys(headers).length > 0;
  // Set once the platform has hidden a redirect.
  let hidden = false;
  return async (own, signal) => {
    let url = new URL(address);
    let withoutHeaders = false;
    for (let redirects = 0; ; redirects++) {
      const all = new Headers(withoutHeaders ? {} : headers);
      for (const [name, value] of Object.entries(own)) all.set(name, value);
      const response = await fetch(url, { headers: all, redirect: hidden ? 'follow' : 'manual', signal });
      if (response.type === 'opaqueredirect') {
        if (given)
          throw refused(
            address,
            'the server redirects, and a browser does not reveal where to; the given headers might reach another ' +
              'server. Open the address it redirects to, or omit the headers',
          );
        hidden = true;
        continue;
      }
      const location = redirecting.includes(response.status) ? response.headers.get('location') : null;
      if (location === null) return { response, withoutHeaders: withoutHeaders && given };
      await response.body?.cancel();
      if (redirects === maxRedirects) throw refused(address, `it redirects more than ${maxRedirects} times`);
      const next = target(address, location, url);
      withoutHeaders ||= next.origin !== url.origin;
      url = next;
    }
  };
}

function target(address: string, location: string, from: URL): URL {
  const next = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (!next || !/^https?:$/.test(next.protocol) || next.username !== '' || next.password !== '')
    throw refused(address, 'it redirects to something that is not a plain http: or https: address');
  if (from.protocol === 'https:' && next.protocol === 'http:')
    throw refused(
      address,
      `it redirects from https: to ${next.origin}, which is not encrypted; open that address itself if you trust it`,
    );
  return next;
}

const refused = (address: string, why: string): EwaldError =>
  new EwaldError('File', `${address} was not read: ${why}`, { detail: { path: address, redirect: true } });
