// @module-tag all: several processes of MPI.
/** `ewald fft` as a command, on the ranks of an MPI job. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { formatNpy, readNpy } from '../../dist/index.node.js';
import { Random } from '../../src/compute/random/random.js';
import type { NpyArray } from '../../src/frames/npy.js';
import { ewald } from '../support/cli.js';
import { mpiEnv, mpiPresent, mpirun } from '../support/mpi.js';
import { tier, variants } from '../support/variants.js';

const cli = new URL('../../dist/cli.js', import.meta.url);
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-heffte-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
// Every test must clean up partial files.
afterEach(() => expect(readdirSync(folder).filter((name) => name.includes('.tmp'))).toEqual([]));
const at = (name: string): string => join(folder, name);
const read = (name: string): NpyArray => readNpy(readFileSync(at(name)), name);
const random = new Random(15, 0);
const save = (name: string, shape: number[], complex: boolean, single = false): void => {
  const n = shape.reduce((a, b) => a * b, complex ? 2 : 1);
  const numbers = Float64Array.from({ length: n }, () => random.normal());
  const data = single ? Float32Array.from(numbers) : numbers;
  writeFileSync(at(name), formatNpy({ shape, complex, data }));
};
const close = (a: NpyArray, b: NpyArray): void => {
  expect([a.shape, a.complex, a.data.constructor]).toEqual([b.shape, b.complex, b.data.constructor]);
  let worst = 0;
  for (let i = 0; i < a.data.length; i++)
    worst = Math.max(worst, Math.abs((a.data[i] as number) - (b.data[i] as number)));
  expect(worst).toBeLessThan(a.data instanceof Float32Array ? 2e-4 : 1e-10);
};
/** The same transform in memory in one process, which test/cli/fft.test.ts compares with direct sums. */
async function expectAsInMemory(found: string, args: readonly string[]): Promise<void> {
  const alone = await ewald(['fft', ...args, '-o', at('alone.npy'), '--force']);
  expect(alone.code, alone.err).toBe(0);
  close(read(found), read('alone.npy'));
}

const kinds: readonly (readonly [string, readonly number[], boolean, readonly string[]])[] = [
  ['c2c', [5, 6, 7], true, []],
  ['c2c of two axes, inverse', [12, 10], true, ['--inverse', '--scale', 'full']],
  ['r2c', [6, 5, 8], false, []],
  ['c2r', [7, 4, 5], true, ['--kind', 'c2r', '--length', '9', '--scale', 'symmetric']],
  ['sines', [6, 5, 6], false, ['--kind', 'dst2']],
  ['cosines of one axis', [9], false, ['--kind', 'dct2']],
  ['cosines with both ends, of two axes', [5, 4], false, ['--kind', 'dct1']],
  ['the inverse of r2c', [5, 6, 4], true, ['--kind', 'r2c', '--inverse', '--length', '7', '--scale', 'full']],
  ['the inverse of r2c of real numbers', [5, 6, 4], false, ['--kind', 'r2c', '--inverse']],
  ['c2c of real numbers', [3, 4], false, ['--kind', 'c2c']],
  ['sines of two axes, inverse', [4, 7], false, ['--kind', 'dst4', '--inverse', '--scale', 'symmetric']],
];

