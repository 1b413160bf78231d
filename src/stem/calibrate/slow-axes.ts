/**
 * The axes of a scan by the slopes of its shifts from position to position. Objects that are much wider than a step have
 * their signal in a few slow frequencies, which `findRotation` leaves to descan. Here descan is a polynomial of up to
 * the third degree, whose slopes are one of the second, which is subtracted.
 */
import { curlContrast, jackknifeError, minCurl } from './least-curl.js';
import { placeOf } from './moments.js';
import { leastSquares, lengths, type Moved, residuals } from './trend.js';

/** Axes as `findRotation` gives them; no half turn is known. */
export interface SlowAxes {
  readonly scanRotation: number;
  readonly flipY: boolean;
  readonly error: number;
  readonly halfTurn: 'open';
}

/** More positions than these are not looked at one by one. */
const maxPlaces = 2 ** 16;
/** Tiles along each axis, without each of which the angle is found again. */
const tiles = 5;
/** By how much deviations of 2300 simulated objects exceed the error by tiles, which neighbours share. */
const inflation = 1.5;
/** What a field has at least to have axes: noise and drifts along one axis have neither. */
const [maxCurl, minContrast, maxErrorDegrees] = [0.1, 0.5, 5];

/** Pairs of slopes at positions of a scan, without their polynomials; undefined if the positions determine none. */
function detrended(moved: readonly Moved[]): [number, number][] | undefined {
  const ones = moved.map(() => 1);
  const fit = moved.length > 3 * lengths[2] ? leastSquares(moved, ones, lengths[2]) : undefined;
  return fit && residuals(moved, fit.coefficients);
}

/** The axes along which slow shifts (y, x), detrended or not, are a gradient; undefined if they are along none. */
export function slowAxes(field: Float64Array, [rows, columns]: readonly [number, number]): SlowAxes | undefined {
  const at = (i: number, part: 0 | 1): number => field[2 * i + part] as number;
  const places: number[] = [];
  /** (∂y fy, ∂x fx) and (∂x fy, ∂y fx). */
  const [straight, crossed]: [Moved[], Moved[]] = [[], []];
  const every = Math.ceil(Math.sqrt((rows * columns) / maxPlaces));
  for (let row = 1; row < rows - 1; row += every)
    for (let column = 1; column < columns - 1; column += every) {
      const i = row * columns + column;
      const slope = (part: 0 | 1, step: number): number => (at(i + step, part) - at(i - step, part)) / 2;
      const [yy, xx, xy, yx] = [slope(0, columns), slope(1, 1), slope(0, 1), slope(1, columns)];
      if (!Number.isFinite(yy + xx + xy + yx)) continue;
      const terms = placeOf(i, [rows, columns]);
      places.push(i);
      straight.push({ shift: [yy, xx], terms });
      crossed.push({ shift: [xy, yx], terms });
    }
  const [along, across] = [detrended(straight), detrended(crossed)];
  if (!along || !across) return undefined;
  const [right, wrong] = [1, -1]
    .map((sign) => {
      const sums = Array.from({ length: tiles * tiles }, () => new Float64Array(3));
      for (const [k, i] of places.entries()) {
        const [[yy, xx], [xy, yx]] = [along[k], across[k]] as [[number, number], [number, number]];
        const [divergence, curl] = [sign * yy + xx, yx - sign * xy];
        const [row, column] = [Math.floor(i / columns), i % columns];
        const sum = sums[Math.floor((row * tiles) / rows) * tiles + Math.floor((column * tiles) / columns)];
        for (const [n, product] of [curl * curl, divergence * divergence, divergence * curl].entries())
          if (sum) sum[n] = (sum[n] as number) + product;
      }
      return { flipY: sign < 0, sums, ...minCurl(sums) };
    })
    .sort((a, b) => a.least - b.least) as unknown as [AxesFit, AxesFit];
  const contrasts = right.sums.map((_, k) => curlContrast(right.sums, wrong.sums, k));
  const contrast = curlContrast(right.sums, wrong.sums);
  if (!(right.least < maxCurl * right.most) || contrast < Math.max(minContrast, 4 * jackknifeError(contrasts)))
    return undefined;
  // Angles that differ by half a turn are the same axis.
  const turns = right.sums.map((_, k) => axis(minCurl(right.sums, k).angle - right.angle));
  const error = (inflation * jackknifeError(turns) * 180) / Math.PI;
  if (!(error <= maxErrorDegrees)) return undefined;
  return { scanRotation: (right.angle * 180) / Math.PI, flipY: right.flipY, error, halfTurn: 'open' };
}

type AxesFit = ReturnType<typeof minCurl> & { readonly flipY: boolean; readonly sums: readonly Float64Array[] };

const axis = (angle: number): number => angle - Math.PI * Math.round(angle / Math.PI);
