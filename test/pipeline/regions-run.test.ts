/** Regions of a run: the same in its results, its stream, its HDF5 file and its report, wherever frames are searched. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Context,
  cellFromParameters,
  createContext,
  type PipelineOptions,
  parseGeometry,
  type RegionValues,
} from 'ewald';
import { open } from 'ewald/data';
import { Executor } from 'ewald/executors';
import { RunSummary } from 'ewald/pipeline';
import { simulateFrames } from 'ewald/shell';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { progressText } from '../../src/pipeline/progress-text.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-regions-'));
const at = (name: string): string => join(folder, name);
const rois = ['water=ring:1:2', 'jet=rect:10:50,4:90', 'stop=circle:20.5,70,9', 'up=sector:0.8:2,20:80'] as const;
let ctx: Context;
let whole: Awaited<ReturnType<typeof run>>;

/** The regions of each frame of a run. */
async function run(options: Partial<PipelineOptions> = {}) {
  const given = { geometry: at('a.geom'), cells: ['44,57,68,82,97,104'], peaks: { threshold: 40 }, commandLine: 'x' };
  const found: (RegionValues | undefined)[] = [];
  const summary = new RunSummary();
  for await (const item of ctx.pipeline({ inputs: at('a.h5'), ...given, refineGeometry: 'off', rois, ...options })) {
    if (item.error) throw item.error;
    summary.add(item);
    found.push(item.result.rois);
  }
  return { found, summary };
}
const lines = (name: string): string[] => readFileSync(at(name), 'utf8').match(/^ewald\/roi\/.*$/gm) ?? [];

beforeAll(async () => {
  ctx = await createContext({ backend: 'wasm', strict: true });
  const cell = cellFromParameters(44, 57, 68, 82, 97, 104);
  const small = { detectorPx: [96, 96], distanceMm: 20, images: 6, badPixels: 0.01, seed: 5, cell } as const;
  await simulateFrames(folder, small, { name: 'a' });
  whole = await run({ output: at('a.stream'), hdf5: at('a.out.h5'), html: at('a.html') });
});
afterAll(async () => {
  await ctx.dispose();
  rmSync(folder, { recursive: true, force: true });
});

test('results have the sums of the pixels that are not masked', async () => {
  expect(whole.found).toHaveLength(6);
  const dataset = await open(at('a.h5'));
  const detector = await ctx.detector(dataset, { geometry: parseGeometry(readFileSync(at('a.geom'), 'utf8')) });
  for (const [i, found] of whole.found.entries()) {
    const frame = (await dataset.read(i, 1)) as Uint16Array;
    let [sum, pixels] = [0, 0];
    for (let ss = 4; ss < 90; ss++)
      for (let fs = 10; fs < 50; fs++) {
        if (detector.bad[ss * 96 + fs] !== 0) continue;
        sum += frame[ss * 96 + fs] ?? 0;
        pixels++;
      }
    expect(found?.jet).toMatchObject({ sum: BigInt(sum), pixels, mean: sum / pixels });
    expect(pixels).toBeLessThan(40 * 86);
    expect(Object.keys(found ?? {})).toEqual(['water', 'jet', 'stop', 'up']);
  }
  await dataset.dispose();
});

test('the stream has a line a region and frame, the report the medians, progress the means', () => {
  expect(lines('a.stream')).toHaveLength(24);
  expect(lines('a.stream')[1]).toBe(
    `ewald/roi/jet = ${Object.values(whole.found[0]?.jet ?? {})
      .toSpliced(4, 2)
      .map((value, i) => (i > 3 ? (value as number).toFixed(3) : value))
      .join(' ')}`,
  );
  expect(readFileSync(at('a.html'), 'utf8')).toMatch(/<h2>Regions<\/h2>.*<td>water=ring:1:2<\/td>/s);
  expect(progressText(whole.summary as never)).toMatch(/, water [\d.]+, jet [\d.]+, stop [\d.]+, up [\d.]+/);
});

test('the HDF5 file has them where Jungfraujoch writes them, with a map of their pixels', async () => {
  const column = async (path: string) => {
    const dataset = await open(at('a.out.h5'), { dataset: path });
    const values = (await dataset.read(0, dataset.frames)) as ArrayLike<number | bigint>;
    await dataset.dispose();
    return { values: Array.from(values as ArrayLike<unknown>), dtype: dataset.dtype };
  };
  for (const name of ['water', 'up'])
    for (const [path, field] of [
      ['x', 'x'],
      ['y', 'y'],
    ] as const)
      expect((await column(`/entry/roi/${name}/${path}`)).values, name).toEqual(
        whole.found.map((one) => one?.[name]?.[field]),
      );
  for (const [path, field, dtype] of [
    ['sum', 'sum', 'i64'],
    ['sum_sq', 'sumSquares', 'u64'],
    ['npixel', 'pixels', 'u64'],
  ] as const)
    expect(await column(`/entry/roi/stop/${path}`), path).toEqual({
      values: whole.found.map((one) => BigInt(one?.stop?.[field] ?? -1)),
      dtype,
    });
  // A number that may be absent: NaN, which no whole number is.
  expect(await column('/entry/roi/stop/max')).toEqual({
    values: whole.found.map((one) => one?.stop?.max),
    dtype: 'f64',
  });
  const map = (await column('/entry/roi_defs/map')).values as number[];
  for (const [bit, name] of ['water', 'jet', 'stop', 'up'].entries())
    expect(
      map.filter((bits) => (bits >> bit) & 1),
      name,
    ).toHaveLength(whole.found[0]?.[name]?.pixels ?? 0);
});

