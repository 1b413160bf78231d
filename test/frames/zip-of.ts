/** A zip archive of a few members, as NumPy writes them. */
import { deflateRawSync } from 'node:zlib';
import { crc32 } from '../../src/util/crc32.js';

/** `method`: 0 stored, 8 deflate. `given`: the stored bytes of all members, instead of what they are packed to. */
export function zipOf(members: Readonly<Record<string, Uint8Array>>, method: 0 | 8, given?: Uint8Array): Uint8Array {
  const local: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let at = 0;
  for (const [text, member] of Object.entries(members)) {
    const stored = given ?? (method === 8 ? deflateRawSync(member) : member);
    const name = Buffer.from(text, 'latin1');
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(method, 4);
    shared.writeUInt32LE(crc32(member), 10);
    shared.writeUInt32LE(stored.length, 14);
    shared.writeUInt32LE(member.length, 18);
    shared.writeUInt16LE(name.length, 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(at, 10);
    local.push(Buffer.from('PK\x03\x04', 'latin1'), shared, name, stored);
    central.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), shared, place, name);
    at += 30 + name.length + stored.length;
  }
  const table = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(members).length, 8);
  end.writeUInt16LE(Object.keys(members).length, 10);
  end.writeUInt32LE(table.length, 12);
  end.writeUInt32LE(at, 16);
  return new Uint8Array(Buffer.concat([...local, table, end]));
}
