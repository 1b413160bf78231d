/** Limits of values for float32: comparing a float32 with them has the result of comparing it with the limit itself. */

const next = (value: number, up: boolean): number => {
  if (value === 0) return up ? 2 ** -149 : -(2 ** -149);
  const bits = new Int32Array(Float32Array.of(value).buffer);
  bits[0] = (bits[0] as number) + (value > 0 === up ? 1 : -1);
  return new Float32Array(bits.buffer)[0] as number;
};

/** The largest float32 that is not above a limit. */
export const notAbove = (limit: number): number => {
  const near = Math.fround(limit);
  return near > limit ? next(near, false) : near;
};

/** The smallest float32 that is not below a limit. */
export const notBelow = (limit: number): number => {
  const near = Math.fround(limit);
  return near < limit ? next(near, true) : near;
};
