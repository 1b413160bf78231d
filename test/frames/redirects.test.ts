/** Headers given by a user are sent only to the origin they were given for, wherever a server redirects. */
import { createServer, type Server } from 'node:http';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { httpSource } from '../../dist/data.node.js';

const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i & 255);
const secrets = { Authorization: 'Bearer x', 'X-Api-Key': 'secret', Cookie: 'id=1', 'Proxy-Authorization': 'y' };
const names = Object.keys(secrets).map((name) => name.toLowerCase());

/** The requests that arrived: the server, the path, and how many of the secret headers they had. */
const arrived: string[] = [];
/** The range and the encoding of the last request. */
let asked = '';
/** The redirect of each path of a server; other paths return the file. */
const redirects = new Map<string, string>();
const servers: Server[] = [];
let a = '';
let b = '';

/** A server with its own origin that redirects as the test specifies. */
async function origin(name: string): Promise<string> {
  const server = createServer((request, response) => {
    arrived.push(`${name}${request.url} ${names.filter((header) => request.headers[header] !== undefined).length}`);
    asked = `${request.headers.range} ${request.headers['accept-encoding']}`;
    const to = redirects.get(`${name}${request.url}`);
    if (to !== undefined) {
      response.writeHead(307, { Location: to }).end('elsewhere');
      return;
    }
    const [, from = '0', last = '0'] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
    const piece = bytes.subarray(Number(from), Number(last) + 1);
    response
      .writeHead(206, { 'Content-Range': `bytes ${from}-${Number(from) + piece.length - 1}/${bytes.length}` })
      .end(piece);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

beforeAll(async () => {
  a = await origin('A');
  b = await origin('B');
});
afterAll(() => {
  for (const server of servers) server.close();
});
afterEach(() => {
  vi.unstubAllGlobals();
  asked = '';
  arrived.length = 0;
  redirects.clear();
});

const quick = { retries: 0, retryS: 1e-3 };

it('sends them along with a redirect to the same origin', async () => {
  redirects.set('A/old', '/new');
  const source = await httpSource(`${a}/old`, { ...quick, headers: secrets });
  expect(await source.read(70_003, 2)).toEqual(bytes.slice(70_003, 70_005));
  expect(arrived).toEqual(['A/old 4', 'A/new 4', 'A/old 4', 'A/new 4']);
});

it('drops all of them in every request to another origin', async () => {
  redirects.set('A/x', `${b}/x`);
  const source = await httpSource(`${a}/x`, { ...quick, headers: secrets });
  expect(await source.read(70_003, 2)).toEqual(bytes.slice(70_003, 70_005));
  expect(arrived).toEqual(['A/x 4', 'B/x 0', 'A/x 4', 'B/x 0']);
});

it('does not send them again when a chain of redirects returns', async () => {
  redirects.set('A/x', `${b}/x`).set('B/x', `${a}/y`).set('A/y', '/z');
  await httpSource(`${a}/x`, { ...quick, headers: secrets });
  expect(arrived).toEqual(['A/x 4', 'B/x 0', 'A/y 0', 'A/z 0']);
});

it('names the reason if the other origin requires a header', async () => {
  redirects.set('A/x', `${b}/x`);
  const server = servers[1] as Server;
  const [listener] = server.listeners('request') as ((...all: unknown[]) => void)[];
  server.removeAllListeners('request').on('request', (_, response) => response.writeHead(403).end());
  await expect(httpSource(`${a}/x`, { ...quick, headers: secrets })).rejects.toThrow(
    /redirects to another server, which refuses access \(403\); the given headers are not sent there/,
  );
  server.removeAllListeners('request').on('request', listener as never);
});

it.each([
  ['a loop', (at: string) => `${at}/x`, /redirects more than 20 times/],
  ['a file', () => 'file:///etc/passwd', /not a plain http: or https: address/],
  ['text', () => 'data:text/plain,forged', /not a plain/],
  ['a password', (at: string) => at.replace('//', '//user:word@'), /not a plain/],
  ['nonsense', () => 'http://[', /not a plain/],
])('refuses a redirect to %s', async (_, to, says) => {
  redirects.set('A/x', to(a));
  const refused = httpSource(`${a}/x`, { ...quick, headers: secrets });
  await expect(refused).rejects.toMatchObject({ tag: 'File', detail: { redirect: true } });
  await expect(refused).rejects.toThrow(says);
});

it('refuses a redirect from https: to http:, with and without headers', async () => {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (url: URL) => {
    asked.push(url.href);
    return new Response(null, { status: 302, headers: { Location: 'http://example.invalid/x' } });
  });
  for (const headers of [secrets, {}])
    await expect(httpSource('https://example.invalid/x', { ...quick, headers })).rejects.toThrow(
      /redirects from https: to http:\/\/example.invalid, which is not encrypted/,
    );
  expect(asked).toEqual(['https://example.invalid/x', 'https://example.invalid/x']);
});

it('drops them if only the scheme or the port differs', async () => {
  const seen: string[] = [];
  vi.stubGlobal('fetch', async (url: URL, { headers }: { headers: Headers }) => {
    seen.push(`${url.origin} ${headers.get('x-api-key')}`);
    if (url.protocol === 'http:')
      return new Response(null, { status: 301, headers: { Location: 'https://example.invalid/x' } });
    return new Response('a', { status: 206, headers: { 'Content-Range': 'bytes 0-0/1' } });
  });
  await httpSource('http://example.invalid/x', { ...quick, headers: secrets });
  expect(seen).toEqual(['http://example.invalid secret', 'https://example.invalid null']);
});

it('lets no header of the user replace one of ours, regardless of case', async () => {
  await httpSource(`${a}/x`, { ...quick, headers: { range: 'bytes=0-999', 'accept-encoding': 'gzip' } });
  // Node adds its own encoding header to range requests.
  expect(asked).toMatch(/^bytes=0-65535 identity(, identity)?$/);
});

it('refuses invalid headers and addresses with a password, without showing them', async () => {
  for (const headers of [{ 'X-Key': 'secret\r\nX-Forged: 1' }, { 'bad name': 'secret' }]) {
    const refused = httpSource(`${a}/x`, { ...quick, headers });
    await expect(refused).rejects.toMatchObject({ tag: 'Argument' });
    await expect(refused).rejects.not.toThrow(/secret/);
    expect((await refused.catch((error) => error)).cause).toBeUndefined();
  }
  const refused = httpSource(a.replace('//', '//user:secret@'), quick);
  await expect(refused).rejects.toMatchObject({ tag: 'Argument' });
  await expect(refused).rejects.not.toThrow(/secret/);
  expect(arrived).toEqual([]);
});
