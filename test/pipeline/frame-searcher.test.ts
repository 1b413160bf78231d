/** `ctx.frameSearcher`: a frame in memory, stage by stage and as a whole, with parameters that change between calls. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Dataset, open } from 'ewald/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Context, createContext, type Detector, parseGeometry, readCell } from '../../dist/index.node.js';
import { dataFolder } from '../support/data.js';
import { refused } from '../support/refused.js';

const sim = (name: string): string => resolve(dataFolder ?? '', 'sim', name);
const peaks = { threshold: 12, minSnr: 4.5, localBgRadius: 4 };

describe.skipIf(!dataFolder)(`a frame in memory${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  const cells = dataFolder ? [readCell(readFileSync(sim('run.cell'), 'utf8'))] : [];
  let context: Context;
  let dataset: Dataset;
  let detector: Detector;
  let frame: Uint16Array;
  beforeAll(async () => {
    context = await createContext({ backend: 'wasm' });
    dataset = await open(sim('run.h5'));
    detector = await context.detector(dataset, { geometry: parseGeometry(readFileSync(sim('run.geom'), 'utf8')) });
    frame = (await dataset.read(3, 1)) as Uint16Array;
  });
  afterAll(async () => {
    await dataset.dispose();
    await context.dispose();
  });

  test('its stages, one by one or all at once, give the same results as a run', async () => {
    const searcher = await context.frameSearcher({ detector, cells, peaks });
    const { geometry } = detector;
    const whole = await searcher.search(frame);
    for await (const { result } of context.pipeline({
      inputs: [{ dataset, frames: [3] }],
      ...{ geometry, cells, peaks },
    })) {
      expect(result?.crystals).toHaveLength(1);
      expect({ ...whole, ms: undefined }).toEqual({ ...result, ms: undefined });
    }
    const found = await searcher.peaks(frame);
    expect(found).toEqual(whole.peaks);
    const indexed = await searcher.index(found);
    const [crystal] = indexed.crystals;
    if (!crystal) throw new Error('not indexed');
    expect({ ...crystal, reflections: whole.crystals[0]?.reflections }).toEqual(whole.crystals[0]);
    const predicted = searcher.predict(crystal);
    const measured = searcher.integrate(frame, crystal);
    expect(measured).toEqual(whole.crystals[0]?.reflections);
    expect(predicted.length).toBeGreaterThanOrEqual(measured.length);
    // The peaks of the finder, passed in place of a search.
    expect((await searcher.search(frame, { found })).crystals).toEqual(whole.crystals);
    expect(searcher.backends).toEqual({ peaks: 'wasm', index: 'wasm' });
    await searcher.dispose();
  });

  test('the errors of a searcher whose context was disposed name the searcher', async () => {
    const own = await createContext({ backend: 'wasm' });
    const searcher = await own.frameSearcher({ detector, cells, peaks });
    const found = await searcher.peaks(frame);
    await own.dispose();
    for (const call of [
      () => searcher.search(frame),
      () => searcher.peaks(frame),
      () => searcher.stages(frame),
      () => searcher.index(found),
    ])
      await refused(call, 'Disposed', 'this frame searcher was disposed; create a new one');
  });

  test('without useSaturated, peaks with pixels above max_adu of their panel are omitted', async () => {
    const geometry = parseGeometry(`max_adu = 400\n${readFileSync(sim('run.geom'), 'utf8')}`);
    const limited = await context.detector(dataset, { geometry });
    const searcher = await context.frameSearcher({ detector: limited, peaks });
    const all = await searcher.peaks(frame);
    const rest = await searcher.peaks(frame, { useSaturated: false });
    // The highest pixel of each peak, from the frame itself.
    const highest = (fs: number, ss: number): number => {
      let most = 0;
      for (let y = Math.floor(ss) - 2; y <= Math.floor(ss) + 2; y++)
        for (let x = Math.floor(fs) - 2; x <= Math.floor(fs) + 2; x++)
          most = Math.max(most, frame[y * limited.width + x] ?? 0);
      return most;
    };
    const expected = [...all.fs].filter((fs, i) => highest(fs, all.ss[i] ?? 0) <= 400);
    expect(expected.length).toBeLessThan(all.count);
    expect(expected.length).toBeGreaterThan(0);
    expect([...rest.fs]).toEqual(expected);
    await searcher.dispose();
  });

  test('full pixels beside spots and in them change no intensity', async () => {
    const searcher = await context.frameSearcher({ detector, cells, peaks });
    const reflections = (await searcher.search(frame)).crystals[0]?.reflections ?? [];
    const full = frame.slice();
    const strong = reflections.toSorted((a, b) => b.intensity - a.intensity).slice(0, 20);
    for (const [i, { fs, ss }] of strong.entries())
      full[Math.floor(ss) * detector.width + Math.floor(fs) + (i % 2 === 0 ? 0 : 6)] = 65535;
    const found = (await searcher.search(full)).crystals[0]?.reflections ?? [];
    expect(found.length).toBeGreaterThan(reflections.length - 15);
    const nameOf = ({ h, k, l }: (typeof found)[number]): string => `${[h, k, l]}`;
    const before = new Map(reflections.map((one) => [nameOf(one), one]));
    let compared = 0;
    for (const one of found) {
      const { intensity, sigma } = before.get(nameOf(one)) ?? one;
      expect(Math.abs(one.intensity - intensity), nameOf(one)).toBeLessThan(2 * sigma);
      if (before.has(nameOf(one))) compared++;
    }
    expect(compared).toBeGreaterThan(reflections.length - 25);
    // Those in which a pixel is full are left out.
    const names = new Set(found.map(nameOf));
    expect(strong.filter((one, i) => i % 2 === 0 && names.has(nameOf(one)))).toEqual([]);
    await searcher.dispose();
  });

  test('without parameters it is tuned on given frames, or on the first frame searched', {
    tags: 'nightly',
  }, async () => {
    const geometry = parseGeometry(readFileSync(sim('run.geom'), 'utf8'));
    const first: Uint16Array[] = [];
    for (let i = 0; i < 4; i++) first.push((await dataset.read(i, 1)) as Uint16Array);
    const searcher = await context.frameSearcher({ detector, cells });
    const settings = await searcher.tune(first);
    expect(settings.minPeaks).toBe(5);
    for await (const item of context.pipeline({ inputs: { dataset }, geometry, cells, keepFrame: true })) {
      if (item.error || !item.frame) throw new Error('a frame is missing');
      expect(item.frame).toEqual(await dataset.read(item.origin.event ?? 0, 1));
      const { ms: _, ...expected } = item.result;
      expect(await searcher.search(item.frame as Uint16Array)).toMatchObject(expected);
      if (item.origin.serial === 2) break;
    }
    const alone = await context.frameSearcher({ detector, cells });
    const found = await alone.search(frame);
    expect(found.crystals).toHaveLength(1);
    expect(alone.settings.peaks?.threshold).toBeGreaterThan(0);
    expect((await alone.peaks(frame)).count).toBe(found.peaks.count);
    await searcher.dispose();
    await alone.dispose();
  });

  test('parameters may change between calls, and earlier plans are kept', { tags: 'all' }, async () => {
    const before = context.liveBytes;
    const searcher = await context.frameSearcher({ detector, cells, peaks });
    const many = await searcher.peaks(frame);
    const few = await searcher.peaks(frame, { peaks: { minSnr: 40 } });
    expect(few.count).toBeLessThan(many.count);
    const outer = await searcher.peaks(frame, { minRes: 300 });
    expect(outer.count).toBeLessThan(many.count);
    // Each finder has its own parameters: the threshold and radius of peakfinder8 are not passed to another one.
    const zaef = await searcher.peaks(frame, { finder: 'zaef', peaks: { threshold: 12, minSnr: 5 } });
    expect(zaef.count).toBeGreaterThan(0);
    expect((await searcher.search(frame, { cells: [] })).crystals).toEqual([]);
    expect((await searcher.search(frame, { integrate: false })).crystals[0]?.reflections).toBeUndefined();
    expect(await searcher.peaks(frame)).toEqual(many);
    // A slider passes through many radii, but few plans are cached.
    let most = 0;
    for (let minRes = 0; minRes < 200; minRes += 10) {
      await searcher.peaks(frame, { minRes });
      most = Math.max(most, context.liveBytes - before);
    }
    const one = await context.peaks({ detector });
    expect(most).toBeLessThan(8 * one.bytes + 2 ** 25);
    await one.dispose();
    await searcher.dispose();
    expect(context.liveBytes).toBe(before);
  });

  test('invalid arguments are refused by name', async () => {
    await refused(() => context.frameSearcher({ cells } as never), 'Argument', 'ctx.detector(dataset)');
    await refused(() => context.frameSearcher({ detector, peak: {} } as never), 'Argument', '"peaks"');
    const searcher = await context.frameSearcher({ detector });
    await refused(() => searcher.search(new Float32Array(9) as never), 'Shape', 'Uint16Array', '1024 x 1024');
    await refused(() => searcher.peaks(frame, { minSNR: 3 } as never), 'Argument', 'minSNR');
    await refused(() => searcher.search(frame, { signal: AbortSignal.abort() }), 'Aborted');
    await searcher.dispose();
    await refused(() => searcher.peaks(frame), 'Disposed');
  });
});
