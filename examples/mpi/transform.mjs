// A 3-D transform that the ranks of an MPI job share, in heFFTe's manner, and its comparison with one rank:
//   mpirun -n 2 node transform.mjs
import { mpiComm, selfComm } from 'ewald/communicator';
import * as heffte from 'ewald/heffte';

const comm = await mpiComm().catch((error) => {
  if (error.tag !== 'Unsupported') throw error;
  console.log(`this example needs MPI: ${error.message}`);
  process.exit(0);
});
// Boxes include both ends. Every rank holds a part of the real numbers, and a part of their half spectrum.
const world = heffte.box3d([0, 0, 0], [47, 31, 23]);
const divided = (whole) => heffte.split_world(whole, heffte.proc_setup(whole, comm.size));
const [inboxes, outboxes] = [divided(world), divided(world.r2c(0))];

/** The values of a function of x, y, z in a box; x is the fastest axis in memory. */
function fill({ low, high, count }) {
  const values = new Float64Array(count);
  let at = 0;
  for (let z = low[2]; z <= high[2]; z++)
    for (let y = low[1]; y <= high[1]; y++)
      for (let x = low[0]; x <= high[0]; x++) values[at++] = Math.sin(x * x + 3 * y) + Math.cos(x * z + 7 * y);
  return values;
}

const [inbox, outbox] = [inboxes[comm.rank], outboxes[comm.rank]];
const fft = await heffte.fft3d_r2c(heffte.backend.stock, inbox, outbox, 0, comm);
const spectrum = new Float64Array(2 * outbox.count);
await fft.forward(fill(inbox), spectrum);
await fft.dispose();

let isRight = true;
if (comm.rank > 0) await comm.send(spectrum, 0);
else {
  const alone = await heffte.fft3d_r2c(heffte.backend.stock, world, world.r2c(0), 0, await selfComm());
  const whole = new Float64Array(2 * world.r2c(0).count);
  await alone.forward(fill(world), whole);
  await alone.dispose();
  const [width, height] = world.r2c(0).size;
  let [difference, largest] = [0, 0];
  for (const [rank, { low, high, count }] of outboxes.entries()) {
    const part = rank === 0 ? spectrum : new Float64Array(2 * count);
    if (rank > 0) await comm.recv(part, rank);
    let at = 0;
    for (let z = low[2]; z <= high[2]; z++)
      for (let y = low[1]; y <= high[1]; y++) {
        const first = 2 * (low[0] + width * (y + height * z));
        for (let i = 0; i < 2 * (high[0] - low[0] + 1); i++) {
          difference = Math.max(difference, Math.abs(part[at++] - whole[first + i]));
          largest = Math.max(largest, Math.abs(whole[first + i]));
        }
      }
  }
  isRight = difference <= 1e-13 * largest;
  const share = (difference / largest).toExponential(1);
  console.log(
    `${world.size.join(' x ')} on ${comm.size} ranks: differs by ${share} of the largest value from one rank`,
  );
}
if (!isRight) process.exit(1);
