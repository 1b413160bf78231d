/** The place of a detector by the single stills of a stream, each of few spots of a known small cell. */
import { fewLimits, fewRule } from '../../compute/layout/indexing.js';
import type { KnownCell } from '../../crystal/cell-file.js';
import type { Geometry } from '../../crystal/geometry/geometry.js';
import { areSmall } from '../../indexing/few/choice.js';
import { type FoundMove, type Move, moveOfStills, type PlacedSpots, PlacedStills } from '../../indexing/few/place.js';
import type { IndexingMethods } from '../../indexing/room.js';
import { median } from '../../util/median.js';
import type { StillPoints } from './powder-points.js';

/** Stills that are used, fewest of them, and those that have to have the cell. */
const [mostStills, fewestStills, leastPart, fewestUsed] = [300, 10, 0.3, 8] as const;
/** Most peaks of a usual still. */
const usualSpots = 15;

/** Stills of few spots of a small cell. */
export interface FewStills extends PlacedSpots {
  readonly cell: KnownCell;
}

/** The stills of a stream that are few spots of a cell; undefined if they are too few, or the cell is large. */
export function fewStills({ x, y, z, offsets }: StillPoints, cell: KnownCell): FewStills | undefined {
  if (!areSmall([cell], undefined)) return undefined;
  const [columns, own]: [number[][], number[]] = [[[], [], []], [0]];
  const counts: number[] = [];
  for (let i = 0; i + 1 < offsets.length && own.length <= mostStills; i++) {
    const [from, to] = [offsets[i] as number, offsets[i + 1] as number];
    if (to > from) counts.push(to - from);
    if (to - from < fewLimits.leastSpots || to - from > fewRule.spots) continue;
    for (const [n, all] of [x, y, z].entries()) columns[n]?.push(...all.subarray(from, to));
    own.push((own.at(-1) as number) + to - from);
  }
  if (own.length <= fewestStills || median(counts) > usualSpots) return undefined;
  const [a, b, c] = columns.map((column) => Float64Array.from(column)) as [Float64Array, Float64Array, Float64Array];
  return { x: a, y: b, z: c, offsets: Uint32Array.from(own), cell };
}

/** A place that stills tell, with their number and that of all of their spots. */
export interface PlaceOfStills extends FoundMove {
  readonly stills: number;
  readonly points: number;
}

/** The place, from one of several; undefined if too few of the stills have the cell. */
export async function placeByStills(
  context: IndexingMethods,
  { cell, ...seen }: FewStills,
  { wavelengthA, bandwidth }: { readonly wavelengthA: number; readonly bandwidth: Geometry['bandwidth'] },
  starts: readonly Move[],
): Promise<PlaceOfStills | undefined> {
  const stills = seen.offsets.length - 1;
  const indexer = await context.indexer({ method: 'few', batch: stills, maxSpots: 64, maxOutputCells: 16 });
  try {
    const search = { run: (input: Parameters<typeof indexer.run>[0]) => indexer.run(input), cells: [cell] };
    const placed = new PlacedStills({ ...search, wavelengthA, bandwidth }, seen);
    const found = await moveOfStills(placed, bandwidth, starts);
    return found && found.used >= Math.max(fewestUsed, leastPart * stills)
      ? { ...found, stills, points: seen.x.length }
      : undefined;
  } finally {
    await indexer.dispose();
  }
}
