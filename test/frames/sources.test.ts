/** Bytes from files, Blobs, memory and HTTP: the same results, and clear errors when they are unavailable. */

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSiblingIfExists } from '../../src/bytes/byte-source.js';
import { blobSource, fileSource, httpSource, memorySource, open } from '../../src/entries/data.node.js';
import { npyHeadOf } from '../../src/frames/npy.js';
import { Hdf5Writer } from '../../src/hdf5/writer.js';
import { codecsHere } from './hdf5-support.js';

const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 31 + (i >> 8)) & 255);
let folder: string;
const at = (...name: string[]): string => join(folder, ...name);

/** A server whose behaviour the test defines. */
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const requests: string[] = [];
const server = createServer((request, response) => {
  requests.push(`${request.url} ${request.headers.range ?? ''}`);
  answer(request, response);
});
let base: string;

/** The first and the last byte of the requested range. */
const rangeOf = (request: IncomingMessage): number[] =>
  (/bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? []).slice(1).map(Number);

/** Serves byte ranges as nginx does. */
function serve(request: IncomingMessage, response: ServerResponse, body: Uint8Array = bytes, etag = '"one"'): void {
  const [, from = '0', to = '0'] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
  if (request.url === '/missing.bin') {
    response.writeHead(404).end();
    return;
  }
  const validator = request.headers['if-range'];
  if (validator !== undefined && validator !== etag) {
    response.writeHead(200, { ETag: etag, 'Content-Length': body.length }).end(body);
    return;
  }
  const piece = body.subarray(Number(from), Number(to) + 1);
  response
    .writeHead(206, { ETag: etag, 'Content-Range': `bytes ${from}-${Number(from) + piece.length - 1}/${body.length}` })
    .end(piece);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-sources-'));
  mkdirSync(at('sub'));
  writeFileSync(at('a.bin'), bytes);
  writeFileSync(at('sub', 'b.bin'), bytes.subarray(0, 10));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  server.close();
});

