/**
 * Centred cells are searched as primitive cells and returned in their own setting; which values are fixed or refined.
 */
import { type CentredCell, type Context, createContext, misorientation, sameLattice, simulateSpots } from 'ewald';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cellFromParameters, lengthsOf } from '../../dist/index.node.js';
import { type Centring, primitiveOf } from '../../src/crystal/centring.js';

let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm', strict: true });
});
afterAll(() => context.dispose());

type Six = [number, number, number, number, number, number];
const lattices: Record<Centring, Six> = {
  P: [50, 62, 73, 82, 77, 71],
  A: [52, 61, 84, 90, 103, 90],
  B: [52, 61, 84, 90, 90, 103],
  C: [102, 45, 61, 90, 99, 90],
  I: [58, 58, 103, 90, 90, 90],
  F: [110, 110, 110, 90, 90, 90],
  R: [62, 62, 62, 74, 74, 74],
  H: [81, 81, 150, 90, 90, 120],
};
const images = 40;

describe.each(Object.keys(lattices) as Centring[])('centring %s', (centring) => {
  const parameters = lattices[centring];
  const cell = cellFromParameters(...parameters);
  const stills = simulateSpots({ cell, centring, images, spots: 60, spurious: 0.3, seed: 11 });

  it('is returned in its own setting (obverse if rhombohedral), with the verdict of a primitive cell', async () => {
    const indexer = await context.indexer();
    let right = 0;
    const decades: Record<'centred' | 'primitive', number[]> = { centred: [], primitive: [] };
    for (const { spots, lattices } of stills) {
      const truth = lattices[0] as never;
      const image = (await indexer.run({ spots, cells: { parameters, centring } })).image(0);
      const [found] = image.crystals();
      if (!found) continue;
      if (
        sameLattice(primitiveOf(found.cell, centring), primitiveOf(truth, centring)) &&
        misorientation(found.cell, truth, { centring }) < 1
      )
        right++;
      for (const [k, length] of lengthsOf(found.cell).entries())
        expect(Math.abs(length / (parameters[k] as number) - 1)).toBeLessThan(0.03);
      decades.centred.push(found.log10Chance);
      const [plain] = (await indexer.run({ spots, cells: cell })).image(0).crystals();
      decades.primitive.push(plain?.log10Chance ?? 0);
    }
    expect(right).toBeGreaterThanOrEqual(images - 1);
    const mean = (x: number[]): number => x.reduce((sum, v) => sum + v, 0) / x.length;
    // If extinct nodes were counted as empty ones, this would cost decades: log10 of the lattice points for each image
    // node.
    const gain = mean(decades.primitive) - mean(decades.centred);
    if (centring === 'P' || centring === 'R') expect(gain).toBe(0);
    else expect(gain).toBeGreaterThan(2);
    await indexer.dispose();
  });

  it('gives the same result as nine numbers, in flat arrays and in streams', async () => {
    const indexer = await context.indexer({ batch: 4 });
    const known: CentredCell = { cell, centring };
    const { spots } = stills[0] as (typeof stills)[0];
    const one = await indexer.run({ spots, cells: known });
    const [crystal] = one.image(0).crystals();
    const flat = one.cells.slice(0, 9);
    expect(Math.max(...flat.map((x, i) => Math.abs(x - (crystal?.cell.flat()[i] ?? 0))))).toBeLessThan(1e-4);
    for await (const { image } of indexer.stream([{ spots: Float32Array.from(spots) }], { cells: [known] }))
      expect(image.crystals()[0]?.cell).toEqual(crystal?.cell);
    await indexer.dispose();
  });
});

it('the metric is kept on request, and each crystal reports whether it was fitted', async () => {
  const known = cellFromParameters(79.1, 79.1, 38.1, 90, 90, 90);
  const longer = cellFromParameters(79.7, 79.7, 38.4, 90, 90, 90);
  const indexer = await context.indexer();
  let refined = 0;
  for (const { spots } of simulateSpots({ cell: longer, images: 20, spots: 150, seed: 4 })) {
    const [free] = (await indexer.run({ spots, cells: known })).image(0).crystals();
    const [held] = (await indexer.run({ spots, cells: known, metric: 'held' })).image(0).crystals();
    if (free?.refined) refined++;
    if (held) {
      expect(held.refined).toBe(false);
      expect(held.lengths[0]).toBeCloseTo(79.1, 3);
    }
    if (free)
      expect(free.refined).toBe(Math.abs(free.lengths[0] - 79.1) > 1e-3 || Math.abs(free.lengths[2] - 38.1) > 1e-3);
  }
  expect(refined).toBeGreaterThan(10);
  await expect(indexer.run({ spots: [0, 0, 1], cells: known, metric: 'held', refinement: 'raw' })).rejects.toThrow(
    "metric 'held' requires the methods fast and turbo",
  );
  await indexer.dispose();
});

it('refuses invalid cells', async () => {
  const indexer = await context.indexer();
  const spots = Float32Array.from({ length: 30 }, (_, i) => Math.sin(i));
  const wrong: [unknown, string, string][] = [
    [null, 'Shape', 'cells holds null at place 0'],
    [undefined, 'Shape', 'cells holds undefined'],
    [[], 'Shape', 'cells has 0 numbers'],
    [[1, 2, 3], 'Shape', 'cells has 3 numbers'],
    [{}, 'Argument', 'known cell 0 has neither cell nor parameters'],
    [{ parameters: [1, 2, 3] }, 'Shape', 'six numbers'],
    [{ cell: [1, 2, 3] }, 'Shape', 'nine numbers in cell'],
    [{ parameters: [40, 50, 60, 90, 90, 90], centring: 'X' }, 'Argument', 'centring is "X"; expected one of'],
    [{ parameters: [40, 50, 60, 90, 90, 90], centering: 'I' }, 'Argument', 'did you mean "centring"?'],
    [[{ parameters: [40, 50, 60, 90, 90, 90] }, { parameters: [40, 50, 60, 90, 90, 90] }], 'Limit', 'maxInputCells'],
  ];
  for (const [cells, tag, message] of wrong)
    await expect(indexer.run({ spots, cells: cells as never })).rejects.toMatchObject({
      tag,
      message: expect.stringContaining(message),
    });
  await indexer.dispose();
});
