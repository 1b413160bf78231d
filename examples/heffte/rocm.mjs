// AMD GPUs: rocFFT as an external engine. The typed arrays are in host memory, and the engine copies them.
import * as heffte from 'ewald/heffte';
import { partOf, ranks, say } from './ranks.mjs';

const comm = await ranks();
const tag = heffte.backend.rocfft;
const box = partOf(heffte.box3d([0, 0, 0], [31, 31, 31]), comm);
let fft;
try {
  fft = await heffte.fft3d(tag, box, box, comm);
} catch (error) {
  if (!['Unsupported', 'Load'].includes(error.tag)) throw error;
  say(comm, `rocFFT is not here: ${error.message}`);
  process.exit(0);
}
const input = Float32Array.from({ length: 2 * fft.size_inbox() }, Math.random);
const back = await fft.backward(await fft.forward(input), new Float32Array(input.length), heffte.scale.full);
const worst = Math.max(...back.map((x, i) => Math.abs(x - input[i])));
say(comm, `${fft.describe().text}\nlargest difference after forward and backward: ${worst.toExponential(1)}`);
await fft.dispose();
if (!(worst < 1e-5)) process.exit(1);
