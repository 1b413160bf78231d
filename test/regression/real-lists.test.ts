/** Real spot lists with verified lattices: every ffbidx list, and at least 70 of the 71 indexable ones of a dozen instruments. */
import { type BackendName, type Cell, createContext, devices, type IndexingResult, misorientation, sameLattice } from 'ewald';
import { describe, expect, it } from 'vitest';
import { parseSpotList } from '../../src/data/spot-list.js';
import { dataFolder, dataRequired, listData, readData } from '../support/data.js';

const backends: BackendName[] = (await devices()).filter(({ available, device }) => available && device?.kind !== 'software').map(({ backend }) => backend);
// The published answer for the ten lysozyme stills.
const lysozyme: Cell = [
  [39.431, 25.274, 63.585],
  [28.514, 60.643, -41.787],
  [-29.096, 20.499, 9.895],
];

async function indexAll(backend: BackendName, folder: string, names: string[]): Promise<Map<string, { cells: Cell[]; result: IndexingResult; known: Cell }>> {
  const context = await createContext({ backend, strict: true });
  const answers = new Map();
  try {
    const indexer = await context.indexer({ maxBatchSpots: 2 ** 18 });
    for (const name of names) {
      const { spots, cell } = parseSpotList(readData(folder, name), name);
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
      // Ten consecutive stills of one crystal drift by 1.4 degrees; the artificial ones are exact.
      expect(misorientation(cells[0] as Cell, reference), name).toBeLessThan(name.startsWith('test') ? 0.01 : 1.6);
    }
  });

  it.skipIf(!dataFolder)('finds at least 70 of the 71 indexable real lists and refuses the other three (absent without EWALD_TEST_DATA)', async () => {
    const names = listData('real/spots', '.txt');
    expect(names).toHaveLength(74);
    const wrong: string[] = [];
    let right = 0;
    for (const [name, { cells }] of await indexAll(backend, 'real/spots', names)) {
      const truth = JSON.parse(readData('real/spots', name.replace(/txt$/, 'json')));
      const references: Cell[] = [truth.reference?.real_space, ...(truth.all_lattices ?? [])].filter(Boolean);
      const [found] = cells;
      if (!truth.indexable) expect(cells, `${name} is not indexable`).toHaveLength(0);
      else if (found && references.some((reference) => sameLattice(found, reference))) right++;
      else wrong.push(name);
    }
    expect(right, `not found or wrong: ${wrong.join(', ')}`).toBeGreaterThanOrEqual(70);
  });
});
