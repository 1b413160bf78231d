// A workspace allocated by the caller: one array for many runs, and for several plans that use it in turn.
import * as heffte from 'ewald/heffte';
import { partOf, ranks, say } from './ranks.mjs';

const comm = await ranks();
const world = heffte.box3d([0, 0, 0], [31, 31, 31]);
const box = partOf(world, comm);
const half = partOf(world.r2c(0), comm);
const complex = await heffte.fft3d(heffte.backend.stock, box, box, comm);
const real = await heffte.fft3d_r2c(heffte.backend.stock, box, half, 0, comm);
// Memory from which messages are sent without another copy.
const numbers = 2 * Math.max(complex.size_workspace(), real.size_workspace());
const workspace = new Float32Array(comm.allocate(4 * numbers));

const input = Float32Array.from({ length: real.size_inbox() }, Math.random);
const spectrum = new Float32Array(2 * real.size_outbox());
await real.forward_buffered(input, spectrum, workspace, heffte.scale.none);
const back = new Float32Array(input.length);
await real.backward_buffered(spectrum, back, workspace, heffte.scale.full);
const whole = new Float32Array(2 * complex.size_outbox());
await complex.forward_buffered(input, whole, workspace, heffte.scale.none);
const worst = Math.max(...back.map((x, i) => Math.abs(x - input[i])));
say(comm, `a workspace of ${numbers / 2} complex numbers for two plans; largest difference ${worst.toExponential(1)}`);
await real.dispose();
await complex.dispose();
if (!(worst < 1e-5)) process.exit(1);
