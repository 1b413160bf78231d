// One rank of the tests of MPI: node mpi-program.mjs WHAT
import { mpiComm } from 'ewald/communicator';
import { conformance } from './program.mjs';

const comm = await mpiComm();
const what = process.argv[2];
const programs = {
  async conformance() {
    process.stdout.write(`${JSON.stringify(await conformance(comm))}\n`);
  },
  async responsive() {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 10);
    if (comm.rank === 0) await new Promise((resolve) => setTimeout(resolve, 500));
    await comm.barrier();
    clearInterval(timer);
    if (comm.rank === 1) process.stdout.write(`ticks ${ticks}\n`);
  },
  async throws() {
    if (comm.rank === 1) throw new Error('it gave up');
    await comm.recv(new Int8Array(1), 1);
  },
  async dies() {
    if (comm.rank === 1) process.kill(process.pid, 'SIGKILL');
    await comm.recv(new Int8Array(1), 1);
  },
  async exits() {
    if (comm.rank === 1) process.exit(3);
    await comm.barrier();
  },
  async mismatched() {
    if (comm.rank === 0) {
      await comm.send(new Int32Array(4), 1, 1);
      await comm.send(new Int32Array(4), 1, 2);
      return;
    }
    for (const [length, tag] of [
      [5, 1],
      [2, 2],
    ]) {
      const error = await comm.recv(new Int32Array(length), 0, tag).catch((thrown) => thrown);
      process.stdout.write(`${error.tag}: ${error.message}\n`);
    }
  },
  async hostile() {
    for (let round = 0; round < 20; round++) {
      const data = new Float64Array(200_000).fill(round);
      const into = new Float64Array(200_000);
      const other = 1 - comm.rank;
      const moving = Promise.allSettled([comm.send(data, other), comm.recv(into, other)]);
      structuredClone(data, { transfer: [data.buffer] });
      structuredClone(into, { transfer: [into.buffer] });
      const [, received] = await moving;
      if (received.status !== 'rejected') throw new Error('an array that was gone was received into');
    }
    await comm.barrier();
  },
};
await programs[what]();
