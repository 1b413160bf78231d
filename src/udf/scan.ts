/** A stack of frames as a scan: its shape, which frame of the file lies at which position, and how another worker opens it. */

import { EwaldError } from '../base/errors.js';
import type { PlatformBlob } from '../base/globals.js';
import type { Dataset } from '../data/dataset.js';
import type { DataType, FrameArray } from '../data/dtype.js';
import { type MemoryOptions, memoryDataset } from '../data/formats/memory.js';
import type { OpenOptions } from '../data/open.js';
import { checkShape, fitting } from '../data/shapes.js';
import { product } from './dtypes.js';

/** Options of `Context.load`: those of `open` of ewald/data, and how the scan lies in the file. */
export interface LoadOptions extends OpenOptions {
  /**
   * The first scan position is this frame of the file; negative: so many positions have no frame. Default 0. Given, the scan
   * may have other sizes than the file: frames beyond it are ignored, positions without a frame stay zero.
   */
  readonly syncOffset?: number | undefined;
}

/** How frames of the file and positions of the scan lie to each other. */
export interface SyncInfo {
  readonly syncOffset: number;
  readonly framesSkippedStart: number;
  readonly framesIgnoredEnd: number;
  readonly framesInsertedStart: number;
  readonly framesInsertedEnd: number;
}

/** What a worker needs to open the scan by itself. */
export type ScanSource =
  | { readonly path: string; readonly options: OpenOptions }
  | { readonly url: string; readonly options: OpenOptions }
  | { readonly blob: PlatformBlob; readonly options: OpenOptions };

/** Frames of a scan; `Context.load` makes it, whoever loads disposes. */
export interface Scan {
  readonly name: string;
  readonly format: string;
  readonly shape: { readonly nav: readonly number[]; readonly sig: readonly number[] };
  readonly dtype: DataType;
  /** Frames in the file. */
  readonly imageCount: number;
  readonly sync: SyncInfo;
  /** The open file. */
  readonly dataset: Dataset;
  /** How workers open it themselves; absent where its frames are sent to them. */
  readonly source: ScanSource | undefined;
  dispose(): Promise<void>;
}

/** The frames of the file that a scan of `positions` leaves out, and the positions that get none. Throws `Argument`. */
export function syncInfo(positions: number, imageCount: number, syncOffset: number): SyncInfo {
  if (!Number.isInteger(syncOffset) || Math.abs(syncOffset) >= imageCount)
    throw new EwaldError(
      'Argument',
      `syncOffset is ${syncOffset}; expected a whole number between -${imageCount} and ${imageCount}, the frames there are`,
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

/** A scan over an open dataset, which it then owns. Throws `Shape`, `Argument`. */
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
      `${dataset.name} holds ${dataset.frames} frames; navShape ${nav.join(' × ')} would need ${positions}. These would fit: ` +
        `${fitting(dataset.frames)}; with a syncOffset (0, too) other sizes are taken`,
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
