/** The kernel that decodes blocks of bitshuffle and LZ4 by WebGPU, and its table of blocks; see wgsl/frames. */
import decode from '../../../wgsl/frames/decode.wgsl';
import { withConstants } from '../../compute/backends/webgpu/constants.js';
import type { GpuDevice } from '../../compute/backends/webgpu/device.js';
import type { ChunkPart } from './blocks.js';

/** Blocks of a dispatch, and words of a `Block` of the shader. */
export const maxBlocks = 65535;
export const blockWords = 6;
/** What the shader leaves where no block is damaged. */
export const undamaged = 0xffffffff;

/** The largest blocks that the memory of a workgroup holds. */
export const mostBlock = ({ limits }: GpuDevice): number => limits.maxComputeWorkgroupStorageSize ?? 16384;

/** The kernel for numbers of so many bytes and blocks of at most `block` bytes; compiled once per device. */
export const decodePipeline = (device: GpuDevice, bytesOfNumber: number, block: number): Promise<GPUComputePipeline> =>
  device.pipeline({
    source: withConstants(decode, { ELEMENT: bytesOfNumber, WORDS: Math.ceil(block / 4) }),
    entry: 'decode',
  });

/** A row of the table: the word where the numbers go, the byte where the packed data are, the number of the frame. */
export const blockRow = ({ packed, bytes, stored }: ChunkPart, to: number, from: number, frame: number): number[] => [
  ...[to, from, packed, bytes, frame],
  stored ? 1 : 0,
];
