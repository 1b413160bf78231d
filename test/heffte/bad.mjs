// Invalid use by ranks, as tasks of spmd; each returns the error it received.
import { box3d, fft3d, fft3dR2c } from 'ewald/heffte';

const told = async (promise) => {
  const error = await promise.then(
    () => undefined,
    (thrown) => thrown,
  );
  return `${error?.tag}: ${error?.message}`;
};
const half = (rank) => box3d([0, 0, 2 * rank], [3, 3, 2 * rank + 1]);
const within = (boxes, { comm }) => told(fft3d('stock', boxes(comm.rank)[0], boxes(comm.rank)[1], comm));

export const gap = (_, scope) => within((r) => [r === 0 ? half(0) : box3d([0, 0, 3], [3, 3, 3]), half(r)], scope);
export const overlap = (_, scope) => within((r) => [half(r), r === 0 ? half(0) : box3d([0, 0, 1], [3, 3, 3])], scope);
export const begin = (_, scope) => within((r) => [box3d([0, 0, 2 * r + 1], [3, 3, 2 * r + 2]), half(r)], scope);
export const worlds = (_, scope) => within((r) => [half(r), r === 0 ? half(0) : box3d([0, 0, 2], [3, 3, 4])], scope);
export const halves = (_, { comm }) => told(fft3dR2c('stock', half(comm.rank), half(comm.rank), 1, comm));
export const directions = (_, { comm }) => {
  const slab = box3d([0, 0, comm.rank], [3, 3, comm.rank]);
  return told(fft3dR2c('stock', slab, slab.r2c(0), comm.rank === 2 ? 1 : 0, comm));
};
export const algorithms = (_, { comm }) =>
  told(fft3d('stock', half(comm.rank), half(comm.rank), comm, { algorithm: comm.rank === 0 ? 'p2p' : 'alltoall' }));
export const refusedAlone = (_, { comm }) =>
  told(fft3d(comm.rank === 0 ? 'stock' : 'fftv', half(comm.rank), half(comm.rank), comm));

export const arrays = async (algorithm, { comm }) => {
  const plan = await fft3d('stock', half(comm.rank), half(comm.rank), comm, { algorithm });
  for (const [input, output, options, words] of [
    [new Float32Array(63), undefined, {}, 'expected a Float32Array of 64 numbers (complex) or 32 (real)'],
    [undefined, undefined, {}, 'the input is undefined; expected a Float32Array'],
    [new Float32Array(64), [1], {}, 'the output is [1]; expected a Float32Array'],
    [new Float32Array(64), new Float64Array(64), {}, 'the output is a Float64Array'],
    [new Float32Array(64), undefined, { batch: 3 }, 'a batch of 3'],
    [new Float32Array(64), undefined, { workspace: new Float32Array(1) }, 'sizeWorkspace'],
    [new Float32Array(64), undefined, { scal: 'full' }, 'did you mean "scale"'],
  ]) {
    const wrong = comm.rank === 0;
    const message = await told(wrong ? plan.forward(input, output, options) : plan.forward(new Float32Array(64)));
    const expected = wrong ? words : 'Argument: heffte: rank 0 could not start this run; see the error of that rank';
    if (!message.includes(expected)) throw new Error(`${message} does not say ${expected}`);
  }
  const result = await plan.forward(new Float32Array(64).fill(1));
  if (result[0] !== (comm.rank === 0 ? 64 : 0)) throw new Error(`found ${result[0]}`);
  await plan.dispose();
  return 'fine';
};

/** The errors that a rank receives in runs in which rank 1 differs, and whether the plan still works afterwards. */
export async function differentRuns(comm, algorithm) {
  const slab = box3d([0, 0, comm.rank], [3, 3, comm.rank]);
  const plan = await fft3d('stock', slab, slab, comm, { algorithm });
  const one = comm.rank === 1;
  const input = new Float32Array(32).fill(1);
  const [gone, goneOutput] = [new Float32Array(32), new Float32Array(32)];
  const runs = {
    direction: () => (one ? plan.backward(input) : plan.forward(input)),
    scale: () => plan.forward(input, undefined, one ? 'full' : 'none'),
    precision: () => plan.forward(one ? new Float64Array(32) : input),
    batch: () => plan.forward(new Float32Array(one ? 64 : 32), undefined, { batch: one ? 2 : 1 }),
    'an array that is gone': () => {
      const running = plan.forward(one ? gone : input);
      if (one) structuredClone(gone, { transfer: [gone.buffer] });
      return running;
    },
    'an output that is gone': () => {
      const running = plan.forward(input, one ? goneOutput : undefined);
      if (one) structuredClone(goneOutput, { transfer: [goneOutput.buffer] });
      return running;
    },
  };
  const heard = {};
  for (const [name, run] of Object.entries(runs)) {
    heard[name] = await told(run());
    const result = await plan.forward(input);
    const expected = comm.rank === 0 ? 16 * comm.size : 0;
    if (result[0] !== expected) throw new Error(`after ${name}: ${result[0]}, expected ${expected}`);
  }
  // Rank 1 disposes of the plan during the run.
  if (one) await plan.dispose();
  else heard['a plan that was disposed'] = await told(plan.forward(input));
  await comm.barrier();
  if (!one) await plan.dispose();
  return heard;
}
export const runs = (algorithm, { comm }) => differentRuns(comm, algorithm);

