/** Few spots of small cells from the shell: lists of three to fifteen spots, frames, and what is said about them. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SpotSimulation, simulateSpots } from 'ewald';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ewaldTogether } from '../support/cli.js';

const parameters = '5.13,7.21,9.34,77.6,83.9,70.8';
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-few-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function inTurn(commands: readonly (readonly string[])[]) {
  const runs: Awaited<ReturnType<typeof ewaldTogether>>[] = [];
  for (const words of commands) runs.push(await ewaldTogether(words));
  return runs;
}

const listOf = (spots: ArrayLike<number>): string =>
  Array.from({ length: spots.length / 3 }, (_, i) =>
    [0, 1, 2].map((axis) => (spots[3 * i + axis] as number).toFixed(7)).join(' '),
  ).join('\n');

async function listFile(name: string, spots: ArrayLike<number>): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `${listOf(spots)}\n`);
  return path;
}

const still = (options: Partial<SpotSimulation>): Float64Array => {
  const [image] = simulateSpots({
    cell: [
      [6.83, 0, 0],
      [0, 10.94, 0],
      [0, 0, 17.42],
    ],
    dMinA: 0.9,
    noisePx: 0.3,
    wavelengthA: 1,
    bandwidth: 0.001,
    mosaicityRad: 0.0015,
    domainA: 3300,
    distanceMm: 80,
    detectorPx: [2100, 2100],
    spots: 6,
    ...options,
  });
  return image?.spots as Float64Array;
};

test('a list of few spots is indexed by a method of its own, which is said', async () => {
  const list = await listFile('six.txt', still({ seed: 4 }));
  const [usual, fast, json] = await inTurn([
    ['index', '-p', '6.83,10.94,17.42,90,90,90', list],
    ['index', '-p', '6.83,10.94,17.42,90,90,90', '--method', 'fast', list],
    ['index', '-p', '6.83,10.94,17.42,90,90,90', '--json', list],
  ]);
  expect(usual?.code).toBe(0);
  expect(usual?.out).toMatch(/✓ .*six\.txt {2}6\.83 10\.94 17\.42 Å.* 6\/6 spots/);
  expect(usual?.out).toMatch(/1 of 1 list indexed; median .* ms per list, few on /);
  expect(usual?.err).toContain('1 list was searched as few spots of a small cell (the method few,');
  expect(fast?.err).not.toContain('few spots');
  const { method, crystals } = JSON.parse(json?.out ?? '') as {
    method: string;
    crystals: { labelsDecided: boolean; indices: number[][]; rivalOdds: number[] }[];
  };
  expect([method, crystals[0]?.labelsDecided, crystals[0]?.indices.length]).toEqual(['few', true, 6]);
});

test('frames with three to fifteen peaks are indexed, also from their stream, and keep both hands', {
  tags: 'all',
}, async () => {
  const at = (name: string): string => join(folder, 'thin', name);
  const [simulated, indexed, again] = await inTurn([
    [
      'simulate',
      'frames',
      '--radiation',
      'electron',
      '-p',
      '8.12,12.31,15.24,90,98.4,90',
      '--images',
      '4',
      '--seed',
      '3',
    ].concat('--highres', '0.9', '--domain', '333', '--force', '-o', join(folder, 'thin')),
    [
      'index',
      at('run.h5'),
      '-g',
      at('run.geom'),
      '-p',
      at('run.cell'),
      '--refine-geometry',
      'off',
      '-o',
      at('run.stream'),
    ],
    ['index', at('run.stream'), '--force', '-o', at('again.stream')],
  ]);
  for (const run of [simulated, indexed, again]) expect([run?.code, run?.err]).toEqual([0, run?.err]);
  expect(indexed?.out).toMatch(/frames were searched as few spots of a small cell/);
  const [first, second] = [await readFile(at('run.stream'), 'utf8'), await readFile(at('again.stream'), 'utf8')];
  const linesOf = (text: string, mark: RegExp): string[] => text.split('\n').filter((line) => mark.test(line));
  expect(linesOf(first, /^ewald\/indexed_by = ewald-few/).length).toBeGreaterThanOrEqual(2);
  expect(linesOf(first, /^ewald\/other_hand = (-?\d\.\d+ ?){9}$/).length).toBeGreaterThan(0);
  // The same peaks, as the stream rounds them, give the same lattices; which of two hands comes first may be left to rounding.
  const numbers = (text: string, mark: RegExp): number[][] =>
    linesOf(text, mark).map((line) => [...line.matchAll(/-?\d+\.\d+/g)].map(([number]) => Number(number)));
  const crystals = (text: string): string[] =>
    text
      .split('--- Begin crystal')
      .slice(1)
      .map((crystal) => crystal.split('--- End crystal')[0] as string);
  const lattices = (crystal: string): number[][] => [
    numbers(crystal, /^[abc]star = /).flat(),
    ...numbers(crystal, /^ewald\/other_hand = /),
  ];
  const difference = (a: readonly number[], b: readonly number[]): number =>
    Math.max(...a.map((number, i) => Math.abs(number - (b[i] as number))));
  const others = crystals(second).map(lattices);
  expect(others.length).toBe(crystals(first).length);
  for (const [i, crystal] of crystals(first).entries())
    for (const lattice of lattices(crystal))
      expect(Math.min(...(others[i] as number[][]).map((other) => difference(lattice, other)))).toBeLessThan(1e-3);
});

test('lists with spots of a detector that is 1 % elsewhere fit no cell, which is said with the distance', async () => {
  const files: string[] = [];
  for (let seed = 1; seed <= 6; seed++) files.push(await listFile(`off${seed}.txt`, still({ seed, distanceMm: 80 })));
  const moved: string[] = [];
  for (const [i, file] of files.entries()) {
    const spots = (await readFile(file, 'utf8')).trim().split(/\s+/).map(Number);
    const off = spots.flatMap((_, n) => {
      if (n % 3 !== 0) return [];
      const [x, y, z] = [spots[n] as number, spots[n + 1] as number, 1.01 * ((spots[n + 2] as number) + 1)];
      const size = Math.hypot(x, y, z);
      return [x / size, y / size, z / size - 1];
    });
    moved.push(await listFile(`moved${i}.txt`, off));
  }
  const run = await ewaldTogether(['index', '-p', '6.83,10.94,17.42,90,90,90', ...moved]);
  expect(run.out).toContain('0 of 6 lists indexed');
  expect(run.err).toMatch(
    /with the detector (0\.[89]|1\.[0-2]) % nearer, 6 of 6 images of few spots are indexed instead of 0/,
  );
  expect(run.err).not.toContain('in nm');
  expect(run.code).toBe(1);
  const right = await ewaldTogether(['index', '-p', '6.83,10.94,17.42,90,90,90', ...files]);
  expect([right.code, /with the detector/.test(right.err)]).toEqual([0, false]);
});

test('lists that are not enough say what is missing and what to do', async () => {
  const two = await listFile('two.txt', still({ seed: 4 }).subarray(0, 6));
  const large = await listFile('large.txt', still({ seed: 4 }).subarray(0, 12));
  const eight = await listFile('eight.txt', still({ seed: 4 }).subarray(0, 24));
  const inRow = [0.1, 0.2, -0.3, 0.35].flatMap((x) => [x, 0, Math.sqrt(1 / 0.0251 ** 2 - x * x) - 1 / 0.0251]);
  const line = await listFile('line.txt', inRow);
  const flat = await listFile('flat.txt', [0.1, 0.2, 0, 0.3, -0.1, 0, 0.2, 0.2, 0, -0.3, 0.1, 0, -0.2, 0.4, 0]);
  const twins = await listFile('twins.txt', Float64Array.of(...still({ seed: 4 }), ...still({ seed: 5 })));
  const [ofTwo, ofLarge, ofEight, ofLine, ofFlat, ofNm, ofPlane, ofTwins, ofBoth] = await inTurn([
    ['index', '-p', parameters, two],
    ['index', '-p', '79,79,38,90,90,90', large],
    ['index', '-p', '79,79,38,90,90,90', eight],
    ['index', '-p', parameters, line],
    ['index', '-p', parameters, '--method', 'few', flat],
    ['index', '-p', '0.683,1.094,1.742,90,90,90', large],
    ['index', '-p', parameters, flat],
    ['index', '-p', '6.83,10.94,17.42,90,90,90', twins],
    ['index', '-p', '6.83,10.94,17.42,90,90,90', '--multi', twins],
  ]);
  expect(ofPlane?.err).toMatch(/all spots lie in the plane z = 0.*0\.0251/);
  expect(ofTwins?.err).toMatch(/\d of 12 spots are not of the crystal that was found.*--multi/);
  expect(ofBoth?.err).not.toContain('--multi');
  expect(ofTwo?.out).toContain('the list has 2 spots; indexing requires at least 3');
  expect(ofLarge?.out).toContain(
    'the list has 4 spots; indexing requires at least 5, or 3 of a small cell (--method few)',
  );
  expect(ofEight?.err).toMatch(/\d spots are few for a primitive cell of 237158 Å³.*a lower threshold.*the method few/);
  expect(ofLine?.err).toContain('all spots lie on one line through the beam');
  expect(ofLine?.err).not.toContain('in nm');
  expect(ofFlat?.out).toMatch(/plane z = 0, so that their wavelength, or voltage, is not known.*0\.0251/);
  expect(ofNm?.err).toContain('From nanometres they would be 6.83, 10.94, 17.42 angstrom');
  for (const run of [ofTwo, ofLarge, ofEight, ofLine, ofFlat]) expect(run?.code).toBe(1);
});
