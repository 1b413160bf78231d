/** Writes the frames of a scan to a .npy file, completely or not at all, with its shape and sync offset applied. */

import { extname } from 'node:path';
import { bytesOfArray, elementBytes } from '../../bytes/dtype.js';
import { openOutput } from '../../frames/files/write.js';
import { writers } from '../../frames/write.js';
import { EwaldError } from '../../util/errors.js';
import { checkSignal } from '../../util/options.js';
import { product } from '../../util/product.js';
import type { ExportOptions } from '../context-options.js';
import { partitionsOf } from '../execution/partitions.js';
import { readRuns } from '../execution/pieces.js';
import { select } from './roi.js';
import type { Scan } from './scan.js';

export async function exportNpy(scan: Scan, path: string, options: ExportOptions): Promise<void> {
  const writer = writers.npy;
  if (extname(path).toLowerCase() !== '.npy' || !writer)
    throw new EwaldError('Argument', `exportDataset writes .npy files; "${path}" must end in .npy`);
  if (scan.live)
    throw new EwaldError(
      'Unsupported',
      `exportDataset writes scans whose frames are there, and those of ${scan.name} arrive; wait until the file is whole, ` +
        'and open it without follow',
    );
  const writing = { force: options.force ?? false, series: [scan.dataset.name] };
  const { nav, sig } = scan.shape;
  const frames = product(nav);
  const { header } = writer({ shape: { nav: nav, sig: sig }, dtype: scan.dtype, frames, meta: {} });
  const output = await openOutput(path, writing);
  const signal = options.signal as AbortSignal | undefined;
  try {
    await output.write(header);
    const parts = partitionsOf(scan, select(undefined, nav), undefined);
    for (const { count, runs, places, index } of parts) {
      checkSignal(signal);
      let bytes: Uint8Array = bytesOfArray(await readRuns(scan.dataset, runs, signal));
      if (places) {
        // Positions without a frame are zero.
        const frameBytes = product(sig) * elementBytes(scan.dtype);
        const all = new Uint8Array(count * frameBytes);
        for (const [i, place] of places.entries())
          all.set(bytes.subarray(i * frameBytes, (i + 1) * frameBytes), place * frameBytes);
        bytes = all;
      }
      await output.write(bytes);
      options.onProgress?.({ done: index + 1, total: parts.length });
    }
    await output.close();
  } catch (error) {
    await output.discard();
    throw error;
  }
}
