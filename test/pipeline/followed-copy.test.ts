// @module-tag all: whole runs.
/**
 * Files that are still being copied while a run follows them: a part is there at first, and the rest comes when the run
 * has said that it waits for it. Each frame is searched once, whatever was missing.
 */
import { spawnSync } from 'node:child_process';
import {
  appendFile,
  copyFile,
  mkdir,
  mkdtemp,
  open as openFile,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'ewald/data';
import { Executor } from 'ewald/executors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createContext } from '../../dist/index.node.js';
import type { RunEvent } from '../../src/pipeline/events.js';
import type { Plans } from '../../src/pipeline/frame-searcher.js';
import { runPlace } from '../../src/pipeline/inputs/place.node.js';
import { runPipeline } from '../../src/pipeline/run.js';
import { Resource } from '../../src/util/resource.js';
import { ewald } from '../support/cli.js';

let folder = '';
let whole = new Uint8Array(0);
const frames = 30;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-copied-'));
  const { code, err } = await ewald(['simulate', 'frames', '-o', folder, `--images=${frames}`, '--size=64,64']);
  expect(code, err).toBe(0);
  whole = await readFile(join(folder, 'run.h5'));
  // Files of other formats have no mask at the path that it names.
  const geometry = await readFile(join(folder, 'run.geom'), 'utf8');
  await writeFile(join(folder, 'run.geom'), geometry.replace(/^p0\/mask.*\n/gm, ''));
});
afterAll(() => rm(folder, { recursive: true }));

const waits = /^(.*?)[: ].*; the run waits until it is whole, or has not changed for .* s \(--no-data-timeout\)$/;

interface Found {
  readonly name: string;
  readonly event: number | undefined;
  readonly error: string | undefined;
}

/** Follows the inputs; `onWait` is called when the run has said that it waits, and `onLook` whenever it looks at a file. */
async function follows(
  inputs: string,
  onWait: () => Promise<void>,
  options: object = {},
  onLook: () => Promise<void> = async () => undefined,
) {
  const context = await createContext({ backend: 'wasm', log: { level: 'error' } });
  const resource = new Resource('run', undefined, { dispose: () => undefined });
  const warnings: { text: string }[] = [];
  const found: Found[] = [];
  const failures: unknown[] = [];
  const onEvent = (event: RunEvent): void => {
    if (event.kind !== 'warning') return;
    warnings.push(event);
    if (waits.test(event.text)) onWait().catch((error) => failures.push(error));
  };
  const stampOf = async (path: string): Promise<string | undefined> => {
    await onLook();
    return runPlace.files?.stampOf(path);
  };
  const files = { ...runPlace.files, stampOf } as typeof runPlace.files;
  const place = { ...runPlace, open: open as unknown as typeof runPlace.open, files };
  const times = { noDataTimeout: 2, firstFramesTimeoutS: 0 };
  const all = { inputs, geometry: join(folder, 'run.geom'), cells: [], follow: true, onEvent, ...times, ...options };
  try {
    for await (const { origin, error } of runPipeline(
      context as unknown as Plans,
      resource,
      async () => place,
      all,
      () => undefined,
    ))
      found.push({ name: origin.filename ?? '', event: origin.event, error: error?.message });
  } finally {
    await context.dispose();
  }
  expect(failures).toEqual([]);
  return { found, warnings };
}

const counting = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

const python = ['/usr/bin/python3', 'python3'].find((name) => spawnSync(name, ['-c', 'import h5py']).status === 0);
/** As the HDF5 library writes it: the structures first, then the frames. */
const framesLast = `
import h5py, sys
with h5py.File(sys.argv[1]) as old, h5py.File(sys.argv[2], "w") as new:
    frames = old["/entry/data/data"][:]
    new.create_dataset("/entry/data/data", data=frames, chunks=(1,) + frames.shape[1:], compression="gzip")
`;

test.each(
  variants(
    [
      ['all frames', 0.1],
      ['most frames', 0.6],
      ['the last byte', 1],
    ],
    2,
  ),
)('a file of which %s come later is searched whole', { tags: tier }, async (_, share) => {
  const file = join(folder, 'late.h5');
  let bytes: Uint8Array = whole;
  if (python && share < 1) {
    const [gzip, copy] = [join(folder, 'gzip.h5'), join(folder, 'frames-last.h5')];
    const words = ['convert', join(folder, 'run.h5'), '-o', gzip, '--packing=gzip', '--force'];
    expect((await ewald(words)).code).toBe(0);
    expect(spawnSync(python, ['-c', framesLast, gzip, copy]).status).toBe(0);
    bytes = await readFile(copy);
  }
  const part = Math.min(Math.round(share * bytes.length), bytes.length - 1);
  await writeFile(file, bytes.subarray(0, part));
  const { found, warnings } = await follows(file, () => appendFile(file, bytes.subarray(part)));
  expect(found).toEqual(counting(frames).map((event) => ({ name: file, event, error: undefined })));
  expect(warnings.map(({ text }) => text)).toEqual([expect.stringMatching(waits)]);
  if (python || share === 1) expect(warnings[0]?.text).toContain(`${file} is incomplete: it has ${part} of`);
});

