/** What the viewer shows at first, as one HTML file that opens without a server. */
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import type { DetectorMethods } from '../frames/detector/room.js';
import { openStacked } from '../frames/detector/stacked.js';
import { checkOutput, type WriteOptions, writeWhole } from '../frames/files/write.js';
import { open } from '../frames/opening.node.js';
import { zarrMetadataOf } from '../frames/series-files.js';
import { checkedOptions, checkedValue, row } from '../options/call-options.js';
import { sliceIn } from '../options/frame-slice.js';
import { argumentError } from '../options/parameters.js';
import { givenCells, givenGeometry } from '../pipeline/inputs/given.js';
import { runPlace } from '../pipeline/inputs/place.node.js';
import type { PipelineMethods } from '../pipeline/room.js';
import { numbersScript } from '../report/numbers-script.node.js';
import type { DisposableUdfContext } from '../stem/bind.js';
import { readCalibration } from '../stem/calibrate/read-calibration.node.js';
import { runToFiles } from '../stem/output/run-to-files.node.js';
import { runRegion } from '../udf/scans/roi-text.node.js';
import { observer } from '../util/callbacks.js';
import type { PlatformSignal } from '../util/globals.js';
import { checkShown } from './checked-files.js';
import type { SavedViewParameters, ViewParameters } from './parameter-types.js';
import { openingRows, savedViewRows, shownScanRows, viewRows } from './parameters.js';
import { isStream } from './stream-frames.js';

const { geometry, cell, dataset } = viewRows;
const rows = {
  ...{ geometry, cell, dataset },
  ...openingRows,
  ...shownScanRows,
  ...savedViewRows,
  force: row.flag,
  commandLine: row.text,
  signal: row.signal,
  onWarning: row.any,
} as const;

/** Options of `saveView`. */
export interface SaveViewOptions
  extends Omit<ViewParameters, 'follow' | 'grid' | 'gridFile' | 'allowOutside' | 'compute' | 'memory'>,
    SavedViewParameters {
  /** Replaces an existing file; inputs are never replaced. Default: false. */
  readonly force?: boolean | undefined;
  /** The command that the page shows. Default: none. */
  readonly commandLine?: string | undefined;
  readonly signal?: PlatformSignal | undefined;
  /** Called with remarks on the inputs, such as a geometry with unknown entries. */
  readonly onWarning?: ((text: string) => void) | undefined;
}

/** What opens the contexts in which a page is computed. */
interface Contexts {
  createContext(): Promise<DetectorMethods & Pick<PipelineMethods, 'frameSearcher'> & { dispose(): unknown }>;
  udfContext(): Promise<DisposableUdfContext>;
}

/** Frames on a page, unless `first` or `frames` select others. */
const usualFrames = 12;

/** What is saved: files that were checked, and what was said of them. */
interface Saved {
  readonly input: readonly string[];
  readonly output: string;
  readonly writing: WriteOptions;
  readonly options: SaveViewOptions;
  /** How files of frames are read. */
  readonly how: Readonly<Record<string, unknown>>;
}

/** Makes `saveView` of `ewald/view` of what opens contexts, which it loads when it needs them. */
export const bindSaveView =
  (contexts: Contexts) =>
  async (files: readonly string[], output: string, options: SaveViewOptions = {}): Promise<readonly string[]> => {
    checkedOptions('saveView', options, rows);
    const warn = observer('saveView', options, 'onWarning');
    if (!/\.html?$/i.test(output))
      throw argumentError('saveView', (said) => `${said('save')} is ${output}; expected a name that ends in .html`);
    const ofKind = (...endings: string[]) => files.filter((file) => endings.includes(extname(file).toLowerCase()));
    const [geometries, cells] = [ofKind('.geom'), ofKind('.cell', '.pdb')];
    const shown = files.filter((file) => !geometries.includes(file) && !cells.includes(file));
    for (const file of shown) await refuseOtherThanFrames(file);
    const input = await Promise.all(shown.map(async (file) => (await zarrMetadataOf(file)) ?? file));
    const [first] = input;
    if (first === undefined)
      throw argumentError('saveView', (said) => `${said('save')} is for frames in files, and none is named`);
    const { geometry = geometries[0], cell = cells[0], calibration, force = false } = options;
    const beside = [geometry, cell, calibration].filter((file) => file !== undefined);
    const writing: WriteOptions = { force, series: [first], inputs: [...input.slice(1), ...beside] };
    await checkOutput(output, writing);
    const how = Object.fromEntries(
      Object.entries(options).filter(([name, value]) => name in openingRows && value !== undefined),
    );
    const { syncOffset, roi, first: most, frames, dataset } = options;
    const said = { ...how, syncOffset, roi, first: most, frames, dataset };
    const opening = Object.values(said).some((value) => value !== undefined) ? said : undefined;
    await checkShown(files, { geometry: options.geometry, cell: options.cell, opening }, warn);
    const saved: Saved = { input, output, writing, options: { ...options, geometry, cell }, how };
    return (await saveFrames(contexts, saved)) ?? (await saveScan(contexts, saved));
  };