/** A File of a folder that was chosen in a browser. */
const fileIn = (path: string, content: string): File =>
  Object.defineProperty(new File([content], path.replace(/^.*\//, '')), 'webkitRelativePath', {
    value: path.includes('/') ? path : '',
  });

describe('the files that a File refers to', () => {
  const textOf = async (own: string, others: readonly string[], path: string): Promise<string> => {
    const files = [own, ...others].map((one) => fileIn(one, one));
    const sibling = await blobSource(files[0] as File, { siblings: files }).sibling(path);
    return new TextDecoder().decode(await sibling.read(0, sibling.size));
  };
  const runs = ['runs/a/data_1.h5', 'runs/b/data_1.h5', 'runs/b/sub/data_1.h5'];

  it('are those of its own folder', async () => {
    expect(await textOf('runs/b/master.h5', runs, 'data_1.h5')).toBe('runs/b/data_1.h5');
    expect(await textOf('runs/b/master.h5', runs, 'sub/data_1.h5')).toBe('runs/b/sub/data_1.h5');
    await expect(textOf('runs/c/master.h5', runs, 'data_1.h5')).rejects.toMatchObject({ tag: 'File' });
  });

  it('are found by their name among files without a folder, if one has it', async () => {
    expect(await textOf('master.h5', ['data_1.h5'], 'sub/data_1.h5')).toBe('data_1.h5');
    await expect(textOf('master.h5', ['data_1.h5', 'data_1.h5'], 'data_1.h5')).rejects.toThrow(
      /data_1\.h5.*2 files of this name/,
    );
    await expect(textOf('master.h5', runs.slice(0, 2), 'data_1.h5')).rejects.toThrow(/2 files of this name/);
  });
});

const quick = { retries: 2, retryS: 1e-3 };

describe.each([
  ['a file', () => fileSource(at('a.bin'))],
  ['a Blob', async () => blobSource(new Blob([bytes]))],
  ['memory', async () => memorySource(bytes)],
  [
    'HTTP',
    () => {
      answer = serve;
      return httpSource(`${base}/a.bin`, quick);
    },
  ],
])('%s', (_, make) => {
  it('reads at any offset, concurrently, into memory of the caller', async () => {
    const source = await make();
    expect(source.size).toBe(bytes.length);
    const into = new Uint8Array(50).subarray(10, 30);
    const [a, b, c] = await Promise.all([source.read(99_990, 10), source.read(7, into), source.read(0, 0)]);
    expect(a).toEqual(bytes.slice(99_990));
    expect(b).toBe(into);
    expect([...into]).toEqual([...bytes.slice(7, 27)]);
    expect(c.length).toBe(0);
    await source.close();
    await source.close();
  });

  it('refuses a read beyond its end before anything is allocated', async () => {
    const source = await make();
    for (const [offset, length] of [
      [99_999, 2],
      [0, 2 ** 40],
      [-1, 1],
      [0.5, 1],
      [Number.NaN, 1],
      [0, -1],
    ] as const)
      await expect(source.read(offset, length)).rejects.toMatchObject({ tag: 'Format' });
    await expect(source.read(99_999, 2)).rejects.toThrow(/ends at byte 100000; expected 2 bytes from byte 99999 on/);
    await source.close();
  });

  it('can be aborted', async () => {
    const source = await make();
    await expect(source.read(0, 10, { signal: AbortSignal.abort() })).rejects.toMatchObject({ tag: 'Aborted' });
    await source.close();
  });

  it('rejects a sibling outside its folder, and recognises a missing one', async () => {
    const source = await make();
    for (const path of ['../a.bin', 'sub/../../a.bin', '/etc/passwd', 'C:\\a', '..\\a', 'http://elsewhere.invalid/a'])
      await expect(source.sibling(path), path).rejects.toMatchObject({ tag: 'File', detail: { outside: true } });
    expect(await openSiblingIfExists(source, 'missing.bin')).toBeUndefined();
    await expect(source.sibling('missing.bin')).rejects.toMatchObject({ tag: 'File', detail: { absent: true } });
    await source.close();
  });
});

it('of bytes has the name that is given with them, in messages as well', async () => {
  const name = 'upload 7.npy';
  const npy = new Uint8Array(Buffer.concat([npyHeadOf('<u2', [2, 8, 8]), new Uint8Array(256)]));
  for (const given of [npy, npy.slice().buffer]) {
    const dataset = await open({ bytes: given, name });
    expect([dataset.name, dataset.frames]).toEqual([name, 2]);
    await dataset.dispose();
  }
  await expect(open({ bytes: npy.subarray(0, 40), name })).rejects.toThrow(/^upload 7\.npy/);
  await expect(open({ bytes: 'text' as never, name })).rejects.toMatchObject({ tag: 'Argument' });
});

describe('a file', () => {
  it('opens neighbouring files, also in subfolders and through symbolic links', async () => {
    const source = await fileSource(at('a.bin'));
    symlinkSync(at('a.bin'), at('link.bin'));
    for (const [path, size] of [
      ['sub/b.bin', 10],
      ['./link.bin', 100_000],
    ] as const) {
      const sibling = await source.sibling(path);
      expect(sibling.size).toBe(size);
      await sibling.close();
    }
    const inner = await fileSource(at('sub', 'b.bin'));
    // A backslash is a character of names here, and a separator elsewhere.
    for (const path of ['../a.bin', 'x\\y/../../a.bin', 'x/..\\..\\a.bin', at('a.bin')])
      await expect(inner.sibling(path)).rejects.toMatchObject({ tag: 'File', detail: { outside: true } });
    const outside = await inner.sibling('../a.bin', { allowOutside: true });
    expect(outside.size).toBe(100_000);
    await Promise.all([source, inner, outside].map((one) => one.close()));
  });

  it('reports the fault: missing, a folder, closed, truncated while being read', async () => {
    await expect(fileSource(at('no'))).rejects.toMatchObject({
      tag: 'File',
      message: expect.stringContaining('does not exist'),
    });
    await expect(fileSource(folder)).rejects.toThrow(/is a folder; expected a file/);
    writeFileSync(at('cut.bin'), bytes);
    const source = await fileSource(at('cut.bin'));
    truncateSync(at('cut.bin'), 10);
    await expect(source.read(0, 100)).rejects.toMatchObject({
      tag: 'File',
      message: expect.stringContaining('truncated'),
    });
    const reading = source.read(0, 10);
    await source.close();
    expect((await reading).length).toBe(10);
    await expect(source.read(0, 1)).rejects.toMatchObject({ tag: 'Disposed' });
  });
});

describe('a Blob', () => {
  it('finds neighbouring files among those passed with it', async () => {
    const other = new File([bytes.slice(0, 5)], 'other.hdr');
    const source = blobSource(new File([bytes], 'a.mib'), { siblings: [other] });
    expect((await source.sibling('other.hdr')).size).toBe(5);
    await expect(source.sibling('third')).rejects.toThrow(/among the 1 files passed with a.mib/);
  });
});

// The first 65536 bytes are read when an address is opened, and small reads fetch as many.
describe('HTTP', () => {
  it('retries transient errors with growing delays, and reports the number of attempts', async () => {
    let failures = 2;
    answer = (request, response) => {
      if (failures-- > 0) response.writeHead(failures === 1 ? 503 : 429).end();
      else serve(request, response);
    };
    const source = await httpSource(`${base}/a.bin`, quick);
    answer = (request) => request.socket.destroy();
    await expect(source.read(70_000, 10)).rejects.toThrow(/cannot be read: .*, after 3 attempts/);
    answer = (_, response) => response.writeHead(500).end();
    await expect(source.read(70_000, 10)).rejects.toThrow(/busy \(429 or 5xx\), after 3 attempts/);
  });

  it('detects that the file has changed', async () => {
    answer = serve;
    const source = await httpSource(`${base}/a.bin`, quick);
    answer = (request, response) => serve(request, response, bytes, '"two"');
    await expect(source.read(70_000, 10)).rejects.toThrow(/changed while it was being read/);
    // A server that ignores If-Range.
    answer = (request, response) => {
      delete request.headers['if-range'];
      serve(request, response, bytes, '"two"');
    };
    await expect(source.read(70_000, 10)).rejects.toThrow(/ETag was "one" and is "two"/);
    answer = (request, response) => serve(request, response, bytes.subarray(0, 99));
    await expect(source.read(70_000, 10)).rejects.toThrow(/100000 bytes and now 99/);
  });

  it('does not time out while bytes keep arriving', { tags: 'all' }, async () => {
    answer = serve;
    const source = await httpSource(`${base}/a.bin`, { ...quick, timeoutS: 0.3 });
    const silent = await httpSource(`${base}/a.bin`, { ...quick, timeoutS: 0.3 });
    answer = (request, response) => {
      const [from = 0, to = 0] = rangeOf(request);
      response.writeHead(206, { ETag: '"one"', 'Content-Range': `bytes ${from}-${to}/${bytes.length}` });
      let at = from;
      const more = setInterval(() => {
        response.write(bytes.subarray(at, Math.min(at + 1000, to + 1)));
        at += 1000;
        if (at > to) response.end();
        if (at > to || response.destroyed) clearInterval(more);
      }, 15);
    };
    // Thirty pieces take longer than the time limit. If a busy machine pauses, the download resumes.
    expect(await source.read(66_000, 30_000)).toEqual(bytes.slice(66_000, 96_000));
    const before = requests.length;
    answer = () => undefined;
    await expect(silent.read(70_000, 10)).rejects.toThrow('no bytes arrived for 300 ms, after 3 attempts');
    expect(requests.length).toBe(before + 3);
    server.closeAllConnections();
  });

  it('resumes an interrupted response where it ended; only attempts without any byte are failures', async () => {
    answer = serve;
    const source = await httpSource(`${base}/a.bin`, quick);
    const before = requests.length;
    answer = (request, response) => {
      const [from = 0, to = 0] = rangeOf(request);
      response.writeHead(206, { ETag: '"one"', 'Content-Range': `bytes ${from}-${to}/${bytes.length}` });
      response.write(bytes.subarray(from, Math.min(from + 10_000, to + 1)), () => response.destroy());
    };
    expect(await source.read(66_000, 30_000)).toEqual(bytes.slice(66_000, 96_000));
    const ranges = requests.slice(before).map((line) => line.split(' ')[1]);
    expect(ranges).toEqual([65_536, 75_536, 85_536, 95_536].map((from) => `bytes=${from}-99999`));
  });

  it('does not mix two versions of a file without an ETag', async () => {
    const monday = 'Mon, 02 Mar 2026 10:00:00 GMT';
    const dated =
      (modified: string, keep = Number.POSITIVE_INFINITY) =>
      (request: IncomingMessage, response: ServerResponse): void => {
        const [from = 0, to = 0] = rangeOf(request);
        response.writeHead(206, { 'Last-Modified': modified, 'Content-Range': `bytes ${from}-${to}/${bytes.length}` });
        response.write(bytes.subarray(from, Math.min(from + keep, to + 1)), () => {
          if (from + keep > to) response.end();
          else response.destroy();
        });
      };
    const tuesday = dated('Tue, 03 Mar 2026 10:00:00 GMT');
    answer = dated(monday);
    const source = await httpSource(`${base}/a.bin`, quick);
    expect(await source.read(5, 10)).toEqual(bytes.slice(5, 15));
    answer = tuesday;
    await expect(source.read(70_000, 10)).rejects.toThrow(/Last-Modified was Mon.* and is Tue/);
    // In the middle of a read.
    answer = (request, response) => {
      dated(monday, 4000)(request, response);
      answer = tuesday;
    };
    await expect(source.read(70_000, 8000)).rejects.toThrow(/changed while it was being read/);
    let condition: string | undefined;
    answer = (request, response) => {
      condition = request.headers['if-unmodified-since'];
      response.writeHead(412).end();
    };
    await expect(source.read(70_000, 10)).rejects.toThrow(/changed while it was being read/);
    expect(condition).toBe(monday);
  });

  it('reads a small file completely from a server without ranges, and refuses a large one', async () => {
    answer = (_, response) => response.writeHead(200).end(bytes);
    const source = await httpSource(`${base}/a.bin`, quick);
    const before = requests.length;
    expect(await source.read(5, 3)).toEqual(bytes.slice(5, 8));
    expect(requests.length).toBe(before);
    answer = (_, response) => {
      response.writeHead(200, { 'Content-Length': 2 ** 30 });
      response.write(bytes);
    };
    await expect(httpSource(`${base}/a.bin`, quick)).rejects.toThrow(/does not support ranges/);
  });

  it('reports other errors without retrying', async () => {
    for (const [status, says] of [
      [404, /does not exist/],
      [403, /refuses access \(403\)/],
      [418, /answers 418/],
    ] as const) {
      answer = (_, response) => response.writeHead(status).end();
      const before = requests.length;
      await expect(httpSource(`${base}/x`, quick)).rejects.toThrow(says);
      expect(requests.length).toBe(before + 1);
    }
    answer = (_, response) => response.writeHead(206).end(bytes.subarray(0, 1));
    await expect(httpSource(`${base}/x`, quick)).rejects.toThrow(/does not state a size/);
    // Does not wait for more bytes than were requested.
    answer = (_, response) => {
      response.writeHead(206, { 'Content-Range': 'bytes 0-0/100' });
      response.write(Buffer.alloc(2 ** 27));
    };
    await expect(httpSource(`${base}/x`, quick)).rejects.toThrow(/more than/);
  });

  it('stops immediately when aborted, during a request or a delay', async () => {
    answer = () => undefined;
    const controller = new AbortController();
    const opening = httpSource(`${base}/a.bin`, { ...quick, signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await expect(opening).rejects.toMatchObject({ tag: 'Aborted' });
    answer = (_, response) => response.writeHead(503).end();
    const again = new AbortController();
    const waiting = httpSource(`${base}/a.bin`, { retryS: 60, signal: again.signal });
    setTimeout(() => again.abort(), 20);
    await expect(waiting).rejects.toMatchObject({ tag: 'Aborted' });
    server.closeAllConnections();
  });

  it('opens neighbouring files by name, and sends headers to the same origin only', async () => {
    const seen: (string | undefined)[] = [];
    answer = (request, response) => {
      // A request that was aborted before may arrive late.
      if (request.url !== '/a.bin') seen.push(request.headers.authorization);
      serve(request, response);
    };
    const source = await httpSource(`${base}/folder/a.bin?token=1`, {
      ...quick,
      headers: { Authorization: 'Bearer x' },
    });
    const sibling = await source.sibling('b #1.bin');
    expect(sibling.name).toBe(`${base}/folder/b%20%231.bin`);
    const elsewhere = await source
      .sibling(`${base.replace('127.0.0.1', 'localhost')}/c.bin`, { allowOutside: true })
      .catch(() => undefined);
    expect(seen.slice(0, 2)).toEqual(['Bearer x', 'Bearer x']);
    if (elsewhere) expect(seen[2]).toBeUndefined();
  });
});

describe('few requests', () => {
  /** The requests of opening an address and reading each frame, and the frames. */
  async function requestsOf(body: Uint8Array, name: string): Promise<{ count: number; bytes: number; frames: number }> {
    let [count, served] = [0, 0];
    answer = (request, response) => {
      count++;
      const [from = 0, to = 0] = rangeOf(request);
      served += Math.min(to + 1, body.length) - from;
      serve(request, response, body);
    };
    const codecs = await codecsHere();
    const [there, here] = [await open(`${base}/${name}`, { codecs }), await open(memorySource(body, name), { codecs })];
    for (let frame = 0; frame < here.frames; frame++) {
      const [a, b] = [(await there.read(frame, 1)) as Uint16Array, (await here.read(frame, 1)) as Uint16Array];
      expect(Buffer.compare(Buffer.from(a.buffer), Buffer.from(b.buffer)), `frame ${frame}`).toBe(0);
    }
    const { frames } = here;
    await Promise.all([there.dispose(), here.dispose(), codecs.dispose()]);
    return { count, bytes: served, frames };
  }
  const random = (length: number): Uint16Array => {
    let state = 1;
    return Uint16Array.from({ length }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 16;
    });
  };

  it('open a small .npy file with one, and read a larger one in pieces that grow', async () => {
    const npy = (frames: number): Uint8Array => {
      const head = npyHeadOf('<u2', [frames, 64, 64]);
      return new Uint8Array(Buffer.concat([head, new Uint8Array(random(frames * 4096).buffer)]));
    };
    expect((await requestsOf(npy(7), 'a.npy')).count).toBe(1);
    const large = npy(512);
    const { count, bytes: served } = await requestsOf(large, 'a.npy');
    expect(count).toBeLessThanOrEqual(7);
    expect(served).toBe(large.length);
  });

  it('read 256 compressed chunks of HDF5, none of them twice', { tags: 'all' }, async () => {
    let body = new Uint8Array(0);
    const sink = {
      append: async (more: Uint8Array) => {
        body = new Uint8Array(Buffer.concat([body, more]));
      },
      patch: async (at: number, more: Uint8Array) => body.set(more, at),
    };
    const writer = await Hdf5Writer.create(sink as never, await codecsHere());
    const series = writer.series({ frames: 256, signal: [64, 64], dtype: 'u16', packing: 'gzip' });
    for (let frame = 0; frame < 256; frame++) await series.write(random(4096));
    await writer.finish({ data: { frames: series } });
    const { count, bytes: served, frames } = await requestsOf(body, 'a.h5');
    expect(frames).toBe(256);
    expect(count).toBeLessThanOrEqual(12);
    expect(served).toBeLessThanOrEqual(body.length);
  });
});

describe('ranges that several reads share', () => {
  const body = new Uint8Array(40 * 2 ** 20).map((_, i) => (i >> 12) & 255);

  it('are requested once, and given up when no reader is left', async () => {
    answer = serve;
    const source = await httpSource(`${base}/a.bin`, quick);
    const held: (() => void)[] = [];
    let closed = 0;
    answer = (request, response) => {
      request.on('close', () => closed++);
      held.push(() => serve(request, response));
    };
    const before = requests.length;
    const [first, second] = [new AbortController(), new AbortController()];
    const leaving = source.read(70_000, 10, { signal: first.signal });
    const staying = source.read(80_000, 10, { signal: second.signal });
    first.abort();
    await expect(leaving).rejects.toMatchObject({ tag: 'Aborted' });
    await expect.poll(() => held.length).toBe(1);
    held[0]?.();
    expect(await staying).toEqual(bytes.slice(80_000, 80_010));
    expect(requests.length).toBe(before + 1);
    const other = await (async () => {
      answer = serve;
      return httpSource(`${base}/a.bin`, quick);
    })();
    answer = (request) => request.socket.on('close', () => closed++);
    const alone = new AbortController();
    const reading = other.read(70_000, 10, { signal: alone.signal });
    await expect.poll(() => requests.length).toBe(before + 3);
    closed = 0;
    alone.abort();
    await expect(reading).rejects.toMatchObject({ tag: 'Aborted' });
    await expect.poll(() => closed).toBe(1);
    answer = serve;
    expect(await other.read(70_000, 10)).toEqual(bytes.slice(70_000, 70_010));
  });

  it('are bounded: the oldest are dropped, and large reads are not kept', { tags: 'all' }, async () => {
    answer = (request, response) => serve(request, response, body);
    const source = await httpSource(`${base}/a.bin`, quick);
    const piece = new Uint8Array(2 ** 16);
    for (let at = 0; at < body.length; at += piece.length) {
      await source.read(at, piece);
      expect(Buffer.compare(piece, body.subarray(at, at + piece.length)), `byte ${at}`).toBe(0);
    }
    let before = requests.length;
    await source.read(body.length - 100, 100);
    expect(requests.length).toBe(before);
    await source.read(200_000, 100);
    expect(requests.length).toBe(before + 1);
    before = requests.length;
    for (const _ of [1, 2]) expect(await source.read(4 * 2 ** 20, 2 ** 21)).toHaveLength(2 ** 21);
    expect(requests.slice(before).map((line) => line.split('=')[1])).toEqual(['4194304-6291455', '4194304-6291455']);
    await source.close();
  });

  it('are requested again after a failure', async () => {
    answer = serve;
    const source = await httpSource(`${base}/a.bin`, { retries: 0 });
    answer = (_, response) => response.writeHead(500).end();
    await expect(source.read(70_000, 10)).rejects.toMatchObject({ tag: 'File' });
    answer = serve;
    expect(await source.read(70_000, 10)).toEqual(bytes.slice(70_000, 70_010));
  });
});

describe('open', () => {
  it('accepts every kind of source', async () => {
    answer = serve;
    const options = { format: 'raw', dtype: 'u8', sigShape: [100] } as const;
    const inputs = [
      at('a.bin'),
      pathToFileURL(at('a.bin')),
      pathToFileURL(at('a.bin')).href,
      `${base}/a.bin`,
      new URL(`${base}/a.bin`),
      new Blob([bytes]),
      bytes,
      bytes.buffer,
      memorySource(bytes),
    ];
    for (const input of inputs) {
      const dataset = await open(input, options);
      expect(dataset.shape).toEqual({ nav: [1000], sig: [100] });
      expect(await dataset.read(3, 2)).toEqual(bytes.slice(300, 500));
      await dataset.dispose();
    }
    await expect(open(7 as never)).rejects.toMatchObject({
      tag: 'Argument',
      message: expect.stringMatching(/^open was given 7; expected a path/),
    });
  });
});

describe('bytes that were transferred', () => {
  it('are refused when they are opened', async () => {
    const file = new Uint8Array(64);
    const { buffer } = file;
    structuredClone(file, { transfer: [buffer] });
    for (const gone of [file, buffer])
      await expect(open(gone)).rejects.toMatchObject({
        tag: 'Shape',
        message: expect.stringMatching(/^open: the bytes were detached.*pass a copy/),
      });
  });
});
