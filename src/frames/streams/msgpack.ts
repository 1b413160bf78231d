/**
 * The subset of MessagePack that frames use: https://github.com/msgpack/msgpack/blob/master/spec.md. Maps become `Map`
 * with text keys, binaries are views of the message, integers beyond 2⁵³ are rounded.
 */
import { Walk } from './bytes.js';

/** Decodes a message. Throws `Format` if it is damaged or has trailing bytes. */
export function decodeMsgpack(bytes: Uint8Array): unknown {
  const walk = new Walk(bytes, 'MessagePack');
  const value = msgpackItem(walk);
  if (walk.at !== bytes.length) walk.refuse(`${bytes.length - walk.at} bytes follow its end`);
  return value;
}

function msgpackItem(walk: Walk): unknown {
  const { view } = walk;
  const byte = view.getUint8(walk.step(1));
  const next = (): unknown => msgpackItem(walk);
  if (byte < 0x80) return byte;
  if (byte < 0x90) return walk.map(byte & 15, next);
  if (byte < 0xa0) return walk.list(byte & 15, next);
  if (byte < 0xc0) return walk.text(byte & 31);
  if (byte >= 0xe0) return byte - 256;
  const u8 = (): number => view.getUint8(walk.step(1));
  const u16 = (): number => view.getUint16(walk.step(2));
  const u32 = (): number => view.getUint32(walk.step(4));
  // An extension: its type, then its bytes; frames do not use any.
  const extension = (count: number): Uint8Array => walk.take(count + 1).subarray(1);
  switch (byte) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xc4:
      return walk.take(u8());
    case 0xc5:
      return walk.take(u16());
    case 0xc6:
      return walk.take(u32());
    case 0xc7:
      return extension(u8());
    case 0xc8:
      return extension(u16());
    case 0xc9:
      return extension(u32());
    case 0xca:
      return view.getFloat32(walk.step(4));
    case 0xcb:
      return view.getFloat64(walk.step(8));
    case 0xcc:
      return u8();
    case 0xcd:
      return u16();
    case 0xce:
      return u32();
    case 0xcf:
      return Number(view.getBigUint64(walk.step(8)));
    case 0xd0:
      return view.getInt8(walk.step(1));
    case 0xd1:
      return view.getInt16(walk.step(2));
    case 0xd2:
      return view.getInt32(walk.step(4));
    case 0xd3:
      return Number(view.getBigInt64(walk.step(8)));
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return extension(2 ** (byte - 0xd4));
    case 0xd9:
      return walk.text(u8());
    case 0xda:
      return walk.text(u16());
    case 0xdb:
      return walk.text(u32());
    case 0xdc:
      return walk.list(u16(), next);
    case 0xdd:
      return walk.list(u32(), next);
    case 0xde:
      return walk.map(u16(), next);
    case 0xdf:
      return walk.map(u32(), next);
    default:
      return walk.refuse(`0x${byte.toString(16)} does not start any type`);
  }
}
