/** Metadata of Zarr arrays, versions 2 and 3: shape, chunks, dtype, codecs. Source: the specifications of both. */

import type { DataType } from '../../bytes/dtype.js';
import { elementBytes } from '../../bytes/dtype.js';
import { halfToNumber } from '../../util/number-bytes.js';
import { wordTable } from '../../util/word-table.js';
import type { Axis, Metadata } from '../dataset.js';
import { numpyNames, numpyTypes } from '../numpy-types.js';

/** A step between the numbers of a chunk and its stored bytes. */
export interface ZarrCodec {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Inner chunks that are stored together in one file. */
interface ZarrShards {
  /** Shape of a shard in elements. */
  readonly shape: readonly number[];
  /** Bytes of the index without its checksum are 16 per inner chunk. */
  readonly indexChecksum: boolean;
  readonly indexAtEnd: boolean;
  readonly indexLittle: boolean;
}

/** An array. */
export interface ZarrArray {
  readonly shape: readonly number[];
  /** Shape of a chunk, inside of a shard if there are any. */
  readonly chunk: readonly number[];
  readonly dtype: DataType;
  readonly little: boolean;
  /** In the order of writing, after the numbers are bytes. */
  readonly codecs: readonly ZarrCodec[];
  /** The axes of a chunk in the order in which they are stored, slowest first; undefined for that of the array. */
  readonly order: readonly number[] | undefined;
  /** The value of chunks that were not written; its text if JSON has rounded it. */
  readonly fill: number | bigint | string;
  /** The name of a chunk's file, from its place counted in chunks (or shards). */
  readonly key: (place: readonly number[]) => string;
  readonly shards: ZarrShards | undefined;
}

/** Metadata of an array or group, as read from a file. */
export type ZarrJson = Readonly<Record<string, unknown>>;

const maxAxes = 32;
/** The names of version 3. */
const types3 = wordTable<DataType>({ bool: 'u8', ...numpyNames });

/** Throws an error that the caller extends with the name of the file. */
const wrong = (message: string): never => {
  throw new Error(message);
};

const objectOf = (value: unknown): ZarrJson =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as ZarrJson) : {};

/** A part of the metadata that has a name: version 3.1 writes the name alone where there is nothing to configure. */
const named = (value: unknown): ZarrJson => (typeof value === 'string' ? { name: value } : objectOf(value));

function lengths(what: string, value: unknown, least: number): readonly number[] {
  if (!Array.isArray(value) || value.length > maxAxes) return wrong(`its ${what} is not a list of lengths`);
  for (const n of value) if (!Number.isSafeInteger(n) || n < least || n > 2 ** 40) wrong(`its ${what} is [${value}]`);
  return value as readonly number[];
}

/** Describes an array. Throws `Error` for metadata that cannot be read, with the reason. */
export function zarrArray(json: ZarrJson): ZarrArray {
  const array = json.zarr_format === 3 ? arrayV3(json) : json.zarr_format === 2 ? arrayV2(json) : undefined;
  if (!array) return wrong(`zarr_format is ${JSON.stringify(json.zarr_format)}; expected 2 or 3`);
  if (array.shape.length !== array.chunk.length || array.shape.length === 0)
    wrong(`its shape is [${array.shape}] and its chunks are [${array.chunk}]`);
  if (!Number.isSafeInteger(array.chunk.reduce((a, b) => a * b, elementBytes(array.dtype))))
    wrong(`chunks of [${array.chunk}] are too large`);
  return array;
}

function arrayV2(json: ZarrJson): ZarrArray {
  const type = /^([<>|])([a-z]\d+)$/.exec(String(json.dtype));
  const dtype = numpyTypes[type?.[2] ?? ''];
  if (!dtype) return wrong(`its dtype is ${JSON.stringify(json.dtype)}, which is no type of detector frames`);
  const { order = 'C' } = json;
  if (order !== 'C' && order !== 'F') wrong(`the order of its chunks is ${JSON.stringify(order)}; expected C or F`);
  const separator = json.dimension_separator === '/' ? '/' : '.';
  const filters = Array.isArray(json.filters) ? json.filters : [];
  const steps = [...filters, ...(json.compressor ? [json.compressor] : [])].map((step) => {
    const { id, ...options } = objectOf(step);
    return { name: String(id), options };
  });
  return {
    shape: lengths('shape', json.shape, 0),
    chunk: lengths('chunks', json.chunks, 1),
    dtype,
    little: type?.[1] !== '>',
    codecs: steps,
    order: order === 'F' ? axisNumbers(json.chunks).reverse() : undefined,
    fill: fillValue(json.fill_value, dtype),
    key: (place) => place.join(separator),
    shards: undefined,
  };
}

const axisNumbers = (value: unknown): number[] => (Array.isArray(value) ? value.map((_, axis) => axis) : []);

