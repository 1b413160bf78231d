/** The viewer for files of this computer and frames that arrive on it, as `ewald view` opens it. */
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { zarrMetadataOf } from '../frames/series-files.js';
import { checkedOptions, refuseBy, row } from '../options/call-options.js';
import { argumentError, refuseAlone } from '../options/parameters.js';
import { parseGrid } from '../pipeline/chip/grid.js';
import type { RunEvent } from '../pipeline/events.js';
import { gridRules } from '../pipeline/grid/grid-options.js';
import { givenCells } from '../pipeline/inputs/given.js';
import { runPlace } from '../pipeline/inputs/place.node.js';
import type { RunView } from '../pipeline/sinks/run-view.js';
import type { LiveInput } from '../pipeline/sources/source.js';
import type { DisposableUdfContext } from '../stem/bind.js';
import type { Calibration } from '../stem/calibrate/calibration.js';
import { readCalibration } from '../stem/calibrate/read-calibration.node.js';
import type { ScanView, ScanViewer, ViewedScan } from '../udf/live/scan-view.js';
import { expects } from '../util/arguments.js';
import { observer } from '../util/callbacks.js';
import { EwaldError } from '../util/errors.js';
import { fileReason } from '../util/file-errors.js';
import { type Disposable, disposableServer, type MaybeAsyncDisposable } from '../util/resource.js';
import { type Arriving, followArriving } from './arriving-frames.js';
import { checkShown, type Opening } from './checked-files.js';
import { ComputedEntries, ServedCompute } from './compute/served-compute.js';
import { Gallery } from './gallery.node.js';
import type { ListenParameters, StartParameters, ViewParameters } from './parameter-types.js';
import { listenRows, openingRows, shownScanRows, startRows, viewRows } from './parameters.js';
import type { RunInput } from './run-words.js';
import { PageServer } from './server.js';
import { SharedFiles } from './shared-files.js';
import { StartedRuns } from './started-runs.js';
import { isStream, StreamFrames } from './stream-frames.js';

/** Options of `serveView`. */
export interface ServeViewOptions extends ViewParameters, ListenParameters, StartParameters {
  /** Called with remarks on the inputs, such as a geometry with unknown entries. */
  readonly onWarning?: ((text: string) => void) | undefined;
}

/** A viewer that is being served; as `view` of `ctx.pipeline` or of `runToFiles`, it follows the run. */
export interface ServedView extends RunView, ScanViewer, Disposable {
  /** Address for the browser, with a token that lets its holder read the files. */
  readonly url: string;
  /** Starts to show the images of a run over a scan; its `show` is a function for `plots` of `runUdf`. */
  scanView(scan: ViewedScan): ScanView;
  /** Resolves when no more frames arrive; rejects if followed frames cannot be read. Without such frames, never. */
  readonly done: Promise<void>;
  /** Ends the server, as `dispose` and `await using` do. */
  close(): Promise<void>;
}

const rows = { ...viewRows, ...listenRows, ...startRows, onWarning: row.any } as const;

/** What opens a context in which scans are computed. */
export type OpenUdfContext = () => Promise<DisposableUdfContext>;

/** `serveView` of `ewald/view`. */
export type ServeView = (
  files: readonly string[] | readonly [LiveInput],
  options?: ServeViewOptions,
) => Promise<ServedView & MaybeAsyncDisposable>;

/** Makes `serveView` of what opens contexts, which it loads when it needs them. */
export const bindServeView =
  (udfContext: OpenUdfContext): ServeView =>
  (files, options = {}) =>
    serve(files, options, udfContext);

