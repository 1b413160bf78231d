// One rank of a run under mpirun: prints the digest of its results on rank 0.
import { mpiComm } from 'ewald/communicator';
import { Context } from 'ewald/udf';
import { digestOf } from './digest.mjs';

const world = await mpiComm();
const ctx = await Context.makeWith('mpi', { context: { backend: 'wasm' } });
const digest = await digestOf(ctx, process.argv[2]);
if (world.rank === 0) process.stdout.write(`${digest}\n`);
await ctx.close();
