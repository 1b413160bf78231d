/** Servers behind a proxy: under which names, origins and paths they answer, and what they refuse. */
import { request } from 'node:http';
import { watchRun } from 'ewald/shell';
import { type ServedView, serveView } from 'ewald/view';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isProxyPath } from '../../src/server/behind-proxy.js';
import { RequestGuard } from '../../src/server/request-guard.js';

const path = '/user/x/proxy/';
let view: ServedView;
let port: number;
let token: string;
let cookie: string;

beforeAll(async () => {
  view = await serveView([], {
    baseUrl: `https://hub.example.org${path}{port}/`,
    allowHosts: ['other.example.org'],
    frameAncestors: ['https://portal.example.org'],
    trustProxies: ['127.0.0.1'],
  });
  const url = new URL(view.url);
  port = Number(/\/proxy\/(\d+)\/view\.html$/.exec(url.pathname)?.[1]);
  token = url.searchParams.get('token') ?? '';
  cookie = `ewald-${port}=${token}`;
});
afterAll(() => view.close());

function ask(at: string, headers: Record<string, string> = {}, to = port) {
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    request({ host: '127.0.0.1', port: to, path: at, headers: { cookie, ...headers } }, (answer) => {
      let text = '';
      answer.on('data', (piece) => {
        text += piece;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    })
      .on('error', reject)
      .end();
  });
}
const hub = { host: 'hub.example.org' };

test('the address is that of the proxy, with the port in its path', () => {
  expect(view.url).toBe(`https://hub.example.org${path}${port}/view.html?served&token=${token}`);
});

test('what the proxy asks for is answered with its path and without it', async () => {
  for (const before of [`${path}${port}`, ''])
    for (const host of ['hub.example.org', 'HUB.example.org:443', 'other.example.org', `127.0.0.1:${port}`])
      expect((await ask(`${before}/session.json`, { host })).status, `${before} ${host}`).toBe(200);
});

test('the token is exchanged for a cookie of the path, which goes to sites that may show the page alone', async () => {
  const { status, headers } = await ask(`${path}${port}/view.html?served&token=${token}`, { ...hub, cookie: '' });
  expect([status, headers.location]).toEqual([303, `${path}${port}/view.html?served=`]);
  expect(headers['set-cookie']).toEqual([
    `ewald-${port}=${token}; HttpOnly; Secure; SameSite=None; Partitioned; Path=${path}${port}/`,
  ]);
  expect(String(headers['content-security-policy'])).toContain('; frame-ancestors https://portal.example.org');
});

test('foreign names, origins and paths are refused', async () => {
  const found = [
    await ask('/session.json', { host: 'evil.example' }),
    await ask('/session.json', { ...hub, origin: 'https://evil.example' }),
    // The origin of the proxy is https, and one of its pages without it may be somebody else's.
    await ask('/session.json', { host: '127.0.0.1', origin: 'http://hub.example.org' }),
    await ask('/session.json', { ...hub, cookie: '' }),
    await ask(`${path}${port + 1}/session.json`, hub),
    await ask(`${path}${port}/../session.json`, hub),
  ];
  expect(found.map(({ status }) => status)).toEqual([403, 403, 403, 403, 404, 404]);
  for (const origin of ['https://hub.example.org', 'https://other.example.org', `http://127.0.0.1:${port}`])
    expect((await ask('/session.json', { host: `127.0.0.1:${port}`, origin })).status, origin).toBe(200);
});

test('what a named proxy says of its path and scheme is taken, and what it cannot say is refused', async () => {
  const behind = { 'x-forwarded-host': 'other.example.org', 'x-forwarded-proto': 'http', 'x-forwarded-prefix': '/a/b' };
  const taken = await ask(`/a/b/view.html?token=${token}`, { host: 'upstream', ...behind, cookie: '' });
  expect([taken.status, taken.headers.location]).toEqual([303, '/a/b/view.html']);
  expect(taken.headers['set-cookie']).toEqual([`ewald-${port}=${token}; HttpOnly; SameSite=Strict; Path=/a/b/`]);
  const wrong = [
    { 'x-forwarded-prefix': '/a/../b' },
    { 'x-forwarded-prefix': '//evil.example' },
    { 'x-forwarded-prefix': '/a; Path=/' },
    { 'x-forwarded-proto': 'javascript' },
    { 'x-forwarded-host': 'evil.example' },
  ];
  const found: number[] = [];
  for (const headers of wrong) found.push((await ask(`/view.html?token=${token}`, { ...behind, ...headers })).status);
  expect(found).toEqual([400, 400, 400, 400, 403]);
});

