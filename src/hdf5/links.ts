/** The links of a group: symbol tables in old files, link messages and heaps in new ones. */
import { EwaldError } from '../util/errors.js';
import { leaves1 } from './btree1.js';
import type { Fields } from './fields.js';
import { listedIn } from './fractal-heap.js';
import { localHeap } from './heaps.js';
import { find, message, type ObjectHeader } from './object-header.js';
import type { Pages } from './pages.js';

/** The target of a link. */
export type Link =
  | { readonly kind: 'hard'; readonly address: number }
  | { readonly kind: 'soft'; readonly path: string }
  | { readonly kind: 'external'; readonly file: string; readonly path: string }
  | { readonly kind: 'user'; readonly type: number };

/** All links of a group by name; undefined if the object is not a group. */
export async function readLinks(pages: Pages, header: ObjectHeader): Promise<Map<string, Link> | undefined> {
  const table = find(header, message.symbolTable);
  const info = find(header, message.linkInfo);
  const messages = header.messages.filter(({ type }) => type === message.link);
  if (!table && !info && messages.length === 0) return undefined;
  const links = new Map<string, Link>();
  if (table) await symbolTable(pages, table, links);
  for (const { data } of messages) readLink(data.again(), links);
  for await (const { heap, record } of listedIn(pages, info, 8, 'links')) {
    record.skip(4);
    readLink(await heap.object(record.take(record.left)), links);
  }
  return links;
}

async function symbolTable(pages: Pages, table: Fields, links: Map<string, Link>): Promise<void> {
  const { offset } = pages.widths;
  const tree = table.address();
  const name = await localHeap(pages, table.address());
  for await (const leaf of leaves1(pages, tree)) {
    const head = await pages.fields(leaf, 8, 'a symbol table');
    head.signature('SNOD');
    head.version(1);
    head.skip(1);
    const count = head.u16();
    const entries = await pages.fields(leaf + 8, count * (2 * offset + 24), 'a symbol table');
    for (let i = 0; i < count; i++) {
      const key = name(entries.uint(offset));
      const address = entries.address();
      const cache = entries.u32();
      entries.skip(4);
      const scratch = entries.part(16);
      links.set(key, cache === 2 ? { kind: 'soft', path: name(scratch.u32()) } : { kind: 'hard', address });
    }
  }
}

function readLink(fields: Fields, links: Map<string, Link>): void {
  fields.version(1);
  const flags = fields.u8();
  const type = flags & 8 ? fields.u8() : 0;
  if (flags & 4) fields.skip(8);
  if (flags & 16) fields.skip(1);
  const name = fields.text(fields.uint(1 << (flags & 3)));
  if (type === 0) links.set(name, { kind: 'hard', address: fields.address() });
  else if (type === 1) links.set(name, { kind: 'soft', path: fields.text(fields.u16()) });
  else if (type === 64) {
    const value = fields.part(fields.u16());
    value.skip(1);
    links.set(name, { kind: 'external', file: value.textToZero(), path: value.textToZero() });
  } else links.set(name, { kind: 'user', type });
}

/** The error for a link of a type that cannot be followed. */
export const unknownLink = (file: string, path: string, type: number): EwaldError =>
  new EwaldError('Unsupported', `${file}: ${path} is a user-defined link of type ${type}, which cannot be followed`);
