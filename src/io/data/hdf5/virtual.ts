/** Virtual datasets, composed of boxes of other datasets, often in other files. */
import { EwaldError } from '../../../base/errors.js';
import type { PlatformSignal } from '../../../base/globals.js';
import { type Box, copyBox, fillBox, type Side, volume } from './box.js';
import type { Dataspace } from './dataspace.js';
import type { Hdf5Type } from './datatype.js';
import { Fields, nowhere } from './fields.js';
import { globalHeapObject } from './heaps.js';
import type { Home, Part } from './home.js';
import type { Layout } from './layout.js';
import { checkNesting, countElements, type Nesting, nested } from './nesting.js';
import type { Pages } from './pages.js';
import { type AxisSelection, indexAt, positionsIn, readSelection, type Selection, selected } from './selection.js';
import type { ReadBox } from './storage.js';

/** One part of a virtual dataset. */
export interface VirtualMapping {
  /** The file as named, '.' for the same one; %b stands for the number of a block. */
  readonly file: string;
  readonly path: string;
  readonly source: Selection;
  readonly target: Selection;
}

/**
 * Maximum number of blocks of one pattern that are looked for before it counts as infinite; each is a file or a
 * dataset.
 */
const mostBlocks = 1_000_000;

/** Reads the parts that a layout refers to. */
export async function readMappings(
  pages: Pages,
  layout: Layout & { kind: 'virtual' },
  path: string,
): Promise<VirtualMapping[]> {
  if (layout.address === nowhere) return [];
  const bytes = await globalHeapObject(pages, layout.address, layout.index);
  const fields = new Fields(bytes, pages.widths, `${pages.source.name}: ${path}: its list of parts`);
  fields.version(0);
  const count = fields.length();
  // A part has two names and two selections: at least 34 bytes.
  if (count > bytes.length / 30) throw fields.wrong(`${count} parts do not fit in ${bytes.length} bytes`);
  const mappings = Array.from({ length: count }, () => ({
    file: fields.textToZero(),
    path: fields.textToZero(),
    source: readSelection(fields),
    target: readSelection(fields),
  }));
  fields.checksum();
  return mappings;
}

const isPattern = (name: string): boolean => /%b/.test(name.replaceAll('%%', ''));
const nameOf = (name: string, block: number): string =>
  name.replace(/%(%|b)/g, (_, letter: string) => (letter === 'b' ? String(block) : '%'));

/** The unlimited axis of a selection; −1 if there is none. */
const endless = (selection: Selection): number =>
  typeof selection === 'string'
    ? -1
    : selection.findIndex(({ count, block }) => count === Infinity || block === Infinity);

async function sourceOf(
  file: Home,
  path: string,
  mapping: VirtualMapping,
  block: number,
  through: readonly string[],
): Promise<Part> {
  const other = await file.linked(nameOf(mapping.file, block), path);
  const wanted = nameOf(mapping.path, block);
  const found = await other.get(wanted, through);
  if (!found || !('readRaw' in found))
    throw new EwaldError(
      'Format',
      `${file.source.name}: ${path} refers to ${wanted} of ${other.source.name}, which does not contain it`,
      {
        detail: { path, file: mapping.file, target: wanted },
      },
    );
  return found as Part;
}

/** The source of a block; undefined if its file or dataset does not exist. */
async function sourceIfThere(
  file: Home,
  path: string,
  mapping: VirtualMapping,
  block: number,
  through: readonly string[],
): Promise<Part | undefined> {
  const { pace } = file.files;
  if (pace.due) await pace.rest();
  try {
    return await sourceOf(file, path, mapping, block, through);
  } catch (error) {
    if (error instanceof EwaldError && (error.detail.absent === true || error.detail.target !== undefined))
      return undefined;
    throw error;
  }
}

