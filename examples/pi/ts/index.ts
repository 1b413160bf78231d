/** The thin layer: the three approximations, and what an interface of C gives beyond numbers. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { open, type Pi, type pi_estimate } from './library.js';

export { approximatePiTypescript } from './approximate.js';

/**
 * Where the libraries are: `$PI_BUILD_DIR/lib` while one builds in a folder of one's own, else the folder this package
 * was built in.
 */
export function buildDir(): string {
  return process.env.PI_BUILD_DIR ?? join(dirname(fileURLToPath(import.meta.url)), '../..');
}

const opened = new Map<string, Promise<Pi>>();

/**
 * Opens a library once. Both have the functions of pi.h in their type; calling one that the other library has names the
 * library.
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

/** A list of records: the memory is the caller's, C fills it, and JavaScript's own objects come out. */
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

/** The same list from memory of the library: it is freed with the library's own function, whatever happens. */
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
 * A generator: each value costs `points` more. The handle is freed when the loop ends, even by break or by an
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

/** A callback: `progress` is called with the share that is done and the value so far; answering false ends the work. */
export async function withProgress(
  numPoints: number,
  steps: number,
  progress: (done: number, value: number) => boolean,
): Promise<number> {
  return (await library('pi_cpp')).pi_with_progress(numPoints, steps, (done, value) => (progress(done, value) ? 1 : 0));
}
