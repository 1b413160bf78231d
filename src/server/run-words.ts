/**
 * The words of a command that a page starts, for the text that it shows and for the process alike: of settings that rows
 * of parameters check, and of files that the server was given. Nothing else becomes a word: no file, output, address or
 * program that a page names.
 */
import { parseCellText } from '../crystal/cell-file.js';
import { sliceOf } from '../options/frame-slice.js';
import { flagOf } from '../options/parameter-text.js';
import { argumentError, checkParameter, type Parameter, type Parameters } from '../options/parameters.js';
import { flagWords } from '../options/shell-words.js';
import { searchRows } from '../peaks/parameters.js';
import {
  acceptanceRows,
  indexingRows,
  integrationRows,
  peakSourceRows,
  refinementRows,
  regionRows,
  unknownCellRows,
} from '../pipeline/parameters.js';
import { checkRegions } from '../pipeline/regions/region.js';
import { type AnalysisName, knownAnalyses, rowsOfAnalysis, scanRunRows } from '../stem/parameters.js';
import { inspect, nearest } from '../util/options.js';
import { openingRows, viewRows } from './parameters.js';

/** What a page may set, by the names of parameters. */
export type RunSettings = Readonly<Record<string, unknown>>;

/** The files of a run, which the server was given, and how they are read. */
export interface RunInput {
  readonly files: readonly string[];
  readonly geometry?: string | undefined;
  /** A file, or numbers. */
  readonly cell?: string | undefined;
  readonly calibration?: string | undefined;
  readonly opening?: RunSettings | undefined;
  /** Of an entry of a folder: where it is. */
  readonly entry?: { readonly in: string; readonly item: string } | undefined;
}

/** Kinds of values that can name no file. */
const plainKinds = ['boolean', 'choice', 'integer', 'number', 'integers', 'numbers'];

/** The rows of a table that pages may set: those whose values name nothing, and have the unit of their flag. */
const plain = (rows: Parameters): Parameters =>
  Object.fromEntries(
    Object.entries(rows).filter(
      ([, { kind, flag, inFlag }]) => plainKinds.includes(kind) && flag !== null && inFlag === undefined,
    ),
  );

const { dataset, first, frames } = viewRows;
const cells: Parameter = { kind: 'texts', flag: 'cell', sentence: 'known cell' };

/** What a page may set of `ewald index`. */
export const indexRows: Parameters = {
  ...plain({
    ...peakSourceRows,
    ...searchRows,
    ...acceptanceRows,
    ...indexingRows,
    ...integrationRows,
    ...refinementRows,
    ...unknownCellRows,
  }),
  rois: regionRows.rois,
  cells,
  first,
  frames,
};
/** How files of frames are read for an index, as the server was told. */
const { constants, energy } = openingRows;
const indexOpeningRows: Parameters = { dataset, first, frames, constants, energy };

const { syncOffset, roi, channels } = scanRunRows;
const scanOpeningRows: Parameters = { ...openingRows, dataset, syncOffset, roi, first, frames };
/** What a page may set of an analysis of `ewald run`. */
export const scanRows = (analysis: AnalysisName): Parameters => {
  // Of texts, those that are checked: others name files, such as constants of a detector.
  const reading = Object.entries(scanOpeningRows).filter(
    ([name, { kind }]) => plainKinds.includes(kind) || Object.hasOwn(textChecks, name),
  );
  return { ...plain(rowsOfAnalysis(analysis)), ...Object.fromEntries(reading), channels };
};

/** What texts must be, by the names of their parameters; no other text is taken. */
const textChecks: Readonly<Record<string, (value: unknown) => unknown>> = {
  rois: (value) => checkRegions('', value),
  cells: (value) => (value as readonly string[]).every((text) => parseCellText(text) !== undefined) || 'six numbers',
  frames: (value) => void sliceOf('', { frames: value as string }),
  roi: (value) => /^[\d:,\s-]{1,100}$/.test(String(value)) || 'y,x or y0:y1,x0:x1',
  channels: (value) => (value as readonly string[]).every((name) => /^\w[\w-]*$/.test(name)) || 'names of results',
};

