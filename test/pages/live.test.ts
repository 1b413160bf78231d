/** A run that is followed by a viewer: what the server reports, what it keeps, and that the run is not affected. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createContext } from 'ewald';
import type { FrameRecord, FrameSink, ViewedRun } from 'ewald/pipeline';
import { type ServedView, serveView } from 'ewald/view';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startEvent } from '../../src/pipeline/events.js';
import { type FrameStatistics, readStatistics, statisticsBytes } from '../../src/server/watch/frame-statistics.js';
import { peakogramBins } from '../../src/server/watch/peak-maps.js';
import { dataFolder } from '../support/data.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-live-'));
});
afterAll(() => rm(folder, { recursive: true }));

const views: ServedView[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const view of views.splice(0)) await view.close();
});

const run: ViewedRun = {
  name: 'run.h5',
  geometry: 'photon_energy = 9500 eV\n',
  cells: [],
  peaks: { threshold: 7 },
  size: [1000, 800],
  total: undefined,
  received: undefined,
};

/** A frame with two peaks of known positions. */
const record = (event: number, more: Partial<FrameRecord> = {}): FrameRecord =>
  ({
    origin: { filename: 'run.h5', event, serial: event + 1 },
    hit: true,
    peaks: { count: 2, fs: [10, 999], ss: [20, 799], intensity: [100, 1e9], snr: [5, 5], panel: [0, 0] },
    spots: Float32Array.of(0.1, 0, 0, 0, 3, 4),
    crystals: [],
    chunk: `chunk ${event}`,
    ...more,
  }) as unknown as FrameRecord;

const crystal = { lengths: [79.1, 79.2, 38.3], angles: [90, 90.5, 120.25], resolution: 0.5, peaks: [0] };

interface Following {
  readonly view: ServedView;
  readonly sink: FrameSink;
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Response>;
  readonly cookie: string;
  readonly port: number;
}

async function follow(viewed: ViewedRun = run): Promise<Following> {
  const entered = await enter();
  return { ...entered, sink: entered.view.runSink(viewed) };
}

/** A viewer whose run has not begun. */
async function enter(): Promise<Omit<Following, 'sink'>> {
  const view = await serveView([]);
  views.push(view);
  const entry = await fetch(view.url, { redirect: 'manual' });
  const cookie = entry.headers.get('set-cookie')?.split(';')[0] ?? '';
  const { origin, port } = new URL(view.url);
  const get = (path: string, headers = {}): Promise<Response> =>
    fetch(`${origin}/${path}`, { headers: { cookie, ...headers } });
  return { view, get, cookie, port: Number(port) };
}

interface Heard {
  readonly facts: Record<string, unknown>;
  readonly frames: FrameStatistics[];
  readonly status: string[][];
  readonly ids: number[];
}

/** Reads events until `frames` frames and `statuses` states have been reported. */
async function hear(
  { get }: Pick<Following, 'get'>,
  frames: number,
  headers: Record<string, string> = {},
  statuses = 0,
): Promise<Heard> {
  const answer = await get('live/events?client=test', headers);
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  const heard: Heard = { facts: {}, frames: [], status: [], ids: [] };
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (heard.frames.length < frames || heard.status.length < statuses) {
    const { value, done } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [, id, kind, data = ''] = /^id: (\d+)\nevent: (\w+)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
      text = text.slice(end + 2);
      heard.ids.push(Number(id));
      if (kind === 'status') heard.status.push(JSON.parse(data));
      if (kind === 'run') Object.assign(heard.facts, JSON.parse(data));
      if (kind === 'frames')
        heard.frames.push(...readStatistics(Buffer.from(data.split(' ')[1] ?? '', 'base64') as Uint8Array));
    }
  }
  await reader.cancel();
  return heard;
}

