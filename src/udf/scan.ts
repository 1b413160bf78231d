/** A stack of frames as a scan: its shape, the position of each frame, and how another worker opens it. */

import { EwaldError } from '../base/errors.js';
import type { PlatformBlob } from '../base/globals.js';
import type { Dataset } from '../data/dataset.js';
import type { DataType, FrameArray } from '../data/dtype.js';
import { type MemoryOptions, memoryDataset } from '../data/formats/memory.js';
import type { OpenOptions } from '../data/open.js';
import { checkShape, fitting } from '../data/shapes.js';
import type { Acquisition } from './acquisition/acquisition.js';
import { product } from './dtypes.js';

/** Options of `Context.load`: those of `open` of ewald/data, and the layout of the scan in the file. */
export interface LoadOptions extends OpenOptions {
  /**
   * Frame of the file at the first scan position; if negative, that many positions have no frame. Default 0. If given,
   * the scan may differ from the file in size: surplus frames are ignored, positions without a frame stay zero.
   */
  readonly syncOffset?: number | undefined;
}

/** How frames of the file correspond to positions of the scan. */
export interface SyncInfo {
  readonly syncOffset: number;
  readonly framesSkippedStart: number;
  readonly framesIgnoredEnd: number;
  readonly framesInsertedStart: number;
  readonly framesInsertedEnd: number;
}

/** The information that a worker requires to open the scan by itself. */
export type ScanSource =
  | { readonly path: string; readonly options: OpenOptions }
  | { readonly url: string; readonly options: OpenOptions }
  | { readonly blob: PlatformBlob; readonly options: OpenOptions };

/** Frames of a scan, created by `Context.load` and disposed by the caller. */
export interface Scan {
  readonly name: string;
  readonly format: string;
  readonly shape: { readonly nav: readonly number[]; readonly sig: readonly number[] };
  readonly dtype: DataType;
  /** Number of frames in the file. */
  readonly imageCount: number;
  readonly sync: SyncInfo;
  /** The open file. */
  readonly dataset: Dataset;
  /** How workers open it themselves; absent if its frames are sent to them. */
  readonly source: ScanSource | undefined;
  /** The acquisition of a live scan, whose frames are still arriving. */
  readonly live?: Acquisition;
  dispose(): Promise<void>;
}

/** The frames of the file that a scan of `positions` omits, and the positions without a frame. Throws `Argument`. */
export function syncInfo(positions: number, imageCount: number, syncOffset: number): SyncInfo {
  if (!Number.isInteger(syncOffset) || Math.abs(syncOffset) >= imageCount)
    throw new EwaldError(
      'Argument',
      `syncOffset is ${syncOffset}; expected a whole number between -${imageCount} and ${imageCount}, the ` +
        'number of frames',
    );
  const most = (n: number): number => Math.max(0, n);
  return {
    syncOffset,
    framesSkippedStart: most(syncOffset),
    framesIgnoredEnd: most(imageCount - positions - syncOffset),
    framesInsertedStart: most(-syncOffset),
    framesInsertedEnd: most(positions - imageCount + syncOffset),
  };
}

/** A scan over an open dataset, of which it takes ownership. Throws `Shape`, `Argument`. */
export function scanOf(
  dataset: Dataset,
  { navShape, syncOffset }: Pick<LoadOptions, 'navShape' | 'syncOffset'>,
  source?: ScanSource,
): Scan {
  const nav = navShape ? [...checkShape('navShape', navShape)] : [...dataset.shape.navigation];
  const positions = product(nav);
  if (positions !== dataset.frames && syncOffset === undefined)
    throw new EwaldError(
      'Shape',
      `${dataset.name} holds ${dataset.frames} frames; navShape ${nav.join(' × ')} would need ${positions}. ` +
        'Shapes that fit: ' +
        `${fitting(dataset.frames)}; with a syncOffset (even 0) other sizes are accepted`,
      { detail: { frames: dataset.frames, navShape: nav } },
    );
  return {
    name: dataset.name,
    format: dataset.format,
    shape: { nav, sig: dataset.shape.signal },
    dtype: dataset.dtype,
    imageCount: dataset.frames,
    sync: syncInfo(positions, dataset.frames, syncOffset ?? 0),
    dataset,
    source,
    dispose: () => dataset.dispose(),
  };
}

/** A scan over frames in memory, [...navShape, ...sigShape]; nothing is copied. Throws `Shape`, `Argument`. */
export function scanOfMemory(data: FrameArray, options: MemoryOptions & Pick<LoadOptions, 'syncOffset'>): Scan {
  const { syncOffset, navShape, ...rest } = options;
  return scanOf(memoryDataset(data, syncOffset === undefined && navShape ? { ...rest, navShape } : rest), {
    navShape,
    syncOffset,
  });
}
