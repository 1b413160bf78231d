/** Frames whose pixels stay on a device: squares of them are brought back where a stage needs them. */

import { type Frame, type PackedRun, tileSide } from '../../peaks/contract.js';
import type { BorrowedFrame } from '../../peaks/peaks.js';

/** The squares of a frame that have been asked for, each once. */
export class Tiles {
  readonly #width: number;
  readonly #height: number;
  readonly #across: number;
  readonly #isWanted: Uint8Array;
  readonly #list: Uint32Array;
  #count = 0;

  constructor(width: number, height: number) {
    [this.#width, this.#height] = [width, height];
    this.#across = Math.ceil(width / tileSide);
    const all = this.#across * Math.ceil(height / tileSide);
    this.#isWanted = new Uint8Array(all);
    this.#list = new Uint32Array(all);
  }

  /** Adds the pixels of the frame within `reach` of a pixel, in rows and columns. */
  around(fs: number, ss: number, reach: number): void {
    this.add(fs - reach, ss - reach, fs + reach, ss + reach);
  }

  /** Adds the pixels of the frame from one pixel to another, both included. */
  add(fromFs: number, fromSs: number, toFs: number, toSs: number): void {
    const across = this.#across;
    const left = Math.max(0, fromFs) >> 3;
    const right = Math.min(this.#width - 1, toFs) >> 3;
    const bottom = Math.min(this.#height - 1, toSs) >> 3;
    for (let y = Math.max(0, fromSs) >> 3; y <= bottom; y++)
      for (let tile = y * across + left; tile <= y * across + right; tile++) {
        if (this.#isWanted[tile] !== 0) continue;
        this.#isWanted[tile] = 1;
        this.#list[this.#count++] = tile;
      }
  }

  all(): void {
    this.add(0, 0, this.#width - 1, this.#height - 1);
  }

  /** Those that were asked for since the last call. */
  take(): Uint32Array {
    const taken = this.#list.slice(0, this.#count);
    this.#count = 0;
    return taken;
  }

  clear(): void {
    this.#isWanted.fill(0);
    this.#count = 0;
  }
}

/** A frame that is sent packed; `frame()` has the pixels that were brought, and what an earlier frame left elsewhere. */
export interface FarFrame extends BorrowedFrame {
  readonly packed: Pick<PackedRun, 'chunk' | 'into'>;
  /** The pixels that a stage needs, and then `bring`. */
  readonly tiles: Tiles;
  bring(): Promise<void>;
}

/** Whether the pixels of a frame are on a device. */
export const isFar = (frame: Pick<BorrowedFrame, 'frame'>): frame is FarFrame => 'packed' in frame;

/** A frame on a device, with memory for its pixels here; `done` gets that memory and the tiles back. */
export function farFrame(
  packed: FarFrame['packed'],
  pixels: Frame,
  tiles: Tiles,
  done: (pixels: Frame, tiles: Tiles) => void,
): FarFrame {
  return {
    packed,
    tiles,
    frame: () => pixels,
    async bring() {
      const wanted = tiles.take();
      if (wanted.length > 0) await packed.into.tiles(wanted, pixels);
    },
    giveBack() {
      packed.into.giveBack();
      tiles.clear();
      done(pixels, tiles);
    },
  };
}
