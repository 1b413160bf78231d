/** Object headers, versions 1 and 2: the messages that describe a group or a dataset. */
import { EwaldError } from '../util/errors.js';
import { type Fields, nowhere } from './fields.js';
import type { Pages } from './pages.js';

/** Numbers of the supported messages. */
export const message = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  oldFill: 0x04,
  fill: 0x05,
  link: 0x06,
  externalFiles: 0x07,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

/** One message: its number and its data. */
export interface Message {
  readonly type: number;
  readonly data: Fields;
}

/** An object's messages in the order of the file. */
export interface ObjectHeader {
  readonly address: number;
  readonly messages: readonly Message[];
}

/** More continuation blocks than any writer makes for one header. */
const maxPieces = 1024;

/** Largest depth of shared messages that refer to shared messages. */
const deepestShared = 4;

type Raw = Message & { readonly flags: number };

/** Reads a header with all its continuations; shared messages are replaced by their targets. */
export async function readHeader(pages: Pages, address: number): Promise<ObjectHeader> {
  // A header that many messages refer to is read once.
  const known = new Map<number, readonly Raw[]>();
  const messages: Message[] = [];
  for (const { type, data, flags } of await readRaw(pages, address))
    messages.push({ type, data: flags & 2 ? await shared(pages, type, data, known) : data });
  return { address, messages };
}

/** The messages of a header as stored. */
async function readRaw(pages: Pages, address: number): Promise<Raw[]> {
  if (address === nowhere) throw new EwaldError('Format', `${pages.source.name}: an object has no address`);
  const start = await pages.fieldsUpTo(address, 32, 'an object header');
  const raw: Raw[] = [];
  const pieces = start.bytes[0] === 0x4f ? await version2(pages, address, start, raw) : version1(address, start);
  await readPieces(pages, address, pieces, raw);
  return raw;
}

/** The first message of a type. */
export const find = (header: ObjectHeader, type: number): Fields | undefined =>
  header.messages.find((each) => each.type === type)?.data.again();

interface HeaderChunk {
  readonly address: number;
  readonly length: number;
  readonly version: 1 | 2;
  readonly creationOrder: boolean;
}

function version1(address: number, start: Fields): HeaderChunk[] {
  start.version(1);
  start.skip(1 + 2 + 4);
  return [{ address: address + 16, length: start.u32(), version: 1, creationOrder: false }];
}

async function version2(pages: Pages, address: number, start: Fields, raw: Raw[]): Promise<HeaderChunk[]> {
  start.signature('OHDR');
  start.version(2);
  const flags = start.u8();
  if (flags & 0x20) start.skip(16);
  if (flags & 0x10) start.skip(4);
  const length = start.uint(1 << (flags & 3));
  const prefix = start.at;
  const whole = await pages.fields(address, prefix + length + 4, 'an object header');
  whole.at = prefix + length;
  whole.checksum();
  whole.at = prefix;
  return readMessages(whole.part(length, start.what), 2, (flags & 4) !== 0, raw);
}

async function readPieces(pages: Pages, owner: number, pieces: HeaderChunk[], raw: Raw[]): Promise<void> {
  const seen = new Set<number>();
  // Continuation blocks do not overlap, so together they are no longer than the file.
  let left = pages.source.size;
  for (let piece = pieces.shift(); piece; piece = pieces.shift()) {
    left -= piece.length;
    if (seen.has(piece.address) || seen.size >= maxPieces || left < 0)
      throw new EwaldError(
        'Format',
        `${pages.source.name}: the continuations of the object header at ${owner} form a cycle`,
      );
    seen.add(piece.address);
    const fields = await pages.fields(piece.address, piece.length, 'a part of an object header');
    if (piece.version === 2) {
      if (piece.length < 8) throw fields.wrong('it is shorter than its signature and checksum');
      fields.checksumAtEnd();
      fields.signature('OCHK');
      pieces.push(...readMessages(fields.part(piece.length - 8), 2, piece.creationOrder, raw));
    } else {
      pieces.push(...readMessages(fields, 1, false, raw));
    }
  }
}

function readMessages(fields: Fields, version: 1 | 2, creationOrder: boolean, raw: Raw[]): HeaderChunk[] {
  const more: HeaderChunk[] = [];
  const prefix = version === 1 ? 8 : creationOrder ? 6 : 4;
  while (fields.left >= prefix) {
    const type = version === 1 ? fields.u16() : fields.u8();
    const length = fields.u16();
    const flags = fields.u8();
    if (version === 1) fields.skip(3);
    else if (creationOrder) fields.skip(2);
    const data = fields.part(length, `${fields.what}, message ${type}`);
    if (type === message.continuation)
      more.push({ address: data.address(), length: data.length(), version, creationOrder });
    else if (type !== 0) raw.push({ type, data, flags });
  }
  return more;
}

/**
 * The target of a shared message: the message of the same type in another object, which may in turn be shared. Only
 * that one is followed; otherwise a few headers could request the fourth power of their messages.
 */
async function shared(
  pages: Pages,
  type: number,
  reference: Fields,
  known: Map<number, readonly Raw[]>,
): Promise<Fields> {
  let data = reference;
  let address = nowhere;
  for (let depth = 0; depth < deepestShared; depth++) {
    const version = data.version(1, 2, 3);
    const kind = data.u8();
    if (version === 3 && kind === 1)
      throw new EwaldError(
        'Unsupported',
        `${pages.source.name}: its messages are shared in a heap, which is not supported`,
      );
    if (version === 1) data.skip(6);
    address = data.address();
    const messages = known.get(address) ?? (await readRaw(pages, address));
    known.set(address, messages);
    const raw = messages.find((each) => each.type === type);
    if (!raw) throw data.wrong(`the object at ${address} that it refers to has no such message`);
    if (!(raw.flags & 2)) return raw.data.again();
    data = raw.data.again();
  }
  throw new EwaldError('Format', `${pages.source.name}: shared messages at ${address} form a cycle`);
}
