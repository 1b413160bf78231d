// What the benchmark runs: nothing, or five milliseconds of the wall clock.
export const nothing = (value) => value;
/** Asleep, so that the executor is measured and not how busy the machine is. */
export const wait = (ms) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  return ms;
};
