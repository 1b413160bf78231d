/** Peaks on CUDA: a frame is uploaded and its peaks are read back, off the main thread; see cuda/peaks. */

import type { CudaHost } from '../../compute/backends/cuda/host.js';
import type { DeviceFrame, Frame, PeaksDescriptor, PeaksKernel, PeaksOp } from '../contract.js';
import { checkBlobRoom } from './blob-room.js';

/** The addon's peak finders; see cuda/addon. */
interface PeaksAddon {
  pinnedMemory(context: object, bytes: number): ArrayBuffer | undefined;
  peaksCreate(context: object, descriptor: Uint8Array, panels: Uint8Array, bins: Uint16Array): Promise<object>;
  peaksBytes(peaks: object): { readonly device: number; readonly host: number };
  peaksRun(
    peaks: object,
    params: Uint8Array,
    frame: ArrayBufferView,
    bad: Uint8Array | null,
    limits: Float32Array | null,
    sums: Float64Array | null,
  ): Promise<Uint8Array>;
  peaksDestroy(peaks: object): void;
  frameCreate(context: object, peaks: object): Promise<object>;
  frameBytes(frame: object): { readonly device: number; readonly host: number };
  frameSearch(
    frame: object,
    peaks: object,
    chunk: Uint8Array,
    params: Uint8Array,
    limits: Float32Array | null,
    sums: Float64Array | null,
  ): Promise<Uint8Array>;
  frameTiles(frame: object, tiles: Uint32Array, into: ArrayBufferView): Promise<void>;
  frameDestroy(frame: object): void;
}

/** A frame on the card. */
class CardFrame implements DeviceFrame {
  readonly frame: object;
  readonly #host: CudaHost;
  readonly #giveBack: (frame: CardFrame) => void;
  #memory: Uint8Array = new Uint8Array(0);
  #held = 0;

  constructor(host: CudaHost, frame: object, giveBack: (frame: CardFrame) => void) {
    [this.#host, this.frame, this.#giveBack] = [host, frame, giveBack];
    this.count();
  }

  get #addon(): PeaksAddon {
    return this.#host.addon as PeaksAddon;
  }

  /** Counts what it holds, which grows with what is sent and what comes back. */
  count(): void {
    const now = this.#addon.frameBytes(this.frame).host + this.#memory.length;
    this.#host.holdHostBytes(now - this.#held);
    this.#held = now;
  }

  get bytes(): number {
    return this.#addon.frameBytes(this.frame).device + this.#held;
  }

  memory(bytes: number): Uint8Array {
    if (this.#memory.length < bytes) {
      // Packed frames of a run differ little.
      const room = Math.ceil(1.25 * bytes);
      const memory = this.#addon.pinnedMemory(this.#host.context, room);
      this.#memory = new Uint8Array(memory ?? new ArrayBuffer(room));
      this.count();
    }
    return this.#memory;
  }

  async tiles(tiles: Uint32Array, into: Frame): Promise<void> {
    await this.#host.track(() => this.#addon.frameTiles(this.frame, tiles, into));
    this.count();
  }

  giveBack(): void {
    this.#giveBack(this);
  }

  dispose(): void {
    this.#addon.frameDestroy(this.frame);
    this.#host.holdHostBytes(-this.#held);
    this.#held = 0;
  }
}

/** The peaks feature of a CUDA device. */
export const peaksOp = (host: CudaHost): PeaksOp => ({
  supports: () => true,
  plan: (descriptor) => planPeaks(host, descriptor),
});

/** Plans a peak finder; frames of `newFrame` are page-locked, so that the device reads them where they are. */
async function planPeaks(host: CudaHost, { fields, finder, panels, bins }: PeaksDescriptor): Promise<PeaksKernel> {
  const addon = host.addon as PeaksAddon;
  const peaks = await host.track(() => addon.peaksCreate(host.context, fields, panels, bins));
  const bytes = addon.peaksBytes(peaks);
  let held = 0;
  let isOver = false;
  const frames = new Set<CardFrame>();
  const free: CardFrame[] = [];
  const lend = (frame: CardFrame): void => {
    if (isOver) frame.dispose();
    else free.push(frame);
  };
  const hold = (now: number): void => {
    host.holdHostBytes(now - held);
    held = now;
  };
  hold(bytes.host);
  return {
    get bytes() {
      return [...frames].reduce((sum, frame) => sum + frame.bytes, bytes.device + held);
    },
    async run({ params, frame, bad, limits, sums }) {
      if (finder !== 'zaef') checkBlobRoom(params);
      const found = await host.track(() =>
        addon.peaksRun(peaks, params, frame, bad ?? null, limits ?? null, sums ?? null),
      );
      // The first frame that is not page-locked takes memory.
      hold(addon.peaksBytes(peaks).host);
      return found;
    },
    memory(size) {
      const memory = addon.pinnedMemory(host.context, size);
      return memory && new Uint8Array(memory);
    },
    async runPacked({ params, chunk, into, limits, sums }) {
      if (finder !== 'zaef') checkBlobRoom(params);
      const card = into as CardFrame;
      const found = await host.track(() =>
        addon.frameSearch(card.frame, peaks, chunk, params, limits ?? null, sums ?? null),
      );
      card.count();
      return found;
    },
    async hold() {
      const known = free.pop();
      if (known) return known;
      const cardFrame = new CardFrame(host, await host.track(() => addon.frameCreate(host.context, peaks)), lend);
      if (isOver) cardFrame.dispose();
      else frames.add(cardFrame);
      return cardFrame;
    },
    async dispose() {
      isOver = true;
      // Those that are lent end when they are given back.
      for (const frame of free) frame.dispose();
      addon.peaksDestroy(peaks);
      hold(0);
    },
  };
}
