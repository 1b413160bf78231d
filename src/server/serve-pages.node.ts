/** `servePages`: serves the pages of the package on this computer. */
import { checkedOptions } from '../options/call-options.js';
import { type Disposable, disposableServer, type MaybeAsyncDisposable } from '../util/resource.js';
import type { ListenParameters } from './parameter-types.js';
import { listenRows } from './parameters.js';
import { PageServer } from './server.js';

const pages = {
  'index.html': 'the door to all pages',
  'view.html': 'frames, peaks and crystals of the files that you drop on it',
  'validate.html': 'the shipped cases, on every backend of the browser, against the reference',
  'guides.html': 'the guides, by task',
};

/** Pages that are being served. */
export interface ServedPages extends Disposable {
  /** Address of the door to all pages, with a token that a browser exchanges for a cookie. */
  readonly url: string;
  /** The pages, with a description of each; their addresses contain the token. */
  readonly pages: readonly { readonly url: string; readonly about: string }[];
  /** Ends all connections, as `dispose` and `await using` do. */
  close(): Promise<void>;
}

/** Options of `servePages`. */
type ServePagesOptions = ListenParameters;

/**
 * Serves the pages of the package (viewer, validation, guides) until `close`. The server answers only
 * requests that know the token in its addresses.
 *
 * Throws `Argument` for a port or an address that cannot be used.
 */
export async function servePages(options: ServePagesOptions = {}): Promise<ServedPages & MaybeAsyncDisposable> {
  const server = await PageServer.listen({
    what: 'servePages',
    page: 'index.html',
    ...checkedOptions('servePages', options, listenRows),
  });
  const at = (page: string): string => server.url.replace('/index.html?', `/${page}?`);
  return disposableServer({
    url: server.url,
    pages: Object.entries(pages).map(([page, about]) => ({ url: at(page), about })),
    close: server.close,
  });
}
