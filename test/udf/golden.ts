/** Results computed by LiberTEM itself for 6 × 5 × 8 × 10 generated frames; see the README of the data. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolder } from '../support/data.js';

export interface GoldenArray {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data: readonly (number | null)[];
}

/** The file; undefined if it is absent. */
export const golden = dataFolder
  ? // biome-ignore lint/suspicious/noExplicitAny: thirty entries with different shapes
    (JSON.parse(readFileSync(join(dataFolder, 'libertem-golden.json'), 'utf8')) as any)
  : undefined;

export const navShape = [6, 5] as const;
export const sigShape = [8, 10] as const;

/** The generated frames. */
export function goldenFrames(): Uint16Array {
  const out = new Uint16Array(6 * 5 * 8 * 10);
  let state = 1;
  for (let i = 0; i < out.length; i++) {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    out[i] = state >>> 22;
  }
  return out;
}

/** Largest difference over the largest number; NaN must be where no number is expected. */
export function distance(found: ArrayLike<number>, expected: Pick<GoldenArray, 'data'>): number {
  const { data } = expected;
  if (found.length !== data.length) return Number.POSITIVE_INFINITY;
  let [worst, most] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    const want = data[i];
    if (want === null || want === undefined) {
      if (!Number.isNaN(found[i])) return Number.POSITIVE_INFINITY;
      continue;
    }
    most = Math.max(most, Math.abs(want));
    const difference = Math.abs((found[i] as number) - want);
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return most === 0 ? worst : worst / most;
}
