/** Groups, datasets and types of a file, as users of `ewald/hdf5` see them. */

import {
  allocateFrames,
  arrayNames,
  bytesOfArray,
  type DataType,
  dtypeOf,
  elementBytes,
  type FrameArray,
  type GivenArray,
  isArrayOf,
} from '../../bytes/dtype.js';
import { argumentError } from '../../options/parameters.js';
import { EwaldError, isEwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { checkSignal, kindOf, knownOptions } from '../../util/options.js';
import { product } from '../../util/product.js';
import { type StoredAttribute, storedAttributes } from '../attributes.js';
import type { Hdf5Dataset } from '../dataset.js';
import { elementsOf } from '../dataspace.js';
import { type Hdf5Type, numberType, readDatatype } from '../datatype.js';
import { type Hdf5File, Hdf5Group } from '../file.js';
import { filterName } from '../filters.js';
import type { Link } from '../links.js';
import { find, message, type ObjectHeader } from '../object-header.js';
import { type Hdf5Value, readValues, singleValue } from '../values.js';
import { elementTypeOf, type HdfElementType } from './element-type.js';
import { readSelected } from './gather.js';
import { type HdfSelection, hyperslabOf } from './hyperslab.js';

/** A value that is read: numbers in a typed array, texts and records in an array. */
export type HdfValues = FrameArray | readonly Hdf5Value[];

/** An attribute of an object. */
export interface HdfAttribute {
  readonly name: string;
  /** Slowest axis first; empty of a single value, undefined of one that has no value at all. */
  readonly shape: readonly number[] | undefined;
  readonly type: HdfElementType;
  /** A single value by itself, others in C order; half floats as numbers; undefined without any. */
  readonly value: Hdf5Value | undefined;
}

/** Where a name of a group leads. */
export type HdfLink =
  | { readonly kind: 'hard' }
  | { readonly kind: 'soft'; readonly path: string }
  | { readonly kind: 'external'; readonly file: string; readonly path: string }
  /** One of an application of its own, which is not followed. */
  | { readonly kind: 'user'; readonly type: number };

/** A filter through which the chunks of a dataset were written. */
export interface HdfFilter {
  /** The number under which it is registered with the HDF Group. */
  readonly id: number;
  /** With what it was told, for people to read: gzip 4. */
  readonly name: string;
  readonly values: readonly number[];
}

/** Options of reading a dataset. */
export interface HdfReadOptions<Into extends GivenArray = GivenArray> {
  /**
   * Memory for the numbers, of the dataset's dtype and as long as the selection; half floats (f16) in a Uint16Array or a
   * Float16Array. Default: allocated.
   */
  readonly into?: Into | undefined;
  /** Aborts the read with `Aborted`. */
  readonly signal?: PlatformSignal | undefined;
}

/** What all objects of a file have. */
interface HdfObject {
  /** The path by which it was reached. */
  readonly path: string;
  /** Where it is in its file; two paths with the same address lead to the same object. */
  readonly address: number;
  /** The file that holds it, which may be another one than was opened. */
  readonly file: string;
  /**
   * Its attributes by name.
   *
   * Throws `Format` for damaged ones, `Unsupported` for those that are shared in a heap of the file.
   */
  attributes(): Promise<ReadonlyMap<string, HdfAttribute>>;
}

/** A group: objects by name. */
export interface HdfGroup extends HdfObject {
  readonly kind: 'group';
  /** Its links by name, in the order of the names. */
  readonly links: ReadonlyMap<string, HdfLink>;
  /**
   * The object at a path from this group, or from the root if it begins with `/`; undefined if there is none.
   *
   * Throws `Format` for a damaged object or links in a cycle, `File` for a file of an external link that does not exist
   * or lies outside the folder, `Unsupported` for a link of an application of its own.
   */
  get(path: string): Promise<HdfNode | undefined>;
}

/** An array of elements. */
export interface HdfDataset extends HdfObject {
  readonly kind: 'dataset';
  /** Slowest axis first; empty of a single value, undefined of a dataset that has no value at all. */
  readonly shape: readonly number[] | undefined;
  /** To what each axis can grow; Infinity without a limit. */
  readonly maxShape: readonly number[] | undefined;
  readonly type: HdfElementType;
  /** Of the typed array into which numbers are read; undefined of other elements. */
  readonly dtype: DataType | undefined;
  readonly layout: 'compact' | 'contiguous' | 'chunked' | 'virtual' | 'external';
  /** Shape of the chunks; undefined without chunks. */
  readonly chunks: readonly number[] | undefined;
  readonly filters: readonly HdfFilter[];
  /** Names of the files that hold the elements of an external or virtual dataset; `.` is the same file. */
  readonly files: readonly string[];
  /** The shape of a selection: without the axes of which one index is asked for. */
  shapeOf(selection?: HdfSelection): readonly number[];
  /**
   * Reads a selection in C order; default: all. Numbers come in a typed array in the byte order of the machine, complex
   * ones as pairs, f16 as their bits; other elements in an array of texts, records, arrays or references.
   *
   * Throws `Argument` for a selection that does not fit, `Shape` for an `into` of another length or dtype, `Limit` for
   * more than `maxFrameBytes`, `Format` for damaged chunks, `Unsupported` for an unknown filter, `File` for a file that
   * does not exist or lies outside the folder, `Disposed`, `Aborted`.
   */
  read<Into extends GivenArray>(
    selection: HdfSelection | undefined,
    options: HdfReadOptions<Into> & { readonly into: Into },
  ): Promise<Into>;
  read(selection?: HdfSelection, options?: HdfReadOptions): Promise<HdfValues>;
}

/** A type under a name of its own. */
export interface HdfNamedType extends HdfObject {
  readonly kind: 'type';
  readonly type: HdfElementType;
}

/** An object of a file. */
export type HdfNode = HdfGroup | HdfDataset | HdfNamedType;

/** Whether the file is still open. Throws `Disposed` if not. */
export type AssertOpen = () => void;

/** Values that are no numbers, of one read: a damaged file may refer to the same ones again and again. */
const maxValues = 2 ** 24;
/** Such elements that are read at once. */
const valuesAtOnce = 2 ** 16;

/** An object of the reader as users see it. */
export function nodeOf(object: Hdf5Group | Hdf5Dataset, assertOpen: AssertOpen): HdfNode {
  const { path, file } = object;
  const common = { path, file: file.source.name };
  if (!(object instanceof Hdf5Group)) return new Dataset(object, assertOpen);
  const { header, links } = object;
  const attributes = (): Promise<ReadonlyMap<string, HdfAttribute>> => {
    assertOpen();
    const stored = storedAttributes(object.file.superblock.pages, header);
    return named(file, path, () => attributesOf(object.file, path, stored));
  };
  const type = namedType(header);
  if (type)
    return { kind: 'type', ...common, address: header.address, type: elementTypeOf(readDatatype(type)), attributes };
  return {
    kind: 'group',
    ...common,
    address: header.address,
    links: new Map([...links].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, link]) => [name, linkOf(link)])),
    attributes,
    async get(wanted) {
      assertOpen();
      if (typeof wanted !== 'string') throw argumentError('get', () => 'expected the path of an object as text');
      return named(file, wanted, async () => {
        const found = await object.get(wanted);
        return found && nodeOf(found, assertOpen);
      });
    },
  };
}

