// heFFTe's first example on the CPU: a forward transform, a backward transform with full scaling, and the largest
// difference.
import * as heffte from 'ewald/heffte';
import { partOf, ranks, say } from './ranks.mjs';

const comm = await ranks();
const box = partOf(heffte.box3d([0, 0, 0], [31, 31, 31]), comm);
// FFTW where it is installed, as in heFFTe, and otherwise ewald's own kernels.
const fft = await heffte
  .fft3d(heffte.backend.fftw, box, box, comm)
  .catch(() => heffte.fft3d(heffte.backend.stock, box, box, comm));
const input = Float64Array.from({ length: 2 * fft.size_inbox() }, Math.random);
const output = new Float64Array(2 * fft.size_outbox());
await fft.forward(input, output, heffte.scale.none);
const back = new Float64Array(input.length);
await fft.backward(output, back, heffte.scale.full);
const worst = new Float64Array(1);
await comm.allreduce(Float64Array.of(Math.max(...back.map((x, i) => Math.abs(x - input[i])))), worst, 'max');
say(comm, fft.describe().text);
say(comm, `largest difference after forward and backward: ${worst[0].toExponential(1)}`);
await fft.dispose();
if (!(worst[0] < 1e-13)) process.exit(1);
