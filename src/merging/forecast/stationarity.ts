/** Whether crystals stay as they are: a forecast holds for crystals like those so far. */

/** Blocks of crystals that are compared, and the slope in its errors at which there is a drift. */
const [blocks, alarm] = [20, 3];
/** Fewest crystals in a block. */
const fewest = 3;

/** A change over the run. */
export interface Drift {
  /** The slope in its errors, which follow from the differences of neighbours, so that no drift hides in them. */
  readonly sigmas: number;
  /** The change from the beginning to the end. */
  readonly change: number;
}

/** The trend of values of equal blocks. */
export function trendOf(values: readonly number[]): Drift {
  const n = values.length;
  const middle = (n - 1) / 2;
  let [xy, xx, steps] = [0, 0, 0];
  for (const [i, value] of values.entries()) {
    xy += (i - middle) * value;
    xx += (i - middle) ** 2;
    if (i > 0) steps += (value - (values[i - 1] as number)) ** 2;
  }
  const slope = xy / xx;
  const error = Math.sqrt(steps / (n - 1) / 2 / xx);
  return { sigmas: error > 0 ? slope / error : 0, change: slope * n };
}

/** The means of blocks of numbers in their order; undefined if there are too few. Numbers that are NaN do not count. */
export function blockMeans(values: ArrayLike<number>): number[] | undefined {
  const known = Array.from(values).filter((value) => !Number.isNaN(value));
  if (known.length < blocks * fewest) return undefined;
  return Array.from({ length: blocks }, (_, block) => {
    const part = known.slice(
      Math.floor((block * known.length) / blocks),
      Math.floor(((block + 1) * known.length) / blocks),
    );
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}

/** A drift of numbers in the order of crystals, if it is beyond its errors and at least `least`. */
export function driftOf(values: ArrayLike<number>, least: number): Drift | undefined {
  const means = blockMeans(values);
  const trend = means && trendOf(means);
  return trend && Math.abs(trend.sigmas) > alarm && Math.abs(trend.change) >= least ? trend : undefined;
}

/** Least changes that count: of the scale 10 %, of a length of the cell .1 %. */
const [minScale, minLength] = [0.1, 1e-3];

/**
 * What drifts, in words: the information of crystals (mean of ln Σd: Σd itself is decided by a few strong ones), or a
 * length of the cell.
 */
export function driftText(outer: Float64Array, lengths: readonly ArrayLike<number>[]): string | undefined {
  const scale = driftOf(
    outer.map((sum) => (sum > 0 ? Math.log(sum) : Number.NaN)),
    minScale,
  );
  if (scale) {
    const change = Math.round(100 * Math.expm1(scale.change));
    return `the crystals have changed: what one adds at high resolution is ${change < 0 ? 'down' : 'up'} by ${Math.abs(change)} %`;
  }
  for (const [axis, values] of lengths.entries()) {
    const drift = driftOf(values, minLength * ((values[0] as number) ?? 0));
    if (drift)
      return `the cell has changed: ${'abc'[axis]} by ${drift.change < 0 ? '−' : '+'}${Math.abs(drift.change).toFixed(2)} Å`;
  }
  return undefined;
}
