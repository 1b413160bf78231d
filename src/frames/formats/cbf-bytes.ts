/** x-CBF_BYTE_OFFSET: the difference from pixel to pixel in one byte, or in two, four or eight bytes after a marker. */

/** The error for data that end before the last pixel; the caller names the frame. */
const truncatedError = (done: number, pixels: number): Error =>
  new Error(`the byte offsets end after ${done} of ${pixels} pixels`);

/** An array of integers of the type that the header states. */
interface Pixels {
  [index: number]: number;
  readonly length: number;
  readonly BYTES_PER_ELEMENT: number;
}

/**
 * Decodes `out.length` pixels. Throws if the data end first, or if a pixel is more than the type of a header that
 * states fewer than 32 bits can be.
 */
export function decodeByteOffset(stored: Uint8Array, out: Pixels): void {
  const isNarrow = out.BYTES_PER_ELEMENT < 4;
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  const { length } = stored;
  const pixels = out.length;
  let value = 0;
  let at = 0;
  for (let i = 0; i < pixels; i++) {
    if (at >= length) throw truncatedError(i, pixels);
    const byte = stored[at++] as number;
    if (byte !== 0x80) value += (byte << 24) >> 24;
    else {
      if (at + 2 > length) throw truncatedError(i, pixels);
      let step = view.getInt16(at, true);
      at += 2;
      if (step === -0x8000) {
        if (at + 4 > length) throw truncatedError(i, pixels);
        step = view.getInt32(at, true);
        at += 4;
        if (step === -0x80000000) {
          if (at + 8 > length) throw truncatedError(i, pixels);
          step = Number(view.getBigInt64(at, true));
          at += 8;
        }
      }
      value += step;
    }
    out[i] = value;
    if (isNarrow && out[i] !== value)
      throw new Error(`pixel ${i} is ${value}, more than the ${8 * out.BYTES_PER_ELEMENT} bits of its header hold`);
  }
}