async function serve(
  files: readonly string[] | readonly [LiveInput],
  options: ServeViewOptions,
  udfContext: OpenUdfContext,
): Promise<ServedView & MaybeAsyncDisposable> {
  const { geometry, cell, dataset, follow, allowOutside, port, host, ...further } = checkedOptions(
    'serveView',
    options,
    rows,
  );
  const { baseUrl, allowHosts, frameAncestors, trustProxies } = further;
  refuseAlone('serveView', startRows, { ...options });
  const calibration = await calibrationOf(options.calibration);
  const warn = observer('serveView', options, 'onWarning');
  const received = receivedOf(files);
  let paths = received ? [] : (files as readonly string[]);
  const texts = Array.isArray(files) && paths.every((file) => typeof file === 'string');
  expects(texts, 'serveView: the files', files, 'a list of paths, or of one source of frames');
  // The folder of a Zarr array is one file of frames, which its metadata describe.
  paths = await Promise.all(paths.map(async (path) => (await zarrMetadataOf(path)) ?? path));
  const beside = [geometry, cell].filter((file) => file !== undefined);
  if (files.length === 0 && (beside.length > 0 || follow))
    throw new EwaldError(
      'Argument',
      `${follow ? 'follow is for frames' : 'a geometry and a cell belong to frames'}; ` +
        'name the files of the frames, too',
    );
  if (received && follow)
    throw new EwaldError(
      'Argument',
      `follow is for frames in files; those of ${received.address} arrive by themselves`,
    );
  const numbers = await cellNumbersText(cell);
  const besideFiles = beside.filter((file) => file !== numbers);
  for (const file of besideFiles) await checkFile(file);
  const stream = received ? undefined : await streamAmong(paths);
  const gallery = await galleryOf(paths, options);
  const arrives = received !== undefined || (!gallery && stream === undefined && (follow || (await hasFolder(paths))));
  const opening = openingOf(options, arrives);
  checkGrid(options, arrives);
  checkUse({ opening, calibration }, arrives, stream === undefined && paths.length > 0);
  if (!arrives && !gallery) {
    for (const file of paths) await checkFile(file);
    await checkShown(paths, { geometry, cell, opening }, warn);
  }
  const isScanLike = !arrives && !gallery && stream === undefined && paths.length > 0;
  const computing = (files: readonly string[], share = 1): ServedCompute | undefined =>
    computeOf(options, files, { calibration: calibration?.found, context: udfContext, share });
  // Of a folder, the options alone are looked at.
  const compute = computing(isScanLike || gallery ? paths : []);
  if (!gallery) await compute?.check();
  const entries = gallery && new ComputedEntries(computing);
  const shared = new SharedFiles();
  const list = (path: string, as?: string): void =>
    void shared.share(resolve(path), { listed: true, growing: follow, ...(as === undefined ? {} : { as }) });
  if (!arrives && !gallery) for (const file of [...paths, ...besideFiles]) list(file);
  const runs = await StartedRuns.open(options);
  if (runs && (arrives || stream !== undefined || paths.length === 0))
    throw argumentError(
      'serveView',
      (said) => `${said('outputDir')} is for files of frames: runs are started of them, and not of others`,
    );
  const runInput = { geometry, cell, calibration: options.calibration, opening };
  const inputOf = (item: readonly string[] = gallery ? [] : paths): RunInput | undefined => {
    return item.length > 0 ? wholePaths({ ...runInput, files: item }, numbers) : undefined;
  };
  const frames =
    stream !== undefined && paths.length === 1
      ? new StreamFrames(stream, allowOutside ?? false, ({ path, as }) => list(path, as))
      : undefined;
  await frames?.more();
  const server = await PageServer.listen({
    what: 'serveView',
    page: gallery ? 'gallery.html' : 'view.html',
    gallery: gallery && { folder: gallery, beside: besideFiles.map((file) => resolve(file)) },
    shared,
    follow,
    cell: numbers,
    opening: opening && servedOpening(opening, shared),
    calibration,
    computeOf: async (item) => (entries ? item && entries.of(item) : compute),
    port,
    host,
    baseUrl,
    allowHosts,
    frameAncestors,
    trustProxies,
    starts: runs && { runs, inputOf },
    ...(frames ? { refresh: () => frames.more() } : {}),
  });
  let arriving: Arriving | undefined;
  try {
    if (arrives)
      arriving = await followArriving(server.live, {
        inputs: received ?? paths,
        geometry,
        cell,
        dataset,
        follow,
        warn,
        grid: { grid: options.grid, gridFile: options.gridFile },
      });
  } catch (error) {
    await server.close();
    throw error;
  }
  return disposableServer({
    url: server.url,
    done: arriving?.done ?? new Promise(() => undefined),
    async close() {
      await arriving?.close();
      await runs?.close();
      await server.close();
      await compute?.close();
      await entries?.close();
    },
    runSink: (run: Parameters<RunView['runSink']>[0]) => server.live.sink(run),
    happened: (event: RunEvent) => server.live.happened(event),
    scanView: (scan: ViewedScan) => server.live.scan(scan),
  });
}

