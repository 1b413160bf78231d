/** Version 2 B-trees: links, attributes and chunks of new files. */

import { EwaldError } from '../util/errors.js';
import { bytesFor, type Fields, nowhere } from './fields.js';
import type { Pages } from './pages.js';

/** A tree as described by its header. */
export interface Tree2 {
  readonly type: number;
  readonly recordBytes: number;
  readonly depth: number;
  readonly root: number;
  readonly rootRecords: number;
  /** The records of a node, and the children of an inner node. */
  node(address: number, count: number, level: number): Promise<Node2>;
}

interface Child2 {
  readonly address: number;
  readonly count: number;
}
interface Node2 {
  readonly records: readonly Fields[];
  readonly children: readonly Child2[];
}

/** Opens a tree. */
export async function tree2(pages: Pages, address: number, what: string): Promise<Tree2> {
  const { offset, length } = pages.widths;
  const head = await pages.fields(address, 22 + offset + length, `a tree of ${what}`);
  head.signature('BTHD');
  head.version(0);
  const type = head.u8();
  const nodeBytes = head.u32();
  const recordBytes = head.u16();
  const depth = head.u16();
  head.skip(2);
  const root = head.address();
  const rootRecords = head.u16();
  head.length();
  head.checksum();
  const leaf = Math.floor((nodeBytes - 10) / Math.max(1, recordBytes));
  if (recordBytes < 1 || leaf < 1 || depth > 32) throw head.wrong('its sizes are inconsistent');
  // The width of the child counts follows from the maximum number of records at each level.
  const countBytes = bytesFor(leaf);
  const most = [leaf];
  const total = [leaf];
  const totalBytes = [0];
  for (let level = 1; level <= depth; level++) {
    const pointer = offset + countBytes + (totalBytes[level - 1] ?? 0);
    const records = Math.floor((nodeBytes - (10 + pointer)) / (recordBytes + pointer));
    if (records < 1) throw head.wrong('its nodes are too small for their records');
    most.push(records);
    total.push((records + 1) * (total[level - 1] ?? 0) + records);
    totalBytes.push(bytesFor(total[level] ?? 0));
  }
  return {
    type,
    recordBytes,
    depth,
    root,
    rootRecords,
    async node(at, count, level) {
      if (count > (most[level] ?? 0)) throw head.wrong(`a node of level ${level} claims ${count} records`);
      const pointer = level === 0 ? 0 : offset + countBytes + (totalBytes[level - 1] ?? 0);
      const bytes = 10 + count * recordBytes + (level === 0 ? 0 : (count + 1) * pointer);
      const fields = await pages.fields(at, bytes, `a node of ${what}`);
      fields.checksumAtEnd();
      fields.signature(level === 0 ? 'BTLF' : 'BTIN');
      fields.version(0);
      if (fields.u8() !== type) throw fields.wrong('it belongs to a tree of another type');
      const records = Array.from({ length: count }, () => fields.part(recordBytes));
      const children =
        level === 0
          ? []
          : Array.from({ length: count + 1 }, () => {
              const child = { address: fields.address(), count: fields.uint(countBytes) };
              fields.skip(totalBytes[level - 1] ?? 0);
              return child;
            });
      return { records, children };
    },
  };
}

/** All records of a tree in order. */
export async function* records(pages: Pages, address: number, what: string): AsyncGenerator<Fields> {
  if (address === nowhere) return;
  const tree = await tree2(pages, address, what);
  if (tree.root === nowhere || tree.rootRecords === 0) return;
  // Each record is stored once, so a tree cannot have more records than fit in the file.
  let left = Math.ceil(pages.source.size / tree.recordBytes);
  const seen = new Set<number>();
  const walk = async function* (at: number, count: number, level: number): AsyncGenerator<Fields> {
    const node = await tree.node(at, count, level);
    if (seen.has(at)) throw new EwaldError('Format', `${pages.source.name}: nodes of ${what} at ${at} form a cycle`);
    seen.add(at);
    for (let i = 0; i <= node.records.length; i++) {
      const child = node.children[i];
      if (child) yield* walk(child.address, child.count, level - 1);
      const record = node.records[i];
      if (record && left-- <= 0) throw record.wrong('its nodes form a cycle');
      if (record) yield record;
    }
  };
  yield* walk(tree.root, tree.rootRecords, tree.depth);
}
