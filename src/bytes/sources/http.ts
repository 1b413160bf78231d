/**
 * A file at an HTTP address as a source, read by ranges.
 *
 * Rejected with an explanation: a server without ranges (unless the file is small), and a file that changes while it is
 * being read (its ETag, Last-Modified or size does). Transient failures (network, 429, 5xx) are retried with back-off,
 * from the first missing byte on.
 */

import { absoluteAddress } from '../../util/addresses.js';
import { expects } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';
import { fetchReason } from '../../util/fetch-reason.js';
import type { PlatformSignal, PlatformUrl } from '../../util/globals.js';
import { joined } from '../../util/joined.js';
import { checkSignal } from '../../util/options.js';
import { pause } from '../../util/pace.js';
import {
  absentFile,
  type ByteSource,
  type BytesOptions,
  partsInside,
  type ReadOptions,
  readTarget,
  type SiblingOptions,
} from '../byte-source.js';
import { changed, checkVersion, conditionsOf, type Version, versionOf } from './http-version.js';
import { ReadAhead, rangeBytes } from './read-ahead.js';
import { checkRequest, type Fetch, fetcher } from './redirects.js';
import { Silence } from './silence.js';

/** Options of an HTTP source. */
export interface HttpSourceOptions extends ReadOptions {
  /**
   * Headers of every request, such as an authorization. They are also sent to siblings of the same origin, and dropped
   * for good once a redirect leaves the origin. Browsers hide where a redirect leads, so a redirected request with
   * headers is rejected there (`File`).
   */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Number of retries before another byte arrives. Default 4, which takes about 4 s with the waits below. */
  readonly retries?: number | undefined;
  /** First wait in seconds, doubled each time. Default 0.25. */
  readonly retryS?: number | undefined;
  /**
   * How long a request may be silent, in seconds: without a response, or without another byte of it. Default 60, the
   * usual timeout of proxies; the duration of a whole response is not limited.
   */
  readonly timeoutS?: number | undefined;
}

/**
 * Without ranges, a file up to this many bytes is fetched as a whole: most masks, geometries and headers are smaller.
 */
const wholeBytes = 2 ** 26;

/**
 * Opens an address. Throws `File` if it does not exist, is refused, or the server does not support ranges for a large
 * file, and `Argument` for an address with a password or for invalid HTTP headers.
 */
