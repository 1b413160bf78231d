/**
 * External FFT engines at the facade: how they are found and refused, unaligned arrays, memory, several engines at
 * once.
 *
 * MKL, cuFFT and rocFFT are stand-ins (test/engines) that have the functions and limits of the libraries and forward to
 * FFTW, so the tests cover our side of the calls. FFTW is Debian's; without it, or without a C compiler, tests are
 * skipped as absent.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Context, createContext, devices, isEwaldError } from '../../dist/index.node.js';
import * as validate from '../../dist/validate.js';
import { buildStandIns } from '../engines/build.mjs';
import { ewald } from '../support/cli.js';
import { fftwAbsent } from '../support/fftw.js';

const standIns = ['mkl', 'cufft', 'rocfft'] as const;
const variable = (engine: string): string => `EWALD_ENGINE_${engine.toUpperCase()}`;
let folder = '';
let absent: string | undefined;
let notBuilt: string | undefined;
let context: Context;

beforeAll(async () => {
  absent = await fftwAbsent();
  folder = await mkdtemp(join(tmpdir(), 'ewald-engines-'));
  try {
    if (process.platform === 'linux') buildStandIns(folder);
    else notBuilt = 'the stand-ins are for Linux';
  } catch (error) {
    notBuilt = `no C compiler: ${error}`;
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async ({ skip }) => {
  if (absent !== undefined) skip(`absent: ${absent}`);
  context = await createContext({ backend: 'native', strict: true });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await context?.dispose();
  expect(context?.liveBytes ?? 0).toBe(0);
});

const unsupported = async (work: () => Promise<unknown>, ...words: string[]): Promise<void> => {
  const error = await work().then(
    () => expect.unreachable(`nothing was thrown; expected ${words.join(', ')}`),
    (thrown) => thrown,
  );
  expect(isEwaldError(error, 'Unsupported'), `${error}`).toBe(true);
  for (const word of words) expect(error.message).toContain(word);
};

describe('engines', () => {
  test('that are missing are refused with the names that were tried and advice', async () => {
    vi.stubEnv('EWALD_ENGINE_FFTW', '/nowhere');
    await unsupported(
      () => context.fft({ shape: [8], engine: 'fftw' }),
      'FFTW 3',
      '/libfftw3f.so.3',
      'libfftw3-single3',
      'EWALD_ENGINE_FFTW',
    );
    await unsupported(() => context.fft({ shape: [8], engine: 'fftw', precision: 'f64' }), '/libfftw3.so.3');
    const wasm = await createContext({ backend: 'wasm', strict: true });
    await unsupported(() => wasm.fft({ shape: [8], engine: 'fftw' }), 'libraries of the host', 'native');
    await wasm.dispose();
    await expect(context.fft({ shape: [8], engine: 'fftv' as 'fftw' })).rejects.toThrow('did you mean "fftw"');
    await expect(context.fft({ shape: [8], tune: 'guess' as 'measure' })).rejects.toThrow('estimate, measure');
  });

  test('that turn out to be another library are refused', async () => {
    vi.stubEnv('EWALD_ENGINE_FFTW', join(process.cwd(), 'package.json'));
    await unsupported(() => context.fft({ shape: [8], engine: 'fftw' }), 'package.json');
  });

  test('are listed with the native backend, for programs and for people', { tags: 'all' }, async () => {
    const native = (await devices()).find(({ backend }) => backend === 'native');
    expect(native?.engines.map(({ engine, proven }) => [engine, proven])).toEqual([
      ['fftw', true],
      ...standIns.map((engine) => [engine, false]),
    ]);
    expect(native?.engines[0]).toMatchObject({
      available: true,
      version: expect.stringMatching(/^fftw-3/),
      library: expect.stringMatching(/fftw3f/),
    });
    expect(native?.engines[0]?.tried).toEqual([]);
    vi.stubEnv('EWALD_ENGINE_MKL', '/missing');
    const mkl = (await devices()).find(({ backend }) => backend === 'native')?.engines[1];
    expect(mkl?.tried).toContain('/missing');
    expect(mkl?.reason).toMatch(/^MKL cannot be used: .*; install oneMKL, or name it in EWALD_ENGINE_MKL$/);
    expect(mkl?.reason).not.toContain('tried');
    const { out } = await ewald(['devices'], { env: { EWALD_ENGINE_MKL: folder } });
    expect(out).toMatch(/--engine fftw FFTW 3/);
    if (notBuilt === undefined) expect(out).toMatch(/--engine mkl MKL stand-in.*unverified/);
  });
});

describe('FFTW', () => {
  test('accepts arrays that are not aligned for its vectors', async () => {
    const plan = await context.fft({ shape: [6, 64], kind: 'r2c', engine: 'fftw' });
    const reference = await context.fft({ shape: [6, 64], kind: 'r2c' });
    const values = Float32Array.from({ length: plan.inputLength }, (_, i) => Math.sin(i * i));
    const expected = await reference.forward(values);
    for (const offset of [0, 1, 2, 3, 5]) {
      const input = new Float32Array(plan.inputLength + offset).subarray(offset);
      input.set(values);
      const output = new Float32Array(plan.outputLength + offset).subarray(offset);
      await plan.forward(input, output);
      output.forEach((x, i) => void expect(Math.abs(x - (expected[i] as number))).toBeLessThan(2e-5));
      const back = await plan.backward(output, new Float32Array(plan.inputLength + offset).subarray(offset), {
        scale: 'full',
      });
      back.forEach((x, i) => void expect(Math.abs(x - (values[i] as number))).toBeLessThan(1e-6));
      expect(input).toEqual(values);
    }
    await plan.dispose();
    await reference.dispose();
  });

  test('measures without changing the arrays of other plans, in two contexts and two threads at once', {
    tags: 'all',
  }, async () => {
    const script = `const { parentPort, workerData } = require('node:worker_threads');
      import(workerData).then(async ({ createContext }) => {
        const ctx = await createContext({ backend: 'native', strict: true });
        for (let i = 0; i < 60; i++) {
          const n = 30 + i;
          const plan = await ctx.fft({ shape: [n], engine: i % 2 ? 'fftw' : 'ewald', precision: i % 3 ? 'f32' : 'f64' });
          const x = new (i % 3 ? Float32Array : Float64Array)(2 * n);
          x[2] = 1;
          const y = await plan.forward(x);
          for (let k = 0; k < n; k++) {
            const error = Math.hypot(y[2 * k] - Math.cos((2 * Math.PI * k) / n), y[2 * k + 1] + Math.sin((2 * Math.PI * k) / n));
            if (!(error < (i % 3 ? 1e-6 : 1e-14))) throw new Error('length ' + n + ', bin ' + k + ' is off by ' + error);
          }
          await plan.dispose();
        }
        await ctx.dispose();
        parentPort.postMessage('done');
      });`;
    const bundle = new URL('../../dist/index.node.js', import.meta.url).href;
    const inWorker = (): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const worker = new Worker(script, { eval: true, workerData: bundle });
        worker.once('message', resolve);
        worker.once('error', reject);
        worker.once('exit', (code) => reject(new Error(`the worker ended with ${code}`)));
      });
    const other = await createContext({ backend: 'native', strict: true });
    const here = async (ctx: Context): Promise<void> => {
      await Promise.all(
        Array.from({ length: 24 }, async (_, i) => {
          const plan = await ctx.fft({ shape: [20 + i], engine: i % 2 ? 'fftw' : 'ewald' });
          const y = await plan.forward(new Float32Array(2 * (20 + i)).fill(1));
          expect(y[0]).toBeCloseTo(20 + i, 4);
          expect(Math.max(...y.subarray(2).map(Math.abs))).toBeLessThan(1e-4);
          await plan.dispose();
        }),
      );
    };
    expect((await Promise.all([inWorker(), inWorker(), here(context), here(other)])).slice(0, 2)).toEqual([
      'done',
      'done',
    ]);
    await other.dispose();
  });
});

const table = validate.selectRows(['fft:c2c', 'fft:r2c', 'fft:c2r', 'fft:real', 'fft:r2r']);

describe.each(standIns)('a stand-in of %s', (engine) => {
  beforeEach(({ skip }) => {
    if (notBuilt !== undefined) skip(`absent: ${notBuilt}`);
    vi.stubEnv(variable(engine), folder);
  });

  test('passes the rows of the table of transforms, or names the limit that a row exceeds', {
    tags: 'nightly',
  }, async () => {
    const [candidate] = await validate.openCandidates({ createContext, backends: ['native'] });
    if (!candidate) throw new Error('the native backend was not opened');
    const limits =
      engine === 'mkl'
        ? /device array|along one axis at a time|along one stride|at most 7 axes/
        : /device array|no sine and cosine transforms|workspace on the card|at most 3 axes/;
    const seen = { pass: 0, refused: 0 };
    for (const row of validate.engineRows({ engine }, table)) {
      const { outcome, why } = await validate.runRow(new validate.Problem(row), candidate);
      if (outcome === 'refused') expect(why, row.id).toMatch(limits);
      else expect(outcome, `${row.id}: ${why}`).toBe('pass');
      seen[outcome as 'pass' | 'refused']++;
      // Some kinds may be refused completely, plain transforms may not.
      if (/^fft:(c2c|r2c|c2r|real):f\d\d:n=\d+(x\d+)?(x\d+)?(:scale=\w+)?(:inverse)?:engine/.test(row.id))
        expect(outcome, `${row.id}: ${why}`).toBe('pass');
    }
    expect(seen.pass).toBeGreaterThan(150);
    expect(seen.refused).toBeGreaterThan(0);
    await candidate.context?.dispose();
  });

  test('leaves no plan and no device array behind', async ({ skip }) => {
    const plans = Array.from({ length: 30 }, (_, i) =>
      context.fft({ shape: [4, 5 + i], kind: i % 2 ? 'r2c' : 'c2c', engine, precision: i % 3 ? 'f32' : 'f64' }),
    );
    for (const plan of await Promise.all(plans)) {
      const input = plan.precision === 'f32' ? new Float32Array(plan.inputLength) : new Float64Array(plan.inputLength);
      await plan.forward(input);
      if (engine !== 'mkl') expect(plan.bytes).toBeGreaterThan(input.byteLength);
      await plan.dispose();
    }
    expect(context.liveBytes).toBe(0);
    if (engine === 'mkl') return;
    const koffi = await import('koffi').then(
      (module) => module.default,
      () => skip('absent: koffi'),
    );
    const held = (library: string, name: string): number => koffi.load(join(folder, library)).func(`int ${name}()`)();
    expect(held(engine === 'cufft' ? 'libcufft.so.11' : 'librocfft.so.0', 'stand_in_plans')).toBe(0);
    expect(held(engine === 'cufft' ? 'libcudart.so.12' : 'libamdhip64.so.6', 'stand_in_arrays')).toBe(0);
  });
});

describe.each(['cufft', 'rocfft'] as const)('a stand-in of %s', (engine) => {
  test('reports what its card lacks', { tags: 'all' }, async ({ skip }) => {
    if (notBuilt !== undefined) skip(`absent: ${notBuilt}`);
    vi.stubEnv(variable(engine), folder);
    const error = await context.fft({ shape: [2 ** 25], engine }).catch((thrown) => thrown);
    expect(isEwaldError(error, 'OutOfMemory'), `${error}`).toBe(true);
    expect(error.message).toContain(`${2 ** 28} bytes`);
    // The addon reads the C environment, which can only be set for a separate process.
    const { err, out } = await ewald(['devices'], { env: { [variable(engine)]: folder, EWALD_STAND_IN_DEVICES: '0' } });
    expect(err).toBe('');
    expect(out).toMatch(/finds no device: no device is detected/);
  });
});
