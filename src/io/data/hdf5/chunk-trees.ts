/** Chunks in B-trees: version 1 in old files, version 2 if several axes can grow. */
import { EwaldError } from '../../../base/errors.js';
import { node1 } from './btree1.js';
import { type Tree2, tree2 } from './btree2.js';
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

/**
 * The last index in 0 … count − 1 for which `holds` is true, −1 if none; `holds` is true up to some index and false
 * after it.
 */
function last(count: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

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
      const i = last(children.length, (k) => compare(keys[k]?.place ?? [], place) <= 0);
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

export function tree2Lookup(grid: Grid, address: number): ChunkLookup {
  const { pages, rank } = grid;
  let opened: Promise<Tree2> | undefined;
  const open = (): Promise<Tree2> => {
    opened ??= tree2(pages, address, 'chunks').then((tree) => {
      if (tree.type !== (grid.sizeBytes > 0 ? 11 : 10)) throw pagesWrong(grid, address, `its type is ${tree.type}`);
      return tree;
    });
    return opened;
  };
  const readRecord = (fields: Fields): Record2 => {
    const chunk = { address: fields.address(), ...storedSize(fields, grid) };
    return { chunk, place: Array.from({ length: rank }, () => fields.limit(8)) };
  };
  const held = new Map<
    number,
    Promise<{ records: Record2[]; children: readonly { address: number; count: number }[] }>
  >();
  return async (place) => {
    const tree = await open();
    let [at, count] = [tree.root, tree.rootRecords];
    for (let level = tree.depth; at !== nowhere && level >= 0; level--) {
      let reading = held.get(at);
      if (!reading) {
        const [nodeAt, nodeCount, nodeLevel] = [at, count, level];
        reading = tree.node(nodeAt, nodeCount, nodeLevel).then(({ records, children }) => ({
          records: records.map(readRecord),
          children,
        }));
        if (held.size >= 64) held.clear();
        held.set(at, reading);
        reading.catch(() => held.delete(nodeAt));
      }
      const { records, children } = await reading;
      const i = last(records.length, (k) => compare(records[k]?.place ?? [], place) <= 0);
      const record = records[i];
      if (record && compare(record.place, place) === 0) return record.chunk;
      const child = children[i + 1];
      if (!child) return undefined;
      [at, count] = [child.address, child.count];
    }
    return undefined;
  };
}

const pagesWrong = (grid: Grid, address: number, why: string): Error =>
  new EwaldError('Format', `${grid.pages.source.name}: the tree of chunks at ${address}: ${why}`);
