/** The server of pages: which clients may send requests, and which files they may request. */
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ServedView, serveView } from 'ewald/view';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let folder: string;
let view: ServedView;
let port: number;
let cookie: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-view-'));
  await mkdir(join(folder, 'run'));
  await writeFile(join(folder, 'secret.h5'), 'secret');
  for (const [name, text] of Object.entries({
    'a_master.h5': '0123456789',
    'a_data_000001.h5': 'data',
    'notes.txt': 'private',
    '.hidden.h5': 'hidden',
    'a_master.txt': 'of the same stem',
    'a_large.h5': 'x'.repeat(2 ** 22),
  }))
    await writeFile(join(folder, 'run', name), text);
  await symlink(join(folder, 'secret.h5'), join(folder, 'run', 'link.h5'));
  view = await serveView([join(folder, 'run', 'a_master.h5')]);
  const url = new URL(view.url);
  port = Number(url.port);
  const entry = await fetch(view.url, { redirect: 'manual' });
  expect(entry.status).toBe(303);
  cookie = entry.headers.get('set-cookie')?.split(';')[0] ?? '';
});
afterAll(async () => {
  await view.close();
  await rm(folder, { recursive: true });
});

/** The response to a request with headers that `fetch` would not send. */
function ask(
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number; headers: Record<string, unknown>; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers: { cookie, ...headers } }, (answer) => {
      let text = '';
      answer.setEncoding('latin1').on('data', (piece) => {
        text += piece;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    });
    sent.on('error', reject).end();
  });
}