describe('statistics', () => {
  test('all frames are reported in order, also to a late page, and a reconnected page continues', async () => {
    const following = await follow();
    const { sink } = following;
    const count = 3000;
    for (let i = 0; i < count; i++)
      await sink.add(record(i, { hit: i % 2 === 0, crystals: i % 4 === 0 ? [crystal] : [] } as object));
    const { frames, facts } = await hear(following, count);
    expect(frames.map(({ event }) => event)).toEqual(Array.from({ length: count }, (_, i) => i));
    expect(frames.filter(({ hit }) => hit)).toHaveLength(count / 2);
    expect(frames[4]).toMatchObject({ serial: 5, peaks: 2, crystals: 1, searched: true, failed: false });
    expect(frames[4]?.cell?.map((value) => Math.round(100 * value) / 100)).toEqual([
      79.1, 79.2, 38.3, 90, 90.5, 120.25,
    ]);
    expect(frames[4]?.resolutionA).toBe(2);
    expect(frames[1]?.cell).toBeUndefined();
    expect(facts).toMatchObject({ state: 'running', name: 'run.h5', peaks: { threshold: 7 }, size: [1000, 800] });
    const later = await hear(following, 10, { 'last-event-id': String(count - 10) });
    expect(later.frames.map(({ event }) => event)).toEqual(Array.from({ length: 10 }, (_, i) => count - 10 + i));
  });

  test('before its first frame a run says what it does with those that have arrived', async () => {
    const entered = await enter();
    const source = { arrived: 3 };
    entered.view.happened?.(startEvent('adjusting the search to the first 4 frames', source) as never);
    const { facts, status } = await hear(entered, 0, {}, 1);
    expect(facts).toMatchObject({ state: 'starting', doing: 'adjusting the search to the first 4 frames' });
    expect(status).toEqual([['3 frames arrived']]);
    source.arrived = 40;
    expect((await hear(entered, 0, {}, 1)).status).toEqual([['40 frames arrived']]);
    const sink = entered.view.runSink(run);
    const text = 'adjusting the search to the first 4 frames';
    // Until a frame is finished, its words are those of the last step.
    expect((await hear(entered, 0, {}, 1)).facts).toMatchObject({ state: 'running', doing: text });
    await sink.add(record(0));
    const begun = await hear(entered, 1);
    expect([begun.facts.state, begun.facts.doing]).toEqual(['running', undefined]);
  });

  test('the status of the sinks of a run is sent once, and again when it has changed', async () => {
    const status = ['CC1/2 .90, complete 98 % to 2.1 Å'];
    const following = await follow({ ...run, status: () => [...status] });
    const { sink } = following;
    await sink.add(record(0));
    const hearing = hear(following, 3);
    await expect.poll(async () => (await hear(following, 1)).status).toEqual([status]);
    status[0] = 'CC1/2 .93, complete 98 % to 2.1 Å';
    await sink.add(record(1));
    await sink.add(record(2));
    const { status: statuses } = await hearing;
    expect(statuses.at(-1)).toEqual(['CC1/2 .93, complete 98 % to 2.1 Å']);
    expect(statuses.length).toBeLessThanOrEqual(2);
  });

  test('a frame that could not be read and the end of the run are reported', async () => {
    const following = await follow();
    following.sink.fail?.({ origin: { filename: 'run.h5', event: 3, serial: 4 }, tag: 'Format', message: 'damaged' });
    await following.sink.close(true);
    const { frames, facts } = await hear(following, 1);
    expect(frames).toMatchObject([{ serial: 4, failed: true, hit: false }]);
    expect(facts).toMatchObject({ state: 'ended' });
    expect(statisticsBytes).toBe(56);
  });

  test('images on a chip: their wells, and chips that begin, whatever the order', async () => {
    const wells = { rows: 2, columns: 3 };
    const placeOf = () => ({ image: 5, series: 'series 1', row: 1, column: 2 });
    const following = await follow({ ...run, wells, placeOf });
    const { sink } = following;
    const at = (image: number, series: string, row: number, column: number) => ({
      grid: { image, series, row, column },
    });
    await sink.add(
      record(0, {
        ...at(4, 'series 1', 1, 1),
        profile: { counts: [], background: 1.5, ice: { score: 1.25 } },
      } as object),
    );
    await sink.add(record(1, at(0, 'series 2', 0, 0)));
    sink.fail?.({ origin: { filename: 'run.h5', event: 9, serial: 3 }, tag: 'Format', message: 'damaged' });
    await sink.add(record(3, { grid: { image: 7, missing: 'beyond' } }));
    await expect
      .poll(async () => (await hear(following, 4)).facts.chip)
      .toEqual({ ...wells, names: ['series 1', 'series 2'] });
    const { frames } = await hear(following, 4);
    expect(frames.map(({ image, well, chip }) => [image, well, chip])).toEqual([
      [4, 4, 0],
      [0, 0, 1],
      [5, 5, 0],
      [7, undefined, 0],
    ]);
    expect(frames[0]).toMatchObject({ background: 1.5, iceScore: 1.25, peakResolutionA: 0.2 });
    expect(frames[2]).toMatchObject({ failed: true, background: undefined, peakResolutionA: undefined });
  });

  test('a page without a name, and a seventeenth page, are refused with a message', async () => {
    const { get } = await follow();
    expect((await get('live/events')).status).toBe(400);
    expect((await get('live/events?client=..%2f')).status).toBe(400);
    const open = await Promise.all(Array.from({ length: 16 }, (_, i) => get(`live/events?client=c${i}`)));
    expect(open.map(({ status }) => status)).toEqual(new Array(16).fill(200));
    const refused = await get('live/events?client=late');
    expect(refused.status).toBe(503);
    expect(await refused.text()).toMatch(/16 pages follow this run/);
    await Promise.all(open.map(({ body }) => body?.cancel()));
  });
});

