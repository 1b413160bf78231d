/**
 * Long uploads through staging buffers that stay mapped between uses. A `writeBuffer` takes new memory for each call,
 * whose pages the system must first provide: 8 MiB went to an NVIDIA H200 at 3.2 GB/s by it, and at 13.8 GB/s this way.
 */

/** Bytes below which `writeBuffer` is used. */
export const minUpload = 2 ** 20;
const pieceBytes = 4 * 2 ** 20;
/** Four frames of 4 Mpixel in flight need eight; with four of them, all but one frame took the slow way on an H100. */
const maxPieces = 16;
/** MAP_WRITE and COPY_SRC; the values are the specification's, so that no global is needed. */
const stagingUsage = 0x02 | 0x04;
const writing = 0x02;

/** The staging buffers of one device. */
export class Uploads {
  readonly #device: GPUDevice;
  readonly #all = new Set<GPUBuffer>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Copies data to a buffer before every following submission; returns the bytes for which there was a piece. */
  copy(to: GPUBuffer, offset: number, data: Uint8Array): number {
    let done = 0;
    let encoder: GPUCommandEncoder | undefined;
    const used: GPUBuffer[] = [];
    while (done < data.length) {
      const piece = this.#take();
      if (!piece) break;
      const bytes = Math.min(pieceBytes, data.length - done);
      new Uint8Array(piece.getMappedRange(0, bytes)).set(data.subarray(done, done + bytes));
      piece.unmap();
      encoder ??= this.#device.createCommandEncoder();
      encoder.copyBufferToBuffer(piece, 0, to, offset + done, bytes);
      used.push(piece);
      done += bytes;
    }
    if (encoder) this.#device.queue.submit([encoder.finish()]);
    for (const piece of used) piece.mapAsync(writing).catch(() => this.#drop(piece));
    return done;
  }

  /** Frees all pieces, also those whose copies are under way: the queue finishes these. */
  trim(): void {
    for (const piece of this.#all) this.#drop(piece);
  }

  /** A piece that is mapped, and so waits for data. */
  #take(): GPUBuffer | undefined {
    const free = [...this.#all].find(({ mapState }) => mapState === 'mapped');
    if (free || this.#all.size === maxPieces) return free;
    try {
      const piece = this.#device.createBuffer({ size: pieceBytes, usage: stagingUsage, mappedAtCreation: true });
      this.#all.add(piece);
      return piece;
    } catch {
      // No memory to map.
      return undefined;
    }
  }

  #drop(piece: GPUBuffer): void {
    this.#all.delete(piece);
    piece.destroy();
  }
}
