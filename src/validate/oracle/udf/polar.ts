/** Polar transforms by their definition, in float64: each sample is a sum over all pixels of the frame. */
import type { PhaseProblem } from './phases.js';

/** A grid: a circle of radius q is at the centre + q M (cos, sin), as columns of M for x and y. */
export interface PolarTruth {
  readonly centre: readonly [y: number, x: number];
  readonly columns: readonly [readonly [x: number, y: number], readonly [x: number, y: number]];
  readonly radii: readonly number[];
  readonly azimuths: number;
}

/** Samples of each frame, [frames, azimuths, radii]; NaN outside the frame. */
function samplesOf({ data, nav, sig }: PhaseProblem, { centre, columns, radii, azimuths }: PolarTruth): number[][][] {
  const [height, width] = sig;
  const tent = (distance: number): number => Math.max(0, 1 - Math.abs(distance));
  return Array.from({ length: nav[0] * nav[1] }, (_, f) =>
    Array.from({ length: azimuths }, (__, j) => {
      const [cos, sin] = [Math.cos((2 * Math.PI * j) / azimuths), Math.sin((2 * Math.PI * j) / azimuths)];
      return radii.map((q) => {
        const [x, y] = [0, 1].map(
          (k) => (centre[1 - k] as number) + q * ((columns[0][k] as number) * cos + (columns[1][k] as number) * sin),
        ) as [number, number];
        if (x < 0 || y < 0 || x > width - 1 || y > height - 1) return Number.NaN;
        let sum = 0;
        for (let p = 0; p < height * width; p++)
          sum += tent(y - Math.floor(p / width)) * tent(x - (p % width)) * (data[f * height * width + p] as number);
        return sum;
      });
    }),
  );
}

/** The mean of all frames, [azimuths, radii]. */
export function polarMeanOf(problem: PhaseProblem, truth: PolarTruth): number[] {
  const frames = samplesOf(problem, truth);
  return Array.from({ length: truth.azimuths * truth.radii.length }, (_, s) => {
    const [j, k] = [Math.floor(s / truth.radii.length), s % truth.radii.length];
    return frames.reduce((sum, frame) => sum + (frame[j]?.[k] as number), 0) / frames.length;
  });
}

/** Variance over the azimuths of each frame, [frames, radii]. */
export const polarVariancesOf = (problem: PhaseProblem, truth: PolarTruth): number[] =>
  samplesOf(problem, truth).flatMap((frame) =>
    truth.radii.map((_, k) => {
      const values = frame.map((row) => row[k] as number).filter((value) => !Number.isNaN(value));
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    }),
  );