const isLoopback = (host: string): boolean => /^(127\.|localhost$|::1$|\[::1\]$)/.test(host);

/** What computes for the pages; undefined if they do. Throws `Argument` for files that are not computed here. */
function computeOf(
  options: ServeViewOptions,
  paths: readonly string[],
  {
    calibration,
    context,
    share,
  }: { readonly calibration: Calibration | undefined; readonly context: OpenUdfContext; readonly share: number },
): ServedCompute | undefined {
  const { compute: where = 'auto', memory, host = '127.0.0.1', baseUrl, allowHosts = [] } = options;
  const { syncOffset, roi, first, frames, geometry, cell, dataset } = options;
  // Those are shown by the tab alone.
  const others = { syncOffset, roi, first, frames };
  const stray = Object.entries(others).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  const names = paths.filter((path) => !/\.(geom|cell|pdb)$/i.test(path));
  const isWhole = stray.length === 0 && names.length > 0;
  if (where === 'there' && !isWhole && share === 1)
    throw argumentError('serveView', (said) => {
      const advice = stray.length > 0 ? `omit ${stray.map(said).join(', ')}` : 'name the files of one alone';
      return `${said('compute')} there is for whole scans and frames in files; ${advice}`;
    });
  if (!isWhole) return undefined;
  const opening = Object.entries({ ...options, dataset }).filter(
    ([name, value]) => (name in openingRows || name === 'dataset') && value !== undefined,
  );
  return new ServedCompute({
    ...{ where, context, calibration, maxBytes: memory && memory * share, share },
    input: names.length > 1 ? names : (names[0] as string),
    opening: Object.fromEntries(opening),
    geometry: geometry ?? paths.find((path) => /\.geom$/i.test(path)),
    areFrames: (geometry ?? cell) !== undefined || names.length < paths.length,
    isRemote: !isLoopback(host) || baseUrl !== undefined || allowHosts.length > 0,
  });
}

/** A run with the whole paths of its files, so that its command means the same in every folder. */
function wholePaths(input: RunInput, cellNumbers: string | undefined): RunInput {
  const whole = (path: string | undefined): string | undefined => path && resolve(path);
  const { files, geometry, cell, calibration, opening } = input;
  // As the page sorts them, which may be given a geometry and a cell among its files.
  const ending = (...of: readonly string[]) =>
    files.filter((file) => of.some((end) => file.toLowerCase().endsWith(end)));
  const [geometries, cells] = [ending('.geom'), ending('.cell', '.pdb')];
  return {
    files: files.filter((file) => !geometries.includes(file) && !cells.includes(file)).map((file) => resolve(file)),
    geometry: whole(geometry ?? geometries[0]),
    cell: cellNumbers ?? whole(cell ?? cells[0]),
    calibration: whole(calibration),
    opening: opening?.constants ? { ...opening, constants: wholeList(opening.constants) } : opening,
  };
}

/** Paths with commas between them, as whole ones. */
const wholeList = (paths: unknown): string =>
  String(paths)
    .split(',')
    .map((path) => resolve(path.trim()))
    .join();

/** How the page opens files: it reads constants by the addresses at which this server offers them. */
function servedOpening(opening: Opening, shared: SharedFiles): Opening {
  const { constants } = opening;
  if (constants === undefined) return opening;
  const addresses = constants.split(',').map((file) => shared.at(shared.share(resolve(file.trim())))?.path);
  return { ...opening, constants: addresses.join() };
}

