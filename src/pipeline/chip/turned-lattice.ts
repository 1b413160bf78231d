/**
 * Rows and columns of a chip that lies at an angle to the axes of its stage, or whose positions scatter so much that no
 * gap divides them: two waves at right angles that have the same phase at all positions, found among the differences
 * of neighbours and followed outwards to the whole chip.
 */
import { Random } from '../../compute/random/random.js';
import { type Lattice, type LatticeAxis, maxOff } from './nodes.js';

/** Waves over a plane, in cycles a unit of length. */
type Wave = readonly [x: number, y: number];
/** Differences of positions. */
interface Steps {
  readonly dx: Float64Array;
  readonly dy: Float64Array;
}

/** Positions whose neighbours are looked at, and differences of which the waves are sought. */
const [maxCentres, maxSteps] = [64, 3000];
/** Positions among which longer differences are looked for. */
const maxThinned = 20_000;
/** Radii of neighbours, in sides of the square that an image has, one after the other. */
const radii = [4, 8];
/** Shortest wave that is sought, as a share of that side: wells may be much nearer than images are on average. */
const shortest = 0.4;
/** Mean cosine of the phases that is a wave: positions that scatter by a fifth of a step have 0.2. */
const minMean = 0.2;
/** A wave that counts has at least this part of the best one's mean cosine. */
const minOfBest = 0.35;
/** Cosine of the angle between rows and columns. */
const maxCosine = 0.04;

/** Differences between some positions and others within a radius of each. */
function stepsWithin(x: Float64Array, y: Float64Array, radius: number, random: Random): Steps {
  const [dx, dy]: [number[], number[]] = [[], []];
  const centres = Math.min(maxCentres, x.length);
  const each = Math.ceil(maxSteps / centres);
  for (let k = 0; k < centres; k++) {
    const at = random.below(x.length);
    const first = dx.length;
    let near = 0;
    for (let i = 0; i < x.length; i++) {
      const [u, v] = [(x[i] as number) - (x[at] as number), (y[i] as number) - (y[at] as number)];
      if (i === at || u * u + v * v > radius * radius) continue;
      // Each of them has the same chance to be among those that are kept.
      const place = near < each ? near : random.below(near + 1);
      near++;
      if (place >= each) continue;
      dx[first + place] = u;
      dy[first + place] = v;
    }
  }
  return { dx: Float64Array.from(dx), dy: Float64Array.from(dy) };
}

/** Some of many positions: enough for differences that are longer than those of neighbours. */
function thinned(x: Float64Array, y: Float64Array, random: Random): { x: Float64Array; y: Float64Array } {
  if (x.length <= maxThinned) return { x, y };
  const chosen = Uint32Array.from({ length: maxThinned }, () => random.below(x.length));
  return {
    x: Float64Array.from(chosen, (i) => x[i] as number),
    y: Float64Array.from(chosen, (i) => y[i] as number),
  };
}

const cycles = ([kx, ky]: Wave, dx: number, dy: number): number => kx * dx + ky * dy;

/** Mean cosine of the phases of some differences. */
function meanCosine(wave: Wave, { dx, dy }: Steps): number {
  let sum = 0;
  for (let i = 0; i < dx.length; i++) sum += Math.cos(2 * Math.PI * cycles(wave, dx[i] as number, dy[i] as number));
  return sum / Math.max(1, dx.length);
}

/** The wave whose phases at the differences are nearest to whole cycles: one step of least squares. */
function nearer(wave: Wave, { dx, dy }: Steps): Wave {
  let [xx, xy, yy, xr, yr] = [0, 0, 0, 0, 0];
  for (let i = 0; i < dx.length; i++) {
    const [u, v] = [dx[i] as number, dy[i] as number];
    const phase = cycles(wave, u, v);
    const off = phase - Math.round(phase);
    if (Math.abs(off) > maxOff) continue;
    xx += u * u;
    xy += u * v;
    yy += v * v;
    xr += u * off;
    yr += v * off;
  }
  const determinant = xx * yy - xy * xy;
  if (!(determinant > 1e-9 * xx * yy)) return wave;
  return [wave[0] - (yy * xr - xy * yr) / determinant, wave[1] - (xx * yr - xy * xr) / determinant];
}

/** Mean cosines of the waves (i, j) h of a half plane, [j from 0 to n, i from −n to n]. */
function meansOf({ dx, dy }: Steps, h: number, n: number): Float64Array {
  const means = new Float64Array((n + 1) * (2 * n + 1));
  const turn = 2 * Math.PI * h;
  for (let k = 0; k < dx.length; k++) {
    const [u, v] = [turn * (dx[k] as number), turn * (dy[k] as number)];
    // From one wave to the next the phase grows by u: a product instead of a cosine.
    const [cos, sin] = [Math.cos(u), Math.sin(u)];
    for (let j = 0, at = 0; j <= n; j++) {
      let [re, im] = [Math.cos(j * v - n * u), Math.sin(j * v - n * u)];
      for (let i = -n; i <= n; i++, at++) {
        means[at] = (means[at] as number) + re;
        const next = re * cos - im * sin;
        im = re * sin + im * cos;
        re = next;
      }
    }
  }
  return means.map((sum) => sum / Math.max(1, dx.length));
}

