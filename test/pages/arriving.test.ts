/** Frames that are shown as they arrive, without a run: folders, growing files, masters, streams, received frames. */
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from '@msgpack/msgpack';
import { formatNpy } from 'ewald';
import { httpSource, open } from 'ewald/data';
import { zmqSource } from 'ewald/pipeline';
import { convert } from 'ewald/shell';
import { type ServedView, type ServeViewOptions, serveView } from 'ewald/view';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readStatistics } from '../../src/server/watch/frame-statistics.js';
import { MadeFile } from '../frames/hdf5-made.js';
import { dataFolder } from '../support/data.js';
import { dectrisMessages } from '../support/dectris.js';

const zmq = await import('zeromq').catch(() => undefined);
const shape = [6, 8] as const;
let folder: string;
/** Files with 1, 2 and 3 frames of a growing HDF5 file. */
const states: Buffer[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-arriving-'));
  for (const frames of [1, 2, 3]) {
    const data = Float32Array.from({ length: frames * 48 }, (_, i) => Math.floor(i / 48) + 1);
    const [npy, h5] = ['npy', 'h5'].map((ending) => join(folder, `${frames}.${ending}`)) as [string, string];
    writeFileSync(npy, formatNpy({ shape: [frames, ...shape], complex: false, data }));
    await convert(npy, h5, { packing: 'none' });
    states.push(readFileSync(h5));
  }
});
afterAll(() => rm(folder, { recursive: true }));

const views: ServedView[] = [];
afterEach(async () => {
  for (const view of views.splice(0)) await view.close();
});

interface Place {
  readonly index: number;
  readonly event?: number;
  readonly name?: string;
  readonly path: string;
  readonly values?: Record<string, number>;
}

interface Shown {
  readonly view: ServedView;
  readonly origin: string;
  readonly cookie: string;
  readonly get: (path: string) => Promise<Response>;
  /** The newest frame once its number is `index`. */
  readonly newest: (index: number) => Promise<Place>;
  /** The first facts that a page receives, and all statistics that are there. */
  readonly heard: () => Promise<{ facts: Record<string, unknown>; frames: ReturnType<typeof readStatistics> }>;
}

async function show(inputs: Parameters<typeof serveView>[0], options: ServeViewOptions = {}): Promise<Shown> {
  const view = await serveView(inputs, options);
  views.push(view);
  const entry = await fetch(view.url, { redirect: 'manual' });
  const cookie = entry.headers.get('set-cookie')?.split(';')[0] ?? '';
  const { origin } = new URL(view.url);
  const get = (path: string): Promise<Response> => fetch(`${origin}/${path}`, { headers: { cookie } });
  const newest = async (index: number): Promise<Place> => {
    let place: Place | undefined;
    const ask = async (): Promise<number | undefined> => {
      const answer = await get('live/newest?client=test');
      place = answer.status === 200 ? ((await answer.json()) as Place) : undefined;
      return place?.index;
    };
    await expect.poll(ask, { timeout: 20_000 }).toBe(index);
    return place as Place;
  };
  const heard: Shown['heard'] = async () => {
    const answer = await get('live/events?client=other');
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const text = new TextDecoder().decode((await reader.read()).value);
    await reader.cancel();
    const [, facts = '{}'] = /event: run\ndata: (.*)\n/.exec(text) ?? [];
    const frames = [...text.matchAll(/event: frames\ndata: \S+ (.*)\n/g)];
    return {
      facts: JSON.parse(facts),
      frames: frames.flatMap(([, bytes = '']) => readStatistics(Uint8Array.from(Buffer.from(bytes, 'base64')))),
    };
  };
  return { view, origin, cookie, get, newest, heard };
}

/** Every pixel of a frame has the same value; reads a frame as the page does. */
async function pixelOf({ origin, cookie }: Shown, { path, event = 0 }: Place): Promise<number> {
  const dataset = await open(await httpSource(`${origin}/${path}`, { headers: { cookie } }), { growing: true });
  const data = await dataset.read(event, 1);
  await dataset.dispose();
  expect(data).toHaveLength(48);
  return Number(data[47]);
}

