/**
 * Frames that are shown as they arrive, without a run that searches them: new files of folders, frames that are added
 * to files, and frames received from a detector. The server only finds out where they are; the page reads and searches
 * those that it shows.
 */
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { formatGeometry } from '../crystal/geometry/write.js';
import type { Dataset } from '../frames/dataset.js';
import { geometryFromFile } from '../frames/detector/from-file.js';
import type { ShownPanes } from '../merging/shown-panes.js';
import { inShell } from '../options/shell-words.js';
import { sizeOf } from '../pipeline/chip/grid.js';
import { placeOf } from '../pipeline/grid/frame-grid.js';
import { liveImage } from '../pipeline/grid/grid-lines.js';
import type { GridOptions } from '../pipeline/grid/grid-options.js';
import { runGrid } from '../pipeline/grid/run-grid.js';
import { givenCells, givenGeometry } from '../pipeline/inputs/given.js';
import { givenInputs } from '../pipeline/inputs/inputs.js';
import { runPlace } from '../pipeline/inputs/place.node.js';
import type { ViewedRun } from '../pipeline/sinks/run-view.js';
import { FileSource } from '../pipeline/sources/files.js';
import { everyFrame } from '../pipeline/sources/selection.js';
import type { LiveInput, RunSource, SourceOptions } from '../pipeline/sources/source.js';
import type { FrameOrigin } from '../pipeline/streams/chunk.js';
import { EwaldError, isEwaldError, messageOf } from '../util/errors.js';
import { fileReason } from '../util/file-errors.js';
import type { LiveRun } from './live-run.js';

/** Frames that arrive, and how they are described to the page. */
interface ArrivingOptions {
  /** Paths of files and folders, or the only source of received frames. */
  readonly inputs: readonly string[] | LiveInput;
  readonly geometry: string | undefined;
  readonly cell: string | undefined;
  /** Dataset of HDF5 files; undefined for the geometry's, or the file's own choice. */
  readonly dataset: string | undefined;
  /** Whether frames that are added later are shown, too. */
  readonly follow: boolean;
  /** Where the images are on a chip. */
  readonly grid: Pick<GridOptions, 'grid' | 'gridFile'>;
  readonly warn: (text: string) => void;
}

/** Frames that are being followed. */
export interface Arriving {
  /** Resolves when there are no more frames; rejects if they cannot be read. */
  readonly done: Promise<void>;
  /** Ends it. */
  close(): Promise<void>;
}

/** Interval at which the event loop gets a turn while many frames are listed, in frames. */
const turnFrames = 256;

/**
 * Starts to report frames to the pages of `live`. Throws `File`, `Format`, `Argument` for inputs that cannot be used;
 * files that are followed may not exist yet, but their folders do.
 */
export async function followArriving(live: LiveRun, options: ArrivingOptions): Promise<Arriving> {
  const { inputs, cell, warn, follow } = options;
  if (isPaths(inputs) && follow) for (const path of inputs) await checkFolder(path);
  const geometry = await givenGeometry(options.geometry, runPlace);
  for (const warning of geometry?.geometry.warnings ?? []) warn(`${geometry?.name}: ${warning}`);
  const cells = (await givenCells(cell === undefined ? [] : [cell], runPlace)) ?? [];
  const given = await givenInputs(isPaths(inputs) ? [...inputs] : inputs, runPlace);
  if (given.kind === 'stream') throw new EwaldError('Argument', 'a stream is shown alone, without other files');
  const { dataset } = options;
  const ending = new AbortController();
  const reading: SourceOptions = {
    geometry: geometry?.geometry,
    dataset,
    serialStart: 1,
    copyHeader: [],
    shown: false,
    viewed: false,
    signal: ending.signal,
    warn,
    waiting: (error) => live.note(messageOf(error)),
  };
  const open = (): Promise<RunSource> =>
    given.kind === 'live'
      ? given.input.openLive(reading)
      : FileSource.open(runPlace, {
          ...reading,
          wanted: given.wanted,
          siblings: given.siblings,
          selection: everyFrame,
          follow: follow ? Number.POSITIVE_INFINITY : undefined,
        });
  const run: Omit<ViewedRun, 'size'> = {
    name: isPaths(inputs) ? (inputs[0] ?? '') : inputs.address,
    geometry: geometry?.text ?? '',
    dataset,
    cells,
    peaks: undefined,
    total: undefined,
    received: given.kind === 'live' ? () => undefined : undefined,
    panes: () => ({ more: searchOf(options) }),
  };
  live.expect();
  const opening = open();
  // Files that should be there are missed at once; those that are followed may come later.
  if (given.kind === 'frames' && !follow) await opening;
  const done = report(live, { run, grid: options.grid }, opening, ending.signal);
  // The caller may never look at it.
  done.catch(() => undefined);
  return {
    done,
    async close() {
      ending.abort();
      await done.catch(() => undefined);
    },
  };
}

