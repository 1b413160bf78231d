// What every rank of the benchmark runs, as a task of spmd or in a process under mpirun (mpi-rank.mjs).
const least = (list) => Math.min(...list);

/** The largest value of all ranks. */
async function greatest(comm, value) {
  const out = new Float64Array(1);
  await comm.allreduce(Float64Array.of(value), out, 'max');
  return out[0];
}

/**
 * Seconds of one transform of n³ from slabs of z to slabs of y: the mean of `runs` pairs of forward and backward, as
 * heFFTe's speed3d measures it, best of `rounds`. The result is compared with the input first.
 */
export async function chained(heffte, comm, { n, runs, rounds = 2, backend = 'native', options }) {
  const world = heffte.box3d([0, 0, 0], [n - 1, n - 1, n - 1]);
  const [inbox, outbox] = [2, 1].map((axis) => heffte.makeSlabs(world, comm.size, axis)[comm.rank]);
  const plan = await heffte.fft3d(backend, inbox, outbox, comm, { threads: 1, ...options });
  const array = (count) => new Float32Array(comm.allocate(8 * count));
  const [input, output, back] = [array(inbox.count), array(outbox.count), array(inbox.count)];
  for (let i = 0; i < input.length; i++) input[i] = ((i * 7919 + 31 * comm.rank) % 1009) / 1009 - 0.5;
  const pairs = async (count) => {
    for (let run = 0; run < count; run++) {
      await plan.forward(input, output);
      await plan.backward(output, back, 'full');
    }
  };
  await pairs(Math.min(runs, 10));
  let worst = 0;
  for (let i = 0; i < input.length; i++) worst = Math.max(worst, Math.abs(back[i] - input[i]));
  if (!((await greatest(comm, worst)) < 1e-5)) throw new Error(`a round trip differs from its input by ${worst}`);
  const seconds = [];
  for (let round = 0; round < rounds; round++) {
    await comm.barrier();
    const began = performance.now();
    await pairs(runs);
    seconds.push(await greatest(comm, (performance.now() - began) / 2000 / runs));
  }
  const { algorithm, text } = plan.describe();
  await plan.dispose();
  return { seconds: least(seconds), algorithm, text };
}

/**
 * Seconds of a transform of this rank's share of n³, which needs nothing from the other ranks: what the machine gives
 * to ranks that compute at the same time.
 */
export async function apart(context, comm, { n, runs = 6 }) {
  const plan = await context.fft({ shape: [n / comm.size, n, n], threads: 1 });
  const input = new Float32Array(plan.inputLength).fill(0.5);
  const output = new Float32Array(plan.outputLength);
  const seconds = [];
  for (let run = 0; run < runs; run++) {
    await comm.barrier();
    const began = performance.now();
    await plan.forward(input, output);
    seconds.push(await greatest(comm, (performance.now() - began) / 1000));
  }
  await plan.dispose();
  return least(seconds.slice(1));
}

/** The modules are imported here, because a worker finds the package only by its address. */
export const onWorkers = async ({ entry, ...wish }, { comm }) => chained(await import(entry), comm, wish);
export const onWorkersApart = async ({ entry, ...wish }, { comm }) => {
  const { createContext } = await import(entry);
  const context = await createContext({ backend: 'native', strict: true });
  const seconds = await apart(context, comm, wish);
  await context.dispose();
  return seconds;
};
