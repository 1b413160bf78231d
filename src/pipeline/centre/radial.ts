/**
 * Where the beam hits the detector in a frame, by what is symmetric about it: the scattering around it, or the flank of
 * the beam itself. A free function of the radius is fitted to the counts, with a gradient; the centre follows from the
 * scores of Poisson's law, from which that function is projected out ring by ring. Errors are those of the scores of
 * patches, which hold what counting does not: spots that were not left out, texture, an ellipse.
 */
import { inverseOf, solved } from '../../util/linear.js';
import { median } from '../../util/median.js';
import type { Centre } from './pairs.js';

/** Counts of places on a grid. */
export interface Counts {
  /** Columns of the grid, to which all places belong, row after row. */
  readonly columns: number;
  /** Places in pixels from the stated centre. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Pixels of each place, 0 where none is good, and the sum of their counts. */
  readonly pixels: Float64Array;
  readonly sums: Float64Array;
}

/** How a centre is fitted. */
export interface RadialFit {
  readonly start: readonly [x: number, y: number];
  /** Radii in pixels within which places take part, and width of a ring. */
  readonly from: number;
  readonly to: number;
  readonly ring: number;
  /** Whether spots are left out, and a gradient is fitted. */
  readonly isBackground: boolean;
  /** Error that is added, pixels. */
  readonly floor: number;
}

/** Steps of the fit, those after which spots are judged, and the last step that counts, pixels. */
const [steps, judged, lastStep] = [16, [1, 3, 5], 0.003] as const;
/** Largest step. */
const largestStep = 4;
/** Rings on each side whose line gives the slope: that of neighbours is noise that counts as signal. */
const slopeRings = 4;
/** Fewest counts expected of a pixel. */
const leastCounts = 0.02;
/** Standard deviations of a neighbourhood and of a place that are a spot, and places by which spots are grown. */
const spot = { around: 4.2, alone: 5, grown: 2 } as const;
/** Patches whose scores tell errors, and fewest of them with places. */
const [sectors, zones, fewestPatches] = [12, 4, 36] as const;

/** The centre of counts; undefined if they do not tell it. */
export function radialCentre(counts: Counts, fit: RadialFit): Centre | undefined {
  return new Fit(counts, fit).centre();
}

/** The function of the radius: counts of a pixel by ring, and the slope of their logarithm per pixel. */
interface Profile {
  readonly level: Float64Array;
  readonly slope: Float64Array;
}

class Fit {
  readonly #counts: Counts;
  readonly #fit: RadialFit;
  #centre: [number, number];
  /** Places that take part, their radii, and expected counts. */
  #used: Int32Array;
  readonly #isSpot: Uint8Array;
  readonly #radius: Float64Array;
  readonly #expected: Float64Array;
  /** Derivatives by the centre and the gradient, of each place. */
  readonly #columns: Float64Array[];

  constructor(counts: Counts, fit: RadialFit) {
    this.#counts = counts;
    this.#fit = fit;
    this.#centre = [...fit.start];
    const places = counts.x.length;
    this.#isSpot = new Uint8Array(places);
    this.#radius = new Float64Array(places);
    this.#expected = new Float64Array(places);
    this.#columns = Array.from({ length: fit.isBackground ? 4 : 2 }, () => new Float64Array(places));
    this.#used = new Int32Array(0);
  }