export async function httpSource(url: string | PlatformUrl, options: HttpSourceOptions = {}): Promise<ByteSource> {
  const isGiven = typeof url === 'string' || (typeof url === 'object' && url !== null && 'href' in url);
  expects(isGiven, 'httpSource: the address', url, 'an http: or https: URL');
  const address = absoluteAddress(String(url));
  expects(/^https?:/i.test(address), 'httpSource: the address', url, 'an http: or https: URL');
  checkRequest(address, options.headers ?? {});
  const client: Client = {
    address,
    request: fetcher(address, options.headers ?? {}),
    retries: options.retries ?? 4,
    retryS: options.retryS ?? 0.25,
    timeoutS: options.timeoutS ?? 60,
  };
  const { version, head } = await firstLook(client, options.signal);
  const whole = head.length === version.size ? head : undefined;
  const fetchRange = (offset: number, into: Uint8Array, { signal }: ReadOptions): Promise<void> =>
    readRange(client, version, offset, into, signal);
  const ranges = new ReadAhead(version.size, fetchRange, whole ? new Uint8Array(0) : head);
  const source: ByteSource = {
    name: address,
    size: version.size,
    async read(offset: number, into: number | Uint8Array, { signal, alone }: BytesOptions = {}) {
      checkSignal(signal);
      const out = readTarget(source, offset, into);
      if (whole) out.set(whole.subarray(offset, offset + out.byteLength));
      else await ranges.read(offset, out, { signal, alone });
      return out;
    },
    async sibling(path: string, siblingOptions: SiblingOptions = {}) {
      partsInside(address, path, siblingOptions);
      // The path is a name, not a reference: '#' and '?' are characters of the name.
      const reference = path.split('/').map(encodeURIComponent).join('/');
      const next = new URL(/^[a-z]+:\/\//i.test(path) ? path : reference, address);
      const sameOrigin = next.origin === new URL(address).origin;
      const { headers: _, ...rest } = options;
      return httpSource(next, { ...(sameOrigin ? options : rest), signal: siblingOptions.signal });
    },
    close: async () => ranges.clear(),
  };
  return source;
}

/** The requester and its retry policy. */
interface Client {
  readonly address: string;
  readonly request: Fetch;
  readonly retries: number;
  readonly retryS: number;
  readonly timeoutS: number;
}

/**
 * Requesting the first bytes, which every format reads, reveals the size, the version and whether ranges are supported;
 * a small file may be returned whole.
 */
async function firstLook(
  client: Client,
  signal: PlatformSignal | undefined,
): Promise<{ version: Version; head: Uint8Array }> {
  const { address } = client;
  let parts: Uint8Array[] = [];
  let found: { response: Response; bytes: number } | undefined;
  await patiently(client, signal, async (silence) => {
    parts = [];
    const response = await answer(client, 0, rangeBytes, {}, silence);
    if (!response) return false;
    let bytes = 0;
    const most = response.status === 206 ? rangeBytes : wholeBytes;
    await announced(client, response, most, rangeBytes);
    await pour(response, silence, (piece) => {
      bytes += piece.byteLength;
      parts.push(piece);
      return bytes <= most;
    });
    if (bytes > most) throw tooMuch(client, response, rangeBytes);
    found = { response, bytes };
    return true;
  });
  const { response, bytes } = found as unknown as { response: Response; bytes: number };
  const { headers } = response;
  const head = joined(Uint8Array, parts);
  if (response.status === 200) return { version: { address, size: bytes, etag: null, modified: null }, head };
  const version = versionOf(address, response);
  const isHead = /^bytes 0-/.test(headers.get('content-range') ?? '');
  if (version) return { version, head: isHead ? head : new Uint8Array(0) };
  throw new EwaldError(
    'File',
    `${address}: the server does not state a size (Content-Range is ${headers.get('content-range') ?? 'missing'}); ` +
      'if it is another origin, it must expose that header: Access-Control-Expose-Headers: Content-Range, ETag',
    { detail: { path: address } },
  );
}

/** Reads as many bytes as `out` holds; an interrupted response is resumed where it ended. */
async function readRange(
  client: Client,
  version: Version,
  offset: number,
  out: Uint8Array,
  signal: PlatformSignal | undefined,
): Promise<void> {
  const { address } = client;
  let done = 0;
  await patiently(
    client,
    signal,
    async (silence) => {
      const from = offset + done;
      const wanted = out.byteLength - done;
      const response = await answer(client, from, wanted, conditionsOf(version), silence);
      if (!response) return false;
      try {
        checkVersion(version, response);
      } catch (error) {
        await response.body?.cancel();
        throw error;
      }
      const range = response.headers.get('content-range');
      const start = /^bytes (\d+)-/.exec(range ?? '')?.[1];
      if (start !== undefined && Number(start) !== from) {
        await response.body?.cancel();
        throw new EwaldError(
          'File',
          `${address}: requested ${wanted} bytes at ${from}, but the server ` + `returned ${range}`,
          {
            detail: { path: address },
          },
        );
      }
      await announced(client, response, wanted, wanted);
      try {
        await pour(response, silence, (piece) => {
          if (done + piece.byteLength > out.byteLength) throw tooMuch(client, response, wanted);
          out.set(piece, done);
          done += piece.byteLength;
          return true;
        });
      } catch (error) {
        // Errors after the last byte of a response do not matter.
        if (error instanceof EwaldError || done < out.byteLength) throw error;
      }
      if (done < out.byteLength) throw new Error(`the response ended ${out.byteLength - done} bytes early`);
      return true;
    },
    () => done,
  );
}

/** Rejects a response whose declared length exceeds `most`. */
async function announced(client: Client, response: Response, most: number, wanted: number): Promise<void> {
  const { headers } = response;
  if (!(Number(headers.get('content-length')) > most) || headers.get('content-encoding') !== null) return;
  await response.body?.cancel();
  throw tooMuch(client, response, wanted);
}

const tooMuch = ({ address }: Client, { status }: Response, wanted: number): EwaldError =>
  new EwaldError(
    'File',
    status === 206
      ? `${address}: the server returned more than the ${wanted} bytes requested`
      : `${address}: the server does not support ranges (it answered 200 instead of 206) and the file is larger than ` +
          `${wholeBytes >> 20} MiB; use a server with ranges (nginx, Apache, S3) or download the file first`,
    { detail: { path: address, status } },
  );

/** Explanations of the causes behind Node's "fetch failed". */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'no server is listening there (connection refused)',
  ECONNRESET: 'the server closed the connection',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name is unknown, or the network is down',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_SOCKET: 'the server closed the connection',
};