function arrayV3(json: ZarrJson): ZarrArray {
  const dtype = types3[String(named(json.data_type).name)];
  if (!dtype) return wrong(`its data_type is ${JSON.stringify(json.data_type)}, which is no type of detector frames`);
  const grid = named(json.chunk_grid);
  if (grid.name !== 'regular') wrong(`its chunk_grid is ${JSON.stringify(grid.name)}; expected regular`);
  const shape = lengths('shape', json.shape, 0);
  const outer = lengths('chunk_shape', objectOf(grid.configuration).chunk_shape, 1);
  const encoding = named(json.chunk_key_encoding);
  const isDefault = encoding.name !== 'v2';
  const { separator = isDefault ? '/' : '.' } = objectOf(encoding.configuration);
  if (separator !== '/' && separator !== '.') wrong(`the separator of its chunks is ${JSON.stringify(separator)}`);
  const key = (place: readonly number[]): string => (isDefault ? ['c', ...place] : place).join(separator as string);
  const base = { shape, dtype, fill: fillValue(json.fill_value, dtype), key };
  const codecs = codecsOf(json.codecs);
  const [first] = codecs;
  if (first?.name !== 'sharding_indexed')
    return { ...base, ...plain(codecs, shape.length), chunk: outer, shards: undefined };
  if (codecs.length > 1) wrong(`its shards are packed again by ${codecs[1]?.name}, which is not supported`);
  const inner = lengths('chunk_shape', first.options.chunk_shape, 1);
  if (inner.length !== outer.length || inner.some((n, i) => (outer[i] as number) % n !== 0))
    wrong(`its shards of [${outer}] are no whole number of chunks of [${inner}]`);
  const index = codecsOf(first.options.index_codecs);
  const packed = index.find(({ name }) => name !== 'bytes' && name !== 'crc32c');
  if (packed) wrong(`the index of its shards is packed by ${packed.name}, which is not supported`);
  return {
    ...base,
    ...plain(codecsOf(first.options.codecs), shape.length),
    chunk: inner,
    shards: {
      shape: outer,
      indexChecksum: index.some(({ name }) => name === 'crc32c'),
      indexAtEnd: first.options.index_location !== 'start',
      indexLittle: index.find(({ name }) => name === 'bytes')?.options.endian !== 'big',
    },
  };
}

function codecsOf(value: unknown): ZarrCodec[] {
  if (!Array.isArray(value) || value.length > 16) return wrong('its codecs are not a list');
  return value.map((step) => {
    const { name, configuration } = named(step);
    return { name: String(name), options: objectOf(configuration) };
  });
}

/** Separates the order of the axes and the order of bytes from the other codecs. */
function plain(codecs: readonly ZarrCodec[], axes: number): Pick<ZarrArray, 'little' | 'codecs' | 'order'> {
  let order: readonly number[] | undefined;
  let at = 0;
  for (; codecs[at]?.name === 'transpose'; at++) {
    const turned = permutation((codecs[at] as ZarrCodec).options.order, axes);
    order = order ? turned.map((axis) => (order as readonly number[])[axis] as number) : turned;
  }
  const [bytes, ...rest] = codecs.slice(at);
  if (bytes?.name !== 'bytes') return wrong(`its first codec is ${bytes?.name ?? 'absent'}; expected bytes`);
  return { little: bytes.options.endian !== 'big', codecs: rest, order };
}

/** The order of a transposition; early writers have letters as in version 2. */
function permutation(value: unknown, axes: number): readonly number[] {
  const all = Array.from({ length: axes }, (_, axis) => axis);
  if (value === 'C') return all;
  if (value === 'F') return all.reverse();
  const isOrder = Array.isArray(value) && value.length === axes && all.every((axis) => value.includes(axis));
  return isOrder ? (value as number[]) : wrong(`its codec transpose has order ${JSON.stringify(value)}`);
}

/** The value of chunks that were never written; a text with the stated one if JSON has rounded it. */
function fillValue(value: unknown, dtype: DataType): number | bigint | string {
  const words: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity: 1 / 0, '-Infinity': -1 / 0 };
  const big = dtype === 'u64' || dtype === 'i64';
  if (value === null || value === undefined || value === false) return big ? 0n : 0;
  if (value === true) return 1;
  if (typeof value === 'number' && big && Number.isInteger(value))
    return Number.isSafeInteger(value) ? BigInt(value) : String(value);
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && Object.hasOwn(words, value)) return words[value] as number;
  if (typeof value === 'string' && /^0x[0-9a-f]+$/i.test(value)) return floatOfBits(BigInt(value), dtype);
  if (Array.isArray(value) && value.every((part) => Number(part) === 0)) return 0;
  return wrong(`its fill_value is ${JSON.stringify(value)}, which is not supported`);
}

/** A float given by its bits. */
function floatOfBits(bits: bigint, dtype: DataType): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  if (dtype === 'f32') return view.getFloat32(4);
  if (dtype === 'f64') return view.getFloat64(0);
  if (dtype === 'f16') return halfToNumber(view.getUint16(6));
  return wrong(`its fill_value is 0x${bits.toString(16)}, which is not supported for ${dtype}`);
}

/** The names of axes and their steps, if the file states them. */
export function zarrMeta(json: ZarrJson, attributes: ZarrJson, axes: readonly Axis[] | undefined): Metadata {
  const names = json.dimension_names ?? attributes._ARRAY_DIMENSIONS;
  return {
    ...(axes ? { axes } : {}),
    header: {
      zarr_format: json.zarr_format,
      ...(Array.isArray(names) ? { dimension_names: names.map(String) } : {}),
    },
  };
}
