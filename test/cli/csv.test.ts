/** `--csv`: flat tables with the values of `--json`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { csvText } from '../../src/util/csv.js';
import { ewaldTogether as ewald } from '../support/cli.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-csv-'));
const stream = join(folder, 'run.stream');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(async () => {
  const frames = await ewald(['simulate', 'frames', '-o', folder, '--images', '8', '--size', '512,512']);
  expect(frames.code, frames.err).toBe(0);
  const at = (name: string): string => join(folder, name);
  const { err } = await ewald(['index', at('run.h5'), '-g', at('run.geom'), '-p', at('run.cell'), '-o', stream]);
  expect(err).not.toContain('ewald:');
}, 120_000);

/** Rows of a table, by the names of its columns. */
function rowsOf(text: string): Record<string, string>[] {
  const [head = [], ...rows] = text
    .trimEnd()
    .split('\n')
    .map((line) => [...`,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, a, b]) => a ?? b ?? ''));
  return rows.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i] ?? ''])));
}

test('a cell is quoted where it has to be, and empty where there is no value', () => {
  const rows = [
    { name: 'a "b", c\nd', x: Number.NaN, deep: { y: null, z: 1e-7 } },
    { name: '', x: Number.NEGATIVE_INFINITY, other: true },
  ];
  expect(csvText(rows)).toBe('name,x,deep.y,deep.z,other\n"a ""b"", c\nd",,,1e-7,\n,-inf,,,true');
  expect(csvText([])).toBe('');
});

test('stream info --csv has a line per stream, with the values of --json', async () => {
  const { out, code } = await ewald(['stream', 'info', stream, stream, '--csv']);
  const rows = rowsOf(out);
  expect([code, rows.length]).toEqual([0, 2]);
  const facts = JSON.parse((await ewald(['stream', 'info', stream, '--json'])).out);
  expect(Number(rows[0]?.frames)).toBe(8);
  for (const name of ['stream', 'frames', 'hits', 'indexed', 'crystals', 'medianPeaks', 'medianResolutionA', 'torn'])
    expect(rows[1]?.[name], name).toBe(String(facts[name]));
  expect([rows[0]?.a, rows[0]?.gamma, rows[0]?.bDeviation]).toEqual(
    [facts.cell.median[0], facts.cell.median[5], facts.cell.spread[1]].map(String),
  );
});

test('merge --csv has a line per shell and one for all, with the values of --json', async () => {
  const words = ['merge', stream, '-y', '4/mmm', '--nshells', '4', '--min-measurements', '1'];
  const { out } = await ewald([...words, '--csv']);
  const { statistics } = JSON.parse((await ewald([...words, '--json'])).out);
  const rows = rowsOf(out);
  expect(rows.map((row) => `${row.dataset}${row.shell}`)).toEqual(['1', '2', '3', '4', 'all']);
  expect(statistics.shells).toHaveLength(4);
  for (const [i, shell] of [...statistics.shells, statistics.overall].entries())
    for (const name of ['dMax', 'dMin', 'unique', 'completeness', 'snr', 'ccHalf', 'rSplit'])
      expect(rows[i]?.[name], `${i} ${name}`).toBe(shell[name] === null ? '' : String(shell[name]));
});

test.each([['merge'], ['stream', 'info']])('%s refuses two forms at once', async (...words) => {
  writeFileSync(join(folder, 'none.stream'), '');
  const last = words[0] === 'merge' ? ['-y', '4/m'] : [];
  const { code, out, err } = await ewald([...words, join(folder, 'none.stream'), ...last, '--csv', '--json']);
  expect([code, out, err]).toEqual([2, '', 'ewald: --json and --csv print the same results; give one of them\n']);
});

test('texts are quoted where they have to be, and are never formulas of a spreadsheet', () => {
  const rows = [
    { name: '=1+1', 'a;b': '@x', n: -5 },
    { name: 'a "b", c', n: Number.NaN },
  ];
  expect(csvText(rows)).toBe(`name,"a;b",n\n'=1+1,'@x,-5\n"a ""b"", c",,`);
});
