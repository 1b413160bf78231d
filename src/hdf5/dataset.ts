/** A dataset: shape, type, filters, and reads of any box of it. */

import { swapBytes } from '../bytes/byte-order.js';
import { numberBytes } from '../bytes/dtype.js';
import { EwaldError, isEwaldError } from '../util/errors.js';
import type { PlatformSignal } from '../util/globals.js';
import { littleEndianMachine } from '../util/number-bytes.js';
import { readAttributes, type StoredAttribute, storedAttributes } from './attributes.js';
import { type Box, volume } from './box.js';
import type { ChunkLookup, StoredChunk } from './chunk-grid.js';
import { chunkLookup } from './chunk-index.js';
import { type Dataspace, elementsOf, readDataspace } from './dataspace.js';
import { checkElement, type Hdf5Type, type Numbers, numberType, readDatatype, typeName } from './datatype.js';
import type { ExternalPart } from './external-files.js';
import { nowhere } from './fields.js';
import { type Filter, type Pipeline, pipelineOf, readFilters, unknownFilter } from './filters.js';
import type { Home } from './home.js';
import { readLayout, type StorageLayout } from './layout.js';
import { type Nesting, objectKey } from './nesting.js';
import { find, message, type ObjectHeader } from './object-header.js';
import { withoutPadding } from './padded.js';
import { type ReadBox, storageReader } from './storage.js';
import { type Hdf5Value, readValues, singleValue } from './values.js';
import type { VirtualMapping, VirtualPiece } from './virtual.js';

/** Whether an object is a dataset, that is, has a layout. */
export const isDataset = (header: ObjectHeader): boolean => header.messages.some(({ type }) => type === message.layout);

/** Larger datasets are frames and are not read as values. */
const maxValueBytes = 2 ** 28;

interface DatasetParts {
  readonly file: Home;
  readonly path: string;
  readonly header: ObjectHeader;
  readonly space: Dataspace;
  readonly type: Hdf5Type;
  readonly layout: StorageLayout;
  readonly pipeline: Pipeline;
  readonly reader: () => ReadBox;
  /** Finds its chunks; undefined without any. */
  readonly lookup?: (() => ChunkLookup) | undefined;
  readonly mappings: readonly VirtualMapping[] | undefined;
  /** The sources of a virtual dataset. */
  readonly pieces?: () => AsyncGenerator<VirtualPiece>;
  readonly files: readonly ExternalPart[] | undefined;
}

/** An open dataset; its file owns it. */
export class Hdf5Dataset {
  readonly file: Home;
  readonly path: string;
  readonly shape: readonly number[];
  readonly type: Hdf5Type;
  /** Its dtype, if its elements are numbers. */
  readonly numbers: Numbers | undefined;
  readonly layout: StorageLayout;
  readonly filters: readonly Filter[];
  /** The parts of other datasets that make up a virtual one. */
  readonly mappings: readonly VirtualMapping[] | undefined;
  /** The files that hold the elements of one that is stored outside. */
  readonly files: readonly ExternalPart[] | undefined;
  readonly #parts: DatasetParts;
  #reader: ReadBox | undefined;
  #attributes: Promise<Map<string, Hdf5Value>> | undefined;

  constructor(parts: DatasetParts) {
    this.file = parts.file;
    this.path = parts.path;
    this.shape = parts.space.shape;
    this.type = parts.type;
    this.numbers = numberType(parts.type);
    this.layout = parts.layout;
    this.filters = parts.pipeline.filters;
    this.mappings = parts.mappings;
    this.files = parts.files;
    this.#parts = parts;
  }

  /** Its shape, whether it has one, and to what it can grow. */
  get space(): Dataspace {
    return this.#parts.space;
  }

