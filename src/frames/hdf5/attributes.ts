/** Attributes: in messages of the object, or in a heap if there are many. */
import { elementsOf, readDataspace } from './dataspace.js';
import { readDatatype } from './datatype.js';
import type { Fields } from './fields.js';
import { listedIn } from './fractal-heap.js';
import { find, message, type ObjectHeader, readHeader } from './object-header.js';
import type { Pages } from './pages.js';
import { type Hdf5Value, readValues } from './values.js';

/** All attributes of an object, except those of types that cannot be read. */
export async function readAttributes(pages: Pages, header: ObjectHeader): Promise<Map<string, Hdf5Value>> {
  const found = new Map<string, Hdf5Value>();
  for (const { type, data } of header.messages)
    if (type === message.attribute) await readAttribute(pages, data.again(), found);
  const info = find(header, message.attributeInfo);
  for await (const { heap, record } of listedIn(pages, info, 2, 'attributes')) {
    const object = await heap.object(record.take(heap.idBytes));
    // This flag of the record marks a shared attribute, which is stored elsewhere.
    if (record.u8() & 2) continue;
    await readAttribute(pages, object, found);
  }
  return found;
}

async function readAttribute(pages: Pages, fields: Fields, found: Map<string, Hdf5Value>): Promise<void> {
  const version = fields.version(1, 2, 3);
  const second = fields.u8();
  const flags = version === 1 ? 0 : second;
  const [nameBytes, typeBytes, spaceBytes] = [fields.u16(), fields.u16(), fields.u16()];
  if (version === 3) fields.skip(1);
  const part = (bytes: number): Fields => {
    const data = fields.part(bytes);
    if (version === 1) fields.skip(Math.min(fields.left, (8 - (bytes % 8)) % 8));
    return data;
  };
  const name = part(nameBytes).text(nameBytes);
  const typeFields = await sharedType(pages, part(typeBytes), (flags & 1) !== 0);
  const space = readDataspace(part(spaceBytes));
  const type = readDatatype(typeFields);
  const count = elementsOf(space);
  if (count * type.size > fields.left) throw fields.wrong(`attribute ${name} claims more than it holds`);
  const values = await readValues(pages, type, count, fields.take(count * type.size));
  found.set(name, space.kind === 'scalar' ? (values[0] ?? '') : values);
}

async function sharedType(pages: Pages, fields: Fields, isShared: boolean): Promise<Fields> {
  if (!isShared) return fields;
  const version = fields.version(1, 2, 3);
  fields.skip(version === 1 ? 7 : 1);
  const target = find(await readHeader(pages, fields.address()), message.datatype);
  if (!target) throw fields.wrong('the type it refers to is not a type');
  return target;
}
