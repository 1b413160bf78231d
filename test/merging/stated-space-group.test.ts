/** A space group that is stated or asked for beside the data: contradicted where they tell, and never by a right list. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createContext, mergeStream, readCell } from '../../dist/index.node.js';
import { checkReflections, formatReflections, readReflections } from '../../dist/merging.js';
import { Random } from '../../src/compute/random/random.js';
import { crystalSymmetry } from '../../src/crystal/space-groups/crystal.js';
import { isAbsentIn, type SpaceGroupSetting, spaceGroupSettings } from '../../src/crystal/space-groups/groups.js';
import { epsilon, type Indices, isRepresentative, representative } from '../../src/crystal/symmetry/asymmetric-unit.js';
import { pointGroup } from '../../src/crystal/symmetry/point-group.js';
import { expectedIntensities } from '../../src/merging/reflections/expected.js';
import { laueOfSpaceGroup } from '../../src/merging/reflections/space-group-laue.js';
import { judgeSpaceGroup } from '../../src/merging/reflections/stated-absences.js';
import { ewaldTogether } from '../support/cli.js';
import { simulateStream } from './simulated.js';

const settings = spaceGroupSettings();
const groups = Array.from({ length: 230 }, (_, i) =>
  settings.find(({ number, name }) => number === i + 1 && !/:[1R]$/.test(name)),
) as SpaceGroupSetting[];
const named = (name: string): SpaceGroupSetting => groups.find((one) => one.name === name) as SpaceGroupSetting;

/** A cell of the crystal system of a number of International Tables A, its third edge so many times as long as usual. */
function cellOf(number: number, long: number) {
  const [a, b, c] = [17, 22, 27 * long];
  if (number <= 2) return readCell(`${a},${b},${c},80,95,101`);
  if (number <= 15) return readCell(`${a},${b},${c},90,97,90`);
  if (number <= 74) return readCell(`${a},${b},${c},90,90,90`);
  if (number <= 142) return readCell(`${a},${a},${c},90,90,90`);
  return readCell(number <= 194 ? `${a},${a},${c},90,90,120` : `${a},${a},${a},90,90,90`);
}

/** What is in absent reflections: nothing, a two-hundredth of those at half the wavelength, or neighbours. */
type Leak = 'none' | 'half' | 'multiple';

/** A merged list of a space group by Wilson's law, with errors of 1/`snr` of the mean and 3 % beside. */
function drawn(setting: SpaceGroupSetting, snr: number, leak: Leak, random: Random, long = 1) {
  const group = pointGroup(laueOfSpaceGroup(setting));
  const crystal = crystalSymmetry({ group, centring: setting.centring, stated: setting });
  const own = { ...cellOf(setting.number, long), centring: setting.centring };
  const all = new Map<string, { readonly at: Indices; readonly intensity: number; readonly mean: number }>();
  for (let h = -9; h <= 9; h++)
    for (let k = -9; k <= 9; k++)
      for (let l = -13 * long; l <= 13 * long; l++) {
        const at: Indices = [h, k, l];
        const q2 = (h * h + k * k + (l / long) ** 2 / 2) / 85;
        if (q2 === 0 || q2 > 1 || !isRepresentative(at, group)) continue;
        if (isAbsentIn({ ...setting, operators: [] }, at)) continue;
        const usual = 100 * Math.exp(-q2);
        const mean = usual * crystal.epsilon(at);
        const present = crystal.isCentric(at) ? mean * random.normal() ** 2 : -mean * Math.log(random.uniform());
        all.set(at.join(), { at, intensity: isAbsentIn(setting, at) ? 0 : present, mean: usual * epsilon(at, group) });
      }
  const rows: number[][] = [];
  for (const { at, intensity, mean } of all.values()) {
    if (random.uniform() > 0.85) continue;
    const twice = representative([2 * at[0], 2 * at[1], 2 * at[2]], group).join();
    const more =
      leak === 'half'
        ? (all.get(twice)?.intensity ?? 0) / 200
        : leak === 'multiple'
          ? -0.05 * mean * Math.log(random.uniform())
          : 0;
    const error = (100 / snr) * Math.exp(0.4 * random.normal()) + 0.03 * intensity;
    rows.push([...at, intensity + more + error * random.normal(), error]);
  }
  const list = {
    symmetry: group.name,
    count: rows.length,
    indices: Int16Array.from(rows.flatMap((row) => row.slice(0, 3))),
    intensity: Float64Array.from(rows, (row) => row[3] as number),
    sigma: Float64Array.from(rows, (row) => row[4] as number),
    measurements: new Float64Array(rows.length).fill(5),
  };
  return { list, cell: own, subject: { cell: own.cell, centring: setting.centring, group } };
}

/** Right space groups that are contradicted, of every `n`th group. */
const contradicted = (n: number, from: number): string[] =>
  (['none', 'half', 'multiple'] as const).flatMap((leak) =>
    [1, 30].flatMap((snr) => {
      const random = new Random(n, from);
      return groups
        .filter((_, i) => i % n === from)
        .flatMap((setting) => {
          const { list, subject } = drawn(setting, snr, leak, random);
          const { isContradicted, text } = judgeSpaceGroup(list, subject, setting);
          return isContradicted ? [`${leak} ${snr} ${text}`] : [];
        });
    }),
  );