/** Checks what a page sets. Throws `Argument`. */
function checkSettings(settings: unknown, rows: Parameters): asserts settings is RunSettings {
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings))
    throw argumentError('', () => `the settings are ${inspect(settings)}; expected an object`);
  for (const [name, value] of Object.entries(settings)) {
    const row = Object.hasOwn(rows, name) ? rows[name] : undefined;
    if (row === undefined) {
      const near = nearest(name, Object.keys(rows));
      throw argumentError('', () => `a page cannot set ${inspect(name)}${near ? `; did you mean ${near}?` : ''}`);
    }
    checkParameter(row, value, name);
    row.check?.(name, value);
    const said = Object.hasOwn(textChecks, name) ? textChecks[name]?.(value) : undefined;
    if (typeof said === 'string') throw argumentError('', () => `${name} is ${inspect(value)}; expected ${said}`);
  }
}

/** Settings as words, by the flags of their rows. */
function wordsBy(rows: Parameters, settings: RunSettings): string[] {
  // A switch is typed only if it is not as it is without it.
  const typed = Object.entries(settings).flatMap(([name, value]): [string, unknown][] => {
    if (typeof value !== 'boolean')
      return [[name, name === 'frames' && Array.isArray(value) ? value.join(':') : value]];
    return value === (rows[name]?.fallback === true) ? [] : [[name, true]];
  });
  return flagWords(Object.fromEntries(typed), (name) => flagOf(name, rows[name] as Parameter));
}

/** What the server was told of how files are read, if a run can be told so as well. Throws `Argument`. */
function openingWords({ opening = {} }: RunInput, rows: Parameters): string[] {
  const stray = Object.keys(opening).find((name) => !Object.hasOwn(rows, name));
  if (stray !== undefined)
    throw argumentError('', () => `these files are read with ${stray}, which such a run does not have`);
  return wordsBy(rows, opening);
}

/** The words of `ewald index` without its outputs. Throws `Argument`. */
export function indexWords(input: RunInput, settings: unknown): string[] {
  checkSettings(settings, indexRows);
  const { files, geometry, cell } = input;
  const { opening = {} } = input;
  const reading = Object.fromEntries(Object.entries(opening).filter(([name]) => settings[name] === undefined));
  return [
    ...['index', ...files],
    ...(geometry === undefined ? [] : ['-g', geometry]),
    ...(cell === undefined || settings.cells !== undefined ? [] : ['-p', cell]),
    ...openingWords({ files, opening: reading }, indexOpeningRows),
    ...wordsBy(indexRows, settings),
  ];
}

/** The words of `ewald run` without its outputs. Throws `Argument`. */
export function scanWords(input: RunInput, analysis: unknown, settings: unknown, isCalibrated: boolean): string[] {
  if (typeof analysis !== 'string' || !Object.hasOwn(knownAnalyses, analysis))
    throw argumentError(
      '',
      () => `the analysis is ${inspect(analysis)}; expected one of ${Object.keys(knownAnalyses).join(', ')}`,
    );
  const [file, other] = input.files;
  if (file === undefined || other !== undefined)
    throw argumentError('', () => `a run over a scan reads one file; these are ${input.files.length}`);
  const rows = scanRows(analysis as AnalysisName);
  checkSettings(settings, rows);
  if (isCalibrated && input.calibration === undefined)
    throw argumentError(
      '',
      () => 'this needs a calibration: make one in the page, or name one when the server is started',
    );
  const reading = Object.fromEntries(
    Object.entries(input.opening ?? {}).filter(([name]) => settings[name] === undefined),
  );
  return [
    ...['run', analysis, file],
    ...openingWords({ files: [], opening: reading }, scanOpeningRows),
    ...wordsBy(rows, settings),
    ...(isCalibrated && input.calibration !== undefined ? ['--calibration', input.calibration] : []),
  ];
}