/** Refuses a grid for frames that do not arrive, and one that is none. Throws `Argument`. */
function checkGrid({ grid, gridFile }: Pick<ViewParameters, 'grid' | 'gridFile'>, arrives: boolean): void {
  if ((grid ?? gridFile) !== undefined && !arrives)
    throw argumentError(
      'serveView',
      (said) =>
        `${said(grid === undefined ? 'gridFile' : 'grid')} is for frames that arrive: ${said('follow')}, or a live ` +
        'source; ewald index shows the chip of a run, and ewald stream map that of a stream',
    );
  refuseBy('serveView', { grid, gridFile }, gridRules);
  if (grid !== undefined) parseGrid(grid);
}

/** Refuses options of files for frames that arrive, and those of frames that arrive for files. */
function checkUse(
  {
    opening,
    calibration,
  }: {
    readonly opening: object | undefined;
    readonly calibration: object | undefined;
  },
  arrives: boolean,
  isFrames: boolean,
): void {
  if ((opening || calibration) && (arrives || !isFrames))
    throw new EwaldError(
      'Argument',
      `${Object.keys({ ...opening, ...(calibration && { calibration }) }).join(', ')} say how files of frames are ` +
        'read; expected such files, and no stream, folder or frames that arrive',
    );
}

const { syncOffset, roi, first, frames } = shownScanRows;

/** What the user says about files of frames, without defaults; undefined for nothing. Frames may arrive with a dataset. */
function openingOf(options: ViewParameters, arrives: boolean): Opening | undefined {
  const names = { ...openingRows, syncOffset, roi, first, frames, ...(!arrives && { dataset: true }) };
  const said = Object.entries(options).filter(([name, value]) => name in names && value !== undefined);
  return said.length === 0 ? undefined : (Object.fromEntries(said) as Opening);
}

/** The calibration in a file. Throws `File`, `Format`. */
async function calibrationOf(file: string | undefined): Promise<{ name: string; found: Calibration } | undefined> {
  return file === undefined ? undefined : { name: basename(file), found: await readCalibration(file) };
}

/** The source of received frames, if that is what is shown. */
function receivedOf(files: readonly unknown[]): LiveInput | undefined {
  const [first] = Array.isArray(files) ? files : [];
  const isReceived = typeof first === 'object' && first !== null && 'openLive' in first;
  if (isReceived && files.length > 1)
    throw new EwaldError('Argument', 'received frames are shown alone; leave out the other inputs');
  return isReceived ? (first as LiveInput) : undefined;
}

/** The stream among files. */
async function streamAmong(files: readonly string[]): Promise<string | undefined> {
  const streams: string[] = [];
  for (const file of files) if ((await entryKind(file)) === 'file' && (await isStream(file))) streams.push(file);
  const [stream, second] = streams;
  if (second !== undefined)
    throw new EwaldError('Argument', `${stream} and ${second} are two streams; the viewer shows one at a time`);
  return stream;
}

async function hasFolder(files: readonly string[]): Promise<boolean> {
  for (const file of files) if ((await entryKind(file)) === 'folder') return true;
  return false;
}

/** The folder whose entries are listed: one alone, whose frames are not taken as one run by what is said of them. */
async function galleryOf(
  paths: readonly string[],
  { follow, grid, gridFile }: ServeViewOptions,
): Promise<Gallery | undefined> {
  const [folder] = paths;
  if (folder === undefined || paths.length > 1 || follow || (grid ?? gridFile) !== undefined) return undefined;
  return (await entryKind(folder)) === 'folder' ? Gallery.open(folder) : undefined;
}

/** What is at a path; undefined if there is nothing, or something else. */
async function entryKind(path: string): Promise<'file' | 'folder' | undefined> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() ? 'file' : stats?.isDirectory() ? 'folder' : undefined;
}

/** A cell that is given as numbers instead of a file. Throws what `ewald index` throws for a cell that is neither. */
async function cellNumbersText(cell: string | undefined): Promise<string | undefined> {
  if (cell === undefined || cell === '-' || (await entryKind(cell)) !== undefined) return undefined;
  await givenCells([cell], runPlace);
  return cell;
}

async function checkFile(path: string): Promise<void> {
  const stats = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new EwaldError('File', `${path}: ${fileReason(cause)}`, { cause, detail: { path } });
  });
  if (!stats.isFile()) throw new EwaldError('File', `${path} is not a file`, { detail: { path } });
}
