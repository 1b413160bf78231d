/** The results of the package's UDFs by their definitions: float64 loops over frames, as NumPy would compute them. */

/** The frames of a scan as numbers, undefined if a position has no frame or is not in the region of interest. */
export interface Frames {
  readonly nav: readonly [rows: number, columns: number];
  readonly sig: readonly [height: number, width: number];
  readonly frames: readonly (readonly number[] | undefined)[];
}

/** Numbers, and the magnitudes of the terms that they are sums of: errors are relative to the magnitudes. */
export interface Truth {
  readonly values: number[];
  readonly sizes: number[];
}

type Reduce = (frame: readonly number[]) => readonly (readonly number[])[];
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const size = (values: readonly number[]): number =>
  sum(values.map((value) => (Number.isFinite(value) ? Math.abs(value) : 0)));

/** Sums of each frame: `terms` are the magnitudes of each column. */
function ofFrames({ frames }: Frames, columns: number, terms: Reduce, gap: number): Truth {
  const values: number[] = [];
  const sizes: number[] = [];
  for (const frame of frames) {
    const all = frame && terms(frame);
    for (let k = 0; k < columns; k++) {
      const own = all?.[k];
      values.push(own ? sum(own) : gap);
      sizes.push(own ? size(own) : 1);
    }
  }
  return { values, sizes };
}

/** One number for each pixel, computed from its values in the existing frames. */
function ofPixels({ frames, sig }: Frames, value: (pixel: readonly number[]) => number): number[] {
  const there = frames.filter((frame) => frame !== undefined);
  return Array.from({ length: sig[0] * sig[1] }, (_, p) => value(there.map((frame) => frame[p] as number)));
}

export const sumTruth = (scan: Frames): Truth => ({ values: ofPixels(scan, sum), sizes: ofPixels(scan, size) });

/** The largest or smallest number of each pixel. */
export const extremeTruth = (scan: Frames, of: typeof Math.max): Truth => ({
  values: ofPixels(scan, (values) => of(...values)),
  sizes: ofPixels(scan, size),
});

export const sumSigTruth = (scan: Frames, gap: number): Truth => ofFrames(scan, 1, (frame) => [frame], gap);

export const logSumTruth = (scan: Frames): Truth => {
  const logs = scan.frames.map((frame) => {
    const least = frame?.reduce((a, b) => Math.min(a, b));
    return frame?.map((value) => Math.log(value - (least as number) + 1));
  });
  const whole = { ...scan, frames: logs };
  return { values: ofPixels(whole, sum), sizes: ofPixels(whole, (values) => 1 + size(values)) };
};

export const meanTruth = (scan: Frames): Truth => ({
  values: ofPixels(scan, (values) => sum(values) / values.length),
  sizes: ofPixels(scan, (values) => size(values) / values.length),
});

/**
 * Standard deviation of the population. Its error is relative to the spread, regardless of the mean, if sums are exact
 * (of integers); otherwise it includes the rounding of one or two means.
 */
export const stdTruth = (scan: Frames): Truth => {
  const std = ofPixels(scan, (values) => {
    // Relative to the first number: the mean of the differences is as exact as the differences.
    const about = values.map((value) => value - (values[0] as number));
    const mean = sum(about) / values.length;
    return Math.sqrt(sum(about.map((value) => (value - mean) ** 2)) / values.length);
  });
  const exact = scan.frames.every((frame) => frame?.every(Number.isInteger) ?? true);
  const means = meanTruth(scan).sizes;
  return { values: std, sizes: std.map((value, p) => value + (exact ? 0 : 4e-4 * (means[p] as number))) };
};

/** Pixels of weight 0 are excluded. */
export const masksTruth = (scan: Frames, masks: readonly ArrayLike<number>[], gap: number): Truth =>
  ofFrames(
    scan,
    masks.length,
    (frame) => masks.map((mask) => frame.map((value, p) => (mask[p] === 0 ? 0 : value * (mask[p] as number)))),
    gap,
  );

/**
 * Offsets of the centre of mass of the whole frame from the frame centre, minus the least-squares plane through them.
 */
export function fieldTruth(scan: Frames): Truth {
  const [rows, columns] = scan.nav;
  const [height, width] = scan.sig;
  const shifts = scan.frames.map((frame) => {
    if (!frame) return [Number.NaN, Number.NaN];
    const all = sum(frame);
    const moment = (at: (p: number) => number): number => sum(frame.map((value, p) => value * at(p))) / all;
    return [
      moment((p) => Math.floor(p / width)) - Math.floor(height / 2),
      moment((p) => p % width) - Math.floor(width / 2),
    ];
  });
  const used = Array.from({ length: rows * columns }, (_, i) => i).filter((i) => shifts[i]?.every(Number.isFinite));
  const basis = (i: number): number[] => [1, Math.floor(i / columns), i % columns];
  const planes = [0, 1].map((part) => {
    const normal = [0, 1, 2].map((a) =>
      [0, 1, 2].map((b) => sum(used.map((i) => (basis(i)[a] as number) * (basis(i)[b] as number)))),
    );
    const right = [0, 1, 2].map((a) => sum(used.map((i) => (basis(i)[a] as number) * (shifts[i]?.[part] as number))));
    return solve(normal, right);
  });
  const values = shifts.flatMap((shift, i) =>
    shift.map((value, part) => value - sum(basis(i).map((b, k) => b * (planes[part]?.[k] as number)))),
  );
  return { values, sizes: values.map(() => Math.max(height, width)) };
}

/** Three linear equations, by Cramer's rule. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const det = (m: readonly (readonly number[])[]): number => {
    const [a, b, c] = m as [number[], number[], number[]];
    const minor = (i: number, j: number): number =>
      (b[i] as number) * (c[j] as number) - (b[j] as number) * (c[i] as number);
    return (a[0] as number) * minor(1, 2) - (a[1] as number) * minor(0, 2) + (a[2] as number) * minor(0, 1);
  };
  const all = det(matrix);
  return [0, 1, 2].map(
    (k) => det(matrix.map((row, i) => row.map((v, j) => (j === k ? (right[i] as number) : v)))) / all,
  );
}

/** Divergence of a field of (y, x), as numpy.gradient; NaN if a required number is NaN. */
export function divergenceTruth({ nav: [rows, columns] }: Frames, field: readonly number[]): Truth {
  const at = (part: number, y: number, x: number): number => field[2 * (y * columns + x) + part] as number;
  const slope = (k: number, length: number, of: (k: number) => number): number => {
    const [low, high] = [Math.max(0, k - 1), Math.min(length - 1, k + 1)];
    return (of(high) - of(low)) / (high - low);
  };
  const values = Array.from({ length: rows * columns }, (_, i) => {
    const [y, x] = [Math.floor(i / columns), i % columns];
    return slope(y, rows, (k) => at(0, k, x)) + slope(x, columns, (k) => at(1, y, k));
  });
  return { values, sizes: values.map(() => 10) };
}

/** Largest error relative to the magnitudes of the terms; infinite if one is NaN or infinite and the other is not. */
export function apart(found: ArrayLike<number | bigint>, { values, sizes }: Truth): number {
  if (found.length !== values.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < values.length; i++) {
    const [have, want] = [Number(found[i]), values[i] as number];
    if (Object.is(have, want) || have === want) continue;
    if (!Number.isFinite(have) || !Number.isFinite(want)) return Number.POSITIVE_INFINITY;
    worst = Math.max(worst, Math.abs(have - want) / (sizes[i] || 1));
  }
  return worst;
}