  centre(): Centre | undefined {
    const { isBackground, floor, start, to } = this.#fit;
    for (let step = 0; step < steps; step++) {
      const profile = this.#profile();
      if (!profile) return undefined;
      if (isBackground && (judged as readonly number[]).includes(step)) {
        this.#judge(profile);
        continue;
      }
      this.#expect(profile);
      const moved = this.#step();
      if (!moved) return undefined;
      this.#centre = [this.#centre[0] + moved[0], this.#centre[1] + moved[1]];
      if (Math.hypot(this.#centre[0] - start[0], this.#centre[1] - start[1]) > to / 4) return undefined;
      if (step > (isBackground ? 6 : 3) && Math.hypot(...moved) < lastStep) {
        const errors = this.#errors();
        return (
          errors && {
            at: this.#centre,
            error: [Math.hypot(errors[0], floor), Math.hypot(errors[1], floor)],
          }
        );
      }
    }
    return undefined;
  }

  /** Radii of all places, and the means of rings, with lines between them. */
  #profile(): Profile | undefined {
    const { x, y, pixels, sums } = this.#counts;
    const { from, to, ring, isBackground } = this.#fit;
    const rings = Math.ceil(to / ring) + 2;
    const [n, all] = [new Float64Array(rings), new Float64Array(rings)];
    const used = new Int32Array(x.length);
    let count = 0;
    for (let i = 0; i < x.length; i++) {
      const r = Math.hypot((x[i] as number) - this.#centre[0], (y[i] as number) - this.#centre[1]);
      this.#radius[i] = r;
      if (!(pixels[i] as number) || this.#isSpot[i] || !(r > from && r < to)) continue;
      used[count++] = i;
      const at = Math.floor(r / ring);
      const part = r / ring - at;
      n[at] = (n[at] as number) + (1 - part) * (pixels[i] as number);
      n[at + 1] = (n[at + 1] as number) + part * (pixels[i] as number);
      all[at] = (all[at] as number) + (1 - part) * (sums[i] as number);
      all[at + 1] = (all[at + 1] as number) + part * (sums[i] as number);
    }
    this.#used = used.subarray(0, count);
    const level = filled(all.map((sum, k) => ((n[k] as number) > 3 ? sum / (n[k] as number) : Number.NaN)));
    if (!level) return undefined;
    const log = level.map((one) => Math.log(Math.max(leastCounts, one)));
    const slope = isBackground ? slopes(log, all) : log.map((_, k) => gradient(log, k));
    return { level, slope: slope.map((one) => one / ring) };
  }

  /** The expected counts of places, and their derivatives. */
  #expect({ level, slope }: Profile): void {
    const { x, y, pixels } = this.#counts;
    const { ring, to } = this.#fit;
    const [byX, byY, alongX, alongY] = this.#columns as [Float64Array, Float64Array, Float64Array?, Float64Array?];
    const [u, v] = this.#centre;
    const [used, radius, all] = [this.#used, this.#radius, this.#expected];
    for (let n = 0; n < used.length; n++) {
      const i = used[n] as number;
      const r = radius[i] as number;
      const at = Math.floor(r / ring);
      const part = r / ring - at;
      const mean = (1 - part) * (level[at] as number) + part * (level[at + 1] as number);
      const expected = (pixels[i] as number) * Math.max(leastCounts, mean);
      const by = (expected * ((1 - part) * (slope[at] as number) + part * (slope[at + 1] as number))) / r;
      const [dx, dy] = [(x[i] as number) - u, (y[i] as number) - v];
      all[i] = expected;
      byX[i] = -by * dx;
      byY[i] = -by * dy;
      if (alongX && alongY) {
        alongX[i] = (expected * dx) / to;
        alongY[i] = (expected * dy) / to;
      }
    }
    for (const column of this.#columns) this.#project(column, level.length);
  }

  /** Projects the function of the radius out of a derivative. */
  #project(column: Float64Array, rings: number): void {
    const { ring } = this.#fit;
    const [used, radius, expected] = [this.#used, this.#radius, this.#expected];
    const [weight, sum] = [new Float64Array(rings), new Float64Array(rings)];
    for (let n = 0; n < used.length; n++) {
      const i = used[n] as number;
      const at = Math.floor((radius[i] as number) / ring);
      weight[at] = (weight[at] as number) + (expected[i] as number);
      sum[at] = (sum[at] as number) + (column[i] as number);
    }
    for (let n = 0; n < used.length; n++) {
      const i = used[n] as number;
      const at = Math.floor((radius[i] as number) / ring);
      column[i] = (column[i] as number) - ((sum[at] as number) / (weight[at] as number)) * (expected[i] as number);
    }
  }

  #normal(): Float64Array {
    const n = this.#columns.length;
    const normal = new Float64Array(n * n);
    for (let a = 0; a < n; a++)
      for (let b = 0; b <= a; b++) {
        const sum = this.#product(this.#columns[a] as Float64Array, this.#columns[b] as Float64Array);
        normal[n * a + b] = sum;
        normal[n * b + a] = sum;
      }
    return normal;
  }

  #product(one: Float64Array, other: Float64Array): number {
    const [used, expected] = [this.#used, this.#expected];
    let sum = 0;
    for (let n = 0; n < used.length; n++) {
      const i = used[n] as number;
      sum += ((one[i] as number) * (other[i] as number)) / (expected[i] as number);
    }
    return sum;
  }

  #step(): [number, number] | undefined {
    const off = this.#counts.sums.map((sum, i) => sum - (this.#expected[i] as number));
    const right = Float64Array.from(this.#columns, (column) => this.#product(column, off));
    const step = solved(this.#normal(), right, right.length);
    if (!step?.every(Number.isFinite)) return undefined;
    const bounded = (by: number): number => Math.min(largestStep, Math.max(-largestStep, by));
    return [bounded(step[0] as number), bounded(step[1] as number)];
  }

  /** Judges all places anew: strong spots came back where only those that were left in were judged. */
  #judge({ level }: Profile): void {
    const { pixels, sums, columns } = this.#counts;
    const { from, to, ring } = this.#fit;
    const places = pixels.length;
    const [off, variance] = [new Float64Array(places), new Float64Array(places)];
    const squares: number[] = [];
    for (let i = 0; i < places; i++) {
      const r = this.#radius[i] as number;
      if (!(pixels[i] as number) || !(r > from && r < to)) continue;
      const at = Math.floor(r / ring);
      const part = r / ring - at;
      const mean = Math.max(leastCounts, (1 - part) * (level[at] as number) + part * (level[at + 1] as number));
      const expected = (pixels[i] as number) * mean;
      off[i] = (sums[i] as number) - expected;
      variance[i] = expected;
      if (i % 7 === 0) squares.push((off[i] as number) ** 2 / expected);
    }
    // Counts of a gain scatter more; 0.455 is the median of the square of a standard normal number.
    const gain = Math.max(1, median(squares) / 0.455);
    const [sum, total] = [neighbours(off, columns), neighbours(variance, columns)];
    this.#isSpot.fill(0);
    for (let i = 0; i < places; i++) {
      const own = variance[i] as number;
      if (!own) continue;
      const isAlone = (off[i] as number) > spot.alone * Math.sqrt(gain * (own + 0.3));
      if (isAlone || (sum[i] as number) > spot.around * Math.sqrt(gain * (total[i] as number))) this.#grow(i);
    }
  }

  #grow(at: number): void {
    const { columns, pixels } = this.#counts;
    const [column, row] = [at % columns, Math.floor(at / columns)];
    for (let y = row - spot.grown; y <= row + spot.grown; y++)
      for (let x = Math.max(0, column - spot.grown); x <= Math.min(columns - 1, column + spot.grown); x++) {
        const other = y * columns + x;
        if (other >= 0 && other < pixels.length) this.#isSpot[other] = 1;
      }
  }

  /** Errors from the scatter of the scores of patches, or those of counting if they are larger. */
  #errors(): [number, number] | undefined {
    const { x, y, sums } = this.#counts;
    const n = this.#columns.length;
    const inverse = inverseOf(this.#normal(), n);
    if (!inverse) return undefined;
    const sorted = Float64Array.from(this.#used, (i) => this.#radius[i] as number).sort();
    const edges = [1, 2, 3].map((quarter) => sorted[Math.floor((quarter / zones) * sorted.length)] as number);
    const scores = Array.from({ length: n }, () => new Float64Array(sectors * zones));
    const filledPatches = new Set<number>();
    let chi = 0;
    for (const i of this.#used) {
      const [dx, dy] = [(x[i] as number) - this.#centre[0], (y[i] as number) - this.#centre[1]];
      const sector = Math.min(sectors - 1, Math.floor((sectors * (Math.atan2(dy, dx) + Math.PI)) / (2 * Math.PI)));
      const patch = zones * sector + edges.filter((edge) => (this.#radius[i] as number) >= edge).length;
      filledPatches.add(patch);
      const expected = this.#expected[i] as number;
      const off = (sums[i] as number) - expected;
      chi += off ** 2 / expected;
      for (let a = 0; a < n; a++) {
        const own = scores[a] as Float64Array;
        own[patch] = (own[patch] as number) + ((this.#columns[a]?.[i] as number) * off) / expected;
      }
    }
    if (filledPatches.size < fewestPatches) return undefined;
    const phi = Math.max(1, chi / this.#used.length);
    const patches = sectors * zones;
    const found = [0, 1].map((k) => {
      // Row k of N⁻¹ S.
      let sum = 0;
      for (let patch = 0; patch < patches; patch++) {
        let own = 0;
        for (let a = 0; a < n; a++) own += (inverse[n * k + a] as number) * (scores[a]?.[patch] as number);
        sum += own * own;
      }
      return Math.sqrt(Math.max((sum * patches) / (patches - n), phi * (inverse[n * k + k] as number)));
    }) as [number, number];
    return found.every(Number.isFinite) ? found : undefined;
  }
}

/** Sums over a place of a grid and its eight neighbours. */
function neighbours(numbers: Float64Array, columns: number): Float64Array {
  const along = numbers.map((number, i) => {
    const column = i % columns;
    const [left, right] = [column > 0 ? numbers[i - 1] : 0, column < columns - 1 ? numbers[i + 1] : 0];
    return number + (left as number) + ((right ?? 0) as number);
  });
  return along.map((sum, i) => sum + (along[i - columns] ?? 0) + (along[i + columns] ?? 0));
}

/** Numbers with lines in place of those that are not known; undefined if fewer than five are. */
function filled(numbers: Float64Array): Float64Array | undefined {
  const known = Array.from(numbers.keys()).filter((k) => !Number.isNaN(numbers[k] as number));
  if (known.length < 5) return undefined;
  let next = 0;
  return numbers.map((_, k) => {
    while (next < known.length - 1 && (known[next] as number) < k) next++;
    const to = known[next] as number;
    const from = known[Math.max(0, next - 1)] as number;
    if (k >= to || from === to || k <= from) return numbers[k >= to ? to : from] as number;
    const part = (k - from) / (to - from);
    return (1 - part) * (numbers[from] as number) + part * (numbers[to] as number);
  });
}

/** Slopes by weighted lines over some rings. */
const slopes = (log: Float64Array, weights: Float64Array): Float64Array =>
  log.map((_, k) => {
    let [w0, w1, w2, s0, s1] = [0, 0, 0, 0, 0];
    for (let m = -slopeRings; m <= slopeRings; m++) {
      if (k + m < 0 || k + m >= log.length) continue;
      const w = Math.max(1e-3, weights[k + m] as number);
      w0 += w;
      w1 += m * w;
      w2 += m * m * w;
      s0 += w * (log[k + m] as number);
      s1 += m * w * (log[k + m] as number);
    }
    return (w0 * s1 - w1 * s0) / Math.max(w0 * w2 - w1 * w1, 1e-12);
  });

function gradient(log: Float64Array, k: number): number {
  const [from, to] = [Math.max(0, k - 1), Math.min(log.length - 1, k + 1)];
  return ((log[to] as number) - (log[from] as number)) / Math.max(1, to - from);
}