test('a copy that takes longer than the timeout is waited for as long as it grows', async () => {
  const file = join(folder, 'slow.h5');
  await writeFile(file, whole.subarray(0, 4096));
  // At each look of the run another piece has come; it looks every half second.
  const step = Math.ceil((whole.length - 4096) / 8);
  let at = 4096;
  const grow = async (): Promise<void> => {
    await appendFile(file, whole.subarray(at, at + step));
    at += step;
  };
  const { found } = await follows(file, async () => undefined, { noDataTimeout: 1 }, grow);
  expect(found).toEqual(counting(frames).map((event) => ({ name: file, event, error: undefined })));
});

test.each([
  ['in this process', 0],
  ['by workers', 1],
])('in a folder, files of all kinds that are half there are searched when they are whole: %s', async (_, workers) => {
  const live = join(folder, `live-${workers}`);
  await mkdir(live, { recursive: true });
  const parts: Readonly<Record<string, Uint8Array>> = {
    'a.h5': whole,
    'b.cxi': whole,
    'c.npy': await converted('npy'),
    'd.mrc': await converted('mrc'),
    'e.cbf': cbf(),
    'f.edf': edf(),
    'g.tif': tif(),
  };
  await copyFile(join(folder, 'run.h5'), join(live, '0.h5'));
  const halves = Object.entries(parts).map(([name, bytes]) => {
    const half = Math.round(0.6 * bytes.length);
    return { file: join(live, name), first: bytes.subarray(0, half), second: bytes.subarray(half) };
  });
  for (const { file, first } of halves) await writeFile(file, first);
  const complete = new Set<string>();
  const executor = workers > 0 ? await Executor.workers({ workers, context: { backend: 'wasm' } }) : undefined;
  const { found } = await follows(
    live,
    async () => {
      // What one wait says holds for the others: all of them came at once.
      for (const { file, second } of halves) {
        if (complete.has(file)) continue;
        complete.add(file);
        await appendFile(file, second);
      }
    },
    { noDataTimeout: 3, ...(executor ? { executor } : {}) },
  );
  await executor?.dispose();
  const of = (name: string): (number | undefined)[] =>
    found.filter((one) => one.name === join(live, name)).map(({ event }) => event);
  expect(found.filter(({ error }) => error !== undefined)).toEqual([]);
  for (const name of ['0.h5', 'a.h5', 'b.cxi', 'c.npy', 'd.mrc']) expect(of(name), name).toEqual(counting(frames));
  for (const name of ['e.cbf', 'f.edf', 'g.tif']) expect(of(name), name).toEqual([undefined]);
  expect(found).toHaveLength(5 * frames + 3);
});

test('space that is reserved first is not taken for frames', async () => {
  // As some programs copy: the size is there from the beginning, and the bytes come in order.
  const file = join(folder, 'reserved.h5');
  const half = Math.round(0.5 * whole.length);
  await writeFile(
    file,
    whole.map((byte, i) => (i < half ? byte : 0)),
  );
  const { found, warnings } = await follows(file, async () => {
    const handle = await openFile(file, 'r+');
    await handle.write(whole.subarray(half), 0, whole.length - half, half);
    await handle.close();
  });
  expect((await stat(file)).size).toBe(whole.length);
  expect(found).toEqual(counting(frames).map((event) => ({ name: file, event, error: undefined })));
  expect(warnings.map(({ text }) => text)).toEqual([expect.stringMatching(waits)]);
});

test('a file that stays incomplete is damaged by name, and the others are searched', async () => {
  const live = join(folder, 'cut');
  await mkdir(live);
  await copyFile(join(folder, 'run.h5'), join(live, 'a.h5'));
  await writeFile(join(live, 'b.h5'), whole.subarray(0, whole.length - 100));
  const { found, warnings } = await follows(live, async () => undefined, { noDataTimeout: 1 });
  const [good, bad] = [found.filter(({ error }) => !error), found.filter(({ error }) => error)];
  expect(good.map(({ event }) => event)).toEqual(counting(frames));
  expect(bad).toEqual([
    { name: join(live, 'b.h5'), event: 0, error: expect.stringContaining('b.h5 is incomplete: it has') },
  ]);
  expect(warnings.filter(({ text }) => waits.test(text))).toHaveLength(1);
});