function reasonOf(why: unknown): string {
  const { cause } = why as { cause?: unknown };
  const { code } = (cause ?? {}) as { code?: string };
  return reasons[code ?? ''] ?? fetchReason(cause ?? why);
}

/**
 * Repeats an action until it is done (true), with increasing waits. An attempt that made progress (`progress` grew)
 * does not count: only silence and refusals use up the retries.
 */
async function patiently(
  { address, retries, retryS, timeoutS }: Client,
  signal: PlatformSignal | undefined,
  work: (silence: Silence) => Promise<boolean>,
  progress: () => number = () => 0,
): Promise<void> {
  let before = progress();
  for (let attempt = 0; ; attempt++) {
    checkSignal(signal);
    let why: unknown = 'the server is busy (429 or 5xx)';
    const silence = new Silence(1000 * timeoutS, signal);
    try {
      if (await work(silence)) return;
    } catch (error) {
      checkSignal(signal);
      if (error instanceof EwaldError) throw error;
      why = error;
    } finally {
      silence.over();
    }
    if (progress() > before) attempt = 0;
    before = progress();
    if (attempt === retries)
      throw new EwaldError('File', `${address} cannot be read: ${reasonOf(why)}, after ${retries + 1} attempts`, {
        cause: why,
        detail: { path: address, attempts: retries + 1 },
      });
    await pause(1000 * retryS * 2 ** attempt, signal);
  }
}

/** The response to one request; undefined if a retry may help. */
async function answer(
  { address, request }: Client,
  offset: number,
  length: number,
  conditions: Readonly<Record<string, string>>,
  silence: Silence,
): Promise<Response | undefined> {
  const { response, withoutHeaders } = await request(
    {
      // A compressed response would have other byte counts than the file.
      'Accept-Encoding': 'identity',
      Range: `bytes=${offset}-${offset + length - 1}`,
      ...conditions,
    },
    silence.signal,
  );
  silence.heard();
  const { status } = response;
  if (status === 206 || status === 200) return response;
  await response.body?.cancel();
  const fail = (message: string): EwaldError =>
    new EwaldError('File', `${address}: ${message}`, { detail: { path: address, status } });
  if (status === 429 || status >= 500) return undefined;
  if (status === 404 || status === 410) throw absentFile(address, `by HTTP: ${status}`);
  if (status === 401 || status === 403)
    throw fail(
      withoutHeaders
        ? `it redirects to another server, which refuses access (${status}); the given headers are not sent there. ` +
            'If they are meant for that server, open its address'
        : `the server refuses access (${status}); it may require an authorization header`,
    );
  if (status === 412) throw changed(address, 'the server reports that the file has changed');
  if (status === 416) {
    // An empty file has no first byte.
    const empty = /\*\/0\s*$/.test(response.headers.get('content-range') ?? '');
    throw fail(empty ? 'the file is empty' : 'the file is shorter than before; open it again');
  }
  throw fail(`the server answers ${status} ${response.statusText}`);
}

/** Passes on the pieces of a body until `take` returns false: a server may send anything. */
async function pour(response: Response, silence: Silence, take: (piece: Uint8Array) => boolean): Promise<void> {
  const reader = response.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      silence.heard();
      if (value.byteLength > 0 && !take(value)) return;
    }
  } finally {
    // A no-op at the end; before it, the rest is not needed.
    await reader.cancel().catch(() => undefined);
  }
}
