/** Whether two lists are of the same crystal, and cells that a list cannot have. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCell } from '../../dist/index.node.js';
import {
  checkReflections,
  compareReflections,
  compareReport,
  convertReflections,
  formatReflections,
  frenchWilson,
} from '../../dist/merging.js';
import { Random } from '../../src/compute/random/random.js';
import { ewaldTogether } from '../support/cli.js';
import { cell, drawn } from './drawn-lists.js';

type List = ReturnType<typeof drawn>;

/** The list as measured again, with errors that are this share of the mean intensity. */
function again(list: List, share: number, seed: number): List {
  const random = new Random(seed, 0);
  const error = share * (list.intensity.reduce((sum, x) => sum + x, 0) / list.count);
  return {
    ...list,
    intensity: list.intensity.map((x) => x + error * random.normal()),
    sigma: list.sigma.map(() => error),
  };
}

const seeds = fc.integer({ min: 1, max: 2 ** 31 });
const runs = { numRuns: 3, seed: 1 };

describe('two lists', () => {
  test('of one crystal are never those of two, whatever their errors', () => {
    fc.assert(
      fc.property(seeds, fc.double({ min: 0.02, max: 8, noNaN: true }), fc.boolean(), (seed, share, isTurned) => {
        const list = drawn(seed);
        const noisy = [again(list, share, seed), again(list, share, seed + 1)] as const;
        const second = isTurned ? convertReflections(noisy[1], { cell, reindex: 'k,h,-l' }).list : noisy[1];
        const { sameCrystal, isDoubtful } = compareReflections(noisy[0], second, { cell });
        expect([sameCrystal.verdict === 'other', isDoubtful]).toEqual([false, false]);
        if (share < 0.3)
          expect(sameCrystal).toMatchObject({
            verdict: 'same',
            text: expect.stringContaining(isTurned ? 'indexed as k,h,-l' : 'same crystal: without'),
          });
      }),
      runs,
    );
  });

  test('of two crystals with the same fall-off are never those of one', () => {
    fc.assert(
      fc.property(seeds, fc.double({ min: 0.02, max: 8, noNaN: true }), (seed, share) => {
        const [first, second] = [again(drawn(seed), share, seed), again(drawn(seed + 1), share, seed + 1)] as const;
        const { sameCrystal, isDoubtful } = compareReflections(first, second, { cell });
        expect([sameCrystal.verdict === 'same', isDoubtful]).toEqual([false, sameCrystal.verdict === 'other']);
        if (share < 0.3)
          expect(sameCrystal.text).toMatch(/^The lists are not of the same crystal, or not of the same axes:/);
      }),
      runs,
    );
  });

  test('whose axes have other names are said with the indices in which they agree', () => {
    const list = drawn(5, 'mmm');
    const known = readCell('52,53,54,90,90,90');
    const { list: moved } = convertReflections(list, { cell: known, reindex: 'k,l,h' });
    const { sameCrystal, isDoubtful, ...rest } = compareReflections(list, moved, { cell: known, symmetry: 'mmm' });
    expect([sameCrystal.verdict, isDoubtful, sameCrystal.text]).toEqual([
      'other',
      true,
      expect.stringMatching(/^The lists are not of the same axes: .* as l,h,k they agree\.$/),
    ]);
    expect(compareReport({ sameCrystal, isDoubtful, ...rest })).toContain('as l,h,k they agree');
  });

  test('of a few reflections decide nothing', () => {
    const list = drawn(7);
    const few = { ...list, count: 12, indices: list.indices.slice(0, 36) };
    expect(compareReflections(few, few, { cell }).sameCrystal.verdict).toBe('not decided');
  });
});

test('a cell without the symmetry of a list is not its cell, in every tool', () => {
  const list = drawn(9);
  const other = readCell('50,60,70,90,90,90');
  const refused = /50\.00 60\.00 70\.00 .* does not have the symmetry 4\/m of the list/;
  expect(() => checkReflections(list, { cell: other, symmetry: 'mmm' })).toThrow(refused);
  expect(() => convertReflections(list, { cell: other, symmetry: 'mmm' })).toThrow(refused);
  expect(() => frenchWilson(list, { cell: other, symmetry: 'mmm' })).toThrow(refused);
  for (const lists of [
    [list, drawn(9, 'mmm')],
    [drawn(9, 'mmm'), list],
  ] as const)
    expect(() => compareReflections(...lists, { cell: other, symmetry: 'mmm' })).toThrow(refused);
});

describe('the command', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ewald-same-'));
    for (const [name, seed] of Object.entries({ a: 11, b: 12 }))
      writeFileSync(join(folder, `${name}.hkl`), formatReflections(drawn(seed), 'hkl', { cell }).content);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const compare = (...words: string[]) => ewaldTogether(['reflections', 'compare', ...words], { cwd: folder });

  test.each([
    ['check', []],
    ['convert', ['-o', 'x.hkl']],
    ['compare', ['a.hkl']],
  ])('%s notes nothing before it refuses', async (name, rest) => {
    // The cell of -p is another one than that of the file, and the point group is none of it.
    const words = ['reflections', name, 'a.hkl', ...rest, '-y', '6/mmm', '-p', '50,50,42,90,90,90'];
    const { code, err } = await ewaldTogether(words, { cwd: folder });
    expect([code, err]).toEqual([2, expect.stringMatching(/^ewald: [^\n]*6\/mmm/)]);
  });

  test('ends with 1 for lists of two crystals, in each form', async () => {
    const text = await compare('a.hkl', 'b.hkl');
    expect([text.code, text.out]).toEqual([1, expect.stringContaining('not of the same crystal')]);
    const csv = await compare('a.hkl', 'b.hkl', '--csv');
    expect([csv.code, csv.err]).toEqual([1, expect.stringContaining('not of the same crystal')]);
    expect(await compare('a.hkl', 'a.hkl')).toMatchObject({ code: 0 });
    const wrong = await compare('a.hkl', 'b.hkl', '-y', 'mmm', '-p', '50,60,70,90,90,90');
    expect([wrong.code, wrong.err]).toEqual([
      expect.any(Number),
      expect.stringMatching(/-p is 50\.00|states the cell/),
    ]);
  });
});
