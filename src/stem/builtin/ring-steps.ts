/** Rings as steps of a pass of the core, for frames whose weights take little memory. */
import { type DataType, elementBytes } from '../../bytes/dtype.js';
import { isIntegerDtype } from '../../udf/functions/dtypes.js';
import type { PassStep } from '../../udf/pass/pass.js';
import type { RingChunk, Rings } from '../images/rings.js';

/** Weights of a pass, at most: more of them are made pixel by pixel, in bounded memory. */
const maxBytes = 2 ** 26;

/** Pixels of a frame, at most: those of more take as long to count as to sum. */
const maxPixels = 2 ** 21;

/** Share of the pixels below which a ring is processed as sparse. */
const few = 0.1;

/** What the pixels of a ring are multiplied with, for each of its columns. */
interface Columns {
  readonly count: number;
  /** Whether products are float64 in any case. */
  readonly isDouble: boolean;
  /** Writes the factors of a pixel (dy, dx) from the centre. */
  readonly factors: (dy: number, dx: number, into: Float64Array) => void;
}

/** The steps, and the column of the result for each of theirs. */
export interface RingSteps {
  readonly steps: PassStep[];
  readonly order: Int32Array;
}

/** Pixels of each ring. */
function pixelsOf(rings: Rings, pixels: number): Uint32Array {
  const counts = new Uint32Array(rings.grid.bins);
  for (const chunk of rings.chunks(0, pixels))
    eachWeight(chunk, (_, k) => {
      counts[k] = (counts[k] as number) + 1;
    });
  return counts;
}

function eachWeight(
  { starts, ends, rings, weights }: RingChunk,
  visit: (pixel: number, k: number, weight: number) => void,
): void {
  for (let i = 0; i < starts.length; i++)
    for (let p = starts[i] as number; p < (ends[i] as number); p++) visit(p, rings[i] as number, weights[i] as number);
}

/** Steps for frames of this type; undefined if their weights take too much memory. */
export function ringSteps(rings: Rings, dtype: DataType, columns: Columns): RingSteps | undefined {
  const { size, grid } = rings;
  const pixels = size.width * size.height;
  if (pixels > maxPixels) return undefined;
  const counts = pixelsOf(rings, pixels);
  const isWide = columns.isDouble || dtype === 'f64' || (isIntegerDtype(dtype) && elementBytes(dtype) > 2);
  const Weights = isWide ? Float64Array : Float32Array;
  const isFew = Array.from(counts, (count) => count < few * pixels);
  // Where each ring begins: among the entries of the sparse masks, or the numbers of the dense ones.
  const starts: number[] = [];
  let [entries, numbers] = [0, 0];
  for (const [k, count] of counts.entries()) {
    starts.push(isFew[k] ? entries : numbers);
    if (isFew[k]) entries += columns.count * count;
    else numbers += columns.count * pixels;
  }
  if (entries * (4 + Weights.BYTES_PER_ELEMENT) + numbers * Weights.BYTES_PER_ELEMENT > maxBytes) return undefined;
  const sparse = { places: new Uint32Array(entries), weights: new Weights(entries) };
  const dense = new Weights(numbers);
  const next = new Uint32Array(grid.bins);
  const factors = new Float64Array(columns.count);
  for (const chunk of rings.chunks(0, pixels))
    eachWeight(chunk, (p, k, weight) => {
      const y = Math.floor(p / size.width);
      columns.factors(y - grid.cy, p - y * size.width - grid.cx, factors);
      const at = next[k] as number;
      next[k] = at + 1;
      const [start, count] = [starts[k] as number, counts[k] as number];
      for (let c = 0; c < columns.count; c++)
        if (isFew[k]) {
          sparse.places[start + c * count + at] = p;
          sparse.weights[start + c * count + at] = weight * (factors[c] as number);
        } else dense[start + c * pixels + p] = weight * (factors[c] as number);
    });
  const of = (wanted: boolean): number[] => [...isFew.keys()].filter((k) => isFew[k] === wanted);
  const columnsOf = (k: number): number[] => Array.from({ length: columns.count }, (_, c) => k * columns.count + c);
  const steps: PassStep[] = [];
  if (entries > 0 || of(true).length > 0) {
    const ends = of(true).flatMap((k) => columnsOf(0).map(() => counts[k] as number));
    const begins = new Uint32Array(ends.length + 1);
    for (const [i, count] of ends.entries()) begins[i + 1] = (begins[i] as number) + count;
    steps.push({ kind: 'sparse', masks: { starts: begins, pixels: sparse.places, weights: sparse.weights } });
  }
  if (numbers > 0) steps.push({ kind: 'dense', weights: dense, masks: numbers / pixels });
  return { steps, order: Int32Array.from([...of(true), ...of(false)].flatMap(columnsOf)) };
}

/** Sums of the columns of steps into results. */
export function finishRings(
  { order }: RingSteps,
  nav: ArrayLike<number>,
  into: { [at: number]: number },
  frames: number,
) {
  const columns = order.length;
  for (let i = 0; i < frames; i++)
    for (let c = 0; c < columns; c++) into[i * columns + (order[c] as number)] = nav[i * columns + c] as number;
}
