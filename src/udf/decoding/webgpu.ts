/** Decoding on a GPU by WebGPU: chunks are sent as they are, a workgroup decodes a block; see wgsl/frames. */
import { GpuArray } from '../../compute/arrays/kernels/webgpu.js';
import { maxBytes } from '../../compute/backends/webgpu/constants.js';
import type { Binding, GpuDevice } from '../../compute/backends/webgpu/device.js';
import type { GpuBuffer } from '../../compute/backends/webgpu/pool.js';
import { damagedBlock, damagedChunk, partsOf } from '../../frames/decoding/blocks.js';
import { blockRow, blockWords, decodePipeline, maxBlocks, mostBlock, undamaged } from '../../frames/decoding/webgpu.js';
import type { DecoderDescriptor, DecoderKernel, DecoderOp } from './contract.js';

/** Bytes of chunks, and of frames that go to the host, in a submission; a larger frame goes alone. */
const chunkBytes = 2 ** 23;

const words = (bytes: number): number => Math.ceil(bytes / 4);
/** The most bytes of a frame in one chunk: blocks that cannot be compressed, and the size of each. */
const mostPacked = (bytes: number): number => Math.ceil(1.1 * bytes) + 1024;

/** The decoding of a device. */
export const decoderOp = (device: GpuDevice): DecoderOp => ({
  supports: (descriptor) => refusal(device, descriptor) ?? true,
  plan: (descriptor) => planDecoder(device, descriptor),
});

function refusal(device: GpuDevice, descriptor: DecoderDescriptor): { readonly why: string } | undefined {
  const { pixels, bytesOfNumber, block, toArray } = descriptor;
  const bytes = pixels * bytesOfNumber;
  const most = mostBlock(device);
  if (block > most)
    return { why: `blocks of ${block} bytes do not fit the memory of a workgroup; the limit is ${most}` };
  if (toArray && bytes % 4 !== 0)
    return { why: `a frame of ${bytes} bytes does not end at a word of 4 bytes, and others follow it in the array` };
  if (mostPacked(bytes) > maxBytes(device))
    return { why: `a frame of ${bytes} bytes; the limit of a buffer is ${maxBytes(device)}` };
  return undefined;
}

/** Frames of a submission: their chunks one after the other, and their blocks. */
class Batch {
  readonly packed: Uint8Array;
  readonly blocks: Uint32Array;
  frames = 0;
  used = 0;
  count = 0;

  constructor(bytes: number, blocks: number) {
    this.packed = new Uint8Array(bytes);
    this.blocks = new Uint32Array(blockWords * blocks);
  }

  clear(): void {
    [this.frames, this.used, this.count] = [0, 0, 0];
  }
}

async function planDecoder(device: GpuDevice, descriptor: DecoderDescriptor): Promise<DecoderKernel> {
  const { pixels, bytesOfNumber, block, toArray } = descriptor;
  const frameBytes = pixels * bytesOfNumber;
  const frameWords = words(frameBytes);
  const room = Math.min(4 * words(Math.max(chunkBytes, mostPacked(frameBytes))), maxBytes(device));
  const most = toArray ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(chunkBytes / (4 * frameWords)));
  const held: GpuBuffer[] = [];
  const hold = async (bytes: number, label: string): Promise<GpuBuffer> => {
    const buffer = await device.buffer(bytes, 'storage', label);
    held.push(buffer);
    return buffer;
  };
  const release = (): void => {
    for (const buffer of held.splice(0)) buffer.release();
  };
  try {
    const packed = await hold(room, 'packed frames');
    const table = await hold(4 * blockWords * maxBlocks, 'blocks of packed frames');
    const damaged = await hold(16, 'the damaged frame');
    const frames = toArray ? undefined : await hold(4 * frameWords * most, 'decoded frames');
    const pipeline = await decodePipeline(device, bytesOfNumber, block);
    const batch = new Batch(room, maxBlocks);

    /** Adds a chunk; false if there is no room for it beside others. Throws `Format`, `Limit`. */
    const take = (chunk: Uint8Array, frame: number): boolean => {
      if (batch.frames > 0 && (batch.frames >= most || batch.used + chunk.length + 4 > room)) return false;
      let { count } = batch;
      for (const part of partsOf(chunk, frameBytes, bytesOfNumber, block)) {
        if (count === maxBlocks && batch.frames > 0) return false;
        if (count === maxBlocks) throw damagedChunk(chunk, frameBytes, 'it has too many blocks');
        const to = (toArray ? frame : batch.frames) * frameWords + part.at / 4;
        batch.blocks.set(blockRow(part, to, batch.used + part.from, frame), blockWords * count++);
      }
      batch.packed.set(chunk, batch.used);
      batch.used += 4 * words(chunk.length);
      batch.count = count;
      batch.frames++;
      return true;
    };
    /** Decodes the batch, whose last frame is the one before `end`. */
    const send = async (chunks: readonly Uint8Array[], out: GpuArray | Uint8Array, end: number): Promise<void> => {
      if (batch.frames === 0) return;
      const to: Binding = out instanceof GpuArray ? out.buffer : (frames as GpuBuffer);
      device.write(packed, batch.packed.subarray(0, batch.used));
      device.write(table, batch.blocks.subarray(0, blockWords * batch.count));
      device.write(damaged, Uint32Array.of(undamaged, 0, 0, 0));
      const bound = device.bind(pipeline, [table, packed, to, damaged]);
      const { frames: decoded, count } = batch;
      const first = end - decoded;
      batch.clear();
      let found = undamaged;
      await device.run(
        (commands) => {
          commands.dispatch(pipeline, bound, count);
          commands.read(damaged, 0, 16);
          if (frames) commands.read(frames, 0, 4 * frameWords * decoded);
        },
        ([state, numbers]) => {
          if (state) found = new DataView(state.buffer, state.byteOffset).getUint32(0, true);
          if (!numbers || out instanceof GpuArray) return;
          for (let f = 0; f < decoded; f++)
            out.set(numbers.subarray(4 * frameWords * f, 4 * frameWords * f + frameBytes), (first + f) * frameBytes);
        },
      );
      if (found !== undamaged) throw damagedChunk(chunks[found] as Uint8Array, frameBytes, damagedBlock);
    };
    return {
      bytes: held.reduce((sum, { bytes }) => sum + bytes, 0),
      takesArrays: true,
      async run({ chunks, out }) {
        const to = out as GpuArray | Uint8Array;
        try {
          for (const [frame, chunk] of chunks.entries()) {
            if (take(chunk, frame)) continue;
            await send(chunks, to, frame);
            take(chunk, frame);
          }
          await send(chunks, to, chunks.length);
        } finally {
          batch.clear();
        }
      },
      dispose: async () => release(),
    };
  } catch (error) {
    release();
    throw error;
  }
}
