/** An acquisition as a scan, which a run processes like a stored one. */

import type { Dataset, Note } from '../../frames/dataset.js';
import { EwaldError } from '../../util/errors.js';
import { product } from '../../util/product.js';
import { type Scan, syncInfo } from '../scans/scan.js';
import type { Acquisition } from './acquisition.js';

/** A scan whose frames are still arriving. */
export interface LiveScan extends Scan {
  readonly live: Acquisition;
}

/** An acquisition as a scan. Throws `Argument`. */
export function liveScan(
  acquisition: Acquisition,
  format: string,
  frames: number,
  notes: readonly Note[] = [],
): LiveScan {
  const { name, navShape, syncOffset, format: pixels } = acquisition;
  return {
    name,
    format,
    shape: { nav: navShape, sig: pixels.signal },
    dtype: pixels.dtype,
    imageCount: frames,
    sync: syncInfo(product(navShape), frames, syncOffset),
    dataset: unreadable(acquisition, format, frames),
    notes,
    resident: async () => {
      throw new EwaldError('Unsupported', `the frames of ${name} are still arriving; a live scan cannot be resident`);
    },
    source: undefined,
    live: acquisition,
    dispose: async () => acquisition.stop(),
  };
}

/** The dataset of a live scan: everything but frames. */
function unreadable({ name, format: { dtype, signal, meta } }: Acquisition, format: string, frames: number): Dataset {
  const refuse = (): never => {
    throw new EwaldError(
      'Unsupported',
      `the frames of ${name} can only be read by a run, while they arrive; write them to a file to read them again`,
    );
  };
  return {
    format,
    name,
    shape: { nav: [frames], sig: signal },
    dtype,
    frames,
    frameLength: product(signal),
    meta,
    notes: [],
    arrays: [],
    sizes: [],
    filters: [],
    chunkFrames: 1,
    partitions: refuse,
    read: async () => refuse(),
    dispose: async () => undefined,
  };
}
