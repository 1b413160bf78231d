/**
 * Folds corrections into the steps of a pass: a sum of corrected pixels under weights m is Σ w·value − Σ w·dark, where
 * w combines m with gain, bad pixels and patches. Frames are used as stored, and nothing is done frame by frame.
 */
import type { Corrections } from '../../frames/corrections.js';
import { isIntegerDtype } from '../functions/dtypes.js';
import type { KernelPart } from '../functions/kernel-part.js';
import { BadMoments, correctMoments } from './fold-moments.js';
import { isFew, spansOf } from './masks.js';
import { type PassDtype, type PassStep, shapeOfStep } from './pass.js';
import { WeightedMasks } from './weighted.js';

/** Columns of the folded pass that make up one of the original: those of runs, and those of weighted masks. */
type ColumnGroup = 'runs' | 'weighted';
interface Column {
  readonly terms: readonly { readonly place: ColumnGroup; readonly at: number; readonly factor: number }[];
  /** Subtracted: Σ w·dark. */
  readonly offset: number;
}

class Folding {
  readonly #corrections: Corrections;
  readonly #width: number;
  readonly runs: PassStep[] = [];
  #runColumns = 0;
  readonly #weighted: WeightedMasks;
  readonly columns: Column[] = [];

  constructor(corrections: Corrections, width: number, dtype: PassDtype) {
    this.#corrections = corrections;
    this.#width = width;
    this.#weighted = new WeightedMasks(dtype);
  }

