/** Frames on their way to a GPU: how many go together, and how they lie there. */
import type { GpuDevice } from '../../../backends/webgpu/device.js';
import type { FrameLayout } from './shaders.js';

/** Bytes of frames of a chunk: enough work for a submission, and few enough that two wait for nothing. */
const chunkBytes = 2 ** 24;
/** A device that is the processor: it answers between chunks. */
const softwareBytes = 2 ** 20;
/** Frames of a chunk at most: 16-bit sums of them fit a word. */
const mostFrames = 4096;

/**
 * Frames of a chunk. What they give is bounded as they are themselves: `resultWords` are the words of a frame that come
 * back, which with thousands of masks are more than its pixels.
 */
export function chunkOf(device: GpuDevice, { frameWords }: FrameLayout, resultWords: number): number {
  const wanted = device.software ? softwareBytes : chunkBytes;
  const fit = Math.floor(Math.min(wanted / frameWords, chunkBytes / Math.max(1, resultWords)) / 4);
  return Math.max(1, Math.min(mostFrames, fit));
}

/** Frames as words, each of them beginning with a word. */
export function asWords(
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