/** The shape: an unlimited axis is as long as the existing parts. */
export async function virtualShape(
  file: Home,
  path: string,
  key: string,
  space: Dataspace,
  mappings: readonly VirtualMapping[],
  outside: readonly string[] = [],
): Promise<readonly number[]> {
  const shape = [...space.shape];
  checkNesting(`${file.source.name}: ${path}`, outside, key);
  const through = [...outside, key];
  for (const mapping of mappings) {
    const axis = endless(mapping.target);
    const along = typeof mapping.target === 'string' ? undefined : mapping.target[axis];
    if (!along) continue;
    let end = along.start;
    if (isPattern(mapping.file) || isPattern(mapping.path)) {
      let blocks = 0;
      while (blocks < mostBlocks && (await sourceIfThere(file, path, mapping, blocks, through))) blocks++;
      if (blocks > 0) end = along.start + (blocks - 1) * along.stride + along.block;
    } else {
      const source = await sourceIfThere(file, path, mapping, 0, through);
      const from = typeof mapping.source === 'string' ? undefined : mapping.source[endless(mapping.source)];
      if (source && from) {
        const length = source.shape[endless(mapping.source)] ?? 0;
        const positions = positionsIn(finite(from, length), 0, length).end;
        if (positions > 0) end = indexAt(finite(along, Infinity), positions - 1) + 1;
      }
    }
    shape[axis] = Math.max(shape[axis] ?? 0, end);
  }
  return shape;
}

/** An unlimited axis, cut at `length`. */
function finite(axis: AxisSelection, length: number): AxisSelection {
  if (axis.block === Infinity) return { ...axis, block: Math.max(0, length - axis.start), stride: Math.max(1, length) };
  if (axis.count !== Infinity || length === Infinity) return axis;
  return { ...axis, count: Math.max(0, Math.ceil((length - axis.start) / axis.stride)) };
}

const whole = (shape: readonly number[]): AxisSelection[] =>
  shape.map((block) => ({ start: 0, stride: Math.max(1, block), count: 1, block }));

