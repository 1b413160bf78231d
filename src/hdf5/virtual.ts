/** Virtual datasets, composed of boxes of other datasets, often in other files. */
import { EwaldError } from '../util/errors.js';
import type { PlatformSignal } from '../util/globals.js';
import { type Box, type ByteArea, copyBox, fillBox, placesBetween, volume } from './box.js';
import type { Dataspace } from './dataspace.js';
import { type Hdf5Type, typeName } from './datatype.js';
import { Fields, nowhere } from './fields.js';
import { globalHeapObject } from './heaps.js';
import type { Home, SourceDataset } from './home.js';
import type { StorageLayout } from './layout.js';
import { isMissing, orWithout } from './missing.js';
import { checkNesting, countElements, enterVirtual, type Nesting } from './nesting.js';
import type { Pages } from './pages.js';
import { type AxisSelection, indexAt, positionsIn, readSelection, type Selection, selected } from './selection.js';
import type { ReadBox } from './storage.js';
import { type Conversion, conversionBetween, isSameType, refersToFile } from './type-conversion.js';

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
const maxBlocks = 1_000_000;

/** Reads the parts that a layout refers to. */
export async function readMappings(
  pages: Pages,
  layout: StorageLayout & { kind: 'virtual' },
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
const blockName = (name: string, block: number): string =>
  name.replace(/%(%|b)/g, (_, letter: string) => (letter === 'b' ? String(block) : '%'));

/** The unlimited axis of a selection; −1 if there is none. */
const endless = (selection: Selection): number =>
  typeof selection === 'string'
    ? -1
    : selection.findIndex(({ count, block }) => count === Infinity || block === Infinity);

/** What a virtual dataset refers to by one of its parts, and the datasets through which it is being read. */
interface Reference {
  readonly file: Home;
  readonly path: string;
  readonly mapping: VirtualMapping;
  readonly through: readonly string[];
}

async function mappedPart({ file, path, mapping, through }: Reference, block: number): Promise<SourceDataset> {
  const other = await file.linked(blockName(mapping.file, block), path);
  const wanted = blockName(mapping.path, block);
  const found = await other.get(wanted, through);
  if (!found || !('readRaw' in found))
    throw new EwaldError(
      'Format',
      `${file.source.name}: ${path} refers to ${wanted} of ${other.source.name}, which does not contain it`,
      {
        detail: { path, file: mapping.file, target: wanted },
      },
    );
  return found as SourceDataset;
}

/** The source of a block; undefined if its file or dataset does not exist. */
async function sourceIfThere(reference: Reference, block: number): Promise<SourceDataset | undefined> {
  const { pace } = reference.file.files;
  if (pace.due) await pace.rest();
  try {
    return await mappedPart(reference, block);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The source of a block; undefined for one that does not exist, if those may be left out. */
async function sourceOrFill(reference: Reference, block: number): Promise<SourceDataset | undefined> {
  const { files } = reference.file;
  if (!files.allowMissing)
    return mappedPart(reference, block).catch((error) => {
      throw orWithout(error);
    });
  const source = await sourceIfThere(reference, block);
  if (!source) files.missing?.add(blockName(reference.mapping.file, block));
  return source;
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
    const reference = { file, path, mapping, through };
    let end = along.start;
    if (isPattern(mapping.file) || isPattern(mapping.path)) {
      let blocks = 0;
      while (blocks < maxBlocks && (await sourceIfThere(reference, blocks))) blocks++;
      if (blocks > 0) end = along.start + (blocks - 1) * along.stride + along.block;
    } else {
      const source = await sourceIfThere(reference, 0);
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

/** A selection other than 'none' of an array of `shape`, axis by axis. */
const alongAxes = (selection: Selection, shape: readonly number[]): readonly AxisSelection[] =>
  typeof selection === 'string'
    ? shape.map((block) => ({ start: 0, stride: Math.max(1, block), count: 1, block }))
    : selection;

/** A virtual dataset: its elements, and the parts of which it consists. */
interface VirtualDataset {
  readonly file: Home;
  readonly path: string;
  /** Its identity, see `objectKey`. */
  readonly key: string;
  readonly shape: readonly number[];
  readonly type: Hdf5Type;
  readonly fill: Uint8Array | undefined;
  readonly mappings: readonly VirtualMapping[];
}

/** The reader of a virtual dataset. */
export const virtualReader = (dataset: VirtualDataset): ReadBox => new VirtualReader(dataset).read;

/** The sources of a virtual dataset one by one, with what they fill; one that is not there has none. */
export const virtualPieces = (dataset: VirtualDataset): AsyncGenerator<VirtualPiece> =>
  new VirtualReader(dataset).pieces();

/** A read of a box into a side. */
interface BoxReading {
  readonly box: Box;
  readonly to: ByteArea;
  readonly nesting: Nesting;
  readonly signal: PlatformSignal | undefined;
}

/** A selection of a source, and that of the virtual dataset which it fills. */
interface SourcePiece {
  readonly source: SourceDataset;
  readonly from: readonly AxisSelection[];
  readonly target: readonly AxisSelection[];
}

/** What a source fills of a virtual dataset; without a source that exists, `from` is empty. */
export type VirtualPiece = Omit<SourcePiece, 'source'> & { readonly source: SourceDataset | undefined };

/** A source, and what turns its elements into those of the virtual dataset. */
interface Source {
  readonly source: SourceDataset;
  readonly convert: Conversion | undefined;
}

/** Indices along an axis of the target that have no gaps on either side. */
interface Run {
  readonly target: number;
  readonly source: number;
  count: number;
}

class VirtualReader {
  readonly #dataset: VirtualDataset;
  readonly #name: string;

  constructor(dataset: VirtualDataset) {
    this.#dataset = dataset;
    this.#name = `${dataset.file.source.name}: ${dataset.path}`;
  }

  readonly read: ReadBox = async (box, to, signal, outside) => {
    const { shape, type, fill, mappings, key } = this.#dataset;
    const { pace } = this.#dataset.file.files;
    const reading = { box, to, nesting: enterVirtual(this.#name, outside, key, volume(box.count)), signal };
    fillBox(to, box.count, type.size, fill);
    for (const mapping of mappings) {
      if (pace.due) await pace.rest(signal);
      if (mapping.target === 'none' || mapping.source === 'none') continue;
      const target = alongAxes(mapping.target, shape);
      if (target.length !== shape.length) throw this.#unlike('a part has another number of axes');
      if (misses(target, box)) continue;
      const axis = endless(target);
      if (axis >= 0 && (isPattern(mapping.file) || isPattern(mapping.path)))
        await this.#readBlocks(mapping, target, axis, reading);
      else {
        const source = await sourceOrFill(this.#reference(mapping, reading.nesting), 0);
        if (source) await this.#readPiece(this.#pieceOf(source, mapping, target, axis), reading);
      }
    }
  };

  /** All pieces, those without a source as well. */
  async *pieces(): AsyncGenerator<VirtualPiece> {
    const { shape, mappings, key } = this.#dataset;
    const nesting = enterVirtual(this.#name, undefined, key, 0);
    const whole = { start: shape.map(() => 0), count: shape };
    for (const mapping of mappings) {
      if (mapping.target === 'none' || mapping.source === 'none') continue;
      const target = alongAxes(mapping.target, shape);
      const axis = endless(target);
      const reference = this.#reference(mapping, nesting);
      if (axis >= 0 && (isPattern(mapping.file) || isPattern(mapping.path)))
        for (const [block, axes] of blocksIn(target, axis, whole)) {
          const source = await sourceIfThere(reference, block);
          yield { source, from: source ? alongAxes(mapping.source, source.shape) : [], target: axes };
        }
      else {
        const source = await sourceIfThere(reference, 0);
        yield source ? this.#pieceOf(source, mapping, target, axis) : { source, from: [], target };
      }
    }
  }

  #unlike(why: string): EwaldError {
    return new EwaldError('Unsupported', `${this.#name}: ${why}`);
  }

  #reference(mapping: VirtualMapping, { through }: Nesting): Reference {
    const { file, path } = this.#dataset;
    return { file, path, mapping, through };
  }

  /** Reads a pattern of names: one source per block of the unlimited axis. */
  async #readBlocks(
    mapping: VirtualMapping,
    target: readonly AxisSelection[],
    axis: number,
    reading: BoxReading,
  ): Promise<void> {
    const reference = this.#reference(mapping, reading.nesting);
    for (const [block, axes] of blocksIn(target, axis, reading.box)) {
      const source = await sourceOrFill(reference, block);
      if (source)
        await this.#readPiece({ source, from: alongAxes(mapping.source, source.shape), target: axes }, reading);
    }
  }

  /** The piece of a mapping to one source; an unlimited axis ends where the source or the dataset does. */
  #pieceOf(
    source: SourceDataset,
    mapping: VirtualMapping,
    target: readonly AxisSelection[],
    axis: number,
  ): SourcePiece {
    const { shape } = this.#dataset;
    const stated = alongAxes(mapping.source, source.shape);
    const along = target[axis];
    if (!along) return { source, from: stated, target };
    const from = stated.map((axisSelection, s) => finite(axisSelection, source.shape[s] ?? 0));
    const sourceAxis = endless(stated);
    // If both are unlimited, there are as many elements as the source has.
    const n = sourceAxis < 0 ? 0 : selected(from[sourceAxis] as AxisSelection);
    const cut = finite(along, shape[axis] ?? 0);
    const filled =
      cut.block === 1 || cut.count !== 1
        ? { ...cut, count: Math.floor(n / cut.block) }
        : { ...cut, block: n, stride: Math.max(1, n) };
    return { source, from, target: target.map((axisSelection, t) => (t === axis ? filled : axisSelection)) };
  }

  /** Reads the elements of a piece that are in the box. */
  async #readPiece(piece: SourcePiece, reading: BoxReading): Promise<void> {
    const { source, from, target } = piece;
    const { box, nesting, signal } = reading;
    const { pace } = this.#dataset.file.files;
    const convert = this.#conversion(source);
    source.checkFilters();
    const counterparts = this.#counterparts(piece);
    const runs = target.map((axis, t) => {
      const start = box.start[t] ?? 0;
      return this.#runsIn(axis, from[counterparts[t] ?? -1], start, start + (box.count[t] ?? 0));
    });
    if (runs.some((list) => list.length === 0)) return;
    const lastRuns = runs.map((list) => list.length - 1);
    for (const place of placesBetween(new Array<number>(runs.length).fill(0), lastRuns)) {
      const chosen = runs.map((list, t) => list[place[t] ?? 0] as Run);
      const start = from.map((axisSelection) => axisSelection.start);
      const count = from.map(() => 1);
      for (const [t, axis] of counterparts.entries())
        if (axis !== undefined) [start[axis], count[axis]] = [chosen[t]?.source ?? 0, chosen[t]?.count ?? 0];
      if (pace.due) await pace.rest(signal);
      countElements(this.#name, nesting, volume(count));
      await this.#readRuns({ source, convert }, { start, count }, chosen, reading);
    }
  }

  /** The source's axis of each axis of the target: those with one index need none, the others pair up in order. */
  #counterparts({ source, from, target }: SourcePiece): readonly (number | undefined)[] {
    const long = (axes: readonly AxisSelection[]): number[] =>
      axes.flatMap((axisSelection, i) => (selected(axisSelection) === 1 ? [] : [i]));
    const [targetAxes, sourceAxes] = [long(target), long(from)];
    const length = (axis: AxisSelection | undefined): number => (axis ? selected(axis) : Number.NaN);
    if (
      targetAxes.length !== sourceAxes.length ||
      targetAxes.some((t, i) => length(target[t]) !== length(from[sourceAxes[i] ?? -1]))
    )
      throw this.#unlike(`its part ${source.path} is reshaped, which is not supported`);
    return target.map((_, t) => sourceAxes[targetAxes.indexOf(t)]);
  }

  /** The runs of an axis within start … end − 1; `other` is its counterpart. */
  #runsIn(axis: AxisSelection, other: AxisSelection | undefined, start: number, end: number): Run[] {
    const runs: Run[] = [];
    const positions = positionsIn(axis, start, end);
    for (let i = positions.first; i < positions.end; ) {
      const target = indexAt(axis, i);
      const source = other ? indexAt(other, i) : 0;
      let n = axis.block - (i % axis.block);
      if (other) n = Math.min(n, other.block - (i % other.block));
      if (!(n >= 1)) throw this.#unlike('a selection is inconsistent');
      n = Math.min(n, positions.end - i, end - target);
      const before = runs.at(-1);
      if (before && before.target + before.count === target && before.source + before.count === source)
        before.count += n;
      else runs.push({ target, source, count: n });
      i += n;
    }
    return runs;
  }

  /** Turns elements of a source into those of the dataset; undefined if they are the same. */
  #conversion({ path, type, file }: SourceDataset): Conversion | undefined {
    const { type: wanted, file: own } = this.#dataset;
    if (isSameType(type, wanted)) {
      if (refersToFile(type) && file.source !== own.source)
        throw this.#unlike(`its part ${path} has ${typeName(type)}, which cannot be read through another file`);
      return undefined;
    }
    const convert = conversionBetween(type, wanted, this.#name);
    if (convert) return convert;
    const [from, to] = [typeName(type), typeName(wanted)];
    throw this.#unlike(
      `its elements are ${to}${to === from ? ' under other names' : ''}, but its part ${path} has ${from}, and these ` +
        'are not converted; read the part by itself, or copy the numbers into a dataset of one type',
    );
  }

  /** Copies the source's box to the target: the same elements in the same order, possibly with additional axes of 1. */
  async #readRuns({ source, convert }: Source, part: Box, chosen: readonly Run[], reading: BoxReading): Promise<void> {
    const { box, to, nesting, signal } = reading;
    const { size } = this.#dataset.type;
    const start = chosen.map((run, t) => (to.start[t] ?? 0) + run.target - (box.start[t] ?? 0));
    const counts = chosen.map(({ count }) => count);
    // The target's strides in the order of the source's axes, for the axes longer than 1.
    const targetLong = counts.flatMap((n, t) => (n > 1 ? [t] : []));
    const sourceLong = part.count.flatMap((n, s) => (n > 1 ? [s] : []));
    const direct = targetLong.length === sourceLong.length && to.shape.length === part.count.length;
    if (!convert && direct && targetLong.every((t, i) => t === sourceLong[i])) {
      await source.readRaw(part, { ...to, start }, signal, nesting);
      return;
    }
    const stored = new Uint8Array(part.count.reduce((product, n) => product * n, source.type.size));
    await source.readRaw(part, { bytes: stored, shape: part.count, start: part.count.map(() => 0) }, signal, nesting);
    const bytes = convert ? convert(stored) : stored;
    copyBox({ bytes, shape: counts, start: counts.map(() => 0) }, { ...to, start }, counts, size);
  }
}

/** The blocks of the unlimited axis that are in the box, each with what it fills. */
function* blocksIn(
  target: readonly AxisSelection[],
  axis: number,
  box: Box,
): Generator<readonly [number, readonly AxisSelection[]]> {
  const { start, stride, block: length } = target[axis] as AxisSelection;
  const from = box.start[axis] ?? 0;
  const first = Math.max(0, Math.floor((from - start) / stride));
  const last = Math.floor((from + (box.count[axis] ?? 0) - 1 - start) / stride);
  for (let block = first; block <= last; block++) {
    const along = { start: start + block * stride, stride: length, count: 1, block: length };
    yield [block, target.map((other, t) => (t === axis ? along : other))];
  }
}

/** Whether no index of a finite axis of the selection is in the box. */
const misses = (target: readonly AxisSelection[], box: Box): boolean =>
  target.some((axisSelection, t) => {
    if (axisSelection.count === Infinity || axisSelection.block === Infinity) return false;
    const start = box.start[t] ?? 0;
    const { first, end } = positionsIn(axisSelection, start, start + (box.count[t] ?? 0));
    return first >= end;
  });
