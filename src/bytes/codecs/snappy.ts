/** Snappy: the size, then literals and copies. Source: format_description.txt of the library. */
import { repeat } from './repeat.js';

const wrong = (why: string): never => {
  throw new Error(`Snappy: ${why}`);
};

/** Fills all of `out`. Throws `Error` if the data are damaged, or hold more or fewer bytes. */
export function unpackSnappy(packed: Uint8Array, out: Uint8Array): void {
  let [at, done] = [0, 0];
  /** A number of so many bytes, little-endian. */
  const uint = (bytes: number): number => {
    if (at + bytes > packed.length) wrong('the data end within a number');
    let value = 0;
    for (let i = 0; i < bytes; i++) value += (packed[at++] as number) * 2 ** (8 * i);
    return value;
  };
  let stated = 0;
  for (let shift = 0, byte = 128; byte >= 128; shift += 7) {
    if (shift > 28) wrong('its size has more than 32 bits');
    byte = uint(1);
    stated += (byte & 127) * 2 ** shift;
  }
  if (stated !== out.length) wrong(`it states ${stated} bytes; expected ${out.length}`);
  while (at < packed.length) {
    const tag = uint(1);
    const [kind, high] = [tag & 3, tag >> 2];
    if (kind === 0) {
      const length = 1 + (high < 60 ? high : uint(high - 59));
      if (at + length > packed.length || done + length > out.length) wrong('literals end beyond the data');
      out.set(packed.subarray(at, at + length), done);
      at += length;
      done += length;
    } else if (kind === 1) done = repeat(out, done, (tag >> 5) * 256 + uint(1), 4 + (high & 7));
    else done = repeat(out, done, uint(kind === 2 ? 2 : 4), high + 1);
  }
  if (done !== out.length) wrong(`it has ${done} bytes; expected ${out.length}`);
}
