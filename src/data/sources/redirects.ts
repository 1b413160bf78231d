/**
 * Redirects, followed by hand: the headers that a user gives are meant for one origin and must not reach another one.
 * `fetch` itself drops `Authorization` there and nothing else, so that an `X-Api-Key` would arrive at any server that
 * the first one names.
 *
 * Once a redirect has left the origin (scheme, host and port), no header of the user is sent any more, not even where
 * a later redirect comes back: the path there was chosen by somebody else. A redirect from https: to http: is refused,
 * and so is one to anything that is not HTTP. Browsers hide where a redirect leads; requests with headers are
 * therefore refused there when the server redirects, and requests without headers are followed by the browser.
 */
import { EwaldError } from '../../base/errors.js';
import type { PlatformSignal } from '../../base/globals.js';

/** As many as browsers follow. */
const mostRedirects = 20;
const redirecting = [301, 302, 303, 307, 308];

/** An answer, and whether it came from another origin, to which the headers of the user were not sent. */
export interface Reached {
  readonly response: Response;
  readonly withoutHeaders: boolean;
}

/** One request after another to the same address: `own` are headers of ours, which every origin may see. */
export type Fetch = (own: Readonly<Record<string, string>>, signal: PlatformSignal) => Promise<Reached>;

/** Refuses an address that cannot be asked, or headers that HTTP does not allow; no value of a header is shown. */
export function checkRequest(address: string, headers: Readonly<Record<string, string>>): void {
  const url = new URL(address);
  if (!/^https?:$/.test(url.protocol))
    throw new EwaldError('Argument', `${address}: addresses are read by http: and https:, not by ${url.protocol}`);
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
      // The cause would repeat the value.
      throw new EwaldError(
        'Argument',
        `headers: ${JSON.stringify(name)} or its value contains characters that HTTP does not allow (a line break?)`,
      );
    }
}

/** Requests to `address` with the headers of the user, which stay at its origin. */
export function fetcher(address: string, headers: Readonly<Record<string, string>>): Fetch {
  const given = Object.keys(headers).length > 0;
  // Set once the platform has hidden a redirect from us.
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
            'the server redirects, and a browser does not tell where to; the given headers might reach another ' +
              'server. Open the address that it redirects to, or leave out the headers',
          );
        hidden = true;
        continue;
      }
      const location = redirecting.includes(response.status) ? response.headers.get('location') : null;
      if (location === null) return { response, withoutHeaders: withoutHeaders && given };
      await response.body?.cancel();
      if (redirects === mostRedirects) throw refused(address, `it redirects more than ${mostRedirects} times`);
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
