/**
 * BloscLZ, Blosc's own codec: literals, and matches of three bytes or more, as in FastLZ at level 2. Source: the format
 * as c-blosc reads it.
 */
import { repeat } from './repeat.js';

const wrong = (why: string): never => {
  throw new Error(`BloscLZ: ${why}`);
};

/** Distances that thirteen bits hold; farther ones follow in two bytes. */
const nearest = 8191;

/** Fills all of `out`. Throws `Error` if the data are damaged, or hold more or fewer bytes. */
export function unpackBloscLz(packed: Uint8Array, out: Uint8Array): void {
  let [at, done] = [0, 0];
  const next = (): number => (at < packed.length ? (packed[at++] as number) : wrong('the data end within a match'));
  while (at < packed.length) {
    // The first byte also says at which level it was packed.
    const control = at === 0 ? next() & 31 : next();
    if (control < 32) {
      const end = at + control + 1;
      if (end > packed.length || done + control + 1 > out.length) wrong('literals end beyond the data');
      out.set(packed.subarray(at, end), done);
      done += control + 1;
      at = end;
      continue;
    }
    let length = (control >> 5) + 2;
    if (length === 9)
      for (let more = 255; more === 255; ) {
        more = next();
        length += more;
      }
    const low = next();
    const high = (control & 31) << 8;
    const distance = low === 255 && high === 31 << 8 ? nearest + next() * 256 + next() : high + low;
    done = repeat(out, done, distance + 1, length);
  }
  if (done !== out.length) wrong(`it has ${done} bytes; expected ${out.length}`);
}
