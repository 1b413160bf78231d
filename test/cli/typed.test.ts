/** The commands that people type most, each as one process, from simulated frames to merged intensities. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ewald } from '../support/cli.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-typed-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

/** Types a line in the folder; it has to end well. */
async function typed(line: string, code = 0): Promise<string> {
  const run = await ewald(line.split(' '), { cwd: folder });
  expect(run.code, run.err).toBe(code);
  return run.out;
}

describe('what people type', () => {
  test('ewald simulate frames, then info, index, stream compare, merge', { tags: 'all' }, async () => {
    await typed('simulate frames -o f --images 4 --size 512,512 --seed 1');
    expect(await typed('info f/run.h5')).toMatch(/4 frames of 512 × 512 u16[\s\S]*wavelength 1\.3 Å/);
    const said = await typed('index f/run.h5 -g f/run.geom -p f/run.cell -o run.stream --html report.html');
    expect(said).toMatch(/^4 of 4 frames indexed, 4 crystals/);
    expect(said).toMatch(/median cell 79\.\d\d 79\.\d\d 38\.\d\d Å {2}90\.00 90\.00 90\.00°/);
    expect(readFileSync(at('report.html'), 'utf8')).toContain('<svg');
    const [truth] = (await typed('stream compare run.stream f/run.truth.json --json')).trim().split('\n');
    expect(JSON.parse(truth ?? '')).toMatchObject({ crystalsThere: 4, crystalsRight: 4, crystalsWrong: 0 });
    // A list of files is known by its name and its first line, with or without -i.
    writeFileSync(at('files.lst'), 'f/run.h5 //1\n');
    expect(await typed('index files.lst -g f/run.geom -p f/run.cell -o one.stream -j 1')).toMatch(/^1 of 1 frame/);
    // Four crystals say nothing of the quality of a merge: it is written, and the command ends with 1.
    expect(await typed('merge run.stream -y 4/mmm -o m.hkl', 1)).toMatch(/^all +\d+/m);
    expect(readFileSync(at('m.hkl'), 'utf8')).toMatch(/^CrystFEL reflection list/);
  });

  test('ewald cell names the cell of frames whose cell nobody knows', { tags: 'all' }, async () => {
    await typed('simulate frames -o c --images 3 --size 512,512 --seed 2');
    expect(await typed('cell c/run.h5 -g c/run.geom')).toMatch(/tP +79\.\d+ +79\.\d+ +38\.\d+ Å/);
  });

  test('ewald cell refines a geometry that is off together with the cell', { tags: 'all' }, async () => {
    await typed('simulate frames -o off --images 8 --size 512,512 --pixel 0.15 --cell 75,75,112,90,90,90,I --seed 77');
    // Nearer by 1.5 %, and the beam beside its place: the lattice looks monoclinic.
    const geometry = readFileSync(at('off/run.geom'), 'utf8')
      .replace(/clen *= *([\d.]+)/, (_, metres) => `clen = ${1.015 * Number(metres)}`)
      .replace(/corner_([xy]) *= *(-?[\d.]+)/g, (_, axis, pixels) => `corner_${axis} = ${Number(pixels) + 2}`);
    writeFileSync(at('off/off.geom'), geometry);
    const { out, err } = await ewald('cell off/run.h5 -g off/off.geom'.split(' '), { cwd: folder });
    expect(out).toMatch(/best, indexes 8 of 8 .*\n +tI +(7[45]\.\d+) +\1 +11[12]\.\d+ Å/);
    expect(err).toMatch(
      /the detector is 0\.\d+ ± \S+ mm nearer .*; the cell is that of this geometry, which ewald index/,
    );
  });

  test('ewald simulate scan, then run, convert and fft', { tags: 'all' }, async () => {
    await typed('simulate scan -o s');
    await typed('run sum s/scan.h5 -o sum.npy');
    expect(existsSync(at('sum.npy'))).toBe(true);
    await typed('convert s/scan.h5 -o x.npy');
    expect(statSync(at('x.npy')).size).toBeGreaterThan(1e5);
    await typed('fft sum.npy -o spectrum.npy');
    expect(statSync(at('spectrum.npy')).size).toBeGreaterThan(1e3);
  });

  test('ewald devices, pi, --version and --help', { tags: 'all' }, async () => {
    expect(await typed('devices')).toMatch(/wasm +WebAssembly/);
    expect(await typed('pi --points 1e6 --seed 1')).toContain('785537');
    expect(await typed('--version')).toMatch(/\d+\.\d+\.\d+/);
    expect(await typed('--help')).toContain('index');
  });

  test('a word that is no command is refused with the one that was meant', async () => {
    const { code, err } = await ewald(['indx', 'run.h5']);
    expect(code).toBe(2);
    expect(err).toContain('did you mean "index"');
  });
});
