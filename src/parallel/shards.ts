/**
 * The form of shards: files of a shared folder in which workers store results that are not sent. A shard is
 * `NAME.text`, which holds pieces of bytes, and `NAME.index`, whose entries describe them; an entry is its length and
 * CRC-32 as u32 and a value in the form of codec.ts.
 */
import { crc32 } from '../util/crc32.js';
import { decode, encode } from './codec.js';

/** Name of the file whose content proves that a folder is the client's. */
export const tokenFile = 'ewald-shards';
/** The names of shards and tokens, and of the files of a shard. */
export const shardName = /^[0-9a-f]{24}$/;
export const shardFile = new RegExp(`${shardName.source.slice(0, -1)}\\.(?:text|index)$`);

/** An entry of an index. */
export function entryOf(value: unknown): Uint8Array {
  const body = encode(value);
  const entry = new Uint8Array(8 + body.length);
  const view = new DataView(entry.buffer);
  view.setUint32(0, body.length, true);
  view.setUint32(4, crc32(body), true);
  entry.set(body, 8);
  return entry;
}

/** The values of an index up to its first incomplete entry: its worker may have been killed. */
export function* entriesIn(index: Uint8Array): Generator<unknown> {
  const view = new DataView(index.buffer, index.byteOffset, index.length);
  for (let at = 0; at + 8 <= index.length; ) {
    const body = index.subarray(at + 8, at + 8 + view.getUint32(at, true));
    if (body.length < view.getUint32(at, true) || crc32(body) !== view.getUint32(at + 4, true)) return;
    yield decode(body);
    at += 8 + body.length;
  }
}
