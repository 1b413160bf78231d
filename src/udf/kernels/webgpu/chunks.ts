/** Transfers frames to a GPU: how many are sent together, and their layout there. */
import type { GpuDevice } from '../../../compute/backends/webgpu/device.js';
import type { FrameLayout } from './shaders.js';

/** Bytes of frames in a chunk: enough work for one submission, and small enough that two chunks overlap. */
const chunkBytes = 2 ** 24;
/** On a software device, which is the CPU itself, chunks are small so that it can respond in between. */
const softwareBytes = 2 ** 20;
/** Maximum number of frames in a chunk, so that sums of 16-bit pixels fit into a word. */
const maxFrames = 4096;

/**
 * Number of frames in a chunk. Results are bounded like the frames themselves: `resultWords` is the number of words per
 * frame that are read back, which with thousands of masks exceeds the number of pixels.
 */
export function chunkOf(device: GpuDevice, { frameWords }: FrameLayout, resultWords: number): number {
  const wanted = device.software ? softwareBytes : chunkBytes;
  const fit = Math.floor(Math.min(wanted / frameWords, chunkBytes / Math.max(1, resultWords)) / 4);
  return Math.max(1, Math.min(maxFrames, fit));
}

/** Frames as words, each frame starting at a word. */
export function packAsWords(
  frames: ArrayBufferView,
  count: number,
  { frameWords, pixels, perWord }: FrameLayout,
): ArrayBufferView {
  if (pixels % perWord === 0) return frames;
  const bytes = new Uint8Array(frames.buffer, frames.byteOffset, frames.byteLength);
  const frameBytes = frames.byteLength / count;
  const padded = new Uint8Array(count * frameWords * 4);
  for (let f = 0; f < count; f++) padded.set(bytes.subarray(f * frameBytes, (f + 1) * frameBytes), f * frameWords * 4);
  return padded;
}
