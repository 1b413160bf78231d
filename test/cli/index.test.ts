/** `ewald simulate`, `ewald index` and `ewald cell` as commands, with cells and lists in the forms that users have. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cellFrom, cellFromParameters, formatSpotList, readSpotList, sameLattice } from '../../dist/index.node.js';
import type { Cell } from '../../src/crystal/cell.js';
import { primitiveOf } from '../../src/crystal/centring.js';
import { ewald, ewaldTogether } from '../support/cli.js';
import { dataFolder, listData, readData } from '../support/data.js';

let folder: string;
const at = (...name: string[]): string => join(folder, ...name);
const lines = (out: string): Record<string, never>[] =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const six = '50,62,73,82,77,71';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-cli-index-'));
  const made = await ewaldTogether(['simulate', 'spots', '-o', at('s'), '--images', '4', '--cell', six, '--seed', '3']);
  expect(made.code, made.err).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A simulated list, written in another form. */
function rewritten(name: string, row: (x: number, y: number, z: number, i: number) => string): string {
  const { spots } = readSpotList(readFileSync(at('s', 'spots-001.txt'), 'utf8'));
  const rows = Array.from({ length: spots.length / 3 }, (_, i) =>
    row(spots[3 * i] ?? 0, spots[3 * i + 1] ?? 0, spots[3 * i + 2] ?? 0, i),
  );
  writeFileSync(at(name), `${rows.join('\n')}\n`);
  return at(name);
}

describe('lists', () => {
  it('in 1/nm have a hint of the unit, whatever fits them', async () => {
    const list = rewritten('nm.txt', (x, y, z) => `${10 * x} ${10 * y} ${10 * z}`);
    const hint = 'if the numbers are in 1/nm, pass --unit 1/nm';
    // A cell of the wrong size that fits some of them, one that fits all, and none.
    for (const words of [
      ['index', '-p', '50,62,73,82,77,71,P'],
      ['cell', '--max-length', '20'],
    ]) {
      const { err } = await ewaldTogether([...words, list]);
      expect(err, words.join(' ')).toContain(hint);
    }
    expect((await ewaldTogether(['index', '-p', six, list, '--unit', '1/nm'])).err).not.toContain('hint');
  });

  it('come without a cell line, with further columns, in other units, and give the same lattice', {
    tags: 'all',
  }, async () => {
    const [first] = lines((await ewaldTogether(['index', at('s', 'spots-001.txt'), '--json'])).out) as never as {
      crystals: { cell: Cell }[];
    }[];
    const truth = first?.crystals[0]?.cell as Cell;
    const forms: [string, string[]][] = [
      [rewritten('plain.txt', (x, y, z) => `${x} ${y} ${z}`), []],
      [
        rewritten('columns.txt', (x, y, z, i) => `${x} ${y} ${z} ${100 + i} ${(1 / Math.hypot(x, y, z)).toFixed(2)}`),
        [],
      ],
      [rewritten('commas.csv', (x, y, z) => `${x}, ${y}, ${z}, p0 # weak\r`), []],
      [rewritten('nm.txt', (x, y, z) => `${10 * x} ${10 * y} ${10 * z}`), ['--unit', '1/nm']],
      [rewritten('pi.txt', (x, y, z) => [x, y, z].map((v) => 2 * Math.PI * v).join('\t')), ['--unit', '2pi/A']],
    ];
    for (const [file, options] of forms) {
      const { out, code } = await ewaldTogether(['index', file, '-p', six, '--json', ...options]);
      expect(code, out).toBe(0);
      const [line] = lines(out) as never as { crystals: { cell: Cell; refined: boolean }[] }[];
      expect(sameLattice(line?.crystals[0]?.cell as Cell, truth, 0.05), file).toBe(true);
      expect(typeof line?.crystals[0]?.refined).toBe('boolean');
    }
    const held = await ewaldTogether(['index', at('plain.txt'), '-p', six, '--metric', 'held']);
    expect(held.out).toContain('cell held');
  });

  it('are read from standard input, and by patterns that the shell did not expand', { tags: 'all' }, async () => {
    const input = readFileSync(at('s', 'spots-002.txt'));
    const [line] = lines((await ewald(['index', '-', '--json'], { input })).out) as never as Record<string, unknown>[];
    expect(line).toMatchObject({ input: 'standard input', indexed: true });
    expect((await ewald(['index', '-', '-p', '-'], { input })).err).toContain('standard input can only be read once');
    for (const [pattern, count] of [
      [at('s', 'spots-*.txt'), 4],
      [at('*', 'spots-00[12].txt'), 2],
      [at('**', 'spots-00?.txt'), 4],
      [at('s', 'spots-00[!1].txt'), 3],
    ] as const) {
      const found = lines((await ewaldTogether(['index', pattern, '--json'])).out) as never as { input: string }[];
      expect(found.map(({ input }) => input)).toEqual([...found.map(({ input }) => input)].sort());
      expect(found).toHaveLength(count);
    }
    const inside = await ewaldTogether(['index', 's/spots-00*.txt', 's/spots-001.txt', '--json'], { cwd: folder });
    expect(lines(inside.out)).toHaveLength(4);
  });
});

