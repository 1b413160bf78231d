/** Serves the state of a run to programs: `/health` as JSON, `/metrics` in the text format of Prometheus. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { argumentError } from '../options/parameters.js';
import { EwaldError } from '../util/errors.js';
import { inspect } from '../util/options.js';
import { standingOf } from './behind-proxy.js';
import { hostsOf } from './host-names.js';
import { close, keepNewest, listen } from './listening.js';
import type { ProxyParameters } from './parameter-types.js';
import { RequestGuard, securityHeaders } from './request-guard.js';
import { RequestQueue } from './send.js';
import type { WatchedRun } from './watch/watched-run.js';

/** A request has to be complete within this time, ms. */
const requestMs = 10_000;
/** With more connections, the one that is silent for longest is closed: slow clients do not keep others out. */
const maxConnections = 32;

/** The host and port of `host:port`, `[::1]:port`, `:port` or `port`. Throws `Argument`. */
function statusAddress(text: string, what: string): { readonly host: string; readonly port: number } {
  const [, bracketed, name, digits = ''] = /^(?:(?:\[([^\]]+)\]|([^:\s[\]]*)):)?(\d+)$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65_535)
    throw argumentError(
      what,
      (said) => `${said('status')} is ${inspect(text)}; expected a port from 0 to 65535, or host:port as 0.0.0.0:9100`,
    );
  return { host: bracketed || name || '127.0.0.1', port };
}

/** What answers are made of: a `WatchedRun`, or a worker. */
export type StatedRun = Pick<WatchedRun, 'isHealthy' | 'health' | 'metrics'>;

const fewestTokenLetters = 16;

/** The server of a run's state. */
export class StatusServer {
  /** The address of `/health`, with the token. */
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  /**
   * Starts listening; the token is EWALD_STATUS_TOKEN, or a random one. Throws `Argument` for an address that cannot be
   * used, and for a token of fewer than 16 characters.
   */
  static async listen(
    address: string,
    what: string,
    run: StatedRun,
    proxy: ProxyParameters = {},
  ): Promise<StatusServer> {
    const { host, port } = statusAddress(address, what);
    const standsAt = standingOf(what, proxy);
    const token = process.env.EWALD_STATUS_TOKEN || undefined;
    if (token !== undefined && !new RegExp(`^[\\w.~-]{${fewestTokenLetters},}$`).test(token))
      throw new EwaldError(
        'Argument',
        `EWALD_STATUS_TOKEN has ${token.length} characters; expected at least ${fewestTokenLetters} letters, digits, ` +
          '-, ., _ or ~',
      );
    const gate = new RequestGuard(hostsOf(host), token);
    const times = { requestTimeout: requestMs, headersTimeout: requestMs, connectionsCheckingInterval: requestMs / 10 };
    const headers = securityHeaders(proxy.frameAncestors);
    const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      response.setHeader('Cache-Control', 'no-store');
      const say = (status: number, type: string, text: string): void => {
        response.writeHead(status, { 'Content-Type': type });
        response.end(request.method === 'HEAD' ? undefined : text);
      };
      const verdict = gate.judge(request);
      // Programs keep no cookies: an address with the token is answered at once.
      if (!verdict.allowed && !('location' in verdict)) return say(verdict.status, 'text/plain', `${verdict.text}\n`);
      const [path] = verdict.url.split('?');
      if (path === '/health')
        return say(run.isHealthy ? 200 : 503, 'application/json', `${JSON.stringify(run.health)}\n`);
      if (path === '/metrics') return say(200, 'text/plain; version=0.0.4; charset=utf-8', run.metrics);
      return say(404, 'text/plain', 'There are /health and /metrics.\n');
    };
    const turns = new RequestQueue();
    const server = createServer(times, (request, response) =>
      turns.take(response, request.socket, () => answer(request, response)),
    );
    keepNewest(server, maxConnections);
    const listening = await listen(server, port, host);
    const standing = standsAt(host, listening);
    gate.stands(listening, standing);
    // A run that has ended is not kept alive by its server.
    server.unref();
    return new StatusServer(server, `${standing.base}health?token=${gate.token}`);
  }

  close(): Promise<void> {
    return close(this.#server);
  }
}
