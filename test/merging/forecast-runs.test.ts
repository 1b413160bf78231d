// @module-tag all: hundreds of simulated runs.
/** How often forecasts are right, on twenty to sixty simulated runs each. */
import { expect, test } from 'vitest';
import { differenceOf, sensitivityOf } from '../../src/merging/forecast/difference.js';
import {
  ccHalfForecast,
  completenessForecast,
  type ShellForecast,
  snrForecast,
} from '../../src/merging/forecast/shell-goals.js';
import { HalfSums, shellsOf } from '../../src/merging/forecast/shells.js';
import { fresh, measured } from '../support/fresh.js';
import { World } from './forecast-world.js';

const seeds = Array.from({ length: 20 }, (_, seed) => seed + 100_000 * fresh);
const outer = 9;
/** A count of a few runs; with fresh seeds, chance may take three of them. */
const few = (count: number): number => (fresh ? count - 3 : count);
const within = (x: number, truth: number): boolean => Math.abs(x / truth - 1) <= 0.3;

/** A forecast of the outer shell of a world's first crystals. */
function early(seed: number, crystals: number, kind: 'ccHalf' | 'snr' | 'completeness'): ShellForecast {
  const world = new World(seed);
  const sums = world.sums();
  world.add(sums, crystals);
  const data = world.data(sums);
  const shells = shellsOf(data, new HalfSums(data), world.edges);
  if (kind === 'completeness') return completenessForecast(shells, outer, crystals);
  return (kind === 'ccHalf' ? ccHalfForecast : snrForecast)(shells, outer);
}

/** Runs of a forecast from a fifth: so many that chance moves a share of .85 by less than .05. */
const runs = 60;

// The crystals at which the mean of the runs gets there.
test.each([
  ['ccHalf', 0.5, 1096],
  ['ccHalf', 0.8, 2993],
  ['snr', 2, 1340],
  ['completeness', 0.95, 228],
] as const)('%s %d is forecast from a fifth of the crystals: most are within 30 %', (kind, target, mean) => {
  let [right, inRange] = [0, 0];
  for (let n = 0; n < runs; n++) {
    const seed = n + 100_000 * fresh;
    const crystals = Math.round(mean / 5);
    const forecast = early(seed, crystals, kind);
    // I/σ depends on how strong the reflections of a run happen to be; it grows as the crystals to the power of about .6.
    const truth = kind === 'snr' ? mean * (target / early(seed, mean, kind).value) ** 1.6 : mean;
    const at = (sigmas: number): number => crystals * forecast.factor(target, sigmas);
    if (within(at(0), truth)) right++;
    if (at(1.2) <= truth && truth <= at(-1.2)) inRange++;
  }
  measured(`${kind} ${target} from a fifth: ${right} of ${runs} within 30 %, ${inRange} ranges hold the truth`);
  expect(right).toBeGreaterThanOrEqual(few(0.8 * runs));
  expect(inRange).toBeGreaterThanOrEqual(few(0.6 * runs));
});

test('a difference that is none has significances of 0 ± 1', () => {
  const found = Array.from({ length: 50 }, (_, n) => {
    const world = new World(5000 + n + 100_000 * fresh, { photons: 200 });
    const [off, on] = [world.sums(), world.sums()];
    world.add(off, 200);
    world.add(on, 200, { isOn: true });
    return differenceOf({ q: world.q, orbits: world.orbits, sums: [off, on] }, 5).sigmas;
  });
  const mean = found.reduce((a, b) => a + b) / 50;
  const spread = Math.sqrt(found.reduce((sum, z) => sum + (z - mean) ** 2, 0) / 49);
  measured(`no difference: z ${mean.toFixed(2)} ± ${spread.toFixed(2)}, largest ${Math.max(...found).toFixed(1)}`);
  // The mean of fifty is known to .14.
  expect(Math.abs(mean)).toBeLessThan(fresh ? 0.4 : 0.2);
  expect(spread).toBeGreaterThan(0.8);
  expect(spread).toBeLessThan(1.2);
  // A time is stated from 3 on, which chance reaches once in 700 merges.
  expect(found.filter((z) => z >= 3).length).toBeLessThanOrEqual(fresh ? 1 : 0);
});

test('a difference of 5 %: what is visible later, and the crystals to 5 sigma, are in their ranges', {
  tags: 'nightly',
}, () => {
  const [marks, last] = [[240, 360, 480], 1200];
  let [right, said, inRange] = [0, 0, 0];
  for (const seed of seeds) {
    const world = new World(1000 + seed, { photons: 200, delta: 0.05 });
    const [off, on] = [world.sums(), world.sums()];
    const pair = { q: world.q, orbits: world.orbits, sums: [off, on] as const };
    const found = marks.map((mark) => {
      world.add(off, mark - off.crystals);
      world.add(on, mark - on.crystals, { isOn: true });
      return { mark, ...differenceOf(pair, 5), factorOf: sensitivityOf(pair) };
    });
    world.add(off, last - off.crystals);
    world.add(on, last - on.crystals, { isOn: true });
    const end = differenceOf(pair, 5);
    const first = found[0] as (typeof found)[number];
    if (within(first.mark * first.factorOf(first.visible / end.visible), last)) right++;
    for (const { mark, sigmas } of found) {
      if (sigmas < 3 || sigmas >= 5) continue;
      said++;
      // Five sigmas are reached with about 580 crystals of each state.
      if ((5 * mark) / (sigmas + 1.2) <= 580 && 580 <= (5 * mark) / (sigmas - 1.2)) inRange++;
    }
  }
  measured(
    `difference of 5 %: what is visible, ${right} of 20 within 30 %; ${inRange} of ${said} times to 5 σ in range`,
  );
  expect(right).toBeGreaterThanOrEqual(few(16));
  expect(said).toBeGreaterThan(10);
  expect(inRange / said).toBeGreaterThanOrEqual(0.6);
});