describe('frames', () => {
  test('the newest frame of each kind is sent once, with its position and its chunk', async () => {
    const { sink, get } = await follow();
    expect((await get('live/newest')).status).toBe(204);
    await sink.add(record(0, { crystals: [crystal] } as object));
    await sink.add(record(1));
    await sink.add(record(2, { hit: false }));
    const newest = async (query: string): Promise<unknown> => (await get(`live/newest?${query}`)).json();
    expect(await newest('client=a')).toMatchObject({ index: 2, event: 2, path: 'files/0/run.h5', chunk: 'chunk 2' });
    expect(await newest('only=hits')).toMatchObject({ index: 1, chunk: 'chunk 1' });
    await sink.add(record(3, { crystals: [crystal] } as object));
    expect(await newest('only=hits')).toMatchObject({ index: 3 });
    expect(await newest('only=unindexed')).toMatchObject({ index: 1 });
    expect((await get('live/newest?after=3')).status).toBe(204);
    expect((await get('live/newest?only=everything')).status).toBe(204);
    expect(await (await get('live/frame/0')).json()).toEqual({
      ...{ index: 0, serial: 1, event: 0, name: 'run.h5', path: 'files/0/run.h5' },
    });
    expect((await get('live/frame/4')).status).toBe(404);
    expect((await get('live/nothing')).status).toBe(404);
  });

  test('a frame that is in no file is kept for the page that shows it, as .npy, while newer ones arrive', async () => {
    const numbers = (event: number): Uint16Array => Uint16Array.of(event, 2, 3, 4, 5, 6);
    const received: ViewedRun['received'] = (event) =>
      ({ numbers: numbers(event), dtype: 'u16', shape: [2, 3], values: { '/energy': 9500 } }) as never;
    const following = await follow({ ...run, received });
    const { sink, get } = following;
    await sink.add(record(0));
    const events = await get('live/events?client=tab');
    const first = (await (await get('live/newest?client=tab')).json()) as { path: string; values: object };
    expect(first.values).toEqual({ '/energy': 9500 });
    for (let i = 1; i < 50; i++) await sink.add(record(i));
    const bytes = new Uint8Array(await (await get(first.path)).arrayBuffer());
    expect(new TextDecoder().decode(bytes.subarray(10, 70))).toMatch(/'<u2'.*\(2, 3\)/);
    expect([...new Uint16Array(bytes.slice(-12).buffer)]).toEqual([...numbers(0)]);
    // There is one slot for each page: none of the frames in between is kept.
    expect((await get('live/received/25?client=tab')).status).toBe(404);
    await events.body?.cancel();
    await expect.poll(async () => (await get(first.path)).status).toBe(404);
    expect(await (await get('live/frame/7')).json()).toMatchObject({ gone: true });
  });

  test('powder and peakogram count every peak', async () => {
    const { sink, get } = await follow();
    for (let i = 0; i < 3; i++) await sink.add(record(i));
    const powder = await get('live/powder');
    expect(powder.headers.get('x-shape')).toBe('400,500');
    const counts = new Uint32Array(await powder.arrayBuffer());
    expect([counts[10 * 500 + 5], counts[399 * 500 + 499], counts.reduce((a, b) => a + b)]).toEqual([3, 3, 6]);
    const bins = new Uint32Array(await (await get('live/peakogram')).arrayBuffer());
    const { width, height } = peakogramBins;
    // 1/d = 0.1 of 1, 100 of 10⁶; and both beyond the greatest.
    expect(bins[Math.floor(height / 3) * width + width / 10]).toBe(3);
    expect(bins[height * width - 1]).toBe(3);
  });
});

