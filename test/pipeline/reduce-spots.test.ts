/** Pixels that are kept around peaks and predicted reflections (`keep: 'spots'`), and what is refused. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Context, createContext, type Reduction, type SearchedFrame } from 'ewald';
import { memoryDataset, open } from 'ewald/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isEwaldError } from '../../dist/index.node.js';
import { flatGeometry } from '../../src/crystal/geometry/flat.js';
import type { Detector } from '../../src/frames/detector/detector.js';
import type { FrameRecord } from '../../src/pipeline/record.js';
import { KeptPixels, markOf } from '../../src/pipeline/reduce/kept-pixels.js';
import { dataFolder } from '../support/data.js';

const sim = (name: string): string => resolve(dataFolder ?? '', 'sim', name);
const folder = mkdtempSync(join(tmpdir(), 'ewald-spots-'));
const of = (name: string): string => join(folder, name);
const peaks = { threshold: 12, minSnr: 4.5, minPixCount: 2, localBgRadius: 4 } as const;
const usual = {
  geometry: sim('mono.geom'),
  cells: [sim('mono.cell')],
  minRes: 20,
  peaks,
  intRadius: [4, 5, 7],
} as const;
/** Five frames of the cell, and one of another crystal, which is a hit and not indexed. */
const frames = [0, 1, 2, 3, 4];
let ctx: Context;
let found: Reduction;

const reduced = (name: string, more: object = {}): Promise<Reduction> =>
  ctx.reduce({ ...usual, inputs: { list: of('some.lst') }, keep: 'spots', output: of(name), ...more });

async function searched(options: object): Promise<SearchedFrame[]> {
  const items: SearchedFrame[] = [];
  for await (const item of ctx.pipeline({ ...usual, refineGeometry: 'off', inputs: [], ...options }))
    if (item.error) throw item.error;
    else items.push(item);
  return items;
}

beforeAll(async () => {
  if (!dataFolder) return;
  ctx = await createContext({ backend: 'wasm', log: { level: 'error' } });
  const lines = [...frames.map((frame) => `${sim('mono.h5')} //${frame}`), `${sim('run.h5')} //0`];
  writeFileSync(of('some.lst'), `${lines.join('\n')}\n`);
  found = await reduced('spots.cxi', { allowOutside: true });
});
afterAll(async () => {
  await ctx?.dispose();
  rmSync(folder, { recursive: true });
});

test('only types that have a value beside their counts are marked', () => {
  expect([markOf('u16'), markOf('u32'), markOf('i32'), markOf('f32')]).toEqual([65535, 2 ** 32 - 1, -(2 ** 31), NaN]);
  for (const dtype of ['u8', 'i8'] as const)
    expect(() => markOf(dtype)).toThrow(/frames are [ui]8, which has no value/);
});

test('the means of rings are those of counts: neither gaps nor markers are in them', () => {
  const side = 8;
  const dataset = memoryDataset(new Int32Array(side * side), { sigShape: [side, side], navShape: [1] });
  const plain = { width: side, height: side, centrePx: [4, 4], pixelM: 1e-4, distanceM: 0.1 } as const;
  const detector = {
    geometry: flatGeometry({ ...plain, wavelengthA: 1, saturation: 1000 }),
    ...{ width: side, height: side, dtype: dataset.dtype, bad: new Uint8Array(side * side), validRange: [0, 1000] },
    beam: { wavelengthA: 1, distanceM: 0.1, shiftM: [0, 0] },
  } as unknown as Detector;
  const frame = new Int32Array(side * side).fill(3);
  frame[0] = -1;
  frame[9] = 2 ** 31 - 1;
  const record = { peaks: { count: 0 }, crystals: [] } as unknown as FrameRecord;
  const { mean, count } = new KeptPixels(detector, 1, markOf('i32')).apply(frame, record).model;
  expect([...count].reduce((sum, n) => sum + n)).toBe(side * side - 2);
  expect([...mean].filter((_, ring) => (count[ring] as number) > 0).every((value) => value === 3)).toBe(true);
});