  add(step: PassStep): void {
    if (step.kind === 'sumOf' || step.kind === 'com') this.#addRuns(step);
    else if (step.kind === 'dense' || step.kind === 'sparse')
      for (const mask of masksOf(step, this.#corrections.length))
        this.columns.push(this.#weigh(this.#corrections.folded(mask), step.kind === 'sparse', isDouble(step)));
  }

  /** The steps of the pass, and the columns that the folded parts have in it. */
  finished(): { steps: PassStep[]; columnOf: (place: ColumnGroup, at: number) => number } {
    const order = this.#weighted.order();
    return {
      steps: [...this.runs, ...this.#weighted.steps()],
      columnOf: (place, at) => (place === 'runs' ? at : this.#runColumns + order.indexOf(at)),
    };
  }

  #weigh(weights: Float64Array, few: boolean, double: boolean): Column {
    // With a dark frame, float32 products would have rounding errors of the raw counts instead of the differences.
    const mask = double || this.#darkUnder(weights) !== 0 ? weights : Float32Array.from(weights);
    const at = this.#weighted.add(mask, few);
    return { terms: [{ place: 'weighted', at, factor: 1 }], offset: this.#darkUnder(mask) };
  }

  /**
   * A mask of 0 and 1, and its moments: pixels to which only the dark frame applies stay runs, whose sums are exact;
   * the others get weights.
   */
  #addRuns(step: PassStep & { readonly kind: 'sumOf' | 'com' }): void {
    const corrections = this.#corrections;
    const { length, dark } = corrections;
    const width = this.#width;
    // Weights of moments are relative to the middle, so that float32 products are as small as possible.
    const [middleY, middleX] = [Math.floor((length >> 1) / width), width >> 1];
    const middles = step.kind === 'com' ? [0, middleY, middleX] : [0];
    const given = middles.map(() => new Float64Array(length));
    const [ones, ys, xs] = given as [Float64Array, Float64Array, Float64Array];
    for (let k = 0; k < step.spans.length; k += 2) {
      // A run is within one row.
      const row = Math.floor((step.spans[k] as number) / width);
      for (let p = step.spans[k] as number; p < (step.spans[k + 1] as number); p++) {
        ones[p] = 1;
        if (middles.length === 1) continue;
        ys[p] = row - middleY;
        xs[p] = p - row * width - middleX;
      }
    }
    const rest = given.map((weights) => corrections.folded(weights));
    const plain = new Uint8Array(length);
    const offsets = middles.map(() => 0);
    let plainAlone = true;
    for (let p = 0; p < length; p++) {
      let same = ones[p] === 1;
      for (let k = 0; same && k < rest.length; k++) same = rest[k]?.[p] === given[k]?.[p];
      if (same) {
        plain[p] = 1;
        for (let k = 0; k < rest.length; k++) {
          const weights = rest[k] as Float64Array;
          const moment = (weights[p] as number) + (middles[k] as number);
          if (dark) offsets[k] = (offsets[k] as number) + moment * (dark[p] as number);
          weights[p] = 0;
        }
      } else plainAlone &&= rest.every((weights) => weights[p] === 0);
    }
    const runs = spansOf(plain, width);
    const few = rest.every(isFew);
    const weighed = plainAlone ? [] : rest.map((weights) => this.#weigh(weights, few, false));
    const first = this.#runColumns;
    const hasRuns = runs.length > 0 || plainAlone;
    if (hasRuns) {
      this.runs.push({ kind: step.kind, spans: runs });
      this.#runColumns += middles.length;
    }
    const [sum] = weighed;
    for (const [k, middle] of middles.entries()) {
      const parts: (readonly [Column | undefined, number])[] = [
        [weighed[k], 1],
        [sum, middle],
      ];
      if (hasRuns) {
        const terms = [{ place: 'runs', at: first + k, factor: 1 }] as const;
        parts.push([{ terms, offset: offsets[k] as number }, 1]);
      }
      this.columns.push({
        terms: parts.flatMap(([part, by]) => part?.terms.map((term) => ({ ...term, factor: by })) ?? []),
        offset: parts.reduce((all, [part, by]) => all + by * (part?.offset ?? 0), 0),
      });
    }
  }

  #darkUnder(weights: ArrayLike<number>): number {
    const { dark } = this.#corrections;
    let sum = 0;
    if (dark) for (let p = 0; p < dark.length; p++) if (weights[p]) sum += (weights[p] as number) * (dark[p] as number);
    return sum;
  }
}

const isDouble = (step: PassStep & { readonly kind: 'dense' | 'sparse' }): boolean =>
  (step.kind === 'dense' ? step.weights : step.masks.weights) instanceof Float64Array;

function masksOf(step: PassStep & { readonly kind: 'dense' | 'sparse' }, pixels: number): ArrayLike<number>[] {
  if (step.kind === 'dense')
    return Array.from({ length: step.masks }, (_, k) => step.weights.subarray(k * pixels, (k + 1) * pixels));
  const { starts, pixels: places, weights } = step.masks;
  return Array.from({ length: starts.length - 1 }, (_, k) => {
    const mask = new Float64Array(pixels);
    for (let e = starts[k] as number; e < (starts[k + 1] as number); e++)
      mask[places[e] as number] = (mask[places[e] as number] as number) + (weights[e] as number);
    return mask;
  });
}

/** Whether frames of a dtype can be used as stored: floats may contain NaN, which marks a bad pixel of that frame. */
export const foldable = (corrections: Corrections, dtype: string): dtype is PassDtype =>
  corrections.isLinear && isIntegerDtype(dtype as PassDtype);

/**
 * The part over uncorrected frames that is equivalent to `part` over corrected ones; undefined if a step is not linear.
 */
export function foldPart(
  part: KernelPart,
  corrections: Corrections,
  width: number,
  dtype: PassDtype,
): KernelPart | undefined {
  if (part.steps.some(({ kind }) => kind === 'squaresOf' || kind === 'logSum')) return undefined;
  // Moments of a bad pixel are those of the mean of its neighbours, which is a column.
  const bad = part.steps.some(({ kind }) => kind === 'moments') ? BadMoments.of(corrections) : BadMoments.none;
  if (!bad) return undefined;
  const folding = new Folding(corrections, width, dtype);
  for (const step of part.steps) folding.add(step);
  const { steps, columnOf } = folding.finished();
  const columns = folding.columns.map(({ terms, offset }) => ({
    offset,
    terms: terms.map(({ place, at, factor }) => ({ column: columnOf(place, at), factor })),
  }));
  const badColumn = steps.reduce((sum, step) => sum + shapeOfStep(step).columns, 0);
  // Sums of pixels are corrected at the end.
  const planes = part.steps.filter(({ kind }) => kind === 'sum' || kind === 'moments');
  return {
    steps: [...steps, ...bad.steps, ...planes],
    planes: part.planes,
    finish(sums, results) {
      const nav = new Float64Array(sums.frames * columns.length);
      for (const [c, { terms, offset }] of columns.entries())
        for (let i = 0; i < sums.frames; i++) {
          let sum = -offset;
          for (const { column, factor } of terms) sum += factor * (sums.nav[i * sums.columns + column] as number);
          nav[i * columns.length + c] = sum;
        }
      let plane = 0;
      for (const { kind } of planes) {
        const [sum, second] = sums.sig.slice(plane, plane + 2) as [Float64Array, Float64Array];
        if (kind === 'moments') {
          correctMoments(sum, second, sums.frames, corrections, dtype);
          bad.write(sums, badColumn, second);
        }
        corrections.correctSum(sum, sums.frames);
        plane += kind === 'moments' ? 2 : 1;
      }
      part.finish?.({ ...sums, nav, columns: columns.length }, results);
    },
  };
}
