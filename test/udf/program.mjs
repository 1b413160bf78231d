// One rank of a run under mpirun: prints the digest of its results on rank 0.
import { mpiComm } from 'ewald/communicator';
import { Context } from 'ewald/udf';
import { digestOf, joinedDigest } from './digest.mjs';

const world = await mpiComm();
const ctx = await Context.makeWith('mpi', { context: { backend: 'wasm' } });
const [file, what] = process.argv.slice(2);
const digest = await (what === 'joined' ? joinedDigest : digestOf)(ctx, file);
if (world.rank === 0) process.stdout.write(`${digest}\n`);
await ctx.close();