describe.skipIf(!dataFolder)(
  `spots that are kept${dataFolder ? '' : ' (absent: no test data)'}`,
  { tags: 'all' },
  () => {
    test('around peaks and predictions pixels are as they were, the others are marked; hits without crystals are whole', async () => {
      expect(found).toMatchObject({ frames: 6, hits: 6, kept: 6, whole: 1, blanks: 0 });
      expect(found.pixels).toBeGreaterThan(0.05);
      expect(found.pixels).toBeLessThan(0.3);
      const [whole, other, spots] = await Promise.all([
        open(sim('mono.h5')),
        open(sim('run.h5')),
        open(of('spots.cxi')),
      ]);
      // Without its geometry the file itself says which number is no count.
      expect(spots.meta).toMatchObject({ saturation: 65534, markers: [65535] });
      const items = await searched({ inputs: { list: of('some.lst') }, allowOutside: true });
      const [radius, width] = [7 + 2, 1024];
      for (const [i, frame] of frames.entries()) {
        const kept = new Uint8Array(width * width);
        const { result } = items[i] as SearchedFrame;
        const around = (fs: number, ss: number): void => {
          for (let y = Math.floor(ss) - radius; y <= Math.floor(ss) + radius; y++)
            for (let x = Math.floor(fs) - radius; x <= Math.floor(fs) + radius; x++)
              if (x >= 0 && y >= 0 && x < width && y < width) kept[y * width + x] = 1;
        };
        for (let n = 0; n < result.peaks.count; n++) around(result.peaks.fs[n] as number, result.peaks.ss[n] as number);
        for (const { fs, ss } of result.crystals[0]?.reflections ?? []) around(fs, ss);
        const [before, after] = [await whole.read(frame, 1), await spots.read(i, 1)];
        let [wrong, marked] = [0, 0];
        kept.forEach((one, at) => {
          if (after[at] !== (one ? before[at] : 65535)) wrong++;
          if (!one) marked++;
        });
        expect(wrong).toBe(0);
        expect(marked).toBeGreaterThan(0.7 * width * width);
      }
      expect(Buffer.from((await spots.read(5, 1)).buffer).equals(Buffer.from((await other.read(0, 1)).buffer))).toBe(
        true,
      );
      const rings = async (name: string): Promise<Float64Array> => {
        const table = await open(of('spots.cxi'), { dataset: `/entry/reduction/rings/${name}` });
        const values = Float64Array.from((await table.read(0, table.frames)) as Float32Array);
        await table.dispose();
        return values;
      };
      // The simulated background is 3 counts and more; a frame that is whole has no model.
      const [mean, count] = [await rings('mean'), await rings('count')];
      const perFrame = mean.length / 6;
      const ofFirst = mean.slice(0, perFrame).filter((_, ring) => (count[ring] as number) > 1000);
      expect(Math.min(...ofFirst)).toBeGreaterThan(0.5);
      expect(Math.max(...ofFirst)).toBeLessThan(15);
      expect(count.slice(5 * perFrame).every((n) => n === 0)).toBe(true);
      for (const one of [whole, other, spots]) await one.dispose();
    });

    test('reading them again gives the same crystals, and intensities within a hundredth of their errors', async () => {
      expect(readFileSync(of('spots.geom'), 'utf8')).toMatch(/^p0\/flag_equal = 65535$/m);
      const before = await searched({ inputs: { list: of('some.lst') }, allowOutside: true });
      const after = await searched({ inputs: [of('spots.cxi')], geometry: of('spots.geom') });
      const [z, all] = [[] as number[], { before: 0, both: 0 }];
      for (const [i, { result }] of before.entries()) {
        // The frame of the other crystal has a chance lattice of this one.
        if (i === 5) continue;
        expect(after[i]?.result.crystals.length).toBe(1);
        const again = new Map(
          after[i]?.result.crystals.flatMap(({ reflections = [] }) =>
            reflections.map((one) => [`${one.h} ${one.k} ${one.l}`, one] as const),
          ),
        );
        for (const one of result.crystals[0]?.reflections ?? []) {
          const same = again.get(`${one.h} ${one.k} ${one.l}`);
          all.before++;
          if (!same || Math.hypot(same.fs - one.fs, same.ss - one.ss) > 1.2) continue;
          all.both++;
          z.push((same.intensity - one.intensity) / one.sigma);
        }
      }
      expect(all.before).toBeGreaterThan(2000);
      expect(all.both / all.before).toBeGreaterThan(0.94);
      expect(Math.abs(z.reduce((sum, one) => sum + one, 0) / z.length)).toBeLessThan(0.01);
    });

    test('a run takes the peaks and radii of the file, so that each observation is the same; a search of it is in doubt', async () => {
      const before = await searched({ inputs: { list: of('some.lst') }, allowOutside: true });
      const again = async (more: object): Promise<[SearchedFrame[], string[]]> => {
        const warnings: string[] = [];
        const onEvent = (event: { readonly kind: string; readonly text?: string; readonly isDoubtful?: boolean }) => {
          if (event.kind === 'warning' && event.isDoubtful) warnings.push(event.text ?? '');
        };
        const from = { inputs: [of('spots.cxi')], geometry: of('spots.geom'), onEvent };
        return [await searched({ ...from, peaks: undefined, intRadius: undefined, ...more }), warnings];
      };
      const [after, warnings] = await again({});
      expect(warnings).toEqual([]);
      const observed = (item: SearchedFrame | undefined): number[] | undefined =>
        item?.result.crystals[0]?.reflections?.map(({ intensity }) => intensity);
      for (const frame of frames) {
        expect(observed(before[frame])?.length).toBeGreaterThan(300);
        expect(observed(after[frame])).toEqual(observed(before[frame]));
      }
      expect((await again({ peaks }))[1]).toEqual([
        expect.stringMatching(/^the frames have only the pixels around spots/),
      ]);
      expect((await again({ intRadius: [4, 8, 12] }))[1]).toEqual([
        expect.stringMatching(
          /^the radii of integration reach 12 pixels, but the pixels were kept for 7 \(and a margin of 2\)/,
        ),
      ]);
      // Hits of it have no more pixels than it has.
      await ctx.reduce({ inputs: [of('spots.cxi')], geometry: of('spots.geom'), output: of('twice.cxi') });
      const twice = await searched({
        inputs: [of('twice.cxi')],
        geometry: of('twice.geom'),
        peaks: undefined,
        intRadius: undefined,
      });
      expect(observed(twice[0])).toEqual(observed(before[0]));
    });

    test('spots of an unknown cell, of a geometry that moves, and without predictions are refused', async () => {
      const refused = (more: object): Promise<string> =>
        reduced('refused.cxi', { allowOutside: true, ...more }).then(
          () => '',
          (error) => `${isEwaldError(error) ? error.tag : ''}: ${error.message}`,
        );
      expect(await refused({ cells: undefined })).toMatch(
        /^Argument: pipeline: keep: 'spots' keeps what a known cell predicts/,
      );
      expect(await refused({ integrate: false })).toMatch(/^Argument: pipeline: keep: 'spots' needs predictions/);
      expect(await refused({ refineGeometry: 'off' })).toMatch(
        /^Argument: .*tests on the first crystals that it does not move by a pixel: leave out refineGeometry: 'off'/,
      );
      expect(await refused({ keep: 'hits', cells: undefined, margin: 3 })).toMatch(
        /^Argument: .*margin is around the spots/,
      );
      const text = readFileSync(sim('mono.geom'), 'utf8');
      writeFileSync(
        of('moved.geom'),
        text.replace(/corner_x = (\S+)/, (_, x) => `corner_x = ${Number(x) - 2.5}`),
      );
      expect(await refused({ geometry: of('moved.geom') })).toMatch(
        /^Argument: pipeline: the first crystals move the geometry by 2\.\d pixels, so that it is not final/,
      );
      writeFileSync(
        of('nearly.geom'),
        text.replace(/corner_x = (\S+)/, (_, x) => `corner_x = ${Number(x) - 0.4}`),
      );
      expect(await refused({ geometry: of('nearly.geom'), output: of('nearly.cxi'), force: true })).toMatch(
        /nearly\.geom is the input itself/,
      );
      expect(await reduced('near.cxi', { allowOutside: true, geometry: of('nearly.geom') })).toMatchObject({
        whole: 1,
      });
    });
  },
);
