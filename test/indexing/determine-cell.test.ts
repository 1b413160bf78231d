/**
 * An unknown cell from several stills: the reduced cell and its Bravais lattice, on simulated and on real images;
 * nothing from noise.
 */
import { type Context, createContext } from 'ewald';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cellFromParameters, lengthsOf } from '../../src/crystal/cell.js';
import { niggli } from '../../src/crystal/niggli.js';
import { readSpotList } from '../../src/data/spot-list.js';
import { simulateSpots } from '../../src/simulate/spots.js';
import { dataFolder, readData } from '../support/data.js';

let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm', strict: true });
});
afterAll(() => context.dispose());

const within = (found: readonly number[], known: readonly number[], tolerance: number): void => {
  known.forEach((x, i) => {
    expect(Math.abs((found[i] ?? 0) / x - 1), `${found.join(' ')} against ${known.join(' ')}`).toBeLessThan(tolerance);
  });
};

describe('determineCell', () => {
  it.each([
    ['tP', [57, 57, 38, 90, 90, 90]],
    ['aP', [50, 62, 43, 82, 77, 71]],
    ['hP', [52, 52, 68, 90, 90, 120]],
  ] as const)('finds a %s cell from five noisy images', async (type, parameters) => {
    const cell = cellFromParameters(...(parameters as [number, number, number, number, number, number]));
    const images = simulateSpots({ cell, images: 5, spots: 100, spurious: 0.15, seed: 17 }).map(({ spots }) => spots);
    const indexer = await context.indexer();
    const [best] = await indexer.determineCell(images, { maxLengthA: 80, minLengthA: 20 });
    await indexer.dispose();
    expect(best?.indexed).toBe(5);
    within(lengthsOf(best?.cell as never), lengthsOf(niggli(cell).cell), 0.005);
    expect(best?.bravais[0]?.type).toBe(type);
    expect(best?.bravais.at(-1)?.type).toBe('aP');
  });

  it('finds none in noise', async () => {
    const cell = cellFromParameters(50, 60, 70, 90, 90, 90);
    const images = simulateSpots({ cell, images: 3, spots: 60, spurious: 1, seed: 2 }).map(({ spots }) => spots);
    const indexer = await context.indexer();
    expect(await indexer.determineCell(images, { maxLengthA: 70, minLengthA: 20 })).toEqual([]);
    await indexer.dispose();
  });

  it.skipIf(!dataFolder)('finds lysozyme in five real stills (absent without EWALD_TEST_DATA)', async () => {
    const images = ['012', '083', '096', '099', '113'].map(
      (n) => readSpotList(readData('real/spots', `lyso_lcls_${n}.txt`), { name: n }).spots,
    );
    const indexer = await context.indexer();
    const [best] = await indexer.determineCell(images, { maxLengthA: 100, minLengthA: 20 });
    await indexer.dispose();
    expect(best?.bravais[0]?.type).toBe('tP');
    within(best?.bravais[0]?.parameters.slice(0, 3) ?? [], [79.1, 79.1, 38.1], 0.01);
  });

  it('refuses nonsense', async () => {
    const indexer = await context.indexer();
    await expect(indexer.determineCell([])).rejects.toThrow('no images');
    await expect(indexer.determineCell([[0.1, 0.2, 0.3]], { maxLengthA: 2, minLengthA: 5 })).rejects.toThrow(
      'maxLengthA is 2',
    );
    await expect(indexer.determineCell([[0.1, 0.2, 0.3]], { longest: 5 } as never)).rejects.toThrow('"longest"');
    expect(await indexer.determineCell([[0.1, 0.2, 0.3]])).toEqual([]);
    await expect(indexer.determineCell([[0.1, 0.2, 0.3]], { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
    await indexer.dispose();
  });
});