test('new files of a folder are reported in order, and half of a file is not', { tags: 'all' }, async () => {
  const at = join(folder, 'run');
  mkdirSync(at);
  const shown = await show([at], { follow: true });
  expect((await shown.get('live/newest?client=test')).status).toBe(204);
  expect((await shown.heard()).facts).toMatchObject({ state: 'waiting', searches: false });
  writeFileSync(join(at, 'a.h5'), states[0] as Buffer);
  writeFileSync(join(at, 'b.h5'), (states[1] as Buffer).subarray(0, 100));
  expect(await pixelOf(shown, await shown.newest(0))).toBe(1);
  writeFileSync(join(at, 'b.h5'), states[1] as Buffer);
  const place = await shown.newest(2);
  expect(place).toMatchObject({ event: 1, name: 'b.h5' });
  expect(await pixelOf(shown, place)).toBe(2);
  const { facts, frames } = await shown.heard();
  expect(facts).toMatchObject({ state: 'running', searches: false, name: 'run', size: [8, 6], peaks: null });
  expect(frames.map(({ serial, event, searched }) => [serial, event, searched])).toEqual([
    [1, 0, false],
    [2, 0, false],
    [3, 1, false],
  ]);
});

test('a file that grows stays readable for a page that has opened it', async () => {
  const file = join(folder, 'growing.h5');
  writeFileSync(file, states[0] as Buffer);
  const shown = await show([file], { follow: true });
  const first = await shown.newest(0);
  const address = `${shown.origin}/${first.path}`;
  const opened = await open(await httpSource(address, { headers: { cookie: shown.cookie } }), { growing: true });
  writeFileSync(file, states[2] as Buffer);
  const place = await shown.newest(2);
  expect([place.event, await pixelOf(shown, place)]).toEqual([2, 3]);
  // The range of the first frame is the same in the longer file, so that the open dataset goes on.
  expect(opened.frames).toBe(1);
  await opened.read(0, 1);
  await opened.dispose();
});

test('the data files of a master are followed before the last one exists', { tags: 'all' }, async () => {
  const made = new MadeFile();
  const names = ['data_000001', 'data_000002', 'data_000003'];
  const links = names.map((name) => [name, { file: `series_${name}.h5`, path: '/entry/data/data' }] as const);
  const data = made.group(Object.fromEntries(links));
  const root = made.group({ entry: made.group({ data }) });
  const master = join(folder, 'series_master.h5');
  writeFileSync(master, made.finish(root));
  const part = (i: number, bytes: Buffer | undefined): void =>
    writeFileSync(join(folder, `series_data_00000${i}.h5`), bytes as Buffer);
  const shown = await show([master], { follow: true });
  await expect
    .poll(async () => (await shown.heard()).facts.note, { timeout: 20_000 })
    .toMatch(/series_data_000001\.h5/);
  part(1, states[1]);
  expect(await pixelOf(shown, await shown.newest(1))).toBe(2);
  part(2, states[0]);
  part(3, states[2]?.subarray(0, 60));
  expect(await pixelOf(shown, await shown.newest(2))).toBe(1);
  part(3, states[2]);
  const place = await shown.newest(5);
  expect([place.event, place.name, await pixelOf(shown, place)]).toEqual([5, 'series_master.h5', 3]);
  await expect(open(join(folder, 'absent_master.h5'))).rejects.toThrow();
});

test('a folder is listed once unless it is followed, and an empty one is refused', async () => {
  const at = join(folder, 'finished');
  mkdirSync(at);
  await expect(serveView([at], { grid: '1x2' })).rejects.toThrow(/finished/);
  for (const name of ['1.h5', '2.h5']) writeFileSync(join(at, name), states[0] as Buffer);
  // A folder alone is a list of its files, unless they are the images of a chip.
  const shown = await show([at], { grid: '1x2' });
  await shown.newest(1);
  await shown.view.done;
  expect((await shown.heard()).facts).toMatchObject({ state: 'ended', searches: false });
});