/** The reader of a virtual dataset. */
export function virtualReader(
  file: Home,
  path: string,
  key: string,
  shape: readonly number[],
  type: Hdf5Type,
  fill: Uint8Array | undefined,
  mappings: readonly VirtualMapping[],
): ReadBox {
  const name = `${file.source.name}: ${path}`;
  const { pace } = file.files;
  const unlike = (why: string): EwaldError => new EwaldError('Unsupported', `${name}: ${why}`);

  const readPart = async (
    source: Part,
    from: readonly AxisSelection[],
    target: readonly AxisSelection[],
    box: Box,
    to: Side,
    nesting: Nesting,
    signal?: PlatformSignal,
  ): Promise<void> => {
    if (source.type.size !== type.size) throw unlike(`its part ${source.path} has elements of another size`);
    await source.checkFilters();
    // Axes with one index on either side need no counterpart; the others pair up in order.
    const long = (axes: readonly AxisSelection[]): number[] =>
      axes.flatMap((each, i) => (selected(each) === 1 ? [] : [i]));
    const [targetAxes, sourceAxes] = [long(target), long(from)];
    const pairs = targetAxes.map((axis, i) => [axis, sourceAxes[i] ?? -1] as const);
    if (
      targetAxes.length !== sourceAxes.length ||
      pairs.some(([t, s]) => selected(target[t] as AxisSelection) !== selected(from[s] as AxisSelection))
    )
      throw unlike(`its part ${source.path} is reshaped, which is not supported`);
    // Runs of an axis that have no gaps on either side.
    const runs = target.map((axis, t) => {
      const start = box.start[t] ?? 0;
      const { first, end } = positionsIn(axis, start, start + (box.count[t] ?? 0));
      const s = pairs.find(([targetAxis]) => targetAxis === t)?.[1];
      const other = s === undefined ? undefined : from[s];
      const list: { target: number; source: number; count: number; axis: number }[] = [];
      for (let i = first; i < end; ) {
        let n = axis.block - (i % axis.block);
        if (other) n = Math.min(n, other.block - (i % other.block));
        if (!(n >= 1)) throw unlike('a selection is inconsistent');
        n = Math.min(n, end - i);
        const at = indexAt(axis, i);
        if (at + n > start + (box.count[t] ?? 0)) n = start + (box.count[t] ?? 0) - at;
        const before = list.at(-1);
        const sourceAt = other ? indexAt(other, i) : 0;
        if (before && before.target + before.count === at && before.source + before.count === sourceAt)
          before.count += n;
        else list.push({ target: at, source: sourceAt, count: n, axis: s ?? -1 });
        i += n;
      }
      return list;
    });
    if (runs.some((list) => list.length === 0)) return;
    const place = runs.map(() => 0);
    for (;;) {
      const chosen = runs.map((list, t) => list[place[t] ?? 0] as (typeof list)[number]);
      const start = from.map((each) => each.start);
      const count = from.map(() => 1);
      for (const run of chosen)
        if (run.axis >= 0) {
          start[run.axis] = run.source;
          count[run.axis] = run.count;
        }
      if (pace.due) await pace.rest(signal);
      countElements(name, nesting, volume(count));
      await readTurned(source, { start, count }, chosen, box, to, nesting, signal);
      let t = runs.length - 1;
      for (; t >= 0; t--) {
        place[t] = (place[t] ?? 0) + 1;
        if ((place[t] ?? 0) < (runs[t]?.length ?? 0)) break;
        place[t] = 0;
      }
      if (t < 0) return;
    }
  };

  /** Copies the source's box to the target: the same elements in the same order, possibly with additional axes of 1. */
  const readTurned = async (
    source: Part,
    part: Box,
    chosen: readonly { target: number; count: number }[],
    box: Box,
    to: Side,
    nesting: Nesting,
    signal?: PlatformSignal,
  ): Promise<void> => {
    const start = chosen.map((run, t) => (to.start[t] ?? 0) + run.target - (box.start[t] ?? 0));
    const counts = chosen.map(({ count }) => count);
    // The target's strides in the order of the source's axes, for the axes longer than 1.
    const targetLong = counts.flatMap((n, t) => (n > 1 ? [t] : []));
    const sourceLong = part.count.flatMap((n, s) => (n > 1 ? [s] : []));
    const direct = targetLong.length === sourceLong.length && to.shape.length === part.count.length;
    if (direct && targetLong.every((t, i) => t === sourceLong[i])) {
      await source.readRaw(part, { ...to, start }, signal, nesting);
      return;
    }
    const bytes = new Uint8Array(part.count.reduce((product, n) => product * n, type.size));
    await source.readRaw(part, { bytes, shape: part.count, start: part.count.map(() => 0) }, signal, nesting);
    copyBox({ bytes, shape: counts, start: counts.map(() => 0) }, { ...to, start }, counts, type.size);
  };

  return async (box, to, signal, outside) => {
    const nesting = nested(name, outside, key, volume(box.count));
    fillBox(to, box.count, type.size, fill);
    for (const mapping of mappings) {
      if (pace.due) await pace.rest(signal);
      if (mapping.target === 'none' || mapping.source === 'none') continue;
      const target = mapping.target === 'all' ? whole(shape) : mapping.target;
      if (target.length !== shape.length) throw unlike('a part has another number of axes');
      const axis = endless(target);
      const misses = target.some((each, t) => {
        if (each.count === Infinity || each.block === Infinity) return false;
        const { first, end } = positionsIn(each, box.start[t] ?? 0, (box.start[t] ?? 0) + (box.count[t] ?? 0));
        return first >= end;
      });
      if (misses) continue;
      const along = target[axis];
      if (along && (isPattern(mapping.file) || isPattern(mapping.path))) {
        // One source per block of the unlimited axis.
        const from = box.start[axis] ?? 0;
        const first = Math.max(0, Math.floor((from - along.start) / along.stride));
        const last = Math.floor((from + (box.count[axis] ?? 0) - 1 - along.start) / along.stride);
        for (let block = first; block <= last; block++) {
          const source = await sourceOf(file, path, mapping, block, nesting.through);
          const one = { start: along.start + block * along.stride, stride: along.block, count: 1, block: along.block };
          const axes = target.map((each, t) => (t === axis ? one : each));
          await readPart(
            source,
            mapping.source === 'all' ? whole(source.shape) : mapping.source,
            axes,
            box,
            to,
            nesting,
            signal,
          );
        }
        continue;
      }
      const source = await sourceOf(file, path, mapping, 0, nesting.through);
      let from = mapping.source === 'all' ? whole(source.shape) : [...mapping.source];
      let axes = [...target];
      if (along) {
        const sourceAxis = endless(from);
        from = from.map((each, s) => finite(each, source.shape[s] ?? 0));
        const n = sourceAxis < 0 ? 0 : selected(from[sourceAxis] as AxisSelection);
        axes = axes.map((each, t) => (t === axis ? { ...finite(each, shape[t] ?? 0) } : each));
        // If both are unlimited, there are as many elements as the source has.
        const there = axes[axis];
        if (there)
          axes[axis] =
            there.block === 1 || there.count !== 1
              ? { ...there, count: Math.floor(n / there.block) }
              : { ...there, block: n, stride: Math.max(1, n) };
      }
      await readPart(source, from, axes, box, to, nesting, signal);
    }
  };
}