describe('a right space group is not contradicted, whatever the errors and what leaks into absent reflections', () => {
  test('for three groups', () => expect(contradicted(80, 18)).toEqual([]));
  test('for one group of three', { tags: 'nightly', timeout: 600_000 }, () => expect(contradicted(3, 1)).toEqual([]));
});

test('a wrong one is contradicted by the axis or plane that is not there, also beside one that is', () => {
  const random = new Random(3, 0);
  for (const [right, wrong, where] of [
    ['P 21 21 2', 'P 21 21 21', '00l: l = 2n'],
    ['P 2 2 2', 'P n m a', 'contradict'],
    ['P 63 2 2', 'P 61 2 2', '00l: l = 6n'],
    ['P 1 2/m 1', 'P 1 21/c 1', 'h0l: l = 2n'],
    ['C 1 2/m 1', 'C 1 2/c 1', 'h0l: l = 2n'],
  ] as const) {
    const { list, subject } = drawn(named(right), 10, 'none', random, right === 'P 63 2 2' ? 4 : 1);
    const { isContradicted, text } = judgeSpaceGroup(list, subject, named(wrong));
    expect([isContradicted, text]).toEqual([true, expect.stringContaining(where)]);
    expect(judgeSpaceGroup(list, subject, named(right)).isContradicted).toBe(false);
    // What is said to be allowed holds the right one.
    if (right !== 'P 63 2 2') expect(text).toMatch(new RegExp(`allow .*${right}[, ]`));
  }
});

describe('few reflections of an axis contradict it where nothing leaks as much', () => {
  const { list, subject, cell } = drawn(named('P 1 2 1'), 20, 'none', new Random(4, 0));
  const of = expectedIntensities(list, { ...subject, group: pointGroup(list.symmetry) });
  /** The list with these shares of the expected intensities on 0k0, k odd, and with nothing on more of them. */
  const withAxis = (...shares: readonly number[]) => {
    const intensity = Float64Array.from(list.intensity);
    let n = 0;
    for (let i = 0; i < list.count; i++) {
      const [h, k, l] = list.indices.subarray(3 * i, 3 * i + 3) as unknown as Indices;
      if (h === 0 && l === 0 && k % 2 !== 0) intensity[i] = (shares[n++] ?? 0) * (of.expected[i] as number);
    }
    return { ...list, intensity };
  };
  const judged = (shares: readonly number[]) => judgeSpaceGroup(withAxis(...shares), subject, named('P 1 21 1'));

  test.each([
    ['of half of the usual intensity', [0.6, 0.4, 0.5, 0.4], true, true],
    ['of two fifths', [0.4, 0.5, 0.4, 0.5, 0.4], true, true],
    ['of which half are nearly empty', [1.2, 0.03, 0.4], true, false],
    ['of which one is there', [3], false, false],
    ['of a twentieth, which leaks', [0.06, 0.04, 0.1, 0.02, 0.05], false, false],
  ])('%s', (_, shares, isDoubted, isContradicted) =>
    expect(judged(shares)).toMatchObject({ isDoubted, isContradicted }),
  );

  test('and what decides nothing is said where a file is made, of a group that leaves out any', () => {
    const said = (shares: readonly number[], spaceGroup: string) => {
      const { remarks, isDoubtful } = formatReflections(withAxis(...shares), 'mtz', { cell, spaceGroup });
      return [isDoubtful, remarks.join().match(/hardly tell|contradict/)?.[0]];
    };
    expect(said([3, 0.15, 0.15], 'P 1 21 1')).toEqual([false, 'hardly tell']);
    expect(said([3, 0.15, 0.15], 'P 1 2 1')).toEqual([false, undefined]);
    expect(said([], 'P 1 21 1')).toEqual([false, undefined]);
  });

  test('but of electrons, which are scattered twice', () =>
    expect(
      judgeSpaceGroup({ ...withAxis(0.4, 0.5, 0.4, 0.5, 0.4), wavelengthA: 0.0251 }, subject, named('P 1 21 1')),
    ).toMatchObject({ isDoubted: false }));

  test('and a file is written with a word where the odds decide nothing', () =>
    expect(formatReflections({ ...withAxis(1.2, 0.03, 0.4), spaceGroup: 'P 1 21 1' }, 'mtz', { cell })).toMatchObject({
      isDoubtful: false,
      remarks: [expect.stringMatching(/speak against the space group P 1 21 1: .* by \d{3} : 1/)],
    }));
});

