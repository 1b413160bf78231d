/** Matches of compressed data: bytes that repeat earlier ones. */

/** Repeats what was written `distance` bytes before; returns the new end. */
export function repeat(out: Uint8Array, done: number, distance: number, length: number): number {
  const end = done + length;
  if (distance < 1 || distance > done || end > out.length) throw new Error('a match lies outside of the data');
  if (distance === 1) out.fill(out[done - 1] as number, done, end);
  // What repeats itself is copied in pieces that double.
  else for (let at = done; at < end; ) at += copied(out, done - distance, at, end);
  return end;
}

/** Copies from `from` to `at` what there is before it, up to `end`; returns how many bytes. */
function copied(out: Uint8Array, from: number, at: number, end: number): number {
  const length = Math.min(at - from, end - at);
  if (length < 16) for (let i = 0; i < length; i++) out[at + i] = out[from + i] as number;
  else out.copyWithin(at, from, from + length);
  return length;
}
