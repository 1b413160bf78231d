/**
 * Where the images of a scan over a chip are: a rule from an image's number, or its position, to its well. The number is
 * the detector's, so that an image that is lost leaves its well empty and moves no other one.
 */

import { argumentError } from '../../options/parameters.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { type Lattice, latticeText, nodeOf } from './nodes.js';

/** A scan of rows and columns, as a caller describes it. */
export interface ChipGridOptions {
  readonly rows: number;
  readonly columns: number;
  /** Every other row, or column, is scanned backwards. Default false. */
  readonly serpentine?: boolean | undefined;
  /** The scan goes along the columns instead of the rows. Default false. */
  readonly alongColumns?: boolean | undefined;
  /** Number of the first image. Default: 0, or 1 for numbers in the names of files. */
  readonly first?: number | undefined;
  /** Images of each well, one after the other. Default 1. */
  readonly repeat?: number | undefined;
}

/** A scan of rows and columns. */
export interface RasterGrid extends ChipGridOptions {
  readonly kind: 'raster';
}

/** The position of each image by its number. */
export interface ListedGrid {
  readonly kind: 'listed';
  readonly rows: number;
  readonly columns: number;
  /** Numbers of the images, rising, and the position of each. */
  readonly images: Float64Array;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly lattice: Lattice;
}

/** Positions that the frames themselves state. */
export interface FieldGrid {
  readonly kind: 'fields';
  /** The fields of x and y. */
  readonly names: readonly [x: string, y: string];
  /** Undefined while frames are still arriving: the wells are found from all positions at the end. */
  readonly lattice: Lattice | undefined;
}

/** Plain data, the same in every process of a run. */
export type ChipGrid = RasterGrid | ListedGrid | FieldGrid;

/** Where an image is on its chip. */
export interface FrameGrid {
  /** Number of the image by its detector; absent if nothing states it. */
  readonly image?: number | undefined;
  /** The series of images that it belongs to: each is a chip; absent if the run has one. */
  readonly series?: string | undefined;
  /** Its well, from 0; absent for an image without one. */
  readonly row?: number | undefined;
  readonly column?: number | undefined;
  /** Its position, in the unit of the list or of the field. */
  readonly x?: number | undefined;
  readonly y?: number | undefined;
  /** Why it has no well. */
  readonly missing?: string | undefined;
}

/** Most wells of a chip. */
export const maxWells = 2 ** 22;

const flags = { serpentine: 'serpentine', columns: 'alongColumns' } as const;
const numbers = ['first', 'repeat'] as const;

/** Reads `400x400,serpentine,first=1`, or an object. Throws `Argument`. */
export function parseGrid(given: string | ChipGridOptions): RasterGrid {
  const options = typeof given === 'string' ? ofText(given) : given;
  const whole = (name: keyof ChipGridOptions, low: number, high: number): void => {
    const value = options[name];
    if (value === undefined || (Number.isInteger(value) && Number(value) >= low && Number(value) <= high)) return;
    refuse(given, `${name} is ${inspect(value)}; expected a whole number from ${low} to ${high}`);
  };
  if (typeof options !== 'object' || options === null || options.rows === undefined || options.columns === undefined)
    refuse(given, 'expected rows and columns');
  for (const name of ['rows', 'columns'] as const) whole(name, 1, maxWells);
  whole('first', 0, 2 ** 32);
  whole('repeat', 1, 2 ** 20);
  const known = ['rows', 'columns', ...numbers, ...Object.values(flags)];
  const other = Object.keys(options).find((name) => !known.includes(name) && name !== 'kind');
  if (other !== undefined) refuse(given, `it has no ${other}; there are ${known.join(', ')}`);
  if (options.rows * options.columns > maxWells)
    refuse(given, `it has ${options.rows * options.columns} wells; expected at most ${maxWells}`);
  return { ...options, kind: 'raster' };
}

function refuse(given: unknown, why: string): never {
  throw argumentError('pipeline', (said) => {
    const example = said('grid').startsWith('-') ? '--grid 400x400,serpentine' : "grid: '400x400,serpentine'";
    return `${said('grid')} is ${inspect(given)}: ${why}, as in ${example}`;
  });
}

function ofText(text: string): ChipGridOptions {
  const [size = '', ...words] = text.trim().split(/\s*,\s*/);
  const [, rows, columns] = /^(\d{1,8})\s*[x×]\s*(\d{1,8})$/i.exec(size) ?? [];
  if (rows === undefined || columns === undefined)
    refuse(text, `"${size}" is no number of rows and of columns; expected ROWSxCOLUMNS`);
  const found: Record<string, unknown> = { rows: Number(rows), columns: Number(columns) };
  for (const word of words) {
    const [name = '', value] = word.split('=');
    const isNumber = (numbers as readonly string[]).includes(name) && /^\d{1,12}$/.test(value ?? '');
    const isFlag = Object.hasOwn(flags, name) && value === undefined;
    if (!isNumber && !isFlag) refuse(text, `"${word}" is none of serpentine, columns, first=N, repeat=K`);
    found[isFlag ? flags[name as keyof typeof flags] : name] = isFlag ? true : Number(value);
  }
  return found as unknown as ChipGridOptions;
}