/** What `index` prints about multiples, and its exit code; each line of JSON is that of a list. */
async function multiples(lists: readonly string[], flags: readonly string[] = []) {
  const { code, err, out } = await ewald(['index', ...lists, ...flags, '--json']);
  expect(lines(out).every((line) => 'crystals' in line)).toBe(true);
  return { code, told: err.split('\n').filter((line) => line.includes('also fit a smaller cell')) };
}

describe('a known cell of lists that is a multiple', () => {
  /** The lists with the first edge of their own cells multiplied. */
  const longer = (by: number, name: string): string => {
    mkdirSync(at(name));
    for (const file of readdirSync(at('s')).filter((one) => one.endsWith('.txt'))) {
      const { spots, cell } = readSpotList(readFileSync(at('s', file), 'utf8'));
      const [a, b, c] = cell as Cell;
      writeFileSync(at(name, file), formatSpotList([[by * a[0], by * a[1], by * a[2]], b, c], spots));
    }
    return at(name, '*.txt');
  };

  it('is remarked on, and ends with 1; a right one is not', { tags: 'nightly' }, async () => {
    const own = at('s', '*.txt');
    expect(await multiples([own])).toEqual({ code: 0, told: [] });
    expect(await multiples([own], ['-p', six])).toEqual({ code: 0, told: [] });
    const doubled = {
      code: 1,
      told: [
        expect.stringMatching(
          /^warning: all (but [1-9]\d* of )?\d+ peaks also fit a smaller cell than the known cell: 1\/2 of its volume/,
        ),
      ],
    };
    expect(await multiples([own], ['-p', '100,62,73,82,77,71'])).toEqual(doubled);
    expect(await multiples([longer(2, 'doubled')])).toEqual(doubled);
    const tenfold = await ewald(['index', own, '-p', '500,62,73,82,77,71']);
    expect(tenfold.code).toBe(1);
    expect(tenfold.err).toMatch(/^warning: .*check the cell/m);
  });

  it('is named if lists have several cells', { tags: 'all' }, async () => {
    const { code, told } = await multiples([at('s', '*.txt'), longer(3, 'tripled')]);
    expect([code, told.length]).toEqual([1, 1]);
    expect(told[0]).toContain('warning: cell 150.00 62.00 73.00 82.00 77.00 71.00: ');
  });

  it('is not one that has a centring, which the first line of a list cannot state', { tags: 'nightly' }, async () => {
    const centred = '58,58,103,90,90,90,I';
    await ewald(['simulate', 'spots', '-o', at('centred'), '--images', '4', '--cell', centred]);
    for (const file of readdirSync(at('centred')).filter((one) => one.endsWith('.txt'))) {
      const { spots } = readSpotList(readFileSync(at('centred', file), 'utf8'));
      writeFileSync(at('centred', file), formatSpotList(cellFromParameters(58, 58, 103, 90, 90, 90), spots));
    }
    expect(await multiples([at('centred', '*.txt')])).toEqual({ code: 0, told: [] });
    const stated = await multiples([at('centred', '*.txt')], ['-p', '58,58,103,90,90,90']);
    expect([stated.code, stated.told.length]).toEqual([1, 1]);
  });

  it.skipIf(!dataFolder)(
    'from stills at a wrong distance is that of the distance that they show',
    { tags: 'nightly' },
    async () => {
      const words = ['cell', join(dataFolder as string, 'sim/run.h5'), '--backend=wasm', '-g'];
      const geometry = readData('sim/run.geom');
      writeFileSync(at('right.geom'), geometry);
      // The detector is at 60 mm.
      writeFileSync(at('far.geom'), geometry.replace(/^clen = .*$/m, 'clen = 0.066 m'));
      const right = await ewaldTogether([...words, at('right.geom')]);
      expect([right.code, right.err]).toEqual([0, expect.not.stringContaining('warning')]);
      const far = await ewaldTogether([...words, at('far.geom')]);
      expect(far.err).toMatch(/warning: according to 12 crystals .* the detector is 6\.0\d+ ± [\d.]+ mm nearer/);
      expect(far.out).toMatch(/tP {2}78\.99\d {2}78\.99\d {2}37\.99\d/);
    },
  );

  it.skipIf(!dataFolder)(
    'is none of real ones, except doubled and tenfold (absent without EWALD_TEST_DATA)',
    { tags: 'all' },
    async () => {
      const real = (name: string): string => join(dataFolder as string, 'real/spots', name);
      expect(listData('real/spots', '.txt')).toHaveLength(74);
      // The published cell of thaumatin is smaller than those of its stills at room temperature. Fitted along the beam by
      // its nodes instead of its spots, the cell was .06 % longer.
      const all = await ewald(['index', real('*.txt')]);
      expect([all.code, ...(all.err.match(/^warning: .*$/gm) ?? [])]).toEqual([
        1,
        expect.stringMatching(
          /cell 57\.80 57\.80 150\.00 .*: all edges of 10 crystals are 1\.61 ± 0\.08 % longer than/,
        ),
      ]);
      for (const cell of ['190.6,95.3,132.3,90,90,120', '953,95.3,132.3,90,90,120', '95.3,95.3,1323,90,90,120']) {
        const { code, err } = await ewald(['index', real('therm_slac_*.txt'), '-p', cell]);
        expect([code, cell]).toEqual([1, cell]);
        expect(err).toMatch(/^warning: .*check the cell/m);
      }
    },
  );
});