/** Refuses a stream and a folder, which have no pictures of their own. Throws `Argument`. */
async function refuseOtherThanFrames(file: string): Promise<void> {
  const stats = await stat(file).catch(() => undefined);
  const isFolder = stats?.isDirectory() && (await zarrMetadataOf(file)) === undefined;
  if (!isFolder && !(stats?.isFile() && (await isStream(file)))) return;
  const words = isFolder ? 'a folder' : 'a stream';
  throw argumentError(
    'saveView',
    (said) =>
      `${file} is ${words}, and ${said('save')} is for frames; the run that searches them writes a report (html)`,
  );
}

const inputOf = (input: readonly string[]): string => (input.length > 1 ? input : input[0]) as string;

/** Saves frames; undefined for files that are a scan. */
async function saveFrames(
  contexts: Contexts,
  { input, output, writing, options, how }: Saved,
): Promise<readonly string[] | undefined> {
  const { dataset: named, syncOffset, roi, signal, commandLine } = options;
  if ((syncOffset ?? roi) !== undefined) return undefined;
  const maxBytes = 1e6 * checkedValue('saveView: htmlMb', options.htmlMb, savedViewRows.htmlMb);
  const given = await givenGeometry(options.geometry, runPlace);
  const dataset = await openStacked((more) => open(inputOf(input), { ...how, ...more }), given?.geometry, named);
  try {
    if (dataset.shape.nav.length > 1) return undefined;
    const slice = sliceIn('saveView', options, dataset);
    const { first, end, step } = slice ?? { first: 0, end: Math.min(usualFrames, dataset.frames), step: 1 };
    const frames = Array.from({ length: Math.ceil((end - first) / step) }, (_, i) => first + i * step);
    const warnings = dataset.notes.filter(({ kind }) => kind === 'warning').map(({ text }) => text);
    const { framesPage } = await import('../pipeline/frames-page.js');
    const cells = (await givenCells(options.cell === undefined ? [] : [options.cell], runPlace)) ?? [];
    const ctx = await contexts.createContext();
    try {
      const { html, lacks } = await framesPage(ctx, {
        ...{ dataset, frames, geometry: given?.geometry, cells, maxBytes, signal, command: commandLine },
        notes: [
          ...warnings,
          ...(frames.length < dataset.frames ? [`${frames.length} of ${dataset.frames} frames`] : []),
        ],
        script: await numbersScript(),
      });
      await writeWhole(output, html, writing);
      const isPart = slice === undefined && frames.length < dataset.frames;
      return isPart ? [`the page has the first ${frames.length} of ${dataset.frames} frames`, ...lacks] : lacks;
    } finally {
      await ctx.dispose();
    }
  } finally {
    await dataset.dispose();
  }
}

/** Saves a scan, as a run over it does. */
async function saveScan(
  contexts: Contexts,
  { input, output, writing, options, how }: Saved,
): Promise<readonly string[]> {
  const { dataset, syncOffset, signal, commandLine, htmlMb, force } = options;
  const ctx = await contexts.udfContext();
  try {
    const own = Object.fromEntries(
      Object.entries({ dataset, syncOffset, signal }).filter(([, value]) => value !== undefined),
    );
    const scan = await ctx.load(inputOf(input), { ...how, ...own });
    const calibration =
      options.calibration === undefined ? {} : { calibration: await readCalibration(options.calibration) };
    const roi = await runRegion(options as object, scan, signal ?? new AbortController().signal);
    const analyses = [
      ctx.createSumSigAnalysis(scan, calibration),
      ctx.createSumAnalysis(scan, calibration),
      ctx.createComAnalysis(scan, calibration),
    ];
    const { notes } = await runToFiles(ctx, scan, {
      ...{ analyses, roi, html: output, htmlMb, commandLine, force, inputs: writing.inputs, signal },
    });
    return notes;
  } finally {
    await ctx.close();
  }
}
