/** Frames on a GPU that are sent packed, decoded there and kept: squares of their pixels come back. */
import tilesShader from '../../../../wgsl/frames/tiles.wgsl';
import { withConstants } from '../../../compute/backends/webgpu/constants.js';
import type { GpuDevice } from '../../../compute/backends/webgpu/device.js';
import type { GpuBuffer, Usage } from '../../../compute/backends/webgpu/pool.js';
import { damagedBlock, damagedChunk, partsOf } from '../../../frames/decoding/blocks.js';
import {
  blockRow,
  blockWords,
  decodePipeline,
  maxBlocks,
  mostBlock,
  undamaged,
} from '../../../frames/decoding/webgpu.js';
import { EwaldError } from '../../../util/errors.js';
import { type DeviceFrame, type Frame, tileSide } from '../../contract.js';
import { writeWhole } from './write-whole.js';

/** Blocks that detectors write; the kernel for larger ones leaves room for fewer workgroups. */
const usualBlock = 8192;
const lanes = 64;
const maxAlong = 65535;

/** The frames of a plan. */
export interface FrameSize {
  readonly width: number;
  readonly height: number;
  readonly bytesOfNumber: number;
}

/** A frame on the device. */
export class GpuFrame implements DeviceFrame {
  readonly #device: GpuDevice;
  readonly #size: FrameSize;
  readonly #giveBack: (frame: GpuFrame) => void;
  readonly #pixels: GpuBuffer;
  readonly #damaged: GpuBuffer;
  /** Grow with what is sent and what comes back. */
  readonly #grown = new Map<string, GpuBuffer>();
  #memory = new Uint8Array(0);

