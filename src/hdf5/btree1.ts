/** Version 1 B-trees: symbol tables of old groups and chunks of old files. */
import { type Fields, nowhere } from './fields.js';
import type { Pages } from './pages.js';

/** A node: keys[i] ≤ contents of child i < keys[i + 1]. */
interface Node1 {
  readonly level: number;
  readonly keys: readonly Fields[];
  readonly children: readonly number[];
}

/** The objects that a tree indexes: 0 for the names of a group, 1 for chunks. */
type Kind1 = 0 | 1;

/** Reads a node with keys of `keyBytes` bytes. */
export async function node1(pages: Pages, address: number, kind: Kind1, keyBytes: number): Promise<Node1> {
  const { offset } = pages.widths;
  const what = kind === 0 ? 'a tree of names' : 'a tree of chunks';
  const head = await pages.fields(address, 8 + 2 * offset, what);
  head.signature('TREE');
  if (head.u8() !== kind) throw head.wrong('it is a tree of another kind');
  const level = head.u8();
  const count = head.u16();
  const fields = await pages.fields(address + 8 + 2 * offset, count * (keyBytes + offset) + keyBytes, what);
  const keys = [fields.part(keyBytes)];
  const children: number[] = [];
  for (let i = 0; i < count; i++) {
    children.push(fields.address());
    keys.push(fields.part(keyBytes));
  }
  return { level, keys, children };
}

/** Addresses of all leaves of a tree of names, that is, its symbol table nodes. */
export async function* leaves1(pages: Pages, address: number): AsyncGenerator<number> {
  const seen = new Set<number>();
  const { offset, length } = pages.widths;
  // Each child is stored once, so a tree cannot have more children than fit in the file, and each leaf belongs to one
  // node.
  let left = Math.ceil(pages.source.size / (offset + length));
  const walk = async function* (at: number, level: number | undefined): AsyncGenerator<number> {
    if (at === nowhere) return;
    const node = await node1(pages, at, 0, length);
    const circle = (): Error => node.keys[0]?.wrong('its nodes form a cycle') ?? new Error();
    left -= node.children.length;
    if (seen.has(at) || left < 0 || (level !== undefined && node.level !== level)) throw circle();
    seen.add(at);
    for (const child of node.children) {
      if (node.level === 0) {
        if (seen.has(child)) throw circle();
        seen.add(child);
        yield child;
      } else yield* walk(child, node.level - 1);
    }
  };
  yield* walk(address, undefined);
}