describe('cells', () => {
  it('of .cell and PDB files are searched with their centring and returned in their setting, obverse', {
    tags: 'all',
  }, async () => {
    writeFileSync(
      at('h.cell'),
      'CrystFEL unit cell file version 1.0\n; rhombohedral\nlattice_type = rhombohedral\ncentering = H\nunique_axis = c\n\na = 8.1 nm\nb = 81 A\nc = 150 A\nal = 90 deg\nbe = 90 deg\nga = 120 deg\n',
    );
    writeFileSync(at('h.pdb'), 'CRYST1   81.000   81.000  150.000  90.00  90.00 120.00 R 3 2        18\n');
    const made = await ewaldTogether([
      'simulate',
      'spots',
      '-o',
      at('h'),
      '--images',
      '20',
      '--cell',
      at('h.cell'),
      '--spots',
      '80',
    ]);
    expect(made.code, made.err).toBe(0);
    const truth = JSON.parse(readFileSync(at('h', 'truth.json'), 'utf8'));
    for (const file of [at('h.cell'), at('h.pdb')]) {
      const found = lines(
        (await ewaldTogether(['index', at('h', 'spots-*.txt'), '-p', file, '--json'])).out,
      ) as never as {
        crystals: { cell: number[][]; lengths: number[] }[];
      }[];
      expect(found).toHaveLength(20);
      for (const [i, { crystals }] of found.entries()) {
        const cell = cellFrom((crystals[0]?.cell ?? []).flat());
        expect(
          sameLattice(primitiveOf(cell, 'H'), primitiveOf(cellFrom(truth.lists[i].lattices[0]), 'H')),
          `list ${i}`,
        ).toBe(true);
        expect(crystals[0]?.lengths[2]).toBeCloseTo(150, -1);
      }
    }
  });

  it.each([
    ['60,70,90,90,105,90', 'mP', [60, 70, 90, 90, 105, 90]],
    ['79.1,79.1,38.1,90,90,90', 'tP', [79.1, 79.1, 38.1, 90, 90, 90]],
    ['58,58,103,90,90,90,I', 'tI', [58, 58, 103, 90, 90, 90]],
    ['81,81,150,90,90,120,H', 'hR', [81, 81, 150, 90, 90, 120]],
  ] as const)(
    '%s is determined from lists without it: %s, one line a lattice',
    { tags: 'all' },
    async (cell, type, expected) => {
      await ewaldTogether(['simulate', 'spots', '-o', at(type), '--images', '5', '--cell', cell]);
      for (const name of readdirSync(at(type)).filter((file) => file.endsWith('.txt'))) {
        const { spots } = readSpotList(readFileSync(at(type, name), 'utf8'));
        writeFileSync(at(type, name), formatSpotList(undefined, spots));
      }
      const { out, code, err } = await ewaldTogether(['cell', at(type, 'spots-*.txt'), '--json']);
      expect(code, err).toBe(0);
      const [best] = JSON.parse(out);
      expect(best.bravais[0].type).toBe(type);
      for (const [k, x] of expected.entries())
        expect(Math.abs(best.bravais[0].parameters[k] / x - 1)).toBeLessThan(0.005);
      expect(best.errors.slice(0, 3).every((error: number) => error > 0 && error < 0.2)).toBe(true);
      const file = at(`${type}.cell`);
      const told = (await ewaldTogether(['cell', at(type, 'spots-*.txt'), '-o', file])).out.split('\n');
      // The file has the errors as a comment, which its readers ignore.
      expect(readFileSync(file, 'utf8')).toMatch(/^; standard errors: [\d.]+ [\d.]+ [\d.]+ A, /m);
      // The flag that is printed repeats the answer: with it all lists are indexed.
      const flag = /reuse it with -p (\S+)/.exec(told.join('\n'))?.[1] ?? '';
      for (const known of [flag, file]) {
        const found = lines((await ewaldTogether(['index', at(type, 'spots-*.txt'), '-p', known, '--json'])).out);
        expect(found.map(({ indexed }) => indexed)).toEqual([true, true, true, true, true]);
      }
      expect(told[0]).toContain('indexes 5 of 5 stills');
      const types = told.slice(1, 1 + best.bravais.length).map((line) => line.trim().slice(0, 2));
      expect(types).toEqual(best.bravais.map(({ type }: { type: string }) => type));
      expect(new Set(types).size).toBe(types.length);
    },
  );
});

