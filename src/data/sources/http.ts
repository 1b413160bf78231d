/**
 * A file behind an address as a source, read by HTTP ranges.
 *
 * Refused with a clear word: a server without ranges (unless the file is small), and a file that changes while it is
 * read (its ETag or size does). What may pass by itself (network, 429, 5xx) is tried again with back-off.
 */
import { EwaldError, messageOf } from '../../errors.js';
import type { PlatformSignal, PlatformUrl } from '../../globals.js';
import { checkSignal } from '../../options.js';
import {
  absentFile,
  type ByteSource,
  partsInside,
  type ReadOptions,
  type SiblingOptions,
  target,
} from '../byte-source.js';
import { checkRequest, type Fetch, fetcher } from './redirects.js';

/** Options of an HTTP source. */
export interface HttpSourceOptions extends ReadOptions {
  /**
   * Headers of every request, such as an authorization. They are sent to siblings of the same origin, too, and are
   * dropped for good where a redirect leaves the origin. In browsers, which hide where a redirect leads, a redirected
   * request with headers is refused (`File`).
   */
  readonly headers?: Readonly<Record<string, string>>;
  /** How often a request is tried again. Default 4: with the waits below some 4 s. */
  readonly retries?: number;
  /** First wait in ms; it doubles each time. Default 250. */
  readonly retryMs?: number;
  /** How long a request may stay without an answer, in ms. Default 60000. */
  readonly timeoutMs?: number;
}

/** Without ranges a file up to this many bytes is fetched as a whole: most masks, geometries and headers are smaller. */
const wholeBytes = 2 ** 26;

interface Answer {
  readonly response: Response;
  readonly body: Uint8Array;
}

/**
 * Opens an address. Throws `File` where it is absent, refused, or the server cannot give ranges of a large file, and
 * `Argument` for an address with a password in it or for headers that HTTP does not allow.
 */
