/** Crystals whose cell, orientation, photon energy and reflections contradict each other are left out, and said. */
import { createContext } from 'ewald';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { someOf } from '../support/variants.js';
import { simulateStream } from './simulated.js';

let context: Awaited<ReturnType<typeof createContext>>;
beforeAll(async () => {
  context = await createContext();
});
afterAll(() => context.dispose());

const crystals = 12;
const { text } = simulateStream({ crystals, symmetry: 'mmm', parameters: [40, 44, 50, 90, 90, 90] });

async function merged(changed: string, symmetry = 'mmm') {
  const merger = await context.merger({ symmetry, model: 'mean', polarisation: 'none', minMeasurements: 1 });
  await merger.addStream({ name: 'a.stream', bytes: new TextEncoder().encode(changed) });
  return merger.run();
}

/** Multiplies the components x, y, z of the axes that a pattern chooses. */
const scaled = (axes: string, factors: readonly [number, number, number]) => (chunk: string) =>
  chunk.replace(
    new RegExp(`^(${axes})star = (\\S+) (\\S+) (\\S+)`, 'gm'),
    (_, axis, ...xyz) => `${axis}star = ${factors.map((factor, i) => (factor * Number(xyz[i])).toFixed(7)).join(' ')}`,
  );
const energy = (factor: number) => (chunk: string) =>
  chunk.replace(/^photon_energy_eV = (\S+)/m, (_, value) => `photon_energy_eV = ${factor * Number(value)}`);

const changes = [
  ['a photon energy of 0', energy(0), 'incomplete', /lack a reciprocal cell or a wavelength above 0/],
  ['a doubled photon energy', energy(2), 'offSphere', /not at the Ewald sphere; check photon_energy_eV/],
  ['mirrored axes', scaled('[abc]', [1, 1, -1]), 'offSphere', /not at the Ewald sphere/],
  ['axes in 1/angstrom', scaled('[abc]', [0.1, 0.1, 0.1]), 'otherAxes', /not that of their a\*, b\*, c\*/],
  ['a doubled axis', scaled('a', [2, 2, 2]), 'otherAxes', /not that of their a\*, b\*, c\*/],
] as const;

test.for(changes)('%s of one crystal leaves it out, and of all is refused', async ([, change, reason, message]) => {
  const [head = '', first = '', ...others] = text.split(/(?=----- Begin chunk -----)/);
  const { counts, isDoubtful, merged: used } = await merged([head, change(first), ...others].join(''));
  expect([counts[reason], used]).toEqual([1, crystals - 1]);
  expect(isDoubtful).toBe(false);
  await expect(merged([head, ...[first, ...others].map(change)].join(''))).rejects.toThrow(message);
});

test.for([
  ['contradict themselves', energy(2), /2 of 12 crystals contradict themselves: the reflections of 2 are not at/],
  ['lack what is needed', energy(0), /2 of 12 crystals lack a reciprocal cell or a wavelength above 0, and are left/],
] as const)('if a tenth of the crystals and more %s, the merge of the others is doubtful', async ([, change, told]) => {
  const [head = '', ...chunks] = text.split(/(?=----- Begin chunk -----)/);
  const { remarks, isDoubtful } = await merged(
    [head, ...chunks.map((chunk, c) => (c < 2 ? change(chunk) : chunk))].join(''),
  );
  expect(isDoubtful).toBe(true);
  expect(remarks.join()).toMatch(told);
});

test('crystals as they are, or with a wide spectrum or divergence, are not doubted', async () => {
  const { counts, remarks } = await merged(text.replace(/^photon_energy_eV = .*/gm, '$&\nbeam_bandwidth = 0.05'));
  expect([counts.offSphere, counts.otherAxes, counts.incomplete]).toEqual([0, 0, 0]);
  expect(remarks.join()).not.toMatch(/contradict/);
});

test('a crystal whose list lacks a line is left out, and the merge is doubtful', { tags: 'all' }, async () => {
  const stated = text.replace(/^(Reflections measured[\s\S]*?)End of reflections/gm, (list) => {
    const rows = list.split('\n').length - 3;
    return `num_reflections = ${rows}\n${list}`;
  });
  const whole = await merged(stated);
  expect([whole.counts.miscounted, whole.isDoubtful, whole.merged]).toEqual([0, false, crystals]);
  const { counts, isDoubtful, merged: used } = await merged(stated.replace(/^ +-?\d+ .*9\.00.*\n/m, ''));
  expect([counts.miscounted, isDoubtful, used]).toEqual([1, true, crystals - 1]);
});

test('crystals of either hand change nothing where mates are merged, and are said where they are apart', async () => {
  const open = text.replace(/^Reflections measured/m, 'ewald/other_hand = 1 0 0 0 1 0 0 0 1\nReflections measured');
  expect(open).not.toBe(text);
  const [laue, usual] = [await merged(open), await merged(text)];
  expect([laue.counts.openHands, laue.isDoubtful]).toEqual([1, usual.isDoubtful]);
  expect(laue.reflections.intensity).toEqual(usual.reflections.intensity);
  const apart = await merged(open, '222');
  expect(apart.isDoubtful).toBe(true);
  expect(apart.remarks.join()).toContain('1 crystal of few spots leaves its hand open, and mates are apart in 222');
  expect(apart.remarks.join()).toContain('Merge in the Laue group mmm');
  expect((await merged(text, '222')).counts.openHands).toBe(0);
});

test.for([0.97, 0.992, 1.01])(
  'a photon energy that was changed to %f of its value is doubted, and its error is told',
  async (factor) => {
    const { remarks, isDoubtful } = await merged(text.replace(/^photon_energy_eV.*/gm, energy(factor)));
    const [, told = '', error = '', which = ''] =
      /energy that is ([\d.]+) ± ([\d.]+) % (lower|higher) than the stated/.exec(remarks.join('\n')) ?? [];
    expect(which).toBe(factor > 1 ? 'lower' : 'higher');
    expect(Math.abs(Number(told) - 100 * Math.abs(1 / factor - 1))).toBeLessThan(Math.max(0.1, 4 * Number(error)));
    expect(isDoubtful).toBe(true);
  },
);

test('photon energies as they are, of several crystals, are not doubted', { tags: 'all' }, async () => {
  for (const seed of someOf([1, 2, 3, 4])) {
    const one = simulateStream({ crystals: 6 + 2 * seed, symmetry: 'mmm', parameters: [40, 44, 50, 90, 90, 90], seed });
    expect((await merged(one.text)).remarks.join(), `seed ${seed}`).not.toMatch(/energy/);
  }
});
