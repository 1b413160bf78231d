/** A thin layer over the C interface: the three approximations, and what a C interface offers beyond numbers. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { open, type Pi, type pi_estimate } from './library.js';

export { approximatePiTypescript } from './approximate.js';

/**
 * The folder of the libraries: `$PI_BUILD_DIR/lib` during development in a separate build folder, otherwise the folder
 * in which this package was built.
 */
export function buildDir(): string {
  return process.env.PI_BUILD_DIR ?? join(dirname(fileURLToPath(import.meta.url)), '../..');
}

const opened = new Map<string, Promise<Pi>>();

/**
 * Opens a library once. The type of both has all functions of pi.h; calling a function of the other library throws an
 * error that names the library.
 */
export function library(name: 'pi_cpp' | 'pi_f90', backend: 'auto' | 'native' | 'wasm' = 'auto'): Promise<Pi> {
  const key = `${name} ${backend}`;
  let found = opened.get(key);
  if (!found) {
    found = open(name, { buildDir: buildDir(), backend });
    opened.set(key, found);
  }
  return found;
}

/** The approximation in C. */
export const approximatePiC = async (numPoints: number): Promise<number> =>
  (await library('pi_cpp')).approximate_pi_c(numPoints);

/** The approximation in Fortran. */
export const approximatePiFortran = async (numPoints: number): Promise<number> =>
  (await library('pi_f90')).approximate_pi_fortran(numPoints);

/**
 * A list of records: the caller allocates the memory, C fills it, and the result is an array of plain JavaScript
 * objects.
 */
export async function series(first: number, count: number): Promise<pi_estimate[]> {
  const pi = await library('pi_cpp');
  const estimates = pi.alloc<pi_estimate>('pi_estimate', count);
  try {
    pi.pi_series(first, count, estimates);
    return estimates.toArray();
  } finally {
    estimates.dispose();
  }
}

/**
 * The same list from memory that the library allocated. It is freed with the library's own function, even if an error
 * is thrown.
 */
export async function seriesOfLibrary(first: number, count: number): Promise<pi_estimate[]> {
  const pi = await library('pi_cpp');
  const estimates = pi.owned<pi_estimate>(pi.pi_series_new(first, count), { length: count, free: 'pi_series_free' });
  try {
    return estimates.toArray();
  } finally {
    estimates.dispose();
  }
}

/**
 * A generator: each value adds `points` points. The handle is freed when the loop ends, even by break or by an
 * exception.
 */
export async function* approximations(points: number): AsyncGenerator<number, void, void> {
  const pi = await library('pi_cpp');
  const stream = pi.pi_stream_new();
  try {
    for (;;) yield pi.pi_stream_step(stream, points);
  } finally {
    stream?.dispose();
  }
}

/**
 * A callback: `progress` is called with the completed fraction and the current value; returning false stops the work.
 */
export async function withProgress(
  numPoints: number,
  steps: number,
  progress: (done: number, value: number) => boolean,
): Promise<number> {
  return (await library('pi_cpp')).pi_with_progress(numPoints, steps, (done, value) => (progress(done, value) ? 1 : 0));
}
