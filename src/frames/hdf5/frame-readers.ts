/** Reads frames out of a file's arrays: boxes of the scan, parts along the first axis, frames along the last, masks. */

import { volume } from '../../hdf5/box.js';
import type { Hdf5Dataset } from '../../hdf5/dataset.js';
import type { PlatformSignal } from '../../util/globals.js';
import type { ReadMaskOptions, ReadPacked } from '../dataset.js';
import type { Frames } from './dialects.js';

/** Splits a flat range of frames into boxes of the navigation axes, as few as possible. */
function boxesOf(navigation: readonly number[], first: number, count: number): { start: number[]; count: number[] }[] {
  if (navigation.length === 0) return count > 0 ? [{ start: [], count: [] }] : [];
  const inner = volume(navigation.slice(1));
  const boxes: { start: number[]; count: number[] }[] = [];
  let [at, left] = [first, count];
  while (left > 0) {
    const row = Math.floor(at / inner);
    const within = at - row * inner;
    if (within === 0 && left >= inner) {
      const rows = Math.floor(left / inner);
      boxes.push({ start: [row, ...navigation.slice(1).map(() => 0)], count: [rows, ...navigation.slice(1)] });
      at += rows * inner;
      left -= rows * inner;
      continue;
    }
    const part = Math.min(left, inner - within);
    for (const box of boxesOf(navigation.slice(1), within, part))
      boxes.push({ start: [row, ...box.start], count: [1, ...box.count] });
    at += part;
    left -= part;
  }
  return boxes;
}

export type ReadMany = (
  first: number,
  count: number,
  into: Uint8Array,
  signal: PlatformSignal | undefined,
) => Promise<void>;

/** Frames along the first axes, possibly in several parts along the very first. */
export function firstAxisReader(
  parts: readonly Hdf5Dataset[],
  navigation: readonly number[],
  signalAxes: number,
  frameBytes: number,
): ReadMany {
  const inner = volume(navigation.slice(1));
  return async (first, count, into, signal) => {
    if (count === 0 || frameBytes === 0) return;
    let [partStart, done] = [0, 0];
    for (const part of parts) {
      const rank = part.shape.length;
      const own = part.shape.slice(0, rank - signalAxes);
      const frames = rank === signalAxes ? 1 : (own[0] ?? 1) * inner;
      const from = Math.max(first, partStart);
      const to = Math.min(first + count, partStart + frames);
      for (const box of from < to ? boxesOf(own, from - partStart, to - from) : []) {
        const bytes = volume(box.count) * frameBytes;
        const tail = part.shape.slice(rank - signalAxes);
        const whole = { start: [...box.start, ...tail.map(() => 0)], count: [...box.count, ...tail] };
        await part.read(whole, into.subarray(done, done + bytes), signal);
        done += bytes;
      }
      partStart += frames;
    }
  };
}

/** Frames along the first axes as they are packed; undefined if chunks are not frames, or packed otherwise. */
export function packedReader(
  parts: readonly Hdf5Dataset[],
  navigation: readonly number[],
  signal: readonly number[],
): ReadPacked | undefined {
  if (!parts.every((part) => part.isPackedBy(signal))) return undefined;
  const inner = volume(navigation.slice(1));
  return async (frame, memory, stop) => {
    let first = 0;
    for (const part of parts) {
      const own = part.shape.slice(0, part.shape.length - signal.length);
      const frames = own.length === 0 ? 1 : (own[0] ?? 1) * inner;
      if (frame < first + frames) {
        const [box] = boxesOf(own, frame - first, 1);
        return part.readStored([...(box?.start ?? []), ...signal.map(() => 0)], memory, stop);
      }
      first += frames;
    }
    return undefined;
  };
}

/** Frames along the last axis: read as stored, then transposed. */
export function lastAxisReader(part: Hdf5Dataset, frameBytes: number, size: number): ReadMany {
  return async (first, count, into, signal) => {
    const [y = 1, x = 1] = part.shape;
    const box = { start: [0, 0, first], count: [y, x, count] };
    if (count === 1) {
      await part.read(box, into, signal);
      return;
    }
    const turned = await part.read(box, new Uint8Array(count * frameBytes), signal);
    for (let frame = 0; frame < count; frame++)
      for (let pixel = 0; pixel < y * x; pixel++) {
        const from = (pixel * count + frame) * size;
        into.set(turned.subarray(from, from + size), frame * frameBytes + pixel * size);
      }
  };
}

/** Number of frames that are stored together. */
export function chunkFrames(first: Hdf5Dataset, navigationAxes: number, frames: Frames): number {
  if (first.layout.kind !== 'chunked' || frames.framesLast || navigationAxes === 0) return 1;
  const chunk = first.layout.chunk.slice(0, navigationAxes);
  // If chunks span several axes of the scan, whole rows of chunks belong together.
  const slowest = chunk.findIndex((n) => n > 1);
  if (slowest < 0) return 1;
  return Math.max(1, (chunk[slowest] ?? 1) * volume(first.shape.slice(slowest + 1, navigationAxes)));
}

/**
 * The file's mask of a frame: 1 where any bit is set. Its last axes are those of a frame; any before them are those of
 * the scan, slowest first, or the last few of them.
 */
export async function readMask(
  mask: Hdf5Dataset,
  signal: readonly number[],
  { frame = 0, signal: stop }: ReadMaskOptions = {},
): Promise<Uint8Array> {
  const pixels = volume(signal);
  const lead = mask.shape.slice(0, mask.shape.length - signal.length);
  let left = frame % Math.max(1, volume(lead));
  const start = mask.shape.map(() => 0);
  for (let axis = lead.length - 1; axis >= 0; axis--) {
    const n = lead[axis] as number;
    start[axis] = left % n;
    left = Math.floor(left / n);
  }
  const count = [...lead.map(() => 1), ...signal];
  const raw = await mask.read({ start, count }, new Uint8Array(pixels * mask.type.size), stop);
  const out = new Uint8Array(pixels);
  const { size } = mask.type;
  // Any bit in any byte: compares words if the type has their size.
  const words = size === 4 ? new Uint32Array(raw.buffer, raw.byteOffset, pixels) : undefined;
  if (words) {
    for (let i = 0; i < pixels; i++) if (words[i] !== 0) out[i] = 1;
  } else for (let i = 0; i < pixels; i++) for (let byte = 0; byte < size; byte++) if (raw[i * size + byte]) out[i] = 1;
  return out;
}

/** Whether a mask fits frames of these axes: it may lack the first ones of the scan. */
export const maskFits = (
  mask: readonly number[],
  navigation: readonly number[],
  signal: readonly number[],
): boolean => {
  const lead = mask.slice(0, Math.max(0, mask.length - signal.length));
  const isOne = lead.every((n) => n === 1);
  const isTail = lead.length <= navigation.length && lead.join() === navigation.slice(-lead.length || undefined).join();
  return mask.slice(lead.length).join() === signal.join() && (lead.length === 0 || isOne || isTail);
};
