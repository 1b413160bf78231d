/** A server of pages and their files for a single user: on this computer, protected by a token. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../util/errors.js';
import { Assets } from './assets.js';
import { standingOf } from './behind-proxy.js';
import type { ServedCompute } from './compute/served-compute.js';
import type { Gallery } from './gallery.node.js';
import { hostsOf } from './host-names.js';
import { close, keepNewest, listen } from './listening.js';
import { LiveRun } from './live-run.js';
import type { ListenParameters } from './parameter-types.js';
import { listenRows } from './parameters.js';
import { RequestGuard, securityHeaders } from './request-guard.js';
import { answerRuns } from './run-requests.js';
import type { RunInput } from './run-words.js';
import { RequestQueue, sendWhole } from './send.js';
import { SharedFiles } from './shared-files.js';
import type { StartedRuns } from './started-runs.js';

/** Options of a page server. */
interface PageServerOptions extends ListenParameters {
  /** The function of the caller, which messages name. */
  readonly what: string;
  /** The page for an address without a path, such as 'view.html'. */
  readonly page: string;
  /** The folder that the page lists, and files that are opened with each entry of it. */
  readonly gallery?: { readonly folder: Gallery; readonly beside: readonly string[] } | undefined;
  /** The files that the page may read. */
  readonly shared?: SharedFiles;
  /** Called before the page receives the names of the files it opens, which may have become more. */
  readonly refresh?: () => Promise<void>;
  /** A cell that the page uses besides its files, as the text of six or nine numbers. */
  readonly cell?: string | undefined;
  /** How the page reads files of frames. */
  readonly opening?: object | undefined;
  /** A calibration of the scan. */
  readonly calibration?: object | undefined;
  /** What computes here for pages: the files of the page, or those of an entry of the folder. */
  readonly computeOf?: ((item: readonly string[] | undefined) => Promise<ServedCompute | undefined>) | undefined;
  /** Whether the page shows frames that are added to its files. */
  readonly follow?: boolean;
  /** Runs that pages may start, and the files that they are of: those of the page, or an entry of the folder. */
  readonly starts?:
    | { readonly runs: StartedRuns; readonly inputOf: (item: readonly string[] | undefined) => RunInput | undefined }
    | undefined;
  /** Time within which a request has to be complete, ms; default 10 000. */
  readonly requestMs?: number;
}

/** A request has to be complete within this time, in ms; slower clients, and silent ones, are disconnected. */
const usualRequestMs = 10_000;
/** Larger headers are refused with status 431. */
const maxHeaderBytes = 2 ** 14;
/** Of more connections, those without an answer are closed, oldest first; a browser opens six, and a page that follows a run keeps one of them. */
const maxConnections = 256;

/** A running server; `close` ends it. */
export class PageServer {
  /** Address with the token, for the browser. */
  readonly url: string;
  /** The run that pages follow. */
  readonly live: LiveRun;
  readonly #server: Server;

  private constructor(server: Server, url: string, live: LiveRun) {
    this.#server = server;
    this.url = url;
    this.live = live;
  }

  /** Starts listening. Throws `Argument` for a port or a host that cannot be used. */
  static async listen(options: PageServerOptions): Promise<PageServer> {
    const {
      host = listenRows.host.fallback,
      port = listenRows.port.range.fallback,
      page,
      requestMs = usualRequestMs,
    } = options;
    const standsAt = standingOf(options.what, options);
    const gate = new RequestGuard(hostsOf(host));
    gate.takesPosts = options.starts !== undefined;
    const shared = options.shared ?? new SharedFiles();
    const live = new LiveRun(shared);
    const server = createServer(
      {
        requestTimeout: requestMs,
        headersTimeout: requestMs,
        // By default, Node looks for slow clients every 30 s.
        connectionsCheckingInterval: requestMs / 10,
        maxHeaderSize: maxHeaderBytes,
      },
      answers(gate, options, shared, live),
    );
    keepNewest(server, maxConnections);
    const listening = await listen(server, port, host);
    const standing = standsAt(host, listening);
    gate.stands(listening, standing);
    return new PageServer(server, `${standing.base}${page}?served&token=${gate.token}`, live);
  }

