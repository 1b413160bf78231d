/** Writes the frames of a scan to a .npy file while a run processes them, as LiberTEM-live's RecordUDF does. */

import { extname } from 'node:path';
import { EwaldError } from '../../base/errors.js';
import { product } from '../../base/product.js';
import { bytesOfArray, elementBytes, type FrameArray } from '../../io/data/dtype.js';
import { writers } from '../../io/data/write.js';
import { openOutput } from '../../io/files/write.js';
import type { RecordOptions } from '../context-options.js';
import type { FrameRecorder } from './record.js';
import type { Scan } from './scan.js';

/** A header of exactly `length` bytes, so that it can replace another one. */
function padded(header: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length).fill(0x20);
  out.set(header.subarray(0, -1));
  out[length - 1] = 0x0a;
  new DataView(out.buffer).setUint16(8, length - 10, true);
  return out;
}

/**
 * Opens the file. Throws `Argument` for another ending, for a pipe, and for a file that must not be replaced, `File`
 * for errors of the system.
 */
export async function recordNpy(scan: Scan, { file, force = false }: RecordOptions): Promise<FrameRecorder> {
  const writer = writers.npy;
  if (extname(file).toLowerCase() !== '.npy' || !writer)
    throw new EwaldError('Argument', `record writes .npy files; "${file}" must end in .npy`);
  const { nav, sig } = scan.shape;
  const positions = product(nav);
  const headerFor = (navigation: readonly number[]): Uint8Array =>
    writer({ shape: { nav: navigation, sig: sig }, dtype: scan.dtype, frames: product(navigation), meta: {} }).header;
  const header = headerFor(nav);
  const frameBytes = product(sig) * elementBytes(scan.dtype);
  const output = await openOutput(file, { force, series: [scan.name] });
  const { patch } = output;
  if (!patch) {
    await output.discard();
    throw new EwaldError('Argument', `record: ${file} is not a regular file; frames are written at their positions`);
  }
  await output.write(header);
  /** Index after the last position with a frame. */
  let end = 0;
  let isOpen = true;
  return {
    async write(places, frames: FrameArray) {
      if (!isOpen) return;
      // An output that cannot be written is removed.
      isOpen = false;
      const bytes = bytesOfArray(frames);
      for (let first = 0; first < places.length; ) {
        let last = first + 1;
        while (last < places.length && places[last] === (places[last - 1] as number) + 1) last++;
        const at = header.length + (places[first] as number) * frameBytes;
        await patch.call(output, at, bytes.subarray(first * frameBytes, last * frameBytes));
        end = Math.max(end, (places[last - 1] as number) + 1);
        first = last;
      }
      isOpen = true;
    },
    async finish() {
      if (!isOpen) return;
      if (end === 0 && positions > 0) return output.discard();
      if (end < positions) await patch.call(output, 0, padded(headerFor([end]), header.length));
      await output.close();
    },
    discard: () => output.discard(),
  };
}
