/** Numbers below 4096, the same in each run, as frames of u16. */
export function countsOf(length) {
  const data = new Uint16Array(length);
  for (let i = 0, state = 1; i < length; i++) {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    data[i] = state >>> 20;
  }
  return data;
}
