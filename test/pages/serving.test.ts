/** The server of pages: which clients may send requests, and which files they may request. */
import { once } from 'node:events';
import { readdirSync, readlinkSync, truncateSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ServedView, serveView } from 'ewald/view';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PageServer } from '../../src/server/server.js';
import { SharedFiles } from '../../src/server/shared-files.js';

/** Ten bytes, which begin like a file of HDF5. */
const content = '\x89HDF\r\n\x1a\n89';

let folder: string;
let view: ServedView;
let port: number;
let cookie: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-view-'));
  await mkdir(join(folder, 'run'));
  await writeFile(join(folder, 'secret.h5'), 'secret');
  for (const [name, text] of Object.entries({
    'a_master.h5': content,
    'a_data_000001.h5': 'data',
    'notes.txt': 'private',
    '.hidden.h5': 'hidden',
    'a_master.txt': 'of the same stem',
    'a_large.h5': 'x'.repeat(2 ** 22),
  }))
    await writeFile(join(folder, 'run', name), text, 'latin1');
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
    // Browsers read a backslash as a slash.
    const back = await ask(`/\\evil.example/?token=${cookie.split('=')[1]}`);
    expect(back.headers.location).toBe('/evil.example/');
  });
});

describe('files that may be requested', () => {
  test('the file itself, in ranges', async () => {
    expect(JSON.parse((await ask('/session.json')).text)).toEqual({
      files: [{ name: 'a_master.h5', path: 'files/0/a_master.h5' }],
      follow: false,
    });
    expect((await ask('/files/0/a_master.h5')).text).toBe(content);
    for (const [range, status, text] of [
      ['bytes=2-4', 206, content.slice(2, 5)],
      ['bytes=7-', 206, content.slice(7)],
      ['bytes=-2', 206, '89'],
      ['bytes=8-99', 206, '89'],
      ['bytes=10-', 416, ''],
      ['bytes=-0', 416, ''],
      ['bytes=4-2', 200, content],
      ['bytes=0-1,3-4', 200, content],
      ['lines=1-2', 200, content],
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

  test('of a Zarr array, which is a folder: its metadata and chunks, and nothing outside', async () => {
    const array = join(folder, 'x.zarr');
    await mkdir(join(array, 'c'), { recursive: true });
    const about = { zarr_format: 2, shape: [2, 2, 4, 4], chunks: [2, 2, 4, 4], dtype: '<u2', order: 'C' };
    await writeFile(
      join(array, '.zarray'),
      JSON.stringify({ ...about, compressor: null, fill_value: 0, filters: null }),
    );
    await writeFile(join(array, '0.0.0.0'), new Uint16Array(64).fill(7));
    await writeFile(join(array, 'c', '0'), 'chunk in a folder');
    await symlink(join(folder, 'secret.h5'), join(array, 'c', 'link'));
    const of = await serveView([array]);
    try {
      const root = new URL(of.url).origin;
      const entry = await fetch(of.url, { redirect: 'manual' });
      const headers = { cookie: entry.headers.get('set-cookie')?.split(';')[0] ?? '' };
      const list = (await (await fetch(`${root}/session.json?from=0`, { headers })).json()) as { files: unknown[] };
      expect(list.files).toEqual([{ name: '.zarray', path: 'files/0/.zarray' }]);
      const status = async (path: string): Promise<number> =>
        (await fetch(`${root}/files/0/${path}`, { headers })).status;
      expect(await Promise.all(['.zarray', '0.0.0.0', 'c/0'].map(status))).toEqual([200, 200, 200]);
      const outside = ['c/link', 'c', '..%2fsecret.h5', 'c%2f..%2f..%2fsecret.h5', 'c//0', '%2e%2e/secret.h5', 'none'];
      expect(await Promise.all(outside.map(status))).toEqual(outside.map(() => 404));
    } finally {
      await of.close();
    }
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

/** Requests of all kinds that the server answers, before they are mutated. */
const models = (): string[] =>
  [
    ['GET', '/files/0/a_master.h5?x', 'Range: bytes=0-3'],
    ['GET', '/files/0/a_data_000001.h5', 'If-Range: "x"'],
    ['HEAD', '/view.html?served', 'Accept-Encoding: br'],
    ['GET', '/session.json?from=0', 'Origin: null'],
    ['GET', '/live/newest?client=a&only=hits&after=3', 'Accept: */*'],
    ['GET', '/live/frame/0', 'Connection: keep-alive'],
    ['GET', `/?token=${cookie.split('=')[1]}&a=b`, 'Last-Event-ID: 7'],
  ].map(
    ([method, path, header]) =>
      `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nCookie: ${cookie}\r\n${header}\r\n\r\n`,
  );

/** Sends bytes, and resolves to the statuses of the responses when all are there or the server has closed. */
function sendRaw(bytes: string, responses: number): Promise<string[]> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const statuses: string[] = [];
    let rest = '';
    const done = (): void => {
      socket.destroy();
      resolve(statuses);
    };
    socket.on('error', done).once('close', done);
    socket.setEncoding('latin1').on('data', (piece) => {
      // What may be the beginning of a status line is kept for the next piece.
      const text = rest + piece;
      for (const [, status = ''] of text.matchAll(/HTTP\/1\.1 (\d{3}) /g)) statuses.push(status);
      rest = text.slice(-12);
      if (statuses.length >= responses) done();
    });
    // Half of the connection is closed where the bytes may lack the end of a request.
    if (responses === Number.POSITIVE_INFINITY) socket.end(bytes, 'latin1');
    else socket.write(bytes, 'latin1');
  });
}

/** Open descriptors of this process; undefined where the system does not list them. */
const descriptors = (): number | undefined =>
  process.platform === 'linux' ? readdirSync('/proc/self/fd').length : undefined;

test('ten thousand mutated requests are answered or refused, and leave no open descriptors', {
  tags: 'all',
}, async () => {
  let seed = 7;
  const random = (n: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * n);
  };
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const pieces = [
    '/',
    '//',
    '..',
    '%2e%2e%2f',
    '%252e',
    '%00',
    '%',
    '\\',
    '?',
    '&',
    '=',
    '#',
    '0',
    '-1',
    '1e9',
    '9'.repeat(40),
  ];
  const more = [...pieces, '"', ';', ',', 'bytes=', 'token=', ' ', '\xe9', 'files', 'live', '~', "'", '<', '\t'];
  /** A request whose address or headers are changed, so that it remains a request and its connection goes on. */
  const changed = (): string => {
    let text = pick(models());
    for (let change = random(3); change >= 0; change--) {
      // In the address, or in a value of the headers; most requests keep their host and their cookie.
      const lines = text.split('\r\n');
      const at = pick([0, 0, 0, 3, 3, 3, 1 + random(2)]);
      const line = lines[at] as string;
      const [from, to] = at === 0 ? [line.indexOf('/'), line.lastIndexOf(' ')] : [line.indexOf(':') + 2, line.length];
      const place = from + random(Math.max(1, to - from));
      const piece = at === 0 ? pick(pieces) : pick(more);
      lines[at] = line.slice(0, place) + piece + line.slice(Math.min(to, place + random(4)));
      text = lines.join('\r\n');
    }
    return text;
  };
  /** Bytes that are no longer a request. */
  const damaged = (): string => {
    const bytes = Buffer.from(pick(models()), 'latin1');
    for (let change = random(5); change >= 0; change--) bytes[random(bytes.length)] = random(256);
    return bytes.subarray(0, random(2) ? bytes.length : random(bytes.length)).toString('latin1');
  };
  const before = descriptors();
  const counts = new Map<string, number>();
  const count = (statuses: readonly string[]): void => {
    for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1);
  };
  let sent = 0;
  const [connections, each, alone] = [2000, 5, 400];
  const work = Array.from({ length: connections }, () => Array.from({ length: each }, changed));
  const broken = Array.from({ length: alone }, () => damaged());
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let batch = work.pop(); batch; batch = work.pop()) {
        // Of requests in a row, an invalid one also ends those before it that are not answered yet.
        const statuses = await sendRaw(batch.join(''), batch.length);
        expect(statuses.length).toBeGreaterThan(0);
        count(statuses);
        sent += batch.length;
      }
      for (let bytes = broken.pop(); bytes !== undefined; bytes = broken.pop())
        count(await sendRaw(bytes + damaged(), Number.POSITIVE_INFINITY));
    }),
  );
  expect(sent).toBe(10_000);
  const answered = [...counts.values()].reduce((sum, n) => sum + n, 0);
  expect(answered).toBeGreaterThan(sent / 2);
  const allowed = ['200', '204', '206', '303', '400', '403', '404', '405', '413', '416', '431'];
  expect([...counts.keys()].filter((status) => !allowed.includes(status))).toEqual([]);
  for (const status of ['200', '206', '303', '400', '403', '404'])
    expect(counts.get(status), status).toBeGreaterThan(4);
  expect((await ask('/session.json')).status).toBe(200);
  if (before !== undefined) await expect.poll(descriptors).toBeLessThanOrEqual(before + 2);
});

