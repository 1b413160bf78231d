/**
 * Writes the frames of a scan to a .npy file while a run processes them, as LiberTEM-live's RecordUDF does.
 *
 * Frames of a live scan cannot be read again. They are written as NAME.npy.part, whose header counts them as they come,
 * so that what a killed run leaves is a series that can be read. The next recording of that name mentions it, and
 * leaves it where it is.
 */

import { open, readdir } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { bytesOfArray, elementBytes, type FrameArray } from '../../bytes/dtype.js';
import { followed } from '../../frames/files/names.js';
import { openOutput } from '../../frames/files/write.js';
import { npyHeader } from '../../frames/npy.js';
import { writers } from '../../frames/write.js';
import { counted } from '../../util/amounts.js';
import { EwaldError } from '../../util/errors.js';
import { product } from '../../util/product.js';
import type { RecordOptions } from '../context-options.js';
import type { FrameRecorder } from './record.js';
import type { Scan } from './scan.js';

/** More than the header of a recording has. */
const headerBytes = 4096;

/** A header of exactly `length` bytes, so that it can replace another one. */
function padded(header: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length).fill(0x20);
  out.set(header.subarray(0, -1));
  out[length - 1] = 0x0a;
  new DataView(out.buffer).setUint16(8, length - 10, true);
  return out;
}

/** What killed runs left of a recording: "scan.npy.part has 57 frames of an earlier run …". */
async function recordingsLeft(file: string): Promise<string[]> {
  const target = await followed(file);
  const names = await readdir(dirname(target)).catch(() => []);
  const parts = names.filter((name) => name.startsWith(`${basename(target)}.part`));
  const said: string[] = [];
  for (const name of parts.sort()) {
    const path = join(dirname(target), name);
    const frames = await framesOf(path);
    if (frames)
      said.push(`${path} has ${frames} frames of an earlier run that did not end by itself; it is left as it is`);
  }
  return said;
}

/** The frames that the header of a recording counts, its first axis; 0 for other files. */
async function framesOf(path: string): Promise<number> {
  try {
    const handle = await open(path);
    try {
      const { size } = await handle.stat();
      const { buffer, bytesRead } = await handle.read(new Uint8Array(headerBytes), 0, headerBytes, 0);
      return npyHeader(buffer.subarray(0, bytesRead), size, path).shape[0] ?? 0;
    } finally {
      await handle.close();
    }
  } catch {
    return 0;
  }
}

/**
 * Opens the file; `tell` receives what killed runs left under its name. Throws `Argument` for another ending, for a pipe, and for a file that must not be replaced, `File`
 * for errors of the system.
 */
export async function recordNpy(
  scan: Scan,
  { file, force = false }: RecordOptions,
  tell: (text: string) => void,
): Promise<FrameRecorder> {
  const writer = writers.npy;
  if (extname(file).toLowerCase() !== '.npy' || !writer)
    throw new EwaldError('Argument', `record writes .npy files; "${file}" must end in .npy`);
  const { nav, sig } = scan.shape;
  const positions = product(nav);
  const headerFor = (navigation: readonly number[]): Uint8Array =>
    writer({ shape: { nav: navigation, sig: sig }, dtype: scan.dtype, frames: product(navigation), meta: {} }).header;
  const header = headerFor(nav);
  const frameBytes = product(sig) * elementBytes(scan.dtype);
  const isLive = scan.live !== undefined;
  const left = isLive ? await recordingsLeft(file) : [];
  const output = await openOutput(file, { force, series: [scan.name], leavesPart: isLive });
  for (const text of left) tell(text);
  const { patch } = output;
  if (!patch) {
    await output.discard();
    throw new EwaldError('Argument', `record: ${file} is not a regular file; frames are written at their positions`);
  }
  /** Writes the header of a series of this many frames. */
  const count = (frames: number): Promise<void> => patch.call(output, 0, padded(headerFor([frames]), header.length));
  await output.write(header);
  if (isLive) await count(0);
  /** Index after the last position with a frame, and which positions have one. */
  let end = 0;
  const isThere = new Uint8Array(positions);
  let isOpen = true;
  return {
    async write(places, frames: FrameArray) {
      if (!isOpen) return;
      // An output that cannot be written has ended.
      isOpen = false;
      const bytes = bytesOfArray(frames);
      for (let first = 0; first < places.length; ) {
        let last = first + 1;
        while (last < places.length && places[last] === (places[last - 1] as number) + 1) last++;
        const at = header.length + (places[first] as number) * frameBytes;
        await patch.call(output, at, bytes.subarray(first * frameBytes, last * frameBytes));
        const next = (places[last - 1] as number) + 1;
        isThere.fill(1, places[first], next);
        end = Math.max(end, next);
        first = last;
      }
      // After the frames: the header never counts frames that are not in the file.
      if (isLive) await count(end);
      isOpen = true;
    },
    async finish() {
      if (!isOpen) return;
      if (end === 0 && positions > 0) return output.discard();
      const without = isThere.subarray(0, end).reduce((sum, there) => sum + 1 - there, 0);
      if (without > 0)
        tell(
          `${file}: ${counted(without, 'position')} of ${end} have no frame, the first ${isThere.indexOf(0)}; the file has ` +
            'zeros there, which a later run takes for a measurement: leave them out with a region (roi)',
        );
      if (end < positions) await count(end);
      else if (isLive) await patch.call(output, 0, header);
      await output.close();
    },
    discard: () => output.discard(),
  };
}
