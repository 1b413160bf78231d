/** How numbers are stored: the byte order of this machine, and half floats. */

/** Whether this machine stores the least significant byte first, as every current machine with JavaScript does. */
export const littleEndianMachine = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** The value of a half float (IEEE 754 binary16) given as its 16 bits. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** The 16 bits of the half float next to a number. */
export function numberToHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  // Half a step beyond the largest one.
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  // A fraction that is rounded up to 2 carries into the exponent.
  return sign | ((exponent + 14) * 1024 + Math.round(size / 2 ** (exponent - 10)));
}
