// One rank of the tests under mpirun: node mpi-rank.mjs WHAT [ARGUMENT as JSON].
import { mpiComm } from 'ewald/communicator';
import { createContext } from 'ewald/fft';
import * as heffte from 'ewald/heffte';
import { differentRuns, together } from './bad.mjs';
import { casesFor } from './cases.mjs';
import { runCases } from './program.mjs';
import { example } from './python.mjs';

const comm = await mpiComm();
const [, , what, argument = '{}'] = process.argv;
const programs = {
  async cases() {
    const done = await runCases(heffte, comm, casesFor(comm.size, JSON.parse(argument)), createContext);
    if (comm.rank === 0) process.stdout.write(`${done} cases\n`);
  },
  async example() {
    process.stdout.write(`${await example('native', comm)}\n`);
  },
  async runs() {
    const heard = await differentRuns(comm, JSON.parse(argument));
    process.stdout.write(`${JSON.stringify({ rank: comm.rank, heard })}\n`);
  },
  async together() {
    process.stdout.write(`${await together(comm, JSON.parse(argument))}\n`);
  },
  async dies() {
    const slab = heffte.box3d([0, 0, comm.rank], [3, 3, comm.rank]);
    const plan = await heffte.fft3d('stock', slab, slab, comm);
    if (comm.rank === 1) process.kill(process.pid, 'SIGKILL');
    for (;;) await plan.forward(new Float32Array(32));
  },
};
await programs[what]();
