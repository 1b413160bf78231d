/** The options that say where the images of a run are on a chip. */

import { regionProblem } from '../../crystal/stream/regions.js';
import type { Rule } from '../../options/call-options.js';
import { argumentError, type OptionsOf, type Parameters, typed } from '../../options/parameters.js';
import { inspect } from '../../util/options.js';
import { type ChipGridOptions, gridText, parseGrid } from '../chip/grid.js';
import type { ImagePosition } from '../chip/positions.js';
import type { FileInput } from '../inputs/place.js';
import { gridRows } from '../parameters.js';
import { parseMapFile } from './map-files.js';

/** Where the images of a run are on a chip, by one of the first three, and its maps. */
export const gridOptionRows = {
  grid: {
    ...gridRows.grid,
    sentence:
      "rows and columns that are scanned in the order of the images' numbers: `400x400,serpentine`, or an object",
    type: typed<string | ChipGridOptions>('string | ChipGridOptions'),
    check: (_: string, grid: unknown): unknown => parseGrid(grid as string | ChipGridOptions),
  },
  gridFile: {
    ...gridRows.gridFile,
    sentence: 'positions by the number of the image: a file of rows `image x y`, or the rows',
    type: typed<FileInput | readonly ImagePosition[]>('FileInput | readonly ImagePosition[]'),
  },
  gridFields: {
    ...gridRows.gridFields,
    sentence: "fields of each frame's header that state its position: `/x,/y`, or two names",
    type: typed<string | readonly [x: string, y: string]>('string | readonly [x: string, y: string]'),
    check: (_: string, fields: unknown): unknown => fieldNames(fields as string),
  },
  map: {
    ...gridRows.map,
    check: (_: string, files: unknown): unknown => (files as readonly string[]).map(parseMapFile),
  },
} as const satisfies Parameters;

/** Where the images of a run are on a chip; one of these. */
export interface GridOptions extends OptionsOf<typeof gridOptionRows> {}

const names = ['grid', 'gridFile', 'gridFields'] as const;
const givenOf = (options: GridOptions) => names.filter((name) => options[name] !== undefined);

/** Whether a run says where its images are. */
export const hasGrid = (options: GridOptions): boolean => givenOf(options).length > 0;

/** How these options belong together. */
export const gridRules: readonly Rule<GridOptions>[] = [
  (options) => {
    const given = givenOf(options);
    return (
      given.length > 1 && ((said) => `${given.map(said).join(' and ')} each say where images are; give one of them`)
    );
  },
  (options) =>
    options.map !== undefined &&
    !hasGrid(options) &&
    ((said) => `${said('map')} needs ${names.map(said).join(', ')}: where the images are`),
];

/** What a run measures of each frame besides its peaks. */
interface MeasuredValues {
  readonly map?: readonly string[] | undefined;
  readonly rois: readonly { readonly name: string }[];
  readonly profile: object | undefined;
}

/** Why a run does not measure what a map shows; undefined if it does. */
function problemOf(quantity: string, { rois, profile }: MeasuredValues): string | undefined {
  if (quantity.startsWith('roi:'))
    return regionProblem(
      quantity.slice('roi:'.length),
      rois.map(({ name }) => name),
    );
  return quantity === 'background' && profile === undefined
    ? 'background is of the radial profile, which this run does not measure; add --radial-profile (in JavaScript: profile)'
    : undefined;
}

/** A run measures what its maps show. */
export const measuresMaps: Rule<MeasuredValues> = (run) => {
  for (const text of run.map ?? []) {
    const problem = problemOf(parseMapFile(text).quantity, run);
    if (problem !== undefined) return (said) => `${said('map')} is ${inspect(text)}: ${problem}`;
  }
  return undefined;
};

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