/** The grid as the text of its flag. */
export function gridText({ rows, columns, serpentine, alongColumns, first, repeat }: ChipGridOptions): string {
  const words = [
    ...(serpentine ? ['serpentine'] : []),
    ...(alongColumns ? ['columns'] : []),
    ...(first === undefined ? [] : [`first=${first}`]),
    ...(repeat === undefined ? [] : [`repeat=${repeat}`]),
  ];
  return [`${rows}x${columns}`, ...words].join(',');
}

/** The well of an image by the rule. */
function ofRaster(grid: RasterGrid, image: number): FrameGrid {
  const { rows, columns, serpentine = false, alongColumns = false, first = 0, repeat = 1 } = grid;
  const k = Math.floor((image - first) / repeat);
  if (k < 0) return { image, missing: `image ${image} is before the first one, ${first}` };
  const [lines, each] = alongColumns ? [columns, rows] : [rows, columns];
  const line = Math.floor(k / each);
  if (line >= lines)
    return { image, missing: `image ${image} is beyond the last one of ${rows} x ${columns} wells, ${lastOf(grid)}` };
  const along = k % each;
  const at = serpentine && line % 2 === 1 ? each - 1 - along : along;
  return alongColumns ? { image, row: at, column: line } : { image, row: line, column: at };
}

/** Number of the last image that has a well. */
const lastOf = ({ rows, columns, first = 0, repeat = 1 }: RasterGrid): number => first + rows * columns * repeat - 1;

/** Where an image is in the list; −1 if it is not there. */
function indexOf(images: Float64Array, image: number): number {
  let [low, high] = [0, images.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const value = images[middle] as number;
    if (value === image) return middle;
    if (value < image) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/** The well of an image by its number. */
export function wellOfImage(grid: RasterGrid | ListedGrid, image: number): FrameGrid {
  if (grid.kind === 'raster') return ofRaster(grid, image);
  const at = indexOf(grid.images, image);
  if (at < 0) return { image, missing: `image ${image} is not in the list of positions` };
  return { image, ...wellAt(grid.lattice, grid.x[at] as number, grid.y[at] as number) };
}

/** The well next to a position. */
export function wellAt(lattice: Lattice | undefined, x: number, y: number): FrameGrid {
  if (!lattice) return { x, y };
  const node = nodeOf(lattice, x, y);
  if (!node) return { x, y, missing: `the position ${x}, ${y} is outside of the wells, ${latticeText(lattice)}` };
  return { ...node, x, y };
}

/** Rows and columns of a grid; undefined while its positions are not known. */
export function sizeOf(grid: ChipGrid): { readonly rows: number; readonly columns: number } | undefined {
  if (grid.kind !== 'fields') return { rows: grid.rows, columns: grid.columns };
  return grid.lattice && { rows: grid.lattice.y.count, columns: grid.lattice.x.count };
}

/** The images of a run: the least and the greatest number of those that come. */
export interface ImageRange {
  readonly first: number;
  readonly last: number;
  /** What they are, for messages. */
  readonly of: string;
}

/** Refuses a grid that has no well for some of the images that come. Throws `Argument`. */
export function checkRange(grid: ChipGrid, { first, last, of }: ImageRange): void {
  if (grid.kind === 'fields') return;
  if (grid.kind === 'listed') {
    const missing = [first, last].find((image) => indexOf(grid.images, image) < 0);
    if (missing === undefined) return;
    const [low, high] = [grid.images[0], grid.images.at(-1)];
    throw argumentError(
      'pipeline',
      (said) =>
        `${said('gridFile')} has images ${low} to ${high}, and none ${missing}; ${of} has images ${first} to ${last}: ` +
        `expected a row "image x y" for each`,
    );
  }
  if (wellOfImage(grid, first).missing === undefined && wellOfImage(grid, last).missing === undefined) return;
  throw argumentError('pipeline', (said) => {
    const { first: begin = 0, repeat = 1, rows, columns } = grid;
    const wells = `${said('grid')} ${rows}x${columns}${repeat === 1 ? '' : `, ${repeat} images each,`}`;
    const has = `${of} has images ${first} to ${last}`;
    if (first < begin)
      return `${has}, and ${said('grid')} begins with image ${begin}: ${gridText({ ...grid, first })} begins earlier`;
    return `${has}, and ${wells} has wells for images ${begin} to ${lastOf(grid)}; ${roomFor(grid, last - begin + 1)}`;
  });
}

/** The text of a grid without a first image of 0, which need not be said. */
const suggested = (grid: RasterGrid): string => gridText({ ...grid, first: grid.first || undefined });

/** What would have room for these images. */
function roomFor(grid: RasterGrid, images: number): string {
  const { rows, columns, repeat = 1, alongColumns = false } = grid;
  const [lines, each] = alongColumns ? [columns, rows] : [rows, columns];
  const more = Math.ceil(images / repeat / each);
  const size = alongColumns ? { rows, columns: more } : { rows: more, columns };
  const larger = `${suggested({ ...grid, ...size })} has room for them`;
  const times = Math.ceil(images / (lines * each));
  if (images % (rows * columns) !== 0) return larger;
  return `${suggested({ ...grid, repeat: times })} if each well has ${times} images; ${larger}`;
}

/** Throws `Format` for a number that a detector cannot have given. */
export function checkImage(image: number, of: string): number {
  if (Number.isSafeInteger(image) && image >= 0) return image;
  throw new EwaldError('Format', `${of} has the number ${image}; expected a whole number from 0`);
}