test('headers of a proxy that was not named are refused, and ignored where none was named', () => {
  const request = (remoteAddress: string) => ({
    url: `/view.html?token=${'a'.repeat(22)}`,
    headers: { host: '127.0.0.1', 'x-forwarded-prefix': '/evil', 'x-forwarded-host': 'evil.example' },
    socket: { remoteAddress },
  });
  const guard = new RequestGuard([], 'a'.repeat(22));
  expect(guard.judge(request('10.0.0.9'))).toMatchObject({ status: 303, location: '/view.html' });
  guard.stands(1, { base: '/', origin: undefined, path: '/', hosts: [], ancestors: [], proxies: ['10.0.0.1'] });
  expect(guard.judge(request('10.0.0.9'))).toMatchObject({ status: 403 });
  // A host that was not named is refused, also where a named proxy says it; Node states IPv4 as IPv6.
  expect(guard.judge(request('::ffff:10.0.0.1'))).toMatchObject({ status: 403, text: /own address/ });
});

test('whatever a prefix is, the address to which the token leads is on the same host and below it', () => {
  const guard = new RequestGuard([], 'a'.repeat(22));
  guard.stands(1, { base: '/', origin: undefined, path: '/', hosts: [], ancestors: [], proxies: ['::1'] });
  const segment = fc.oneof(fc.constantFrom('', '.', '..', '%2e%2e', '%2F', '\\', 'a b', ';', '\r\n'), fc.string());
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 4 }), fc.array(segment, { maxLength: 4 }), (prefix, rest) => {
      const said = `/${prefix.join('/')}`;
      const verdict = guard.judge({
        url: `/${rest.join('/')}?token=${'a'.repeat(22)}`,
        headers: { host: 'localhost', 'x-forwarded-prefix': said },
        socket: { remoteAddress: '::1' },
      });
      if (!('location' in verdict)) return;
      // Of several proxies the first one counts.
      const first = said.split(',')[0]?.trim() ?? '';
      const below = first.endsWith('/') ? first : `${first}/`;
      expect(isProxyPath(below)).toBe(true);
      expect(verdict.location.startsWith(below)).toBe(true);
      expect(new URL(verdict.location, 'http://localhost/').host).toBe('localhost');
      expect(verdict.cookie).not.toMatch(/[\r\n]/);
    }),
    { seed: 92, numRuns: 300 },
  );
});

describe('a server that cannot stand there is refused before it listens', () => {
  test.for([
    [{ baseUrl: 'hub.example.org/x/' }, 'baseUrl'],
    [{ baseUrl: '/a/../b/' }, 'baseUrl'],
    [{ baseUrl: '//evil.example/' }, 'baseUrl'],
    [{ baseUrl: 'https://user:word@host/x/' }, 'baseUrl'],
    [{ baseUrl: 'https://host/x/?a=1' }, 'baseUrl'],
    [{ allowHosts: ['https://host'] }, 'allowHosts'],
    [{ allowHosts: ['*'] }, 'allowHosts'],
    [{ frameAncestors: ['*'] }, 'frameAncestors'],
    [{ frameAncestors: ['https://host/page'] }, 'frameAncestors'],
    [{ frameAncestors: ["https://host; script-src 'unsafe-inline'"] }, 'frameAncestors'],
    [{ trustProxies: ['nginx'] }, 'trustProxies'],
  ] as const)('%j', async ([options, name]) => {
    const message = new RegExp(`^serveView: ${name} is .*; expected an?.*, such as `);
    await expect(serveView([], options)).rejects.toMatchObject({ tag: 'Argument', message });
  });
});

test('the state of a run is at its path for programs, by the token in the address or as a Bearer', async () => {
  const watch = await watchRun({ status: '0', baseUrl: 'https://hub.example.org/run7/{port}/' });
  const { pathname, search, searchParams } = new URL(watch.url ?? '');
  const at = Number(/^\/run7\/(\d+)\/health$/.exec(pathname)?.[1]);
  const bearer = { ...hub, cookie: '', authorization: `Bearer ${searchParams.get('token')}` };
  for (const path of [pathname, '/health', pathname.replace('health', 'metrics')]) {
    expect((await ask(path + search, { ...hub, cookie: '' }, at)).status, path).toBe(200);
    expect((await ask(path, bearer, at)).status, path).toBe(200);
  }
  await watch.close();
});

test('where only a path is known, the address is that on the host of the proxy', async () => {
  const own = await serveView([], { baseUrl: '/ewald' });
  expect(own.url).toMatch(/^\/ewald\/view\.html\?served&token=/);
  await own.close();
});