describe.skipIf(!zmq)(`received frames${zmq ? '' : ' (absent: zeromq)'}`, () => {
  test('the newest is kept, an unreadable one is counted, and its message reaches the page', async () => {
    const publisher = new (zmq ?? expect.fail()).XPublisher({ linger: 0 });
    await publisher.bind('tcp://127.0.0.1:*');
    const geometry = join(folder, 'om.geom');
    writeFileSync(
      geometry,
      [
        ...['photon_energy = beam_energy eV', 'clen = 0.1', 'res = 10000', 'data = frame'],
        ...['p/min_fs = 0', 'p/max_fs = 7', 'p/min_ss = 0', 'p/max_ss = 5'],
        ...['p/corner_x = -4', 'p/corner_y = -3', 'p/fs = x', 'p/ss = y', ''],
      ].join('\n'),
    );
    const shown = await show([zmqSource({ zmqInput: publisher.lastEndpoint ?? '' })], { geometry });
    await publisher.receive();
    const message = (value: number): Uint8Array =>
      encode({
        beam_energy: 9000,
        frame: { type: '<u2', shape, data: new Uint8Array(new Uint16Array(48).fill(value).buffer) },
      });
    await publisher.send(message(5));
    await shown.newest(0);
    await publisher.send(encode({ nothing: 1 }));
    await publisher.send(message(6));
    const place = await shown.newest(2);
    expect(place.values).toEqual({ beam_energy: 9000 });
    expect(await pixelOf(shown, { ...place, event: 0 })).toBe(6);
    const { facts, frames } = await shown.heard();
    expect(frames.map(({ failed }) => failed)).toEqual([false, true, false]);
    expect(facts.note).toMatch(/message 2 of tcp.* frame is not in the message/);
    expect(facts).toMatchObject({ state: 'running', searches: false, size: [8, 6] });
    publisher.close();
  });

  test('those of a DECTRIS detector are decoded', async () => {
    const push = new (zmq ?? expect.fail()).Push({ linger: 0 });
    await push.bind('tcp://127.0.0.1:*');
    const shown = await show([zmqSource({ zmqInput: push.lastEndpoint ?? '', zmqPull: true })]);
    const images = [1, 2, 3].map((value) => new Uint16Array(48).fill(value));
    for (const message of await dectrisMessages(images, shape)) await push.send(message);
    expect(await pixelOf(shown, { ...(await shown.newest(2)), event: 0 })).toBe(3);
    // The page knows the detector, and says which run would show more than the frames.
    const { facts } = await shown.heard();
    expect(facts).toMatchObject({ panes: ['more'], geometry: expect.stringMatching(/clen = 0\.06/) });
    const { more } = (await (await shown.get('live/panes')).json()) as { more: { text: string; command: string } };
    expect(more.text).toMatch(/nothing has searched them.*End this viewer first/);
    expect(more.command).toBe(
      `ewald index --zmq-input ${push.lastEndpoint} --zmq-pull -o run.stream --radial-profile --view`,
    );
    push.close();
  });

  test('those of a DECTRIS detector over a chip are in their wells, also after one that is lost', async () => {
    const push = new (zmq ?? expect.fail()).Push({ linger: 0 });
    await push.bind('tcp://127.0.0.1:*');
    const source = zmqSource({ zmqInput: push.lastEndpoint ?? '', zmqPull: true });
    const shown = await show([source], { grid: '2x2,serpentine' });
    const images = [1, 2, 3, 4].map((value) => new Uint16Array(48).fill(value));
    const messages = await dectrisMessages(images, shape, { series: 7 });
    for (const [i, message] of messages.entries()) if (i !== 2) await push.send(message);
    await shown.newest(2);
    const { facts, frames } = await shown.heard();
    expect(frames.map(({ image, well }) => [image, well])).toEqual([
      [0, 0],
      [2, 3],
      [3, 2],
    ]);
    expect(facts.chip).toEqual({ rows: 2, columns: 2, names: ['series 7'] });
    push.close();
    const closed = new (zmq ?? expect.fail()).Push({ linger: 0 });
    await closed.bind('tcp://127.0.0.1:*');
    const small = await show([zmqSource({ zmqInput: closed.lastEndpoint ?? '', zmqPull: true })], { grid: '1x3' });
    for (const message of messages) await closed.send(message);
    await expect(small.view.done).rejects.toThrow(
      /has images 0 to 3, and grid 1x3 has wells for images 0 to 2; 2x3 has/,
    );
    closed.close();
  });
});