describe('simulate', () => {
  it('does not mix its lists with those of an earlier run', async () => {
    const before = readFileSync(at('s', 'spots-001.txt'), 'utf8');
    const refused = await ewaldTogether(['simulate', 'spots', '-o', at('s'), '--images', '2']);
    expect([refused.code, refused.err]).toEqual([
      2,
      expect.stringContaining('contains 5 files of an earlier simulation'),
    ]);
    expect(readFileSync(at('s', 'spots-001.txt'), 'utf8')).toBe(before);
    writeFileSync(at('s', 'notes.txt'), 'mine');
    expect((await ewaldTogether(['simulate', 'spots', '-o', at('s'), '--images', '2', '--force'])).code).toBe(0);
    expect(readdirSync(at('s')).sort()).toEqual(['notes.txt', 'spots-001.txt', 'spots-002.txt', 'truth.json']);
  });

  it('of a large cell stops on Ctrl-C within an image, and keeps the finished images', {
    tags: 'all',
    timeout: 60_000,
  }, async () => {
    const huge = ['simulate', 'spots', '-o', at('huge'), '--cell', '1900,1900,1900,90,90,90', '--highres', '0.5'];
    const stopped = await ewald([...huge, '--images', '3'], { interruptWhen: () => existsSync(at('huge')) });
    expect(stopped.code).toBe(130);
    const many = ['simulate', 'spots', '-o', at('many'), '--images', '100000', '--json'];
    const half = await ewald(many, {
      interruptWhen: () => existsSync(at('many', 'spots-000001.txt')),
      signal: 'SIGTERM',
    });
    expect(half.code).toBe(143);
    const { lists } = JSON.parse(half.out);
    expect(lists.length).toBeGreaterThan(0);
    expect(readdirSync(at('many'))).toHaveLength(lists.length + 1);
    expect(JSON.parse(readFileSync(at('many', 'truth.json'), 'utf8')).lists).toHaveLength(lists.length);
    execFileSync('rm', ['-r', at('many')]);
  });
});