/** Work on an object; what is damaged says by which path it was looked for, beside where it is. */
export async function named<T>({ source }: Pick<Hdf5File, 'source'>, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isEwaldError(error, 'Format') || error.message.includes(path)) throw error;
    throw new EwaldError('Format', `${path}: ${error.message}`, {
      cause: error,
      detail: { path: source.name, object: path, ...error.detail },
    });
  }
}

/** The type that is stored under a name of its own; undefined of a group. */
function namedType(header: ObjectHeader): ReturnType<typeof find> {
  const isGroup = header.messages.some(({ type }) =>
    [message.symbolTable, message.linkInfo, message.link].includes(type as never),
  );
  return isGroup ? undefined : find(header, message.datatype);
}

const linkOf = (link: Link): HdfLink => (link.kind === 'hard' ? { kind: 'hard' } : link);

async function attributesOf(
  file: Pick<Hdf5File, 'source' | 'superblock'>,
  path: string,
  stored: AsyncGenerator<StoredAttribute | undefined>,
): Promise<ReadonlyMap<string, HdfAttribute>> {
  const found = new Map<string, HdfAttribute>();
  for await (const attribute of stored) {
    if (!attribute)
      throw new EwaldError(
        'Unsupported',
        `${file.source.name}: an attribute of ${path} is shared in a heap of the file, which is not supported`,
      );
    const { name, space, type, bytes } = attribute;
    const values = await readValues(file.superblock.pages, type, elementsOf(space), bytes);
    found.set(name, {
      name,
      shape: space.kind === 'null' ? undefined : space.shape,
      type: elementTypeOf(type),
      value: space.kind === 'null' ? undefined : space.kind === 'scalar' ? singleValue(values) : values,
    });
  }
  return found;
}