  private constructor(
    device: GpuDevice,
    size: FrameSize,
    [pixels, damaged]: readonly GpuBuffer[],
    giveBack: (frame: GpuFrame) => void,
  ) {
    [this.#device, this.#size, this.#giveBack] = [device, size, giveBack];
    [this.#pixels, this.#damaged] = [pixels as GpuBuffer, damaged as GpuBuffer];
  }

  /** Throws `OutOfMemory`. */
  static async open(device: GpuDevice, size: FrameSize, giveBack: (frame: GpuFrame) => void): Promise<GpuFrame> {
    const bytes = size.width * size.height * size.bytesOfNumber;
    const made = await device.buffers(
      { bytes, usage: 'storage', label: 'a decoded frame' },
      { bytes: 16, usage: 'storage', label: 'whether a frame is damaged' },
    );
    return new GpuFrame(device, size, made, giveBack);
  }

  get #frameBytes(): number {
    return this.#size.width * this.#size.height * this.#size.bytesOfNumber;
  }

  get #all(): readonly GpuBuffer[] {
    return [this.#pixels, this.#damaged, ...this.#grown.values()];
  }

  get bytes(): number {
    return this.#all.reduce((sum, { bytes }) => sum + bytes, this.#memory.length);
  }

  memory(bytes: number): Uint8Array {
    // Packed frames of a run differ little.
    if (this.#memory.length < bytes) this.#memory = new Uint8Array(Math.ceil(1.25 * bytes));
    return this.#memory;
  }

  /** A buffer of at least so many bytes; what it held is lost when it grows. */
  async #room(name: string, bytes: number, usage: Usage = 'storage'): Promise<GpuBuffer> {
    const known = this.#grown.get(name);
    if (known && known.bytes >= bytes) return known;
    known?.release();
    this.#grown.delete(name);
    const gpuBuffer = await this.#device.buffer(4 * Math.ceil((1.25 * bytes) / 4), usage, name);
    this.#grown.set(name, gpuBuffer);
    return gpuBuffer;
  }

  /**
   * Sends a chunk; returns a function that decodes it into the frame and copies this to another buffer, ordered with the
   * submissions of the device. Throws `Format`, `Limit` before anything is sent, and `Format` from the promise of that
   * function for damage that only decoding shows.
   */
  async send(chunk: Uint8Array): Promise<(to: GpuBuffer) => Promise<void>> {
    const { bytesOfNumber } = this.#size;
    const frameBytes = this.#frameBytes;
    const rows: number[] = [];
    let largest = usualBlock;
    for (const part of partsOf(chunk, frameBytes, bytesOfNumber, mostBlock(this.#device))) {
      if (rows.length === blockWords * maxBlocks)
        throw new EwaldError('Limit', `a chunk has more than ${maxBlocks} blocks`);
      if (!part.stored && part.bytes > largest) largest = mostBlock(this.#device);
      rows.push(...blockRow(part, part.at / 4, part.from, 0));
    }
    const pipeline = await decodePipeline(this.#device, bytesOfNumber, largest);
    const packed = await this.#room('a packed frame', chunk.length + 4);
    const table = await this.#room('blocks of a packed frame', 4 * rows.length);
    const bound = this.#device.bind(pipeline, [table, packed, this.#pixels, this.#damaged]);
    return async (to) => {
      writeWhole(this.#device, packed, chunk);
      this.#device.write(table, Uint32Array.from(rows));
      this.#device.write(this.#damaged, Uint32Array.of(undamaged, 0, 0, 0));
      let found = undamaged;
      await this.#device.run(
        (commands) => {
          commands.dispatch(pipeline, bound, rows.length / blockWords);
          commands.copy(this.#pixels, to, Math.min(this.#pixels.bytes, to.bytes));
          commands.read(this.#damaged, 0, 16);
        },
        ([state]) => {
          if (state) found = new DataView(state.buffer, state.byteOffset).getUint32(0, true);
        },
      );
      if (found !== undamaged) throw damagedChunk(chunk, frameBytes, damagedBlock);
    };
  }

  async tiles(tiles: Uint32Array, into: Frame): Promise<void> {
    const { width, height, bytesOfNumber } = this.#size;
    const out = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    const tileBytes = tileSide * tileSide * bytesOfNumber;
    if (tiles.length === 0) return;
    // As many bytes as the frame, or more: then all of it.
    if (tiles.length * tileBytes >= this.#frameBytes)
      return this.#device.run(
        (commands) => commands.read(this.#pixels, 0, this.#frameBytes),
        ([bytes]) => bytes && out.set(bytes),
      );
    const constants = { ELEMENT: bytesOfNumber, WIDTH: width, HEIGHT: height, SIDE: tileSide };
    const pipeline = await this.#device.pipeline({ source: withConstants(tilesShader, constants), entry: 'gather' });
    const wanted = await this.#room('tiles of a frame', 4 * tiles.length);
    const squares = await this.#room('pixels of the tiles', tiles.length * tileBytes);
    this.#device.write(wanted, tiles);
    const list = { buffer: wanted, offset: 0, bytes: 4 * tiles.length };
    const bound = this.#device.bind(pipeline, [list, this.#pixels, squares]);
    const groups = Math.ceil((tiles.length * tileBytes) / 4 / lanes);
    const along = Math.min(maxAlong, groups);
    await this.#device.run(
      (commands) => {
        commands.dispatch(pipeline, bound, along, Math.ceil(groups / along));
        commands.read(squares, 0, tiles.length * tileBytes);
      },
      ([bytes]) => bytes && scatter(tiles, bytes, out, this.#size),
    );
  }

  giveBack(): void {
    this.#giveBack(this);
  }

  release(): void {
    for (const buffer of this.#all) buffer.release();
    this.#grown.clear();
    this.#memory = new Uint8Array(0);
  }
}

/** Puts squares into their places in a frame. */
function scatter(
  tiles: Uint32Array,
  squares: Uint8Array,
  out: Uint8Array,
  { width, height, bytesOfNumber }: FrameSize,
): void {
  const across = Math.ceil(width / tileSide);
  const row = tileSide * bytesOfNumber;
  for (const [t, tile] of tiles.entries()) {
    const [x, y] = [(tile % across) * tileSide, Math.floor(tile / across) * tileSide];
    const [columns, rows] = [Math.min(tileSide, width - x), Math.min(tileSide, height - y)];
    for (let r = 0; r < rows; r++) {
      const from = (t * tileSide + r) * row;
      out.set(squares.subarray(from, from + columns * bytesOfNumber), ((y + r) * width + x) * bytesOfNumber);
    }
  }
}

/** The frames that a plan lends. */
export class GpuFrames {
  readonly #device: GpuDevice;
  readonly #size: FrameSize;
  readonly #made = new Set<GpuFrame>();
  readonly #free: GpuFrame[] = [];
  #isOver = false;

  constructor(device: GpuDevice, size: FrameSize) {
    [this.#device, this.#size] = [device, size];
  }

  get bytes(): number {
    return [...this.#made].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Throws `OutOfMemory`. */
  async hold(): Promise<GpuFrame> {
    const known = this.#free.pop();
    if (known) return known;
    const frame = await GpuFrame.open(this.#device, this.#size, (back) => this.#lend(back));
    if (this.#isOver) frame.release();
    else this.#made.add(frame);
    return frame;
  }

  #lend(frame: GpuFrame): void {
    if (this.#isOver) frame.release();
    else this.#free.push(frame);
  }

  /** Those that are lent end when they are given back. */
  release(): void {
    this.#isOver = true;
    for (const frame of this.#free.splice(0)) frame.release();
    this.#made.clear();
  }
}
