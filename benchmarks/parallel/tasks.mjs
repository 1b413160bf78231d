// The tasks of the benchmark: an empty task, and one that takes five milliseconds of wall-clock time.
export const nothing = (value) => value;
/** Sleeps instead of computing, so that the benchmark measures the executor and not the load of the machine. */
export const wait = (ms) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  return ms;
};
