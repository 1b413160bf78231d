/** The grid of a run: as its caller gives it, checked against the images that come. */

import { argumentError } from '../../options/parameters.js';
import { EwaldError } from '../../util/errors.js';
import { type ChipGrid, checkRange, parseGrid } from '../chip/grid.js';
import { latticeOf } from '../chip/lattice.js';
import { latticeDoubt } from '../chip/lattice-doubt.js';
import { listedGrid, parsePositions } from '../chip/positions.js';
import type { FileInput, RunPlace } from '../inputs/place.js';
import type { RunSource } from '../sources/source.js';
import { positionOf, type RunGrid } from './frame-grid.js';
import { fieldNames, type GridOptions } from './grid-options.js';
import { firstOf } from './image-number.js';

/** The list of positions that a run is given. Throws `Format`, `File`. */
async function listOf(given: NonNullable<GridOptions['gridFile']>, place: RunPlace): Promise<ChipGrid> {
  if (Array.isArray(given)) return listedGrid(given, 'pipeline: gridFile');
  const file = given as FileInput;
  const name = typeof file === 'string' ? file : 'the list of positions';
  return listedGrid(parsePositions(await place.textOf(file), name), name);
}

/** The grid of a run whose source is open; undefined without one. Throws `Argument`, `Format`, `File`. */
export async function runGrid(options: GridOptions, source: RunSource, place: RunPlace): Promise<RunGrid | undefined> {
  const { grid, gridFile, gridFields } = options;
  if (gridFields !== undefined) return ofFields(fieldNames(gridFields), source);
  if (grid === undefined && gridFile === undefined) return undefined;
  const { count, ranges } = source.images ?? { count: 'frames', ranges: [] };
  if (source.live && source.live.image === undefined)
    throw argumentError(
      'pipeline',
      (said) =>
        `messages from ${source.first.name} state no number of the image, and an image that is lost would move all ` +
        `later ones; ${said('gridFields')} takes positions from fields of the messages`,
    );
  const raster = grid === undefined ? undefined : parseGrid(grid);
  const chipGrid: ChipGrid = raster
    ? { ...raster, first: raster.first ?? firstOf(count) }
    : await listOf(gridFile as NonNullable<typeof gridFile>, place);
  for (const range of ranges) checkRange(chipGrid, range);
  const doubt = chipGrid.kind === 'listed' ? latticeDoubt(chipGrid.lattice, chipGrid.x, chipGrid.y) : undefined;
  return { grid: chipGrid, count, doubt };
}

/** Files whose fields are read before the run; positions of more are gathered as the frames come. */
const maxFiles = 256;

/** The wells of positions in the frames: of those that are all there, known before the run. */
async function ofFields(names: readonly [string, string], source: RunSource): Promise<RunGrid> {
  const count = source.images?.count ?? 'frames';
  const x: number[] = [];
  const y: number[] = [];
  let files = 0;
  const isKnown = source.isListed === true && source.live === undefined && source.total !== undefined;
  for await (const { dataset, frames } of source.firstFrames(isKnown ? Number.MAX_SAFE_INTEGER : 1)) {
    for (const frame of isKnown ? frames : frames.slice(0, 1)) {
      const position = await positionOf(dataset, frame, names);
      if ('missing' in position) {
        // One frame without a position is told by itself; a field that the first one lacks is a wrong name.
        if (x.length === 0) throw new EwaldError('Argument', `pipeline: gridFields: ${position.missing}`);
        continue;
      }
      x.push(position.x);
      y.push(position.y);
    }
    if (!isKnown || ++files > maxFiles) break;
  }
  if (!isKnown || files > maxFiles) return { grid: { kind: 'fields', names, lattice: undefined }, count };
  const [ofX, ofY] = [Float64Array.from(x), Float64Array.from(y)];
  const lattice = latticeOf(ofX, ofY);
  return { grid: { kind: 'fields', names, lattice }, count, doubt: latticeDoubt(lattice, ofX, ofY) };
}
