/** The layout of a dataset's elements in the file. */
import type { Fields } from './fields.js';
import { nowhere } from './fields.js';

/** How the chunks of a dataset are found. */
type ChunkIndex =
  | { readonly kind: 'tree1' | 'implicit' | 'fixed' | 'extensible' | 'tree2'; readonly address: number }
  | { readonly kind: 'single'; readonly address: number; readonly size: number | undefined; readonly mask: number };

/** Where the elements are stored. */
export type StorageLayout =
  | { readonly kind: 'compact'; readonly bytes: Uint8Array }
  | { readonly kind: 'contiguous'; readonly address: number; readonly size: number | undefined }
  | {
      readonly kind: 'chunked';
      readonly chunk: readonly number[];
      readonly elementBytes: number;
      readonly index: ChunkIndex;
      /** Whether chunks beyond the edge are stored without filters. */
      readonly plainEdges: boolean;
      /** Whether the stored sizes of filtered chunks have eight bytes (version 5, HDF5 2.0), not as many as they need. */
      readonly wideSizes: boolean;
    }
  | { readonly kind: 'virtual'; readonly address: number; readonly index: number };

/** Reads a layout message. */
export function readLayout(fields: Fields): StorageLayout {
  const version = fields.version(1, 2, 3, 4, 5);
  if (version < 3) return oldLayout(fields);
  const kind = fields.u8();
  if (kind === 0) return { kind: 'compact', bytes: fields.take(fields.u16()) };
  if (kind === 1) return { kind: 'contiguous', address: fields.address(), size: fields.length() };
  if (kind === 3 && version > 3) return { kind: 'virtual', address: fields.address(), index: fields.u32() };
  if (kind !== 2) throw fields.wrong(`layout class ${kind} is not supported`);
  if (version === 3) {
    const rank = fields.u8();
    const address = fields.address();
    return chunked(fields, sizes(fields, rank, 4), { kind: 'tree1', address });
  }
  const flags = fields.u8();
  const rank = fields.u8();
  const chunk = sizes(fields, rank, fields.u8());
  const type = fields.u8();
  let index: ChunkIndex;
  if (type === 1) {
    const filtered = (flags & 2) !== 0;
    const size = filtered ? fields.length() : undefined;
    const mask = filtered ? fields.u32() : 0;
    index = { kind: 'single', address: fields.address(), size, mask };
  } else if (type === 2) {
    index = { kind: 'implicit', address: fields.address() };
  } else if (type === 3) {
    fields.skip(1);
    index = { kind: 'fixed', address: fields.address() };
  } else if (type === 4) {
    fields.skip(5);
    index = { kind: 'extensible', address: fields.address() };
  } else if (type === 5) {
    fields.skip(6);
    index = { kind: 'tree2', address: fields.address() };
  } else throw fields.wrong(`chunk index type ${type} is not supported`);
  return chunked(fields, chunk, index, (flags & 1) !== 0, version > 4);
}

function oldLayout(fields: Fields): StorageLayout {
  const rank = fields.u8();
  const kind = fields.u8();
  fields.skip(5);
  const address = kind === 0 ? nowhere : fields.address();
  if (kind === 2) return chunked(fields, sizes(fields, rank, 4), { kind: 'tree1', address });
  sizes(fields, rank, 4);
  if (kind === 0) return { kind: 'compact', bytes: fields.take(fields.u32()) };
  if (kind !== 1) throw fields.wrong(`layout class ${kind} is not supported`);
  return { kind: 'contiguous', address, size: undefined };
}

const sizes = (fields: Fields, rank: number, bytes: number): number[] =>
  Array.from({ length: rank }, () => fields.uint(bytes));

/** The last size is that of an element. */
function chunked(
  fields: Fields,
  all: number[],
  index: ChunkIndex,
  plainEdges = false,
  wideSizes = false,
): StorageLayout {
  const chunk = all.slice(0, -1);
  const elementBytes = all.at(-1) ?? 0;
  const bytes = all.reduce((product, n) => product * n, 1);
  if (all.length < 2 || !(bytes > 0) || bytes > 2 ** 32)
    throw fields.wrong(`chunks of ${all.join(' × ')} bytes are impossible`);
  return { kind: 'chunked', chunk, elementBytes, index, plainEdges, wideSizes };
}
