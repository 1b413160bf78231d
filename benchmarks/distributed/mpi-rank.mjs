// One rank of the benchmark under mpirun: node mpi-rank.mjs WISHES as JSON. Rank 0 prints one line for each wish.
const dist = (name) => import(new URL(`../../dist/${name}`, import.meta.url));
const { mpiComm } = await dist('communicator.node.js');
const heffte = await dist('heffte.node.js');
const { chained } = await import('./tasks.mjs');

const comm = await mpiComm();
for (const wish of JSON.parse(process.argv[2])) {
  const measured = await chained(heffte, comm, wish);
  if (comm.rank === 0) process.stdout.write(`${JSON.stringify(measured)}\n`);
}