describe.skipIf(!mpiPresent)('mpirun ewald fft', () => {
  const onRanks = (ranks: number, ...args: string[]) => mpirun(ranks, cli, 'fft', ...args);

  test.each(variants(kinds, 2))(
    '%s of 3 ranks equals the result of one process',
    { tags: tier },
    async (_, shape, complex, more) => {
      save('in.npy', [...shape], complex);
      const run = await onRanks(3, at('in.npy'), '-o', at('out.npy'), '--force', ...more);
      expect(run.code, run.err).toBe(0);
      // Only one rank prints.
      expect(run.out.match(/3 ranks/g)).toHaveLength(1);
      await expectAsInMemory('out.npy', [at('in.npy'), ...more]);
    },
  );

  test('an array in Fortran order gives what it gives in one process', async () => {
    for (const [shape, complex, more] of [
      [[5, 4, 6], false, []],
      [[4, 7], true, ['--inverse']],
      [[6, 3, 4], true, ['--kind', 'r2c', '--inverse', '--length', '7']],
    ] as const) {
      save('in.npy', [...shape], complex);
      const { data } = read('in.npy');
      // The same array with its first axis the fastest.
      const unit = complex ? 2 : 1;
      const columns = new Float64Array(data.length);
      const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((a, b) => a * b, 1));
      for (let i = 0; i < data.length / unit; i++) {
        let rest = i;
        let place = 0;
        for (let axis = shape.length - 1; axis >= 0; axis--) {
          place += (rest % (shape[axis] as number)) * (strides[axis] as number);
          rest = Math.floor(rest / (shape[axis] as number));
        }
        for (let part = 0; part < unit; part++) columns[unit * place + part] = data[unit * i + part] as number;
      }
      const bytes = formatNpy({ shape, complex, data: columns });
      const head = new TextDecoder('latin1').decode(bytes);
      const at0 = head.indexOf("'fortran_order': False");
      const own = Uint8Array.from(bytes);
      own.set(new TextEncoder().encode("'fortran_order': True "), at0);
      writeFileSync(at('fortran.npy'), own);
      const run = await onRanks(3, at('fortran.npy'), '-o', at('out.npy'), '--force', ...more);
      expect(run.code, run.err).toBe(0);
      await expectAsInMemory('out.npy', [at('in.npy'), ...more]);
      await expectAsInMemory('out.npy', [at('fortran.npy'), ...more]);
    }
  });

  test('more ranks than planes, one axis, single precision', { tags: 'nightly' }, async () => {
    save('in.npy', [3, 4, 4], true, true);
    expect((await onRanks(5, at('in.npy'), '-o', at('out.npy'), '--force')).code).toBe(0);
    await expectAsInMemory('out.npy', [at('in.npy')]);
    save('line.npy', [40], true);
    expect((await onRanks(2, at('line.npy'), '-o', at('out.npy'), '--force')).code).toBe(0);
    await expectAsInMemory('out.npy', [at('line.npy')]);
  });

  test('a library that computes on ranks is named once, beside its backend', { tags: 'nightly' }, async ({ skip }) => {
    save('in.npy', [3, 4, 4], true);
    const run = await onRanks(2, at('in.npy'), '-o', at('out.npy'), '--force', '--engine', 'fftw');
    skip(run.err.includes('cannot be used'), 'FFTW is not installed');
    expect(run.out.match(/on native by fftw/g)).toHaveLength(1);
    const told = await onRanks(2, at('in.npy'), '-o', at('out.npy'), '--force', '--engine', 'fftw', '--json');
    expect(JSON.parse(told.out)).toMatchObject({ backend: 'native', engine: 'fftw', ranks: 2 });
  });

  test('one rank reports the error, and nothing is left behind', async () => {
    const missing = await onRanks(2, at('none.npy'), '-o', at('never.npy'));
    expect(missing.code).toBe(1);
    expect(missing.err.match(/none\.npy cannot be read/g)).toHaveLength(1);
    save('in.npy', [3, 4, 4], true);
    const axes = await onRanks(3, at('in.npy'), '-o', at('never.npy'), '--axes', '0');
    expect(axes.code).toBe(2);
    expect(axes.err).toContain('omit axes');
    expect((await onRanks(3, at('in.npy'), '-o', at('never.npy'), '--axes', '7')).code).toBe(2);
    expect(readdirSync(folder)).not.toContain('never.npy');
  });
});

test('a job without the addon names the package to install', async () => {
  // The addon is expected next to the bundle, so a copy of the command elsewhere has none.
  const bare = mkdtempSync(join(tmpdir(), 'ewald-bare-'));
  try {
    const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
    for (const name of readdirSync(dist).filter((file) => file.endsWith('.js') || file.endsWith('.wasm')))
      writeFileSync(join(bare, name), readFileSync(join(dist, name)));
    writeFileSync(join(bare, 'package.json'), '{"type":"module"}');
    const { spawnSync } = await import('node:child_process');
    const { symlinkSync } = await import('node:fs');
    symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(bare, 'node_modules'));
    save('in.npy', [3, 4, 4], true);
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(bare, 'cli.js'), 'fft', at('in.npy'), '-o', at('never.npy')],
      { env: { ...mpiEnv, OMPI_COMM_WORLD_SIZE: '2' }, encoding: 'utf8' },
    );
    expect(status).toBe(2);
    expect(stderr).toContain('apt-get install libopenmpi-dev openmpi-bin');
  } finally {
    rmSync(bare, { recursive: true, force: true });
  }
});
