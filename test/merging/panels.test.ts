/** Panels of a detector whose intensities are not those of the others: of another gain, clipped, or right. */
import { afterAll, expect, test } from 'vitest';
import { createContext, mergeStream } from '../../dist/index.node.js';
import { Random } from '../../src/compute/random/random.js';
import type { RelativeScale } from '../../src/merging/fit/place-scales.js';
import { placesDoubt } from '../../src/merging/statistics/place-doubts.js';
import { type Simulation, simulateStream } from './simulated.js';

const context = await createContext({ backend: 'wasm' });
afterAll(() => context.dispose());

/** The remark on panels of a merge of simulated crystals, and whether it is doubtful. */
async function toldOf(simulation: Partial<Simulation>, model: 'gaussian' | 'unity' | 'mean' = 'gaussian') {
  const parameters = [24, 31, 37, 90, 90, 90] as const;
  const made = { crystals: 50, symmetry: 'mmm', parameters, panels: [4, 100], ...simulation } as const;
  const { symmetry } = made;
  const { bytes } = simulateStream(made);
  const { remarks, isDoubtful, panels } = await mergeStream(context, { name: 'a.stream', bytes }, { symmetry, model });
  return { text: remarks.find((text) => text.includes('of the detector')), isDoubtful, panels };
}

test('a square of a large panel that is clipped is named by its pixels', async () => {
  const recorded: Simulation['recorded'] = (_, x, fs, ss) =>
    fs >= 256 && fs < 512 && ss >= 256 && ss < 512 ? Math.min(x, 300) : x;
  const { text } = await toldOf({ panels: [1, 1024], recorded });
  expect(text).toMatch(/ of 1 part of the detector .*: p0 \(fs 256 to 511, ss 256 to 511\): 0\.[4-7]/);
});

test('a panel whose strong reflections alone are weak is said to have a ceiling', () => {
  const [right, weak] = [1, 0.4].map((scale) => ({ scale, error: 0.01, observations: 90, crystals: 50 }));
  const places = [{ panel: 'p0', part: '', all: right as RelativeScale, strong: weak as RelativeScale }];
  expect(placesDoubt(places)).toContain(
    'p0: 1.00 ± 0.01 of 90 reflections, and 0.40 ± 0.01 of its strong ones, as counts',
  );
});

test('no right panel is accused in many drawn merges', { tags: 'nightly', timeout: 1_800_000 }, async () => {
  const random = new Random(1, 84);
  const told: (string | undefined)[] = [];
  for (let seed = 1; seed <= 200; seed++) {
    const pick = <T>(...of: readonly T[]): T => of[random.below(of.length)] as T;
    const [symmetry, parameters] = pick<[string, Simulation['parameters']]>(
      ['mmm', [30, 42, 51, 90, 90, 90]],
      ['4/mmm', [40, 40, 60, 90, 90, 90]],
      ['-1', [18, 22, 27, 85, 97, 104]],
      ['422', [30, 30, 38, 90, 90, 90]],
    );
    const panels = pick<[number, number]>([2, 200], [3, 90], [4, 100], [8, 60], [1, 1024], [2, 512]);
    const spread = pick<[number, number, number]>([0.5, 4, 0.15], [1, 8, 0.3], [0.2, 1, 0.05]);
    const drawn = { seed, symmetry, parameters, panels, spread, jitter: pick(0, 0.1, 0.3), overallB: pick(0, 20) };
    const model = pick<'gaussian' | 'unity' | 'mean'>('gaussian', 'gaussian', 'unity', 'mean');
    told.push((await toldOf({ ...drawn, crystals: pick(20, 60, 120) }, model)).text);
  }
  expect(told.filter((text) => text !== undefined)).toEqual([]);
});
