/**
 * `ewald/heffte` as described in the documentation of heFFTe's Python module, on wasm, native and the available
 * engines.
 */
import { devices } from 'ewald';
import { spmd } from 'ewald/executors';
import * as heffte from 'ewald/heffte';
import { expect, test } from 'vitest';
import { mpiPresent, mpirun } from '../support/mpi.js';

const module = new URL('./python.mjs', import.meta.url);
const engines = (await devices()).flatMap((device) => device.engines ?? []);
const fftw = engines.find(({ engine }) => engine === 'fftw')?.available ?? false;

test('the constants equal those of the module', () => {
  expect(heffte.scale).toEqual({ none: 0, full: 1, symmetric: 2 });
  expect(heffte.backend).toMatchObject({ stock: 0, fftw: 1, mkl: 2, cufft: 10, rocfft: 11, rocm: 11 });
});

test.each(['wasm', 'native', heffte.backend.stock])('two ranks on %s', { tags: 'all' }, async (argument) => {
  expect(await spmd({ module, function: 'onRank', argument }, { ranks: 2 })).toEqual(Array(2).fill('as documented'));
});

test.skipIf(!fftw)('two ranks with FFTW', { tags: 'all' }, async () => {
  const argument = heffte.backend.fftw;
  expect(await spmd({ module, function: 'onRank', argument }, { ranks: 2 })).toEqual(Array(2).fill('as documented'));
});

test.skipIf(!mpiPresent)('two ranks under mpirun', { tags: 'all' }, async () => {
  const { code, out, err } = await mpirun(2, new URL('./mpi-rank.mjs', import.meta.url), 'example');
  expect(code, err).toBe(0);
  expect(out.match(/as documented/g)).toHaveLength(2);
});