  /** Ends the server; a bound function, so that it can be called after destructuring. */
  readonly close = async (): Promise<void> => {
    // Pages receive the last statistics and the message that the run has ended before their connections are closed.
    await this.live.close();
    await close(this.#server);
  };
}

/** Answers what the page of a folder asks; returns false for anything else, and for what is not in the folder. */
async function answerGallery(
  gallery: Gallery,
  path: string,
  asked: URLSearchParams,
  say: (value: unknown) => void,
  starts: boolean,
): Promise<boolean> {
  const within = asked.get('in') ?? '';
  const entries = path === '/gallery.json' ? await gallery.list(within) : undefined;
  if (entries) say({ folder: basename(gallery.root), entries, starts });
  const item = path === '/gallery-item.json' ? await gallery.item(within, asked.get('name') ?? '') : undefined;
  if (item) say(item);
  return (entries ?? item) !== undefined;
}

/** Further headers of refusals, by their status. */
const headersOf: Readonly<Record<number, Record<string, string>>> = {
  405: { Allow: 'GET, HEAD' },
  // The body that is still on its way is not read.
  413: { Connection: 'close' },
};

function answers(
  gate: RequestGuard,
  options: PageServerOptions,
  shared: SharedFiles,
  live: LiveRun,
): (request: IncomingMessage, response: ServerResponse) => void {
  const {
    page,
    refresh,
    cell,
    opening,
    calibration,
    follow = false,
    frameAncestors,
    gallery,
    computeOf,
    starts,
  } = options;
  // In the built package, this file is next to the files that it serves.
  const assets = new Assets(fileURLToPath(new URL('.', import.meta.url)));
  const headers = securityHeaders(frameAncestors);
  /** Of what a page may start runs: files of frames. A list or a stream in a folder may name files anywhere. */
  const runInputOf = async (within: string, item: string): Promise<RunInput | undefined> => {
    if (!gallery) return starts?.inputOf(undefined);
    const paths = starts && (await gallery.folder.filesOf(within, item));
    const galleryItem = paths && (await gallery.folder.item(within, item));
    if (!galleryItem?.opens || galleryItem.isStream) return undefined;
    const input = starts?.inputOf(paths);
    return input && { ...input, entry: { in: within, item } };
  };
  /** The files of the entry of the folder that a page is of. */
  const itemOf = async (asked: URLSearchParams): Promise<readonly string[] | undefined> =>
    gallery?.folder.filesOf(asked.get('in') ?? '', asked.get('item') ?? '');
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const say = (status: number, text: string, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', ...headers });
      response.end(request.method === 'HEAD' ? undefined : text);
    };
    const verdict = gate.judge(request);
    if (!verdict.allowed) {
      if ('location' in verdict) say(303, '', { Location: verdict.location, 'Set-Cookie': verdict.cookie });
      else say(verdict.status, verdict.text, headersOf[verdict.status] ?? {});
      return;
    }
    const { url } = verdict;
    const [path = '/', query = ''] = url.split('?');
    const asked = new URLSearchParams(query);
    const sayJson = (value: unknown): void =>
      say(200, JSON.stringify(value), { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
    if (starts && path.startsWith('/runs/')) {
      return answerRuns(starts.runs, runInputOf, request, response, path);
    }
    if (request.method === 'POST') return say(405, 'Only GET and HEAD are answered.', headersOf[405]);
    if (path === '/') {
      return say(303, '', { Location: `./${page}?served` });
    }
    if (path === '/session.json') {
      const note = await refresh?.().then(() => undefined, messageOf);
      const from = Number(asked.get('from') ?? 0) || 0;
      const item = await itemOf(asked);
      if (gallery && !item) return say(404, 'There is nothing of this name in the folder.');
      const paths = item && [...item, ...(gallery?.beside ?? [])];
      const listed = paths ? paths.map((file) => shared.at(shared.share(file)) as object) : shared.list;
      const facts = await (await computeOf?.(item))?.facts();
      const of = new URLSearchParams(item && { in: asked.get('in') ?? '', item: asked.get('item') ?? '' });
      const computed = facts && { ...facts, at: `compute?${of}` };
      const startable = starts && (await runInputOf(asked.get('in') ?? '', asked.get('item') ?? ''));
      const how = { follow, cell, opening, calibration, note, compute: computed, ...(startable && { starts: true }) };
      return sayJson({ files: listed.slice(Math.max(0, from)), ...how });
    }
    if (path.startsWith('/compute/')) {
      const item = await itemOf(asked);
      const compute = gallery && !item ? undefined : await computeOf?.(item);
      if (await compute?.answer(request, response, path, asked)) return;
    }
    if (gallery && (await answerGallery(gallery.folder, path, asked, sayJson, starts !== undefined))) return;
    if (live.answer(request, response, url)) return;
    if (await shared.answer(request, response, path)) return;
    const asset = await assets.at(path, String(request.headers['accept-encoding'] ?? ''));
    if (!asset) return say(404, 'There is nothing at this address.');
    response.writeHead(200, { ...asset.headers, 'Content-Length': asset.body.length });
    await sendWhole(response, request.socket, request.method === 'HEAD' ? undefined : asset.body);
  };
  const turns = new RequestQueue();
  return (request, response) =>
    turns.take(response, request.socket, () => answer(request, response).catch(() => void response.destroy()));
}
