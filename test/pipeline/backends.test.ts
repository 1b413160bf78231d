// @module-tag all: whole runs.
/** The same frames on every backend, as a command: identical peaks to the byte, and the same crystals. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cellFrom, misorientation } from '../../dist/index.node.js';
import { ewald } from '../support/cli.js';
import { present as emulated } from '../support/emulated-card.js';

interface Line {
  readonly serial: number;
  readonly peaks: number;
  readonly crystals: readonly {
    readonly cell: readonly (readonly number[])[];
    readonly lengths: readonly number[];
    readonly angles: readonly number[];
    readonly indexedPeaks: readonly number[];
    readonly indices: readonly number[];
    readonly reflections: number;
  }[];
  readonly backends: { readonly peaks: string; readonly index: string };
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-backends-'));
  const small = ['--size=256,256', '--distance=19', '--modules=1,2', '--images=3', '--crystals=2', '--seed=11'];
  // A cell without symmetry: with symmetry there are several settings, of which backends may choose different ones.
  const cell = ['--cell=44,57,68,82,97,104', '--strength=900'];
  const { code, err } = await ewald(['simulate', 'frames', '-o', folder, ...small, ...cell]);
  expect(code, err).toBe(0);
});
afterAll(() => rm(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);

/** The lines of the run, and the peak lists of its stream. */
async function indexed(backend: string, finder: readonly string[], ...more: string[]) {
  const stream = at(`${backend}-${finder[0]}-${more.length}.stream`);
  const words = ['index', at('run.h5'), '-g', at('run.geom'), '-p', at('run.cell'), '--multi', '--min-res=12'];
  const run = ['-j', '1', `--backend=${backend}`, '--json', '-o', stream, '--profile', ...finder, ...more];
  const { code, out, err } = await ewald([...words, ...run]);
  expect(code, err).toBe(0);
  const lines: Line[] = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const lists = readFileSync(stream, 'utf8').matchAll(/Peaks from peak search\n(.*?)End of peak list/gs);
  return { lines, peaks: [...lists].map(([, list]) => list), err };
}

const finders = {
  peakfinder8: ['--threshold=12'],
  zaef: ['--peaks=zaef', '--threshold=12', '--min-squared-gradient=150', '--peak-radius=3,4,6'],
  'dispersion-extended': ['--peaks=dispersion-extended', '--kernel-size=4'],
} as const;

/**
 * Limit in degrees between the same crystal on two backends. With 50 spots the orientation is fitted in float64
 * (orient.ts): differences of some 10^-6 occur. With fewer spots the orientation is the indexer's, whose rounds select
 * the spots within a threshold in float32: a spot at that threshold which only one backend selects rotates the lattice
 * by some 4 10^-4, a fiftieth of the error of such a crystal.
 */
const turnOf = (spots: number): number => (spots >= 50 ? 1e-4 : 2e-3);

/** Compares crystals: f32 spots and sums in a different order change a cell by some 10^-7. */
function sameCrystals(found: readonly Line[], expected: readonly Line[]): void {
  expect(found.map(({ serial, peaks, crystals }) => [serial, peaks, crystals.length])).toEqual(
    expected.map(({ serial, peaks, crystals }) => [serial, peaks, crystals.length]),
  );
  for (const [i, { crystals }] of found.entries())
    for (const [k, crystal] of crystals.entries()) {
      const other = expected[i]?.crystals[k];
      expect(crystal.indexedPeaks).toEqual(other?.indexedPeaks);
      expect(crystal.indices).toEqual(other?.indices);
      expect(misorientation(cellFrom(crystal.cell.flat()), cellFrom(other?.cell.flat() ?? []))).toBeLessThan(
        turnOf(crystal.indexedPeaks.length),
      );
      for (const [n, length] of crystal.lengths.entries())
        expect(Math.abs(length / (other?.lengths[n] ?? 0) - 1)).toBeLessThan(2e-6);
      for (const [n, angle] of crystal.angles.entries())
        expect(Math.abs(angle - (other?.angles[n] ?? 0))).toBeLessThan(1e-4);
      // A reflection at the edge of the predicted range may be inside or outside.
      expect(Math.abs(crystal.reflections - (other?.reflections ?? 0))).toBeLessThanOrEqual(2);
    }
}

describe('frames on', () => {
  const reference = new Map<string, Awaited<ReturnType<typeof indexed>>>();
  const expected = async (name: keyof typeof finders) => {
    const known = reference.get(name) ?? (await indexed('wasm', finders[name]));
    reference.set(name, known);
    return known;
  };

  test('wasm find both crystals of each frame', async () => {
    const { lines } = await expected('peakfinder8');
    expect(lines.map(({ crystals }) => crystals.length)).toEqual([2, 2, 2]);
    const { out } = await ewald([
      'stream',
      'compare',
      at('wasm---threshold=12-0.stream'),
      at('run.truth.json'),
      '--json',
    ]);
    expect(JSON.parse(out)).toMatchObject({ crystalsRight: 6, crystalsWrong: 0 });
  });

  // A software GPU takes some twenty seconds to compile the kernels of a run: it tests one finder here, and the case
  // tables test the others.
  const software = !['/dev/nvidia0', '/dev/dri'].some((path) => existsSync(path));
  for (const backend of ['native', 'cuda-emulated', 'webgpu'])
    for (const name of Object.keys(finders) as (keyof typeof finders)[]) {
      const absent = backend === 'cuda-emulated' && !emulated ? ' (absent: the emulated addon was not built)' : '';
      if (backend === 'webgpu' && software && name !== 'peakfinder8') continue;
      test.skipIf(absent !== '')(
        `${backend} by ${name}: the same crystals${absent}`,
        { timeout: 400_000, tags: backend === 'webgpu' ? ['nightly'] : [] },
        async () => {
          const { lines, peaks, err } = await indexed(backend, finders[name]);
          const wasm = await expected(name);
          expect(lines.map(({ backends }) => backends)).toEqual(Array(3).fill({ peaks: backend, index: backend }));
          expect(err).toMatch(new RegExp(`^peaks +[\\d.]+ +${backend}$`, 'm'));
          expect(err).not.toMatch(/note:/);
          const plan = `plan: frames are read on the CPU, peaks found on ${backend}, lattices on ${backend}`;
          expect(err.split('\n').filter((line) => line.startsWith('plan:'))).toEqual(
            backend === 'native' ? [] : [plan],
          );
          expect(peaks).toEqual(wasm.peaks);
          expect(lines.flatMap(({ crystals }) => crystals).length).toBeGreaterThan(2);
          sameCrystals(lines, wasm.lines);
        },
      );
    }

  test.skipIf(!emulated)('the run reports a backend that refuses a stage, and what replaced it', async () => {
    const { lines, err } = await indexed('cuda-emulated', finders.peakfinder8, '--max-spots=4096');
    expect(lines[0]?.backends).toEqual({ peaks: 'cuda-emulated', index: 'native' });
    expect(err.match(/note: lattices are searched on native, not on cuda-emulated/g)).toHaveLength(1);
    sameCrystals(lines, (await expected('peakfinder8')).lines);
  });
});