class Dataset implements HdfDataset {
  readonly kind = 'dataset';
  readonly path: string;
  readonly file: string;
  readonly address: number;
  readonly shape: readonly number[] | undefined;
  readonly maxShape: readonly number[] | undefined;
  readonly type: HdfElementType;
  readonly dtype: DataType | undefined;
  readonly layout: HdfDataset['layout'];
  readonly chunks: readonly number[] | undefined;
  readonly filters: readonly HdfFilter[];
  readonly files: readonly string[];
  readonly #dataset: Hdf5Dataset;
  readonly #assertOpen: AssertOpen;

  constructor(dataset: Hdf5Dataset, assertOpen: AssertOpen) {
    const { space, type, numbers, layout, chunk, filters, files, mappings } = dataset;
    const isNull = space.kind === 'null';
    this.path = dataset.path;
    this.file = dataset.file.source.name;
    this.address = dataset.address;
    this.shape = isNull ? undefined : dataset.shape;
    this.maxShape = isNull ? undefined : space.most;
    this.type = elementTypeOf(type);
    this.dtype = numbers?.dtype;
    this.layout = files ? 'external' : layout.kind;
    this.chunks = chunk;
    this.filters = filters.map((filter) => ({ id: filter.id, name: filterName(filter), values: filter.values }));
    this.files = [...new Set((files ?? mappings ?? []).map(({ file }) => file))];
    this.#dataset = dataset;
    this.#assertOpen = assertOpen;
  }

  get #name(): string {
    return `${this.file}: ${this.path}`;
  }

  attributes(): Promise<ReadonlyMap<string, HdfAttribute>> {
    this.#assertOpen();
    const { file, path } = this.#dataset;
    return named(file, path, () => attributesOf(file, path, this.#dataset.storedAttributes()));
  }

  shapeOf(selection?: HdfSelection): readonly number[] {
    return hyperslabOf(this.#name, selection, this.shape ?? []).shape;
  }

  async read<Into extends GivenArray>(
    selection?: HdfSelection,
    options: HdfReadOptions<Into> = {},
  ): Promise<Into & HdfValues> {
    this.#assertOpen();
    knownOptions('read', options, ['into', 'signal']);
    const { into, signal } = options;
    checkSignal(signal);
    const { axes } = hyperslabOf(this.#name, selection, this.shape ?? []);
    const count = this.shape === undefined ? 0 : product(axes.map(({ count: n, block }) => n * block));
    const { size } = this.#dataset.type;
    const most = this.#dataset.file.files.maxFrameBytes;
    if (count * size > most)
      throw new EwaldError(
        'Limit',
        `${this.#name}: ${count} elements of ${size} bytes are more than the ${most} bytes of maxFrameBytes; ` +
          'read parts of it, or open the file with a larger maxFrameBytes',
      );
    if (this.dtype === undefined) {
      if (into !== undefined) throw notNumbers(this.#name, this.#dataset.type);
      return (await this.#values(axes, count, signal)) as never;
    }
    const out = into ?? allocateFrames(this.dtype, count);
    if (into !== undefined) this.#checkInto(into, this.dtype, count);
    if (count > 0) await readSelected(this.#dataset, axes, bytesOfArray(out), signal);
    return out as never;
  }

  #checkInto(into: GivenArray, dtype: DataType, count: number): void {
    dtypeOf(into);
    if (isArrayOf(into, dtype) && into.byteLength === count * elementBytes(dtype)) return;
    throw new EwaldError(
      'Shape',
      `${this.#name}: into is ${kindOf(into)} (${into.byteLength} bytes); ${count} elements of ${dtype} need ` +
        `${arrayNames(dtype)} of ${count * elementBytes(dtype)} bytes`,
    );
  }

  async #values(
    axes: Parameters<typeof readSelected>[1],
    count: number,
    signal: PlatformSignal | undefined,
  ): Promise<Hdf5Value[]> {
    const { type, file } = this.#dataset;
    const raw = new Uint8Array(count * type.size);
    if (count > 0) await readSelected(this.#dataset, axes, raw, signal);
    const left = { values: maxValues, bytes: file.files.maxFrameBytes };
    const out: Hdf5Value[] = [];
    for (let first = 0; first < count; first += valuesAtOnce) {
      checkSignal(signal);
      const n = Math.min(valuesAtOnce, count - first);
      const part = raw.subarray(first * type.size, (first + n) * type.size);
      for (const value of await readValues(file.superblock.pages, type, n, part, 0, left)) out.push(value as Hdf5Value);
    }
    return out;
  }
}

const notNumbers = (name: string, type: Hdf5Type): EwaldError =>
  new EwaldError(
    'Argument',
    `${name}: elements of kind ${elementTypeOf(type).kind} are no numbers (${numberType(type)?.dtype ?? 'no dtype'}) ` +
      'and cannot be read into a typed array; omit into',
  );
