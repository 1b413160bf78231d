/** The server of `ewald page`: the files it serves, the requests it refuses, and the resources it holds. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
let server: ChildProcess;
let url: URL;
let cookie: string;
beforeAll(async () => {
  server = spawn(process.execPath, [`${dist}cli.js`, 'page', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await new Promise<string>((resolve) => server.stdout?.once('data', (chunk) => resolve(String(chunk))));
  url = new URL(JSON.parse(line).url);
  const entry = await fetch(url, { redirect: 'manual' });
  cookie = entry.headers.get('set-cookie')?.split(';')[0] ?? '';
});
afterAll(() => {
  server.kill('SIGINT');
});

function ask(path: string, options: { method?: string; headers?: Record<string, string> } = {}) {
  return new Promise<{ status: number; length: number; type: string; allow?: string }>((resolve, reject) => {
    const headers = { cookie, ...options.headers };
    httpRequest({ host: '127.0.0.1', port: url.port, path, ...options, headers }, (response) => {
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
      });
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          length,
          type: response.headers['content-type'] ?? '',
          ...(response.headers.allow ? { allow: response.headers.allow } : {}),
        }),
      );
    })
      .on('error', reject)
      .end();
  });
}

it('serves the files of the pages, and HEAD without the body', async () => {
  const { size } = statSync(`${dist}ewald.wasm`);
  expect(await ask('/ewald.wasm')).toEqual({ status: 200, length: size, type: 'application/wasm' });
  expect(await ask('/ewald.wasm?x', { method: 'HEAD' })).toMatchObject({ status: 200, length: 0 });
  expect(await ask('/')).toMatchObject({ status: 303 });
  expect((await ask('/index.html')).type).toContain('text/html');
  for (const path of ['/../package.json', '/%2e%2e/package.json', '/native/x.js', '/none.js', '/cli', '//etc/passwd'])
    expect((await ask(path)).status, path).toBe(404);
});

it('refuses other hosts and methods, and requests without the token of the address', async () => {
  expect((await ask('/view.html', { headers: { cookie: '' } })).status).toBe(403);
  expect((await ask('/view.html', { headers: { origin: 'http://evil.example' } })).status).toBe(403);
  expect((await ask('/view.html', { headers: { host: 'evil.example' } })).status).toBe(403);
  expect((await ask('/view.html', { headers: { host: `localhost:${url.port}` } })).status).toBe(200);
  for (const method of ['POST', 'PUT', 'DELETE'])
    expect(await ask('/view.html', { method })).toMatchObject({ status: 405, allow: 'GET, HEAD' });
});

it('answers thousands of requests on one connection without holding their files', { tags: 'all' }, async () => {
  const { size } = statSync(`${dist}ewald.wasm`);
  const count = 4000;
  const peak = (): number => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]);
  const before = peak();
  const received = await new Promise<number>((resolve, reject) => {
    const socket = connect(Number(url.port), '127.0.0.1');
    let bytes = 0;
    const done = (): void => {
      socket.destroy();
      resolve(bytes);
    };
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      // A slow client that disconnects after fifty files.
      if (bytes > 50 * size) done();
    });
    socket.on('error', reject);
    socket.on('close', done);
    socket.write(`GET /ewald.wasm HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${cookie}\r\n\r\n`.repeat(count));
    socket.pause();
    setTimeout(() => socket.resume(), 500);
  });
  expect(received).toBeGreaterThan(50 * size);
  expect((peak() - before) / 1024, 'MB').toBeLessThan(150);
  expect((await ask('/view.html')).status).toBe(200);
});

const linux = process.platform === 'linux';
it.skipIf(!linux)(`closes the files of clients that leave${linux ? '' : ' (absent: /proc)'}`, async () => {
  /** Files of the package that the server holds open. */
  const held = (): string[] =>
    readdirSync(`/proc/${server.pid}/fd`).flatMap((fd) => {
      try {
        const file = readlinkSync(`/proc/${server.pid}/fd/${fd}`);
        return file.endsWith('/ewald.wasm') ? [file] : [];
      } catch {
        return [];
      }
    });
  // Each client sends many requests on one connection, reads part of the first response, and disconnects.
  const leave = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(url.port), '127.0.0.1');
      socket.once('data', () => socket.destroy());
      socket.once('error', reject).once('close', () => resolve());
      socket.write(`GET /ewald.wasm HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${cookie}\r\n\r\n`.repeat(20));
    });
  await Promise.all(Array.from({ length: 30 }, leave));
  // The server notices this a little later; a file that it never closes stays open forever.
  for (let i = 0; i < 100 && held().length > 0; i++) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(held()).toEqual([]);
  expect((await ask('/view.html')).status).toBe(200);
});