test('a merge is doubtful with a space group that its intensities contradict', { tags: 'all' }, async () => {
  const of = named('P b a m');
  const { bytes } = simulateStream({
    crystals: 40,
    symmetry: 'mmm',
    parameters: [24, 28, 33, 90, 90, 90],
    factor: (indices) => Number(!isAbsentIn(of, indices)),
  });
  const context = await createContext({ backend: 'wasm' });
  try {
    const usual = { symmetry: 'mmm', model: 'mean', polarisation: 'none' } as const;
    const merged = (spaceGroup: string) => mergeStream(context, { name: 'a', bytes }, { ...usual, spaceGroup });
    const wrong = await merged('P n m a');
    const said = /contradict the space group P n m a: .* hk0: h = 2n/;
    expect([wrong.isDoubtful, wrong.remarks.join()]).toEqual([true, expect.stringMatching(said)]);
    expect((await merged('P b a m')).remarks.join()).not.toContain('contradict');
  } finally {
    await context.dispose();
  }
});

describe('every tool says it', () => {
  const { list, cell } = drawn(named('P 21 21 2'), 20, 'none', new Random(5, 0));
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ewald-stated-'));
    for (const [name, spaceGroup] of [
      ['right', 'P 21 21 2'],
      ['wrong', 'P 21 21 21'],
      ['plain', 'P 2 2 2'],
    ] as const)
      for (const kind of ['mtz', 'cif', 'xds'] as const)
        writeFileSync(join(folder, `${name}.${kind}`), formatReflections(list, kind, { cell, spaceGroup }).content);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const run = (...words: string[]) => ewaldTogether(['reflections', ...words], { cwd: folder });
  const said = /contradict the space group P 21 21 21: of the reflections that it leaves out, by 00l: l = 2n, \d+ have/;

  test('in JavaScript', () => {
    const check = (spaceGroup: string) => checkReflections({ ...list, spaceGroup }, { cell, spaceGroups: 'chiral' });
    expect(check('P 21 21 21')).toMatchObject({ isDoubtful: true, stated: { text: expect.stringMatching(said) } });
    expect(check('P 21 21 2')).toMatchObject({
      isDoubtful: false,
      stated: { text: expect.stringMatching(/^The data agree/) },
    });
    expect(formatReflections({ ...list, spaceGroup: 'P 21 21 21' }, 'mtz', { cell })).toMatchObject({
      isDoubtful: true,
      remarks: [expect.stringMatching(said)],
    });
    expect(readReflections(formatReflections(list, 'mtz', { cell }).content as Uint8Array).list.spaceGroup).toBe(
      'P 2 2 2',
    );
  });

  test.each(['cif', 'xds'])('in the command, of a .%s file', { tags: 'all' }, async (kind) => {
    expect(await run('check', `wrong.${kind}`)).toMatchObject({ code: 1, out: expect.stringMatching(said) });
    const right = await run('convert', `right.${kind}`, '-o', `again-${kind}.cif`);
    expect([right.code, right.err]).toEqual([0, expect.not.stringContaining('contradict')]);
  });

  test('in the command, of one that is asked for', async () => {
    const plain = await run('check', 'plain.mtz');
    expect([plain.code, plain.out.replace(/\s+/g, ' ')]).toEqual([
      0,
      expect.stringMatching(
        /The data do not tell whether the space group is P 2 2 2: .* By the absences it is .*P 21 21 2/,
      ),
    ]);
    const flags = ['--space-group', 'P212121', '--wavelength', '1'];
    for (const output of [['a.mtz'], ['a.shelx', '--ins', 'a.ins']])
      expect(await run('convert', 'plain.mtz', '-o', ...output, ...flags), output[0]).toMatchObject({
        code: 1,
        err: expect.stringMatching(/contradict\s+the\s+space\s+group\s+P\s+21\s+21\s+21/),
      });
  });
});

test('a space group of two origins is written with a word on the one that is stated', () => {
  const { list, cell } = drawn(named('P 42/n:2'), 20, 'none', new Random(7, 0));
  const said = (spaceGroup: string, kind: 'mtz' | 'shelx'): string =>
    formatReflections(list, kind, { cell, spaceGroup }).remarks.join();
  for (const kind of ['mtz', 'shelx'] as const) {
    expect(said('P42/n', kind)).toMatch(/^P 42\/n has two origins: P 42\/n:2 is stated, .* give P 42\/n:1/);
    for (const name of ['P 42/n:1', 'P 42/n:2', 'P 42/m']) expect(said(name, kind)).not.toContain('origin');
  }
  // The origin stands apart, as gemmi and CCP4 have it; Table 1 leaves it out.
  const written = (kind: 'mtz' | 'cif') => formatReflections(list, kind, { cell, spaceGroup: 'P 42/n:2' }).content;
  const mtz = written('mtz') as Uint8Array;
  expect(String(written('cif')).includes("'P 42/n :2'")).toBe(true);
  expect(String.fromCharCode(...mtz.subarray(mtz.length - 8000)).includes("'P 42/n :2'")).toBe(true);
  expect(readReflections(mtz).list.spaceGroup).toBe('P 42/n:2');
  expect(() => formatReflections(list, 'mtz', { cell, spaceGroup: 'P 21 21 21' })).toThrow(
    /the reflections are in 4\/m/,
  );
});
