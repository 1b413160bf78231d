/** Frames of a flat sphere: what a run reports for crystals that their spots cannot distinguish from others. */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cell, sameLattice } from 'ewald';
import { open } from 'ewald/data';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readStream } from '../../dist/index.node.js';
import { ewaldTogether as ewald } from '../support/cli.js';

let folder = '';
const of = (name: string): string => join(folder, name);
const settings = ['--threshold=6', '--min-snr=4.5', '--local-bg-radius=4', '--backend=wasm', '-j', '1'];

interface Line {
  event: number;
  crystals: { cell: Cell; ambiguous: boolean; rivals: Cell[] }[];
}
const parsed = (out: string): Line[] =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-rivals-'));
  const simulation = ['--radiation=electron', '--cell=12,17,21,90,98,90', '--images=6', '--size=384,384'];
  const { code, err } = await ewald([
    'simulate',
    'frames',
    '-o',
    folder,
    ...simulation,
    '--distance=600',
    '--strength=3000',
    '--seed=5',
  ]);
  expect(code, err).toBe(0);
});
afterAll(() => rm(folder, { recursive: true }));

test('each crystal reports whether it is ambiguous and its rivals: JSON lines, stream, HDF5, summary', {
  tags: 'all',
}, async () => {
  const frames = ['index', of('run.h5'), '-g', of('run.geom'), '-p', of('run.cell'), ...settings];
  const { code, out, err } = await ewald([...frames, '--json', '-o', of('a.stream'), '--hdf5', of('a.h5')]);
  expect(code, err).toBe(0);
  const lines = parsed(out);
  const crystals = lines.flatMap((line) => line.crystals);
  expect(crystals.length).toBeGreaterThanOrEqual(3);
  for (const { cell, ambiguous, rivals } of crystals) {
    expect(ambiguous).toBe(rivals.length > 0);
    for (const rival of rivals) expect(sameLattice(rival, cell)).toBe(false);
  }
  const counts = crystals.map(({ rivals }) => rivals.length);
  expect(counts.filter((count) => count > 0).length).toBeGreaterThanOrEqual(3);

  // In the stream each crystal has a line for them, which the reader returns.
  const notes: (readonly string[])[] = [];
  const reader = await readStream(readFileSync(of('a.stream'), 'utf8').replace(/\n$/, '').split('\n'), 'a.stream');
  const ofRivals = (note: string): boolean => note.startsWith('ewald/rivals');
  for await (const chunk of reader.chunks())
    for (const crystal of chunk.crystals) notes.push(crystal.notes.filter(ofRivals));
  expect(notes).toEqual(counts.map((count) => (count > 0 ? [`ewald/rivals = ${count}`] : [])));

  const dataset = await open(of('a.h5'), { dataset: '/entry/crystals/rivals' });
  expect(Array.from((await dataset.read(0, dataset.frames)) as Uint32Array, Number)).toEqual(counts);
  await dataset.dispose();

  const words = await ewald(frames);
  expect(words.out).toMatch(/ambiguous: \d+ other lattices? or names of axes equally good(?:, of either hand)?\n/);
  expect(words.out).toContain(`ambiguous crystals: ${counts.filter((count) => count > 0).length};`);

  // The peaks of the stream alone give the same result.
  const again = parsed((await ewald(['index', '-i', of('a.stream'), '--backend=wasm', '--json'])).out);
  expect(again.flatMap((line) => line.crystals).map(({ ambiguous }) => ambiguous)).toEqual(
    counts.map((count) => count > 0),
  );
});

test('frames of a curved sphere report no rivals', { tags: 'all' }, async () => {
  const { code } = await ewald(['simulate', 'frames', '-o', of('xray'), '--images=2', '--size=512,512', '--seed=1']);
  expect(code).toBe(0);
  const at = (name: string): string => join(of('xray'), name);
  const run = ['index', at('run.h5'), '-g', at('run.geom'), '-p', at('run.cell'), ...settings];
  const { out } = await ewald([...run, '--json', '-o', at('a.stream')]);
  const crystals = parsed(out).flatMap((line) => line.crystals);
  expect(crystals.length).toBeGreaterThan(0);
  expect(crystals.every(({ ambiguous, rivals }) => !ambiguous && rivals.length === 0)).toBe(true);
  expect(readFileSync(at('a.stream'), 'utf8')).not.toContain('ewald/rivals');
});

test('lattices of a wrong wavelength are doubted as chance, and the file settles one that it contradicts', {
  tags: 'all',
}, async () => {
  const cell = '--cell=22,25,28,90,90,90';
  const words = ['--images=15', '--radiation=electron', cell, '--symmetry=mmm', '--domain=300', '--size=512,512'];
  expect((await ewald(['simulate', 'frames', '-o', of('wave'), ...words])).code).toBe(0);
  const right = readFileSync(of('wave/run.geom'), 'utf8');
  writeFileSync(of('wrong.geom'), right.replace(/electron_voltage = .*/, 'photon_energy = 200000 eV'));
  const known = ['-p', of('wave/run.cell'), '--force', '-o', of('wave.stream')];
  const wrong = await ewald(['index', of('wave/run.h5'), '-g', of('wrong.geom'), ...known]);
  expect(wrong.code).toBe(1);
  expect(wrong.err).toMatch(/the crystals explain only \d+ % of the peaks .* as lattices do that fit by chance/);
  expect(wrong.err).toMatch(/147\.2 % more than the file, and the crystals explain only \d+ %/);
  expect(wrong.err).toMatch(/no X-rays that crystals are measured with are that short; are these electrons\?/);
  // The file is wrong and the geometry right: the crystals tell.
  const { err } = await ewald(['index', of('wave/run.h5'), '-g', of('wave/run.geom'), ...known]);
  expect(err).not.toMatch(/chance|contradict/);
});
