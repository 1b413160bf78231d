// Tasks of the tests: a single file without imports, so that it can also be sent as source.
export const echo = (value) => value;
export const square = (value) => value * value;
export const fail = () => {
  throw new TypeError('this task always fails');
};
export const refuse = () => () => 0;
export const die = () => process.exit(3);
export const hang = () => {
  for (;;);
};
export const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const heed = (_, { signal }) =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve('heard')));
export const where = (_, { worker }) => worker;
/** Sends messages of its own to the program. */
export const shout = async (messages) => {
  const { parentPort } = await import('node:worker_threads');
  for (const message of messages) parentPort.postMessage(message);
  return messages.length;
};
/** Dies on the first attempt: the file records that there was one. */
export const dieOnce = async ({ mark, value }) => {
  const { existsSync, writeFileSync } = await import('node:fs');
  if (existsSync(mark)) return value;
  writeFileSync(mark, 'once');
  process.exit(4);
};
const sevens = [7];
export const constant = () => sevens;
export const mutate = (list) => {
  list.push(99);
  return list.length;
};
export const sumOf = async (name, scope) => {
  const array = await scope.input(name);
  return array.reduce((sum, value) => sum + value, 0);
};
export const isShared = async (name, scope) => {
  const { buffer } = await scope.input(name);
  return typeof SharedArrayBuffer === 'function' && buffer instanceof SharedArrayBuffer;
};
export const busy = (ms) => {
  const end = performance.now() + ms;
  while (performance.now() < end);
  return ms;
};
export const moved = ({ floats }, { transfer }) =>
  transfer(
    floats.map((x) => 2 * x),
    [floats.buffer],
  );
/** Whether the thread was free while the context computed. */
export const freeMeanwhile = async (_, { context, threads }) => {
  const ctx = await context();
  const plan = await ctx.pi({ threads });
  let free = false;
  setImmediate(() => {
    free = true;
  });
  await plan.run({ points: 1e6 });
  await plan.dispose();
  return free;
};
export const allocate = (bytes) => new Uint8Array(bytes).fill(7);
export const slowSquare = ({ ms, value }) => new Promise((resolve) => setTimeout(() => resolve(value * value), ms));
/** Takes as many milliseconds as the environment of its worker says. */
export const paced = () => wait(Number(process.env.PACE));
/** Makes the file `mark` once it runs, and waits for the file `release`. */
export const heldSquare = async ({ mark, release, value }) => {
  const { existsSync, writeFileSync } = await import('node:fs');
  writeFileSync(mark, '');
  while (!existsSync(release)) await wait(5);
  return value * value;
};
export const grown = ({ bytes, by }) => bytes.map((byte) => byte + by);
/** The first task reports that the run is under way; the others take minutes. */
export const announced = (index) => (index === 0 ? 0 : new Promise((resolve) => setTimeout(resolve, 300_000)));
/** Takes memory until it is ended. */
export const hoard = () => {
  const taken = [];
  for (;;)
    if (taken.length < 100) taken.push(new Uint8Array(2 ** 24).fill(1));
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
};

export const zeros = (length) => new Uint8Array(length);
export const size = (bytes) => bytes.byteLength;
