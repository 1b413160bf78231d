/** Regions of interest: converts every way of naming scan positions to one list of flat positions. */

import { type SliceOptions, sliceIn } from '../../options/frame-slice.js';
import { isPlainNumbers } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { product } from '../../util/product.js';

/** A position of the scan, slowest axis first. */
export type Coordinate = readonly number[];

/**
 * Selects scan positions: a mask with one element per position (nonzero is selected), nested rows of it as in NumPy,
 * sparse entries, one position, a list of positions with a boolean each (a list of `false` selects all others), or the
 * first positions, a range or every n-th of them in the order of the scan.
 */
export type Roi =
  | SliceOptions
  | ArrayLike<number | boolean>
  | readonly (readonly (number | boolean)[])[]
  | { readonly shape: readonly number[]; readonly entries: readonly Coordinate[] }
  | { readonly at: Coordinate }
  | readonly (readonly [Coordinate, boolean])[];

/** The positions of a run, in C order. */
export interface Selection {
  /** Number of selected positions. */
  readonly count: number;
  /** Their flat indices, ascending; absent if all are selected. */
  readonly positions: Uint32Array | undefined;
  /** 1 where a position is selected; absent if all are. */
  readonly mask: Uint8Array | undefined;
}

const shapeError = (found: string, navShape: readonly number[]): EwaldError =>
  new EwaldError(
    'Shape',
    `roi: incompatible shapes: ${found}; the scan is ${navShape.join(' × ') || 'one frame'} ` +
      `(${product(navShape)} positions)`,
  );

const forms =
  'expected a mask with an element per scan position, { at: position }, { frames: "0:100:2" }, { shape, entries }, ' +
  'or a list of [position, boolean]; a position is a list of whole numbers, slowest axis first';

/** The elements of a list; a transferred array has none, and reading them would throw. */
const elementsIn = <T>(list: ArrayLike<T>): T[] =>
  ArrayBuffer.isView(list) && list.byteLength === 0 ? [] : Array.from(list);

/** Flat index of a position; negative numbers count from the end, as in NumPy. */
function flatOf(coordinate: Coordinate, navShape: readonly number[]): number {
  if (!isPlainNumbers(coordinate))
    throw new EwaldError('Argument', `roi: a position is ${inspect(coordinate)}; ${forms}`);
  const at = elementsIn(coordinate);
  if (at.length !== navShape.length)
    throw shapeError(`the position (${at.join(', ')}) has ${at.length} axes`, navShape);
  let flat = 0;
  for (const [axis, length] of navShape.entries()) {
    const given = at[axis] as number;
    const index = given < 0 ? given + length : given;
    if (!Number.isInteger(index) || index < 0 || index >= length)
      throw shapeError(`the position (${at.join(', ')}) is outside`, navShape);
    flat = flat * length + index;
  }
  return flat;
}

const isNumbers = (value: unknown): value is Coordinate =>
  Array.isArray(value) && value.every((item) => typeof item === 'number');

function roiMask(roi: Roi, navShape: readonly number[]): Uint8Array {
  const size = product(navShape);
  const mask = new Uint8Array(size);
  if ('first' in roi || 'frames' in roi) {
    const all = { first: 0, end: size, step: 1 };
    const slice = sliceIn('roi', roi as SliceOptions, { name: 'roi: the scan', frames: size }) ?? all;
    for (let i = slice.first; i < slice.end; i += slice.step) mask[i] = 1;
    return mask;
  }
  if (typeof roi === 'object' && 'at' in roi && !Array.isArray(roi) && !ArrayBuffer.isView(roi)) {
    mask[flatOf((roi as { at: Coordinate }).at, navShape)] = 1;
    return mask;
  }
  if ('entries' in roi && 'shape' in roi) {
    const { shape: given, entries } = roi as { shape: readonly number[]; entries: readonly Coordinate[] };
    if (!isPlainNumbers(given)) throw new EwaldError('Argument', `roi: shape is ${inspect(given)}; ${forms}`);
    if (!Array.isArray(entries)) throw new EwaldError('Argument', `roi: entries is ${inspect(entries)}; ${forms}`);
    const shape = elementsIn(given);
    if (product(shape) !== size) throw shapeError(`it is ${shape.join(' × ')}`, navShape);
    for (const entry of Array.from(entries)) mask[flatOf(entry, shape)] = 1;
    return mask;
  }
  const marked = (flat: ArrayLike<number | boolean>): Uint8Array => {
    if (flat.length !== size) throw shapeError(`it has ${flat.length} elements`, navShape);
    let marks = 0;
    for (let i = 0; i < size; i++) {
      // Python takes NaN for true, JavaScript for false.
      if (Number.isNaN(flat[i])) throw new EwaldError('Argument', `roi: element ${i} is NaN; ${forms}`);
      if (!flat[i]) continue;
      mask[i] = 1;
      marks++;
    }
    // A mask of nothing is a mistake; nothing by intention is { shape, entries: [] }.
    if (marks === 0 && size > 0)
      throw new EwaldError('Argument', `roi marks no position of the scan, whose results would be NaN alone; ${forms}`);
    return mask;
  };
  // The mask of a scan of 10⁸ positions would be gigabytes as a list.
  if (ArrayBuffer.isView(roi) && !(roi instanceof DataView)) return marked(roi as unknown as ArrayLike<number>);
  const list = elementsIn(roi as ArrayLike<unknown>);
  // A row of a nested mask has two lists where a position has a list and a boolean.
  const isPair = (item: unknown): boolean =>
    Array.isArray(item) && item.length === 2 && isNumbers(item[0]) && !Array.isArray(item[1]);
  if (list.length > 0 && list.every(isPair)) {
    const pairs = list as [Coordinate, boolean][];
    const value = Boolean(pairs[0]?.[1]);
    if (pairs.some(([, other]) => Boolean(other) !== value))
      throw new EwaldError(
        'Argument',
        'roi: positions of a list must be all true (only these) or all false (all but these)',
      );
    if (!value) mask.fill(1);
    for (const [at] of pairs) mask[flatOf(at, navShape)] = value ? 1 : 0;
    return mask;
  }
  return marked((list as unknown[]).flat(Number.POSITIVE_INFINITY) as (number | boolean)[]);
}

/** The positions selected by a region of interest. Throws `Shape`, `Argument`. */
export function select(roi: Roi | undefined | null, navShape: readonly number[]): Selection {
  if (roi === undefined || roi === null) return { count: product(navShape), positions: undefined, mask: undefined };
  if (typeof roi !== 'object') throw new EwaldError('Argument', `roi is ${inspect(roi)}; ${forms}`);
  const mask = roiMask(roi, navShape);
  let count = 0;
  for (let i = 0; i < mask.length; i++) count += mask[i] as number;
  const positions = new Uint32Array(count);
  let at = 0;
  for (let i = 0; i < mask.length; i++) if (mask[i]) positions[at++] = i;
  return { count, positions, mask };
}
