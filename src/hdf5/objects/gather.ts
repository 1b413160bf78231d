/** Reads selections with gaps: a chunk at a time, of which the selected elements are copied. */
import type { PlatformSignal } from '../../util/globals.js';
import { checkSignal } from '../../util/options.js';
import { product } from '../../util/product.js';
import { placesBetween } from '../box.js';
import type { Hdf5Dataset } from '../dataset.js';
import { type AxisSelection, indexAt, positionsIn, selected } from '../selection.js';

/** Bytes that are read at once of what is not stored in chunks. */
const blockBytes = 2 ** 20;
/** Bytes of all pieces that are read at the same time, and how many they are at most. */
const bytesInFlight = 2 ** 25;
const mostInFlight = 6;

/** Whether a selection of an axis has no gaps. */
const isRange = ({ count, stride, block }: AxisSelection): boolean => count <= 1 || stride === block;

/** The selected positions of an axis that are in one chunk. */
interface Span {
  /** The first index, and how many there are to the last. */
  readonly start: number;
  readonly length: number;
  /** Where each selected element is, counted from the first index. */
  readonly offsets: readonly number[];
  /** Its first position in the result. */
  readonly first: number;
}

/** Reads a selection into memory of its size. */
export async function readSelected(
  dataset: Hdf5Dataset,
  axes: readonly AxisSelection[],
  out: Uint8Array,
  signal: PlatformSignal | undefined,
): Promise<void> {
  const counts = axes.map(selected);
  if (product(counts) === 0) return;
  if (axes.every(isRange)) {
    const box = { start: axes.map(({ start }) => start), count: counts };
    await dataset.read(box, out, signal);
    return;
  }
  const tile = dataset.chunk ?? tileOf(dataset.shape, dataset.type.size);
  const spans = axes.map((axis, i) => spansOf(axis, tile[i] ?? 1));
  const last = spans.map((list) => list.length - 1);
  const places = placesBetween(new Array<number>(last.length).fill(0), last);
  const failures: unknown[] = [];
  const work = async (): Promise<void> => {
    for (let next = places.next(); !next.done && failures.length === 0; next = places.next()) {
      checkSignal(signal);
      const chosen = spans.map((list, i) => list[next.value?.[i] ?? 0] as Span);
      await readTile(dataset, chosen, counts, out, signal);
    }
  };
  const tileBytes = product(tile) * dataset.type.size;
  const workers = Math.max(1, Math.min(mostInFlight, Math.floor(bytesInFlight / tileBytes)));
  // All must have ended before the caller may use the memory again.
  await Promise.all(Array.from({ length: workers }, () => work().catch((error) => failures.push(error))));
  if (failures.length > 0) throw failures[0];
}

/** The shape of what is read at once of an array without chunks: whole fast axes. */
function tileOf(shape: readonly number[], size: number): number[] {
  const tile = shape.map(() => 1);
  let left = Math.max(1, Math.floor(blockBytes / size));
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    tile[axis] = Math.max(1, Math.min(shape[axis] ?? 1, left));
    left = Math.floor(left / (tile[axis] as number));
  }
  return tile;
}

function spansOf(axis: AxisSelection, tile: number): Span[] {
  const spans: Span[] = [];
  for (let first = 0; first < selected(axis); ) {
    const start = indexAt(axis, first);
    const chunk = Math.floor(start / tile);
    const { end } = positionsIn(axis, chunk * tile, (chunk + 1) * tile);
    const offsets = Array.from({ length: end - first }, (_, i) => indexAt(axis, first + i) - start);
    spans.push({ start, length: (offsets.at(-1) ?? 0) + 1, offsets, first });
    first = end;
  }
  return spans;
}

async function readTile(
  dataset: Hdf5Dataset,
  spans: readonly Span[],
  counts: readonly number[],
  out: Uint8Array,
  signal: PlatformSignal | undefined,
): Promise<void> {
  const { size } = dataset.type;
  const box = { start: spans.map(({ start }) => start), count: spans.map(({ length }) => length) };
  const bytes = await dataset.read(box, new Uint8Array(product(box.count) * size), signal);
  const [inner] = spans.slice(-1) as [Span];
  const outer = spans.slice(0, -1);
  const last = outer.map(({ offsets }) => offsets.length - 1);
  for (const place of placesBetween(new Array<number>(outer.length).fill(0), last)) {
    let from = 0;
    let to = 0;
    for (const [axis, { offsets, first }] of outer.entries()) {
      from = from * (box.count[axis] as number) + (offsets[place[axis] as number] as number);
      to = to * (counts[axis] as number) + first + (place[axis] as number);
    }
    from = from * inner.length * size;
    to = (to * (counts.at(-1) as number) + inner.first) * size;
    copyElements(bytes, from, out, to, inner.offsets, size);
  }
}

/** Copies the elements at these offsets one after the other. */
function copyElements(
  bytes: Uint8Array,
  from: number,
  out: Uint8Array,
  to: number,
  offsets: readonly number[],
  size: number,
): void {
  if (offsets.length === (offsets.at(-1) ?? 0) + 1) {
    out.set(bytes.subarray(from, from + offsets.length * size), to);
    return;
  }
  for (let i = 0; i < offsets.length; i++) {
    const source = from + (offsets[i] as number) * size;
    const target = to + i * size;
    for (let byte = 0; byte < size; byte++) out[target + byte] = bytes[source + byte] as number;
  }
}