/** Prints where each frame ends in the file, as the HDF5 library knows it. */
const endsOfFrames = `
import h5py, sys, json
with h5py.File(sys.argv[1]) as file:
    chunks = file["/entry/data/data"].id
    at = [chunks.get_chunk_info(i) for i in range(chunks.get_num_chunks())]
    print(json.dumps([one.byte_offset + one.size for one in at]))
`;

import { tier, variants } from '../support/variants.js';

describe('of a file that stays cut, as a detector that dies leaves it, each frame that is there is searched', () => {
  test.skipIf(!python).each([
    ['in this process', 0],
    ['by workers', 1],
  ])('HDF5: %s', async (_, workers) => {
    const [gzip, frames_, cut] = ['gz.h5', 'ends.h5', `died-${workers}.h5`].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const words = ['convert', join(folder, 'run.h5'), '-o', gzip, '--packing=gzip', '--force'];
    expect((await ewald(words)).code).toBe(0);
    expect(spawnSync(python as string, ['-c', framesLast, gzip, frames_]).status).toBe(0);
    const ends = JSON.parse(spawnSync(python as string, ['-c', endsOfFrames, frames_]).stdout.toString()) as number[];
    const part = (ends[20] as number) - 1;
    const expected = counting(frames).filter((i) => (ends[i] as number) <= part);
    expect(expected.length).toBeGreaterThan(10);
    await writeFile(cut, (await readFile(frames_)).subarray(0, part));
    const executor = workers > 0 ? await Executor.workers({ workers, context: { backend: 'wasm' } }) : undefined;
    const { found, warnings } = await follows(cut, async () => undefined, { noDataTimeout: 1, executor });
    await executor?.dispose();
    const events = (isRead: boolean) =>
      found.filter(({ error }) => (error === undefined) === isRead).map(({ event }) => event);
    expect(events(true)).toEqual(expected);
    expect(events(false)).toEqual(counting(frames).filter((i) => !expected.includes(i)));
    expect(warnings).toContainEqual(expect.objectContaining({ text: expect.stringMatching(/died.*it was cut/) }));
  });
});

async function converted(ending: string): Promise<Uint8Array> {
  const target = join(folder, `converted.${ending}`);
  const { code, err } = await ewald(['convert', join(folder, 'run.h5'), '-o', target, '--force']);
  expect(code, err).toBe(0);
  return readFile(target);
}

const text = (string: string): Uint8Array => Uint8Array.from(string, (c) => c.charCodeAt(0));
const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(parts.flatMap((part) => [...part]));
const pixels = new Uint8Array(2 * 64 * 64);

const cbf = (): Uint8Array =>
  joined(
    text(
      '###CBF: VERSION 1.5\n\n_array_data.data\n;\n--CIF-BINARY-FORMAT-SECTION--\n' +
        'Content-Type: application/octet-stream;\n     conversions="x-CBF_NONE"\n' +
        `X-Binary-Size: ${pixels.length}\nX-Binary-Element-Type: "unsigned 16-bit integer"\n` +
        'X-Binary-Size-Fastest-Dimension: 64\nX-Binary-Size-Second-Dimension: 64\n\n\x0c\x1a\x04\xd5',
    ),
    pixels,
  );

const edf = (): Uint8Array =>
  joined(text('{\nDim_1 = 64 ;\nDim_2 = 64 ;\nDataType = UnsignedShort ;\nByteOrder = LowByteFirst ;\n}\n'), pixels);

/** The pixels first, and the tags at the end, as many writers have them. */
function tif(): Uint8Array {
  const tags: [number, number, number][] = [
    [256, 4, 64],
    [257, 4, 64],
    [258, 4, 16],
    [259, 4, 1],
    [273, 4, 8],
    [278, 4, 64],
    [279, 4, pixels.length],
  ];
  const head = new DataView(new ArrayBuffer(8));
  head.setUint16(0, 0x4949);
  head.setUint16(2, 42, true);
  head.setUint32(4, 8 + pixels.length, true);
  const list = new DataView(new ArrayBuffer(2 + 12 * tags.length + 4));
  list.setUint16(0, tags.length, true);
  for (const [i, [tag, type, value]] of tags.entries()) {
    list.setUint16(2 + 12 * i, tag, true);
    list.setUint16(4 + 12 * i, type, true);
    list.setUint32(6 + 12 * i, 1, true);
    list.setUint32(10 + 12 * i, value, true);
  }
  return joined(new Uint8Array(head.buffer), pixels, new Uint8Array(list.buffer));
}