/** A rank that throws between two runs, while the others wait for it. */
export const throws = async (algorithm, { comm }) => {
  const slab = box3d([0, 0, comm.rank], [3, 3, comm.rank]);
  const plan = await fft3d('stock', slab, slab, comm, { algorithm });
  for (let run = 0; run < 3; run++) await plan.forward(new Float32Array(32));
  if (comm.rank === 1) throw new RangeError('rank 1 gave up');
  for (;;) await plan.forward(new Float32Array(32));
};

/** Runs of two plans at the same time, in another order on each rank; returns the first number of each result. */
export async function together(comm, algorithm) {
  const slab = box3d([0, 0, comm.rank], [3, 3, comm.rank]);
  const plans = [await fft3d('stock', slab, slab, comm, { algorithm }), await fft3d('stock', slab, slab, comm)];
  const found = [0, 0];
  for (let run = 1; run <= 20; run++) {
    const order = (run + comm.rank) % 2 === 0 ? [0, 1] : [1, 0];
    const results = await Promise.all(
      order.map((which) => plans[which].forward(new Float32Array(32).fill(which === 0 ? run : -run))),
    );
    order.forEach((which, i) => {
      const [first] = results[i];
      const expected = comm.rank === 0 ? 16 * comm.size * (which === 0 ? run : -run) : 0;
      if (Math.abs(first - expected) > 1e-3) throw new Error(`run ${run} of plan ${which}: ${first}, not ${expected}`);
      found[which]++;
    });
  }
  for (const plan of plans) await plan.dispose();
  return found;
}
export const twoPlans = (algorithm, { comm }) => together(comm, algorithm);

/** A communicator whose groups share at most `most` bytes. */
const limited = (comm, most) => {
  const calls = ['send', 'recv', 'alltoallv', 'alltoall', 'bcast', 'gather', 'allreduce', 'barrier', 'free'];
  const bound = Object.fromEntries([...calls, 'allocate', 'release'].map((name) => [name, comm[name].bind(comm)]));
  return {
    ...bound,
    rank: comm.rank,
    size: comm.size,
    sharesMemory: true,
    share: async (bytes) => {
      if (bytes <= most) return comm.share(bytes);
      throw Object.assign(new Error('no more'), { name: 'EwaldError', tag: 'OutOfMemory' });
    },
    split: async (color) => limited(await comm.split(color), most),
  };
};

/** Runs with more and more memory than can be shared: what they found, and the refusal where messages are ruled out. */
export const tooLarge = async (_, { comm }) => {
  const slab = box3d([0, 0, comm.rank], [3, 3, comm.rank]);
  const little = limited(comm, 4096);
  const plan = await fft3d('stock', slab, slab, little);
  const found = [];
  // A world of 3 × 4 × 4 takes 2 × 384 bytes in single precision.
  for (const batch of [1, 20, 1, 20, 2]) {
    const spectrum = await plan.forward(new Float32Array(32 * batch).fill(1), undefined, { batch });
    found.push(spectrum[32 * (batch - 1)]);
  }
  await plan.dispose();
  const strict = await fft3d('stock', slab, slab, little, { algorithm: 'shared' });
  found.push(await told(strict.forward(new Float32Array(32 * 20), undefined, { batch: 20 })));
  await strict.dispose();
  return found;
};

async function dying({ comm }, algorithm) {
  const slab = box3d([0, 0, comm.rank], [3, 3, comm.rank]);
  const plan = await fft3d('stock', slab, slab, comm, { algorithm });
  if (comm.rank === 2) process.exit(5);
  for (;;) await plan.forward(new Float32Array(32));
}
export const dies = (_, scope) => dying(scope, 'p2p-plined');
export const diesShared = (_, scope) => dying(scope, 'shared');
