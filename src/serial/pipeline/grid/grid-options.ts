/** The options that say where the images of a run are on a chip. */
import { EwaldError } from '../../../base/errors.js';
import { inspect } from '../../../base/options.js';
import { argumentError, namesOf } from '../../../base/parameters.js';
import { regionProblem } from '../../../crystal/stream/regions.js';
import { type ChipGridOptions, gridText, parseGrid } from '../../../io/chip/grid.js';
import type { ImagePosition } from '../../../io/chip/positions.js';
import type { FileInput } from '../inputs/place.js';
import { gridRows } from '../parameters.js';
import { parseMapFile } from './map-files.js';

/** Where the images of a run are on a chip; one of these. */
export interface GridOptions {
  /** Rows and columns that are scanned in the order of the images' numbers: `400x400,serpentine`, or an object. */
  readonly grid?: string | ChipGridOptions | undefined;
  /** Positions by the number of the image: a file of rows `image x y`, or the rows. */
  readonly gridFile?: FileInput | readonly ImagePosition[] | undefined;
  /** Fields of each frame's header that state its position: `/x,/y`, or two names. */
  readonly gridFields?: string | readonly [x: string, y: string] | undefined;
  /** Files of maps, each `[QUANTITY=]FILE.png` or `.npy`: hits (default), indexed, spots, resolution, background, … */
  readonly map?: readonly string[] | undefined;
}

export const gridNames = namesOf(gridRows);
const names = ['grid', 'gridFile', 'gridFields'] as const;

/** Whether a run says where its images are. */
export const hasGrid = (options: GridOptions): boolean => names.some((name) => options[name] !== undefined);

/** Checks the options, without reading files. Throws `Argument`. */
export function checkGridOptions(options: GridOptions, measures: MeasuredValues = {}): void {
  const given = names.filter((name) => options[name] !== undefined);
  if (given.length > 1)
    throw argumentError(
      'pipeline',
      (said) => `${given.map(said).join(' and ')} each say where images are; give one of them`,
    );
  const { grid, map } = options;
  if (grid !== undefined) parseGrid(grid);
  if (options.gridFields !== undefined) fieldNames(options.gridFields);
  if (map !== undefined && !(Array.isArray(map) && map.every((one) => typeof one === 'string')))
    throw new EwaldError('Argument', `pipeline: map is ${inspect(map)}; expected a list such as ['hits=chip.png']`);
  for (const file of map ?? []) checkQuantity(file, measures);
  if (map !== undefined && given.length === 0)
    throw argumentError(
      'pipeline',
      (said) => `${said('map')} needs ${names.map(said).join(', ')}: where the images are`,
    );
}

/** What a run measures of each frame besides its peaks. */
interface MeasuredValues {
  readonly regions?: readonly string[];
  readonly hasProfile?: boolean;
}

/** Checks that a run measures what a map shows. Throws `Argument`. */
function checkQuantity(text: string, { regions = [], hasProfile = false }: MeasuredValues): void {
  const { quantity } = parseMapFile(text);
  const refuse = (why: string): never => {
    throw argumentError('pipeline', (said) => `${said('map')} is ${inspect(text)}: ${why}`);
  };
  if (quantity === 'background' && !hasProfile)
    refuse(
      'background is of the radial profile, which this run does not measure; add --radial-profile (in JavaScript: profile)',
    );
  if (!quantity.startsWith('roi:')) return;
  const problem = regionProblem(quantity.slice('roi:'.length), regions);
  if (problem !== undefined) refuse(problem);
}

/** The names of the fields of x and y. */
export function fieldNames(given: NonNullable<GridOptions['gridFields']>): readonly [string, string] {
  const found = typeof given === 'string' ? given.split(',').map((name) => name.trim()) : given;
  if (Array.isArray(found) && found.length === 2 && found.every((name) => typeof name === 'string' && name !== ''))
    return [found[0] as string, found[1] as string];
  throw argumentError(
    'pipeline',
    (said) =>
      `${said('gridFields')} is ${inspect(given)}; expected the fields of x and of y, such as /motors/x,/motors/y`,
  );
}

/** The options as texts for the command line that a stream records. */
export function gridWords({ grid, gridFile, gridFields }: GridOptions): Record<string, string> {
  const isRows = Array.isArray(gridFile);
  const file = typeof gridFile === 'string' ? gridFile : isRows ? rowsText(gridFile) : 'a file';
  return {
    ...(grid === undefined ? {} : { grid: typeof grid === 'string' ? grid : gridText(grid) }),
    ...(gridFile === undefined ? {} : { gridFile: file }),
    ...(gridFields === undefined ? {} : { gridFields: fieldNames(gridFields).join(',') }),
  };
}

const rowsText = (rows: readonly ImagePosition[]): string =>
  `${rows.length} positions ${rows[0]?.join(' ')} … ${rows.at(-1)?.join(' ')}`;
