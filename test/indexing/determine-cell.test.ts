/**
 * Determines an unknown cell from several stills: the reduced cell and its Bravais lattice, on simulated and on real
 * images, on native and wasm. Noise gives no cell.
 */
import {
  anglesOf,
  type Context,
  cellFromParameters,
  createContext,
  devices,
  lengthsOf,
  niggli,
  readSpotList,
  simulateSpots,
} from 'ewald';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Centring, primitiveOf } from '../../src/crystal/centring.js';
import { latticeBend } from '../../src/crystal/lattice-match.js';
import { dataFolder, listData, readData } from '../support/data.js';

const here = (await devices()).filter(({ available }) => available).map(({ backend }) => backend);

const within = (found: readonly number[], known: readonly number[], tolerance: number): void => {
  known.forEach((x, i) => {
    expect(Math.abs((found[i] ?? 0) / x - 1), `${found.join(' ')} against ${known.join(' ')}`).toBeLessThan(tolerance);
  });
};
type Six = [number, number, number, number, number, number];

describe.each(['wasm', 'native'] as const)('determineCell on %s', (backend) => {
  let context: Context;
  const absent = !here.includes(backend);
  beforeAll(async () => {
    if (!absent) context = await createContext({ backend, strict: true });
  });
  afterAll(async () => {
    await context?.dispose();
    if (context) expect(context.liveBytes).toBe(0);
  });

  it.skipIf(absent).each([
    ['tP', 'P', [57, 57, 38, 90, 90, 90]],
    ['aP', 'P', [50, 62, 43, 82, 77, 71]],
    ['hP', 'P', [52, 52, 68, 90, 90, 120]],
    ['mP', 'P', [60, 70, 90, 90, 105, 90]],
    ['mC', 'C', [102, 45, 61, 90, 99, 90]],
    ['oI', 'I', [47, 62, 95, 90, 90, 90]],
    ['tI', 'I', [58, 58, 103, 90, 90, 90]],
    ['hR', 'H', [81, 81, 150, 90, 90, 120]],
    ['cF', 'F', [110, 110, 110, 90, 90, 90]],
  ] as const)(
    'finds a %s cell from five noisy images, in its conventional setting',
    { tags: 'all' },
    async (type, centring, given) => {
      const parameters = given as unknown as Six;
      const cell = cellFromParameters(...parameters);
      const images = simulateSpots({ cell, centring, images: 5, spots: 100, spurious: 0.3, seed: 17 }).map(
        ({ spots }) => spots,
      );
      const indexer = await context.indexer();
      const before = context.liveBytes;
      const done: number[] = [];
      const [best, ...others] = await indexer.determineCell(images, {
        maxLengthA: 160,
        minLengthA: 15,
        onProgress: (progress) => done.push(progress.done),
      });
      expect(context.liveBytes).toBe(before);
      await indexer.dispose();
      expect(best?.indexed).toBe(5);
      expect(best?.bravais[0]?.type).toBe(type);
      const found = best?.bravais[0]?.parameters ?? [];
      if (type === 'aP') within(lengthsOf(best?.cell as never), lengthsOf(niggli(cell).cell), 0.005);
      else {
        within(found.slice(0, 3), parameters.slice(0, 3), 0.005);
        within(found.slice(3), anglesOf(cell), 0.01);
      }
      expect(best?.bravais.at(-1)?.type).toBe('aP');
      // Each lattice is reported once.
      for (const other of others) expect(latticeBend(other.cell, best?.cell as never)).toBeGreaterThan(0.03);
      expect(done.at(-1)).toBeCloseTo(1, 9);
      expect([...done].sort((a, b) => a - b)).toEqual(done);
    },
  );

  it.skipIf(absent)('finds none in noise', { tags: 'nightly' }, async () => {
    const cell = cellFromParameters(50, 60, 70, 90, 90, 90);
    const indexer = await context.indexer();
    for (const seed of [2, 3, 4]) {
      const images = simulateSpots({ cell, images: 3, spots: 60, spurious: 1, seed }).map(({ spots }) => spots);
      expect(await indexer.determineCell(images, { maxLengthA: 100, minLengthA: 20 })).toEqual([]);
    }
    await indexer.dispose();
  });

  it.skipIf(absent || !dataFolder)('finds lysozyme in five real stills (absent without EWALD_TEST_DATA)', async () => {
    const images = ['012', '083', '096', '099', '113'].map(
      (n) => readSpotList(readData('real/spots', `lyso_lcls_${n}.txt`)).spots,
    );
    const indexer = await context.indexer();
    const [best] = await indexer.determineCell(images, { maxLengthA: 100, minLengthA: 20 });
    await indexer.dispose();
    expect(best?.bravais[0]?.type).toBe('tP');
    within(best?.bravais[0]?.parameters.slice(0, 3) ?? [], [79.1, 79.1, 38.1], 0.01);
  });

  it.skipIf(absent || !dataFolder)(
    'finds the known cell first in 58 of 71 real lists, each by itself (absent without EWALD_TEST_DATA)',
    { tags: 'nightly' },
    async () => {
      const indexer = await context.indexer({ maxBatchSpots: 2 ** 18 });
      const missed: string[] = [];
      let lists = 0;
      for (const name of listData('real/spots', '.txt')) {
        if (JSON.parse(readData('real/spots', name.replace('.txt', '.json'))).indexable === false) continue;
        lists++;
        const { spots, cell } = readSpotList(readData('real/spots', name), { name });
        if (!cell) throw new Error(`${name} has no cell`);
        const longest = Math.max(20, 1.4 * Math.max(...lengthsOf(niggli(cell, 1e-3).cell)));
        const [best] = await indexer.determineCell([spots], { maxLengthA: longest });
        // Lists give a cell without its centring: that of i23multi is cubic I.
        const right = (['P', 'I'] as Centring[]).some(
          (centring) => best && latticeBend(best.cell, primitiveOf(cell, centring)) < 0.06,
        );
        if (!right) missed.push(name);
      }
      await indexer.dispose();
      expect(lists).toBe(71);
      expect(missed.length, missed.join(' ')).toBeLessThanOrEqual(13);
    },
  );

  it.skipIf(absent)('refuses invalid input, and ends when its signal aborts', async () => {
    const indexer = await context.indexer();
    await expect(indexer.determineCell([])).rejects.toThrow('no images');
    await expect(indexer.determineCell([[0.1, 0.2, 0.3]], { maxLengthA: 2, minLengthA: 5 })).rejects.toThrow(
      'maxLengthA is 2',
    );
    await expect(indexer.determineCell([[0.1, 0.2, 0.3]], { longest: 5 } as never)).rejects.toThrow('"longest"');
    expect(await indexer.determineCell([[0.1, 0.2, 0.3], []])).toEqual([]);
    expect(await indexer.determineCell([Array.from({ length: 30 }, () => 0.1)])).toEqual([]);
    const absurd = [Number.NaN, 0, 0, 1e30, 0, 0, ...Array.from({ length: 60 }, (_, i) => Math.sin(i * i) * 0.3)];
    await expect(indexer.determineCell([absurd])).rejects.toMatchObject({ tag: 'Argument' });
    await expect(indexer.determineCell([[0.1, 0.2, 0.3]], { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
    const images = simulateSpots({ cell: cellFromParameters(50, 60, 70, 80, 85, 95), images: 40 }).map((x) => x.spots);
    const controller = new AbortController();
    let steps = 0;
    const onProgress = (): void => {
      steps++;
      controller.abort();
    };
    await expect(indexer.determineCell(images, { signal: controller.signal, onProgress })).rejects.toMatchObject({
      tag: 'Aborted',
    });
    // The search in this many images has many steps; it stopped after the first one.
    expect(steps).toBe(1);
    await indexer.dispose();
  });
});

it('GPU contexts compute on a CPU context (absent without the emulated card)', async ({ skip }) => {
  const context = await createContext({ backend: 'cuda-emulated' }).catch(() => undefined);
  if (!context) return skip();
  // There are too few spots for a candidate, so nothing has to be tried; that would take an emulated card minutes.
  const few = Array.from({ length: 18 }, (_, i) => Math.sin(i * i) * 0.3);
  const indexer = await context.indexer();
  expect(indexer.backend).toBe('cuda-emulated');
  expect(await indexer.determineCell([few, few])).toEqual([]);
  await context.dispose();
  const alone = await createContext({ backend: 'cuda-emulated', strict: true });
  await expect((await alone.indexer()).determineCell([few])).rejects.toMatchObject({
    tag: 'Unsupported',
    message: expect.stringContaining('determined on native and wasm only'),
  });
  await alone.dispose();
});

describe.skipIf(!here.includes('native'))('cells that a wrong geometry distorts', () => {
  let context: Context;
  let indexer: Awaited<ReturnType<Context['indexer']>>;
  beforeAll(async () => {
    context = await createContext({ backend: 'native', strict: true });
    indexer = await context.indexer({ maxBatchSpots: 2 ** 18 });
  });
  afterAll(() => context?.dispose());

  it.each([
    ['tI', 'I', [58, 58, 152, 90, 90, 90]],
    ['cI', 'I', [78, 78, 78, 90, 90, 90]],
    ['oC', 'C', [60, 90, 70, 90, 90, 90]],
    ['oF', 'F', [70, 90, 120, 90, 90, 90]],
    ['cF', 'F', [110, 110, 110, 90, 90, 90]],
    ['hR', 'H', [81, 81, 150, 90, 90, 120]],
  ] as const)(
    'a %s cell is named first, although lattices of less symmetry fit better',
    { tags: 'all' },
    async (type, centring, given) => {
      const cell = cellFromParameters(...(given as unknown as Six));
      const images = simulateSpots({ cell, centring, images: 8, spots: 100, spurious: 0.3, seed: 17 });
      // A beam centre and a distance that are off.
      const seen = images.map(({ spots }) =>
        spots.map((x, i) => [1.01 * x + 4e-4, 1.01 * x - 3e-4, x][i % 3] as number),
      );
      const [best] = await indexer.determineCell(seen);
      const [first, ...others] = best?.bravais ?? [];
      expect(first?.type).toBe(type);
      expect(others.some(({ distortion }) => distortion < (first?.distortion ?? 0))).toBe(true);
      within(first?.parameters ?? [], given, 0.015);
    },
  );

  it.skipIf(!dataFolder)(
    'thaumatin in five stills whose beam is off (absent without EWALD_TEST_DATA)',
    { tags: 'all' },
    async () => {
      const images = ['01', '03', '05', '09', '15'].map(
        (n) => readSpotList(readData('real/spots', `thau_grid_${n}.txt`)).spots,
      );
      const [best] = await indexer.determineCell(images);
      expect(best?.indexed).toBe(5);
      expect(best?.bravais[0]?.type).toBe('tP');
      within(best?.bravais[0]?.parameters ?? [], [58.6, 58.6, 152.5, 90, 90, 90], 0.01);
    },
  );
});
