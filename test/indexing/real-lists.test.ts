/**
 * Real spot lists with verified lattices: every ffbidx list, and at least 70 of the 71 indexable ones from a dozen
 * instruments.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type BackendName,
  type Cell,
  createContext,
  devices,
  type IndexingResult,
  misorientation,
  sameLattice,
} from 'ewald';
import { describe, expect, it } from 'vitest';
import { readSpotList } from '../../dist/index.node.js';
import { dataFolder, dataRequired, listData, readData } from '../support/data.js';
import { indexRealLists } from './real-lists.mjs';

const present = (await devices()).filter(({ available }) => available);
const backends: BackendName[] = present
  .filter(({ device }) => device?.kind !== 'software')
  .map(({ backend }) => backend);
const emulated: BackendName[] = present
  .filter(({ device }) => device?.kind === 'software')
  .map(({ backend }) => backend);
if (existsSync(fileURLToPath(new URL('../../build/cuda-emulated/ewald_cuda_emulated.node', import.meta.url))))
  emulated.push('cuda-emulated');

async function through(backend: BackendName, step = 1) {
  const context = await createContext({ backend, strict: true, log: { level: 'error' } });
  try {
    return await indexRealLists({ context, sameLattice, folder: join(dataFolder as string, 'real/spots'), step });
  } finally {
    await context.dispose();
    expect(context.liveBytes).toBe(0);
  }
}

// The published answer for the ten lysozyme stills.
const lysozyme: Cell = [
  [39.431, 25.274, 63.585],
  [28.514, 60.643, -41.787],
  [-29.096, 20.499, 9.895],
];

async function indexAll(
  backend: BackendName,
  folder: string,
  names: string[],
): Promise<Map<string, { cells: Cell[]; result: IndexingResult; known: Cell }>> {
  const context = await createContext({ backend, strict: true });
  const answers = new Map();
  try {
    const indexer = await context.indexer({ maxBatchSpots: 2 ** 18 });
    for (const name of names) {
      const { spots, cell } = readSpotList(readData(folder, name), { name });
      if (!cell) throw new Error(`${name} has no cell`);
      const result = await indexer.run({ spots, cells: cell });
      answers.set(name, {
        cells: result
          .image(0)
          .crystals()
          .map((crystal) => crystal.cell),
        result,
        known: cell,
      });
    }
  } finally {
    await context.dispose();
  }
  expect(context.liveBytes).toBe(0);
  return answers;
}

if (dataRequired) it('the test data is there', () => expect(dataFolder).toBeDefined());

describe.each(backends)('real lists on %s', (backend) => {
  it.skipIf(!dataFolder)('indexes all 33 ffbidx lists (absent without EWALD_TEST_DATA)', async () => {
    const names = listData('ffbidx', '.txt');
    expect(names).toHaveLength(33);
    for (const [name, { cells, known }] of await indexAll(backend, 'ffbidx', names)) {
      const reference = name.startsWith('test') ? known : lysozyme;
      expect(cells, name).toHaveLength(1);
      expect(sameLattice(cells[0] as Cell, reference), name).toBe(true);
      // Ten consecutive stills of one crystal drift by 1.4 degrees; the simulated ones are exact.
      expect(misorientation(cells[0] as Cell, reference), name).toBeLessThan(name.startsWith('test') ? 0.01 : 1.6);
    }
  });

  it.skipIf(!dataFolder)(
    'finds at least 70 of the 71 indexable real lists and refuses the other three (absent without EWALD_TEST_DATA)',
    async () => {
      const found = await through(backend);
      expect(found.right.length + found.wrong.length).toBe(71);
      expect(found.right.length, `not found or wrong: ${found.wrong.join(', ')}`).toBeGreaterThanOrEqual(70);
      expect(found.invented, 'indexed, though not indexable').toEqual([]);
      // Every list with several verified lattices must give at least its first two.
      expect(found.several).toHaveLength(12);
      expect(found.incomplete).toEqual([]);
      // Cells as published, one to two percent off the data.
      expect(found.nominal).toHaveLength(7);
      expect(found.lost.length, found.lost.join(', ')).toBeLessThanOrEqual(1);
    },
  );
});

// Software devices are slow: a sample here, all lists in the soak.
describe.each(emulated)('a sample of real lists on %s', (backend) => {
  it.skipIf(!dataFolder)(
    'is indexed correctly (absent without EWALD_TEST_DATA)',
    { tags: 'nightly', timeout: 300_000 },
    async () => {
      const found = await through(backend, 24);
      expect(found.wrong).toEqual([]);
      expect(found.invented).toEqual([]);
      expect(found.incomplete).toEqual([]);
      expect(found.right.length).toBe(3);
    },
  );
});
