/** `-y auto`: the Laue group of the intensities in lattices that have more symmetry. */
import { type Context, createContext } from 'ewald';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cellFromParameters } from '../../src/crystal/cell.js';
import { tripletOf } from '../../src/crystal/symmetry/matrices.js';
import { pointGroup } from '../../src/crystal/symmetry/point-group.js';
import { indexingAmbiguities, latticeRotations } from '../../src/crystal/symmetry/settings.js';
import { simulateStream } from './simulated.js';

let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm' });
});
afterAll(async () => {
  await context.dispose();
  expect(context.liveBytes).toBe(0);
});

type Parameters = readonly [number, number, number, number, number, number];
test.for([
  ['-1', [20, 23, 26, 80, 85, 95]],
  ['2/m_uab', [20, 22, 27, 90, 90, 90]],
  ['4/m', [24, 24, 20, 90, 90, 90]],
  ['4/mmm', [24, 24, 20, 90, 90, 90]],
  ['-3m1_H', [22, 22, 20, 90, 90, 120]],
  ['m-3', [26, 26, 26, 90, 90, 90]],
] as const)('%s is found among the groups of its lattice', { tags: 'all' }, async ([symmetry, parameters]) => {
  // Every crystal is indexed in a random one of the ways that its lattice allows.
  const ways = indexingAmbiguities(
    latticeRotations(cellFromParameters(...(parameters as Parameters))),
    pointGroup(symmetry),
  );
  const { bytes } = simulateStream({ crystals: 80, symmetry, parameters, ways: ways.map(tripletOf) });
  const merger = await context.merger({ symmetry: 'auto', model: 'mean', polarisation: 'none' });
  await merger.addStream({ name: 'a.stream', bytes: [bytes] });
  const { reflections, remarks } = await merger.run();
  expect(reflections.symmetry, remarks.join(' ')).toBe(symmetry);
  expect(remarks.join(' ')).toContain(`The Laue group is ${symmetry}: observations correlate`);
});

test.for([
  ['4/m', '4/mmm', [24, 24, 20, 90, 90, 90]],
  ['2/m_uab', 'mmm', [20, 22, 27, 90, 90, 90]],
] as const)('data of %s contradict %s, and only that', { tags: 'all' }, async ([symmetry, given, parameters]) => {
  const { bytes } = simulateStream({ crystals: 60, symmetry, parameters });
  const remarksIn = async (group: string): Promise<string> => {
    const merger = await context.merger({ symmetry: group, model: 'mean', polarisation: 'none' });
    await merger.addStream({ name: 'a.stream', bytes: [bytes] });
    return (await merger.run()).remarks.join('\n');
  };
  const [name = ''] = symmetry.split('_');
  expect(await remarksIn(given)).toContain(
    `The intensities contradict the point group ${given}: observations correlate`,
  );
  expect(await remarksIn(given)).toMatch(new RegExp(`Merge in ${name}\\S*, or let the group be found: auto`));
  expect(await remarksIn(symmetry)).not.toContain('contradict');
});

test.for([1, 9])(
  '%i crystals do not determine the group, and nothing is guessed',
  { tags: 'all' },
  async (crystals) => {
    const { bytes } = simulateStream({ crystals, symmetry: 'mmm', parameters: [60, 70, 80, 90, 90, 90] });
    const merger = await context.merger({ symmetry: 'auto', model: 'mean', polarisation: 'none' });
    await merger.addStream({ name: 'a.stream', bytes: [bytes] });
    await expect(merger.run()).rejects.toMatchObject({ tag: 'Argument', message: /too few equivalents/ });
  },
);
