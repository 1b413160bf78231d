/** Distance and centre of a detector, and the centre of one frame, by few spots of a known cell: with honest errors. */
import { cellFromParameters, createContext, simulateSpots } from 'ewald';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { moveOfImage, moveOfStills, type PlacedSpots, PlacedStills } from '../../src/indexing/few/place.js';

type Search = ConstructorParameters<typeof PlacedStills>[0];
let context: Awaited<ReturnType<typeof createContext>>;
let run: Search['run'];
beforeAll(async () => {
  context = await createContext();
  const indexer = await context.indexer({ method: 'few', batch: 512, maxOutputCells: 16, threads: 1 });
  run = (input) => indexer.run(input as never) as never;
});
afterAll(() => context.dispose());

const cell = cellFromParameters(6.83, 10.94, 17.42, 90, 90, 90);
const cells = [{ cell }] as unknown as Search['cells'];
const pink = { wavelengthA: 1, bandwidth: 0.008, mosaicityRad: 0.0008, domainA: 3300, distanceMm: 80, pixelMm: 0.075 };
const electrons = {
  wavelengthA: 0.02508,
  bandwidth: 1e-5,
  mosaicityRad: 0.002,
  domainA: 333,
  distanceMm: 1140,
  pixelMm: 0.055,
};

/** Stills as a detector sees them whose centre is at `centre` and which is said to be `factor` times as far. */
function seen(
  beam: typeof pink,
  images: number,
  seed: number,
  centre: readonly [number, number],
  factor = 1,
): PlacedSpots {
  const detectorPx: [number, number] = beam === pink ? [2100, 2100] : [1024, 1024];
  const how = { ...beam, detectorPx, bFactorA2: 4, noisePx: 0.4, dMinA: 0.91, spots: 7, spurious: 0.2, images, seed };
  const stills = simulateSpots({ cell, ...how });
  const distance = beam.distanceMm / beam.pixelMm;
  const places = stills.flatMap(({ spots }) =>
    Array.from({ length: spots.length / 3 }, (_, i) => {
      const z = (spots[3 * i + 2] as number) + 1 / beam.wavelengthA;
      return [0, 1].map((k) => ((spots[3 * i + k] as number) / z) * distance + (centre[k] as number));
    }),
  );
  const offsets = new Uint32Array(stills.length + 1);
  for (const [i, { spots }] of stills.entries()) offsets[i + 1] = (offsets[i] as number) + spots.length / 3;
  const column = (k: number): Float64Array => Float64Array.from(places, (place) => place[k] as number);
  return { x: column(0), y: column(1), z: new Float64Array(places.length).fill(factor * distance), offsets };
}

test.each([
  ['pink X-rays', pink, 1.015],
  ['electrons', electrons, 0.985],
] as const)('stills of %s tell distance and centre', async (_, beam, factor) => {
  const search = {
    run,
    cells,
    wavelengthA: beam.wavelengthA,
    bandwidth: beam.bandwidth,
  };
  const stills = new PlacedStills(search, seen(beam, 40, 5, [1.5, -1], factor));
  const found = await moveOfStills(stills, beam.bandwidth, [[0, 0, 0]]);
  const distance = beam.distanceMm / beam.pixelMm;
  const off = [1.5, -1, (factor - 1) * distance].map((by, i) => by + (found?.move[i] as number));
  expect(Math.abs((off[2] as number) / distance)).toBeLessThan(5e-4);
  expect(Math.max(Math.abs(off[0] as number), Math.abs(off[1] as number))).toBeLessThan(0.15);
  for (const [i, by] of off.entries()) expect(Math.abs(by)).toBeLessThan(4 * (found?.error[i] as number));
  expect(found?.used).toBeGreaterThan(20);
});

test('one frame of a known cell tells its centre, noise tells none', async () => {
  const search = { run, cells, wavelengthA: electrons.wavelengthA, bandwidth: 1e-5 };
  const z: number[] = [];
  for (let seed = 1; seed <= 12; seed++) {
    const centre = [3 * Math.sin(seed), 3 * Math.cos(2 * seed)] as const;
    const found = await moveOfImage(new PlacedStills(search, seen(electrons, 1, seed, centre)));
    if (found) for (const k of [0, 1] as const) z.push((found.move[k] + centre[k]) / found.error[k]);
  }
  expect(z.length).toBeGreaterThan(16);
  expect(Math.sqrt(z.reduce((sum, x) => sum + x * x, 0) / z.length)).toBeLessThan(1.6);
  const list = seen(electrons, 1, 3, [0, 0]);
  const turned = { ...list, y: list.y.map((y, i) => y * (i % 2 ? 1 : -1) + 31 * i) };
  expect(await moveOfImage(new PlacedStills(search, turned))).toBeUndefined();
});