/** What a run would show of these frames, which are not searched here, and its command. */
function searchOf({ inputs, geometry, cell, follow, grid }: ArrivingOptions): ShownPanes['more'] {
  const source = isPaths(inputs) ? [...inputs, ...(follow ? ['--follow'] : [])] : (inputs.flags ?? [inputs.address]);
  const given = Object.entries({ '-g': geometry, '-p': cell, '--grid': grid.grid, '--grid-file': grid.gridFile });
  const words = given.flatMap(([flag, value]) => (typeof value === 'string' ? [flag, value] : []));
  const isPulled = source.includes('--zmq-pull');
  return {
    text:
      'These frames are shown as they arrive; nothing has searched them. A run finds hits, crystals and their ' +
      'resolution, draws the radial profile and, if you ask for them, regions, alarms and whether there is enough ' +
      `(--roi, --alarm, --wanted).${isPulled ? ' End this viewer first: a frame that is pulled reaches one program only.' : ''}`,
    command: ['ewald', 'index', ...source, ...words, '-o', 'run.stream', '--radial-profile', '--view']
      .map(inShell)
      .join(' '),
  };
}

const isPaths = (inputs: ArrivingOptions['inputs']): inputs is readonly string[] => Array.isArray(inputs);

async function report(
  live: LiveRun,
  { run, grid }: { readonly run: Omit<ViewedRun, 'size'>; readonly grid: ArrivingOptions['grid'] },
  opening: Promise<RunSource>,
  signal: AbortSignal,
): Promise<void> {
  try {
    const source = await opening;
    try {
      const { sig: axes } = source.first.shape;
      const width = axes.at(-1) ?? 1;
      const chip = await runGrid(grid, source, runPlace);
      const wells = chip && { wells: sizeOf(chip.grid), placeOf: (origin: FrameOrigin) => placeOf(chip, origin) };
      // A page does not see what a detector states about itself.
      const geometry = run.geometry || (run.received ? statedGeometry(source.first) : '');
      live.begin({
        ...run,
        ...wells,
        geometry,
        size: [width, axes.slice(0, -1).reduce((product, n) => product * n, 1)],
      });
      let count = 0;
      for await (const { file, filename, frames, serials, live: received } of source.tasks(1, () => false)) {
        const [one] = received ?? [];
        const numbered = one ? liveImage(one) : {};
        const origin = { filename: one ? filename : file, event: frames[0], serial: serials[0] ?? 0, ...numbered };
        if (one && 'error' in one) live.unreadable(origin, one.error);
        else live.arrive(origin, one);
        if (++count % turnFrames === 0) await new Promise((turn) => setImmediate(turn));
      }
    } finally {
      await source.close();
    }
    // When the viewer is closed, its pages see that the server is gone.
    if (!signal.aborted) live.finish('ended');
  } catch (error) {
    // The end of the viewer is not an error.
    if (signal.aborted && isEwaldError(error)) return;
    live.finish('stopped', messageOf(error));
    throw error;
  }
}

/** The geometry that received frames state; empty if they do not. */
function statedGeometry(first: Dataset): string {
  try {
    return formatGeometry(geometryFromFile(first));
  } catch (error) {
    if (isEwaldError(error)) return '';
    throw error;
  }
}

/** A file that is followed may not exist yet; a misspelled folder would be waited for without end. */
async function checkFolder(path: string): Promise<void> {
  const folder = dirname(resolve(path));
  const stats = await stat(folder).catch((cause: NodeJS.ErrnoException) => {
    throw new EwaldError('File', `${path}: its folder: ${fileReason(cause)}`, { cause, detail: { path } });
  });
  if (!stats.isDirectory()) throw new EwaldError('File', `${path}: ${folder} is not a folder`, { detail: { path } });
}
