/** Attributes: in messages of the object, or in a heap if there are many. */
import { type Dataspace, elementsOf, readDataspace } from './dataspace.js';
import { type Hdf5Type, readDatatype } from './datatype.js';
import type { Fields } from './fields.js';
import { listedIn } from './fractal-heap.js';
import { find, message, type ObjectHeader, readHeader } from './object-header.js';
import type { Pages } from './pages.js';
import { type Hdf5Value, readValues, singleValue } from './values.js';

/** An attribute as stored. */
export interface StoredAttribute {
  readonly name: string;
  readonly space: Dataspace;
  readonly type: Hdf5Type;
  readonly bytes: Uint8Array;
}

/** All attributes of an object, except those that are shared with other objects. */
export async function readAttributes(pages: Pages, header: ObjectHeader): Promise<Map<string, Hdf5Value>> {
  const found = new Map<string, Hdf5Value>();
  for await (const attribute of storedAttributes(pages, header)) {
    if (!attribute) continue;
    const { name, space, type, bytes } = attribute;
    const values = await readValues(pages, type, elementsOf(space), bytes);
    found.set(name, space.kind === 'scalar' ? (singleValue(values) ?? '') : values);
  }
  return found;
}

/** The attributes of an object; undefined for one that is shared with other objects, which is in a heap of the file. */
export async function* storedAttributes(
  pages: Pages,
  header: ObjectHeader,
): AsyncGenerator<StoredAttribute | undefined> {
  for (const { type, data } of header.messages)
    if (type === message.attribute) yield await readAttribute(pages, data.again());
  const info = find(header, message.attributeInfo);
  for await (const { heap, record } of listedIn(pages, info, 2, 'attributes')) {
    const object = await heap.object(record.take(heap.idBytes));
    yield record.u8() & 2 ? undefined : await readAttribute(pages, object);
  }
}

async function readAttribute(pages: Pages, fields: Fields): Promise<StoredAttribute> {
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
  const bytes = elementsOf(space) * type.size;
  if (bytes > fields.left) throw fields.wrong(`attribute ${name} claims more than it holds`);
  return { name, space, type, bytes: fields.take(bytes) };
}

async function sharedType(pages: Pages, fields: Fields, isShared: boolean): Promise<Fields> {
  if (!isShared) return fields;
  const version = fields.version(1, 2, 3);
  fields.skip(version === 1 ? 7 : 1);
  const target = find(await readHeader(pages, fields.address()), message.datatype);
  if (!target) throw fields.wrong('the type it refers to is not a type');
  return target;
}
