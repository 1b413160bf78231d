/** Peaks listed in the file of the frames, used instead of a search. */

import { maskedBin } from '../../compute/layout/peaks.js';
import type { Dataset } from '../../frames/dataset.js';
import type { Detector } from '../../frames/detector/detector.js';
import type { PeakList } from '../../peaks/peak-list.js';
import type { Rings } from '../../peaks/rings.js';
import { EwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import type { SearchParameters } from '../parameter-types.js';
import { isList } from '../parameters.js';

/** Where the list of peaks is, and how its peaks are used. */
interface ListedSettings {
  /** Group (CXI's columns) or table (fs, ss, intensity) of the file; default: the first group with CXI's columns. */
  readonly path?: string;
  /** Adds half a pixel, since CXI counts from the centre of the first pixel and CrystFEL adds it; default true. */
  readonly halfPixel?: boolean;
  /** Skips peaks on pixels that are bad or beyond the radii of the search, as CrystFEL does; default true. */
  readonly validate?: boolean;
  /** Whose peaks they are, which the stream of the run states. */
  readonly of?: 'stream' | undefined;
}

/** Where CrystFEL looks for a table. */
const usualTable = '/processing/hitfinder/peakinfo';

/** How peaks are taken from a list; undefined if the frames are searched for them. */
export function listedOf(settings: SearchParameters): ListedSettings | undefined {
  const { finder = 'peakfinder8', halfPixelShift = true, revalidate = true } = settings;
  if (!isList(finder)) return undefined;
  const path = settings.hdf5Peaks ?? (finder === 'hdf5' ? usualTable : undefined);
  return {
    ...(path === undefined ? {} : { path }),
    halfPixel: halfPixelShift,
    validate: revalidate,
    ...(finder === 'stream' && { of: finder }),
  };
}

/**
 * The peaks that a file lists for a frame. Peaks between the panels are skipped, since their position is undefined.
 *
 * Throws `Format` if the file has no list, or a list of another detector.
 */
export async function listedPeaks(
  dataset: Dataset,
  frame: number,
  { geometry, width, height }: Detector,
  rings: Rings,
  { path, halfPixel, validate = true, of }: ListedSettings,
  signal: PlatformSignal | undefined,
): Promise<PeakList> {
  if (!dataset.peaks)
    throw new EwaldError('Format', `${dataset.name} is of a format (${dataset.format}) that lists no peaks`);
  const { fs, ss, intensity, of: sender = of } = await dataset.peaks(frame, 1, { path, halfPixel, signal });
  const taken: number[] = [];
  const panels: number[] = [];
  for (let i = 0; i < fs.length; i++) {
    const [x, y] = [fs[i] as number, ss[i] as number];
    if (!(x >= 0 && x <= width && y >= 0 && y <= height))
      throw new EwaldError(
        'Format',
        `${dataset.name}: peak ${i} of frame ${frame} is at ${x}, ${y}; a frame has ${width} x ${height} pixels`,
        { detail: { frame, peak: i } },
      );
    // A peak may be exactly on the far edge.
    const [column, row] = [Math.min(width - 1, Math.floor(x)), Math.min(height - 1, Math.floor(y))];
    const panel = geometry.panels.findIndex(
      ({ minFs, maxFs, minSs, maxSs }) => column >= minFs && column <= maxFs && row >= minSs && row <= maxSs,
    );
    if (panel < 0 || (validate && rings.bins[row * width + column] === maskedBin)) continue;
    taken.push(i);
    panels.push(panel);
  }
  const some = (of: Float32Array | undefined) => Float32Array.from(taken, (i) => of?.[i] ?? 0);
  const nothing = new Float32Array(taken.length);
  return {
    count: taken.length,
    fs: some(fs),
    ss: some(ss),
    intensity: some(intensity),
    maximum: nothing,
    snr: nothing,
    background: nothing,
    pixels: new Uint32Array(taken.length),
    panel: Uint32Array.from(panels),
    rings: undefined,
    ...(of && { of: sender }),
  };
}