test('a grid is for frames that arrive', async () => {
  const refused = (options: ServeViewOptions) => serveView([join(folder, '1.h5')], options);
  await expect(refused({ grid: '2x2' })).rejects.toThrow(/grid is for frames that arrive: follow, or a live source/);
  await expect(serveView([folder], { grid: '2' })).rejects.toThrow(/grid is "2": "2" is no number of rows/);
});

test.skipIf(!dataFolder)('the files that a stream comes to name are offered to its page', async () => {
  const at = join(folder, 'stream');
  mkdirSync(at);
  const whole = readFileSync(join(dataFolder ?? '', 'sim/peers/multi.xgandalf.stream'), 'utf8');
  const second = whole.indexOf('----- Begin chunk', whole.indexOf('----- Begin chunk') + 1);
  const file = join(at, 'a.stream');
  copyFileSync(join(folder, '1.h5'), join(at, 'other.h5'));
  symlinkSync(join(dataFolder ?? '', 'sim/multi.h5'), join(at, 'multi.h5'));
  writeFileSync(file, whole.slice(0, second));
  const shown = await show([file], { follow: true });
  const session = async (from: number): Promise<unknown> => (await shown.get(`session.json?from=${from}`)).json();
  expect(await session(0)).toMatchObject({ files: [{ name: 'a.stream' }, { name: 'multi.h5' }], follow: true });
  const chunk = '----- Begin chunk -----\nImage filename: /elsewhere/other.h5\nEvent: //0\n';
  // A line that is being written is read when it is complete.
  appendFileSync(file, `${chunk.slice(0, 50)}`);
  expect(await session(2)).toMatchObject({ files: [] });
  appendFileSync(file, `${chunk.slice(50)}----- End chunk -----\n`);
  expect(await session(2)).toMatchObject({ files: [{ name: 'other.h5', as: '/elsewhere/other.h5' }] });
  appendFileSync(file, chunk.replace('other', 'absent'));
  expect(await session(3)).toMatchObject({ files: [], note: expect.stringMatching(/names the frames .*absent\.h5/) });
});

describe('invalid arguments', () => {
  const source = (): object => zmqSource({ zmqInput: 'tcp://127.0.0.1:9' });
  test.each([
    [['/absent/folder/run.h5'], { follow: true }, /its folder/],
    [[], { follow: true }, /follow is for frames/],
    [[], { dataset: '/data' }, /dataset say how files of frames are read; expected such files/],
    [[source(), 'a.h5'], {}, /shown alone/],
    [[source()], { follow: true }, /arrive by themselves/],
    [[source()], { onWarning: 1 }, /expected a function/],
    [[], { navShape: [2, 2] }, /navShape say how files of frames are read; expected such files/],
    [[source()], { dtype: 'u16' }, /dtype say how files/],
    [['a.h5'], { follow: true, sigShape: [4, 4] }, /sigShape say how files/],
    [['a.h5'], { dtype: 'u17' }, /dtype.*u17.*u16/],
    [[{}], {}, /a list of paths, or of one source/],
  ])('%j %j', async (files, options, message) => {
    await expect(serveView(files as never, options as object)).rejects.toThrow(message);
  });
});