/** The waves of the wells: the longest one, and the longest at right angles to it. */
function wavesOf(steps: Steps, side: number, radius: number): readonly [Wave, Wave] | undefined {
  const h = 1 / (4 * radius);
  const n = Math.ceil(1 / (shortest * side) / h);
  const width = 2 * n + 1;
  const means = meansOf(steps, h, n);
  const at = (i: number, j: number): number =>
    Math.abs(i) > n || Math.abs(j) > n ? 0 : (means[j >= 0 ? j * width + i + n : -j * width - i + n] as number);
  const peaks: { readonly wave: Wave; readonly mean: number; readonly length: number }[] = [];
  for (let j = 0; j <= n; j++) {
    for (let i = -n; i <= n; i++) {
      const mean = at(i, j);
      if (mean < minMean / 2 || Math.hypot(i, j) < 4) continue;
      const around = [at(i - 1, j), at(i + 1, j), at(i, j - 1), at(i, j + 1)];
      if (around.some((other) => other > mean)) continue;
      let wave: Wave = [i * h, j * h];
      for (let k = 0; k < 4; k++) wave = nearer(wave, steps);
      peaks.push({ wave, mean: meanCosine(wave, steps), length: Math.hypot(...wave) });
    }
  }
  const best = Math.max(minMean / minOfBest, ...peaks.map(({ mean }) => mean));
  const good = peaks.filter(({ mean }) => mean >= minOfBest * best).sort((a, b) => a.length - b.length);
  for (const first of good) {
    const second = good.find(
      ({ wave: [x, y], length }) => Math.abs(x * first.wave[0] + y * first.wave[1]) < maxCosine * length * first.length,
    );
    if (second) return [first.wave, second.wave];
  }
  return undefined;
}

/** An axis of rows or of columns: the place of a position is k along + t across − zero. */
interface Fit {
  readonly k: number;
  readonly t: number;
  readonly zero: number;
}

/** Coordinates from the middle of all, along an axis and across it. */
interface Places {
  readonly along: Float64Array;
  readonly across: Float64Array;
}

/** The fit whose first node is at the mean phase of all positions. */
function fitOf([x, y]: Wave, { along, across }: Places): Fit {
  const [k, t] = x < 0 ? [-x, -y] : [x, y];
  let [cos, sin] = [0, 0];
  for (let i = 0; i < along.length; i++) {
    const phase = 2 * Math.PI * (k * (along[i] as number) + t * (across[i] as number));
    cos += Math.cos(phase);
    sin += Math.sin(phase);
  }
  return { k, t, zero: Math.atan2(sin, cos) / (2 * Math.PI) };
}

/** The fit after a step of least squares, without positions between two nodes. */
function fitted(fit: Fit, { along, across }: Places): Fit {
  let [n, u, v, uu, uv, vv, o, uo, vo] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < along.length; i++) {
    const [a, b] = [along[i] as number, across[i] as number];
    const index = fit.k * a + fit.t * b - fit.zero;
    const off = index - Math.round(index);
    if (Math.abs(off) > maxOff) continue;
    n++;
    u += a;
    v += b;
    uu += a * a;
    uv += a * b;
    vv += b * b;
    o += off;
    uo += a * off;
    vo += b * off;
  }
  const [a, b, c] = [uu - (u * u) / n, uv - (u * v) / n, vv - (v * v) / n];
  const [p, q] = [uo - (u * o) / n, vo - (v * o) / n];
  const determinant = a * c - b * b;
  if (!(determinant > 1e-9 * a * c)) return fit;
  const [ofU, ofV] = [(c * p - b * q) / determinant, (a * q - b * p) / determinant];
  return { k: fit.k - ofU, t: fit.t - ofV, zero: fit.zero + (o - ofU * u - ofV * v) / n };
}

/** Steps along a wave that fit all positions. */
function axisAlong(wave: Wave, places: Places, middle: readonly [along: number, across: number]): LatticeAxis {
  const { k, t, zero } = fitted(fitted(fitOf(wave, places), places), places);
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < places.along.length; i++) {
    const index = k * (places.along[i] as number) + t * (places.across[i] as number) - zero;
    const node = Math.round(index);
    // A position between two rows makes no row of its own at the edge, which would move all others.
    if (Math.abs(index - node) > maxOff) continue;
    low = Math.min(low, node);
    high = Math.max(high, node);
  }
  const tilt = t / k;
  return { from: middle[0] + tilt * middle[1] + (zero + low) / k, step: 1 / k, count: high - low + 1, tilt };
}

const middleOf = (values: Float64Array): number => {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
};

/**
 * The lattice of positions at any angle; undefined if they have none. `side` is that of the square that an image has,
 * and `span` the extent of all.
 */
export function turnedLattice(x: Float64Array, y: Float64Array, side: number, span: number): Lattice | undefined {
  // Always the same, so that the same positions have the same wells.
  const random = new Random(1, 0xc41b);
  for (const times of radii) {
    let radius = times * side;
    const waves = wavesOf(stepsWithin(x, y, radius, random), side, radius);
    if (!waves) continue;
    let [first, second] = waves;
    const some = thinned(x, y, random);
    while (radius < span) {
      // What is uncertain about a wave moves its phase at twice the distance by a small part of a cycle.
      radius *= 2;
      const steps = stepsWithin(some.x, some.y, radius, random);
      for (let k = 0; k < 2; k++) [first, second] = [nearer(first, steps), nearer(second, steps)];
    }
    // Columns are along the wave that is nearer to x.
    if (Math.abs(first[0]) < Math.abs(second[0])) [first, second] = [second, first];
    const [x0, y0] = [middleOf(x), middleOf(y)];
    const [ofX, ofY] = [x.map((value) => value - x0), y.map((value) => value - y0)];
    return {
      x: axisAlong(first, { along: ofX, across: ofY }, [x0, y0]),
      y: axisAlong([second[1], second[0]], { along: ofY, across: ofX }, [y0, x0]),
      isExact: true,
    };
  }
  return undefined;
}