/** Connects, asks for events, and never reads what is sent. */
async function deaf({ port, cookie }: Following): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined).pause();
  await once(socket, 'connect');
  const head = `Host: 127.0.0.1:${port}\r\nCookie: ${cookie}\r\n\r\n`;
  socket.write(`GET /live/events?client=deaf HTTP/1.1\r\n${head}`);
  return socket;
}

describe('a page that never reads', () => {
  test('costs 56 bytes per frame and one batch, however many frames arrive', async () => {
    const following = await follow();
    await deaf(following);
    await hear(following, 0);
    const frame = record(0);
    const add = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        await following.sink.add(frame);
        // Leaves the server time to write.
        if (i % 2000 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await add(20_000);
    const { arrayBuffers: before } = process.memoryUsage();
    await add(60_000);
    const { arrayBuffers: after } = process.memoryUsage();
    // 2.4 MB of statistics; a queue of events would be 3.3 MB more. Buffers that were sent may not be collected yet.
    expect(after - before).toBeLessThan(60_000 * statisticsBytes + 2e6);
    // The other reader receives all of them.
    const { frames } = await hear(following, 1000, { 'last-event-id': '79000' });
    expect(frames).toHaveLength(1000);
  });

  test.skipIf(!dataFolder)(
    'does not slow down a run: the stream is the same, byte for byte',
    { tags: 'all' },
    async () => {
      const sim = (name: string): string => join(dataFolder ?? '', 'sim', name);
      const streamOf = async (name: string, view?: ServedView): Promise<string> => {
        const context = await createContext({ backend: 'wasm' });
        const output = join(folder, name);
        try {
          for await (const _ of context.pipeline({
            inputs: sim('mono.h5'),
            geometry: sim('mono.geom'),
            cells: [sim('mono.cell')],
            peaks: { threshold: 12 },
            output,
            commandLine: 'ewald',
            ...(view ? { view } : {}),
          }));
        } finally {
          await context.dispose();
        }
        return readFile(output, 'utf8');
      };
      const view = await serveView([]);
      views.push(view);
      const entry = await fetch(view.url, { redirect: 'manual' });
      const cookie = entry.headers.get('set-cookie')?.split(';')[0] ?? '';
      const { origin, port } = new URL(view.url);
      await deaf({ port: Number(port), cookie } as Following);
      const viewed = await streamOf('viewed.stream', view);
      expect(viewed).toBe(await streamOf('alone.stream'));
      const newest = await fetch(`${origin}/live/newest?only=hits`, { headers: { cookie } });
      const { chunk, path } = (await newest.json()) as { chunk: string; path: string };
      expect(viewed).toContain(chunk);
      expect(path).toBe('files/0/mono.h5');
      const file = await fetch(`${origin}/${path}`, { headers: { cookie, range: 'bytes=1-3' } });
      expect(await file.text()).toBe('HDF');
    },
  );
});

test('a writer ten times as fast as the display: frames are shown or counted, memory stays constant', async () => {
  const numbers = new Uint16Array(2 ** 18);
  const received: ViewedRun['received'] = () =>
    ({ numbers: numbers.slice(), dtype: 'u16', shape: [512, 512] }) as never;
  const { sink, get } = await follow({ ...run, received });
  const events = await get('live/events?client=page');
  let [last, seen, passed] = [-1, 0, 0];
  const { arrayBuffers: before } = process.memoryUsage();
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 10; i++) await sink.add(record(10 * round + i));
    const newest = (await (await get(`live/newest?client=page&after=${last}`)).json()) as {
      index: number;
      path: string;
    };
    // The page is sent the newest frame, however many came before it.
    expect(newest.index).toBe(10 * round + 9);
    await (await get(newest.path)).arrayBuffer();
    passed += newest.index - last - 1;
    last = newest.index;
    seen++;
  }
  expect([seen, passed]).toEqual([20, 180]);
  setFlagsFromString('--expose-gc');
  // 200 frames are 105 MB; only the newest frames of three kinds and the displayed frame are kept. Memory is given back
  // some time after it was collected.
  await expect
    .poll(() => {
      runInNewContext('gc')();
      return process.memoryUsage().arrayBuffers - before;
    })
    .toBeLessThan(30e6);
  await events.body?.cancel();
});

test('an object that is not a viewer is refused before anything is opened', async () => {
  const context = await createContext({ backend: 'wasm' });
  try {
    const items = context.pipeline({ inputs: 'absent.h5', view: {} as never });
    await expect(items.next()).rejects.toThrow(/view is .*serveView/);
  } finally {
    await context.dispose();
  }
});