describe('hostile clients', () => {
  const slow: PageServer[] = [];
  afterAll(async () => {
    for (const server of slow) await server.close();
  });

  /** Connects to a server that waits 200 ms for a request; resolves to what it sent before it closed. */
  async function wait(write: (socket: Socket) => void): Promise<string> {
    const server = await PageServer.listen({ what: 'serveView', page: 'view.html', requestMs: 200 });
    slow.push(server);
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (piece) => {
      text += piece;
    });
    socket.on('error', () => undefined);
    write(socket);
    await once(socket, 'close');
    return text;
  }

  // By default, Node would look for slow clients after 30 s.
  test('headers that come byte by byte, a body that never comes and silence are cut off', {
    timeout: 20_000,
  }, async () => {
    const dribbled = wait((socket) => {
      socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n');
      const timer = setInterval(() => socket.write('X'), 20);
      socket.once('close', () => clearInterval(timer));
    });
    const silent = wait(() => undefined);
    const bodiless = wait((socket) => socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n'));
    expect(await dribbled).toMatch(/^HTTP\/1\.1 408 /);
    expect(await silent).toMatch(/^(HTTP\/1\.1 408 |$)/);
    expect(await bodiless).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('large headers, bodies and addresses are refused', async () => {
    expect((await ask('/session.json', { headers: { 'x-long': 'x'.repeat(20_000) } })).status).toBe(431);
    expect((await ask(`/${'x'.repeat(20_000)}`)).status).toBe(431);
    for (const header of ['Content-Length: 1000000000000', 'Transfer-Encoding: chunked']) {
      const head = `GET /session.json HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${cookie}\r\n${header}\r\n\r\n`;
      expect(await sendRaw(head, 1), header).toEqual(['413']);
    }
  });

  test('of more than 256 connections the oldest silent ones are closed, and the latest are answered', async () => {
    const head = `GET /session.json HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${cookie}\r\n\r\n`;
    const sockets: Socket[] = [];
    const opened = async (): Promise<Socket> => {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined);
      sockets.push(socket);
      await once(socket, 'connect');
      return socket;
    };
    // Connections of earlier tests may still be open.
    const closed = new Promise<void>((resolve) => {
      void (async () => {
        while (sockets.length < 300) (await opened()).once('close', resolve);
      })();
    });
    await closed;
    const latest = await opened();
    latest.write(head);
    expect(String((await once(latest, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /);
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => sendRaw(head, 1)).toEqual(['200']);
  });

  test('requests in a row with garbage between them end the connection at the garbage', async () => {
    const head = `GET /session.json HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${cookie}\r\n\r\n`;
    const statuses = await sendRaw(`${head}${head}\x00\xff garbage\r\n\r\n${head}`, 4);
    expect(statuses.at(-1)).toBe('400');
    expect(statuses.length).toBeLessThanOrEqual(3);
  });

  test('names that lead elsewhere on other systems are not found', async () => {
    for (const name of [
      '%252e%252e%252fsecret.h5',
      '%5c%5cserver%5cshare%5csecret.h5',
      '%2f%2fserver%2fshare%2fsecret.h5',
      'C%3a%5csecret.h5',
      'a_master.h5%00.txt',
      '%c0%ae%c0%ae%c0%afsecret.h5',
      '..%c1%9csecret.h5',
      'file%3a%2f%2f%2fetc%2fpasswd.h5',
    ])
      expect((await ask(`/files/0/${name}`)).status, name).toBe(404);
    expect((await ask('http://evil.example/files/0/a_master.h5')).status).toBe(404);
  });
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

test('forty clients that read slowly, or not at all, keep nobody waiting and cost no copy of the file', async () => {
  const large = join(folder, 'forty.npy');
  await writeFile(large, content, 'latin1');
  // Sparse: 256 MB that take no room on the disk.
  truncateSync(large, 2 ** 28);
  const shared = new SharedFiles();
  shared.share(large, { listed: true });
  const server = await PageServer.listen({ what: 'serveView', page: 'view.html', shared });
  const url = new URL(server.url);
  const head = `Host: ${url.host}\r\nCookie: ewald-${url.port}=${url.searchParams.get('token')}\r\n\r\n`;
  const { arrayBuffers: before } = process.memoryUsage();
  const sockets = await Promise.all(
    Array.from({ length: 40 }, async () => {
      const socket = connect(Number(url.port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(`GET /files/0/forty.npy HTTP/1.1\r\n${head}`);
      await once(socket, 'data');
      socket.pause();
      return socket;
    }),
  );
  const answered = async (path: string): Promise<string> => {
    const socket = connect(Number(url.port), '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (piece) => {
      text += piece;
    });
    socket.write(`GET ${path} HTTP/1.1\r\nConnection: close\r\nRange: bytes=0-5\r\n${head}`);
    await once(socket, 'close');
    return text;
  };
  expect(await answered('/session.json')).toMatch(/^HTTP\/1\.1 200 [\s\S]*forty\.npy/);
  expect(await answered('/files/0/forty.npy')).toMatch(/^HTTP\/1\.1 206 [\s\S]*HDF\r\n$/);
  // Not even one copy of the file, where each client would have one. What was sent in pieces may not be collected yet:
  // 21 MB on a busy machine.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 27);
  for (const socket of sockets) socket.destroy();
  await server.close();
});

describe('invalid arguments of the caller', () => {
  test.each([
    [['absent.h5'], {}, /absent\.h5/],
    [['/dev/null'], {}, /is not a file/],
    [[], { cell: 'x.cell' }, /belong to frames/],
    ['run.h5', {}, /a list of paths/],
    [[], { port: 70000 }, /port/],
    [[], { host: '203.0.113.1' }, /no address of this computer/],
    [[], { colour: 'red' }, /colour/],
  ])('%j %j', async (files, options, message) => {
    await expect(serveView(files as string[], options as object)).rejects.toThrow(message);
  });
});
