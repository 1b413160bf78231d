/** The frames that are shown: some of a file, a part of a scan, or a scan that does not begin with its file. */
import { counted, type FrameSlice, filledShape, rangesOf, sliceLength } from '../../entries/pages.js';
import type { OpenDataset } from './open-dataset.js';

/** What of the frames is shown. */
export interface PickedScan {
  /** Rows and columns; undefined: those of the file. */
  readonly navShape?: readonly number[] | undefined;
  /** Frame of the file at the first position; if negative, that many positions have no frame. */
  readonly syncOffset?: number | undefined;
  /** A rectangle of the scan, `y0:y1,x0:x1`. */
  readonly roi?: string | undefined;
}

/** The shape of a scan whose open lengths, −1, follow from the frames of the file. Throws an Error if they do not. */
function filled(navShape: readonly number[], { name, frames }: OpenDataset): number[] {
  const found = filledShape(navShape, frames);
  if (found) return found;
  throw new Error(`${name} holds ${counted(frames, 'frame')}, which a scan of ${navShape.join(' × ')} does not divide`);
}

/** The frames of a part of a scan. Those of positions without one in the file are 0; `measured` says which these are. */
export function pickedFrames(dataset: OpenDataset, { navShape, syncOffset = 0, roi }: PickedScan): OpenDataset {
  const nav = navShape ? filled(navShape, dataset) : [...dataset.shape.nav];
  if (Math.abs(syncOffset) >= dataset.frames)
    throw new Error(`the offset of the scan is ${syncOffset}, and ${dataset.name} has ${dataset.frames} frames`);
  const ranges = roi === undefined ? nav.map((n): [number, number] => [0, n]) : rangesOf('the region', roi, nav);
  const shape = ranges.map(([first, end]) => end - first);
  const columns = shape.at(-1) ?? 1;
  const rows = shape.slice(0, -1);
  /** The frame of the file at the first position of a row of the part. */
  const frameOf = (row: number): number => {
    let [left, frame, step] = [row, ranges.at(-1)?.[0] ?? 0, nav.at(-1) ?? 1];
    for (let axis = rows.length - 1; axis >= 0; axis--) {
      const length = rows[axis] as number;
      frame += ((left % length) + (ranges[axis]?.[0] ?? 0)) * step;
      left = Math.floor(left / length);
      step *= nav[axis] as number;
    }
    return frame + syncOffset;
  };
  const measured = new Uint8Array(shape.reduce((product, n) => product * n, 1));
  for (let row = 0; row * columns < measured.length; row++) {
    const from = frameOf(row);
    for (let column = Math.max(0, -from); column < Math.min(columns, dataset.frames - from); column++)
      measured[row * columns + column] = 1;
  }
  const { frameLength } = dataset;
  const read: OpenDataset['read'] = async (first, count, into, options) => {
    // One read of the file gives the type of the numbers, and its errors for frames that are outside.
    let out = into;
    for (let at = first; at < first + count; ) {
      const [row, column] = [Math.floor(at / columns), at % columns];
      const length = Math.min(columns - column, first + count - at);
      const from = frameOf(row) + column;
      const [low, high] = [Math.max(0, from), Math.min(dataset.frames, from + length)];
      const part = low < high ? await dataset.read(low, high - low, undefined, options) : undefined;
      const like = part ?? (await dataset.read(0, 1, undefined, options));
      out ??= new (like.constructor as new (length: number) => typeof like)(count * frameLength);
      out.fill(0 as never, (at - first) * frameLength, (at - first + length) * frameLength);
      if (part) out.set(part as never, (at - first + low - from) * frameLength);
      at += length;
    }
    return out as Awaited<ReturnType<OpenDataset['read']>>;
  };
  return withFrames(dataset, shape, read, measured.includes(0) ? measured : undefined);
}

/** Frames `first`, `first + step` … before `end` of a dataset, which has some of them. */
export function slicedFrames(dataset: OpenDataset, slice: FrameSlice): OpenDataset {
  const { first, step } = slice;
  const { frameLength } = dataset;
  const frames = sliceLength(slice, dataset.frames);
  const read: OpenDataset['read'] = async (from, count, into, options) => {
    if (step === 1) return dataset.read(first + from, count, into, options);
    const one = await dataset.read(first + from * step, 1, undefined, options);
    const out = into ?? new (one.constructor as new (length: number) => typeof one)(count * frameLength);
    out.set(one as never);
    for (let i = 1; i < count; i++)
      out.set((await dataset.read(first + (from + i) * step, 1, undefined, options)) as never, i * frameLength);
    return out;
  };
  const { measured } = dataset;
  const some = measured && Uint8Array.from({ length: frames }, (_, i) => measured[first + i * step] as number);
  return withFrames(dataset, [frames], read, some);
}

/** A dataset with other frames. */
function withFrames(
  dataset: OpenDataset,
  nav: readonly number[],
  read: OpenDataset['read'],
  measured: Uint8Array | undefined,
): OpenDataset {
  const frames = nav.reduce((product, n) => product * n, 1);
  return over(dataset, {
    frames,
    shape: { nav, sig: dataset.shape.sig },
    chunkFrames: 1,
    read,
    measured,
    readSparse: undefined,
    peaks: undefined,
    partitions(bytes = 2 ** 25) {
      const each = Math.max(1, Math.floor(bytes / (dataset.frameLength * 8)));
      return Array.from({ length: Math.ceil(frames / each) }, (_, i) => ({
        first: i * each,
        count: Math.min(each, frames - i * each),
      }));
    },
  });
}

/** A dataset some of whose members are others. */
export const over = (dataset: OpenDataset, own: object): OpenDataset =>
  new Proxy(dataset, {
    get(of, name) {
      if (name in own) return Reflect.get(own, name);
      const value: unknown = Reflect.get(of, name, of);
      return typeof value === 'function' ? value.bind(of) : value;
    },
  });
