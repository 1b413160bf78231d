/** Where the images of a run are on a chip. */

import type { Dataset } from '../../frames/dataset.js';
import { type ChipGrid, type FrameGrid, wellAt, wellOfImage } from '../chip/grid.js';
import { copiedHeaders } from '../inputs/copied-headers.js';
import type { FrameOrigin } from '../streams/chunk.js';
import { type ImageCount, imageOf } from './image-number.js';

/** A grid, and how the images of the run are counted: plain data, the same in every process of the run. */
export interface RunGrid {
  readonly grid: ChipGrid;
  readonly count: ImageCount;
  /** Why images may be in wrong wells; undefined if nothing says so. */
  readonly doubt?: string | undefined;
}

/** The position that a frame states, or why it states none. */
export async function positionOf(
  dataset: Dataset,
  frame: number,
  names: readonly string[],
): Promise<{ readonly x: number; readonly y: number } | { readonly missing: string }> {
  const fields = await copiedHeaders(dataset, frame, names);
  const lacking = fields.find((field) => field.missing !== undefined);
  if (lacking?.missing !== undefined) return { missing: lacking.missing };
  const [x = Number.NaN, y = Number.NaN] = fields.map((field) =>
    field.missing === undefined ? Number.parseFloat(`${field.value}`) : Number.NaN,
  );
  if (Number.isFinite(x) && Number.isFinite(y)) return { x, y };
  const which = Number.isFinite(x) ? 1 : 0;
  const { value } = fields[which] as { readonly value: number | string };
  return { missing: `${dataset.name}: ${names[which]} is ${value}; expected a number` };
}

/** Where a frame is. */
export async function frameGrid(
  { grid, count }: RunGrid,
  dataset: Dataset,
  frame: number,
  origin: FrameOrigin,
): Promise<FrameGrid> {
  const place = placeOf({ grid, count }, origin);
  if (grid.kind !== 'fields') return place;
  const { missing: _, ...image } = place;
  const position = await positionOf(dataset, frame, grid.names);
  return 'missing' in position
    ? { ...image, missing: position.missing }
    : { ...image, ...wellAt(grid.lattice, position.x, position.y) };
}

/** Where an image is by its number alone, such as one that cannot be read. */
export function placeOf({ grid, count }: RunGrid, origin: FrameOrigin): FrameGrid {
  const { image, series } = imageOf(count, origin);
  const named = series === undefined ? {} : { series };
  const numbered = image === undefined ? named : { image, ...named };
  if (grid.kind === 'fields') return { ...numbered, missing: 'its position is not known' };
  if (image === undefined) return { ...named, missing: `nothing states the number of ${origin.filename}` };
  return { ...wellOfImage(grid, image), ...named };
}
