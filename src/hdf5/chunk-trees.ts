/** Chunks in B-trees: version 1 in old files, version 2 if several axes can grow. */
import { countWhile } from '../util/count-while.js';
import { EwaldError } from '../util/errors.js';
import { node1 } from './btree1.js';
import { tree2 } from './btree2.js';
import { type ChunkLookup, type Grid, remember, type StoredChunk, storedSize } from './chunk-grid.js';
import { type Fields, nowhere } from './fields.js';

/** −1, 0 or 1 if place a comes before, equals or comes after b. */
function compare(a: readonly number[], b: readonly number[]): number {
  for (let axis = 0; axis < a.length; axis++) {
    const difference = (a[axis] ?? 0) - (b[axis] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Index of the last of `count` ascending places that is not after `place`; −1 if there is none. */
const lastUpTo = (
  places: readonly { readonly place: readonly number[] }[],
  place: readonly number[],
  count = places.length,
): number => countWhile(count, (i) => compare(places[i]?.place ?? [], place) <= 0) - 1;

interface Key1 {
  readonly size: number;
  readonly mask: number;
  readonly place: readonly number[];
}

export function tree1Lookup(grid: Grid, root: number): ChunkLookup {
  const { pages, rank, chunk } = grid;
  const node = remember(64, async (address) => {
    const { level, keys, children } = await node1(pages, address, 1, 8 + 8 * (rank + 1));
    return { level, children, keys: keys.map(readKey) };
  });
  const readKey = (fields: Fields): Key1 => {
    const [size, mask] = [fields.u32(), fields.u32()];
    const place = chunk.map((n) => Math.floor(fields.limit(8) / n));
    return { size, mask, place };
  };
  return async (place) => {
    for (let address = root, level = Infinity; address !== nowhere; ) {
      const { level: found, keys, children } = await node(address);
      if (found >= level) throw pagesWrong(grid, address, 'its nodes form a cycle');
      level = found;
      const i = lastUpTo(keys, place, children.length);
      const [key, child] = [keys[i], children[i]];
      if (!key || child === undefined) return undefined;
      if (level > 0) address = child;
      else return compare(key.place, place) === 0 ? { address: child, size: key.size, mask: key.mask } : undefined;
    }
    return undefined;
  };
}

interface Record2 {
  readonly chunk: StoredChunk;
  readonly place: readonly number[];
}

/** Where a node is, the number of its records, and its level above the leaves. */
interface Place2 {
  readonly address: number;
  readonly count: number;
  readonly level: number;
}

export function tree2Lookup(grid: Grid, address: number): ChunkLookup {
  const { pages, rank } = grid;
  const open = remember(1, async (at) => {
    const tree = await tree2(pages, at, 'chunks');
    if (tree.type !== (grid.sizeBytes > 0 ? 11 : 10)) throw pagesWrong(grid, at, `its type is ${tree.type}`);
    return { tree, root: { address: tree.root, count: tree.rootRecords, level: tree.depth } };
  });
  const readRecord = (fields: Fields): Record2 => {
    const chunk = { address: fields.address(), ...storedSize(fields, grid) };
    return { chunk, place: Array.from({ length: rank }, () => fields.limit(8)) };
  };
  const node = remember(64, async ({ address: at, count, level }: Place2) => {
    const { tree } = await open(address);
    const { records, children } = await tree.node(at, count, level);
    return { records: records.map(readRecord), children: children.map((child) => ({ ...child, level: level - 1 })) };
  });
  return async (place) => {
    let at: Place2 | undefined = (await open(address)).root;
    while (at && at.address !== nowhere && at.level >= 0) {
      const { records, children }: Awaited<ReturnType<typeof node>> = await node(at);
      const i = lastUpTo(records, place);
      const record = records[i];
      if (record && compare(record.place, place) === 0) return record.chunk;
      at = children[i + 1];
    }
    return undefined;
  };
}

const pagesWrong = (grid: Grid, address: number, why: string): Error =>
  new EwaldError('Format', `${grid.pages.source.name}: the tree of chunks at ${address}: ${why}`);