test('a viewer that follows a run is told the means', async () => {
  let status: (() => readonly string[]) | undefined;
  const told: string[] = [];
  const view = {
    runSink: (viewed: { readonly status?: () => readonly string[] }) => {
      status = viewed.status;
      return {
        add: async () => void told.push(...(status?.() ?? [])),
        close: async () => '',
        discard: async () => undefined,
      };
    },
  };
  await run({ view: view as unknown as NonNullable<PipelineOptions['view']> });
  expect(told.at(-1)).toMatch(/^mean of water [\d.]+, jet [\d.]+, stop [\d.]+, up [\d.]+$/);
});

test('a run without regions has none of this', async () => {
  const { found, summary } = await run({ rois: undefined, output: at('none.stream'), hdf5: at('none.h5') });
  expect(found).toEqual(Array(6).fill(undefined));
  expect(summary.regions).toBeUndefined();
  expect(lines('none.stream')).toEqual([]);
  expect(readFileSync(at('none.h5'), 'latin1')).not.toContain('roi');
  const others = readFileSync(at('a.stream'), 'utf8').replace(/^ewald\/roi\/.*\n/gm, '');
  expect(readFileSync(at('none.stream'), 'utf8')).toBe(others);
});

test('a resumed run has the regions of both sessions', async () => {
  const to = { output: at('b.stream'), hdf5: at('b.h5') };
  await run({ ...to, first: 2 });
  await run({ ...to, resume: true });
  expect(lines('b.stream')).toEqual(lines('a.stream'));
  expect(readFileSync(at('b.h5'))).toEqual(readFileSync(at('a.out.h5')));
});

test('several frames at once, and reading peaks alone, give the same', async () => {
  expect((await run({ jobs: 3 })).found).toEqual(whole.found);
  expect((await run({ cells: [], refineGeometry: undefined })).found).toEqual(whole.found);
});

test.each(['inline', 'workers'] as const)('an executor gives the same: %s', { tags: 'all' }, async (kind) => {
  const context = { backend: 'wasm', strict: true } as const;
  const executor =
    kind === 'inline' ? await Executor.inline({ context }) : await Executor.workers({ workers: 2, context });
  try {
    expect((await run({ executor, output: at(`${kind}.stream`) })).found).toEqual(whole.found);
    expect(lines(`${kind}.stream`)).toEqual(lines('a.stream'));
    const brief = await run({ executor, briefItems: true, output: at(`${kind}.stream`), hdf5: at(`${kind}.h5`) });
    expect(brief.found).toEqual(whole.found);
    expect(lines(`${kind}.stream`)).toEqual(lines('a.stream'));
  } finally {
    await executor.dispose();
  }
});

describe('refused before the run', () => {
  test.each([
    [
      'beyond the corner',
      { rois: ['a=ring:9:10'] },
      /rois: the region a=ring:9:10 lies beyond the corner of the detector; the largest/,
    ],
    ['outside of the frame', { rois: ['a=rect:10:50,96:97'] }, /a frame has 96 x 96 pixels/],
    ['an unknown kind', { rois: ['a=box:10:50'] }, /has the kind "box"/],
    ['a stream as input', { inputs: at('a.stream') }, /rois belongs to detector frames/],
  ] as const)('%s', async (_, options, why) => {
    await expect(run({ ...options, output: at('c.stream'), hdf5: at('c.h5') })).rejects.toThrow(
      expect.objectContaining({ tag: 'Argument', message: expect.stringMatching(why) }),
    );
    expect(() => readFileSync(at('c.stream.part'))).toThrow('ENOENT');
    expect(() => readFileSync(at('c.h5.part'))).toThrow('ENOENT');
  });
});

test('merges are divided by the level of a region', async () => {
  const sums = whole.found.map((one) => Number(one?.water?.mean)).sort((a, b) => a - b);
  const level = ((sums[2] ?? 0) + (sums[3] ?? 0)) / 2;
  const splits = async (file: string, splitBy: string) => {
    const merger = await ctx.merger({ symmetry: '-1', splitBy, minMeasurements: 1, model: 'mean' });
    await merger.addStream({ name: file, bytes: [readFileSync(file)] });
    return (await merger.run()).datasets.map(({ name }) => name);
  };
  const wanted = [`water.mean_above_${level}`, `water.mean_not_above_${level}`];
  expect((await splits(at('a.stream'), `roi:water.mean>${level}`)).sort()).toEqual(wanted);
  await expect(splits(at('a.stream'), 'roi:water>5')).rejects.toThrow(
    /splitBy is "roi:water>5"; expected roi:NAME.FIELD/,
  );
  await expect(splits(at('a.stream'), 'roi:lamp.sum>5')).rejects.toThrow(
    /no frame states the region of roi:lamp.sum>5/,
  );
});