describe('clients', () => {
  test('the token is exchanged for a cookie, and removed from the address', async () => {
    const answer = await fetch(view.url, { redirect: 'manual' });
    expect(answer.headers.get('location')).toBe('/view.html?served=');
    const set = answer.headers.get('set-cookie') ?? '';
    expect(set).toMatch(new RegExp(`^ewald-${port}=[\\w-]{22}; HttpOnly; SameSite=Strict; Path=/$`));
  });

  test('requests without the token, or with a wrong one, are refused', async () => {
    for (const headers of [{ cookie: '' }, { cookie: `ewald-${port}=${'a'.repeat(22)}` }, { cookie: 'x' }])
      for (const path of ['/', '/view.html', '/session.json', '/files/0/a_master.h5', '/view.html?token=wrong'])
        expect((await ask(path, { headers })).status, `${path} ${headers.cookie}`).toBe(403);
  });

  test('another host, another origin and other methods are refused', async () => {
    expect((await ask('/view.html', { headers: { host: `evil.example:${port}` } })).status).toBe(403);
    expect((await ask('/view.html', { headers: { origin: 'http://evil.example' } })).status).toBe(403);
    expect((await ask('/view.html', { headers: { origin: 'null' } })).status).toBe(403);
    expect(
      (await ask('/view.html', { headers: { origin: `http://127.0.0.1:${port}`, host: `127.0.0.1:${port}` } })).status,
    ).toBe(200);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      expect((await ask('/view.html', { method })).status, method).toBe(405);
  });

  test('every response states what a page may load', async () => {
    for (const path of ['/view.html', '/nothing', '/files/0/a_master.h5']) {
      const { headers } = await ask(path);
      expect(headers['content-security-policy'], path).toContain(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'",
      );
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  test('a redirect leads to this server, whatever the address', async () => {
    const { headers } = await ask(`//evil.example/?token=${cookie.split('=')[1]}`);
    expect(headers.location).toBe('/evil.example/');
  });
});

describe('files that may be requested', () => {
  test('the file itself, in ranges', async () => {
    expect((await ask('/session.json')).text).toBe('{"files":[{"name":"a_master.h5","path":"files/0/a_master.h5"}]}');
    expect((await ask('/files/0/a_master.h5')).text).toBe('0123456789');
    for (const [range, status, text] of [
      ['bytes=2-4', 206, '234'],
      ['bytes=7-', 206, '789'],
      ['bytes=-2', 206, '89'],
      ['bytes=8-99', 206, '89'],
      ['bytes=10-', 416, ''],
      ['bytes=-0', 416, ''],
      ['bytes=4-2', 200, '0123456789'],
      ['bytes=0-1,3-4', 200, '0123456789'],
      ['lines=1-2', 200, '0123456789'],
    ] as const) {
      const answer = await ask('/files/0/a_master.h5', { headers: { range } });
      expect([answer.status, answer.text], range).toEqual([status, text]);
    }
    const head = await ask('/files/0/a_master.h5', { method: 'HEAD', headers: { range: 'bytes=0-3' } });
    expect([head.status, head.text, head.headers['content-range']]).toEqual([206, '', 'bytes 0-3/10']);
  });

  test('the files beside it with its extension or stem, and no others', async () => {
    expect((await ask('/files/0/a_data_000001.h5')).text).toBe('data');
    expect((await ask('/files/0/a_master.txt')).text).toBe('of the same stem');
    for (const name of [
      'notes.txt',
      '.hidden.h5',
      'link.h5',
      'absent.h5',
      '..',
      '..%2Fsecret.h5',
      '%2e%2e%2fsecret.h5',
      '..%5csecret.h5',
      '%00.h5',
      '%',
    ])
      expect((await ask(`/files/0/${name}`)).status, name).toBe(404);
    for (const path of [
      '/files/1/a_master.h5',
      '/files/00000000/a_master.h5',
      '/files/0',
      '/files//etc/passwd',
      '/../../etc/passwd',
      '/%2e%2e/cli.js',
      '/package.json',
      '//',
      '//?x',
      '/live/',
      '/live/frame/0',
      '/live/received/0?client=a',
    ])
      expect((await ask(path)).status, path).toBe(404);
  });

  test('a changed file is not mixed with the old one', async () => {
    const { headers } = await ask('/files/0/a_data_000001.h5', { headers: { range: 'bytes=0-0' } });
    await writeFile(join(folder, 'run', 'a_data_000001.h5'), 'other');
    const answer = await ask('/files/0/a_data_000001.h5', {
      headers: { range: 'bytes=0-0', 'if-range': String(headers.etag) },
    });
    expect([answer.status, answer.text]).toEqual([200, 'other']);
  });

  test('scripts are compressed if the browser accepts it', async () => {
    for (const [accept, encoding] of [
      ['br, gzip', 'br'],
      ['gzip, deflate', 'gzip'],
      ['', undefined],
    ]) {
      const { headers } = await ask('/view-page.js', { headers: { 'accept-encoding': accept ?? '' } });
      expect(headers['content-encoding']).toBe(encoding);
    }
  });
});

test('the server still answers after ten thousand mutated requests', async () => {
  let seed = 7;
  const random = (n: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed % n;
  };
  const model = Buffer.from(
    `GET /files/0/a_master.h5?x HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nCookie: ${cookie}\r\nRange: bytes=0-3\r\n\r\n`,
  );
  for (let round = 0; round < 100; round++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined).resume();
    for (let i = 0; i < 100; i++) {
      const mutated = Buffer.from(model);
      for (let change = 0; change <= random(4); change++) mutated[random(mutated.length)] = random(256);
      if (!socket.destroyed) socket.write(mutated.subarray(0, random(2) ? mutated.length : random(mutated.length)));
    }
    await new Promise<void>((resolve) => socket.end(() => resolve()));
    socket.destroy();
  }
  expect((await ask('/session.json')).status).toBe(200);
});

const linux = process.platform === 'linux';
test.skipIf(!linux)(`closes the files of clients that leave${linux ? '' : ' (absent: /proc)'}`, async () => {
  /** Data files that this process holds open. */
  const held = (): string[] =>
    readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        const file = readlinkSync(`/proc/self/fd/${fd}`);
        return file.endsWith('/a_large.h5') ? [file] : [];
      } catch {
        return [];
      }
    });
  // Each client sends many requests on one connection, reads part of the first response, and disconnects.
  let most = 0;
  const leave = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('data', () => {
        most = Math.max(most, held().length);
        socket.destroy();
      });
      socket.once('error', reject).once('close', () => resolve());
      const head = `Host: 127.0.0.1:${port}\r\nCookie: ${cookie}\r\n\r\n`;
      socket.write(`GET /files/0/a_large.h5 HTTP/1.1\r\n${head}`.repeat(20));
    });
  const clients = 10;
  await Promise.all(Array.from({ length: clients }, leave));
  // The server notices this a little later; a file that it never closes stays open forever.
  for (let i = 0; i < 100 && held().length > 0; i++) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(held()).toEqual([]);
  expect(most, 'files open at a time').toBeLessThanOrEqual(clients);
  expect((await ask('/session.json')).status).toBe(200);
});

describe('invalid arguments of the caller', () => {
  test.each([
    [['absent.h5'], {}, /absent\.h5/],
    [['.'], {}, /is not a file/],
    [[], { cell: 'x.cell' }, /belong to frames/],
    ['run.h5', {}, /a list of paths/],
    [[], { port: 70000 }, /port/],
    [[], { host: '203.0.113.1' }, /no address of this computer/],
    [[], { colour: 'red' }, /colour/],
  ])('%j %j', async (files, options, message) => {
    await expect(serveView(files as string[], options as object)).rejects.toThrow(message);
  });
});
