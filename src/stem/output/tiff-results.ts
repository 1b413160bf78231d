/**
 * Results as images of a TIFF file: one page of float32 for each, with its name, and the step of the scan as resolution.
 * Where all have one size, the first page says in ImageJ's words how many they are and in what unit the step is.
 */
import { EwaldError } from '../../util/errors.js';
import { product } from '../../util/product.js';
import { version } from '../../util/version.js';
import type { NamedResult } from './named-results.js';

/** An image among the results: its name, size, and where its numbers are. */
interface Page {
  readonly name: string;
  readonly height: number;
  readonly width: number;
  readonly of: NamedResult;
  readonly first: number;
  readonly stride: number;
}

/** Places in a classic TIFF file have 32 bits. */
const maxBytes = 2 ** 32 - 2 ** 20;

/**
 * The images of results: of those with two axes, of the two components of vectors, and of stacks. Throws `Argument` for a
 * result that is none, `Limit` for more than 4 GiB.
 */
function pagesOf(results: readonly NamedResult[]): Page[] {
  const pages = results.flatMap((of): Page[] => {
    const { name, shape, dtype, vectors } = of;
    const isStack = shape.length === 3;
    if (dtype.startsWith('c') || shape.length < 2 || shape.length > 3)
      throw new EwaldError(
        'Argument',
        `a .tif file holds images of real numbers, and ${name} has ${dtype} of [${shape.join(', ')}]; use .h5, .zarr or ` +
          '.npy, or choose others by channels',
      );
    if (!isStack) return [{ name, height: shape[0] as number, width: shape[1] as number, of, first: 0, stride: 1 }];
    if (vectors)
      return ['y', 'x'].map((part, k) => ({
        ...{ name: `${name} ${part}`, height: shape[0] as number, width: shape[1] as number },
        ...{ of, first: k, stride: 2 },
      }));
    const [count = 0, height = 0, width = 0] = shape;
    return Array.from({ length: count }, (_, k) => ({
      ...{ name: `${name} ${k}`, height, width, of },
      ...{ first: k * height * width, stride: 1 },
    }));
  });
  const bytes = pages.reduce((sum, { height, width }) => sum + 4 * height * width, 0);
  if (bytes > maxBytes)
    throw new EwaldError('Limit', `a .tif file has at most 4 GiB, and these images ${bytes} bytes; use .h5 or .zarr`);
  return pages;
}

/** Throws as writing does, before the work is done. */
export const refuseTiff = (results: readonly NamedResult[]): void => void pagesOf(results);

type Tag = readonly [tag: number, type: 2 | 3 | 4 | 5, values: string | readonly number[]];

const [text, short, long, rational] = [2, 3, 4, 5] as const;
/** Denominator of resolutions, whose numerator has 32 bits. */
const unitsOf = (value: number): readonly [number, number] => {
  const denominator = 10 ** Math.max(0, Math.min(9, 8 - Math.floor(Math.log10(value))));
  return [Math.min(2 ** 32 - 1, Math.round(value * denominator)), denominator];
};

/** What ImageJ, tifffile and RosettaSciIO read of a stack of images of one size. */
function descriptionOf(pages: readonly Page[], isScaled: boolean): string {
  const [first] = pages;
  const isOne = pages.every(({ height, width }) => height === first?.height && width === first?.width);
  if (!isOne) return `ewald ${version}`;
  const count = pages.length > 1 ? `images=${pages.length}\nslices=${pages.length}\n` : '';
  return `ImageJ=1.11a\n${count}${isScaled ? 'unit=nm\n' : ''}mode=grayscale\nloop=false\n`;
}

/** Whether both axes of an image are of the scan, so that its pixels are steps. */
const isOfScan = ({ of: { shape, navAxes, vectors } }: Page): boolean =>
  navAxes === (shape.length === 2 || vectors ? 2 : 3);

function tagsOf(page: Page, at: number, step: number | undefined, description: string | undefined): Tag[] {
  const { name, height, width } = page;
  const perStep = step !== undefined && isOfScan(page) ? unitsOf(1 / step) : ([1, 1] as const);
  return [
    [256, long, [width]],
    [257, long, [height]],
    [258, short, [32]],
    [259, short, [1]],
    [262, short, [1]],
    ...(description === undefined ? [] : [[270, text, description] as Tag]),
    [273, long, [at]],
    [277, short, [1]],
    [278, long, [height]],
    [279, long, [4 * height * width]],
    [282, rational, perStep],
    [283, rational, perStep],
    [285, text, name],
    // Of no absolute unit, as ImageJ has it: pixels a step in the unit that the description names.
    [296, short, [1]],
    [305, text, `ewald ${version}`],
    [339, short, [3]],
  ];
}

/** A directory of tags, and the values that do not fit into it behind it. */
function directory(tags: readonly Tag[], at: number, next: (end: number) => number): Uint8Array {
  const head = 2 + 12 * tags.length + 4;
  const values = tags.map(([, type, value]): Uint8Array => {
    if (typeof value === 'string') return new TextEncoder().encode(`${value}\0`);
    const bytes = new DataView(new ArrayBuffer(value.length * (type === short ? 2 : 4)));
    value.forEach((one, i) => {
      if (type === short) bytes.setUint16(2 * i, one, true);
      else bytes.setUint32(4 * i, one, true);
    });
    return new Uint8Array(bytes.buffer);
  });
  const even = (n: number): number => n + (n % 2);
  const size = head + values.reduce((sum, { length }) => sum + (length > 4 ? even(length) : 0), 0);
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  view.setUint16(0, tags.length, true);
  let behind = head;
  for (const [i, [tag, type, value]] of tags.entries()) {
    const own = values[i] as Uint8Array;
    const place = 2 + 12 * i;
    view.setUint16(place, tag, true);
    view.setUint16(place + 2, type, true);
    view.setUint32(place + 4, type === rational ? 1 : typeof value === 'string' ? own.length : value.length, true);
    if (own.length <= 4) out.set(own, place + 8);
    else {
      view.setUint32(place + 8, at + behind, true);
      out.set(own, behind);
      behind += even(own.length);
    }
  }
  view.setUint32(head - 4, next(at + size), true);
  return out;
}

function numbersOf({ of: { data }, first, stride, height, width }: Page): Uint8Array {
  const values = new Float32Array(height * width);
  for (let i = 0; i < values.length; i++) values[i] = Number(data[first + stride * i]);
  return new Uint8Array(values.buffer);
}

/** The bytes of a TIFF file, part by part. `step`: of the scan in nm. Throws `Argument`, `Limit`. */
export function* tiffOf(results: readonly NamedResult[], step: number | undefined): Generator<Uint8Array> {
  const pages = pagesOf(results);
  const sizes = pages.map(({ height, width }) => 4 * product([height, width]));
  // Pixels first, one page after the other as ImageJ expects them, and then the directories.
  let at = 8;
  const places = sizes.map((size) => {
    at += size;
    return at - size;
  });
  const head = new DataView(new ArrayBuffer(8));
  head.setUint16(0, 0x4949, true);
  head.setUint16(2, 42, true);
  head.setUint32(4, at, true);
  yield new Uint8Array(head.buffer);
  for (const page of pages) yield numbersOf(page);
  for (const [i, page] of pages.entries()) {
    const isScaled = step !== undefined && pages.every(isOfScan);
    const description = i === 0 ? descriptionOf(pages, isScaled) : undefined;
    const tags = tagsOf(page, places[i] as number, step, description);
    const part = directory(tags, at, (end) => (i + 1 < pages.length ? end : 0));
    yield part;
    at += part.length;
  }
}