  /** Its attributes as stored, one by one. */
  storedAttributes(): AsyncGenerator<StoredAttribute | undefined> {
    return storedAttributes(this.file.superblock.pages, this.#parts.header);
  }

  /** Place of its header in the file, which identifies it. */
  get address(): number {
    return this.#parts.header.address;
  }

  attributes(): Promise<ReadonlyMap<string, Hdf5Value>> {
    this.#attributes ??= readAttributes(this.file.superblock.pages, this.#parts.header);
    return this.#attributes;
  }

  /** The sources of a virtual dataset one by one, which are opened; none of another dataset. */
  pieces(): AsyncGenerator<VirtualPiece> | undefined {
    return this.#parts.pieces?.();
  }

  /** Whether its elements are unpacked from chunks by the codecs. */
  get isUnpacked(): boolean {
    return this.layout.kind === 'chunked' && this.filters.length > 0;
  }

  /** Shape of its chunks; undefined if it is not stored in chunks. */
  get chunk(): readonly number[] | undefined {
    return this.layout.kind === 'chunked' ? this.layout.chunk : undefined;
  }

  /**
   * Whether the file stores the chunk at a position counted in chunks or, without chunks, anything at all; true if the
   * file does not tell.
   */
  async isStored(place: readonly number[]): Promise<boolean> {
    const { layout } = this;
    if (layout.kind === 'contiguous') return layout.address !== nowhere || this.files !== undefined;
    const { lookup } = this.#parts;
    if (!lookup) return true;
    try {
      return (await lookup()(place)) !== undefined;
    } catch (error) {
      // What is wrong with the index is reported when a frame is read.
      if (isEwaldError(error, 'Format')) return true;
      throw error;
    }
  }

  /**
   * Whether its chunks are images of these axes that bitshuffle and LZ4 alone have packed, as numbers in this machine's
   * byte order.
   */
  isPackedBy(signal: readonly number[]): boolean {
    const { chunk = [], filters, numbers, shape, type } = this;
    const [only, ...others] = filters;
    const ones = chunk.slice(0, shape.length - signal.length);
    return (
      others.length === 0 &&
      only?.id === 32008 &&
      only.values[4] === 2 &&
      (only.values[2] || type.size) === type.size &&
      numbers?.big === !littleEndianMachine &&
      !numbers.padding &&
      [1, 2, 4].includes(type.size) &&
      ones.every((n) => n === 1) &&
      chunk.slice(ones.length).join() === signal.join()
    );
  }

  /** Reads a chunk as it is stored; see `readPacked`. */
  async readStored(
    place: readonly number[],
    memory: (bytes: number) => Uint8Array,
    signal: PlatformSignal | undefined,
  ): Promise<Uint8Array | undefined> {
    const { lookup } = this.#parts;
    let stored: StoredChunk | undefined;
    try {
      stored = await lookup?.()(place);
      if (stored?.mask !== 0) return undefined;
      this.file.superblock.pages.check(stored.address, stored.size, 'a chunk');
    } catch (error) {
      // What is wrong with it is reported by `read`.
      if (isEwaldError(error, 'Format')) return undefined;
      throw error;
    }
    const { source, base } = this.file.superblock.pages;
    return source.read(base + stored.address, memory(stored.size).subarray(0, stored.size), { signal });
  }

  /** Rejects filters that cannot be decoded, by number and name, before anything is read. */
  checkFilters(): void {
    const { unknown } = this.#parts.pipeline;
    if (unknown) throw unknownFilter(`${this.file.source.name}: ${this.path}`, unknown);
  }

  /**
   * Reads a box into `into`, in C order, numbers in the machine's byte order. Throws `Format` for damaged chunks,
   * `Unsupported` for an unknown filter, `File` for a missing file of a virtual dataset.
   */
  async read(box: Box, into: Uint8Array, signal?: PlatformSignal): Promise<Uint8Array> {
    const { shape, type, numbers, path } = this;
    const bytes = volume(box.count) * type.size;
    const fits = box.start.every(
      (from, axis) => from >= 0 && (box.count[axis] ?? 0) >= 0 && from + (box.count[axis] ?? 0) <= (shape[axis] ?? 0),
    );
    if (box.start.length !== shape.length || box.count.length !== shape.length || !fits)
      throw new EwaldError(
        'Argument',
        `${path}: a box of ${box.count.join(' × ')} from ${box.start.join(', ')} does not fit ${shape.join(' × ')}`,
      );
    if (into.length < bytes)
      throw new EwaldError('Shape', `${path}: ${bytes} bytes do not fit exactly ` + `into ${into.length}`);
    this.checkFilters();
    const out = into.subarray(0, bytes);
    await this.readRaw(box, { bytes: out, shape: box.count, start: box.count.map(() => 0) }, signal);
    if (numbers?.big) swapBytes(out, numberBytes(numbers.dtype), this.file.source);
    if (numbers?.padding) withoutPadding(out, numbers);
    return out;
  }

  /** Reads a box in the file's byte order into a position of an array. */
  readRaw: ReadBox = (box, to, signal, nesting?: Nesting) => {
    this.#reader ??= this.#parts.reader();
    return this.#reader(box, to, signal, nesting);
  };

  /** All elements as values; a scalar is returned by itself. For small datasets: `Limit` beyond 256 MiB. */
  async value(): Promise<Hdf5Value> {
    const { shape, type } = this;
    const count = elementsOf(this.#parts.space);
    const bytes = count * type.size;
    if (bytes > maxValueBytes)
      throw new EwaldError('Limit', `${this.path}: ${bytes} bytes are too many for one value; read boxes of it`);
    this.checkFilters();
    const raw = new Uint8Array(bytes);
    await this.readRaw({ start: shape.map(() => 0), count: shape }, { bytes: raw, shape, start: shape.map(() => 0) });
    const values = await readValues(this.file.superblock.pages, type, count, raw);
    return this.#parts.space.kind === 'scalar' ? (singleValue(values) ?? '') : values;
  }

  /** Shape and type, for people to read. */
  get summary(): string {
    return `${this.shape.join(' × ') || 'scalar'} ${typeName(this.type)}`;
  }
}

/** Opens the dataset described by a header; `through` lists the virtual datasets that are being opened through it. */
export async function openDataset(
  file: Home,
  path: string,
  header: ObjectHeader,
  through: readonly string[] = [],
): Promise<Hdf5Dataset> {
  const { pages } = file.superblock;
  const name = `${file.source.name}: ${path}`;
  const need = (type: number, what: string) => {
    const fields = find(header, type);
    if (!fields) throw new EwaldError('Format', `${name}: it has no ${what}`);
    return fields;
  };
  const space = readDataspace(need(message.dataspace, 'shape'));
  const type = readDatatype(need(message.datatype, 'type'));
  checkElement(type, name);
  const layout = readLayout(need(message.layout, 'layout'));
  const filterMessage = find(header, message.filters);
  const pipeline = pipelineOf(filterMessage ? readFilters(filterMessage) : [], type.size, pages.widths.checksums);
  const fill = readFill(header, type.size);
  const external = find(header, message.externalFiles);
  // Seldom used, and of no page's first bytes.
  const outside = external && (await import('./external-files.js'));
  const files = outside && (await outside.readExternalParts(pages, external));
  const { codecs, maxFrameBytes, pace } = file.files;
  const readExternal = files && outside?.externalReader(file, path, files);
  const own = { pages, name: path, space, elementBytes: type.size, pipeline, fill, readExternal };
  const parts = { ...own, codecs, maxFrameBytes, pace };
  const known = { file, path, header, type, layout, pipeline, files };
  if (layout.kind !== 'virtual') {
    let found: ChunkLookup | undefined;
    // The index is read once, by whichever asks first.
    const lookup =
      layout.kind === 'chunked'
        ? (): ChunkLookup => {
            found ??= chunkLookup(pages, layout, space, pipeline.filters.length > 0);
            return found;
          }
        : undefined;
    const reader = () => storageReader({ ...parts, layout, lookup });
    return new Hdf5Dataset({ ...known, space, mappings: undefined, lookup, reader });
  }
  // Files without virtual datasets do without its code.
  const { readMappings, virtualPieces, virtualReader, virtualShape } = await import('./virtual.js');
  const mappings = await readMappings(pages, layout, path);
  const key = objectKey(file.source, header.address);
  const shape = await virtualShape(file, path, key, space, mappings, through);
  const dataset = { file, path, key, shape, type, fill, mappings };
  const reader = () => virtualReader(dataset);
  const pieces = () => virtualPieces(dataset);
  return new Hdf5Dataset({ ...known, space: { ...space, shape }, mappings, reader, pieces });
}

/** The fill value of elements that were never written; undefined for zero. */
function readFill(header: ObjectHeader, size: number): Uint8Array | undefined {
  const fields = find(header, message.fill);
  if (!fields) {
    const old = find(header, message.oldFill);
    const bytes = old ? old.u32() : 0;
    return old && bytes === size ? old.take(size) : undefined;
  }
  const version = fields.version(1, 2, 3);
  let defined: boolean;
  if (version === 3) defined = (fields.u8() & 0x20) !== 0;
  else {
    fields.skip(2);
    defined = fields.u8() !== 0;
  }
  if (!defined || fields.left < 4) return undefined;
  const bytes = fields.u32();
  return bytes === size ? fields.take(size) : undefined;
}
