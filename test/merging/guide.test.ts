// @module-tag all: two runs from frames to the files of a refinement.
/** docs/merge.md, "To the next program", pasted: its files are whole for the next programs, and say what was simulated. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readReflections } from '../../dist/merging.js';
import { blocksOf } from '../../scripts/guides/blocks.mjs';
import { root } from '../../scripts/lib/run.mjs';
import { ewaldTogether } from '../support/cli.js';
import { readMtz } from './mtz-reader.js';

const guide = readFileSync(join(root, 'docs/merge.md'), 'utf8');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-guide-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the commands of the block that begins with `mkdir NAME`, and returns what they printed and its folder. */
async function pasted(name: string): Promise<{ read: (file: string) => Buffer; printed: string }> {
  const block = blocksOf(guide).find(({ code }) => code.startsWith(`mkdir ${name} `));
  const lines = (block?.code ?? '').split('\n').flatMap((line) => /^npx ewald (.*)$/.exec(line)?.[1] ?? []);
  expect(lines.length).toBeGreaterThan(4);
  const cwd = mkdtempSync(join(folder, name));
  let printed = '';
  for (const line of lines) {
    const { code, out, err } = await ewaldTogether(line.split(' '), { cwd });
    expect([line, code, code === 0 ? '' : err]).toEqual([line, 0, '']);
    printed += out;
  }
  return { read: (file) => readFileSync(join(cwd, file)), printed };
}

test('a polar crystal ends in intensities and amplitudes with mates apart, observations and a table', {
  timeout: 600_000,
}, async () => {
  const { read, printed } = await pasted('chiral');
  const table = read('table1.txt').toString();
  for (const row of [/^Space group +P 4$/m, /^Frames +200$/m, /^Wavelength .* 1\.3000$/m, /^CC1\/2 +0\.99\d/m])
    expect(table).toMatch(row);
  expect(printed).toMatch(/Untwinned: twin fraction/);
  const list = readReflections(read('run.hkl'));
  expect([list.list.symmetry, list.parameters]).toEqual(['4', [22, 22, 30, 90, 90, 90]]);
  const mtz = readMtz(read('run.mtz'));
  for (const label of ['IMEAN', 'SIGIMEAN', 'I(+)', 'I(-)', 'F', 'SIGF', 'F(+)', 'DANO'])
    expect(mtz.columns.map((one) => one.label)).toContain(label);
  const all = readMtz(read('all.mtz'));
  for (const label of ['BATCH', 'I', 'SIGI', 'SCALE', 'dHKL', 'ewald_offset', 'XDET', 'YDET'])
    expect(all.columns.map((one) => one.label)).toContain(label);
  expect(read('run.cif').toString()).toContain('_symmetry.space_group_name_H-M');
  for (const page of ['check.html', 'halves.html']) expect(read(page).toString()).toContain('<svg');
});

test('a centrosymmetric crystal ends in what SHELX reads, with the operators of its space group', {
  timeout: 600_000,
}, async () => {
  const { read } = await pasted('centric');
  const lines = read('centric.ins').toString().split('\n');
  expect(lines[0]).toMatch(/^TITL P 1 2\/m 1, by ewald/);
  expect(lines.slice(1, 5)).toEqual([
    'CELL 1.30000 14.0000 19.0000 23.0000 90.000 104.000 90.000',
    'ZERR 4 0 0 0 0 0 0',
    'LATT 1',
    'SYMM -X, Y, -Z',
  ]);
  const rows = read('centric.shelx').toString().trimEnd().split('\n');
  expect(rows.length).toBeGreaterThan(500);
  expect(rows.every((row) => /^[ \d-]{12}[ \d.-]{16}[ \d]{4}$/.test(row))).toBe(true);
  expect(rows.at(-1)).toMatch(/^ {3}0 {3}0 {3}0/);
  expect(read('table1.tex').toString()).toMatch(/Space group.*P 1 2\/m 1/);
});
