/**
 * Disk finding by its definition, in float64: the convolution with the pattern is a sum over pixels, not a transform.
 */

/** Frames, and where disks are expected in them. */
export interface DisksProblem {
  readonly data: ArrayLike<number>;
  readonly frames: number;
  readonly height: number;
  readonly width: number;
  /** (y, x) of each disk. */
  readonly peaks: readonly (readonly [number, number])[];
  /** Half the side of a crop. */
  readonly search: number;
  readonly full: boolean;
  readonly refine: 'com' | 'parabola' | 'dft';
  /** The pattern at a distance (dy, dx) from its middle. */
  readonly pattern: (dy: number, dx: number) => number;
}

/** One row per frame and disk. */
export interface DisksTruth {
  readonly centers: number[];
  readonly refineds: number[];
  readonly heights: number[];
  readonly elevations: number[];
}

type Plane = (y: number, x: number) => number;

const modulo = (a: number, n: number): number => ((a % n) + n) % n;

/** The convolution of ln(v − minimum + 1) with the pattern, cyclic in [rows, columns]. */
function convolveLogs(pixel: Plane, rows: number, columns: number, pattern: DisksProblem['pattern']): Plane {
  const logs: number[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) least = Math.min(least, pixel(y, x));
  for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) logs.push(Math.log(pixel(y, x) - least + 1));
  const [my, mx] = [Math.floor(rows / 2), Math.floor(columns / 2)];
  const sums: number[] = [];
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      let sum = 0;
      for (let j = -my; j < rows - my; j++)
        for (let k = -mx; k < columns - mx; k++) {
          const weight = pattern(j, k);
          if (weight !== 0) sum += weight * (logs[modulo(y - j, rows) * columns + modulo(x - k, columns)] as number);
        }
      sums.push(sum);
    }
  return (y, x) => sums[y * columns + x] as number;
}

/** The disks of all frames. */
export function disksOf(problem: DisksProblem): DisksTruth {
  const { data, frames, height, width, peaks, search, full, pattern } = problem;
  const truth: DisksTruth = { centers: [], refineds: [], heights: [], elevations: [] };
  const side = 2 * search;
  const within =
    (plane: Plane): Plane =>
    (y, x) =>
      y >= 0 && x >= 0 && y < height && x < width ? plane(y, x) : 0;
  for (let f = 0; f < frames; f++) {
    const frame: Plane = (y, x) => data[(f * height + y) * width + x] as number;
    const whole = full ? within(convolveLogs(frame, height, width, pattern)) : undefined;
    for (const [py, px] of peaks) {
      const [top, left] = [py - search, px - search];
      const moved =
        (plane: Plane): Plane =>
        (y, x) =>
          plane(top + y, left + x);
      const map = whole ? moved(whole) : convolveLogs(moved(within(frame)), side, side, pattern);
      recordPeak(map, side, problem, top, left, truth);
    }
  }
  return truth;
}

function recordPeak(
  map: Plane,
  side: number,
  { refine }: DisksProblem,
  top: number,
  left: number,
  truth: DisksTruth,
): void {
  let [y, x] = [0, 0];
  for (let j = 0; j < side; j++) for (let k = 0; k < side; k++) if (map(j, k) > map(y, x)) [y, x] = [j, k];
  const from = refine === 'parabola' ? parabola(map, side, y, x) : centreOfMass(map, side, y, x);
  const fine = refine === 'dft' ? dft(map, side, y, x) : from;
  let elevation = Number.POSITIVE_INFINITY;
  for (let j = 0; j < side; j++)
    for (let k = 0; k < side; k++) {
      const distance = Math.hypot(j - from[0], k - from[1]);
      if (distance >= 1.5) elevation = Math.min(elevation, (map(y, x) - map(j, k)) / distance);
    }
  truth.centers.push(top + y, left + x);
  truth.refineds.push(top + fine[0], left + fine[1]);
  truth.heights.push(map(y, x));
  truth.elevations.push(Math.max(0, elevation));
}

function centreOfMass(map: Plane, side: number, y: number, x: number): [number, number] {
  const r = Math.min(2, y, x, side - 1 - y, side - 1 - x);
  const around: [number, number, number][] = [];
  for (let j = -r; j <= r; j++) for (let k = -r; k <= r; k++) around.push([j, k, map(y + j, x + k)]);
  const least = Math.min(...around.map(([, , v]) => v));
  const sum = around.reduce((total, [, , v]) => total + v - least, 0);
  if (sum === 0) return [y, x];
  return [
    y + around.reduce((total, [j, , v]) => total + j * (v - least), 0) / sum,
    x + around.reduce((total, [, k, v]) => total + k * (v - least), 0) / sum,
  ];
}

/** The vertex of the parabola through three values on each axis: −slope / curvature. */
function parabola(map: Plane, side: number, y: number, x: number): [number, number] {
  if (y === 0 || x === 0 || y === side - 1 || x === side - 1) return [y, x];
  const vertex = (v: readonly [number, number, number]): number => {
    const [slope, curvature] = [(v[2] - v[0]) / 2, v[0] + v[2] - 2 * v[1]];
    return curvature < 0 ? -slope / curvature : 0;
  };
  return [y + vertex([map(y - 1, x), map(y, x), map(y + 1, x)]), x + vertex([map(y, x - 1), map(y, x), map(y, x + 1)])];
}

/** The largest magnitude in steps of 1/20 pixel; along x without the negative frequencies. */
function dft(map: Plane, side: number, y: number, x: number): [number, number] {
  // The weight of a pixel at a distance d: the sum of the waves of some frequencies.
  const weight = (d: number, first: number, last: number): [number, number] => {
    let [re, im] = [0, 0];
    for (let f = first; f <= last; f++) {
      re += Math.cos((2 * Math.PI * f * d) / side) / side;
      im += Math.sin((2 * Math.PI * f * d) / side) / side;
    }
    return [re, im];
  };
  let best = { size: -1, y: 0, x: 0 };
  const steps = Array.from({ length: 30 }, (_, s) => (s - 15) / 20);
  const alongX = steps.map((s) => Array.from({ length: side }, (_, k) => weight(x + s - k, 0, side / 2)));
  const alongY = steps.map((s) => Array.from({ length: side }, (_, j) => weight(y + s - j, -side / 2, side / 2 - 1)));
  for (const [t, rows] of alongY.entries())
    for (const [s, columns] of alongX.entries()) {
      let [re, im] = [0, 0];
      for (const [j, [a, b]] of rows.entries())
        for (const [k, [c, d]] of columns.entries()) {
          re += (a * c - b * d) * map(j, k);
          im += (a * d + b * c) * map(j, k);
        }
      const size = Math.hypot(re, im);
      if (size > best.size) best = { size, y: t, x: s };
    }
  return [y + (steps[best.y] as number), x + (steps[best.x] as number)];
}
