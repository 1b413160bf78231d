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

/** Groups that are no part of a named one at half or a third of its operations, or have no name in these axes. */
const low = [
  ['-1', undefined, '-3m1_H', [22, 22, 20, 90, 90, 120], '-1'],
  ['-1', undefined, '4/mmm', [24, 24, 24, 90, 90, 90], '-1'],
  ['-1', ['k,h,-l', '-h,-k,-l'], '321_H', [22, 22, 20, 90, 90, 120], '2/m \\(.*\\)'],
  ['-1', ['k,h,-l', '-h,-k,l', '-h,-k,-l'], '622', [22, 22, 20, 90, 90, 120], 'mmm \\(.*\\)'],
  ['2/m', undefined, 'm-3m', [24, 24, 24, 90, 90, 90], '2/m\\S*'],
] as const;
test.for(low)(
  'data of %s %s contradict %s',
  { tags: 'all' },
  async ([symmetry, generators, given, parameters, told]) => {
    const ways = latticeRotations(cellFromParameters(...(parameters as Parameters))).map(tripletOf);
    const { bytes } = simulateStream({
      ...{ crystals: 80, symmetry, parameters, ways },
      ...(generators ? { generators } : {}),
    });
    const merged = async (used: string) => {
      const merger = await context.merger({ symmetry: used, model: 'mean', polarisation: 'none' });
      await merger.addStream({ name: 'a.stream', bytes: [bytes] });
      return merger.run();
    };
    const { remarks, isDoubtful } = await merged(given);
    expect(remarks.join('\n')).toMatch(new RegExp(`contradict the point group ${given}: .* in ${told}\\. `));
    expect(isDoubtful).toBe(true);
    if (generators === undefined) return;
    const auto = (await merged('auto')).remarks.join('\n');
    expect(auto).toMatch(new RegExp(`The Laue group is ${told}: `));
    expect(auto).toContain('has no name in these axes');
  },
);

test.for([
  ['-3m1_H', [22, 22, 20, 90, 90, 120]],
  ['6/mmm', [22, 22, 20, 90, 90, 120]],
  ['4/mmm', [24, 24, 20, 90, 90, 90]],
  ['m-3m', [24, 24, 24, 90, 90, 90]],
] as const)('data of %s do not contradict it', { tags: 'nightly' }, async ([symmetry, parameters]) => {
  for (let seed = 1; seed <= 12; seed++)
    for (const crystals of [12, 30, 100]) {
      const { bytes } = simulateStream({ crystals, symmetry, parameters, seed });
      const merger = await context.merger({ symmetry, model: 'mean', polarisation: 'none' });
      await merger.addStream({ name: 'a.stream', bytes: [bytes] });
      expect((await merger.run()).remarks.join('\n'), `seed ${seed}, ${crystals}`).not.toContain('contradict');
    }
});

/** Few observations a crystal, to which the settings are fitted: in parts of the group they raise every correlation. */
async function remarksOfSmallCell(symmetry: string, used: string, parameters: Parameters, seed: number) {
  const { bytes } = simulateStream({ crystals: 150, symmetry, parameters, seed });
  const merger = await context.merger({ symmetry: used, model: 'mean', polarisation: 'none' });
  await merger.addStream({ name: 'a.stream', bytes: [bytes] });
  return (await merger.run()).remarks.join('\n');
}
const small = [9, 14, 20, 90, 90, 90] as const;

test('a small cell is not contradicted where chance makes as much, which is said', async () => {
  expect(await remarksOfSmallCell('mmm', 'mmm', small, 1)).toMatch(
    /The point group mmm is not certain: .* chance makes as much\. Merge more crystals/,
  );
});

test.for([
  ['mmm', small],
  ['6/mmm', [12, 12, 18, 90, 90, 120]],
] as const)('data of a small cell in %s never contradict it', { tags: 'all' }, async ([symmetry, parameters]) => {
  for (let seed = 1; seed <= 6; seed++)
    expect(await remarksOfSmallCell(symmetry, symmetry, parameters, seed), `seed ${seed}`).not.toContain('contradict');
});

/** Seven observations a crystal: in lower groups, with more settings that are fitted to them, all agree by more. */
test.for([
  ['mmm', small],
  ['2/m', small],
  ['-1', small],
  ['-3m1_H', [12, 12, 18, 90, 90, 120]],
  ['4/m', [12, 12, 18, 90, 90, 90]],
  ['m-3', [13, 13, 13, 90, 90, 90]],
] as const)('%s is found among the groups of the lattice of a small cell', { tags: 'all' }, async ([symmetry, own]) => {
  const parameters = own as Parameters;
  const lattice = latticeRotations(cellFromParameters(...parameters));
  const ways = indexingAmbiguities(lattice, pointGroup(symmetry)).map(tripletOf);
  for (const seed of [1, 2]) {
    const { bytes } = simulateStream({ crystals: 150, symmetry, parameters, seed, ways });
    const merger = await context.merger({ symmetry: 'auto', model: 'mean', polarisation: 'none' });
    await merger.addStream({ name: 'a.stream', bytes: [bytes] });
    const { reflections, remarks } = await merger.run();
    expect(reflections.symmetry, remarks.join(' ')).toBe(symmetry);
  }
});

test('data of a small cell in 2/m contradict mmm', { tags: 'all' }, async () => {
  expect(await remarksOfSmallCell('2/m', 'mmm', small, 1)).toMatch(/contradict the point group mmm: .* in 2\/m\./);
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
