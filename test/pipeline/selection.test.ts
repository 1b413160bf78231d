/** `first`, `frames` and `shard` of `ctx.pipeline`: which frames are searched, compared with slices of a list. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryDataset } from 'ewald/data';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Context, createContext, formatNpy, type PipelineOptions } from '../../dist/index.node.js';

const [count, side] = [23, 32];
let context: Context;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-selection-'));
  context = await createContext({ backend: 'wasm' });
});
afterAll(async () => {
  await context.dispose();
  rmSync(folder, { recursive: true });
});

const geometry = `photon_energy = 9000
clen = 0.1
res = 10000
p/min_fs = 0
p/max_fs = ${side - 1}
p/min_ss = 0
p/max_ss = ${side - 1}
p/corner_x = ${-side / 2}
p/corner_y = ${-side / 2}
p/fs = +1.0x +0.0y
p/ss = +0.0x +1.0y
`;
const settings: Omit<PipelineOptions, 'inputs'> = { geometry, cells: [], peaks: { threshold: 12 } };
/** Two datasets, in which the frames are numbered on. */
const inputs = () =>
  [9, count - 9].map((frames) => ({
    dataset: memoryDataset(new Uint16Array(frames * side * side), { sigShape: [side, side], navShape: [frames] }),
  }));

async function serials(options: Partial<PipelineOptions>): Promise<number[]> {
  const found: number[] = [];
  const given = { ...settings, inputs: inputs(), ...options } as PipelineOptions;
  for await (const { origin } of context.pipeline(given)) found.push(origin.serial);
  return found;
}

const all = Array.from({ length: count }, (_, i) => i + 1);

test.for<[Partial<PipelineOptions>, (position: number) => boolean]>([
  [{ first: 1 }, (i) => i < 1],
  [{ first: 10 }, (i) => i < 10],
  [{ first: 1000 }, () => true],
  [{ frames: '8:10' }, (i) => i === 8 || i === 9],
  [{ frames: '20:' }, (i) => i >= 20],
  [{ frames: ':7' }, (i) => i < 7],
  [{ frames: '::5' }, (i) => i % 5 === 0],
  [{ frames: '3:20:4' }, (i) => [3, 7, 11, 15, 19].includes(i)],
  [{ frames: [3, 20, 4] }, (i) => [3, 7, 11, 15, 19].includes(i)],
  [{ frames: [21] }, (i) => i >= 21],
  // Every n-th of those that are selected.
  [{ frames: '0:20:4', shard: '2/2' }, (i) => i === 4 || i === 12],
  [{ first: 7, shard: '3/3' }, (i) => i === 2 || i === 5],
])('%j', async ([options, isWanted]) => {
  expect(await serials(options)).toEqual(all.filter((serial) => isWanted(serial - 1)));
});

test('progress is relative to the frames that are selected', async () => {
  const shares: number[] = [];
  const onEvent: PipelineOptions['onEvent'] = (event) => {
    if (event.kind === 'progress' && event.stage === 'frames') shares.push(event.share);
  };
  await serials({ frames: '3:20:4', shard: '1/2', onEvent });
  expect(shares).toEqual([1 / 3, 2 / 3, 1]);
});

test('a cell is determined from the frames that are selected', async () => {
  const search = { geometry, peaks: { threshold: 12 } } as const;
  const searched = async (options: { first?: number; frames?: string }): Promise<number> =>
    (await context.cell({ ...search, inputs: inputs(), ...options })).frames;
  expect([await searched({}), await searched({ first: 4 }), await searched({ frames: '3:20:4' })]).toEqual([
    count,
    4,
    5,
  ]);
  await expect(searched({ frames: '23:' })).rejects.toMatchObject({ tag: 'Argument' });
  await expect(searched({ first: 1, frames: ':1' })).rejects.toThrow(/both select frames/);
});

test('a followed run ends with the last frame that is wanted', async () => {
  writeFileSync(
    join(folder, 'frames.npy'),
    formatNpy({ data: new Float32Array(4 * side * side), shape: [4, side, side] }),
  );
  const options = { inputs: folder, follow: true, noDataTimeout: 600, firstFramesTimeoutS: 0.1 };
  expect(await serials({ ...options, frames: '1:3' })).toEqual([2, 3]);
});

test('a resumed run counts frames without a chunk that were searched before', async () => {
  const file = join(folder, 'few-hits.npy');
  const data = new Float32Array(count * side * side);
  const hits = [5, 17];
  for (const hit of hits)
    for (const at of [9 * side + 9, 20 * side + 12]) {
      const pixels = [at, at + 1, at + side, at + side + 1];
      for (const pixel of pixels) data[hit * side * side + pixel] = 1000;
    }
  writeFileSync(file, formatNpy({ data, shape: [count, side, side] }));
  const peaks = { threshold: 12, minPixCount: 1 };
  const options = { inputs: file, peaks, minPeaks: 2, nonHitsInStream: false, output: join(folder, 'few-hits.stream') };
  const given = { ...settings, ...options } as PipelineOptions;
  for await (const { origin } of context.pipeline(given)) if (origin.serial === 10) break;
  let said = {};
  const onEvent: PipelineOptions['onEvent'] = (event) => {
    if (event.kind === 'end') said = { done: event.summary.done, hits: event.summary.hits };
  };
  // The stream ends with its first hit: what follows is searched again.
  expect(await serials({ ...options, onEvent, resume: true } as never)).toEqual(all.slice(6));
  expect(said).toEqual({ done: count, hits: hits.length });
});

test.for<[Partial<PipelineOptions>, RegExp]>([
  [{ frames: '30:' }, /the run has 23 frames, counted from 0; 30: selects no frame/],
  [{ frames: '3' }, /frames is "3"; expected first:end or first:end:step/],
  [{ frames: '5:5' }, /frames is "5:5"/],
  [{ frames: '0:9:0' }, /frames is "0:9:0"/],
  [{ frames: '-3:' }, /frames is "-3:"/],
  [{ frames: [0, 2, 1, 1] as never }, /frames is \[0,2,1,1\]/],
  [{ frames: [0.5] }, /frames is \[0\.5\]/],
  [{ frames: {} as never }, /frames is /],
  [{ first: 0 }, /first is 0/],
  [{ first: 2, frames: '0:1' }, /first and frames both select frames/],
])('%j is refused', async ([wrong, message]) => {
  await expect(serials(wrong)).rejects.toMatchObject({ tag: 'Argument', message: expect.stringMatching(message) });
});
