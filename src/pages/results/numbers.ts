/** The numbers of a stored result. */
import type { StoredResult } from '../../entries/pages.js';

/** Typed arrays by the types that NumPy names. */
const arrays = {
  f8: Float64Array,
  f4: Float32Array,
  u1: Uint8Array,
  b1: Uint8Array,
  i1: Int8Array,
  u2: Uint16Array,
  i2: Int16Array,
  u4: Uint32Array,
  i4: Int32Array,
  u8: BigUint64Array,
  i8: BigInt64Array,
} as const;
export type Numbers = InstanceType<(typeof arrays)[keyof typeof arrays]>;

/** Unpacks the numbers of a result that is in the page. */
export async function unpacked({ numbers = '', type }: StoredResult): Promise<Numbers> {
  const packed = Uint8Array.from(atob(numbers), (letter) => letter.charCodeAt(0));
  const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new arrays[type.slice(1) as keyof typeof arrays](await new Response(plain).arrayBuffer());
}

/** What of the two numbers of each element is shown, by the names that the page offers. */
export type ShownNumber = 'value' | 'modulus' | 'phase' | 'real' | 'imaginary' | 'direction' | 'y' | 'x' | 'length';
export const partsOf = ({ pairs }: StoredResult): readonly ShownNumber[] =>
  pairs === 'complex'
    ? ['modulus', 'phase', 'real', 'imaginary']
    : pairs === 'vectors'
      ? ['direction', 'y', 'x', 'length']
      : ['value'];

/** Some elements as single numbers, by the index of each; of `direction`, the lengths. */
export function partOf(numbers: Numbers, part: ShownNumber, indices: Uint32Array): Float64Array {
  const out = new Float64Array(indices.length);
  if (part === 'value') {
    for (const [k, i] of indices.entries()) out[k] = Number(numbers[i]);
    return out;
  }
  const each: (a: number, b: number) => number = {
    modulus: Math.hypot,
    length: Math.hypot,
    direction: Math.hypot,
    phase: (re: number, im: number) => Math.atan2(im, re),
    real: (re: number) => re,
    imaginary: (_: number, im: number) => im,
    y: (y: number) => y,
    x: (_: number, x: number) => x,
  }[part];
  for (const [k, i] of indices.entries()) out[k] = each(Number(numbers[2 * i]), Number(numbers[2 * i + 1]));
  return out;
}

/** Distance of neighbours along each axis, in elements. */
const strides = ({ axes }: StoredResult): number[] =>
  axes.map((_, k) => axes.slice(k + 1).reduce((product, { length }) => product * length, 1));

/** The two axes of the picture of a result: those of the scan where they are two, and the last ones of all others. */
export function pictureAxes({ axes, scanAxes = 0 }: StoredResult): readonly [row: number, column: number] {
  return scanAxes === 2 ? [0, 1] : [axes.length - 2, axes.length - 1];
}

/** Indices of the elements of a picture, row by row; `at`: those of the other axes that are shown. */
export function pictureIndices(result: StoredResult, at: readonly number[]): Uint32Array {
  const [row, column] = pictureAxes(result);
  const steps = strides(result);
  const first = at.reduce((sum, i, k) => sum + (k === row || k === column ? 0 : i * (steps[k] as number)), 0);
  const [height, width] = [row, column].map((k) => result.axes[k]?.length ?? 1) as [number, number];
  const [down, right] = [steps[row] as number, steps[column] as number];
  const out = new Uint32Array(height * width);
  for (let y = 0, k = 0; y < height; y++) for (let x = 0; x < width; x++) out[k++] = first + y * down + x * right;
  return out;
}

/** A number with the digits that a reader needs, and a minus sign. */
export const shown = (value: number): string =>
  Number.isNaN(value) ? 'no number' : String(Number(value.toPrecision(6))).replace('-', '−');

/** A unit behind a number; ratios have none. */
export const unitText = (unit: string | undefined): string => (unit === undefined || unit === '1' ? '' : ` ${unit}`);

/** An element as it is stored: of integers of 64 bits, all digits. */
export function elementText(numbers: Numbers, { pairs }: StoredResult, i: number): string {
  const one = (k: number): string =>
    typeof numbers[k] === 'bigint' ? String(numbers[k]).replace('-', '−') : shown(numbers[k] as number);
  if (pairs === undefined) return one(i);
  const [a, b] = [one(2 * i), one(2 * i + 1)];
  return pairs === 'vectors' ? `y ${a}, x ${b}` : `${a} ${b.startsWith('−') ? '−' : '+'} ${b.replace('−', '')}i`;
}
