// One rank of the MPI tests: node mpi-program.mjs WHAT
import { mpiComm } from 'ewald/communicator';
import { conformance } from './program.mjs';
import { leaving, wrongCalls } from './wrong.mjs';

const comm = await mpiComm();
const what = process.argv[2];
const programs = {
  async conformance() {
    process.stdout.write(`${JSON.stringify(await conformance(comm))}\n`);
  },
  async responsive() {
    // Rank 0 replies only after rank 1 has run other code while waiting: if waiting blocked rank 1, neither would end.
    const waiting = comm.rank === 1 ? comm.recv(new Int8Array(1), 0, 1) : undefined;
    if (comm.rank === 1) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      await comm.send(new Int8Array(1), 0, 2);
      await waiting;
      process.stdout.write('went on\n');
    } else {
      await comm.recv(new Int8Array(1), 1, 2);
      await comm.send(new Int8Array(1), 1, 1);
    }
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
  async wrong() {
    process.stdout.write(`${JSON.stringify({ rank: comm.rank, heard: await wrongCalls(comm) })}\n`);
  },
  async leaving() {
    process.stdout.write(`${comm.rank} ${await leaving(comm, process.argv[3])}\n`);
    // Receives a message that is never sent: this must not keep the process from exiting.
    if (comm.rank === 1) {
      comm.recv(new Int8Array(1), 0, 9).catch(() => {});
      process.exit(0);
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
