/** The constants of a JUNGFRAU, of its gain file and its pedestal file, as factors and offsets of each stage. */

import type { FrameArray } from '../../bytes/dtype.js';
import { EwaldError } from '../../util/errors.js';
import { upperMedian } from '../../util/median.js';
import type { Dataset } from '../dataset.js';
import { perPhoton, type WordTables } from './raw-words.js';

/** An array of constants: one number a pixel for each stage. */
export interface Constants {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: FrameArray;
}

/** Stages of an array of constants; the fourth is the high gain G0, whose constants are not used. */
const stageCount = 3;

/** Reads a whole array of constants. */
export async function readConstants(dataset: Dataset): Promise<Constants> {
  const values = await dataset.read(0, dataset.frames);
  return { name: dataset.name, shape: [...dataset.shape.nav, ...dataset.shape.sig], values };
}

/**
 * The tables of a detector whose frames have `sig` pixels. Pixels are bad where the mask says so, where a pedestal is 0 or
 * not finite, and where a gain is not finite or below a tenth of the usual one. Throws `Shape` for constants of another
 * detector, `Format` for files in the wrong order.
 */
export function wordTables(
  { gain, pedestal, mask }: { readonly gain: Constants; readonly pedestal: Constants; readonly mask?: FrameArray },
  sig: readonly number[],
  energyEv: number,
): WordTables {
  const n = sig.reduce((all, length) => all * length, 1);
  for (const constants of [gain, pedestal]) refuseShape(constants, sig, n);
  if (mask && mask.length !== n)
    throw new EwaldError('Shape', `${pedestal.name}: its pixel_mask has ${mask.length} pixels; a frame has ${n}`);
  const usual = Array.from({ length: stageCount }, (_, stage) => medianOf(gain.values, stage * n, n));
  if (Math.abs(usual[0] ?? 0) > medianOf(pedestal.values, 0, n))
    throw new EwaldError(
      'Format',
      `${gain.name} has larger numbers than ${pedestal.name}: the file of gains comes first, then that of pedestals`,
    );
  const pedestals = new Float32Array(stageCount * n).fill(Number.NaN);
  const factors = new Float32Array(stageCount * n).fill(Number.NaN);
  const bad = new Uint8Array(n);
  if (mask) for (let i = 0; i < n; i++) bad[i] = mask[i] ? 1 : 0;
  let stages = 0;
  for (const [stage, g] of usual.entries()) {
    const [G, P] = [gain, pedestal].map(({ values }) => values.subarray(stage * n, (stage + 1) * n) as Float32Array);
    if (!G || !P || P.length < n || G.length < n || !(Math.abs(g) > 0) || P.every((value) => !(value !== 0))) continue;
    stages |= 1 << stage;
    for (let i = 0; i < n; i++) {
      const [a, p] = [G[i] as number, P[i] as number];
      if (!(Math.abs(a) >= Math.abs(g) / 10) || !Number.isFinite(a) || !Number.isFinite(p) || p === 0) bad[i] = 1;
      factors[stage * n + i] = perPhoton / ((a * energyEv) / 1000);
      pedestals[stage * n + i] = p;
    }
  }
  for (let i = 0; i < n; i++) if (bad[i]) for (let at = i; at < stageCount * n; at += n) pedestals[at] = Number.NaN;
  return { pedestals, factors, stages, bad, energyEv };
}

function refuseShape({ name, shape, values }: Constants, sig: readonly number[], n: number): void {
  const [count = 0] = shape;
  if (shape.length >= 3 && count >= 1 && count <= 4 && values.length === count * n && shape.at(-1) === sig.at(-1))
    return;
  throw new EwaldError(
    'Shape',
    `${name}: its constants are [${shape.join(', ')}], but a frame is [${sig.join(', ')}]; expected [stages, rows, columns] ` +
      'of the same modules, 1 to 4 stages',
  );
}

/** The median of about a thousand of `n` values. */
function medianOf(values: FrameArray, first: number, n: number): number {
  const some: number[] = [];
  for (let i = 0; i < n; i += Math.max(1, Math.floor(n / 1009))) {
    const value = Number(values[first + i]);
    if (Number.isFinite(value) && value !== 0) some.push(value);
  }
  return upperMedian(some);
}