export async function httpSource(url: string | PlatformUrl, options: HttpSourceOptions = {}): Promise<ByteSource> {
  const address = String(url);
  checkRequest(address, options.headers ?? {});
  const ask = asker(address, options);
  // One byte asked for tells the size, the ETag and whether ranges are served at all.
  const { response, body } = await ask(0, 1, options.signal, undefined, wholeBytes);
  const etag = response.headers.get('etag');
  // If-Range accepts strong validators only.
  const validator = etag && !etag.startsWith('W/') ? etag : undefined;
  const total = /\/(\d+)\s*$/.exec(response.headers.get('content-range') ?? '')?.[1];
  const whole = response.status === 200 ? body : undefined;
  if (!whole && total === undefined)
    throw new EwaldError(
      'File',
      `${address}: the server tells no size (Content-Range is ${response.headers.get('content-range') ?? 'missing'}); ` +
        'if it is another origin, it must expose that header: Access-Control-Expose-Headers: Content-Range, ETag',
      { detail: { path: address } },
    );
  const size = whole ? whole.byteLength : Number(total);
  const changed = (what: string): EwaldError =>
    new EwaldError('File', `${address} changed while it was read (${what}); open it again`, {
      detail: { path: address },
    });
  const source: ByteSource = {
    name: address,
    size,
    async read(offset: number, into: number | Uint8Array, { signal }: ReadOptions = {}) {
      checkSignal(signal);
      const out = target(source, offset, into);
      if (out.byteLength === 0) return out;
      if (whole) {
        out.set(whole.subarray(offset, offset + out.byteLength));
        return out;
      }
      const { response, body } = await ask(offset, out.byteLength, signal, validator, out.byteLength);
      const now = response.headers.get('etag');
      if (response.status === 200) throw changed('the server answered with a new file');
      if (etag !== null && now !== null && now !== etag) throw changed(`ETag was ${etag} and is ${now}`);
      const range = /^bytes (\d+)-\d+\/(\d+|\*)/.exec(response.headers.get('content-range') ?? '');
      if (range && range[2] !== '*' && Number(range[2]) !== size) throw changed(`${size} bytes and now ${range[2]}`);
      if ((range && Number(range[1]) !== offset) || body.byteLength !== out.byteLength)
        throw new EwaldError(
          'File',
          `${address}: asked for ${out.byteLength} bytes at ${offset}, the server gave ${body.byteLength} at ${range?.[1]}`,
          { detail: { path: address } },
        );
      out.set(body);
      return out;
    },
    async sibling(path: string, siblingOptions: SiblingOptions = {}) {
      partsInside(address, path, siblingOptions);
      // A name, not a reference: '#' and '?' in it are letters of the name.
      const reference = path.split('/').map(encodeURIComponent).join('/');
      const next = new URL(/^[a-z]+:\/\//i.test(path) ? path : reference, address);
      const sameOrigin = next.origin === new URL(address).origin;
      const { headers: _, ...rest } = options;
      return httpSource(next, { ...(sameOrigin ? options : rest), signal: siblingOptions.signal });
    },
    close: async () => undefined,
  };
  return source;
}

type Ask = (
  offset: number,
  length: number,
  signal: PlatformSignal | undefined,
  validator: string | undefined,
  most: number,
) => Promise<Answer>;

/** What hides behind the "fetch failed" of Node. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody answers there (connection refused)',
  ECONNRESET: 'the server broke the connection off',
  ENOTFOUND: 'no machine of that name is known',
  EAI_AGAIN: 'no machine of that name is known, or the network is down',
  ETIMEDOUT: 'no answer came in time',
  UND_ERR_SOCKET: 'the server broke the connection off',
};

function reasonOf(why: unknown): string {
  const { cause } = why as { cause?: unknown };
  const { code } = (cause ?? {}) as { code?: string };
  return reasons[code ?? ''] ?? messageOf(cause ?? why);
}

/** One range request with its retries. */
function asker(address: string, options: HttpSourceOptions): Ask {
  const retries = options.retries ?? 4;
  const request = fetcher(address, options.headers ?? {});
  return async (offset, length, signal, validator, most) => {
    for (let attempt = 0; ; attempt++) {
      checkSignal(signal);
      let why: unknown;
      try {
        const answer = await once(address, request, options, offset, length, signal, validator, most);
        if (answer) return answer;
        why = 'the server is busy (429 or 5xx)';
      } catch (error) {
        checkSignal(signal);
        if (error instanceof EwaldError) throw error;
        why = error;
      }
      if (attempt === retries)
        throw new EwaldError('File', `${address} cannot be read: ${reasonOf(why)}, ${retries + 1} times`, {
          cause: why,
          detail: { path: address, attempts: retries + 1 },
        });
      await pause((options.retryMs ?? 250) * 2 ** attempt, signal);
    }
  };
}

/** A request; undefined when trying again may help. */
async function once(
  address: string,
  request: Fetch,
  options: HttpSourceOptions,
  offset: number,
  length: number,
  signal: PlatformSignal | undefined,
  validator: string | undefined,
  most: number,
): Promise<Answer | undefined> {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? 60_000);
  const { response, withoutHeaders } = await request(
    {
      // A compressed answer would count other bytes than the file has.
      'Accept-Encoding': 'identity',
      Range: `bytes=${offset}-${offset + length - 1}`,
      ...(validator ? { 'If-Range': validator } : {}),
    },
    signal ? AbortSignal.any([signal, timeout]) : timeout,
  );
  const fail = (message: string): EwaldError =>
    new EwaldError('File', `${address}: ${message}`, { detail: { path: address, status: response.status } });
  const { status } = response;
  if (status === 404 || status === 410) throw absentFile(address, `by HTTP: ${status}`);
  if (status === 401 || status === 403)
    throw fail(
      withoutHeaders
        ? `it redirects to another server, which refuses (${status}); the given headers are not sent there. ` +
            'If they are meant for that server, open its address'
        : `the server refuses (${status}); it may want an authorization header`,
    );
  if (status === 416) {
    // An empty file has no first byte.
    const empty = /\*\/0\s*$/.test(response.headers.get('content-range') ?? '');
    throw fail(empty ? 'the file is empty' : 'the file is shorter than it was; open it again');
  }
  if (status === 429 || status >= 500) {
    await response.body?.cancel();
    return undefined;
  }
  if (status !== 200 && status !== 206) throw fail(`the server answers ${status} ${response.statusText}`);
  if (status === 200 && validator !== undefined) {
    await response.body?.cancel();
    return { response, body: new Uint8Array(0) };
  }
  const body = await readUpTo(response, most);
  if (!body)
    throw fail(
      status === 206
        ? `the server gave more than the ${length} bytes asked for`
        : `the server does not serve ranges (it answered 200 instead of 206) and the file is larger than ${most >> 20} MiB; ` +
            'use a server with ranges (nginx, Apache, S3) or load the file first',
    );
  return { response, body };
}

/** The body, undefined when it is longer than `most`: a server may send anything. */
async function readUpTo(response: Response, most: number): Promise<Uint8Array | undefined> {
  const length = response.headers.get('content-length');
  if (length !== null && Number(length) > most && response.headers.get('content-encoding') === null) {
    await response.body?.cancel();
    return undefined;
  }
  const reader = response.body?.getReader();
  if (!reader) return new Uint8Array(0);
  const parts: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    total += value.byteLength;
    if (total > most) {
      await reader.cancel();
      return undefined;
    }
    parts.push(value);
  }
  if (parts.length === 1 && parts[0]) return parts[0];
  const out = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.byteLength;
  }
  return out;
}

function pause(ms: number, signal: PlatformSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}
